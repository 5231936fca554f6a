"""Requests of a day: counted on disk."""

from hypothesis import given
from hypothesis import strategies as st

from console.api.access.allowance import DAY_S, Allowance, Buckets
from console.api.access.key_book import KeyBook
from ringfence.people.rights import Right

NOON = 1_782_878_400.0  # 04:00 UTC


async def test_a_day_is_used_up_and_begins_anew(store):
    now = NOON
    key, _ = await KeyBook(store).add("app", [Right.CASES_READ], author="root", daily=2)
    allowance = Allowance(store, lambda: now)
    assert [(await allowance.use(key)).left for _ in range(4)] == [1, 0, -1, -1]
    assert (await Allowance(store, lambda: now).use(key)) == (-1, 20 * 3_600)
    assert await allowance.used_today() == {"app": 2}
    now += DAY_S
    assert (await allowance.use(key)).left == 1


async def test_many_at_once_are_counted_all_or_none(store):
    key, _ = await KeyBook(store).add("app", [Right.CASES_READ], author="root", daily=10)
    allowance = Allowance(store, lambda: NOON)
    assert [(await allowance.use(key, many)).left for many in (11, 4, 7, 6, 1)] == [-1, 6, -1, 0, -1]


async def test_old_days_are_forgotten(store):
    now = NOON
    key, _ = await KeyBook(store).add("app", [Right.CASES_READ], author="root")
    allowance = Allowance(store, lambda: now)
    for _ in range(3):
        await allowance.use(key)
        now += 30 * DAY_S
    rows = list(await store.connection.execute_fetchall("select count(*) from used"))
    assert rows[0][0] == 2


def test_so_many_at_once_and_then_so_many_a_second():
    now = 0.0
    buckets = Buckets(2.0, 3.0, lambda: now)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 0.5]
    now = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 0.5]
    assert buckets.take("b") == 0


@given(st.lists(st.floats(0, 10), max_size=60))
def test_never_more_than_the_burst_and_the_rate(pauses):
    now, taken = 0.0, 0
    buckets = Buckets(2.0, 5.0, lambda: now)
    for pause in pauses:
        now += pause
        taken += buckets.take("a") == 0
        assert taken <= 5 + 2 * now + 1e-6
        assert 0 <= buckets.left("a") <= 5

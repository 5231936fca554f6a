"""What stays of a call: its record for days and bytes, a short one while a complaint may come, counts for ever."""

import sqlite3
from contextlib import asynccontextmanager, closing

import pytest

from rules.model import Action, Call, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, row
from rules.records.retention import Keeping, Retention, daily_counts, range_of, short_record

DAY = 86_400.0
NOON = 1_700_020_800.0  # 2023-11-15 04:00 UTC, noon in Shanghai
CALLER = Number("CN:95012345", NumberClass.CN_95, "CN")
CALLED = Number("+8613800138000", NumberClass.MOBILE, "CN")
RANG, REFUSED = Outcome(200, True, 20), Outcome(603, False, 1)


class Record:
    """A record of calls, and who tidies it."""

    def __init__(self, decisions):
        self.decisions, self.n = decisions, 0

    async def calls(self, *outcomes, at=NOON, action=Action.FORWARD, caller=CALLER, reason="", step=Step.DEFAULT):
        """Calls that ended like this; their ids."""
        rows, ids = [], []
        for outcome in outcomes:
            self.n += 1
            ids.append(f"{int(at * 256):010x}{self.n:010x}")
            call = Call(caller=caller, called=CALLED, trunk=Trunk("north"), at=at)
            verdict = Verdict(action, step, decision=ids[-1], reason=reason)
            rows.append(row(call, verdict, outcome, b"k" * 32))
        await self.decisions.write(rows, [])
        return ids

    async def tidy(self, now=NOON, *, zone="Asia/Shanghai", days=30, mib=100, short_days=30):
        store = self.decisions.store
        return await Retention(store, Keeping(days, mib, short_days, zone)).tidy(now)

    async def short(self, decision):
        return await short_record(self.decisions.store, decision)

    async def counts(self):
        return [tuple(one) for one in await daily_counts(self.decisions.store)]


@asynccontextmanager
async def opened(path):
    decisions = await Decisions.open(path / "decisions.db")
    try:
        yield Record(decisions)
    finally:
        await decisions.close()


@pytest.fixture
async def record(tmp_path):
    async with opened(tmp_path) as record:
        yield record


async def test_days_and_room_bound_whole_records(record, tmp_path):
    for n in range(40):
        await record.calls(RANG, at=n * DAY)
    assert await record.tidy(40 * DAY) == 10
    assert [found.at for found in await record.decisions.recent(99)][-1] == 10 * DAY
    ids = await record.calls(*[RANG] * 6_000, at=50 * DAY, reason="x" * 500)
    assert await record.tidy(51 * DAY, mib=3) >= 5_000
    left = await record.decisions.recent(9_999)
    assert 0 < len(left) < 3_000
    assert left[0].id == ids[-1]
    assert await record.tidy(51 * DAY, mib=3) == 0, "short records don't push whole ones out"
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)


async def test_a_call_that_rang_stays_known_whatever_the_caps(record):
    rang, refused, unknown = await record.calls(RANG, REFUSED, None)
    (rejected,) = await record.calls(None, action=Action.REJECT)
    assert await record.short(rang) is None, "its whole record is there"
    (diverted,) = await record.calls(RANG, action=Action.DIVERT)
    (emergency,) = await record.calls(RANG, step=Step.EMERGENCY)
    assert await record.tidy(NOON + DAY, mib=0) == 6
    found = await record.short(rang.upper())
    assert found == (rang, NOON, CALLER.canonical, "north")
    assert (await record.short(unknown)).id == unknown, "it may have rung"
    assert [await record.short(one) for one in (refused, rejected, diverted, emergency, "nothing")] == [None] * 5
    await record.tidy(NOON + 29 * DAY)
    assert await record.short(rang)
    await record.tidy(NOON + 31 * DAY)
    assert await record.short(rang) is None
    counted = await record.decisions.store.connection.execute_fetchall("select short_records from kept")
    assert list(counted) == [(0,)]


async def test_calls_are_counted_by_day_range_class_and_verdict_before_they_go(record):
    await record.calls(RANG, RANG, REFUSED)
    await record.calls(REFUSED, action=Action.REJECT)
    await record.calls(RANG, caller=Number("+8613912345678", NumberClass.MOBILE), at=NOON + 12 * 3_600)
    await record.calls(RANG, caller=Number("", NumberClass.ANONYMOUS))
    expected = [
        (20231115, "", "anonymous", "forward", 1, 1),
        (20231115, "CN:95012", "cn-95", "forward", 3, 2),
        (20231115, "CN:95012", "cn-95", "reject", 1, 0),
        (20231116, "+86139", "mobile", "forward", 1, 1),  # midnight in Shanghai has passed
    ]
    for _ in range(2):
        await record.tidy(NOON + DAY)
        assert await record.counts() == expected, "each call once"
    await record.tidy(NOON + 900 * DAY, mib=0)
    assert await record.decisions.recent(9) == []
    assert await record.counts() == expected, "they never expire"
    await record.calls(RANG, at=NOON)
    await record.tidy(NOON + DAY)
    assert (await record.counts())[1][4:] == (4, 3)


async def test_a_call_that_has_not_ended_is_counted_when_it_has(record):
    first, _ = await record.calls(None, RANG)
    await record.tidy(NOON + 60)
    assert await record.counts() == []
    await record.decisions.write([], [(200, True, 9, first)])
    await record.tidy(NOON + 120)
    assert await record.counts() == [(20231115, "CN:95012", "cn-95", "forward", 2, 2)]
    await record.calls(None)
    await record.tidy(NOON + 901)
    assert (await record.counts())[0][4:] == (3, 2), "nothing rings so long"


async def test_after_a_clock_was_set_back_calls_are_counted_on(record):
    await record.calls(None, RANG)
    await record.tidy(NOON - 400 * DAY)
    assert (await record.counts())[0][4:] == (2, 1)


async def test_what_goes_before_it_was_counted_is_counted_as_it_goes(record):
    await record.calls(None, RANG)
    assert await record.tidy(NOON, mib=0) == 2
    assert await record.counts() == [(20231115, "CN:95012", "cn-95", "forward", 2, 1)]


async def test_more_than_one_batch(record):
    await record.calls(*[REFUSED] * 11_000)
    assert await record.tidy(NOON, mib=0) == 11_000
    assert (await record.counts())[0][4] == 11_000


@pytest.mark.parametrize(
    ("caller", "kind", "expected"),
    [
        ("CN:95012345", "cn-95", "CN:95012"),
        ("CN:96110", "unheld", "CN:96110"),
        ("+8613800138000", "mobile", "+86138"),
        ("+861065551234", "fixed", "+8610"),
        ("+442079460958", "fixed", "+4420"),
        ("+12125550123", "fixed", "+1212"),
        ("EXT:1234", "extension", "EXT:"),
        ("", "anonymous", ""),
    ],
)
def test_the_range_of_a_caller(caller, kind, expected):
    assert range_of(caller, kind) == expected

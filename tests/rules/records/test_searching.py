"""The record of decisions searched in pieces: each asks a bounded number of rows, and says how far back it came."""

import pytest

from rules.model import Action
from rules.records import searching
from rules.records.decisions import Decisions, row
from rules.records.searching import Found, Wanted, search
from tests.rules.records.test_decisions import KEY, call, verdict


@pytest.fixture
async def decisions(tmp_path):
    """Forty calls a minute apart, of which every tenth was rejected."""
    found = await Decisions.open(tmp_path / "decisions.db")
    rows = []
    for n in range(40):
        action = Action.REJECT if n % 10 == 0 else Action.FORWARD
        rows.append(
            row(call(1_000.0 + 60 * n), verdict(f"{n:020x}", action, rule="r" if n % 10 == 0 else ""), None, KEY)
        )
    await found.write(rows, [])
    yield found
    await found.close()


def numbers(found: Found) -> list[int]:
    return [int(one.id, 16) for one in found.decisions]


async def test_it_goes_on_where_it_stopped_and_ends(decisions):
    first = await search(decisions, Wanted(), limit=15)
    assert numbers(first) == list(range(39, 24, -1))
    second = await search(decisions, Wanted(), before=first.further, limit=15)
    third = await search(decisions, Wanted(), before=second.further, limit=15)
    assert numbers(second) + numbers(third) == list(range(24, -1, -1))
    assert (third.further, third.reached) == (None, 1_000.0)


async def test_what_is_rare_is_looked_for_a_piece_at_a_time(decisions, monkeypatch):
    monkeypatch.setattr(searching, "PIECE", 16)
    seen, before, pieces = [], None, 0
    while True:
        found = await search(decisions, Wanted(action="reject"), before=before, limit=50)
        seen, pieces = seen + numbers(found), pieces + 1
        if found.further is None:
            break
        assert found.reached == (await decisions.find(f"{found.further - 1:020x}")).at
        before = found.further
    assert (seen, pieces) == ([30, 20, 10, 0], 3)


async def test_a_time_bounds_it(decisions):
    found = await search(decisions, Wanted(since=1_000.0 + 60 * 35, until=1_000.0 + 60 * 38))
    assert numbers(found) == [37, 36, 35]
    assert found.further is None


async def test_of_an_empty_record_there_is_nothing(tmp_path):
    empty = await Decisions.open(tmp_path / "decisions.db")
    assert await search(empty, Wanted(action="tag")) == Found([], None, None)
    await empty.close()

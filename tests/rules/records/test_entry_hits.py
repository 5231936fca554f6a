"""What entries did, as it is told to who may not see numbers."""

import pytest

from rules.lists.few import Under
from rules.model import Action, Fired, Outcome, Step, Verdict
from rules.records.decisions import Decisions, row
from rules.records.entry_hits import hits_told, most_hit_told
from tests.rules.calls import call

BROAD, NARROW = "+86138*", "+861391234*"


@pytest.fixture
async def decisions(tmp_path):
    """Six callers met a broad entry, one met a narrow one six times."""
    decisions = await Decisions.open(tmp_path / "d.db")
    rows, tally = [], []
    for n in range(12):
        made = call(f"1380013800{n}" if n < 6 else "13912345678")
        entry = BROAD if n < 6 else NARROW
        verdict = Verdict(Action.FORWARD, Step.DEFAULT, fired=(Fired("known", Step.DEFAULT, "fact", entry),))
        verdict.decision = f"{n:020x}"
        rows.append(row(made, verdict, Outcome(200, True, 1), b"k" * 32))
        tally.append(("known", entry, 1, 90_000.0 + n))
    await decisions.write(rows, [], tally)
    yield decisions
    await decisions.close()


async def test_an_entry_that_few_callers_met_is_shown_as_they_are(decisions):
    told = await most_hit_told(decisions, "known", 10, least=5)
    assert [(one.entry, one.hits, one.last) for one in told] == [
        ("+86138*", 5, 86_400.0),
        ("+86139******78", 5, 86_400.0),
    ]
    exactly = await most_hit_told(decisions, "known", 10, least=0)
    assert {(one.entry, one.hits) for one in exactly} == {(BROAD, 6), (NARROW, 6)}


async def test_beside_entries_that_are_named_nothing_is_told_of_few(decisions):
    told = await hits_told(decisions, "known", [BROAD, NARROW, "+86137*"], least=5)
    assert [format(told[one].hits, ",") for one in (BROAD, NARROW, "+86137*")] == ["5", "under 5", "under 5"]
    assert isinstance(told[NARROW].hits, Under)
    assert (await hits_told(decisions, "known", [NARROW], least=0))[NARROW].hits == 6

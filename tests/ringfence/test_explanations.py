"""Why a call got its verdict: the same sentences for whoever asks, the number that is looked up told first."""

import pytest

from ringfence.explanations import BadWord, Words, explain_call, explain_decision
from ringfence.installation import Installation
from ringfence.rulebook import load_rulebook
from rules.language.examples import Described
from tests.console.past import past_calls


def test_what_a_call_would_get_and_who_is_told_of_the_look(file):
    looks = []

    async def note(number: str) -> None:
        looks.append(number)

    async def ask(here: Installation):
        return await explain_call(here, Described("95012345", "13800138000"), Words("2026-11-24T22:10+08:00"), note)

    told = Installation.open(file).run(ask)
    assert looks == ["CN:95012345"]
    assert [line.step for line in told.lines][-1] == "rules"
    assert told.data["caller"] == "CN:95012345"


@pytest.mark.parametrize("words", [Words("soon"), Words(trunk="nowhere"), Words(facts=("calls_1h",))])
def test_a_word_that_is_none_is_told_as_such(file, words):
    async def note(_: str) -> None:
        raise AssertionError("nothing was looked up")

    with pytest.raises(BadWord):
        Installation.open(file).run(lambda here: explain_call(here, Described("95012345", "110"), words, note))


def test_a_record_is_explained_without_the_callers_number(file):
    (decision,) = past_calls(file, load_rulebook(file), ["17012345678"])
    told = Installation.open(file).run(lambda here: explain_decision(here, decision, clear=False))
    assert told is not None
    assert "17012345678" not in str(told.as_data())
    assert Installation.open(file).run(lambda here: explain_decision(here, "0" * 20, clear=False)) is None


def test_each_number_that_the_call_shows_is_noted_as_looked_up(file):
    """A seal counts on whatever number is shown: one written beside another was asked about for nothing."""
    noted = []

    async def note(number: str) -> None:
        noted.append(number)

    described = Described("95012345", "13800138000", asserted="95012346")
    words = Words("2026-11-24T22:10+08:00")
    Installation.open(file).run(lambda here: explain_call(here, described, words, note))
    assert {"CN:95012345", "CN:95012346"} <= set(filter(None, noted))

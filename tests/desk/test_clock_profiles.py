"""Deadlines by profile, and the operator's own."""

from typing import get_args

import pytest
from pydantic import ValidationError

from desk.case_files import clocks
from desk.clock_profiles import (
    APPEAL_PROFILES,
    CASE_PROFILES,
    NAMES,
    AppealClock,
    CaseClock,
    TimeLimit,
    appeal_spans,
    case_spans,
    read_span,
)
from desk.desk_settings import ComplaintSettings
from tests.desk.town import DAY, HOUR


def test_each_profile_says_where_it_stands():
    assert set(CASE_PROFILES) == set(get_args(CaseClock))
    assert set(APPEAL_PROFILES) == set(get_args(AppealClock))
    for profile in (*CASE_PROFILES.values(), *APPEAL_PROFILES.values()):
        assert profile.source
        assert set(profile.clocks) <= set(NAMES)


def test_12321_and_crtc():
    assert list(case_spans("12321", {}).values()) == [TimeLimit(working_days=days) for days in (1, 3, 15, 20)]
    assert appeal_spans("crtc", {}) == {"answer": TimeLimit(hours=24)}


def test_own_deadlines_take_the_place_of_the_profiles():
    own = {"accept": "4h", "decide": "5d", "appeal": "3wd"}
    spans = case_spans("12321", own)
    assert list(spans) == ["accept", "hand over", "decide", "answer"]
    assert (spans["accept"], spans["hand over"], spans["decide"]) == (
        TimeLimit(hours=4),
        TimeLimit(working_days=3),
        TimeLimit(hours=120),
    )
    assert appeal_spans("crtc", own) == {"answer": TimeLimit(working_days=3)}
    assert list(case_spans("trai", {"accept": "1wd"})) == ["accept", "decide", "answer"]


@pytest.mark.parametrize("text", ["", "5", "0d", "-1h", "5 weeks", "99999h", "5wdd"])
def test_what_is_no_deadline(text):
    with pytest.raises(ValueError, match="write 24h, 5d or 3wd"):
        read_span(text)


@pytest.mark.parametrize(("own", "what"), [({"accept": "soon"}, "'soon' is no deadline"), ({"nod": "1h"}, "no clock")])
def test_bad_settings_are_named(own, what):
    with pytest.raises(ValidationError, match=what):
        ComplaintSettings(clocks=own)


async def test_cases_and_appeals_run_on_the_clocks_that_were_set(town):
    await town.reopen(case_clock="trai", clocks={"accept": "4h", "appeal": "12h"})
    case = (await town.complain()).case_id
    found = {clock.name: clock.due - town.now for clock in await clocks(town.desk.archive.store.connection, case)}
    assert found == {"accept": 4 * HOUR, "decide": 5 * DAY, "answer": 5 * DAY}
    appeal = await town.desk.appeals.file(number="95012345", attacks="rule")
    _, (clock,), _ = await town.desk.appeals.find(appeal.reference)
    assert clock.due - town.now == 12 * HOUR

"""A time that no clock shows is said, with the one that it would be."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from rules.judging.clock_gaps import gap_at
from tests.rules.calls import faults, rule

BERLIN = ZoneInfo("Europe/Berlin")


def test_what_lies_between_is_said():
    assert gap_at(datetime(2026, 3, 29, 2, 30), BERLIN) == (
        "no clock in Europe/Berlin shows 2026-03-29 02:30: it is set forward over that time; "
        "write 2026-03-29 03:30, or a time with its offset"
    )


@pytest.mark.parametrize("text", ["2026-03-29T01:59", "2026-03-29T03:00", "2026-10-25T02:30", "2026-03-29T02:30+01:00"])
def test_every_other_time_there_is(text):
    assert gap_at(datetime.fromisoformat(text), BERLIN) == ""


def test_an_example_has_no_such_time():
    text = rule("{anonymous: true}", catches="[{from: anonymous, at: 2026-03-29T02:30}]")
    (fault,) = faults(text, settings={"time_zone": "Europe/Berlin"})
    assert fault.startswith("rules.yaml:5:35: no clock in Europe/Berlin shows 2026-03-29 02:30")

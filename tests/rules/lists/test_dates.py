"""Days and times in files: spelt as people spell them, meant in the operator's zone."""

from datetime import UTC, datetime

import pytest

from rules.lists.admission import EntryError
from rules.lists.dates import read_end

DAY_S = 86_400
MIDNIGHT = datetime(2026, 12, 30, 16, tzinfo=UTC).timestamp()  # 31 December begins in Shanghai


@pytest.mark.parametrize("text", ["2026-12-31", "2026/12/31", "2026.12.31", "2026年12月31日", " 2026-12-31 "])
def test_a_day_ends_at_its_end_in_the_operators_zone(text):
    assert read_end(text, "Asia/Shanghai") == MIDNIGHT + DAY_S
    assert read_end(text, "UTC") == MIDNIGHT + DAY_S + 8 * 3_600


def test_the_last_day_of_the_calendar_stands_for_ever():
    assert read_end("9999-12-31", "UTC") > MIDNIGHT


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("2026-12-31T18:00", 18),
        ("2026/12/31 18:00:00", 18),
        ("2026/12/31 9:00", 9),
        ("2026-12-31T18:00+00:00", 26),
        ("2026-12-31 18:00:00+08:00", 18),
        ("2026年12月31日 18:00", 18),
    ],
)
def test_a_time_of_that_day(text, hours):
    assert read_end(text, "Asia/Shanghai") == MIDNIGHT + hours * 3_600


def test_short_months_and_days():
    assert read_end("2026/1/5", "UTC") == read_end("2026-01-05", "UTC")


@pytest.mark.parametrize(
    "text", ["", "soon", "31.12.2026", "12/31/2026", "2026-13-01", "2026-02-30", "46022", "20261231"]
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(EntryError, match="is no time; write 2026-12-31"):
        read_end(text, "UTC")

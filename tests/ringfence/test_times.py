"""Durations and times as people type them, read in the zone of ringfence.yaml."""

import pytest

from ringfence.times import moment, seconds, shown_time

NOON = 1_795_500_000.0


@pytest.mark.parametrize(
    ("text", "value"), [("90s", 90), ("15m", 900), ("24h", 86_400), ("30d", 2_592_000), ("2W", 1_209_600)]
)
def test_a_duration(text, value):
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "5", "1.5h", "ten minutes", "-3d"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="write one such as"):
        seconds(text)


def test_a_moment_from_now():
    assert moment("1h", now=NOON, zone="UTC", ahead=True) == NOON + 3600
    assert moment("1h", now=NOON, zone="UTC", ahead=False) == NOON - 3600


def test_a_date_is_read_in_the_configured_zone():
    shanghai = moment("2026-12-31", now=NOON, zone="Asia/Shanghai", ahead=True)
    assert moment("2026-12-31", now=NOON, zone="UTC", ahead=True) - shanghai == 8 * 3600
    assert moment("2027-01-01T00:00+08:00", now=NOON, zone="UTC", ahead=True) == shanghai, "a day ends at its end"
    begun = moment("2026-12-31", now=NOON, zone="Asia/Shanghai", ahead=False)
    assert begun == moment("2026-12-31T00:00+08:00", now=NOON, zone="UTC", ahead=True)
    assert moment("9999-12-31", now=NOON, zone="UTC", ahead=True) > shanghai
    assert shown_time(shanghai, "Asia/Shanghai") == "2027-01-01 00:00:00+08:00"


def test_what_is_no_time():
    with pytest.raises(ValueError, match="is no time"):
        moment("soon", now=NOON, zone="UTC", ahead=True)


def test_no_moment_shows_as_nothing():
    assert shown_time(None, "UTC") == ""

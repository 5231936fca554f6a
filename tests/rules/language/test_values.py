"""Hours, days, lengths, amounts, modes: what an author may write, and what each means."""

from datetime import UTC, datetime

import pytest

from rules.language.values import (
    Lengths,
    Window,
    read_amount,
    read_countries,
    read_days,
    read_lengths,
    read_mode,
    read_span,
    read_time,
    read_version,
    read_window,
    span_name,
)


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (read_window, "21:00-08:00", Window(21 * 60, 8 * 60)),
        (read_window, "9:30 - 24:00", Window(570, 1440)),
        (read_window, "00:00–24:00", Window(0, 1440)),
        (read_lengths, "5", Lengths(5, 5)),
        (read_lengths, "5-8", Lengths(5, 8)),
        (read_span, "10m", 600),
        (read_span, "24h", 86400),
        (read_amount, "60", 60.0),
        (read_amount, "70%", 70.0),
        (read_amount, "-1.5", -1.5),
        (read_mode, "live", 100.0),
        (read_mode, "observe", 0.0),
        (read_mode, "10%", 10.0),
        (read_mode, "0.5 %", 0.5),
        (read_days, "mon", ["mon"]),
        (read_days, "fri-mon", ["fri", "sat", "sun", "mon"]),
        (read_days, ["Saturday", "working"], ["sat", "working"]),
        (read_countries, ["cn", "not-trunk"], ["CN", "not-trunk"]),
        (read_time, "2026-11-24T22:10+00:00", datetime(2026, 11, 24, 22, 10, tzinfo=UTC)),
        (read_time, "2026-11-24T22:10", datetime(2026, 11, 24, 22, 10)),
        (read_version, "1", 1),
    ],
)
def test_a_value_means(read, text, value):
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (read_window, "21-8"),
        (read_window, "25:00-08:00"),
        (read_window, "08:60-09:00"),
        (read_window, "08:00-08:00"),
        (read_window, "24:00-08:00"),
        (read_lengths, "8-5"),
        (read_lengths, "long"),
        (read_span, "0h"),
        (read_span, "1 week"),
        (read_amount, "many"),
        (read_mode, "100%"),
        (read_mode, "0%"),
        (read_mode, "on"),
        (read_days, "funday"),
        (read_days, "mon-fun"),
        (read_days, "-"),
        (read_countries, "China"),
        (read_time, "tonight"),
        (read_version, "2"),
    ],
)
def test_a_wrong_value_is_refused_with_advice(read, text):
    with pytest.raises(ValueError, match=r"; (write|start)|equal;"):
        read(text)


def test_a_length_of_time_has_one_spelling():
    assert [span_name(seconds) for seconds in (45, 90, 600, 5400, 3600, 86400, 172800)] == [
        "45s",
        "90s",
        "10m",
        "90m",
        "1h",
        "1d",
        "2d",
    ]

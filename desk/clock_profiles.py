"""Deadlines as data: what regulators demand or complaint centres promise, each with where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, NamedTuple

from rules.texts.bad_value import BadValue

CaseClock = Literal["12321", "trai"]
AppealClock = Literal["crtc", "12321"]
NAMES = ("accept", "hand over", "decide", "answer", "appeal")
_SPAN = re.compile(r"([1-9]\d{0,3}) ?(h|d|wd)")


class TimeLimit(NamedTuple):
    """So many hours, or so many working days."""

    hours: float = 0.0
    working_days: int = 0


class Profile(NamedTuple):
    """Named deadlines, counted from receipt."""

    clocks: Mapping[str, TimeLimit]
    source: str


CASE_PROFILES: dict[CaseClock, Profile] = {
    "12321": Profile(
        {
            "accept": TimeLimit(working_days=1),
            "hand over": TimeLimit(working_days=3),
            "decide": TimeLimit(working_days=15),
            "answer": TimeLimit(working_days=20),
        },
        "the stages of China's 12321 complaint centre, as its reporters are told them",
    ),
    "trai": Profile(
        {"decide": TimeLimit(hours=120), "answer": TimeLimit(hours=120)},
        "India, Telecom Commercial Communications Customer Preference (Second Amendment) Regulations, 2025: "
        "action against unregistered senders within 5 days",
    ),
}
APPEAL_PROFILES: dict[AppealClock, Profile] = {
    "crtc": Profile(
        {"answer": TimeLimit(hours=24)},
        "Canada, Compliance and Enforcement and Telecom Decision CRTC 2021-403: "
        "a call blocked wrongly is seen to within 24 hours of the complaint",
    ),
    "12321": Profile({"answer": TimeLimit(working_days=20)}, "answered like a complaint to China's 12321 centre"),
}


def read_span(text: str) -> TimeLimit:
    """``24h``, ``5d`` (days of 24 hours) or ``3wd`` (working days), or ValueError."""
    match = _SPAN.fullmatch(text.strip().lower())
    if match is None:
        raise BadValue(f"{text[:20]!r} is no deadline", "write 24h, 5d or 3wd (working days)")
    count, unit = int(match[1]), match[2]
    return TimeLimit(working_days=count) if unit == "wd" else TimeLimit(hours=count * (24.0 if unit == "d" else 1.0))


def sound_span(text: str) -> str:
    """A deadline as an operator wrote it, or ValueError."""
    read_span(text)
    return text


def sound_clocks(clocks: dict[str, str]) -> dict[str, str]:
    """Own deadlines as an operator wrote them, or ValueError."""
    for name, text in clocks.items():
        if name not in NAMES:
            raise BadValue(f"{name[:20]!r} is no clock", f"choose from {', '.join(NAMES)}")
        read_span(text)
    return clocks


def case_spans(profile: CaseClock, own: Mapping[str, str]) -> dict[str, TimeLimit]:
    """The deadlines of a case: the profile's, where the operator set none of his own."""
    spans = {name: read_span(text) for name, text in own.items() if name != "appeal"}
    return {name: span for name in NAMES if (span := ({**CASE_PROFILES[profile].clocks, **spans}).get(name))}


def appeal_spans(profile: AppealClock, own: Mapping[str, str]) -> dict[str, TimeLimit]:
    """The deadline of an appeal."""
    return {"answer": read_span(own["appeal"])} if "appeal" in own else dict(APPEAL_PROFILES[profile].clocks)

"""Times and durations as people type and read them: in the zone of ringfence.yaml, never in the machine's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rules.judging.facts import gap_at

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds(text: str) -> int:
    """A duration such as 90s, 15m, 24h, 30d or 2w, in seconds."""
    if match := re.fullmatch(r"(\d+)([smhdw])", text.strip().lower()):
        return int(match[1]) * UNITS[match[2]]
    raise ValueError(f"{text!r} is no duration; write one such as 15m, 24h or 30d")


def moment(text: str, *, now: float, zone: str, ahead: bool) -> float:
    """A duration from now (ahead or back), or a date or time of the configured zone; seconds since the epoch.

    A day without a time means its end where something ends (ahead), else its beginning.
    """
    if re.fullmatch(r"\d+[smhdw]", text.strip().lower()):
        return now + seconds(text) * (1 if ahead else -1)
    try:
        when = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text!r} is no time; write 30d, 2026-12-31 or 2026-12-31T18:00") from None
    whole_day = ":" not in text and "T" not in text.upper()
    if ahead and whole_day:
        when = day_end(when)
    if not whole_day and (said := gap_at(when, ZoneInfo(zone))):
        raise ValueError("; ".join(said))
    return (when if when.tzinfo else when.replace(tzinfo=ZoneInfo(zone))).timestamp()


def day_end(day: datetime) -> datetime:
    """When a day ends that begins then; the last day of the calendar, which some write for ever, has no other end."""
    return day + timedelta(days=1) if day.year < datetime.max.year else day


def shown_time(at: float | None, zone: str) -> str:
    """A moment as people of the configured zone read it; nothing for none."""
    return "" if at is None else datetime.fromtimestamp(at, UTC).astimezone(ZoneInfo(zone)).isoformat(" ", "seconds")

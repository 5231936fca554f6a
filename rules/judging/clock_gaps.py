"""Times of a wall clock that no clock ever shows: those between which it is set forward."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def gap_at(wall: datetime, zone: ZoneInfo) -> str:
    """Why no clock of the zone shows this time, and what to write; empty for all others, and with an offset."""
    if wall.tzinfo is not None:
        return ""
    real = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    shown = real.replace(tzinfo=None)
    if shown == wall:
        return ""
    return (
        f"no clock in {zone.key} shows {wall.isoformat(' ', 'minutes')}: it is set forward over that time; "
        f"write {shown.isoformat(' ', 'minutes')}, or a time with its offset"
    )

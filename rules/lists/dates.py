"""Days and times as files of numbers write them, in the zone of ringfence.yaml."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rules.lists.admission import EntryError

_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(.+))?")


def read_end(text: str, zone: str) -> float:
    """Seconds since the epoch of ``2026-12-31``, ``2026/12/31``, ``2026年12月31日``, perhaps with a time and an offset.

    A day stands for its end, as whoever writes "valid until" means it; what has no offset is wall clock of the zone.
    """
    match = _DAY.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day, rest = match.groups()
        found = datetime.fromisoformat(f"{year}-{month:>02}-{day:>02}" + (f"T{rest.rjust(5, '0')}" if rest else ""))
        if not rest and found.year < datetime.max.year:  # the last day of the calendar, which some write for ever
            found += timedelta(days=1)
    except ValueError as error:
        raise EntryError("not-a-time", f"{text!r} is no time; write 2026-12-31 or 2026-12-31T18:00:00+08:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).timestamp()

"""What rules see of one call: its own facts, the lists its numbers stand on, and the wall clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from rules.model import Call, Hit

# Entries of these kinds count on any number that the call shows, in any of its readings; all others only on the
# asserted one, so that a number which is merely claimed neither opens a door nor closes one (docs/rules.md, *Who is
# looked up*).
COUNTS_ON_ANY: Final = frozenset(("block", "suspect", "sealed", "do-not-originate", "subscriber-block"))
# And of these where the asserted number has one reading only.
OPENS: Final = frozenset(("allow", "subscriber-allow"))
NOWHERE: Final[frozenset[str]] = frozenset()
EPOCH: Final = date(1970, 1, 1).toordinal()


class WallClock:
    """Reads hours and days of one zone; the machine's own zone is never used."""

    __slots__ = ("_offset", "_quarter", "_working", "zone")

    def __init__(self, zone: str, working: Callable[[date], bool]) -> None:
        self.zone = ZoneInfo(zone)
        self._working = working
        self._quarter = -1  # offsets change on whole quarters of an hour: one look-up serves all calls within it
        self._offset = 0

    def read(self, at: float) -> tuple[int, int]:
        """Day (counted from 1970-01-01) and minute of the day."""
        quarter = int(at // 900)
        if quarter != self._quarter:
            offset = datetime.fromtimestamp(quarter * 900, self.zone).utcoffset()
            self._offset = int(offset.total_seconds()) if offset else 0
            self._quarter = quarter
        return divmod((int(at) + self._offset) // 60, 1440)

    def works(self, day: int) -> bool:
        """Is this day, counted from 1970-01-01, a working day?"""
        return self._working(date.fromordinal(day + EPOCH))


def gap_at(wall: datetime, zone: ZoneInfo) -> tuple[str, str] | None:
    """Why no clock of the zone shows this time, over which it is set forward, and what to write.

    None for all others, and with an offset.
    """
    if wall.tzinfo is not None:
        return None
    real = wall.replace(tzinfo=zone).astimezone(UTC).astimezone(zone)
    shown = real.replace(tzinfo=None)
    if shown == wall:
        return None
    what = f"no clock in {zone.key} shows {wall.isoformat(' ', 'minutes')}: it is set forward over that time"
    return what, f"write {shown.isoformat(' ', 'minutes')}, or a time with its offset"


class Facts:
    """One call while it is judged; made once a call, on the call path."""

    __slots__ = ("call", "called_kinds", "called_lists", "caller_kinds", "caller_lists", "clock")

    def __init__(self, call: Call, caller_hits: Sequence[Hit], called_hits: Sequence[Hit], clock: WallClock) -> None:
        self.call = call
        self.clock = clock
        if caller_hits:
            asserted = call.callers[0].canonical
            counted = [hit for hit in caller_hits if hit.kind in COUNTS_ON_ANY or hit.number == asserted]
            self.caller_lists = frozenset([hit.list for hit in counted])
            self.caller_kinds = frozenset([hit.kind for hit in counted])
        else:
            self.caller_lists = self.caller_kinds = NOWHERE
        if called_hits:
            self.called_lists = frozenset([hit.list for hit in called_hits])
            self.called_kinds = frozenset([hit.kind for hit in called_hits])
            if "group" in self.called_kinds:
                enter_groups(call, called_hits)
        else:
            self.called_lists = self.called_kinds = NOWHERE

    def measured(self, name: str) -> float | str | bool | None:
        """A fact that others measured, None where it is lacking."""
        facts = self.call.facts
        return None if facts is None else facts.get(name)


def lists_of(call: Call, caller_hits: Sequence[Hit]) -> frozenset[str]:
    """The operator's lists that the caller stands on: neither a subscriber's own nor the ladder."""
    return frozenset([hit.list for hit in counts_of_lists(call, caller_hits)]) if caller_hits else NOWHERE


def counts_of_lists(call: Call, caller_hits: Sequence[Hit]) -> list[Hit]:
    """The entries of the operator's lists that count for the caller."""
    asserted = call.callers[0].canonical
    return [
        hit
        for hit in caller_hits
        if (hit.kind in COUNTS_ON_ANY or hit.number == asserted) and not hit.kind.startswith(("subscriber", "ladder"))
    ]


def enter_groups(call: Call, called_hits: Sequence[Hit]) -> None:
    """The called number is in the groups that its lists of kind `group` are called; the record keeps them."""
    facts = call.facts or {}
    if not facts.get("group"):  # whoever measured it otherwise goes first
        groups = sorted({hit.list for hit in called_hits if hit.kind == "group"})
        call.facts = {**facts, "group": ",".join(groups)}

"""Counts of so few people that one of them could be learnt: told as "under 5" to who may see nobody's number."""

from __future__ import annotations

from typing import Any


class Under(int):
    """Fewer than so many callers, and nobody learns how many: counts as nothing, and is written as `under 5`."""

    least: int

    def __new__(cls, least: int) -> Under:
        """Of callers that are fewer than these."""
        made = super().__new__(cls, 0)
        made.least = least
        return made

    def __format__(self, spec: str) -> str:
        return f"under {self.least}"

    def __str__(self) -> str:
        return f"under {self.least}"


def told(count: int, people: int, least: int) -> int:
    """A count of calls as it may be told: exactly of so many callers at least; none as well is `under` them."""
    return count if people >= least else Under(least)


def coarse(count: int, people: int, least: int) -> int:
    """A count that is told again and again: in steps, so that one call more is seen in none; 0 for `least`: exactly."""
    if not least:
        return count
    return Under(least) if people < least or count < least else count - count % least


def for_programs(row: dict[str, Any]) -> dict[str, Any]:
    """A row with null for what is told of so few to nobody."""
    return {name: None if isinstance(value, Under) else value for name, value in row.items()}

"""Counts of so few people that one of them could be learnt: told as "under 5" to who may see nobody's number."""

from __future__ import annotations


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

"""Causes that would otherwise only be counted: each is told at once, then once a minute with how often it came."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from rules.records.privacy import mask_within

EVERY_S: Final = 60.0
_MOST: Final = 500  # characters of a cause
Tell = Callable[[str, str, int], None]  # what happened, its newest cause, how often since it was told last


class Troubles:
    """Takes what went wrong, of whatever thread; tells each kind seldom enough for a flood of them."""

    def __init__(self, tell: Tell | None, now: Callable[[], float]) -> None:
        self._tell, self._now = tell, now
        self._told: dict[str, float] = {}
        self._times: dict[str, int] = {}

    def happened(self, what: str, cause: object, times: int = 1) -> None:
        """It happened; ``what`` is one of our own sentences, the cause may hold what callers wrote."""
        times += self._times.get(what, 0)
        now, told = self._now(), self._told.get(what)
        if told is not None and 0.0 <= now - told < EVERY_S:
            self._times[what] = times
            return
        self._told[what], self._times[what] = now, 0
        if self._tell is not None:
            text = f"{type(cause).__name__}: {cause}" if _is_ours(cause) else str(cause)
            self._tell(what, mask_within(text[:_MOST]), times)


def _is_ours(cause: object) -> bool:
    """Is it an error of Python, whose name says more than its text? Those that people can mend say enough."""
    return isinstance(cause, Exception) and type(cause).__module__ == "builtins" and not isinstance(cause, OSError)

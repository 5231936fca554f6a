"""What goes wrong again and again is told a few times a minute: no datagram may fill the disk with its traceback."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import structlog

MOST: Final = 5  # of one kind within a window
WINDOW_S: Final = 60.0

log = structlog.get_logger("ringfence.proxy")


class FaultLog:
    """Counts by what happened; the first line of the next window says how many of the last were left out."""

    def __init__(self, most: int = MOST, window_s: float = WINDOW_S) -> None:
        self._most = most
        self._window_s = window_s
        self._told: dict[str, tuple[float, int]] = {}  # by event: when its window began, and how many came in it

    def exception(self, event: str, now: float) -> None:
        """Tell it with the traceback of the exception that is being handled."""
        with suppress(MemoryError):  # its traceback may need what there is none of: the moment passes without the line
            left_out = self._left_out(event, now)
            if left_out is not None:
                log.exception(event, **left_out)

    def warning(self, event: str, now: float, apart: str = "", **words: Any) -> None:
        """Tell it in one line; `apart`: of whom it is told, who is counted by himself."""
        left_out = self._left_out(f"{event} {apart}" if apart else event, now)
        if left_out is not None:
            log.warning(event, **words, **left_out)

    def _left_out(self, event: str, now: float) -> dict[str, int] | None:
        """What the line adds about earlier ones that were not told; None: this one isn't, either."""
        began, count = self._told.get(event, (now, 0))
        more = 0
        if now - began >= self._window_s:
            more, began, count = max(0, count - self._most), now, 0
        self._told[event] = (began, count + 1)
        if count >= self._most:
            return None
        return {"not_told_before": more} if more else {}

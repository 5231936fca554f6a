"""What the first process becomes when another has taken over: it waits for that one, and hands signals on.

Whoever started the service (a shell, a container, a supervisor that is not systemd) knows the first process, and takes
its end for the end of the service. This file stands alone: it is run in place of all that has ended.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Final

KEPT: Final = "RINGFENCE_KEPT"  # in the environment of what is started: the process that waits for it
_HANDED_ON: Final = (
    signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2,
)  # fmt: skip
_PR_SET_CHILD_SUBREAPER: Final = 36


def adopt() -> None:
    """Whatever is started by a process below this one becomes a child of this one when that ends (prctl(2))."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def is_kept() -> bool:
    """Does the process that started this one wait for whatever it becomes?"""
    return os.environ.get(KEPT) == str(os.getppid())


def hold_signals() -> None:
    """Let signals wait: this process ends to be the keeper, and until it is that nobody heeds them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON)


def become_keeper() -> None:
    """Go on as nothing but this; it never comes back. Signals that come meanwhile wait."""
    hold_signals()
    os.execv(sys.executable, [sys.executable, "-I", str(Path(__file__).resolve())])  # noqa: S606 - itself


def children() -> list[int]:
    """The processes that this one has to wait for, the newest last."""
    pid = os.getpid()
    with suppress(OSError, ValueError):
        return sorted(map(int, Path(f"/proc/self/task/{pid}/children").read_text().split()))
    return []


def keep() -> int:
    """Wait until no child is left; the status of the one that ended last."""

    def hand_on(number: int, _frame: FrameType | None) -> None:
        for child in children()[-1:]:
            with suppress(ProcessLookupError):
                os.kill(child, number)

    for number in _HANDED_ON:
        signal.signal(number, hand_on)
    adopt()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
    status = 0
    while True:
        try:
            _, status = os.waitpid(-1, 0)
        except ChildProcessError:
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    ended = keep()
    sys.exit(ended if ended >= 0 else 128 - ended)

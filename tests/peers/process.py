"""A real peer as a child process: started, watched with a deadline, and always reaped."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

PAUSE_S = 0.01  # between two looks at a condition
STOP_S = 60.0  # how long a peer may take to end before it is killed
SOON_S = 60.0  # how long anything may take on a busy machine: to give up earlier gains nothing

T = TypeVar("T")
_never = threading.Event()


def until(probe: Callable[[], T], what: str, *, within: float = SOON_S) -> T:
    """The first true answer of `probe`; an AssertionError naming `what` when none comes in time."""
    deadline = time.monotonic() + within
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}")
        _never.wait(PAUSE_S)
    return answer


def whole_lines(log: str) -> list[dict[str, Any]]:
    """The JSON lines of a log that is still being written: whoever reads it meanwhile may see a last line in part."""
    return [json.loads(line) for line in log.splitlines(keepends=True) if line.endswith("\n")]


class Peer:
    """A child process that writes to a file and dies with its parent; leaving the context ends and reaps it."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        output: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.name = Path(command[0]).name
        self.output = output
        with output.open("ab") as sink:
            self.process = subprocess.Popen(
                # The kernel ends the peer when this test process is killed before it can.
                ["setpriv", "--pdeathsig", "KILL", *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def said(self) -> str:
        """What it has written so far."""
        return self.output.read_text(errors="replace")

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self.process.poll() is None

    def ready(self, probe: Callable[[], object], what: str, *, within: float = SOON_S) -> None:
        """Wait until `probe` holds; a peer that ends before that is an error with its own words."""

        def ended_or_ready() -> bool:
            if self.running:
                return bool(probe())
            raise AssertionError(f"{self.name} ended with {self.process.returncode} before {what}:\n{self.said}")

        until(ended_or_ready, f"{self.name}: {what}", within=within)

    def wait(self, within: float = SOON_S) -> int:
        """Its exit status; one that is still running after `within` seconds is killed, and that is an error."""
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            self.stop(signal.SIGKILL)
            raise AssertionError(f"{self.name} was still running after {within:g} s:\n{self.said}") from None

    def stop(self, first: signal.Signals = signal.SIGTERM) -> None:
        """End it with `first`, or it and all that it started with SIGKILL if that is not enough, and reap it."""
        if not self.running:
            return
        self.process.send_signal(first)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


async def eventually(probe: Callable[[], T], what: str, *, within: float = SOON_S) -> T:
    """`until` for a test that has an event loop to run meanwhile."""
    deadline = time.monotonic() + within
    while not (answer := probe()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}")
        await asyncio.sleep(PAUSE_S)
    return answer

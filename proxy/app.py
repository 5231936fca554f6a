"""The composition root of the data plane: settings, judge and keys become one running node."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from time import monotonic, time
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

import structlog

from proxy.core import Core
from proxy.handover import Predecessor
from proxy.metrics import Metrics
from proxy.proxy_settings import ProxySettings
from proxy.resolver import Answers
from proxy.server import Desk, Judge, Server
from proxy.setup import Keyring, set_up
from proxy.sockets import Sockets
from rules.settings.screening import ScreeningSettings

ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
IGNORED: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)  # untreated they would kill it, records and all
NOTHING: Final[Mapping[signal.Signals, Callable[[], None]]] = MappingProxyType({})

NO_ANSWERS: Final[Answers] = {}


class Handed(NamedTuple):
    """What this process was given at its start."""

    sockets: Sockets | None = None
    before: Predecessor | None = None
    names: Answers = NO_ANSWERS  # where names led the process before this one


NOTHING_HANDED: Final = Handed()

log = structlog.get_logger("ringfence.proxy")


class CountingJudge(Judge, Protocol):
    """A judge whose counters are published."""

    @property
    def counters(self) -> Mapping[str, int]:
        """Everything counted since the start."""


def build_core(settings: ProxySettings, judging: ScreeningSettings, keys: Keyring) -> Core:
    """The protocol core of these settings, not yet bound to any socket."""
    made = set_up(settings, judging, keys)
    return Core(*made[:-1], salt=secrets.randbits(32), record_route=made.record_route, epoch=time() - monotonic())


async def run(
    core: Core,
    judge: CountingJudge,
    *,
    ready: Callable[[Server], None],
    desk: Desk | None = None,
    ailments: Callable[[], Sequence[str]] | None = None,
    handed: Handed = NOTHING_HANDED,
    heed: Mapping[signal.Signals, Callable[[], None]] = NOTHING,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGQUIT, or until the server's `stopping` is set; then drain and return.

    `ready` is called once every socket is bound, with the node that runs. `desk` takes what subscribers report by
    feature code. `ailments` says what else `ringfence health` should tell, a sentence each. `handed` is what a
    supervisor, or the process before this one, handed over; `heed` what further signals do. Raises OSError when an
    address can't be had.
    """
    if ailments is not None:
        core.further_ailments = ailments
    server = Server(core, judge, Metrics(core, lambda: judge.counters), desk, handed.sockets, handed.before)
    server.names.remember(handed.names)
    heed_signals(partial(_stop, server), "logs may be moved without it", heed)
    try:
        await server.open()
        ready(server)
        await server.stopping.wait()
        if server.successor is not None:
            log.info("handed over", calls=core.in_setup, to=server.successor.pid)
            await server.wind_up()
        else:
            log.info("draining", calls=core.in_setup)
            await server.drain(core.limits.drain_s)
            await server.outlast_predecessor()
    finally:
        await server.close()


def _stop(server: Server) -> None:
    """End; where another process has taken over, that one is meant."""
    if server.successor is not None:
        with suppress(ProcessLookupError):
            os.kill(server.successor.pid, signal.SIGTERM)
    server.stopping.set()


def heed_signals(
    stop: Callable[[], None], instead: str, heed: Mapping[signal.Signals, Callable[[], None]] = NOTHING
) -> None:
    """What ends a service calls `stop`, what is to be heeded its own; what would kill it untreated leaves a line."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, stop)
    for number in IGNORED:
        if number in heed:
            loop.add_signal_handler(number, heed[number])
        else:
            loop.add_signal_handler(number, _say_ignored, number, instead)


def _say_ignored(number: signal.Signals, instead: str) -> None:
    log.warning("signal ignored", signal=number.name, instead=instead)

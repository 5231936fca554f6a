"""The composition root of the data plane: settings, judge and keys become one running node."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from time import monotonic, time
from typing import Final, NamedTuple, Protocol

import structlog

from proxy.core import Core
from proxy.metrics import Metrics
from proxy.outgoing import Outgoing
from proxy.proxy_settings import LimitSettings, ProxySettings
from proxy.routing import Topology
from proxy.screening import Screening
from proxy.server import Desk, Judge, Server
from proxy.token import Tokens
from rules.settings.screening import ScreeningSettings

ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
IGNORED: Final = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)  # untreated they would kill it, records and all

log = structlog.get_logger("ringfence.proxy")


class CountingJudge(Judge, Protocol):
    """A judge whose counters are published."""

    @property
    def counters(self) -> Mapping[str, int]:
        """Everything counted since the start."""


class Keyring(Protocol):
    """What the data plane needs of `rules.storage.keys.Keys`."""

    @property
    def tokens(self) -> Sequence[tuple[str, bytes]]:
        """Pairs of key id and secret; the first signs."""


class Setup(NamedTuple):
    """What a core goes by, made of settings."""

    topology: Topology
    tokens: Tokens
    screening: Screening
    outgoing: Outgoing
    limits: LimitSettings
    record_route: bool


def set_up(settings: ProxySettings, judging: ScreeningSettings, keys: Keyring, before: Topology | None = None) -> Setup:
    """What a core is to go by; `before` is the topology that this one takes over, while it runs."""
    thresholds, complaints = judging.thresholds, judging.complaints
    country = judging.country
    return Setup(
        Topology(settings, tag_at=thresholds.tag, reject_at=thresholds.reject, country=country, before=before),
        Tokens(keys.tokens),
        Screening(
            settings.profiles, headers=judging.headers, label=settings.label, distinct_ring=settings.distinct_ring
        ),
        Outgoing(settings, code=complaints.feature_code, announcement=complaints.announcement, country=country),
        settings.limits,
        settings.record_route,
    )


def build_core(settings: ProxySettings, judging: ScreeningSettings, keys: Keyring) -> Core:
    """The protocol core of these settings, not yet bound to any socket."""
    made = set_up(settings, judging, keys)
    return Core(*made[:-1], salt=secrets.randbits(32), record_route=made.record_route, epoch=time() - monotonic())


async def run(
    settings: ProxySettings,
    judging: ScreeningSettings,
    judge: CountingJudge,
    keys: Keyring,
    *,
    ready: Callable[[Server], None],
    desk: Desk | None = None,
    ailments: Callable[[], Sequence[str]] | None = None,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGQUIT, then drain and return.

    `ready` is called once every socket is bound, with the node that runs. `desk` takes what
    subscribers report by feature code. `ailments` says what else `ringfence health` should tell, a sentence each.
    Raises OSError when an address can't be had.
    """
    core = build_core(settings, judging, keys)
    if ailments is not None:
        core.further_ailments = ailments
    metrics = Metrics(core, lambda: judge.counters)
    server = Server(core, judge, metrics, desk)
    stop = asyncio.Event()
    heed_signals(stop.set, "rules go live by `ringfence rules activate`, logs may be moved; the rest takes a restart")
    try:
        await server.open(settings.limits.receive_queue)
        ready(server)
        await stop.wait()
        log.info("draining", calls=core.in_setup)
        await server.drain(settings.limits.drain_s)
    finally:
        await server.close()


def heed_signals(stop: Callable[[], None], instead: str) -> None:
    """What ends a service calls `stop`; what others take for "read your files again" leaves a line."""
    loop = asyncio.get_running_loop()
    for number in ENDING:
        loop.add_signal_handler(number, stop)
    for number in IGNORED:
        loop.add_signal_handler(number, _say_ignored, number, instead)


def _say_ignored(number: signal.Signals, instead: str) -> None:
    log.warning("signal ignored", signal=number.name, instead=instead)

"""Who hears each message beside the core: Homer, and traces. While nobody does, a message costs the test whether."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Protocol

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from proxy.hep import Homer
from proxy.proxy_settings import HepSettings
from proxy.server import Server
from proxy.sip.flow import Flow

_CALL_ID: Final = re.compile(rb"(?:\A|[\r\n])(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)

log = structlog.get_logger("ringfence")


class Hears(Protocol):
    """Somebody who is told of each message while `live`."""

    @property
    def live(self) -> int:
        """How many want to hear any."""

    def heard(self, data: bytes, flow: Flow, call_id: str, *, received: bool) -> None:
        """One message."""


class Overheard(Collector):
    """Stands between the server and them; what fails here costs no call anything."""

    def __init__(self, traces: Hears) -> None:
        self._traces = traces
        self._server: Server | None = None
        self._homer: Homer | None = None
        self._sent = self._lost = 0  # by those of earlier configurations
        self._failed = 0

    def begin(self, server: Server, homer: Homer | None) -> None:
        """The node serves."""
        self._server = server
        self.take(homer)

    def take(self, homer: Homer | None) -> None:
        """Tell this one from now on."""
        if self._homer is not None and self._homer is not homer:
            self._sent += self._homer.sent
            self._lost += self._homer.lost
            self._homer.close()
        self._homer = homer
        self.look()

    def look(self) -> None:
        """Is there anybody to be told? Else the server does not ask."""
        if self._server is not None:
            self._server.tap = self if self._homer is not None or self._traces.live else None

    def received(self, data: bytes, flow: Flow) -> None:
        """A message came."""
        self._tell(data, flow, received=True)

    def sent(self, data: bytes, flow: Flow) -> None:
        """A message goes."""
        self._tell(data, flow, received=False)

    def _tell(self, data: bytes, flow: Flow, *, received: bool) -> None:
        try:
            if data[:4] == b"HEP3" or not data.strip():
                return  # a copy of our own that came back, or a keep-alive
            call_id = call_id_of(data)
            if self._homer is not None and self._server is not None and self._server.core.shedding.on:
                self._homer.lost += 1  # under overload calls come first
            elif self._homer is not None:
                self._homer.tell(data, flow, call_id, received=received)
            if self._traces.live:
                self._traces.heard(data, flow, call_id, received=received)
        except Exception as error:
            self._failed += 1
            if self._failed == 1:
                log.error("a message could not be copied; further ones are counted", fault=repr(error))

    def collect(self) -> Iterator[Metric]:
        """As Prometheus reads it."""
        sent, lost = self._sent, self._lost
        if self._homer is not None:
            sent, lost = sent + self._homer.sent, lost + self._homer.lost
        yield CounterMetricFamily("ringfence_hep_sent", "Copies of messages sent to Homer.", sent)
        what = "Copies of messages that could not be made or sent."
        yield CounterMetricFamily("ringfence_hep_lost", what, lost + self._failed)
        yield GaugeMetricFamily("ringfence_traces", "Traces of single numbers or calls that run.", self._traces.live)

    def close(self) -> None:
        """Tell nobody any more."""
        if self._server is not None:
            self._server.tap = None
        if self._homer is not None:
            self._homer.close()


def call_id_of(data: bytes) -> str:
    """The Call-ID of a message, well-formed or not; empty where it has none."""
    found = _CALL_ID.search(data)
    return found[1].strip().decode("utf-8", "replace") if found else ""


def homer_of(
    settings: HepSettings | None, base: Path, pseudonym: Callable[[str], str] = lambda text: text
) -> Homer | None:
    """Whoever is to be told by this configuration; OSError when that cannot be, with the file in it."""
    if settings is None:
        return None
    password = (base / settings.password_file).read_bytes().strip() if settings.password_file else b""
    return Homer(settings, password, pseudonym)

"""Lanes through one running proxy: each has a trunk and a PBX of its own, so that no flow meets another's remains."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.sipp import Sipp


class Flow(NamedTuple):
    """Both ends of one finished flow."""

    caller: Sipp
    callee: Sipp


class Lane(NamedTuple):
    """One trunk, one PBX, and the proxy between them."""

    name: str
    trunk: Endpoint
    pbx: Endpoint
    folder: Path
    proxy: Endpoint | None = None  # towards the trunk; None: they talk to each other, which proves a scenario itself
    inside: Endpoint | None = None  # towards the PBX, when that is another listener
    beyond: int = 0  # further proxies between it and the PBX side
    trunk_by: str = "udp"  # transport of the trunk
    pbx_by: str = "udp"  # and of the PBX

    def call(self, caller: str, callee: str, /, **values: str) -> Flow:
        """The trunk plays `caller`, the PBX `callee`, both to the end."""
        with self.pbx_side(callee, **values).listens() as second, self.trunk_side(caller, **values) as first:
            _finish(first, second)
        return Flow(first, second)

    def call_out(self, caller: str, callee: str, /, **values: str) -> Flow:
        """The PBX plays `caller`, the trunk `callee`, both to the end."""
        with self.trunk_side(callee, **values).listens() as second, self.pbx_side(caller, **values) as first:
            _finish(first, second)
        return Flow(first, second)

    def trunk_side(
        self, scenario: str, calls: int = 1, /, *, lines: Sequence[Sequence[str]] = (), **values: str
    ) -> Sipp:
        """The trunk alone, for so many calls; `lines` say what is in each."""
        to = self.proxy or self.pbx
        hops = self.beyond + (self.proxy is not None)
        at, folder, by = self.trunk, self.folder, self.trunk_by
        given = partial(Sipp, scenario, at=at, to=to, folder=folder, by=by)
        return given(values=values, hops=hops, calls=calls, lines=lines)

    def pbx_side(self, scenario: str, calls: int = 1, /, **values: str) -> Sipp:
        """The PBX alone, for so many calls."""
        return self._sipp(scenario, self.pbx, self.inside or self.proxy or self.trunk, values, calls, by=self.pbx_by)

    def alone(self, scenario: str, /, **values: str) -> Sipp:
        """The trunk plays `scenario` to the end against the proxy itself: nothing is behind it."""
        with self.trunk_side(scenario, **values) as caller:
            caller.done()
        return caller

    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Its PBX and its trunk as ringfence.yaml has them."""
        pbx = {
            "name": self.name,
            "addresses": [_written(self.pbx, self.pbx_by)],
            "outbound_trunk": self.name,
            "probe": {"every_s": 0},
        }
        trunk = {
            "name": self.name,
            "addresses": [self.trunk.host],
            "send_to": [_written(self.trunk, self.trunk_by)],
            "methods": "any",  # each is played
            "country": "CN",
            "pbx": self.name,
        }
        return pbx, trunk

    def _sipp(
        self, scenario: str, at: Endpoint, to: Endpoint, values: dict[str, str], calls: int = 1, *, by: str
    ) -> Sipp:
        hops = self.beyond + (self.proxy is not None)
        return Sipp(scenario, at=at, to=to, folder=self.folder, values=values, hops=hops, calls=calls, by=by)


def _written(at: Endpoint, by: str) -> str:
    return str(at) if by == "udp" else f"{by}:{at}"


def new_lane(
    name: str,
    folder: Path,
    *,
    proxy: Endpoint | None = None,
    inside: Endpoint | None = None,
    trunk: Endpoint | None = None,
    pbx: Endpoint | None = None,
    by: tuple[str, str] = ("udp", "udp"),
) -> Lane:
    """A lane between fresh endpoints, or the ones given; `by` which transports it is used, trunk and PBX."""
    folder.mkdir(parents=True, exist_ok=True)
    ends = trunk or new_endpoint(), pbx or new_endpoint()
    return Lane(name, *ends, folder, proxy, inside, trunk_by=by[0], pbx_by=by[1])


def _finish(*peers: Sipp) -> None:
    """Wait for every peer's end; if one went wrong, show all their exchanges, not just the first one's."""
    failed = [peer for peer in peers if peer.failed()]
    # SIPp finds a call by its Call-ID alone: that a response took its whole way back is checked here (RFC 3261 16.7).
    strays = [packet for peer in peers for packet in peer.received("SIP/2.0") if not peer.owns(packet)]
    if failed or strays:
        found = "".join(f"not its own way back: {packet.fields('Via')} on {packet.start}\n" for packet in strays)
        raise AssertionError(found + "\n".join(peer.story() for peer in peers))

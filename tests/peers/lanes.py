"""Lanes through one running proxy: each has a trunk and a PBX of its own, so that no flow meets another's remains."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
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

    def call(self, caller: str, callee: str, **values: str) -> Flow:
        """The trunk plays `caller`, the PBX `callee`, both to the end."""
        return self._play(caller, self.trunk, self.proxy or self.pbx, callee, self.pbx, values)

    def call_out(self, caller: str, callee: str, **values: str) -> Flow:
        """The PBX plays `caller`, the trunk `callee`, both to the end."""
        return self._play(caller, self.pbx, self.inside or self.proxy or self.trunk, callee, self.trunk, values)

    def caller(self, scenario: str, **values: str) -> Sipp:
        """A caller on the trunk alone."""
        return self._sipp(scenario, self.trunk, self.proxy or self.pbx, values)

    def callee(self, scenario: str, **values: str) -> Sipp:
        """The PBX alone."""
        return self._sipp(scenario, self.pbx, self.inside or self.proxy or self.trunk, values)

    def alone(self, scenario: str, **values: str) -> Sipp:
        """The trunk plays `scenario` to the end against the proxy itself: nothing is behind it."""
        with self.caller(scenario, **values) as caller:
            caller.done()
        return caller

    def settings(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Its PBX and its trunk as ringfence.yaml has them."""
        pbx = {"name": self.name, "addresses": [str(self.pbx)], "outbound_trunk": self.name}
        trunk = {
            "name": self.name,
            "addresses": [self.trunk.host],
            "send_to": [str(self.trunk)],
            "country": "CN",
            "pbx": self.name,
        }
        return pbx, trunk

    def _sipp(self, scenario: str, at: Endpoint, to: Endpoint, values: dict[str, str]) -> Sipp:
        return Sipp(scenario, at=at, to=to, folder=self.folder, values=values)

    def _play(
        self, caller: str, at: Endpoint, to: Endpoint, callee: str, there: Endpoint, values: dict[str, str]
    ) -> Flow:
        with ExitStack() as stack:
            second = stack.enter_context(self._sipp(callee, there, to, values)).listens()
            first = stack.enter_context(self._sipp(caller, at, to, values))
            _finish([first, second])
        return Flow(first, second)


def new_lane(name: str, folder: Path, *, trunk: Endpoint | None = None, pbx: Endpoint | None = None) -> Lane:
    """A lane between fresh endpoints, or the ones given."""
    folder.mkdir(parents=True, exist_ok=True)
    return Lane(name, trunk or new_endpoint(), pbx or new_endpoint(), folder)


def _finish(peers: Iterable[Sipp]) -> None:
    """Wait for every peer's end; if one went wrong, show all their exchanges, not just the first one's."""
    peers = list(peers)
    failed = [peer for peer in peers if _status(peer)]
    if failed:
        raise AssertionError("\n".join(peer.story() for peer in peers))


def _status(peer: Sipp) -> int:
    try:
        peer.done()
    except AssertionError:
        return 1
    return 0

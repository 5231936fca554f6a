"""The peers of the running node as commands see them: the state of each address, and draining one."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, time
from typing import Any

import structlog

from proxy.core import Core
from proxy.peers import DOWN, UP, PeerAddress
from ringfence.control import Control, Question, Refused

log = structlog.get_logger("ringfence")


class PeerCommands:
    """What `ringfence peers` asks."""

    def __init__(
        self, core: Core, clock: Callable[[], float] = monotonic, replaced: Callable[[], bool] = lambda: False
    ) -> None:
        """`replaced`: another process is about to take over, and knows already what is drained."""
        self._core = core
        self._replaced = replaced
        self._clock = clock

    def register(self, control: Control) -> None:
        """Let it be asked."""
        control.register("peers", self._show)
        control.register("peers-drain", self._drain)

    async def _show(self, question: Question) -> list[dict[str, Any]]:
        return self.rows(self._clock(), time())

    def rows(self, now: float, wall: float) -> list[dict[str, Any]]:
        """Every address; times are seconds since the epoch."""
        setups = self._core.setups()
        found = [self._row(each, setups[each.shown], now, wall) for each in self._core.peers]
        return found + [self._unled(*each, wall - (now - since)) for each, since in self._core.peers.unled.items()]

    def _unled(self, kind: str, name: str, host: str, since: float) -> dict[str, Any]:
        """A name that leads to no address has a row all the same: whoever looks for his PBX misses none."""
        nothing: dict[str, Any] = {"last_at": None, "last_status": None, "calls": 0, "in_setup": 0, "probed": False}
        told = {"peer": name, "kind": kind, "address": host, "state": DOWN, "since": round(since, 3)}
        return {**told, "why": "the name leads to no address", **nothing, "responses": {}}

    def _row(self, address: PeerAddress, setups: int, now: float, wall: float) -> dict[str, Any]:
        heard = address.heard > 0
        return {
            "peer": address.name,
            "kind": address.owner.kind,
            "address": address.shown,
            "state": _state(address),
            "since": round(wall - (now - address.since), 3),
            "why": address.why,
            "last_at": round(wall - (now - address.heard), 3) if heard else None,
            "last_status": address.status or None,
            "calls": address.calls + setups,
            "in_setup": setups,
            "probed": address.owner.watch.every_s > 0,
            "responses": {str(status): count for status, count in sorted(address.finals.items())},
        }

    async def _drain(self, question: Question) -> dict[str, Any]:
        """No new calls to an address, or new calls again."""
        if self._replaced():
            raise Refused("another process is taking over at this moment: ask again")
        words = question.arguments
        drained = words.get("drained") is True
        address = self._named(str(words.get("peer", "")), str(words.get("address", "")))
        others = [each for each in self._core.peers.of(address.owner.kind, address.name) if each is not address]
        left = [each.shown for each in others if each.state != DOWN and not each.drained]
        if drained and not left and words.get("anyway") is not True:
            raise Refused(
                f"{address.shown} is the only address of {address.name} that lives: new calls would get 503; "
                "--anyway if that is meant"
            )
        if address.drained is not drained:
            self._core.peers.drain(address, drained, self._clock())
            event = "address drained: it has no new calls" if drained else "address has new calls again"
            log.info(event, peer=address.name, address=address.shown, by=question.actor)
        row = self._row(address, self._core.setups()[address.shown], self._clock(), time())
        return {**row, "others": left}

    def _named(self, peer: str, written: str) -> PeerAddress:
        """The address that somebody means; its port may be left out where it is plain."""
        known = [each for each in self._core.peers if each.name == peer]
        if not known:
            names = ", ".join(dict.fromkeys(each.name for each in self._core.peers))
            raise Refused(f"no peer is named {peer!r}; known are {names}")
        found = [each for each in known if written in (each.shown, each.host, f"[{each.host}]")]
        if len(found) != 1:
            shown = ", ".join(each.shown for each in known)
            raise Refused(f"{peer} has {'several such' if found else 'no'} address {written!r}; its own are {shown}")
        return found[0]


def _state(address: PeerAddress) -> str:
    if address.drained:
        return "drained"
    return "unknown" if address.state == UP and address.heard < 0 else address.state

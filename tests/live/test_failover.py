"""A real Asterisk of two stopped or killed, before a call and in mid-call: how long calls take, and its way back."""

from __future__ import annotations

import itertools
import json
import os
import signal
import socket
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import wire
from tests.peers.asterisk import Asterisk
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.playbook import in_dialog

pytestmark = pytest.mark.live

PROBE_S = 2.0
FIRST_S = 4.0  # the call that finds it out
NEXT_S = 0.05  # every call behind it
_numbers = itertools.count(1)


class Caller:
    """Somebody on the trunk, by a plain socket: what he hears is timed to the millisecond."""

    def __init__(self, at: Endpoint, proxy: Endpoint) -> None:
        self.at, self.proxy = at, proxy
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(at)
        self.socket.settimeout(40)

    def call(self) -> tuple[float, bytes]:
        """Ring the echo until it answers, and acknowledge: how long that took, and the 200."""
        number = next(_numbers)
        data = wire.invite(
            uri=f"sip:600@{self.proxy}",
            via=self._via(f"call{number}"),
            call_id=f"failover-{number}@{self.at.host}",
            extra=f"Contact: <sip:wren@{self.at}>",
            body=wire.SDP.replace("198.51.100.21", self.at.host),
        )
        begun = time.monotonic()
        self.socket.sendto(data, self.proxy)
        final = self._final(f"failover-{number}@")
        took = time.monotonic() - begun
        assert wire.status(final) == 200, final.decode()
        self.socket.sendto(in_dialog("ACK", final, via=self._via(f"ack{number}")), self.proxy)
        return took, final

    def hang_up(self, final: bytes) -> int:
        """End that call: the status of its BYE."""
        number = next(_numbers)
        self.socket.sendto(in_dialog("BYE", final, cseq=2, via=self._via(f"bye{number}")), self.proxy)
        return wire.status(self._final(wire.header(final, "Call-ID"), "BYE"))

    def times(self, calls: int) -> list[float]:
        """What so many calls take, one after the other, each hung up again."""
        found = []
        for _ in range(calls):
            took, final = self.call()
            found.append(took)
            assert self.hang_up(final) == 200
        return found

    def _via(self, branch: str) -> str:
        return f"SIP/2.0/UDP {self.at};branch=z9hG4bK{branch}"

    def _final(self, call_id: str, method: str = "INVITE") -> bytes:
        while True:
            data = self.socket.recv(65_535)
            mine = wire.header(data, "Call-ID").startswith(call_id) and wire.header(data, "CSeq").endswith(method)
            if mine and wire.status(data) >= 200:
                return data


class House:
    """Ringfence before two Asterisks, the first of which has all calls while it lives."""

    def __init__(self, proxy: Ringfence, pbxes: list[Asterisk], caller: Caller) -> None:
        self.proxy, self.pbxes, self.caller = proxy, pbxes, caller

    def states(self) -> dict[str, dict[str, Any]]:
        return {row["address"]: row for row in json.loads(self.proxy.command("peers", "--json"))}

    def first_lives(self) -> bool:
        return self.states()[str(self.pbxes[0].at)]["state"] == "up"

    def tell(self, pbx: Asterisk, number: signal.Signals) -> None:
        os.kill(pbx.process.pid, number)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    at, trunk = new_endpoint(), new_endpoint()
    ends = [new_endpoint(), new_endpoint()]
    probe = {"every_s": PROBE_S}
    configuration = settings(
        [at],
        [],
        pbxes=[{"name": "office", "addresses": [str(each) for each in ends], "probe": probe}],
        trunks=[{"name": "carrier", "addresses": [trunk.host], "country": "CN"}],
    )
    telephone = new_endpoint()
    pbxes = [
        Asterisk(at=end, proxy=at, telephone=telephone, folder=tmp_path / f"asterisk{number}")
        for number, end in enumerate(ends)
    ]
    with pbxes[0], pbxes[1], Ringfence(tmp_path / "proxy", configuration) as proxy:
        found = House(proxy, pbxes, Caller(trunk, at))
        until(found.first_lives, "the first Asterisk answers OPTIONS")
        try:
            yield found
        finally:
            found.caller.socket.close()
            for pbx in pbxes:
                if pbx.running:
                    found.tell(pbx, signal.SIGCONT)


def fits(times: list[float], usual: float) -> bool:
    """Did these calls wait for nobody? On a busy machine each takes longer, as those before did."""
    return statistics.median(times) <= max(NEXT_S, 3 * usual)


def show(*figures: tuple[str, float]) -> None:
    """What docs/performance.md says: `pytest -s` shows it."""
    print({name: f"{1000 * value:.0f} ms" for name, value in figures})


def test_stopped_before_a_call(house: House):
    """SIGSTOP: it says nothing, as behind a cable that was pulled."""
    usual = statistics.median(house.caller.times(5))
    house.tell(house.pbxes[0], signal.SIGSTOP)
    first, final = house.caller.call()
    following = house.caller.times(5)
    assert first <= FIRST_S
    assert fits(following, usual)
    assert house.caller.hang_up(final) == 200
    house.tell(house.pbxes[0], signal.SIGCONT)
    begun = time.monotonic()
    until(house.first_lives, "the first Asterisk has calls again")
    back = time.monotonic() - begun
    assert back <= PROBE_S + 2.0, "one probe, and the time that the command takes"
    show(("usual", usual), ("first", first), ("second", following[0]), ("back", back))
    said = house.proxy.said
    assert said.count('"event": "does not answer') == 1
    assert said.count('"event": "answers again') == 1


def test_killed_before_a_call(house: House):
    usual = statistics.median(house.caller.times(5))
    house.tell(house.pbxes[0], signal.SIGKILL)
    first, _ = house.caller.call()
    following = house.caller.times(5)
    assert first <= FIRST_S
    assert fits(following, usual)
    show(("usual", usual), ("first", first), ("second", following[0]))


def test_stopped_in_mid_call(house: House):
    """New calls go elsewhere; the one that stood goes on where it was once the PBX is there again."""
    usual = statistics.median(house.caller.times(5))
    _, standing = house.caller.call()
    house.tell(house.pbxes[0], signal.SIGSTOP)
    first, final = house.caller.call()
    following = house.caller.times(5)
    assert first <= FIRST_S
    assert fits(following, usual)
    house.tell(house.pbxes[0], signal.SIGCONT)
    assert house.caller.hang_up(standing) == 200
    assert house.caller.hang_up(final) == 200
    show(("usual", usual), ("first", first), ("second", following[0]))


def test_drained_for_work_on_it(house: House):
    """No call is lost, none waits: what stood there ends there, what is new goes to the other."""
    _, standing = house.caller.call()
    office, first = "office", house.pbxes[0].at
    assert "1 call left there" in house.proxy.command("peers", "drain", office, str(first))
    usual = house.caller.times(5)
    assert max(usual) < 1.0
    assert house.states()[str(first)]["calls"] == 1
    assert house.caller.hang_up(standing) == 200
    assert house.states()[str(first)]["calls"] == 0
    house.proxy.command("peers", "undrain", office, str(first))
    house.caller.times(1)
    assert house.states()[str(first)]["responses"]["200"] == 2

"""Two nodes that share a record: what is stopped at one is stopped at the other, whatever is killed meanwhile."""

from __future__ import annotations

import json
import signal
import socket
from functools import partial
from pathlib import Path

import pytest

from rules.storage.keys import Keys
from tests.peers.lanes import Lane, new_lane
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.postgres import Postgres
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.telephone import Telephone

pytestmark = pytest.mark.live
FIRST, SECOND = "+8613900000011", "+8613900000012"


class Caller:
    """The trunk of a node, with a new call whenever it is asked."""

    def __init__(self, lane: Lane, at: Endpoint) -> None:
        self.lane, self.at, self.calls = lane, at, 0

    def is_rejected(self, number: str) -> bool:
        """Is a call from this number rejected, rather than sent on?"""
        self.calls += 1
        here, call = self.lane.trunk, f"{number[-2:]}-{self.calls}"
        lines = [
            f"INVITE sip:+8613800138000@{self.at} SIP/2.0",
            f"Via: SIP/2.0/UDP {here};branch=z9hG4bK{call}",
            f"From: <sip:{number}@{here}>;tag={call}",
            f"To: <sip:+8613800138000@{self.at}>",
            f"Call-ID: {call}@nodes",
            "CSeq: 1 INVITE",
            f"Contact: <sip:{number}@{here}>",
            "Max-Forwards: 70",
            "Content-Length: 0",
        ]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire, Telephone(self.lane.pbx) as pbx:
            wire.bind(here)
            wire.sendto("\r\n".join([*lines, "", ""]).encode(), self.at)
            for each in (wire, pbx.wire):
                each.setblocking(False)
            rejected = partial(heard, wire, "SIP/2.0 603", call)
            invite = until(lambda: rejected() or heard(pbx.wire, "INVITE ", call), "an answer")
            if invite.startswith("INVITE "):
                pbx.says("486 Busy Here", invite, self.at)
            return not invite.startswith("INVITE ")


def heard(wire: socket.socket, beginning: str, call: str) -> str:
    """What came, if it begins so and belongs to this call."""
    try:
        came = wire.recv(65_535).decode()
    except BlockingIOError:
        return ""
    return came if came.startswith(beginning) and f"Call-ID: {call}@" in came else ""


def node(name: str, folder: Path, record: str) -> tuple[Ringfence, Caller]:
    at = new_endpoint()
    lane = new_lane("lane", folder / "lane", proxy=at)
    configuration = settings([at], [lane])
    configuration["storage"]["record"] = {"at": record, "node": name}
    configuration["storage"]["key_file"] = str(folder.parent / "keys")
    return Ringfence(folder / "node", configuration), Caller(lane, at)


def test_what_is_acknowledged_at_one_node_rejects_calls_at_the_other_though_all_else_is_killed(tmp_path):
    Keys.load(tmp_path / "keys")
    with Postgres() as postgres:
        record = postgres.fresh("nodes")
        north, _ = node("north", tmp_path / "north", record)
        south, caller = node("south", tmp_path / "south", record)
        with north, south:
            assert not caller.is_rejected(FIRST)
            north.command("lists", "add", "blocked", FIRST)
            until(lambda: caller.is_rejected(FIRST), "south rejects what north blocked")
            postgres.kill()
            north.command("lists", "add", "blocked", SECOND)
            north.stop(signal.SIGKILL)
            assert caller.is_rejected(FIRST)
            assert not caller.is_rejected(SECOND)
            postgres.begin()
            with Ringfence(tmp_path / "north" / "node", json.loads(north.file.read_text())):
                until(lambda: caller.is_rejected(SECOND), "south rejects what was blocked before north was killed")

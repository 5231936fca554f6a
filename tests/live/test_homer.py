"""HEP to a real receiver: sngrep takes the copies of a call and writes them as a capture, which tshark reads."""

import subprocess
from functools import partial

import pytest

from tests.peers.lanes import new_lane
from tests.peers.loopback import listening, new_endpoint
from tests.peers.process import Peer, until
from tests.peers.ringfence import Ringfence, settings

pytestmark = pytest.mark.live
CALLER = "+8613912345678"


def captured(file, ports):
    """Method or status, and first line, of each SIP message in the capture."""
    decode = [word for port in ports for word in ("-d", f"udp.port=={port},sip")]
    words = [
        "tshark",
        "-r",
        str(file),
        *decode,
        "-Y",
        "sip",
        "-T",
        "fields",
        "-e",
        "sip.Method",
        "-e",
        "sip.Status-Code",
    ]
    words += ["-e", "sip.from.user"]
    read = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False).stdout
    return [tuple(line.split("\t")) for line in read.splitlines()]


@pytest.mark.parametrize("mask", [True, False])
def test_sngrep_sees_both_sides_of_a_call(tmp_path, mask):
    homer, proxy, file = new_endpoint(), new_endpoint(), tmp_path / "copies.pcap"
    lane = new_lane("homer", tmp_path / "lane", proxy=proxy)
    hep = {"address": str(homer), "capture_id": 7, "mask_numbers": mask}
    receiver = Peer(
        ["sngrep", "-N", "-q", "-L", f"udp:{homer}", "-O", file],
        output=tmp_path / "sngrep.log",
        environment={"TERM": "xterm"},
    )
    with receiver:
        receiver.ready(partial(listening, homer), "it receives")
        with Ringfence(tmp_path / "ringfence", settings([proxy], [lane], hep=hep)):
            lane.call("caller_hangs_up", "callee_answers", caller=CALLER)
        ports = (lane.trunk.port, lane.pbx.port, proxy.port)

        def whole():
            seen = [each[:2] for each in captured(file, ports)] if file.exists() else []
            return [each for each in seen if each == ("BYE", "")][1:] and seen

        seen = until(whole, "the call is in the capture")
    assert seen.count(("INVITE", "")) == seen.count(("ACK", "")) == seen.count(("BYE", "")) == 2, "came and went"
    assert ("", "200") in seen
    shown = {user for _, _, user in captured(file, ports)}
    assert shown == ({"+861********78"} if mask else {CALLER})

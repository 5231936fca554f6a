"""The proxy as a service: what it answers itself, a PBX that is not there, and the end of its life."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.peers.lanes import new_lane
from tests.peers.loopback import listening, new_endpoint
from tests.peers.process import SOON_S, until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.telephone import Telephone

pytestmark = pytest.mark.live


def test_options_to_the_proxy_itself(lane):
    uri = f"sip:{lane.proxy}"
    caller = lane.alone("asks", method="OPTIONS", uri=uri, extra="", status="200")
    assert len(caller.received("SIP/2.0 200")) == 1


def test_a_pbx_that_cannot_be_sent_to(house):
    caller = house.unsendable.alone("caller_refused", status="503")
    assert len(caller.received("SIP/2.0 503")) == 1


@pytest.fixture
def own(tmp_path):
    """What a proxy of the test's own needs: a folder, settings, and two lanes."""
    at = new_endpoint()
    lanes = [new_lane(f"lane{i}", tmp_path / f"lane{i}", proxy=at) for i in range(2)]
    return tmp_path / "proxy", settings([at], lanes, limits={"drain_s": 3}), *lanes


def alive(lane):
    """Does the proxy answer? A crash shows as silence."""
    lane.alone("asks", method="OPTIONS", uri=f"sip:{lane.proxy}", extra="", status="200")


def test_a_pbx_where_nobody_listens_does_no_harm(own):
    folder, configuration, lane, other = own
    configuration["limits"]["drain_s"] = 0.5
    with Ringfence(folder, configuration), lane.trunk_side("caller_refused", status="503") as caller:
        until(lambda: caller.received("SIP/2.0"), "a first response")  # the kernel has answered ours with ICMP by now
        alive(other)


def test_a_caller_that_is_gone_before_its_answer_does_no_harm(own):
    folder, configuration, lane, other = own
    request = f"OPTIONS sip:{lane.proxy} SIP/2.0\r\nVia: SIP/2.0/UDP {lane.trunk};branch=z9hG4bKgone\r\n"
    request += f"From: <sip:1@{lane.trunk}>;tag=1\r\nTo: <sip:{lane.proxy}>\r\nCall-ID: gone\r\nCSeq: 1 OPTIONS\r\n"
    request += "Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n"
    with Ringfence(folder, configuration):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
            caller.bind(lane.trunk)
            caller.sendto(request.encode(), lane.proxy)
        alive(other)


def test_sigterm_lets_the_call_in_set_up_be_answered_and_takes_no_new_one(own):
    folder, configuration, first, second = own
    configuration["limits"]["drain_s"] = 30
    with (
        Telephone(first.pbx) as callee,
        Ringfence(folder, configuration) as proxy,
        first.trunk_side("caller_hangs_up") as caller,
    ):
        invite = callee.hears("INVITE")
        callee.says("180 Ringing", invite, first.proxy)
        until(lambda: caller.received("SIP/2.0 180"), "the call rings")
        proxy.process.send_signal(signal.SIGTERM)
        second.alone("caller_refused", status="503")
        callee.says("200 OK", invite, first.proxy)
        until(lambda: caller.sent("ACK"), "the answered call is acknowledged")
        with ThreadPoolExecutor(1) as meanwhile:  # the BYE comes through this proxy or the next one
            hung_up = meanwhile.submit(lambda: callee.says("200 OK", callee.hears("BYE"), first.proxy))
            assert proxy.wait() == 0
            with Ringfence(folder, configuration):
                caller.done()
                hung_up.result()


def test_sigterm_ends_a_call_that_rings_on(own):
    folder, configuration, lane, _ = own
    configuration["limits"]["drain_s"] = 0.5
    with (
        Ringfence(folder, configuration) as proxy,
        lane.pbx_side("callee_cancelled", silence="1", provisional="180 Ringing").listens() as pbx,
        lane.trunk_side("caller_refused", status="503") as caller,
    ):
        until(lambda: caller.received("SIP/2.0 180"), "the call rings")
        proxy.process.send_signal(signal.SIGTERM)
        caller.done()
        assert proxy.wait() == 0
        until(lambda: pbx.received("CANCEL"), "the PBX has read that it is over")


def test_sigterm_without_calls_ends_at_once(own):
    folder, configuration, *_ = own
    configuration["limits"]["drain_s"] = 30
    with Ringfence(folder, configuration) as proxy:
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.wait(25) == 0  # before the calls' time is over


def test_a_crash_and_restart_in_mid_call_keeps_the_dialog(own):
    folder, configuration, lane, _ = own
    with (
        Ringfence(folder, configuration) as proxy,
        lane.pbx_side("callee_answers").listens() as pbx,
        lane.trunk_side("caller_talks_on", talk="1500") as caller,
    ):
        until(lambda: pbx.received("ACK"), "the call is answered")
        proxy.stop(signal.SIGKILL)
        with Ringfence(folder, configuration):
            caller.done()
            pbx.done()


@pytest.mark.parametrize(
    ("number", "said"), [(signal.SIGHUP, '"reloaded"'), (signal.SIGUSR1, "SIGUSR1"), (signal.SIGUSR2, '"handed over"')]
)
def test_a_signal_that_asks_for_something_else_does_not_end_it(own, number, said):
    folder, configuration, lane, _ = own
    with Ringfence(folder, configuration) as proxy:
        proxy.process.send_signal(number)
        alive(lane)
        until(lambda: said in (folder / "service.log").read_text(), "a line about it")
        proxy.process.send_signal(signal.SIGQUIT)
        assert proxy.wait(25) == 0


@pytest.mark.parametrize("deaf", ["stdout", "stderr", "both"])
def test_a_pipe_that_nobody_reads_keeps_it_neither_from_its_calls_nor_from_its_end(own, deaf):
    folder, configuration, lane, _ = own
    del configuration["logging"]
    folder.mkdir()
    file = folder / "ringfence.yaml"
    file.write_text(json.dumps(configuration))
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, b"x" * 4096)  # as if it had talked for long already
    streams = {each: writing if deaf in (each, "both") else subprocess.DEVNULL for each in ("stdout", "stderr")}
    with subprocess.Popen([sys.executable, "-m", "ringfence", "serve", "--config", file], **streams) as process:
        try:
            until(lambda: listening(lane.proxy), "listening")
            lane.call("caller_hangs_up", "callee_answers")
            process.send_signal(signal.SIGTERM)
            assert process.wait(SOON_S) == 0
        finally:
            process.kill()
    os.close(reading)
    os.close(writing)

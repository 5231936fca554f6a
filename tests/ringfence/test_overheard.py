"""Nobody is told of messages unless he wants to be, and what goes wrong there costs no call anything."""

import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from proxy.proxy_settings import HepSettings
from proxy.sip.flow import Flow, Listener
from ringfence.configuration import load_configuration
from ringfence.control import ask
from ringfence.installation import Installation
from ringfence.overheard import Overheard, call_id_of, homer_of
from tests.ringfence.test_serve import serving
from tests.wire import invite, request

FLOW = Flow(Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060"), ("198.51.100.21", 5060))


class Ear:
    """Somebody who notes what he hears."""

    def __init__(self):
        self.live, self.all, self.fails = 0, [], False

    def heard(self, data, flow, call_id, *, received):
        if self.fails:
            raise KeyError("x")
        self.all.append((call_id, received))


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def overheard(ear):
    overheard = Overheard(ear)
    overheard.begin(SimpleNamespace(tap=None, core=SimpleNamespace(shedding=SimpleNamespace(on=False))), None)
    yield overheard
    overheard.close()


@pytest.fixture
def homer(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield homer_of(HepSettings(address=f"127.0.0.1:{server.getsockname()[1]}"), tmp_path)


def test_while_nobody_listens_the_server_has_no_tap(overheard, ear, homer):
    server = overheard._server
    assert server.tap is None
    ear.live = 1
    overheard.look()
    assert server.tap is overheard
    ear.live = 0
    overheard.look()
    assert server.tap is None
    overheard.take(homer)
    assert server.tap is overheard
    overheard.take(None)
    assert server.tap is None


def test_each_message_is_told_with_its_call(overheard, ear, homer):
    ear.live = 1
    overheard.take(homer)
    overheard.received(invite(), FLOW)
    overheard.sent(invite(), FLOW)
    assert ear.all == [("call-1@wren.example", True), ("call-1@wren.example", False)]
    assert homer.sent == 2


@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", b"HEP3\x00\x10and so on"])
def test_keep_alives_and_our_own_copies_are_no_messages(overheard, ear, data):
    ear.live = 1
    overheard.received(data, FLOW)
    assert ear.all == []


def test_what_fails_is_said_once_and_counted(overheard, ear):
    ear.live, ear.fails = 1, True
    with capture_logs() as lines:
        for _ in range(3):
            overheard.received(invite(), FLOW)
    assert len(lines) == 1
    assert samples(overheard)["ringfence_hep_lost_total"] == 3


def test_under_overload_homer_gets_nothing_and_traces_go_on(overheard, ear, homer):
    ear.live = 1
    overheard.take(homer)
    overheard._server.core.shedding.on = True
    overheard.received(invite(), FLOW)
    assert (homer.sent, homer.lost) == (0, 1)
    assert len(ear.all) == 1


def test_counts_outlive_a_change_of_the_configuration(overheard, homer):
    overheard.take(homer)
    overheard.received(invite(), FLOW)
    overheard.take(None)
    assert samples(overheard)["ringfence_hep_sent_total"] == 1


def samples(overheard):
    return {one.name: one.value for family in overheard.collect() for one in family.samples}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (invite(), "call-1@wren.example"),
        (b"BYE sip:x SIP/2.0\r\ni : 7\r\n\r\n", "7"),
        (b"nonsense", ""),
        (b"", ""),
    ],
)
def test_a_call_id_is_found_in_whatever_comes(data, found):
    assert call_id_of(data) == found


def test_the_password_is_read_from_its_file(tmp_path):
    (tmp_path / "secret").write_text("word\n")
    homer = homer_of(HepSettings(address="127.0.0.1:9060", password_file="secret"), tmp_path)
    assert homer._key == b"word"
    homer.close()
    with pytest.raises(FileNotFoundError):
        homer_of(HepSettings(address="127.0.0.1:9060", password_file="none"), tmp_path)
    assert homer_of(None, tmp_path) is None


@pytest.mark.live
def test_a_reload_turns_copies_on_and_off(ports: Path):
    listen, control = load_configuration(ports).listen[0].address, Installation.open(ports).control
    options = request("OPTIONS", uri=f"sip:{listen}")
    before = ports.read_text()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as homer, serving(ports):
        homer.bind(("127.0.0.1", 0))
        homer.settimeout(60)
        ports.write_text(before + f"hep: {{address: 127.0.0.1:{homer.getsockname()[1]}, capture_id: 9}}\n")
        assert "hep" in ask(control, "reload")["changed"]
        homer.sendto(options, (listen.host, listen.port))
        packets = [data for data in (homer.recv(65_536) for _ in range(3)) if data[:4] == b"HEP3"]
        assert len(packets) == 2, "what came and what went, beside the answer itself"
        ports.write_text(before)
        assert "hep" in ask(control, "reload")["changed"]
        homer.sendto(options, (listen.host, listen.port))
        assert homer.recv(65_536).startswith(b"SIP/2.0 200")
        homer.settimeout(0.2)
        with pytest.raises(TimeoutError):
            homer.recv(65_536)

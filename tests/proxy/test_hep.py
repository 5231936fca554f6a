"""Copies for Homer: every chunk of a packet is what it should be, and a server that is gone costs a count."""

import socket
import struct
import time
from ipaddress import ip_address

import pytest

from proxy.hep import Homer, Packet, Place, encoded, own_host
from proxy.proxy_settings import HepSettings, ProxySettings
from proxy.sip.flow import Flow, Listener
from tests.wire import invite

CALL_ID = "call-1@wren.example"


def chunks(packet: bytes) -> dict[int, bytes]:
    """The values of a packet by their types, read as the specification has it."""
    assert packet[:4] == b"HEP3"
    assert struct.unpack("!H", packet[4:6])[0] == len(packet)
    found, at = {}, 6
    while at < len(packet):
        vendor, kind, length = struct.unpack("!HHH", packet[at : at + 6])
        assert vendor == 0
        assert kind not in found
        found[kind] = packet[at + 6 : at + length]
        at += length
    assert at == len(packet)
    return found


def packet(source="198.51.100.21", target="203.0.113.1", transport="UDP", **more):
    words = {"payload": b"INVITE", "correlation": b"id", "capture_id": 2001, **more}
    return encoded(Packet(Place(source, 5060), Place(target, 5080), transport, 1_795_500_000.25, **words))


def test_each_chunk_of_a_packet():
    found = chunks(packet(key=b"secret"))
    assert found == {
        1: bytes([socket.AF_INET]),
        2: bytes([17]),
        3: ip_address("198.51.100.21").packed,
        4: ip_address("203.0.113.1").packed,
        7: struct.pack("!H", 5060),
        8: struct.pack("!H", 5080),
        9: struct.pack("!I", 1_795_500_000),
        10: struct.pack("!I", 250_000),
        11: b"\x01",
        12: struct.pack("!I", 2001),
        14: b"secret",
        15: b"INVITE",
        17: b"id",
    }


def test_ipv6_streams_and_no_password():
    found = chunks(packet("2001:db8::21", "2001:db8::1", "TLS"))
    assert (found[1], found[2]) == (bytes([socket.AF_INET6]), b"\x06")
    assert found[5] == ip_address("2001:db8::21").packed
    assert found[6] == ip_address("2001:db8::1").packed
    assert not {3, 4, 14} & found.keys()


def test_all_interfaces_are_no_address_of_another_family():
    assert chunks(packet("0.0.0.0", "2001:db8::1"))[5] == bytes(16)


@pytest.mark.parametrize(
    ("host", "sent_by", "shown"),
    [
        ("192.0.2.5", b"sip.example.com:5060", "192.0.2.5"),
        ("0.0.0.0", b"192.0.2.5:5060", "192.0.2.5"),
        ("::", b"[2001:db8::5]:5060", "2001:db8::5"),
        ("0.0.0.0", b"sip.example.com:5060", "0.0.0.0"),
    ],
)
def test_our_own_address_is_the_one_that_others_see(host, sent_by, shown):
    assert own_host(host, sent_by) == shown


@pytest.fixture
def server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(30)
        yield server


@pytest.fixture
def flow():
    return Flow(Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060"), ("198.51.100.21", 50600))


def homer_to(server, **more):
    host, port = server.getsockname()
    return Homer(HepSettings(address=f"{host}:{port}", **more), b"secret", lambda text: f"pseudonym of {len(text)}")


def test_a_message_in_and_a_message_out(server, flow):
    homer = homer_to(server, capture_id=7)
    homer.tell(invite(), flow, CALL_ID, received=True)
    homer.tell(invite(), flow, CALL_ID, received=False)
    came, went = (chunks(server.recv(65_536)) for _ in range(2))
    assert (came[3], came[7]) == (went[4], went[8]) == (ip_address("198.51.100.21").packed, struct.pack("!H", 50600))
    assert (came[4], came[8]) == (went[3], went[7]) == (ip_address("203.0.113.1").packed, struct.pack("!H", 5060))
    assert came[12] == struct.pack("!I", 7)
    assert came[14] == b"secret"
    assert came[17] == CALL_ID.encode()
    assert abs(struct.unpack("!I", came[9])[0] - time.time()) < 60
    assert (homer.sent, homer.lost) == (2, 0)
    homer.close()


def test_numbers_are_hidden_unless_the_operator_wants_them(server, flow):
    hiding, showing = homer_to(server), homer_to(server, mask_numbers=False)
    call_id = "13912345678-1@host"
    for homer in (hiding, showing):
        homer.tell(invite(call_id=call_id), flow, call_id, received=True)
        homer.close()
    hidden, shown = (chunks(server.recv(65_536)) for _ in range(2))
    assert b"12345678" not in hidden[15]
    assert hidden[17] == b"pseudonym of 18", "calls whose Call-IDs look alike are still told apart"
    assert shown[15] == invite(call_id=call_id)
    assert shown[17] == call_id.encode()


def test_a_server_that_is_gone_costs_a_count(flow):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        homer = homer_to(gone)
    for _ in range(20):
        homer.tell(invite(), flow, CALL_ID, received=True)
    assert homer.lost > 0
    assert homer.sent + homer.lost == 20
    homer.close()


def test_a_message_too_large_for_a_datagram_is_lost(server, flow):
    homer = homer_to(server)
    homer.tell(b"x" * 70_000, flow, "", received=True)
    assert (homer.sent, homer.lost) == (0, 1)
    homer.close()


def test_the_address_is_no_name():
    with pytest.raises(ValueError, match="names are not asked for"):
        HepSettings(address="homer.example.com:9060")
    assert ProxySettings.model_fields["hep"].default is None

"""Flows: where a message came from or goes to."""

from ipaddress import ip_address

import pytest

from proxy.sip.flow import Flow, Listener, read_place


def test_a_listener_knows_its_family_and_its_via():
    four = Listener(0, "UDP", "203.0.113.1", 5060, "sbc.rook.example:5060")
    six = Listener(1, "UDP", "2001:db8::1", 5060, "[2001:db8::1]:5060")
    assert (four.family, six.family) == (4, 6)
    assert four.via == b"Via: SIP/2.0/UDP sbc.rook.example:5060;branch="


@pytest.mark.parametrize("transport", ["TCP", "TLS", "WS", "WSS"])
def test_a_flow_over_a_connection_is_reliable(transport: str):
    assert Flow(Listener(0, transport, "203.0.113.1", 5060, "203.0.113.1:5060"), ("198.51.100.1", 5060)).reliable
    assert not Flow(Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060"), ("198.51.100.1", 5060)).reliable


@pytest.mark.parametrize("serial", [0, 1, 0xFFFFFFFF])
@pytest.mark.parametrize("host", ["198.51.100.1", "2001:db8::9", "::ffff:192.0.2.1"])
def test_a_place_is_read_as_it_was_written(host: str, serial: int):
    listener = Listener(3, "TCP" if serial else "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")
    place = Flow(listener, (host, 40_123), serial=serial).place
    assert read_place(place) == (3, str(ip_address(host)), 40_123, serial)


def test_an_address_with_a_zone_has_no_place():
    listener = Listener(0, "UDP", "fe80::1", 5060, "[fe80::1]:5060")
    assert Flow(listener, ("fe80::2%eth0", 5060, 0, 2)).place == b""
    assert read_place(b"") is None

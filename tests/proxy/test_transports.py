"""Which transport a request goes by: what is written is taken, what is large takes a stream, and what fails goes on."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.proxy_settings import ProxySettings
from proxy.sip.uri import parse_uri
from tests import wire
from tests.playbook import SETTINGS, Playbook, Sent, in_dialog, only

TCP_US = "203.0.113.1:5062"
BOTH = [{"address": wire.US}, {"address": TCP_US, "transport": "tcp"}]
PBX = {"name": "office", "addresses": ["tcp:203.0.113.10:5060", "203.0.113.11"]}
LARGE = wire.SDP + "a=candidate:1 1 UDP 2130706431 198.51.100.21 30000 typ host\n" * 25


def via(data: bytes) -> str:
    return wire.headers(data, "Via")[0]


def transport(sent: bytes) -> str:
    return via(sent).partition(" ")[0].rpartition("/")[2]


class Streams(Playbook):
    """A playbook whose listeners are UDP and TCP."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"listen": BOTH, **settings})

    def fails_at(self, data: bytes) -> list[Sent]:
        """No connection could be opened for this request."""
        mark = len(self.log)
        branch = wire.branch(data).encode()
        client = self.core.layer.clients[branch]
        self.core.address_refused(client.flow, branch, self.now)
        self._perform()
        return self.log[mark:]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("tcp:192.0.2.6:5070", ("192.0.2.6", 5070, "tcp")),
        ("TCP:192.0.2.6", ("192.0.2.6", 5060, "tcp")),
        ("tcp:[2001:db8::1]:5070", ("2001:db8::1", 5070, "tcp")),
        ("tcp:pbx.rook.example", ("pbx.rook.example", 5060, "tcp")),
        ("udp:192.0.2.6", ("192.0.2.6", 5060, "udp")),
        ("192.0.2.6:5070", ("192.0.2.6", 5070, "")),
        ("tcp:5070", ("tcp", 5070, "")),  # a host of that name
    ],
)
def test_a_next_hop_may_name_its_transport(text: str, place: tuple[str, int, str]):
    settings = {**SETTINGS, "pbxes": [{"name": "office", "addresses": [text]}]}
    address = ProxySettings.model_validate(settings).pbxes[0].addresses[0]
    assert (address.host, address.port, address.transport) == place
    assert str(address).endswith(address.place)


@pytest.mark.parametrize(
    ("uri", "address", "by"),
    [
        (b"sip:h", (b"h", 5060), "UDP"),
        (b"sip:h;transport=tcp", (b"h", 5060), "TCP"),
        (b"sip:h;transport=TLS", (b"h", 5061), "TLS"),
        (b"sip:h:7;transport=tls", (b"h", 7), "TLS"),
        (b"sips:h", (b"h", 5061), "TLS"),
        (b"sips:h;transport=tcp", (b"h", 5061), "TLS"),
        (b"sips:h;transport=ws", (b"h", 443), "WSS"),
        (b"sip:h;transport=ws", (b"h", 80), "WS"),
        (b"sip:h;transport=sctp", (b"h", 5060), "UDP"),
        (b"tel:123", (b"", 5060), "UDP"),
    ],
)
def test_what_a_uri_says_of_transport_and_port(uri: bytes, address: tuple[bytes, int], by: str):
    parsed = parse_uri(uri)
    assert (parsed.address, parsed.transport) == (address, by)


def test_a_pbx_that_is_written_with_tcp_is_sent_to_by_tcp():
    play = Streams(pbxes=[PBX])
    down = only(play.trunk(wire.invite()), to=wire.PBX)
    assert via(down).startswith(f"SIP/2.0/TCP {TCP_US};branch=")
    routes = wire.headers(down, "Record-Route")
    assert f"@{TCP_US};transport=tcp;lr>" in routes[0]
    assert f"@{wire.US};lr>" in routes[1], "two, where the transport changes (RFC 5658)"


def test_nothing_is_repeated_over_tcp_and_timer_b_ends_it():
    play = Streams(pbxes=[{**PBX, "addresses": ["tcp:203.0.113.10"]}])
    play.trunk(wire.invite())
    later = play.wait(40)
    assert [each for each in later if each.to == wire.PBX] == []
    assert (later[0].brief, later[0].at) == ("408", 32.0)


def test_no_connection_is_a_failure_and_the_next_address_has_its_turn():
    play = Streams(pbxes=[PBX])
    down = only(play.trunk(wire.invite()), to=wire.PBX)
    again = only(play.fails_at(down), to=wire.PBX2)
    assert transport(again) == "UDP"
    assert len(wire.headers(again, "Record-Route")) == 1
    assert play.silences == [("office", "tcp:203.0.113.10", False)]


def test_a_connection_that_breaks_before_any_response_fails_what_waits_on_it():
    play = Streams(pbxes=[PBX])
    down = only(play.trunk(wire.invite()), to=wire.PBX)
    flow = play.core.layer.clients[wire.branch(down).encode()].flow
    mark = len(play.log)
    play.core.flow_to.disconnected(flow)
    play.core.connection_lost(flow, play.now)
    play._perform()
    assert only(play.log[mark:], to=wire.PBX2)


def test_a_connection_that_breaks_while_it_rings_ends_no_call():
    """The PBX may open another one for its answer (RFC 3261 18.2.2)."""
    play = Streams(pbxes=[PBX])
    down = only(play.trunk(wire.invite()), to=wire.PBX)
    play.receive(wire.response(180, down), wire.PBX, listener=1)
    flow = play.core.layer.clients[wire.branch(down).encode()].flow
    play.core.flow_to.disconnected(flow)
    play.core.connection_lost(flow, play.now)
    play._perform()
    up = play.receive(wire.answer(down), wire.PBX, listener=1)
    assert wire.status(only(up, to=wire.TRUNK)) == 200


def test_what_waits_on_a_connection_is_forgotten_with_it():
    play = Streams(pbxes=[PBX])
    down = only(play.trunk(wire.invite()), to=wire.PBX)
    flow = play.core.layer.clients[wire.branch(down).encode()].flow
    assert len(flow.waiting) == 1
    play.receive(wire.response(486, down), wire.PBX, listener=1)
    assert len(flow.waiting) == 0


def test_a_uri_of_the_pbx_side_with_a_transport_is_followed():
    play = Streams()
    call = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout", uri="sip:1@198.51.100.21;transport=tcp")
    down = only(play.pbx(call), to=("198.51.100.21", 5060))
    assert via(down).startswith(f"SIP/2.0/TCP {TCP_US};")
    assert wire.uri(down) == "sip:1@198.51.100.21;transport=tcp"


def test_a_trunk_that_is_written_with_tcp_is_sent_to_by_tcp():
    trunk = {**SETTINGS["trunks"][0], "send_to": ["tcp:198.51.100.21"]}
    play = Streams(trunks=[trunk])
    call = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout", uri=f"sip:{wire.CALLED}@{wire.US}")
    assert transport(only(play.pbx(call), to=wire.TRUNK)) == "TCP"


def test_where_two_transports_stand_at_one_address_the_one_of_the_uri_is_taken():
    play = Streams(pbxes=[{"name": "office", "addresses": ["tcp:203.0.113.10", "udp:203.0.113.10"]}])
    uri = "sip:desk@203.0.113.10;transport="
    sent = [
        only(play.trunk(wire.invite(uri=f"{uri}{by}", call_id=by, via=f"{VIA}{by}")), to=wire.PBX)
        for by in ("tcp", "udp")
    ]
    assert [transport(each) for each in sent] == ["TCP", "UDP"]


VIA = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK"


@pytest.mark.parametrize("addresses", [["203.0.113.10"], ["203.0.113.10", "203.0.113.11"]])
def test_a_large_request_goes_by_tcp_where_the_next_hop_has_it(addresses: list[str]):
    """RFC 3261 18.1.1, and by UDP where it has none; one refusal is remembered."""
    play = Streams(pbxes=[{"name": "office", "addresses": addresses}])
    down = only(play.trunk(wire.invite(body=LARGE)), to=wire.PBX)
    assert transport(down) == "TCP"
    again = only(play.fails_at(down), to=wire.PBX)
    assert transport(again) == "UDP"
    assert play.silences == [], "nobody is silent who takes datagrams"
    second = only(play.trunk(wire.invite(body=LARGE, call_id="two", via=f"{VIA}two")), to=wire.PBX)
    assert transport(second) == "UDP", "at once, the second time"
    play.wait(601)
    third = only(play.trunk(wire.invite(body=LARGE, call_id="three", via=f"{VIA}three")), to=wire.PBX)
    assert transport(third) == "TCP", "and asked again after a while"


@pytest.mark.parametrize(("listen", "address"), [([{"address": wire.US}], "203.0.113.10"), (BOTH, "udp:203.0.113.10")])
def test_a_large_request_goes_by_udp_where_that_is_all_there_is_or_is_written(listen: list[Any], address: str):
    play = Playbook(listen=listen, pbxes=[{"name": "office", "addresses": [address]}])
    assert transport(only(play.trunk(wire.invite(body=LARGE)), to=wire.PBX)) == "UDP"


def test_a_small_request_goes_by_udp():
    play = Streams()
    assert transport(only(play.trunk(wire.invite()), to=wire.PBX)) == "UDP"


def test_a_connection_from_a_pbx_that_is_sent_to_by_a_stream_is_the_pbx_whatever_its_port():
    play = Streams(pbxes=[PBX])
    tcp = play.topology.listeners[1]
    flow = play.core.flow_to.connected(tcp, ("203.0.113.10", 40_123, "", 7), ())
    assert flow.peer.name == "office"
    assert flow.peer.from_pbx
    other = play.core.flow_to.connected(tcp, ("203.0.113.11", 40_123, "", 8), ())
    assert other.peer is None, "its other address is sent to by UDP"


def test_a_trunk_named_by_the_address_of_a_pbx_stays_judged():
    trunk = {**SETTINGS["trunks"][0], "addresses": ["203.0.113.10"]}
    play = Streams(pbxes=[PBX], trunks=[trunk])
    flow = play.core.flow_to.connected(play.topology.listeners[1], ("203.0.113.10", 40_123, "", 7), ())
    assert not flow.peer.from_pbx


def test_the_way_back_of_a_call_out_goes_through_both_listeners():
    """What the PBX sends in the dialog later arrives at its side of the Record-Route pair, and goes on by TCP."""
    play = Streams()
    call = wire.invite(via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout", uri="sip:1@198.51.100.21;transport=tcp")
    down = only(play.pbx(call), to=wire.TRUNK)
    answer = wire.answer(down, extra="Contact: <sip:1@198.51.100.21;transport=tcp>\nContent-Type: application/sdp")
    up = only(play.receive(answer, wire.TRUNK, listener=1), to=wire.PBX)
    bye = in_dialog("BYE", up, via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKbye")
    sent = only(play.pbx(bye), to=wire.TRUNK)
    assert transport(sent) == "TCP"
    assert wire.headers(sent, "Route") == []


def test_connections_live_on_when_the_configuration_changes_and_are_somebody_else_s_then():
    play = Streams(trunks=[{"name": "carrier", "addresses": ["198.51.100.21"], "country": "CN"}])
    flow = play.core.flow_to.connected(play.topology.listeners[1], ("198.51.100.21", 40_123, "", 9), ())
    assert flow.peer.name == "carrier"
    play.core.flow_to.forget()
    now = play.core.flow_to.present(flow)
    assert now is not flow
    assert (now.peer.name, now.serial) == ("carrier", 9)
    assert play.topology.is_connected(play.topology.listeners[1], "198.51.100.21", 40_123, 9)
    play.core.flow_to.disconnected(now)
    assert not play.topology.connected

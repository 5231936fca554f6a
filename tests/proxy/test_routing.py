"""Where it goes next, and that no caller chooses our targets."""

from typing import Any

import pytest

from proxy.neighbours import Target
from proxy.proxy_settings import ProxySettings
from proxy.routing import Topology
from proxy.sip.uri import parse_uri
from tests.playbook import hops

HOUSE: dict[str, Any] = {
    "listen": [
        {"address": "203.0.113.1:5060", "advertise": "sbc.rook.example:5060"},
        {"address": "[2001:db8::1]:5060"},
        {"address": "203.0.113.1:5080", "side": "pbx"},
    ],
    "aliases": ["rook.example"],
    "trunks": [
        {
            "name": "carrier",
            "addresses": ["198.51.100.0/24", "2001:db8:c::/48"],
            "send_to": ["198.51.100.1", "198.51.100.2"],
        },
        {
            "name": "special",
            "addresses": ["198.51.100.9"],
            "identity": "trusted",
            "send_to": ["198.51.100.9"],
            "pbx": "branch",
        },
        {"name": "near", "addresses": ["198.51.100.128/25"]},
    ],
    "pbxes": [
        {"name": "main", "addresses": ["203.0.113.10:5060", "203.0.113.11:5070", "pbx.rook.example"]},
        {"name": "branch", "addresses": ["[2001:db8:b::1]:5060"], "outbound_trunk": "special"},
    ],
}  # fmt: skip


def topology(**settings: Any) -> Topology:
    return Topology(ProxySettings.model_validate({**HOUSE, **settings}))


def peer_name(house: Topology, host: str, port: int = 5060, listener: int = 0) -> str:
    peer = house.places.peer_of(house.listeners[listener], host, port)
    return peer.name if peer else ""


def test_destinations():
    places = {"desk": "sip:desk@203.0.113.77:5070", "six": "sip:d@[2001:DB8::9]", "same": "sip:1@203.0.113.10"}
    house = topology(destinations={**places, "named": "sip:m@Mail.Rook.example"})
    targets = [house.destinations[name].target for name in ("desk", "six", "same", "named")]
    assert [(target.host, target.port) for target in targets] == [
        ("203.0.113.77", 5070),
        ("2001:db8::9", 5060),
        ("203.0.113.10", 5060),
        ("mail.rook.example", 5060),
    ]
    assert peer_name(house, "203.0.113.77", 5070) == "desk"
    assert peer_name(house, "203.0.113.10") == "main", "a mailbox of the PBX does not take its calls away"
    named = house.destinations["named"].target
    assert named in house.named_targets()
    house.places.learn(named, hops(["203.0.113.88"]))
    assert peer_name(house, "203.0.113.88") == "named"
    house.places.learn(named, hops(["198.51.100.9"]))
    assert peer_name(house, "198.51.100.9") == "special", "a name that leads to a trunk frees nobody from judgement"
    elsewhere = parse_uri(b"sip:d@10.9.9.9")
    assert house.targets_of_diverted(house.destinations["six"].mark, elsewhere) == [house.destinations["six"].target]
    assert house.targets_of_diverted(b"00000000", elsewhere) is None, "the configuration has changed since"


@pytest.mark.parametrize(
    "uri",
    [
        b"sip:203.0.113.1", b"sip:x@203.0.113.1:5060", b"sip:sbc.rook.example", b"sip:SBC.Rook.Example:5060",
        b"sip:rook.example",
        b"sip:[2001:db8::1]", b"sip:203.0.113.1:5080", b"sip:[2001:DB8:0:0::1]", b"sip:rook.example;transport=udp",
    ],
)  # fmt: skip
def test_what_names_us(uri: bytes):
    assert topology().names_us(parse_uri(uri))


@pytest.mark.parametrize(
    "uri",
    [b"sip:203.0.113.1:5061", b"sip:203.0.113.2", b"sip:x.rook.example", b"tel:+1", b"urn:x:y", b"sip:[2001:db8::2]"],
)
def test_what_does_not(uri: bytes):
    assert not topology().names_us(parse_uri(uri))


@pytest.mark.parametrize(
    ("uri", "first"),
    [
        (b"sip:x@203.0.113.11:5070", ("203.0.113.11", 5070)),
        (b"sip:x@[2001:db8:b::1]", ("2001:db8:b::1", 5060)),
        (b"sip:x@192.0.2.66", ("203.0.113.10", 5060)),
        (b"sip:x@203.0.113.10:9999", ("203.0.113.10", 5060)),
        (b"tel:+8613800138000", ("203.0.113.10", 5060)),
        (b"urn:service:sos", ("203.0.113.10", 5060)),
    ],
)
def test_a_trunk_reaches_only_what_is_configured(uri: bytes, first: tuple[str, int]):
    house = topology()
    peer = house.places.peer_of(house.listeners[0], "198.51.100.1", 5060)
    assert peer is not None
    target = house.targets_from_trunk(peer, parse_uri(uri))[0]
    assert (target.host, target.port) == first


def test_a_trunk_ends_at_its_own_pbx_and_all_its_addresses_are_tried():
    house = topology()
    main, branch = (house.places.peer_of(house.listeners[0], host, 5060) for host in ("198.51.100.1", "198.51.100.9"))
    assert main is not None
    assert branch is not None
    elsewhere = parse_uri(b"sip:x@192.0.2.66")
    assert [t.host for t in house.targets_from_trunk(main, elsewhere)] == [
        "203.0.113.10",
        "203.0.113.11",
        "pbx.rook.example",
    ]
    assert [t.host for t in house.targets_from_trunk(branch, elsewhere)] == ["2001:db8:b::1"]


@pytest.mark.parametrize(
    ("host", "uri", "targets"),
    [
        ("203.0.113.10", b"sip:x@192.0.2.66:7", [("192.0.2.66", 7)]),
        ("203.0.113.10", b"sip:x@h.example;maddr=192.0.2.67", [("192.0.2.67", 5060)]),
        ("203.0.113.10", b"sip:x@[2001:db8::99]", [("2001:db8::99", 5060)]),
        ("203.0.113.10", b"sip:x@rook.example", [("198.51.100.1", 5060), ("198.51.100.2", 5060)]),
        ("203.0.113.10", b"tel:+8613800138000", [("198.51.100.1", 5060), ("198.51.100.2", 5060)]),
        ("2001:db8:b::1", b"sip:x@rook.example", [("198.51.100.9", 5060)]),
    ],
)
def test_where_a_call_of_the_pbx_goes(host: str, uri: bytes, targets: list[tuple[str, int]]):
    house = topology()
    peer = house.places.peer_of(house.listeners[0], host, 5060)
    assert peer is not None
    assert [(t.host, t.port) for t in house.targets_from_pbx(peer, parse_uri(uri))] == targets


def test_the_listener_to_send_from_is_of_the_family_and_the_side():
    house = topology()
    four, six, inside = house.listeners
    assert house.listener_for(four, Target("198.51.100.1", 5060)) is four
    assert house.listener_for(six, Target("198.51.100.1", 5060)) is four
    assert house.listener_for(four, Target("2001:db8:c::1", 5060)) is six
    assert house.listener_for(four, Target("203.0.113.10", 5060)) is inside
    assert house.listener_for(inside, Target("198.51.100.1", 5060)) is four


def test_without_a_listener_of_the_family_nothing_can_be_sent():
    house = topology(listen=[{"address": "203.0.113.1"}], pbxes=[{"name": "main", "addresses": ["203.0.113.10"]}],
                     trunks=[{"name": "default"}])  # fmt: skip
    assert house.listener_for(house.listeners[0], Target("2001:db8::9", 5060)) is None


def test_who_may_see_an_identity_that_asks_for_privacy():
    house = topology()
    assert house.trusts(Target("198.51.100.9", 5060))
    assert house.trusts(Target("203.0.113.10", 5060))
    assert not house.trusts(Target("198.51.100.1", 5060))

"""Who sends and where it goes next: peers, sides, and that no caller chooses our targets."""

from typing import Any

import pytest

from proxy.next_hops import Hop
from proxy.proxy_settings import ProxySettings
from proxy.routing import Target, Topology, is_address
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
    peer = house.peer_of(house.listeners[listener], host, port)
    return peer.name if peer else ""


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [
        ("198.51.100.1", 5060, "carrier"),
        ("198.51.100.1", 40000, "carrier"),
        ("198.51.100.9", 5060, "special"),  # an address beats its network
        ("198.51.100.200", 5060, "near"),  # the narrower network wins
        ("2001:db8:c::77", 5060, "carrier"),
        ("203.0.113.10", 5060, "main"),
        ("203.0.113.11", 5070, "main"),
        ("203.0.113.11", 5060, ""),  # a PBX is an address and a port
        ("2001:db8:b::1", 5060, "branch"),
        ("192.0.2.66", 5060, ""),
    ],
)
def test_who_sends(host: str, port: int, name: str):
    assert peer_name(topology(), host, port) == name


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
    house.learn(named, hops(["203.0.113.88"]))
    assert peer_name(house, "203.0.113.88") == "named"
    house.learn(named, hops(["198.51.100.9"]))
    assert peer_name(house, "198.51.100.9") == "special", "a name that leads to a trunk frees nobody from judgement"
    elsewhere = parse_uri(b"sip:d@10.9.9.9")
    assert house.targets_of_diverted(house.destinations["six"].mark, elsewhere) == [house.destinations["six"].target]
    assert house.targets_of_diverted(b"00000000", elsewhere) is None, "the configuration has changed since"


def test_a_target_at_an_address_keeps_its_transport_and_the_name_that_led_there():
    named = Target("pbx.rook.example", 5061, transport="TLS")
    found = named.at(Hop("203.0.113.10", 5061, "TLS"))
    assert (found.host, found.port, found.transport, found.domain) == ("203.0.113.10", 5061, "TLS", "pbx.rook.example")
    assert Target("203.0.113.10", 5060).transport == "UDP"


def test_the_default_trunk_takes_every_other_source():
    house = topology(trunks=[*HOUSE["trunks"], {"name": "default"}])
    assert peer_name(house, "192.0.2.66") == "default"
    assert peer_name(house, "203.0.113.10", 9) == "default"
    assert peer_name(house, "198.51.100.1") == "carrier"


def test_whatever_a_pbx_listener_takes_is_the_pbx():
    assert peer_name(topology(), "192.0.2.66", listener=2) == "main"


def test_sides():
    house = topology()
    trunk, pbx = (house.peer_of(house.listeners[0], host, 5060) for host in ("198.51.100.1", "203.0.113.10"))
    assert trunk is not None
    assert pbx is not None
    assert (trunk.from_pbx, pbx.from_pbx) == (False, True)
    assert b"p-asserted-identity" in trunk.dropped
    assert not pbx.dropped
    assert (trunk.trunk.name, trunk.trunk.profile) == ("carrier", "decline")


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
    peer = house.peer_of(house.listeners[0], "198.51.100.1", 5060)
    assert peer is not None
    target = house.targets_from_trunk(peer, parse_uri(uri))[0]
    assert (target.host, target.port) == first


def test_a_trunk_ends_at_its_own_pbx_and_all_its_addresses_are_tried():
    house = topology()
    main, branch = (house.peer_of(house.listeners[0], host, 5060) for host in ("198.51.100.1", "198.51.100.9"))
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
    peer = house.peer_of(house.listeners[0], host, 5060)
    assert peer is not None
    assert [(t.host, t.port) for t in house.targets_from_pbx(peer, parse_uri(uri))] == targets


def test_a_name_of_the_pbx_is_known_by_its_address_once_it_is_resolved():
    house = topology()
    [named] = house.named_targets()
    assert peer_name(house, "203.0.113.77") == ""
    house.learn(named, hops(["203.0.113.77"]))
    assert peer_name(house, "203.0.113.77") == "main"


def test_where_a_name_led_before_nobody_calls_out_unjudged():
    """The address may have been given to anybody since; dialogs that began there go on."""
    house = topology()
    [named] = house.named_targets()
    house.learn(named, hops(["203.0.113.77", "203.0.113.78"]))
    house.learn(named, hops(["203.0.113.78", "203.0.113.79"]))
    assert [peer_name(house, f"203.0.113.{last}") for last in (77, 78, 79)] == ["", "main", "main"]
    assert not house.is_configured(parse_uri(b"sip:203.0.113.77"))
    assert house.place_of("203.0.113.77", 5060) == ""
    assert house.known_at("203.0.113.77") == ""
    assert house.former_at("203.0.113.77", 5060, None) is not None
    house.learn(named, [])
    assert peer_name(house, "203.0.113.79") == "main", "a name that leads nowhere for now was given to nobody"
    house.learn(named, hops(["203.0.113.77"]))
    assert [peer_name(house, f"203.0.113.{last}") for last in (77, 79)] == ["main", ""]


def test_a_name_of_the_pbx_that_leads_to_a_trunk_frees_none_of_its_calls_from_judgement():
    """A name server that errs, or lies, would make the carrier a PBX."""
    house = topology()
    [named] = house.named_targets()
    house.learn(named, hops(["198.51.100.9"]))
    assert peer_name(house, "198.51.100.9") == "special"
    assert not house.is_pbx(Target("198.51.100.9", 5060))


def test_an_address_that_is_written_stays_when_a_name_leads_away_from_it():
    house = topology()
    [named] = house.named_targets()
    house.learn(named, hops(["203.0.113.10"]))
    house.learn(named, hops(["203.0.113.77"]))
    assert ("203.0.113.10", 5060, "UDP") in house.addresses
    assert peer_name(house, "203.0.113.10") == "main"


def test_two_names_that_lead_to_one_address_hold_it_until_both_lead_away():
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["one.example"]}, {"name": "other", "addresses": ["two.example"]}],
        trunks=[{"name": "default"}],
    )
    one, two = house.named_targets()
    for named in (one, two):
        house.learn(named, hops(["203.0.113.77"]))
    assert peer_name(house, "203.0.113.77") == "main"
    house.learn(one, hops(["203.0.113.78"]))
    assert peer_name(house, "203.0.113.77") == "other"
    house.learn(two, hops(["203.0.113.79"]))
    assert peer_name(house, "203.0.113.77") == "default"


@pytest.mark.parametrize("leads", [["198.51.100.77"], []])
def test_where_a_name_of_a_carrier_led_before_is_nobodys_either(leads: list[str]):
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["203.0.113.10"], "outbound_trunk": "carrier"}],
        trunks=[{"name": "carrier", "send_to": ["gateway.example"]}, {"name": "default"}],
    )
    [named] = house.named_targets()
    house.learn(named, hops(["198.51.100.76"]))
    assert house.known_at("198.51.100.76") == "carrier"
    house.learn(named, hops(leads))
    assert house.known_at("198.51.100.76") == ("" if leads else "carrier")


def test_whom_calls_out_go_to_is_heard_within_them_though_no_trunk_names_his_address():
    """His hanging up was refused: what he sends is taken for the trunk's where it has the token of a dialog."""
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["203.0.113.10"], "outbound_trunk": "carrier"}],
        trunks=[{"name": "carrier", "addresses": ["198.51.100.7"], "send_to": ["198.51.100.8", "gateway.example"]}],
    )
    (named,) = house.named_targets()
    house.learn(named, hops(["198.51.100.9"]))
    for host in ("198.51.100.8", "198.51.100.9"):
        assert peer_name(house, host) == ""
        found = house.former_at(host, 5060, None)
        assert found is not None
        assert found.name == "carrier"
    assert house.former_at("198.51.100.10", 5060, None) is None


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


@pytest.mark.parametrize(
    ("host", "literal"),
    [
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("pbx.example", False),
        ("1.example", False),
        ("", False),
        (".", False),
    ],
)
def test_an_address_or_a_name(host: str, literal: bool):
    assert is_address(host) is literal


def test_the_sent_by_of_a_via_names_a_port_only_where_it_is_a_name_of_the_configuration():
    """RFC 3263 5, for whoever the configuration names: no Via of a stranger makes anybody be looked up."""
    house = topology()
    [named] = house.named_targets()
    house.learn(named, [Hop("203.0.113.77", 5075, "TCP"), Hop("203.0.113.78", 5076, "TCP")])
    assert house.port_led_to(named.host, "203.0.113.78", "TCP") == 5076
    assert house.port_led_to(named.host, "203.0.113.78", "UDP") == 0
    assert house.port_led_to("elsewhere.example", "203.0.113.78", "TCP") == 0
    house.learn(named, [Hop("203.0.113.77", 5075, "TCP")])
    assert house.port_led_to(named.host, "203.0.113.78", "TCP") == 0, "it leads there no longer"

"""Who sends: peers by their addresses, sides, and what names lead to."""

import pytest

from proxy.neighbours import Target
from proxy.next_hops import Hop
from proxy.sip.uri import parse_uri
from tests.playbook import hops
from tests.proxy.test_routing import HOUSE, peer_name, topology


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


def test_the_default_trunk_takes_every_other_source():
    house = topology(trunks=[*HOUSE["trunks"], {"name": "default"}])
    assert peer_name(house, "192.0.2.66") == "default"
    assert peer_name(house, "203.0.113.10", 9) == "default"
    assert peer_name(house, "198.51.100.1") == "carrier"


def test_whatever_a_pbx_listener_takes_is_the_pbx():
    assert peer_name(topology(), "192.0.2.66", listener=2) == "main"


def test_sides():
    house = topology()
    trunk, pbx = (house.places.peer_of(house.listeners[0], host, 5060) for host in ("198.51.100.1", "203.0.113.10"))
    assert trunk is not None
    assert pbx is not None
    assert (trunk.from_pbx, pbx.from_pbx) == (False, True)
    assert b"p-asserted-identity" in trunk.dropped
    assert not pbx.dropped
    assert (trunk.trunk.name, trunk.trunk.profile) == ("carrier", "decline")


def test_a_name_of_the_pbx_is_known_by_its_address_once_it_is_resolved():
    house = topology()
    [named] = house.named_targets()
    assert peer_name(house, "203.0.113.77") == ""
    house.places.learn(named, hops(["203.0.113.77"]))
    assert peer_name(house, "203.0.113.77") == "main"


def test_where_a_name_led_before_nobody_calls_out_unjudged():
    """The address may have been given to anybody since; dialogs that began there go on."""
    house = topology()
    [named] = house.named_targets()
    house.places.learn(named, hops(["203.0.113.77", "203.0.113.78"]))
    house.places.learn(named, hops(["203.0.113.78", "203.0.113.79"]))
    assert [peer_name(house, f"203.0.113.{last}") for last in (77, 78, 79)] == ["", "main", "main"]
    assert not house.places.is_configured(parse_uri(b"sip:203.0.113.77"))
    assert house.places.place_of("203.0.113.77", 5060) == ""
    assert house.places.known_at("203.0.113.77") == ""
    assert house.places.former_at("203.0.113.77", 5060, None) is not None
    house.places.learn(named, [])
    assert peer_name(house, "203.0.113.79") == "main", "a name that leads nowhere for now was given to nobody"
    house.places.learn(named, hops(["203.0.113.77"]))
    assert [peer_name(house, f"203.0.113.{last}") for last in (77, 79)] == ["main", ""]


def test_a_name_of_the_pbx_that_leads_to_a_trunk_frees_none_of_its_calls_from_judgement():
    """A name server that errs, or lies, would make the carrier a PBX."""
    house = topology()
    [named] = house.named_targets()
    house.places.learn(named, hops(["198.51.100.9"]))
    assert peer_name(house, "198.51.100.9") == "special"
    assert not house.places.is_pbx(Target("198.51.100.9", 5060))


def test_an_address_that_is_written_stays_when_a_name_leads_away_from_it():
    house = topology()
    [named] = house.named_targets()
    house.places.learn(named, hops(["203.0.113.10"]))
    house.places.learn(named, hops(["203.0.113.77"]))
    assert ("203.0.113.10", 5060, "UDP") in house.places.addresses
    assert peer_name(house, "203.0.113.10") == "main"


def test_two_names_that_lead_to_one_address_hold_it_until_both_lead_away():
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["one.example"]}, {"name": "other", "addresses": ["two.example"]}],
        trunks=[{"name": "default"}],
    )
    one, two = house.named_targets()
    for named in (one, two):
        house.places.learn(named, hops(["203.0.113.77"]))
    assert peer_name(house, "203.0.113.77") == "main"
    house.places.learn(one, hops(["203.0.113.78"]))
    assert peer_name(house, "203.0.113.77") == "other"
    house.places.learn(two, hops(["203.0.113.79"]))
    assert peer_name(house, "203.0.113.77") == "default"


@pytest.mark.parametrize("leads", [["198.51.100.77"], []])
def test_where_a_name_of_a_carrier_led_before_is_nobodys_either(leads: list[str]):
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["203.0.113.10"], "outbound_trunk": "carrier"}],
        trunks=[{"name": "carrier", "send_to": ["gateway.example"]}, {"name": "default"}],
    )
    [named] = house.named_targets()
    house.places.learn(named, hops(["198.51.100.76"]))
    assert house.places.known_at("198.51.100.76") == "carrier"
    house.places.learn(named, hops(leads))
    assert house.places.known_at("198.51.100.76") == ("" if leads else "carrier")


def test_whom_calls_out_go_to_is_heard_within_them_though_no_trunk_names_his_address():
    """His hanging up was refused: what he sends is taken for the trunk's where it has the token of a dialog."""
    house = topology(
        listen=[{"address": "203.0.113.1"}],
        pbxes=[{"name": "main", "addresses": ["203.0.113.10"], "outbound_trunk": "carrier"}],
        trunks=[{"name": "carrier", "addresses": ["198.51.100.7"], "send_to": ["198.51.100.8", "gateway.example"]}],
    )
    (named,) = house.named_targets()
    house.places.learn(named, hops(["198.51.100.9"]))
    for host in ("198.51.100.8", "198.51.100.9"):
        assert peer_name(house, host) == ""
        found = house.places.former_at(host, 5060, None)
        assert found is not None
        assert found.name == "carrier"
    assert house.places.former_at("198.51.100.10", 5060, None) is None


def test_the_sent_by_of_a_via_names_a_port_only_where_it_is_a_name_of_the_configuration():
    """RFC 3263 5, for whoever the configuration names: no Via of a stranger makes anybody be looked up."""
    house = topology()
    [named] = house.named_targets()
    house.places.learn(named, [Hop("203.0.113.77", 5075, "TCP"), Hop("203.0.113.78", 5076, "TCP")])
    assert house.places.port_led_to(named.host, "203.0.113.78", "TCP") == 5076
    assert house.places.port_led_to(named.host, "203.0.113.78", "UDP") == 0
    assert house.places.port_led_to("elsewhere.example", "203.0.113.78", "TCP") == 0
    house.places.learn(named, [Hop("203.0.113.77", 5075, "TCP")])
    assert house.places.port_led_to(named.host, "203.0.113.78", "TCP") == 0, "it leads there no longer"

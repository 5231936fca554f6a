"""What a target is: an address, or a name that leads to some."""

import pytest

from proxy.neighbours import Target, is_address
from proxy.next_hops import Hop


def test_a_target_at_an_address_keeps_its_transport_and_the_name_that_led_there():
    named = Target("pbx.rook.example", 5061, transport="TLS")
    found = named.at(Hop("203.0.113.10", 5061, "TLS"))
    assert (found.host, found.port, found.transport, found.domain) == ("203.0.113.10", 5061, "TLS", "pbx.rook.example")
    assert Target("203.0.113.10", 5060).transport == "UDP"


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

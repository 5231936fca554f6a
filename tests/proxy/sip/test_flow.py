"""Flows: where a message came from or goes to."""

from proxy.sip.flow import Flow, Listener


def test_a_listener_knows_its_family_and_its_via():
    four = Listener(0, "UDP", "203.0.113.1", 5060, "sbc.rook.example:5060")
    six = Listener(1, "UDP", "2001:db8::1", 5060, "[2001:db8::1]:5060")
    assert (four.family, six.family) == (4, 6)
    assert four.via == b"Via: SIP/2.0/UDP sbc.rook.example:5060;branch="


def test_a_flow_over_a_connection_is_reliable():
    listener = Listener(0, "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")
    assert not Flow(listener, ("198.51.100.1", 5060)).reliable
    assert Flow(listener, ("198.51.100.1", 5060), connection=object()).reliable

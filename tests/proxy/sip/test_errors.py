"""What a peer can do wrong, and the answer that each fault names."""

from proxy.sip.errors import BadHeader, BadMessage, SipError


def test_every_fault_of_a_peer_is_one_tree():
    assert issubclass(BadMessage, SipError)
    assert issubclass(BadHeader, SipError)


def test_a_bad_header_names_the_field_and_keeps_what_stood_there():
    error = BadHeader("CSeq", b"one INVITE")
    assert str(error) == "malformed CSeq"
    assert (error.name, error.value, error.status) == ("CSeq", b"one INVITE", 400)

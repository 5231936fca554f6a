"""The proxy's own responses: one To tag a request, by which their ACK is known."""

from proxy.answers import Answers
from proxy.sip.message import parse_request
from proxy.validation import Refusal
from tests import wire


def ack_for(response: bytes, **changes: str) -> bytes:
    """The ACK a caller sends for this response."""
    return wire.request("ACK", to=changes.pop("to", wire.header(response, "To")), **changes)


def test_every_response_to_a_request_has_the_same_tag():
    """RFC 3261 8.2.7: a retransmission must not get another."""
    request = parse_request(wire.invite())
    tags = {wire.header(Answers(7).final(request, status), "To") for status in (403, 404, 503)}
    assert len(tags) == 1


def test_a_100_has_none():
    """8.2.6.2: only the UAS gives the dialog its tag."""
    assert "tag=" not in wire.header(Answers(7).trying(parse_request(wire.invite())), "To")


def test_the_ack_of_a_response_of_ours_is_known_without_state():
    answers = Answers(7)
    response = answers.refusal(parse_request(wire.invite()), Refusal(403, "Forbidden"))
    assert answers.acknowledges_us(parse_request(ack_for(response)))


def test_another_node_or_another_call_is_not_ours():
    response = Answers(7).final(parse_request(wire.invite()), 403)
    assert not Answers(8).acknowledges_us(parse_request(ack_for(response)))
    assert not Answers(7).acknowledges_us(parse_request(ack_for(response, call_id="another")))
    assert not Answers(7).acknowledges_us(parse_request(ack_for(response, to="<sip:a@b.example>;tag=rfabc")))


def test_options_to_us_says_what_we_take():
    """RFC 3261 11.2."""
    response = Answers(7).options(parse_request(wire.request("OPTIONS")))
    assert wire.status(response) == 200
    assert wire.header(response, "Accept") == "application/sdp"

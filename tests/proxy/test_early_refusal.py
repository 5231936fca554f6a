"""A new call is refused by its octets alone as it would be otherwise, or goes the usual way."""

from __future__ import annotations

import pytest

from proxy.early_refusal import EarlyRefusal
from tests import wire
from tests.playbook import Playbook

EARLY = EarlyRefusal(7)


def refusal(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> bytes | None:
    flow = play.core.flow_to(play.topology.listeners[0], *source)
    return EARLY.of(data, flow, play.core.layer.servers)


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone",
        "SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKone",
        "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone;rport",
        "SIP/2.0/UDP 198.51.100.21:5060;rport;branch=z9hG4bKone",
        "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone\nVia: SIP/2.0/UDP far;branch=z9hG4bKtwo",
    ],
)
def test_it_is_the_answer_that_it_would_get_otherwise(play: Playbook, via: str):
    data = wire.invite(via=via)
    early = refusal(play, data)
    assert early is not None
    play.core.too_late = True
    [usual] = play.trunk(data)
    for name in ("Via", "From", "Call-ID", "CSeq", "Retry-After", "Content-Length"):
        assert wire.headers(early, name) == wire.headers(usual.data, name)
    assert wire.start_line(early) == wire.start_line(usual.data)
    to, tag = wire.header(early, "To").split(";tag=")
    assert to == wire.header(data, "To")
    assert refusal(play, data) == early, "the same to each repeat (RFC 3261 8.2.7)"
    assert tag.startswith("rfo7.")


def test_whatever_stands_where_is_copied_from_where_it_stands(play: Playbook):
    """One sender writes his header fields in this order, the next in another, with as many lines."""
    head, _, body = wire.invite().partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    for number in (0, 3, 0, 5, 1):
        turned = b"\r\n".join((start, *lines[number:], *lines[:number])) + b"\r\n\r\n" + body
        answer = refusal(play, turned)
        assert answer is not None
        for name in ("Via", "From", "Call-ID", "CSeq"):
            assert wire.headers(answer, name) == wire.headers(turned, name)
    more = wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone\nVia: SIP/2.0/UDP far;branch=z9hG4bKtwo")
    as_long = more.replace(b"Max-Forwards: 70\r\n", b"", 1)
    assert len(as_long.split(b"\r\n")) == len(wire.invite().split(b"\r\n"))
    answer = refusal(play, as_long)
    assert answer is not None
    assert wire.headers(answer, "Via") == wire.headers(as_long, "Via")


def test_its_ack_is_known_and_no_other(play: Playbook):
    data = wire.invite()
    early = refusal(play, data)
    assert early is not None
    assert EARLY.acknowledges(wire.ack(data, early))
    assert not EarlyRefusal(8).acknowledges(wire.ack(data, early))
    assert not EARLY.acknowledges(wire.request("ACK", to="<sip:a@b>;tag=rf7"))


@pytest.mark.parametrize(
    "data",
    [
        wire.invite(to="<sip:a@b>;tag=x"),
        wire.invite(via="SIP/2.0/UDP 198.51.100.99:5060;branch=z9hG4bKone"),
        wire.invite(via="SIP/2.0/UDP 198.51.100.21:5070;branch=z9hG4bKone"),
        wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=one"),
        wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone, SIP/2.0/UDP far;branch=z9hG4bKtwo"),
        wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone;RPORT"),
        wire.invite(via="nonsense"),
        wire.invite().replace(b"From:", b"f:"),
        wire.invite().replace(b"Via:", b"v:"),
        wire.invite().replace(b"Call-ID: ", b"Call-ID:\r\n "),
        wire.invite().replace(b"To: ", b"To: <sip:a@b>\r\nTo: "),
        wire.invite().replace(b"CSeq: 1 INVITE\r\n", b""),
        wire.invite().partition(b"\r\n\r\n")[0],
        wire.invite(extra="X: " + "x" * 5000),
        b"INVITE ",
    ],
)
def test_what_is_written_otherwise_goes_the_usual_way(play: Playbook, data: bytes):
    assert refusal(play, data) is None


def test_a_repeat_of_a_call_that_was_taken_is_none(play: Playbook):
    play.forwarded()
    assert refusal(play, wire.invite()) is None
    assert refusal(play, wire.invite(via="SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKother")) is not None

"""RFC 3261 16.3: a request that is not fit gets the answer that the RFC names, and goes nowhere."""

import pytest

from tests import wire
from tests.playbook import ANY_METHOD, Playbook, briefs, only
from tests.torture import VECTORS


def refused(play: Playbook, data: bytes, source: tuple[str, int] = wire.TRUNK) -> bytes:
    """The one answer to a request that goes nowhere."""
    sent = play.trunk(data, source)
    assert [each.to for each in sent] == [source]
    assert play.calls == [], "a request that is refused is not judged"
    return sent[0].data


def with_line(old: bytes, new: bytes, data: bytes | None = None) -> bytes:
    data = data or wire.invite()
    assert old in data
    return data.replace(old, new, 1)


# Step 1: reasonable syntax


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: <sip:+8613912345678@wren.example>;tag=wren\r\n", b""),
        (
            b"From: <sip:+8613912345678@wren.example>;tag=wren\r\n",
            b"From: <sip:a@b>;tag=1\r\nFrom: <sip:c@d>;tag=2\r\n",
        ),
        (b"From: <sip:+8613912345678@wren.example>;tag=wren\r\n", b"From: <sip:a@b>;tag=1\r\nf: <sip:c@d>;tag=2\r\n"),
        (b"From: <sip:+8613912345678@wren.example>;tag=wren", b"From: <sip:a@b>;tag=1, <sip:c@d>;tag=2"),
        (b"From: <sip:+8613912345678@wren.example>", b'From: "open <sip:+8613912345678@wren.example>'),
        (b"To: <sip:+8613800138000@rook.example>\r\n", b""),
        (b"To: <sip:+8613800138000@rook.example>", b"To: <sip:a@b>, <sip:c@d>"),
        (b"Call-ID: call-1@wren.example\r\n", b""),
        (b"Call-ID: call-1@wren.example", b"Call-ID:"),
        (b"Call-ID: call-1@wren.example", b"Call-ID: a\r\nCall-ID: b"),
        (b"CSeq: 1 INVITE\r\n", b""),
        (b"CSeq: 1 INVITE", b"CSeq: 1 OPTIONS"),
        (b"CSeq: 1 INVITE", b"CSeq: 1 invite"),
        (b"CSeq: 1 INVITE", b"CSeq: 4294967296 INVITE"),
        (b"CSeq: 1 INVITE", b"CSeq: -1 INVITE"),
        (b"CSeq: 1 INVITE", b"CSeq: INVITE"),
        (b"Max-Forwards: 70", b"Max-Forwards: -1"),
        (b"Max-Forwards: 70", b"Max-Forwards: many"),
        (b"Content-Length: 99", b"Content-Length: 100"),
        (b"Content-Length: 99", b"Content-Length: 99\r\nl: 98"),
        (b"Content-Type: application/sdp", b"Content Type: application/sdp"),
        (b"INVITE sip:", b"INVITE  sip:"),
        (b" SIP/2.0\r\n", b" SIP/2.0 \r\n"),
        (b"@203.0.113.1:5060 SIP", b"@203.0.113.1:5060?Subject=x SIP"),
        (b"@203.0.113.1:5060 SIP", b"@2001:db8::1 SIP"),
        (b"@203.0.113.1:5060 SIP", b"@203.0.113.1:99999 SIP"),
        (b"@203.0.113.1:5060 SIP", b"@ SIP"),
    ],
)
def test_400(play: Playbook, old: bytes, new: bytes):
    assert wire.status(refused(play, with_line(old, new))) == 400


@pytest.mark.parametrize("route", ["nonsense", "<sip:a", "<sip:a;lr>, nonsense", "<>", "<tel>"])
def test_400_for_a_route_that_can_not_be_read(play: Playbook, route: str):
    assert wire.status(refused(play, wire.invite(extra=f"Route: {route}"))) == 400


def test_400_for_a_top_via_that_can_not_be_read(play: Playbook):
    assert wire.status(refused(play, wire.invite(via="SIP/2.0/UDP 198.51.100.21;;"))) == 400


@pytest.mark.parametrize("port", ["65536", "99999"])
def test_400_for_a_via_with_a_port_that_is_none(play: Playbook, port: str):
    """And it goes to where the request came from: nothing can be sent to such a port."""
    answer = refused(play, wire.invite(via=f"SIP/2.0/UDP 198.51.100.21:{port};branch=z9hG4bKport"))
    assert wire.status(answer) == 400


def test_a_request_without_via_can_not_be_answered(play: Playbook):
    assert play.trunk(b"OPTIONS sip:x SIP/2.0\r\nFrom: <sip:a@b>\r\n\r\n") == []
    assert play.core.dropped == {"no Via": 1}


@pytest.mark.parametrize(
    "start", [b"SIP/3.0 200 OK", b"SIP/2.0  200 OK", b"SIP/2.0\t200 OK", b"SIP/2.0 20 OK", b"SIP/2.0 OK", b"SIP/2.0"]
)
def test_what_looks_like_a_response_is_never_answered(play: Playbook, start: bytes):
    assert play.trunk(wire.response(200, wire.invite()).replace(b"SIP/2.0 200 Whatever", start, 1)) == []


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"\0", b"\0" * 4, b"\r\n", b" "])
def test_keep_alives_are_dropped_and_counted(play: Playbook, data: bytes):
    assert play.trunk(data) == []
    assert play.core.dropped == {"keep-alive": 1}


@pytest.mark.parametrize("data", [b"hello", b"\x80" * 65507, b"GET / HTTP/1.0\r\n\r\n", b"INVITE sip:x\r\n\r\n"])
def test_what_is_no_sip_is_dropped_and_counted(play: Playbook, data: bytes):
    assert play.trunk(data) == []
    assert play.core.dropped == {"not SIP": 1}


def test_501_for_a_method_nobody_knows_whose_cseq_says_another(play: Playbook):
    """RFC 4475 3.1.2.18 prefers 501 to 400."""
    assert wire.status(refused(play, with_line(b"CSeq: 1 DANCE", b"CSeq: 1 INVITE", wire.request("DANCE")))) == 501


@pytest.mark.parametrize("version", [b"SIP/1.0", b"SIP/3.0", b"SIP/7.0", b"SIP/20.0"])
def test_505_for_another_version(play: Playbook, version: bytes):
    assert wire.status(refused(play, with_line(b" SIP/2.0\r\n", b" " + version + b"\r\n"))) == 505


# Step 2: URI scheme


@pytest.mark.parametrize(
    "uri", ["http://rook.example", "mailto:a@b.example", "fax:1234", "urn:isbn:1", "x:y", "im:a@b"]
)
def test_416_for_a_scheme_that_is_no_call(play: Playbook, uri: str):
    assert wire.status(refused(play, wire.invite(uri=uri))) == 416


@pytest.mark.parametrize(
    "uri", ["sip:1@rook.example", "SIP:1@rook.example", "sips:1@rook.example", "tel:+8613800138000", "urn:service:sos"]
)
def test_the_schemes_of_calls_go_on(play: Playbook, uri: str):
    assert wire.uri(play.forwarded(uri=uri)) == uri


# Step 3: Max-Forwards


@pytest.mark.parametrize("method", ["INVITE", "OPTIONS", "BYE", "REGISTER", "DANCE"])
def test_483_when_it_may_go_no_further(play: Playbook, method: str):
    assert wire.status(refused(play, wire.request(method, max_forwards="0"))) == 483


def test_an_ack_that_may_go_no_further_is_dropped(play: Playbook):
    assert play.trunk(wire.request("ACK", max_forwards="0", to="<sip:a@b>;tag=x")) == []


@pytest.mark.parametrize(("came", "leaves"), [("70", "69"), ("1", "0"), ("255", "254"), ("0068", "67"), (None, "70")])
def test_max_forwards_counts_down(play: Playbook, came: str | None, leaves: str):
    """16.6 step 3: one less, or 70 where there was none."""
    assert wire.header(play.forwarded(max_forwards=came), "Max-Forwards") == leaves


# Step 4: loops (RFC 5393)


def looped(down: bytes) -> bytes:
    """What the PBX got comes back to us from the trunk, one hop on."""
    head, _, rest = down.partition(b"\r\n")
    via = b"Via: SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKaround"
    lines = [line for line in rest.split(b"\r\n") if not line.startswith(b"Record-Route")]
    return b"\r\n".join([head, via, *lines])


def test_482_when_the_same_request_comes_round_again(play: Playbook):
    again = looped(play.forwarded())
    play.calls.clear()
    assert wire.status(refused(play, again)) == 482


def test_a_spiral_is_no_loop(play: Playbook):
    """It came round with another Request-URI, so it goes elsewhere (16.3 step 4)."""
    again = with_line(b"sip:+8613800138000@203", b"sip:+8613800138001@203", looped(play.forwarded()))
    assert wire.status(only(play.trunk(again))) == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CSeq: 1 ", b"CSeq: 2 "),
        (b"call-1@", b"call-2@"),
        (b";tag=wren", b";tag=other"),
        (b"rook.example>\r\n", b"rook.example>;tag=t\r\n"),
    ],
)
def test_another_request_through_the_same_path_is_no_loop(play: Playbook, old: bytes, new: bytes):
    again = with_line(old, new, looped(play.forwarded()))
    assert "482" not in briefs(play.trunk(again))


def test_the_loop_that_a_retransmission_makes_is_none(play: Playbook):
    play.forwarded()
    assert "482" not in briefs(play.trunk(wire.invite()))


# Step 5: Proxy-Require


@pytest.mark.parametrize(
    "lines", ["Proxy-Require: foo, bar", "Proxy-Require: foo\nProxy-Require: bar", "Proxy-require:\n foo ,\n bar"]
)
def test_420_names_what_is_not_supported(play: Playbook, lines: str):
    answer = refused(play, wire.invite(extra=lines))
    assert wire.status(answer) == 420
    assert wire.header(answer, "Unsupported") == "foo, bar"


def test_require_is_the_callees_business(play: Playbook):
    assert wire.header(play.forwarded(extra="Require: foo"), "Require") == "foo"


def test_an_empty_proxy_require_requires_nothing(play: Playbook):
    assert play.forwarded(extra="Proxy-Require:")


# What a response of our own looks like (8.2.6)


def test_our_answer_carries_what_the_caller_needs_to_know_it(play: Playbook):
    data = wire.invite(
        max_forwards="0", via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa;rport\nVia: SIP/2.0/UDP far;branch=b"
    )
    answer = refused(play, data)
    assert wire.headers(answer, "Via") == [
        "SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKa;received=198.51.100.21;rport=5060",
        "SIP/2.0/UDP far;branch=b",
    ]
    for name in ("From", "Call-ID", "CSeq"):
        assert wire.header(answer, name) == wire.header(data, name)
    to, _, tag = wire.header(answer, "To").partition(";tag=")
    assert to == wire.header(data, "To")
    assert tag
    assert wire.header(answer, "Content-Length") == "0"


@pytest.mark.parametrize(
    "to", ["<sip:a@b.example>;tag=theirs", "sip:a@b.example;tag=theirs", "<sip:a@b.example> ; TAG = theirs"]
)
def test_a_to_tag_that_came_stays_the_only_one(play: Playbook, to: str):
    assert wire.header(refused(play, wire.invite(to=to, max_forwards="0")), "To") == to


@pytest.mark.parametrize(
    "to", ["<sip:tag@b.example>", "<sip:a@b.example>;stage=one", '"a;tag=b" <sip:a@b.example;tag=c>']
)
def test_what_only_looks_like_a_to_tag_is_none(play: Playbook, to: str):
    answer = refused(play, wire.invite(to=to, max_forwards="0"))
    assert wire.header(answer, "To").startswith(f"{to};tag=")


def test_the_same_refusal_has_the_same_to_tag(play: Playbook):
    """8.2.7: who keeps no state must answer a retransmission alike."""
    assert refused(play, wire.invite(max_forwards="0")) == refused(play, wire.invite(max_forwards="0"))


def test_the_ack_of_a_refusal_ends_here(play: Playbook):
    data = wire.invite(max_forwards="0")
    assert play.trunk(wire.ack(data, refused(play, data))) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"CSeq: 1 ACK", b"CSeq: 1 INVITE"),
        (b"Max-Forwards: 70", b"Max-Forwards: x"),
        (b" SIP/2.0\r\n", b" SIP/3.0\r\n"),
    ],
)
def test_an_ack_is_never_answered(play: Playbook, old: bytes, new: bytes):
    assert play.trunk(with_line(old, new, wire.request("ACK"))) == []


# The whole torture corpus through the core


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
def test_a_torture_message_gets_what_its_verdict_says(vector):
    play = Playbook(**ANY_METHOD)
    source = ("198.51.100.21", 5060)
    sent = [each for each in play.trunk(vector.data, source) if each.status != 100]
    onward = [each for each in sent if each.to != source]
    if onward:
        outcome: object = "forward"
        assert len(onward) == len(sent) == 1
    elif sent:
        outcome = sent[0].status
    else:
        outcome = "drop"
    assert outcome in vector.allowed
    judged = vector.must_screen or vector.data.startswith(b"MESSAGE ")
    assert bool(play.calls) == (judged and outcome == "forward"), "an INVITE that goes on was judged"

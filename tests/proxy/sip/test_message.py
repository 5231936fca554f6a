"""Messages: what is found in them, what is wrong with them, and that nothing changes which nobody edits."""

import contextlib
import re
from urllib.parse import unquote

import pytest
import sipmessage
from hypothesis import given
from hypothesis import strategies as st

from proxy.sip.errors import BadHeader, BadMessage, SipError
from proxy.sip.message import Request, ResponseHead, parse_request, parse_response
from tests import wire
from tests.torture import VECTORS, WILD

ALL = [(v.name, v.data) for v in VECTORS] + [(w.name, w.data) for w in WILD]
REQUESTS = [(v.name, v.data) for v in VECTORS if v.is_request] + [(w.name, w.data) for w in WILD]
SIP_REQUESTS = [(name, data) for name, data in REQUESTS if b" SIP/" in data.partition(b"\r\n")[0]]
WELL_FORMED = [(v.name, v.data) for v in VECTORS if v.is_request and v.allowed == {"forward"}]
NAMES = ("from", "to", "via", "cseq", "call-id", "contact", "max-forwards", "content-length", "route", "subject")


def by_name(pairs: list[tuple[str, bytes]]) -> dict[str, object]:
    return {"argvalues": [data for _, data in pairs], "ids": [name for name, _ in pairs]}


# A plain request, read


def test_an_invite_is_read():
    request = parse_request(wire.invite())
    assert request.method == b"INVITE"
    assert request.request_uri.user == b"+8613800138000"
    assert (request.request_uri.host, request.request_uri.port) == (b"203.0.113.1", 5060)
    assert request.via.branch == b"z9hG4bKone"
    assert request.from_.uri == b"sip:+8613912345678@wren.example"
    assert request.from_.tag == b"wren"
    assert request.to.tag == b""
    assert request.cseq == (1, b"INVITE")
    assert request.call_id == b"call-1@wren.example"
    assert request.body == wire.SDP.replace("\n", "\r\n").encode()
    assert not request.fault


def test_a_response_is_read():
    response = parse_response(wire.response(486, wire.invite(), phrase="Busy Here"))
    assert response.status == 486
    assert response.to_tag == b"rook"


def test_a_method_nobody_knows_is_a_method():
    assert parse_request(wire.request("DANCE")).method == b"DANCE"


def test_the_method_is_case_sensitive():
    """RFC 3261 7.1: method names are case-sensitive, so `dance` is another method than DANCE."""
    assert parse_request(wire.request("dance")).method == b"dance"


@pytest.mark.parametrize("method", ["invite", "Invite", "INVITe", "ack", "Prack", "cancel"])
def test_a_known_method_in_other_letters_is_a_fault(method: str):
    """It is another method to us and none to the RFC, but some phones take it for the known one."""
    assert parse_request(wire.request(method)).fault == "malformed request line"


@pytest.mark.parametrize("version", ["SIP/2.0", "sip/2.0", "Sip/2.0"])
def test_the_version_is_case_insensitive(version: str):
    """RFC 3261 7.1."""
    assert not parse_request(wire.invite().replace(b" SIP/2.0\r\n", f" {version}\r\n".encode(), 1)).fault


# Header fields in every spelling (RFC 3261 7.3)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        (b"f", b"from"), (b"F", b"from"), (b"t", b"to"), (b"i", b"call-id"), (b"m", b"contact"), (b"v", b"via"),
        (b"l", b"content-length"), (b"c", b"content-type"), (b"s", b"subject"), (b"k", b"supported"),
        (b"e", b"content-encoding"), (b"o", b"event"), (b"r", b"refer-to"), (b"u", b"allow-events"),
        (b"x", b"session-expires"), (b"y", b"identity"), (b"b", b"referred-by"), (b"SUBJECT", b"subject"),
        (b"Subject \t ", b"subject"),
    ],
)  # fmt: skip
def test_compact_and_odd_spellings_are_one_field(spelling: bytes, name: bytes):
    request = parse_request(b"OPTIONS sip:x SIP/2.0\r\n" + spelling + b": value\r\n\r\n")
    assert request.raw(name) == b"value"


def test_a_folded_value_keeps_its_bytes_and_is_read_as_one():
    """RFC 3261 7.3.1."""
    data = wire.invite(from_="<sip:a@b.example>\n  ;\n\ttag = fold")
    request = parse_request(data)
    assert request.from_.tag == b"fold"
    assert request.to_bytes() == data


def test_repeated_fields_keep_their_order():
    data = wire.request("OPTIONS", extra="Route: <sip:a;lr>\nSubject: x\nRoute: <sip:b;lr>, <sip:c;lr>")
    assert parse_request(data).raw_all(b"route") == [b"<sip:a;lr>", b"<sip:b;lr>, <sip:c;lr>"]
    assert parse_request(data).to_bytes() == data


@pytest.mark.parametrize(
    "odd", ["X-Gr\u00fc\u00dfe: a", "X(y): a", "X\x00: a", "Fr@m: a", "X-Gr\u00fc\u00dfe: a\r\n b"]
)
def test_a_line_whose_name_is_no_token_does_not_go_on(odd: str):
    """Some next hops drop a message for it without a word, and no two read it alike (RFC 3261 7.3.1)."""
    plain = wire.invite()
    start, _, rest = plain.partition(b"\r\n")
    for _ in range(2):  # also when it has been seen before
        request = parse_request(b"\r\n".join((start, odd.encode(), rest)))
        assert not request.fault
        assert request.to_bytes() == plain


def test_every_field_of_ours_has_one_name():
    """They are removed together, however they are spelt."""
    data = wire.request("OPTIONS", extra="X-Ringfence-Verdict: a\nx-rINGfence-Other : b")
    assert parse_request(data).raw_all(b"x-ringfence-") == [b"a", b"b"]


def test_an_absent_field_is_none_and_an_empty_one_is_empty():
    request = parse_request(wire.request("OPTIONS", extra="Subject:"))
    assert request.raw(b"subject") == b""
    assert request.raw(b"organization") is None


def test_names_from_the_wire_fill_no_memory():
    from proxy.sip import message

    for start in range(0, 6000, 100):
        lines = b"".join(b"X-%d: 1\r\n" % n for n in range(start, start + 100))
        parse_request(b"OPTIONS sip:x SIP/2.0\r\n" + lines + b"\r\n")
    assert len(message._canonical) <= 4000
    parse_request(wire.invite())
    assert message._canonical[b"Call-ID"] == b"call-id", "nor do they keep the usual ones out"
    assert parse_request(b"OPTIONS sip:x SIP/2.0\r\nX-5999: still found\r\n\r\n").raw(b"x-5999") == b"still found"


def test_as_many_fields_in_another_order_are_found_where_they_stand():
    for fields in (
        "Subject: a\nOrganization: b",
        "Organization: b\nSubject: a",
        "s:a\nOrganization:b",
        "Subject: a\nX: b",
    ):
        request = parse_request(wire.request("OPTIONS", extra=fields))
        assert request.raw(b"subject") == b"a"
        assert request.raw(b"organization") == (None if "X:" in fields else b"b")
        assert request.is_repeated(b"subject") is False
        again = parse_request(wire.request("OPTIONS", extra=fields.replace("X:", "Subject:")))
        assert again.is_repeated(b"subject") is ("X:" in fields)


def test_a_line_that_only_begins_like_the_one_seen_before_is_another_field():
    parse_request(wire.request("OPTIONS", extra="Subject: a"))
    assert parse_request(wire.request("OPTIONS", extra="Subjects: a")).raw(b"subject") is None
    assert parse_request(wire.request("OPTIONS", extra="Subject")).fault
    assert parse_request(wire.request("OPTIONS", extra="Subject : a")).raw(b"subject") == b"a"


def test_layouts_from_the_wire_fill_no_memory():
    from proxy.sip import message

    for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        for count in range(1, 80):
            parse_request(b"%c sip:x SIP/2.0\r\n" % letter + b"Subject: 1\r\n" * count + b"\r\n")
    assert len(message._layouts) <= 500
    assert max(len(each.names) for each in message._layouts.values()) <= 64


# Framing (RFC 3261 18.3)


def test_what_follows_the_body_is_cut():
    whole = wire.invite()
    assert parse_request(whole + b"INVITE sip:other SIP/2.0\r\n\r\n").to_bytes() == whole


def test_without_content_length_the_body_is_the_rest():
    data = b"MESSAGE sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n\r\nhello\r\n\r\nagain"
    assert parse_request(data).body == b"hello\r\n\r\nagain"


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ("Content-Length: 9999", "shorter"),
        ("Content-Length: -1", "malformed Content-Length"),
        ("Content-Length: twelve", "malformed Content-Length"),
        ("Content-Length: 1 2", "malformed Content-Length"),
        ("Content-Length:", "malformed Content-Length"),
        ("Content-Length: 99999999999999999999999", "malformed Content-Length"),
        ("Content-Length: 5\nl: 6", "repeated"),
        ("l: 5\nContent-Length: x", "malformed Content-Length"),
        ("no colon here", "no header field"),
        (": no name", "no header field"),
        ("Subjects", "no header field"),
        ("Fromx", "no header field"),
        ("Route!", "no header field"),
        ("two words: here", "no header field"),
    ],
)
def test_a_fault_of_framing_is_named(lines: str, fault: str):
    parse_request(wire.invite(extra="Subject: known\nRoute: <sip:a>"))  # these spellings are known from now on
    head = "\r\n".join(["MESSAGE sip:x SIP/2.0", "Via: SIP/2.0/UDP h", *lines.split("\n")])
    assert fault in parse_request(head.encode() + b"\r\n\r\nhello!").fault


def test_equal_content_lengths_are_no_contradiction():
    assert not parse_request(b"MESSAGE sip:x SIP/2.0\r\nl: 2\r\nContent-Length: 2\r\n\r\nhi").fault


def test_a_header_section_without_end_is_a_fault():
    assert "end" in parse_request(b"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP h\r\n").fault


def test_a_bare_cr_is_a_fault():
    """One parser would see a From field there and the next would not."""
    smuggled = b"INVITE sip:x SIP/2.0\r\nSubject: a\rFrom: <sip:b@c>\r\n\r\n"
    assert parse_request(wire.invite().replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\r", 1)).fault
    assert parse_request(smuggled).fault


def test_a_bare_lf_is_a_line_end_and_leaves_as_crlf():
    """Whoever reads next reads what we read."""
    whole = wire.invite()
    for bare in (
        whole.replace(b"Max-Forwards: 70\r\n", b"Max-Forwards: 70\n", 1),
        whole.replace(b"\r\n", b"\n"),
        whole.replace(b"\r\n\r\n", b"\n\r\n", 1),
        whole.replace(b"\r\n\r\n", b"\n\n", 1),
        whole.replace(b" SIP/2.0\r\n", b" SIP/2.0\n", 1),
    ):
        request = parse_request(bare)
        assert request.to_bytes().partition(b"\r\n\r\n")[0].replace(b"Content-Length", b"") == (
            whole.partition(b"\r\n\r\n")[0].replace(b"Content-Length", b"")
        )
    hidden = parse_request(b"INVITE sip:x SIP/2.0\r\nSubject: a\nFrom: <sip:b@c>\n\tx\r\n\r\n")
    assert not hidden.fault
    assert hidden.raw(b"from") == b"<sip:b@c>\r\n\tx"
    assert hidden.raw(b"subject") == b"a"


def test_the_first_field_can_not_be_a_continuation():
    """A folded start line would be read by some and not by others (7.1 allows no LWS there)."""
    assert parse_request(b"OPTIONS sip:x SIP/2.0\r\n From: <sip:a@b>\r\nVia: SIP/2.0/UDP h\r\n\r\n").fault


@pytest.mark.parametrize(
    "start",
    [
        b"INVITE  sip:x SIP/2.0",
        b"INVITE sip:x  SIP/2.0",
        b"INVITE sip:x SIP/2.0 ",
        b"INVITE sip:x; lr SIP/2.0",
        b"INVITE sip:x\tSIP/2.0",
        b"INV(ITE sip:x SIP/2.0",
        b"INVITE sip:x SIP/2",
        b"INVITE SIP/2.0",
    ],
)
def test_a_malformed_request_line_is_a_fault(start: bytes):
    assert parse_request(start + b"\r\nVia: SIP/2.0/UDP h\r\n\r\n").fault


@pytest.mark.parametrize(
    "data",
    [b"", b"\r\n", b"\r\n\r\n", b"\0\0\0\0", b"hello", b"GET / HTTP/1.1\r\n\r\n", bytes(range(256)), b"\0" * 65535],
)
def test_what_is_no_sip_is_refused(data: bytes):
    with pytest.raises(BadMessage):
        parse_request(data)


@pytest.mark.parametrize(
    "start",
    [b"SIP/2.0 099 x", b"SIP/2.0 700 x", b"SIP/2.0 2000 x", b"SIP/2.0 2x0 x", b"SIP/2.0  200 x"],
)
def test_a_malformed_status_line_is_refused(start: bytes):
    with pytest.raises(BadMessage):
        ResponseHead(start + b"\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKa\r\nContent-Length: 0\r\n\r\n")


# Values are faults each time they are asked for, and never look absent


@pytest.mark.parametrize(
    ("name", "value", "ask"),
    [
        ("From", "no uri at all", lambda r: r.from_),
        ("From", '"open <sip:a@b>', lambda r: r.from_),
        ("From", "<sip:a@b>, <sip:c@d>", lambda r: r.from_),
        ("To", "sip:desk@b, Night <sip:a@b>", lambda r: r.to),
        ("Via", "SIP/2.0/UDP", lambda r: r.via),
        ("Via", "SIP/2.0/UDP h;;,;", lambda r: r.via),
        ("CSeq", "4294967296 OPTIONS", lambda r: r.cseq),
        ("CSeq", "one OPTIONS", lambda r: r.cseq),
        ("CSeq", "1", lambda r: r.cseq),
    ],
)
def test_a_malformed_value_raises_each_time(name: str, value: str, ask):
    request = parse_request(f"OPTIONS sip:x SIP/2.0\r\n{name}: {value}\r\n\r\n".encode())
    for _ in range(2):
        with pytest.raises(BadHeader):
            ask(request)


# Responses on their way back


@pytest.mark.parametrize(
    ("vias", "left"),
    [
        ("Via: SIP/2.0/UDP us;branch=z9hG4bKours\nVia: SIP/2.0/UDP them;b=9", "Via: SIP/2.0/UDP them;b=9\n"),
        ("Via: SIP/2.0/UDP us;branch=z9hG4bKours, SIP/2.0/UDP them", "Via: SIP/2.0/UDP them\n"),
        ("v: SIP/2.0/UDP us;branch=z9hG4bKours\nVIA: SIP/2.0/UDP them", "VIA: SIP/2.0/UDP them\n"),
        ("Via: SIP / 2.0 / UDP us\n ;branch = z9hG4bKours\nVia: SIP/2.0/UDP them", "Via: SIP/2.0/UDP them\n"),
        ("Via: SIP/2.0/UDP us;branch=z9hG4bKours\nVia: SIP/2.0/UDP them\n ;a=b", "Via: SIP/2.0/UDP them\n ;a=b\n"),
        ('Via: SIP/2.0/UDP us;x="a,b";branch=z9hG4bKours,\n SIP/2.0/UDP them', "Via: SIP/2.0/UDP them\n"),
        ("Via: SIP/2.0/UDP us;branch=z9hG4bKours", ""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("first", [True, False])
def test_our_via_is_taken_off_and_nothing_else(vias: str, left: str, first: bool):
    """RFC 3261 16.7 step 3, in every spelling of Via."""
    rest = "From: <sip:a@b>;tag=1\nTo: <sip:c@d>;tag=2\n"
    text = "SIP/2.0 180 Ringing\n" + (f"{vias}\n{rest}" if first else f"{rest}{vias}\n") + "Content-Length: 2\n\nhi"
    wanted = "SIP/2.0 180 Ringing\n" + (f"{left}{rest}" if first else f"{rest}{left}") + "Content-Length: 2\n\nhi"
    head = ResponseHead(text.replace("\n", "\r\n").encode())
    assert (head.status, head.branch) == (180, b"z9hG4bKours")
    assert head.forwarded == wanted.replace("\n", "\r\n").encode()


def test_a_reason_phrase_of_any_utf8_goes_back_as_it_came():
    vector = next(v for v in VECTORS if v.name == "vectors/unusual-reason-phrase")
    assert ResponseHead(vector.data).forwarded.startswith(vector.data.partition(b"\r\n")[0])


@pytest.mark.parametrize("via", ["", "Via: nonsense\n", "Subject: x\n", "Via: SIP/2.0/UDP h\n"])
def test_a_response_without_a_branch_belongs_to_nobody(via: str):
    try:
        head = ResponseHead(f"SIP/2.0 200 OK\n{via}Content-Length: 0\n\n".replace("\n", "\r\n").encode())
    except SipError:
        return
    assert head.branch == b""


# The whole corpus, against our own eyes and an independent parser


@pytest.mark.parametrize("data", **by_name(SIP_REQUESTS))
def test_a_corpus_request_leaves_byte_for_byte(data: bytes):
    request = parse_request(data)
    if not request.fault:
        assert data.startswith(request.to_bytes())


@pytest.mark.parametrize("data", **by_name(WELL_FORMED))
def test_a_well_formed_torture_message_has_no_fault(data: bytes):
    request = parse_request(data)
    assert not request.fault
    assert request.via
    assert request.from_
    assert request.to
    assert request.cseq[1] == request.method
    assert request.request_uri


def independent(data: bytes) -> sipmessage.Request | None:
    """What `sipmessage` makes of the request, with the folds undone that it does not know; None where it refuses."""
    head, end, rest = data.partition(b"\r\n\r\n")
    head = re.sub(rb"\r\n[ \t]+", b" ", head)
    head = re.sub(rb"(?m)^([A-Za-z0-9\-.!%*_+`'~]+)[ \t]+:", rb"\1:", head)
    try:
        message = sipmessage.Message.parse(head + end + rest)
    except (ValueError, UnicodeDecodeError):
        return None
    return message if isinstance(message, sipmessage.Request) else None


def flat(value: str) -> str:
    return re.sub(r"\r\n[ \t]+", " ", value)


def agrees(data: bytes) -> None:
    """Whatever the other parser reads, we read the same way, or refuse it."""
    other = independent(data)
    request = parse_request(data)
    if other is None or request.fault:
        return
    assert request.method.decode() == other.method
    assert other.body.startswith(request.body)
    for name in NAMES:
        ours = [flat(value.decode()) for value in request.raw_all(name.encode())]
        assert ours == [value.strip(" \t") for value in ours], "RFC 3261 25.1: LWS is spaces and tabs"
        # The other parser trims whatever Unicode calls white space, control characters among them.
        assert [value.strip() for value in ours] == other.headers.getlist(name)


def agrees_on_values(data: bytes) -> None:
    """Values that both can read are the same values; theirs are unescaped, though a token knows no % escape."""
    other = independent(data)
    request = parse_request(data)
    if other is None or request.fault:
        return
    with contextlib.suppress(BadHeader, ValueError, KeyError):
        assert (request.cseq[0], request.cseq[1].decode()) == (other.cseq.sequence, other.cseq.method)
    with contextlib.suppress(BadHeader, ValueError, KeyError):
        assert unquote(request.from_.tag.decode()) == (other.from_address.parameters.get("tag") or "")
    with contextlib.suppress(BadHeader, ValueError, KeyError):
        theirs = sipmessage.Via.parse(other.headers.getlist("via")[0].partition(",")[0])
        assert unquote(request.via.branch.decode()) == (theirs.parameters.get("branch") or "")
        assert (request.via.host.decode(), request.via.port or None) == (theirs.host, theirs.port)


@pytest.mark.parametrize("data", **by_name(SIP_REQUESTS))
def test_a_corpus_request_is_read_as_an_independent_parser_reads_it(data: bytes):
    agrees(data)
    agrees_on_values(data)


def test_the_independent_parser_reads_enough_to_compare():
    assert sum(independent(data) is not None for _, data in REQUESTS) > len(REQUESTS) * 2 // 3


token = st.text(alphabet="abcXYZ019-.!%*_+`'~", min_size=1, max_size=12)
user = st.text(alphabet="abc019+-_.!~*'();:&=$,%2?/", min_size=1, max_size=12)
value = st.text(
    alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x24FF, exclude_characters="\x7f"), max_size=30
)


@st.composite
def well_formed(draw: st.DrawFn) -> tuple[bytes, dict[str, str]]:
    """A request by the grammar, in a random spelling, and what stands in it."""
    said = {
        "method": draw(token),
        "from": f"sip:{draw(user)}@{draw(token).strip('.') or 'h'}.example",
        "tag": draw(token),
        "call_id": draw(token),
        "number": str(draw(st.integers(0, 2**31 - 1))),
        "branch": "z9hG4bK" + draw(token),
    }
    space = st.sampled_from(["", " ", "\t", "\r\n ", "  "])

    def name(*spellings: str) -> str:
        return draw(st.sampled_from(spellings)) + draw(st.sampled_from(["", " "])) + ":" + draw(space)

    lines = [
        f"{name('Via', 'v', 'VIA')}SIP/2.0/UDP h.example;branch={said['branch']}",
        f"{name('From', 'f', 'FROM')}<{said['from']}>{draw(space)};{draw(space)}tag={said['tag']}",
        f"{name('To', 't')}<sip:x@y.example>",
        f"{name('Call-ID', 'i', 'CALL-ID')}{said['call_id']}",
        f"{name('CSeq')}{said['number']} {said['method']}",
        *(f"X-{draw(token)}: {line}" for line in draw(st.lists(value, max_size=4))),
    ]
    lines = draw(st.permutations(lines))
    body = draw(st.binary(max_size=50))
    head = "\r\n".join([f"{said['method']} sip:x@y.example SIP/2.0", *lines, f"l: {len(body)}", "", ""])
    return head.encode() + body, said


@given(well_formed())
def test_a_generated_message_is_read_and_leaves_unchanged(made: tuple[bytes, dict[str, str]]):
    data, said = made
    request = parse_request(data)
    assert not request.fault
    assert request.to_bytes() == data
    assert request.method.decode() == said["method"]
    assert request.from_.uri.decode() == said["from"]
    assert request.from_.tag.decode() == said["tag"]
    assert request.call_id.decode() == said["call_id"]
    assert request.cseq == (int(said["number"]), said["method"].encode())
    assert request.via.branch.decode() == said["branch"]
    agrees(data)
    agrees_on_values(data)


def ask_everything(data: bytes) -> None:
    """Parse the bytes as request and response and ask for every value."""
    for parse in (parse_request, parse_response, ResponseHead):
        try:
            message = parse(data)
        except SipError:
            continue
        message_is_request = isinstance(message, Request)
        for name in ("request_uri", "via", "from_", "to", "cseq", "call_id", "to_tag"):
            if message_is_request and hasattr(Request, name):
                try:
                    getattr(message, name)
                except SipError:
                    continue


@given(st.binary(max_size=400))
def test_any_bytes_parse_or_are_refused(data: bytes):
    ask_everything(data)


@given(st.sampled_from(ALL), st.lists(st.tuples(st.floats(0, 1), st.integers(0, 8), st.binary(max_size=6)), max_size=5))
def test_any_damaged_message_parses_or_is_refused(original: tuple[str, bytes], damages: list[tuple[float, int, bytes]]):
    data = original[1]
    for place, length, put in damages:
        at = int(place * len(data))
        data = data[:at] + put + data[at + length :]
    ask_everything(data)
    with contextlib.suppress(BadMessage):
        agrees(data)


@pytest.mark.parametrize("data", **by_name(ALL))
def test_any_cut_of_a_message_parses_or_is_refused(data: bytes):
    for end in range(0, min(len(data), 2000), 7):
        ask_everything(data[:end])

"""How much of a message is read, and what its beginning is."""

from time import perf_counter

import pytest

from proxy.sip.bounds import PERHAPS_TOO_MANY_HOPS, SMALL, TOO_LARGE, TOO_MANY_VALUES, Bounds, beginning
from proxy.sip.message import parse_request
from tests import wire

BOUNDS = Bounds(octets=10_000, values=100, vias=20)


@pytest.mark.parametrize(
    ("data", "excess"),
    [
        (wire.invite(), 0),
        (wire.invite(body="a,b\n" * 200), 0),
        (wire.invite(body="x" * 10_000), 0),
        (wire.invite(extra="X: " + "x" * 10_000), TOO_LARGE),
        (b"x" * 10_001, TOO_LARGE),
        (wire.invite(extra="X: b\n" * 100), TOO_MANY_VALUES),
        (wire.invite(extra="X: b\n" * 100, body="x" * 10_000), TOO_MANY_VALUES),
        (wire.invite(extra="X: " + "b," * 100), TOO_MANY_VALUES),
        (wire.invite(extra="X: " + "b," * 20), PERHAPS_TOO_MANY_HOPS),
        (b"," * 101, TOO_MANY_VALUES),
        (wire.invite(uri="sip:110" + ",111" * 200), 0),
        (b"", 0),
    ],
)
def test_what_a_message_has_too_much_of(data: bytes, excess: int):
    assert BOUNDS.excess(data) == excess


@pytest.mark.parametrize("vias", [5, 19, 20, 40])
def test_each_via_value_is_a_hop_on_one_line_or_many(vias: int):
    for extra in ("Via: " + ", ".join(["SIP/2.0/UDP a"] * vias), "Via: SIP/2.0/UDP a\n" * vias):
        assert BOUNDS.has_too_many_hops(parse_request(wire.invite(extra=extra))) is (vias + 1 > 20)


def test_the_beginning_of_a_message_ends_with_a_whole_line_and_can_be_answered():
    data = wire.invite(extra="Subject: " + "x" * 500 + "\n" + "X: y\n" * 5000)
    cut = beginning(data)
    assert len(cut) <= SMALL + 4
    assert cut.endswith(b"\r\n\r\n")
    request = parse_request(cut)
    assert request.call_id.decode() == wire.header(data, "Call-ID")
    assert set(request.lines) <= set(data.split(b"\r\n"))


LONG = "y" * 20_000


@pytest.mark.parametrize(
    "data",
    [
        wire.invite(uri=f"sip:110@h;x={LONG}"),
        wire.invite(to=f"<sip:110@h;x={LONG}>"),
        wire.invite(from_=f"<sip:1@h;x={LONG}>;tag=a"),
        wire.invite(uri=f"sip:110@h;x={LONG}", to=f"<sip:110@h;x={LONG}>"),
        wire.invite(via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKa;x={LONG}"),
        wire.invite(to=f"<sip:110@h>\n ;x={LONG}\n\t;y").replace(b"To:", b"t \t:"),
    ],
)
def test_a_long_line_leaves_out_nothing_that_an_answer_repeats(data: bytes):
    whole, request = parse_request(data), parse_request(beginning(data))
    for name in (b"via", b"from", b"to", b"call-id", b"cseq"):
        assert request.raw(name) == whole.raw(name), name
    assert (request.method, request.uri) == (whole.method, whole.uri)


def test_what_is_cut_is_read_in_one_pass():
    for data in (b"INVITE " + b"," * 60_000, b"\r\nv" * 20_000, b"\r\nv:\r\n " * 9_000, b"x" * 60_000):
        begun = perf_counter()
        beginning(data)
        assert perf_counter() - begun < 0.1


def test_a_body_is_no_part_of_the_beginning():
    assert (
        beginning(wire.invite(body="x" * 20_000))
        == wire.invite(body="x" * 20_000).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    )


def test_a_response_is_dropped_for_its_values_only():
    assert BOUNDS.allow(b"SIP/2.0 200 OK\r\n\r\n" + b"," * 60_000)
    assert not BOUNDS.allow(b"SIP/2.0 200 OK\r\n" + b"X: y\r\n" * 5000)


@pytest.mark.parametrize(
    ("data", "taken"),
    [
        (wire.invite(), True),
        (wire.invite(extra="X: b\n" * 5), True),
        (wire.invite(extra="X: " + "b," * 5), True),
        (wire.invite(extra="X: b\n" * 20), False),
        (wire.invite(extra="X: " + "b," * 20), False),
        (wire.invite(extra="X: b\n" * 6 + "Y: " + "b," * 10), False),
        (wire.invite(body="a\n" * 200), True),
    ],
)
def test_a_small_request_is_read_at_once_unless_its_lines_and_commas_could_be_too_many_hops(data: bytes, taken: bool):
    assert (BOUNDS.read_small(data) is not None) is taken


def test_of_a_small_request_with_too_many_lines_no_name_is_learnt(monkeypatch: pytest.MonkeyPatch):
    learnt: list[bytes] = []
    monkeypatch.setattr("proxy.sip.message.canonical_name", lambda line: learnt.append(line) or b"x")
    assert BOUNDS.read_small(wire.invite(extra="".join(f"X{n}: b\n" for n in range(100)))) is None
    assert not learnt

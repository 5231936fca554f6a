"""Messages out of a stream: the same ones in whatever pieces they come, and a clear end where none can be told."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sip.framing import BAD_LENGTH, NO_LENGTH, NOT_SIP, TOO_LONG, UNFINISHED, Framer
from proxy.sip.message import parse_request
from tests import wire
from tests.torture import VECTORS

MOST = 65_535
PING = b"\r\n\r\n"


def fed(framer: Framer, *pieces: bytes) -> list[bytes]:
    return [message for piece in pieces for message in framer.feed(piece)]


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


def without_length(data: bytes) -> bytes:
    return b"\r\n".join(line for line in data.split(b"\r\n") if not line.startswith(b"Content-Length"))


MESSAGES = st.lists(
    st.one_of(
        st.builds(
            lambda number, body: wire.invite(call_id=f"{number}@wren.example", body=body),
            st.integers(0, 9),
            st.text(alphabet="v=0\n:SIP/2.0 INVITE", max_size=80),
        ),
        st.sampled_from([wire.response(200, wire.invite(), body=wire.SDP), wire.request("OPTIONS")]),
        st.sampled_from([PING, b"\r\n", b"\n"]),
    ),
    max_size=6,
)


@given(MESSAGES, st.lists(st.integers(0, 5000), max_size=40))
def test_any_cut_of_any_sequence_gives_the_same_messages(messages: list[bytes], cuts: list[int]):
    stream = b"".join(messages)
    at = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    framer = Framer(MOST)
    assert fed(framer, *(stream[a:b] for a, b in pairwise(at))) == [each for each in messages if each.strip()]
    assert framer.fault is None
    assert not framer.partial


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
def test_a_torture_message_is_framed_alike_whole_and_byte_by_byte(vector):
    whole, pieces = Framer(MOST), Framer(MOST)
    assert fed(whole, vector.data) == fed(pieces, *bytewise(vector.data))
    whole.give_up()
    pieces.give_up()
    assert (whole.fault and whole.fault.why) == (pieces.fault and pieces.fault.why)


def test_blanks_at_the_end_of_a_start_line_are_no_reason_to_close_without_an_answer():
    data = wire.request("OPTIONS").replace(b"SIP/2.0\r\n", b"SIP/2.0  \r\n", 1)
    assert fed(Framer(MOST), *bytewise(data)) == [data]


def test_two_messages_in_one_segment_and_the_beginning_of_a_third():
    first, second = wire.invite(), wire.request("OPTIONS")
    framer = Framer(MOST)
    assert framer.feed(first + second + first[:30]) == [first, second]
    assert framer.partial
    assert framer.feed(first[30:]) == [first]


@pytest.mark.parametrize("name", ["Content-Length", "content-length", "CONTENT-LENGTH ", "l", "L \t"])
def test_the_length_however_it_is_spelt(name: str):
    spelt = wire.request("MESSAGE", body="hello\n").replace(b"Content-Length: 7", f"{name}:7".encode())
    assert Framer(MOST).feed(spelt + PING) == [spelt]


def test_a_folded_length_is_one():
    folded = wire.request("MESSAGE", body="hello\n").replace(b"Content-Length: 7", b"Content-Length:\r\n 7")
    assert Framer(MOST).feed(folded) == [folded]
    assert parse_request(folded).fault == ""


def test_two_line_ends_are_answered_with_one_and_one_with_none():
    framer = Framer(MOST)
    answers = []
    for piece in (PING, b"\r\n", b"\r\n", wire.invite(), PING + wire.invite() + PING, b"\r", b"\n\r", b"\n"):
        framer.feed(piece)
        answers.append(framer.answer)
    assert answers == [b"\r\n", b"", b"\r\n", b"", b"\r\n\r\n", b"", b"", b"\r\n"]


def test_a_flood_of_keep_alives_is_no_flood_of_answers():
    framer = Framer(MOST)
    assert framer.feed(PING * 5000) == []
    assert len(framer.answer) <= 32
    assert not framer.partial


def test_bare_line_feeds_hold_nothing():
    framer = Framer(MOST)
    for _ in range(100):
        framer.feed(b"\n" * 100)
    assert not framer.partial
    assert framer.feed(wire.invite()) == [wire.invite()]


def test_a_message_without_length_is_answered_and_ends_the_stream():
    framer = Framer(MOST)
    bare = without_length(wire.invite())
    assert framer.feed(bare + wire.invite()) == []
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (NO_LENGTH, 400)
    assert framer.fault.head.startswith(bare)
    assert framer.feed(wire.invite()) == []


@pytest.mark.parametrize("length", ["-1", "", "7x", "0x10", "1 2"])
def test_a_length_that_is_none(length: str):
    framer = Framer(MOST)
    assert framer.feed(wire.invite().replace(b"Content-Length: ", f"Content-Length: {length} x".encode())) == []
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (BAD_LENGTH, 400)


def test_two_lengths_that_differ():
    framer = Framer(MOST)
    framer.feed(wire.invite().replace(b"Content-Length", b"l: 3\r\nContent-Length"))
    assert framer.fault is not None
    assert framer.fault.why == BAD_LENGTH


def test_two_lengths_that_agree_are_one():
    twice = wire.invite(body="").replace(b"Content-Length: 0", b"l: 0\r\nContent-Length: 0")
    assert Framer(MOST).feed(twice) == [twice]


@pytest.mark.parametrize("length", [b"70000", b"4294967297", b"9" * 400])
def test_a_length_beyond_what_is_held_is_refused_before_the_body_comes(length: bytes):
    framer = Framer(MOST)
    framer.feed(wire.invite(body="").replace(b"Content-Length: 0", b"Content-Length: " + length))
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (TOO_LONG, 513)


def test_a_header_that_never_ends_is_refused_when_it_has_filled_what_is_held():
    framer = Framer(4096)
    framer.feed(wire.invite()[:200])
    for _ in range(1000):
        framer.feed(b"X-Bomb: " + b"x" * 30 + b"\r\n")
        assert len(framer._buffer) <= 4096 + 40
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (TOO_LONG, 513)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0\0\0\0",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n",
        b"A" * 100,
        bytes(range(256)),
    ],
)
def test_what_is_no_sip_is_told_at_once(garbage: bytes):
    framer = Framer(MOST)
    assert framer.feed(wire.invite() + garbage) == [wire.invite()]
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (NOT_SIP, 0)


def test_a_length_too_short_leaves_what_is_no_message():
    framer = Framer(MOST)
    lying = wire.invite().replace(b"Content-Length: 99", b"Content-Length: 9")
    assert len(framer.feed(lying)) == 1
    assert framer.fault is not None
    assert framer.fault.why == NOT_SIP


def test_half_a_message_that_is_given_up():
    framer = Framer(MOST)
    framer.feed(wire.invite()[:-5])
    assert framer.give_up() is not None
    assert framer.fault is not None
    assert (framer.fault.why, framer.fault.status) == (UNFINISHED, 400)
    assert framer.fault.head.startswith(b"INVITE ")
    assert Framer(MOST).give_up() is None


@pytest.mark.parametrize(
    ("cut", "phrase"),
    [
        (5, "The Body Is Shorter Than Content-Length: 94 of 99 Octets Came"),
        (99, "The Body Is Shorter Than Content-Length: 0 of 99 Octets Came"),
        (101, "The Header Section Does Not End"),
    ],
)
def test_what_did_not_come_is_told_in_octets(cut: int, phrase: str):
    framer = Framer(MOST)
    assert not framer.feed(b"\r\n" + wire.invite()[:-cut])
    fault = framer.give_up()
    assert fault is not None
    assert fault.phrase == phrase


def test_nothing_answers_a_response():
    framer = Framer(MOST)
    framer.feed(without_length(wire.response(200, wire.invite())))
    assert framer.fault is not None
    assert framer.fault.status == 0


def test_each_octet_is_looked_at_a_few_times_only():
    """A message that comes octet by octet costs no square of its length."""
    framer = Framer(MOST)
    for piece in bytewise(b"OPTIONS sip:x@h SIP/2.0\r\n" + b"X: " + b"y" * 60_000):
        framer.feed(piece)
    assert framer.partial

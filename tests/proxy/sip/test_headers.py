"""Values of header fields: Via, name-addr, CSeq and numbers, as RFC 3261 section 25 writes them and as phones do."""

import contextlib
from collections.abc import Callable
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sip.errors import BadHeader
from proxy.sip.headers import (
    parse_address,
    parse_addresses,
    parse_cseq,
    parse_number,
    parse_party,
    parse_single_address,
    parse_via,
    split_tokens,
)

# Via (20.42)


@pytest.mark.parametrize(
    ("value", "transport", "host", "port", "branch"),
    [
        (b"SIP/2.0/UDP 198.51.100.1:5062;branch=z9hG4bKa", b"UDP", b"198.51.100.1", 5062, b"z9hG4bKa"),
        (b"SIP/2.0/TCP h.example;branch=z9hG4bKa;rport", b"TCP", b"h.example", 0, b"z9hG4bKa"),
        (b"SIP/2.0/UDP h.example", b"UDP", b"h.example", 0, b""),
        (b"SIP/2.0/UDP [2001:db8::1]:5062;branch=a", b"UDP", b"[2001:db8::1]", 5062, b"a"),
        (b"SIP/2.0/UDP [::ffff:192.0.2.1];branch=a", b"UDP", b"[::ffff:192.0.2.1]", 0, b"a"),
        (b"SIP / 2.0 / UDP\r\n  h.example : 5062 ; branch = a", b"UDP", b"h.example", 5062, b"a"),
        (b"sip/2.0/udp h.example;BRANCH=a", b"udp", b"h.example", 0, b"a"),
        (b"SIP/2.0/PIGEON my_host;a;b=c;branch=d;e", b"PIGEON", b"my_host", 0, b"d"),
        (b"SIP/2.0/UDP h;x=\"a,b;branch=no\";branch=yes", b"UDP", b"h", 0, b"yes"),
        (b"SIP/2.0/UDP h;xbranch=no;branch=yes", b"UDP", b"h", 0, b"yes"),
    ],
)  # fmt: skip
def test_a_via(value: bytes, transport: bytes, host: bytes, port: int, branch: bytes):
    via = parse_via(value)
    assert (via.transport, via.host, via.port, via.branch) == (transport, host, port, branch)
    assert via.end == len(value)


def test_several_vias_on_a_line_are_read_one_after_another():
    line = b'SIP/2.0/UDP a;branch=1 , SIP/2.0/TCP b;x="," ;branch=2,\r\n SIP/2.0/UDP c;branch=3'
    found = []
    while line:
        via = parse_via(line)
        found.append((via.host, via.branch))
        line = line[via.end :]
    assert found == [(b"a", b"1"), (b"b", b"2"), (b"c", b"3")]


@pytest.mark.parametrize(
    ("value", "wants"),
    [
        (b";rport", True),
        (b";RPORT;x=y", True),
        (b"; rport ;x", True),
        (b";rport=1", False),
        (b";xrport", False),
        (b"", False),
    ],
)
def test_rport_without_value_asks(value: bytes, wants: bool):
    """RFC 3581 section 3."""
    assert parse_via(b"SIP/2.0/UDP h;branch=a" + value).wants_rport is wants


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"SIP/2.0/UDP",
        b"SIP/2.0 h",
        b"SIP/3.0/UDP h",
        b"SIP/2.0/UDP h;;branch=a",
        b"SIP/2.0/UDP h;,",
        b"UDP h",
        b"SIP/2.0/UDP 2001:db8::1",
        b"SIP/2.0/UDP h:port",
        b"SIP/2.0/UDP h:123456",
        b'SIP/2.0/UDP h;x="open',
        b"SIP/2.0/UDP <h>",
    ],
)
def test_what_is_no_via(value: bytes):
    with pytest.raises(BadHeader) as error:
        parse_via(value)
    assert error.value.status == 400


# From, To and their like (20.10)


@pytest.mark.parametrize(
    ("value", "name", "uri", "tag"),
    [
        (b"<sip:a@b>;tag=1", "", b"sip:a@b", b"1"),
        (b"sip:a@b;tag=1", "", b"sip:a@b", b"1"),
        (b"Bob <sip:a@b>;tag=1", "Bob", b"sip:a@b", b"1"),
        (b"Bob<sip:a@b>", "Bob", b"sip:a@b", b""),
        (b"Bob  the  builder <sip:a@b>", "Bob the builder", b"sip:a@b", b""),
        (b'"Bob" <sip:a@b>;x=y;tag=1', "Bob", b"sip:a@b", b"1"),
        (b'"Bob \\"B\\" \\\\" <sip:a@b>', 'Bob "B" \\', b"sip:a@b", b""),
        (b'"<sip:evil@x>;tag=2, " <sip:a@b>;tag=1', "<sip:evil@x>;tag=2,", b"sip:a@b", b"1"),
        ("Ёж <sip:a@b>".encode(), "Ёж", b"sip:a@b", b""),
        ('"夜間" <sip:a@b>'.encode(), "夜間", b"sip:a@b", b""),
        (b"<sip:a@b;tag=in-the-uri>", "", b"sip:a@b;tag=in-the-uri", b""),
        (b"<sip:a@b>\r\n ; TAG = 1", "", b"sip:a@b", b"1"),
        (b"<sip:a@b>;vintage=2;tag=1", "", b"sip:a@b", b"1"),
        (b'<sip:a@b>;x=";tag=2";tag=1', "", b"sip:a@b", b"1"),
        (b'<sip:a@b>;x=";tag=2;"', "", b"sip:a@b", b""),
        (b"<tel:+86-139-1234-5678>;tag=1", "", b"tel:+86-139-1234-5678", b"1"),
        (b"<urn:isbn:1>", "", b"urn:isbn:1", b""),
        (b'"" <sip:a@b>', "", b"sip:a@b", b""),
        (b"2000 <sip:a@b>", "2000", b"sip:a@b", b""),
    ],
)
def test_an_address(value: bytes, name: str, uri: bytes, tag: bytes):
    address = parse_single_address("From", value)
    assert (address.display_name, address.uri, address.tag) == (name, uri, tag)
    assert parse_party("From", value).tag == tag


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"Bob",
        b"<>",
        b"<sip:a@b",
        b"sip:a@b>",
        b'"Bob <sip:a@b>',
        b"sip:c@d, B <sip:a@b>",
        b"sip:c@d <sip:a@b>",
        b"<sip:a@b>;",
        b"<sip:a@b>;;",
        b"<sip:a@b> x",
        b"<sip:a@b>, <sip:c@d>",
        b"<sip:a@b>,",
        b"<sip:a b@c>",
        b"a@b",
        b"sip:a@b?x=y",
        b"<sip:<a@b>>",
    ],
)
def test_what_is_no_single_address(value: bytes):
    for parse in (parse_single_address, parse_party):
        with pytest.raises(BadHeader) as error:
            parse("From", value)
        assert "From" in str(error.value)


@pytest.mark.parametrize(
    ("value", "uris"),
    [
        (b"<sip:a;lr>", [b"sip:a;lr"]),
        (b"<sip:a;lr>,<sip:b;lr>", [b"sip:a;lr", b"sip:b;lr"]),
        (b'"x, y" <sip:a>;p="," , sip:b;q=1,\r\n <tel:+1>', [b"sip:a", b"sip:b", b"tel:+1"]),
    ],
)
def test_several_addresses_on_a_line(value: bytes, uris: list[bytes]):
    assert [address.uri for address in parse_addresses("Route", value)] == uris


# Numbers


@pytest.mark.parametrize(
    ("value", "cseq"),
    [
        (b"1 INVITE", (1, b"INVITE")), (b"0009\r\n  INVITE", (9, b"INVITE")), (b"4294967295\tBYE", (2**32 - 1, b"BYE")),
        (b"0 x%41", (0, b"x%41")), (b"00000000001 ACK", (1, b"ACK")),
    ],
)  # fmt: skip
def test_a_cseq(value: bytes, cseq: tuple[int, bytes]):
    assert parse_cseq(value) == cseq


@pytest.mark.parametrize(
    "value",
    [b"", b"1", b"INVITE", b"INVITE 1", b"-1 INVITE", b"1.0 INVITE", b"4294967296 INVITE", b"1 A B", b"9" * 40 + b" A"],
)
def test_what_is_no_cseq(value: bytes):
    with pytest.raises(BadHeader):
        parse_cseq(value)


@pytest.mark.parametrize("value", [b"", b"-1", b"256", b"1 2", b"0x1", b"1e2", "٣".encode(), b"9" * 30])
def test_what_is_no_number(value: bytes):
    with pytest.raises(BadHeader):
        parse_number("Max-Forwards", value, 255)


def test_option_tags():
    assert split_tokens(b" a , b,,\r\n c ,") == [b"a", b"b", b"c"]


# Any bytes at any length


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_a_bad_header(value: bytes):
    for parse in (parse_via, parse_cseq):
        with contextlib.suppress(BadHeader):
            parse(value)
    for read in (parse_address, parse_single_address, parse_addresses, parse_party):
        with contextlib.suppress(BadHeader):
            read("From", value)


@pytest.mark.parametrize(
    ("parse", "value"),
    [
        (parse_address, b"a" + b" " * 60000 + b","),
        (parse_address, b"a " * 30000 + b","),
        (parse_address, b"a" * 60000 + b","),
        (parse_address, b'"' + b"\\" * 60000),
        (parse_address, b"<sip:a@b>" + b";a" * 30000 + b'"'),
        (parse_address, b"<sip:a@b>" + b" ; a = b " * 6000 + b'"'),
        (parse_address, b"<sip:a@b>;a" + b" " * 60000 + b'"'),
        (parse_address, b"sip:" + b"a" * 60000 + b"<"),
        (parse_addresses, b"<sip:a@b>," + b" " * 2000 + b"("),
        (parse_addresses, b"<sip:a@b>," * 6000),
    ],
    ids=lambda value: value[:12].decode() if isinstance(value, bytes) else value.__name__,
)
def test_a_hostile_value_costs_no_more_than_its_length(parse: Callable[[str, bytes], object], value: bytes):
    """One datagram must not hold up all the others."""
    start = process_time()
    with contextlib.suppress(BadHeader):
        parse("Route", value)
    assert process_time() - start < 0.5


@pytest.mark.parametrize(
    "value",
    [
        b"SIP/2.0/UDP " + b" " * 60000 + b"(",
        b"SIP/2.0/UDP h" + b" ;a" * 20000 + b"(",
        b"SIP/2.0/UDP h" + b" " * 60000 + b"(",
    ],
    ids=["host", "parameters", "end"],
)
def test_a_hostile_via_costs_no_more_than_its_length(value: bytes):
    start = process_time()
    with contextlib.suppress(BadHeader):
        parse_via(b"SIP/2.0/" + value)
    assert process_time() - start < 0.5

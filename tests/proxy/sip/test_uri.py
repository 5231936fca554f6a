"""URIs: RFC 3261 section 19, RFC 3966, and what RFC 5118 says of IPv6."""

import contextlib
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.sip import uri
from proxy.sip.errors import BadHeader
from proxy.sip.uri import parse_uri, read_user


@pytest.mark.parametrize(
    ("text", "scheme", "user", "host", "port"),
    [
        (b"sip:a@b.example", b"sip", b"a", b"b.example", 0),
        (b"SIP:a@B.Example:5070", b"sip", b"a", b"b.example", 5070),
        (b"sips:b.example", b"sips", b"", b"b.example", 0),
        (b"sip:+86139;tgrp=x;trunk-context=y@b", b"sip", b"+86139;tgrp=x;trunk-context=y", b"b", 0),
        (b"sip:a:secret@b", b"sip", b"a:secret", b"b", 0),
        (b"sip:sip%3Aa%40b@c", b"sip", b"sip%3Aa%40b", b"c", 0),
        (b"sip:a?b/c,d@e", b"sip", b"a?b/c,d", b"e", 0),
        (b"sip:a@[2001:DB8::1]:5070", b"sip", b"a", b"2001:db8::1", 5070),
        (b"sip:[2001:db8::10:5070]", b"sip", b"", b"2001:db8::10:5070", 0),
        (b"sip:a@[2001:db8:::192.0.2.1]", b"sip", b"a", b"2001:db8:::192.0.2.1", 0),
        (b"tel:+86-139-1234-5678;ext=1", b"tel", b"+86-139-1234-5678", b"", 0),
        (b"urn:service:sos.police", b"urn", b"service:sos.police", b"", 0),
        (b"mailto:a@b", b"mailto", b"a@b", b"", 0),
    ],
)
def test_a_uri_in_its_parts(text: bytes, scheme: bytes, user: bytes, host: bytes, port: int):
    uri = parse_uri(text)
    assert (uri.scheme, uri.user, uri.host, uri.port) == (scheme, user, host, port)


def test_parameters_and_headers_are_told_apart():
    uri = parse_uri(b"sip:a@b;transport=udp;LR;x=;maddr=1.2.3.4?Route=%3Csip:c%3E&y=z")
    assert uri.headers == b"?Route=%3Csip:c%3E&y=z"
    assert (uri.param(b"transport"), uri.param(b"lr"), uri.param(b"x"), uri.param(b"none")) == (b"udp", b"", b"", None)


def test_a_user_parameter_is_no_uri_parameter():
    """RFC 4475 3.1.1.9."""
    assert parse_uri(b"sip:a;lr@b").param(b"lr") is None


@pytest.mark.parametrize(("text", "port"), [(b"sip:a", 5060), (b"sips:a", 5061), (b"sip:a:7", 7), (b"sips:a:7", 7)])
def test_the_port_that_is_meant(text: bytes, port: int):
    assert parse_uri(text).address[1] == port


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"sip:",
        b"sip:@",
        b"sip:a@",
        b"a@b",
        b"sip:a@b c",
        b"sip:a b@c",
        b"sip:2001:db8::1",
        b"sip:a@b:99999",
        b"sip:a@b:x",
        b"sip:a@b@c",
        b"<sip:a@b>",
        b"sip:a@[2001:db8::1",
        b"sip:a@b>",
        b":a",
        b"1:a",
        b"x:",
        b"sip:a@b;x y",
        b"sip:a@b:",
    ],
)
def test_what_is_no_uri(text: bytes):
    for _ in range(2):  # the second time from the cache: it fails again
        with pytest.raises(BadHeader):
            parse_uri(text)


@pytest.mark.parametrize(
    ("text", "user", "context"),
    [
        (b"sip:95588@b", "95588", ""),
        (b"sip:%2B86%31@b", "+861", ""),
        (b"sip:%2531@b", "%31", ""),  # decoded once
        (b"sip:+86139;cpc=ordinary;tgrp=a;trunk-context=b@c", "+86139", ""),
        (b"sip:139:secret@b", "139", ""),
        (b"sip:139;phone-context=+86@b", "139", "+86"),
        (b"sip:139@b;phone-context=+86;user=phone", "139", "+86"),
        (b"tel:139;phone-context=+86", "139", "+86"),
        (b"tel:139;isub=1;Phone-Context=%2B86", "139", "+86"),
        (b"tel:139;PHONE-CONTEXT=+86", "139", "+86"),
        (b"tel:139;phone-context=rook.example", "139", "rook.example"),
        (b"sip:%D1%91@b", "ё", ""),
        (b"sip:%00@b", "\0", ""),
        (b"sip:%FF@b", "�", ""),
        (b"sip:100%@b", "100%", ""),
    ],
)
def test_who_a_uri_names(text: bytes, user: str, context: str):
    assert read_user(parse_uri(text)) == (user, context)


@given(st.binary(max_size=100))
def test_any_bytes_are_a_uri_or_a_bad_header(text: bytes):
    with contextlib.suppress(BadHeader):
        uri = parse_uri(text)
        read_user(uri)
        assert uri.address
        uri.param(b"lr")


@pytest.mark.parametrize(
    "text",
    [
        b"sip:" + b"a" * 30000 + b"@" + b"a" * 30000 + b"@",
        b"sip:a" + b";a" * 30000 + b"@b@",
        b"x" * 60000,
        b"sip:" + b"a:" * 30000,
    ],
    ids=["two @", "parameters", "scheme", "colons"],
)
def test_a_hostile_uri_costs_no_more_than_its_length(text: bytes):
    start = process_time()
    with contextlib.suppress(BadHeader):
        parse_uri(text)
    assert process_time() - start < 0.5


def test_long_uris_do_not_fill_the_memory():
    """The cache is bounded in entries; what a caller can make long must not stay in it."""
    uri._parse_known.cache_clear()
    for number in range(50):
        parse_uri(b"sip:%d" % number + b"a" * 5000)
    assert uri._parse_known.cache_info().currsize == 0

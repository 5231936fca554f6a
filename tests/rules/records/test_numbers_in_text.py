"""A number is hidden in whatever spelling a reader takes it for one."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.masking import masked
from rules.numbering.spelling import fold_as_seen, is_address
from rules.records.numbers_in_text import could_hold_a_number, holds_a_number, without_numbers
from rules.records.privacy import mask_within, mask_words
from tests.wire import header, invite

NUMBERS = ["13987654321", "8613987654321", "02087654321", "12125550123", "8765432"]
# What telephones, people and whoever wants not to be seen put between two digits.
BETWEEN = [
    "%20",
    "%2d",
    "%2E",
    "%28",
    "%29",
    "%2f",
    "%252d",
    "_",
    "/",
    ",",
    "*",
    "·",
    "\u200b",
    "-",
    ".",
    " ",
    "(",
    ")",
]
BETWEEN += ["%E2%80%8B", ":", "=", "+", "~", "|", "'", "%00", "\u00a0", "&", "!", "#", "--", "%2d%2d", "\\", "\u0301"]
DIGITS = [
    lambda digit: digit,
    lambda digit: f"%3{digit}",
    lambda digit: f"%253{digit}",
    lambda digit: chr(0xFF10 + int(digit)),
    lambda digit: f"%EF%BC%9{digit}",
    lambda digit: "⓪①②③④⑤⑥⑦⑧⑨"[int(digit)],
    lambda digit: "〇一二三四五六七八九"[int(digit)],
]


@st.composite
def decorated(draw, between=BETWEEN, digits=DIGITS):
    """A number and one of its spellings."""
    number = draw(st.sampled_from(NUMBERS))
    signs = draw(st.lists(st.sampled_from(between), min_size=1, max_size=3))
    spelt = draw(st.lists(st.sampled_from(digits), min_size=1, max_size=2))
    text = ""
    for place, digit in enumerate(number):
        if place and draw(st.integers(0, 2)) == 0:
            text += draw(st.sampled_from(signs))
        text += spelt[place % len(spelt)](digit)
    return number, text


def shows(text: str, number: str) -> bool:
    """Does whoever decodes once, twice or not at all, and drops all but digits, find the number?"""
    once = unquote(text)
    return any(number in re.sub(r"[^0-9]", "", fold_as_seen(each)) for each in (text, once, unquote(once)))


@given(decorated())
def test_no_spelling_of_a_number_stands_in_what_is_shown(planted):
    number, text = planted
    if is_address(text):
        return
    for shown in (without_numbers(f"x {text} y"), mask_within(f"{text}@h"), mask_within(f"a-{text}"), mask_words(text)):
        assert not shows(shown, number), shown
        assert shown.count("*") >= text.count("*")


@given(decorated(), st.sampled_from(["sip:%s@h", "sips:%s@192.0.2.7:5061", "tel:%s", "sip:%s;user=phone@h"]))
def test_no_spelling_of_a_number_stands_in_a_trace(planted, uri):
    number, text = planted
    if re.search(r"[\s@]", text):
        text = re.sub(r"\s", "%20", text)
    named = uri % text
    fields = ["P-Asserted-Identity", "Remote-Party-ID", "Diversion", "History-Info", "Referred-By", "Contact", "X-Else"]
    extra = (
        "\n".join(f'{name}: "{text}" <{named}>;index=1' for name in fields)
        + f"\nSupported: {text}\nX-{text}: 1\n{text}"
    )
    body = f"v=0\no={text} 1 1 IN IP4 h\ns={text}\na=x:{text}\na=y{text}\nm=audio 4 RTP/AVP 0\n"
    uris = {"from_": f"<{named}>;tag=1", "to": f"<{named}>"}
    data = invite(uri=named, extra=extra, body=body, call_id=text, **uris)
    for line in masked(data).decode("utf-8", "surrogateescape").splitlines():
        assert not shows(line, number), line


@pytest.mark.parametrize(
    "user", ["139abc8765xyz4321", "139p8765p4321", "1;39:8765;4321", "139%408765@4321", "12.34.56.78"]
)
def test_letters_in_a_user_part_hide_no_number(user):
    digits = re.sub(r"\D", "", user.replace("%40", ""))
    for uri in (f"sip:{user}@192.0.2.5", f"tel:{user}"):
        first = masked(invite(uri=uri)).decode().splitlines()[0]
        assert (
            len(re.sub(r"\D", "", first.partition("@192")[0].replace("%40", "").partition(" SIP")[0])) < len(digits) - 4
        )


@pytest.mark.parametrize(
    ("user", "shown"), [("95%2d588", "95%2d***"), ("9-5588", "9-5***"), ("110", "110"), ("bob12345", "bob12345")]
)
def test_a_short_number_is_hidden_by_half_however_it_is_spelt(user, shown):
    assert f"INVITE sip:{shown}@192.0.2.5 SIP/2.0" in masked(invite(uri=f"sip:{user}@192.0.2.5")).decode()


@pytest.mark.parametrize(
    "text",
    [
        "1-2345@127.0.0.1",
        "call-7@192.168.100.200",
        "7f3a@[2001:470:1:2::5]",
        "7f3a@2001:470:1:2::5",
        "Contact: <sip:bob@198.51.100.200:50600;ob>",
        "<sip:pbx10:50600;lr>",
        "<sip:[2001:470:1:2::5]:50600>",
        "source 198.51.100.200",
        "SIP/2.0 200 OK",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@h",
    ],
)
def test_addresses_of_machines_and_names_of_calls_stay(text):
    assert without_numbers(text) == text
    assert mask_within(text) == text
    assert not holds_a_number(text)


@pytest.mark.parametrize(
    "text", ["139/12.34.56.78", "12.34.56.78-139", "a 1391 [2345::678]", "13987@654321", "139:8765:4321"]
)
def test_what_only_looks_like_an_address_does_not(text):
    assert len(re.sub(r"\D", "", without_numbers(text))) <= 5


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text):
    shown = without_numbers(text)
    if not could_hold_a_number(text):
        assert shown is text
    assert holds_a_number(text) == (shown is not text)
    assert without_numbers(shown).count("*") >= shown.count("*")


def test_a_long_text_is_searched_in_time_that_grows_with_it():
    for text in ("1" + "-" * 60_000, "1-" * 30_000, "%" * 60_000, "%2d1" * 15_000, "sip:" * 15_000, "@1.2.3." * 9_000):
        masked(invite(extra=f"X: {text}"))


def test_a_header_line_without_a_colon_is_no_way_round():
    data = invite(extra="139%208765%204321").replace(b"X-Said", b"X")
    assert "139%208765%204321" not in masked(data).decode()
    assert header(data, "Call-ID") == "call-1@wren.example"

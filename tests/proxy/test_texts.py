"""Names, hosts, devices and header fields: none goes unread, however it is padded and wherever it stands."""

from __future__ import annotations

import pytest

from rules.judging.facts import Facts, WallClock
from rules.model import Call
from tests.proxy.test_screening import TRUSTED, call
from tests.rules.calls import holds, rule, rules

FROM = "<sip:13912345678@h>;tag=a"
UNSEEN = ["\u200b", "\u00ad", "\u0301", "\u3164", "\u00a0", "\u2060"]
BANK = "{display_name: {contains: bank}}"


def matches(when: str, made: Call) -> bool:
    """Does the condition hold, by itself and by the index that finds rules?"""
    found = holds(when, made)
    assert (rules(rule(when, "reject")).judge(made).action == "reject") is found
    return found


@pytest.mark.parametrize(
    "sign", ["\x0b", "\x1c", "\x85", "\u00a0", "\u2028", "\u3000", "\u2800", "\u2065", "\U0001d159"]
)
def test_one_odd_blank_that_comes_in_from_hides_no_name(sign: str):
    assert matches(BANK, call(from_=f'"B{sign}ank of China" {FROM}'))
    assert matches("{display_name: bank of china}", call(from_=f'"Bank{sign} of  China" {FROM}'))


@pytest.mark.parametrize("count", [500, 512, 1_000, 3_000])
@pytest.mark.parametrize("sign", UNSEEN)
def test_no_number_of_unseen_signs_hides_a_name(sign: str, count: int):
    for name in (f"{sign * count}Bank", f"Ba{sign * count}nk", f"Bank{sign * count}x"):
        if "\u00a0" not in name or not name.startswith("Ba\u00a0"):
            assert matches(BANK, call(from_=f'"{name}" {FROM}')), name
    assert matches("{display_name: {contains: 银行}}", call(from_=f'"{sign * count}银行" {FROM}'))


@pytest.mark.parametrize(
    "name", [f"{'x' * 512} Bank", f"{'x' * 990} Bank", f"{'x' * 1_001} Bank", f"{'行' * 4_000} Bank"]
)
def test_a_long_name_is_read_or_is_a_mark(name: str):
    made = call(from_=f'"{name}" {FROM}', trunk={"cli": "screened"})
    read = matches(BANK, made)
    assert read is (len(name) < 1_000)
    assert read or (made.facts == {"readings_differ": True} and not made.sure)


@pytest.mark.parametrize("padding", [511, 990, 1_500, 9_000])
def test_a_long_header_field_is_read_whole_and_a_long_user_agent_is_read_or_is_a_mark(padding: int):
    text = "x" * padding + " evil"
    assert matches("{header: {X-Origin: {contains: evil}}}", call(extra=f"X-Origin: {text}", headers=["X-Origin"]))
    made = call(extra=f"User-Agent: {text}")
    assert matches("{user_agent: {contains: evil}}", made) or made.facts == {"readings_differ": True}


@pytest.mark.parametrize("between", ["  ", "\t", "\r\n ", "\r\n\t", " \t "])
def test_blanks_tabs_and_folds_in_a_row_are_one_blank(between: str):
    """RFC 3261 7.3.1 and 25.1: all linear white space means the same as one blank."""
    made = call(extra=f"X-Origin: evil{between}corp\nUser-Agent: evil{between}dialler", headers=["X-Origin"])
    assert matches("{header: {X-Origin: evil corp}}", made)
    assert matches("{user_agent: evil dialler}", made)


@pytest.mark.parametrize("first", ["a", "", "x" * 2_000])
def test_a_header_field_that_stands_twice_is_read_twice(first: str):
    extra = f"X-Origin: {first}\nUser-Agent: {first}\nX-Origin: evil\nUser-Agent: evil"
    made = call(extra=extra, headers=["X-Origin"])
    for how in ("evil", "{contains: evil}", "{matches: ^evil$}"):
        assert matches(f"{{header: {{X-Origin: {how}}}}}", made), how
        assert matches(f"{{user_agent: {how}}}", made), how
    assert not holds("{header: {X-Origin: {missing: true}}}", made)


ASSERTS = [
    "P-Asserted-Identity: {}",
    "Remote-Party-ID: {};party=calling",
    "Remote-Party-ID: {};party=called",
    "P-Asserted-Identity: <sip:13912345678@h>, {}",
    "P-Asserted-Identity: <sip:13912345678@h>\nP-Asserted-Identity: {}",
    "P-Asserted-Identity: O/B <sip:13912345678@h>, {}",
]


@pytest.mark.parametrize("asserted", ASSERTS)
def test_the_name_and_host_that_a_believed_trunk_asserts_are_asked_like_those_of_from(asserted: str):
    extra = asserted.format('"Bank" <sip:13912345678@evil.example.>')
    for from_ in (f'"x" {FROM}', FROM):
        made = call(trunk=TRUSTED, from_=from_, extra=extra)
        assert matches(BANK, made), from_
        assert matches("{display_name: bank}", made)
        assert matches("{domain: evil.example}", made)
        assert matches("{domain: h}", made)
        assert matches("{display_name: x}", made) is (from_ != FROM)
    stranger = call(from_=f'"x" {FROM}', extra=extra)
    assert not matches(BANK, stranger)
    assert not matches("{domain: evil.example}", stranger), "what is not believed goes no further"


@pytest.mark.parametrize("wanted", ["evil.example", "evil.example.", "'*.example'", "'*.example.'"])
@pytest.mark.parametrize(
    "host", ["evil.example", "EVIL.example.", "evil.example:99999", 'evil.example;x;a=b"c', "evil.example&b"]
)
def test_no_spelling_of_a_host_hides_it(host: str, wanted: str):
    """Also where the URI is none to us: whoever shows it shows the host, too."""
    assert matches(f"{{domain: {wanted}}}", call(from_=f"<sip:13912345678@{host}>;tag=a"))
    asserted = f"P-Asserted-Identity: <sip:13912345678@{host}>"
    assert matches(f"{{domain: {wanted}}}", call(trunk=TRUSTED, from_=FROM, extra=asserted))


@pytest.mark.parametrize(
    "value",
    [
        ", ".join(f'"n{n}"' for n in range(30)) + ', "Bank" <sip:13912345678@h>',
        '"a" ' * 40 + '"Bank" <sip:13912345678@h>',
        "\nP-Asserted-Identity: ".join([*(f'"n{n}"' for n in range(15)), '"Bank" <sip:13912345678@h>']),
        "\nP-Asserted-Identity: ".join(['"x"'] * 15 + ['"Bank" <sip:13912345678@h>']),
        "\nP-Asserted-Identity: ".join(
            [*(f'"n{n}" <sip:13912345678@h>' for n in range(40)), '"Bank" <sip:13912345678@h>']
        ),
    ],
)
def test_no_number_of_names_hides_one(value: str):
    made = call(trunk=TRUSTED, from_=f'"x" {FROM}', extra=f"P-Asserted-Identity: {value}")
    assert matches(BANK, made) or (made.facts == {"readings_differ": True} and not made.sure)


def test_explain_shows_each_of_the_names():
    made = call(trunk=TRUSTED, from_=f'"x" {FROM}', extra='P-Asserted-Identity: "Bank" <sip:13912345678@h>')
    [condition] = rules(rule(BANK, "reject")).rules[0].asks
    assert condition.sees(Facts(made, (), (), WallClock("UTC", lambda _: True))) == "x | Bank"


def test_an_ordinary_call_has_one_text_of_each_kind():
    made = call(trunk=TRUSTED, from_=f'"x" {FROM}', extra='P-Asserted-Identity: "x" <sip:13912345678@h>')
    assert made.more_texts is None
    assert made.facts is None


@pytest.mark.parametrize(
    ("value", "diverted"),
    [
        ("<sip:13600000009@h>;index=1, <sip:13800138000@h;cause=302>;index=1.1;mp=1", True),
        ("<sip:13800138000@h>;index=1.1;mp=1", True),
        ("<sip:13600000009@h>;index=1, <sip:13800138000@h;cause=486>;index=1.1", True),
        ("<sip:13600000009@h?Reason=SIP%3Bcause%3D302>;index=1, <sip:13800138000@h>;index=1.1", True),
        ("<sip:13600000009@h?reason=sip%3bcause%3d302>;index=1, <sip:13800138000@h>;index=1.1", True),
        ("<sip:13600000009@h?%52eason=SIP%3bcause%3d%22302%22>;index=1, <sip:13800138000@h>;index=1.1", True),
        ("<sip:13600000009@h>;index=1, <sip:13800138000@h%3bcause%3d302>;index=1.1", True),
        ("<sip:13800138000@h>;index=1", False),
        ("<sip:13800138000@h>;index=1, <sip:13800138000@192.0.2.1>;index=1.1;rc=1", False),
        ("<sip:8008001234@h>;index=1, <sip:13800138000@h;cause=380>;index=1.1", False),
        ("<sip:13600000009@h?Reason=SIP%3Bcause%3D302>;index=1", False),
        ("nonsense", False),
        ("", False),
    ],
)
def test_a_forwarded_call_is_known_by_its_history(value: str, diverted: bool):
    assert call(extra=f"History-Info: {value}").diverted is diverted
    lines = value.replace(", ", "\nHistory-Info: ")
    assert call(extra=f"History-Info: {lines}").diverted is diverted

"""The seam between SIP and judging: who is asserted, who is looked up, what is called, and the label."""

import contextlib
import re
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.texts import LONGEST_TEXT
from rules.model import Call, NumberClass
from rules.records.decisions import row
from tests import wire
from tests.playbook import FORWARD, Playbook
from tests.proxy.sip.test_message import independent
from tests.torture import VECTORS, WILD


def call(
    data: bytes | None = None, *, trunk: dict[str, Any] | None = None, headers: list[str] | None = None, **fields: Any
) -> Call:
    """The call that an INVITE is judged as."""
    settings = {"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", **(trunk or {})}
    play = Playbook(trunks=[settings])
    if headers:
        play.screening._headers = [(name.lower(), name.lower().encode()) for name in headers]
    play.trunk(data or wire.invite(**fields))
    [found] = play.calls
    return found


TRUSTED = {"identity": "trusted"}
PAI = "P-Asserted-Identity: <sip:+8613700000001@bank.example>"


# One caller, in every spelling (standards: header used for the decision = header forwarded)


@pytest.mark.parametrize(
    "from_",
    [
        "<sip:+8613912345678@wren.example>;tag=a",
        "sip:+8613912345678@wren.example;tag=a",
        '"Wren" <sip:+8613912345678@wren.example>;tag=a',
        "Wren<sip:+8613912345678@wren.example>;tag=a",
        "<sip:008613912345678@wren.example>;tag=a",
        "<sip:8613912345678@wren.example>;tag=a",
        "<sip:13912345678@wren.example>;tag=a",
        "<sip:013912345678@wren.example>;tag=a",
        "<sips:+8613912345678@wren.example:5061>;tag=a",
        "<sip:+8613912345678:secret@wren.example>;tag=a",
        "<sip:+8613912345678@wren.example;user=phone>;tag=a",
        "<sip:+86-139-1234-5678@wren.example;user=phone>;tag=a",
        "<sip:%2B86139%31%32345678@wren.example>;tag=a",
        "<sip:+8613912345678;tgrp=tg1;trunk-context=wren.example@gw.example>;tag=a",
        "<sip:+8613912345678;cpc=ordinary;isub=1@gw.example>;tag=a",
        "<tel:+8613912345678>;tag=a",
        "<tel:+86-(139)-1234.5678>;tag=a",
        "<tel:13912345678;phone-context=+86>;tag=a",
        "<sip:13912345678;phone-context=+86@gw.example;user=phone>;tag=a",
        "<tel:+8613912345678;verstat=TN-Validation-Passed>;tag=a",
        "\n <sip:+8613912345678@wren.example>\n ;tag=a",
    ],
)
@pytest.mark.parametrize("name", ["From", "f"])
def test_the_same_number_however_it_is_spelt(from_: str, name: str):
    data = wire.invite(from_=from_).replace(b"From:", name.encode() + b":", 1)
    assert call(data).caller.canonical == "+8613912345678"


BARE = ["+8613700000001", "13700000001", "tel:+8613700000001", "sip:+8613700000001@h", "+8613700000001@h:5060"]
BARE += ["<+8613700000001>", '"Bank" +8613700000001', "+8613700000001;cpc=ordinary", "+86-137-0000-0001"]
BARE += ["+8613700000001, <sip:+8613700000001@h>", "+8613700000001, tel:+8613700000001"]


@pytest.mark.parametrize("value", BARE)
@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
def test_one_asserted_number_without_brackets_or_scheme_has_one_reading(value: str, name: str):
    """Whoever reads it takes it for this number, whoever does not shows From: nothing there deceives anybody."""
    own = call(trunk=TRUSTED, from_="<sip:+8613700000001@h>;tag=a", extra=f"Contact: <sip:a@b>\n{name}: {value}")
    assert (own.caller.canonical, own.sure, own.agrees, own.facts) == ("+8613700000001", True, True, None)
    other = call(trunk=TRUSTED, extra=f"Contact: <sip:a@b>\n{name}: {value}")
    assert (other.caller.canonical, other.facts) == ("+8613700000001", None)
    assert {number.canonical for number in other.callers} == {"+8613700000001", own_number(other)}
    assert other.sure is (value in ("tel:+8613700000001", "sip:+8613700000001@h"))


def own_number(of: Call) -> str:
    """The number in From of a call that asserts another."""
    [found] = [number.canonical for number in of.callers if number.canonical != "+8613700000001"]
    return found


def test_two_asserted_numbers_without_brackets_have_several_readings():
    extra = "Contact: <sip:a@b>\nP-Asserted-Identity: +8613700000001, +8613700000002"
    found = call(trunk=TRUSTED, from_="<sip:+8613700000001@h>;tag=a", extra=extra)
    assert (found.sure, found.facts) == (False, {"readings_differ": True})


@pytest.mark.parametrize(
    ("from_", "kind"),
    [
        ("<sip:anonymous@anonymous.invalid>;tag=a", NumberClass.ANONYMOUS),
        ('"Anonymous" <sip:anonymous@wren.example>;tag=a', NumberClass.ANONYMOUS),
        ("<sip:wren.example>;tag=a", NumberClass.ANONYMOUS),
        ("<sip:c8oqz84zk7z@anonymous.invalid>;tag=a", NumberClass.ANONYMOUS),
        ("<sip:jenny.wren@wren.example>;tag=a", NumberClass.NAME),
        ("<sip:+861@wren.example>;tag=a", NumberClass.IMPOSSIBLE),
        ("<sip:95588@bank.example>;tag=a", NumberClass.CN_95),
        ("<sip:4001234567@x.example>;tag=a", NumberClass.CN_400),
        ("<mailto:wren@wren.example>;tag=a", NumberClass.NAME),
    ],
)
def test_anonymous_and_malformed_are_classes_of_their_own(from_: str, kind: NumberClass):
    assert call(from_=from_).caller.kind is kind


@pytest.mark.parametrize("from_", ["<sip:+8613912345678@>;tag=a", "<sip:a b@x>;tag=a", "<sip:@>;tag=a"])
def test_a_from_that_can_not_be_read_is_refused_or_malformed(from_: str):
    play = Playbook()
    sent = play.trunk(wire.invite(from_=from_))
    assert sent[0].status == 400 or play.calls[0].caller.kind is NumberClass.MALFORMED


@pytest.mark.parametrize(
    ("user", "looked_up"), [("+8613912345678", ["+8613912345678"]), ("anonymous", []), ("c8oqz84zk7z", []), ("", [])]
)
def test_a_number_at_the_domain_of_nobody_is_anonymous_and_looked_up(user: str, looked_up: list[str]):
    """Phones show what stands before the @, so that a blocked number must not hide behind that domain."""
    found = call(from_=f"<sip:{user + '@' if user else ''}anonymous.invalid>;tag=a")
    assert found.caller.kind is NumberClass.ANONYMOUS
    assert [number.canonical for number in found.callers[1:]] == looked_up


# Who is asserted, who is looked up


def test_an_untrusted_trunk_asserts_by_from_and_all_are_looked_up():
    found = call(extra=PAI)
    assert found.caller.canonical == "+8613912345678"
    assert [number.canonical for number in found.callers] == ["+8613912345678", "+8613700000001"]
    assert (found.asserted_by_pai, found.agrees) == (False, False)


def test_a_trusted_trunk_asserts_by_p_asserted_identity():
    found = call(extra=PAI, trunk=TRUSTED)
    assert [number.canonical for number in found.callers] == ["+8613700000001", "+8613912345678"]
    assert (found.asserted_by_pai, found.agrees, found.believed) == (True, False, True)


def test_two_asserted_identities_are_both_looked_up():
    found = call(extra="P-Asserted-Identity: <sip:+8613700000001@x>, <tel:+8613700000002>", trunk=TRUSTED)
    assert found.caller.canonical == "+8613700000001"
    assert {number.canonical for number in found.callers} == {"+8613700000001", "+8613700000002", "+8613912345678"}


def test_two_lines_of_asserted_identities_are_both_looked_up():
    found = call(extra=f"{PAI}\np-asserted-identity: <tel:+8613700000002>", trunk=TRUSTED)
    assert len(found.callers) == 3


def test_no_more_than_ten_asserted_identities_are_looked_up():
    """RFC 3325 9.1 allows two; a thousand would hold up every other call."""
    found = call(extra="P-Asserted-Identity: " + ", ".join(f"<tel:+86139123456{number}>" for number in range(10, 40)))
    assert [number.canonical[-2:] for number in found.callers[1:]] == [str(number) for number in range(10, 20)]


def test_where_they_agree_there_is_one():
    found = call(extra="P-Asserted-Identity: <tel:+86-139-1234-5678>", trunk=TRUSTED)
    assert (len(found.callers), found.agrees) == (1, True)


@pytest.mark.parametrize("value", ["<sip:unknown@x>", "<sip:@x>", "nonsense", '"open <sip:unknown@x>', "<null>", ""])
@pytest.mark.parametrize("trunk", [{}, TRUSTED])
def test_an_identity_that_names_no_number_asserts_nothing(value: str, trunk: dict[str, Any]):
    found = call(extra=f"P-Asserted-Identity: {value}", trunk=trunk)
    assert found.caller.canonical == "+8613912345678"
    assert not found.asserted_by_pai


def test_a_broken_value_hides_none_before_it():
    """A blocked number is looked up though something that can't be read follows it."""
    found = call(extra="P-Asserted-Identity: <sip:+8613700000001@x>, nonsense", trunk=TRUSTED)
    assert "+8613700000001" in [number.canonical for number in found.callers]


def test_an_asserted_number_behind_an_anonymous_from():
    found = call(from_="<sip:anonymous@anonymous.invalid>;tag=a", extra=PAI, trunk=TRUSTED)
    assert (found.caller.canonical, found.asserted_by_pai, found.agrees) == ("+8613700000001", True, False)


def test_without_assertion_agreement_is_no_fact():
    assert call().agrees is None


@pytest.mark.parametrize(("cli", "believed"), [("screened", True), ("unscreened", False)])
def test_from_is_believed_where_the_network_before_checked_it(cli: str, believed: bool):
    assert call(trunk={"cli": cli}).believed is believed


# Who is called


@pytest.mark.parametrize(
    ("uri", "canonical"),
    [
        ("sip:+8613800138000@x.example", "+8613800138000"),
        ("tel:13800138000", "+8613800138000"),
        ("sip:13800138000;phone-context=+86@x", "+8613800138000"),
        ("sip:1001@x.example", "EXT:1001"),
        ("sip:95588@x.example", "CN:95588"),
    ],
)
def test_the_called_number_comes_from_the_request_uri(uri: str, canonical: str):
    found = call(uri=uri, to="<sip:110@rook.example>")
    assert found.called.canonical == canonical
    assert not found.emergency, "To says nothing of where the call goes"


@pytest.mark.parametrize(
    "uri",
    [
        "sip:110@x",
        "tel:112",
        "sip:%31%31%39@x",
        "urn:service:sos",
        "URN:service:SOS.fire",
        "sip:120@x;user=phone",
        "sip:911@x",
        "tel:1-1-0",
    ],
)
def test_an_emergency_call(uri: str):
    assert call(uri=uri).emergency


@pytest.mark.parametrize("uri", ["sip:1100@x", "sip:+8613800138000@x", "urn:service:counseling", "sip:sos@x"])
def test_no_emergency_call(uri: str):
    assert not call(uri=uri).emergency


def test_a_trunk_may_add_emergency_numbers_and_switch_off_what_are_its_extensions():
    trunk = {"emergency": ["7777"], "not_emergency": ["911"]}
    assert call(uri="sip:7777@x", trunk=trunk).emergency
    assert not call(uri="sip:911@x", trunk=trunk).emergency


@pytest.mark.parametrize("off", ["off", False])
@pytest.mark.parametrize("uri", ["sip:110@x", "urn:service:sos", "tel:112", "sip:110%23@x"])
def test_a_trunk_that_carries_no_emergency_calls_judges_all_that_come(off: object, uri: str):
    assert not call(uri=uri, trunk={"emergency": off}).emergency


# Other facts


def test_the_other_facts_of_a_call():
    found = call(
        from_='"Jenny  \\"W\\"" <sip:+8613912345678@Wren.Example>;tag=a',
        extra="Diversion: <sip:1@x>\nUser-Agent: Loom/1\nX-Zone: south\nX-Unasked: 1",
        headers=["X-Zone"],
    )
    assert found.display_name == 'Jenny "W"'
    assert found.domain == "wren.example"
    assert found.diverted
    assert found.user_agent == "Loom/1"
    assert found.headers == {"x-zone": "south"}


def test_of_long_texts_no_more_is_judged_and_recorded_than_anybody_reads():
    """A caller who pads each call to 60 kB would drive the records of the others out of their space."""
    long = "x" * 1500
    extra = f"User-Agent: {long}\nSubject: {long}"
    found = call(from_=f'"{long}" <sip:{long}@{long}>;tag=a', call_id=long, extra=extra, headers=["subject"])
    assert found.headers
    texts = [found.display_name, found.domain, found.user_agent, found.call_id]
    assert [len(text) for text in [*texts, found.caller.raw]] == [LONGEST_TEXT] * 5
    assert found.headers == {"subject": long}, "what a rule asks for is judged whole"
    recorded = [text for text in row(found, FORWARD, None, b"key") if isinstance(text, str)]
    assert sum(map(len, recorded)) < 6 * LONGEST_TEXT + 500, "and no more of it is recorded"


def test_octets_that_are_no_utf8_are_replaced_not_fatal():
    data = wire.invite().replace(b"<sip:+8613912345678", b'"\xff\xfe" <sip:+8613912345678', 1)
    assert call(data).display_name == "��"


# The header used for the decision is the header forwarded


PIECES = [
    b'"',
    b"<",
    b">",
    b";",
    b",",
    b" ",
    b"\r\n ",
    b"\r\n",
    b":",
    b"sip:",
    b"@",
    b"\\",
    b"tag=",
    b"\t",
    b"?",
    b"%",
    b"\0",
]
PIECES += [b"From: <sip:1@x>;tag=q\r\n", b"f:<sip:2@x>;tag=z\r\n", b"tel:+86", b"\n", b"From"]
INVITES = [vector.data for vector in VECTORS if vector.method == "INVITE"]
INVITES += [wild.data for wild in WILD if wild.method == "INVITE"]


@given(
    st.sampled_from(INVITES),
    st.lists(st.tuples(st.integers(-5, 120), st.sampled_from(PIECES), st.integers(0, 3)), max_size=3),
)
def test_whoever_rings_is_who_was_judged(data: bytes, damages: list[tuple[int, bytes, int]]):
    """However From is bent: if the call goes on, an independent parser reads the caller from it that we judged."""
    for offset, piece, eaten in damages:
        at = max(data.lower().find(b"\nf") + offset, 0)
        data = data[:at] + piece + data[at + eaten :]
    play = Playbook()
    for down in [each.data for each in play.trunk(data) if each.method == "INVITE"]:
        [judged] = play.calls
        other = independent(down)
        if other is None or judged.caller.kind is NumberClass.ANONYMOUS:
            continue
        assert len(other.headers.getlist("From")) == 1
        with contextlib.suppress(ValueError):
            user = unquote(other.from_address.uri.user or "")
            assert re.split("[;:]", user)[0] == judged.caller.raw.partition(";")[0]


TOKEN = f"k1.{'0' * 20}.t.{'a' * 32}"
URIS = [f"sip:110@{wire.US}", "sip:110@203.0.113.10", f"sip:{TOKEN}@{wire.US}", "tel:110", "sip:desk@203.0.113.10:5060"]
ROUTES = [
    f"<sip:{wire.US};lr>",
    f"<sip:{TOKEN}@{wire.US};lr>",
    "<sip:victim@203.0.113.10>",
    "<sip:victim@203.0.113.10;lr>",
]
ROUTES += ["<sip:victim@6.6.6.6>", "<tel:+8613800138000>", f"<sip:victim@{wire.US}>", "<sip:203.0.113.11>"]


@given(
    st.sampled_from(URIS),
    st.lists(st.sampled_from(ROUTES), max_size=4),
    st.sampled_from(["<sip:x@y>", "<sip:x@y>;tag=z"]),
    st.booleans(),
)
def test_whoever_is_rung_is_whom_the_call_was_judged_for(uri: str, routes: list[str], to: str, record_route: bool):
    """However a caller routes his call: the request line that leaves is the one that was judged."""
    play = Playbook(record_route=record_route)
    route = f"Route: {', '.join(routes)}" if routes else "Subject: none"
    for down in [each.data for each in play.trunk(wire.invite(uri=uri, to=to, extra=route)) if each.method == "INVITE"]:
        [judged] = play.calls
        dialled = re.fullmatch("sip:(?:([^@]*)@)?[^@]*|tel:(.*)", wire.uri(down))
        assert dialled
        assert (dialled[1] or dialled[2] or "") == judged.called.raw


@pytest.mark.parametrize(
    "line",
    [
        "P-Asserted-Identity: +8617012345678",
        "P-Asserted-Identity: 17012345678",
        'P-Asserted-Identity: "x" +86-170-1234-5678',
        "P-Asserted-Identity: <sip:+8613912345678@h>, +8617012345678",
        "Remote-Party-ID: +8617012345678",
    ],
)
def test_an_asserted_number_without_scheme_and_brackets_is_read_all_the_same(line: str):
    found = call(extra=line, trunk=TRUSTED)
    assert "+8617012345678" in {number.canonical for number in found.callers}

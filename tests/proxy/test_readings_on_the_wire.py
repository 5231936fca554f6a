"""From, P-Asserted-Identity, Remote-Party-ID and Request-URI: no spelling of theirs is a cloak for a number."""

from __future__ import annotations

from typing import Any

import pytest

from rules.model import NumberClass
from tests import wire
from tests.playbook import Playbook
from tests.proxy.test_screening import TRUSTED, call

LISTED = "+8617012345678"
USER = "17012345678"
OTHER = "+8613912345678"


def looked_up(**how: Any) -> list[str]:
    found = call(**how)
    return [number.canonical for number in (*found.callers, *found.resembled)]


@pytest.mark.parametrize(
    "from_",
    [
        *(f"<sip:{USER};phone-context=+49@h>;tag=a", f"<sip:{USER}@h;phone-context=+49>;tag=a"),
        *(f"<tel:{USER};phone-context=+49>;tag=a", f"tel:{USER};phone-context=+49;tag=a"),
        *(f"<sip:{USER};Phone-Context=ims.mnc000.mcc310.3gppnetwork.org@h>;tag=a",),
        *(f"<sip:{USER};phone%2Dcontext=+49@h>;tag=a", f"<sip:{USER};x=1;phone-context=+49@h;user=phone>;tag=a"),
        *(f"<sip:{USER}%23@h>;tag=a", f"<sip:{USER}*@h>;tag=a", f"<sip:{USER}p1@h>;tag=a", f"<sip:{USER},1@h>;tag=a"),
        *(f"<sip:++86{USER}@h>;tag=a", f"<sip:+86+{USER}@h>;tag=a", "<sip:170/1234/5678@h>;tag=a"),
        *(f"<sip:00{USER}@h>;tag=a", f"<sip:{USER}%2531@h>;tag=a", f"<sips:{USER}%23@h>;tag=a"),
        *(f"<im:{USER}@h>;tag=a", f"<sip:{USER}>;tag=a", f"<sip:{USER}%23@anonymous.invalid>;tag=a"),
    ],
)
def test_a_listed_caller_is_looked_up_in_every_spelling_of_from(from_: str):
    assert LISTED in looked_up(from_=from_)


@pytest.mark.parametrize(
    "rest",
    [
        *(
            "127.0.0.1:99999",
            "h:",
            "[::1",
            "a*b",
            "a&b",
            "a,b",
            "a%20b",
            "x@y",
            'h;x;a=b"c',
            "h?a<b",
            "h;x=@",
            "",
            "h::1",
        ),
        *("[::1]x", "-_-+", "h:port", "h;x?y?z", "[h]", "h/../", "h|", "h'", "h(1)", "h\\", "h#f", "h%00", "^"),
    ],
)
@pytest.mark.parametrize("scheme", ["sip", "sips", "SIP"])
def test_a_uri_that_we_can_not_read_is_no_cloak(rest: str, scheme: str):
    """The user part that a telephone would show is read whatever the rest is, unless the call is refused."""
    play = Playbook()
    sent = play.trunk(wire.invite(from_=f"<{scheme}:{LISTED}@{rest}>;tag=a"))
    if play.calls:
        assert LISTED in [number.canonical for number in play.calls[0].callers]
        assert play.calls[0].facts == {"readings_differ": True} or play.calls[0].caller.canonical == LISTED
    else:
        assert [each.status for each in sent] == [400]


def test_such_a_caller_is_malformed_to_rules_and_no_allow_entry_counts():
    found = call(from_=f"<sip:{LISTED}@127.0.0.1:99999>;tag=a")
    assert (found.caller.kind, found.sure, found.facts) == (NumberClass.MALFORMED, False, {"readings_differ": True})
    assert [number.canonical for number in found.asserted] == ["", LISTED]


def test_a_port_with_zeros_before_it_is_a_port():
    found = call(from_=f"<sip:{LISTED}@h:00005060>;tag=a")
    assert (found.caller.canonical, found.facts) == (LISTED, None)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "O/Brien <sip:{}@h>",
            "Bob, <sip:{}@h>",
            "B(1) <sip:{}@h>",
            "b@x <sip:{}@h>",
            "#1 <sip:{}@h>",
            "B&C <sip:{}@h>",
        ),
        *(
            ", <sip:{}@h>",
            "< sip:{}@h>",
            "<sip:{}@h >",
            '"open <sip:{}@h>',
            "<sip:{}@h",
            'x" <sip:{}@h>',
            "<<sip:{}@h>>",
        ),
        *("nonsense, <sip:{}@h>", "<sip:1@h>, x/y <sip:{}@h>", "<tel:{}>", "tel:{}", "sip:{}@h:99999", "SIP:{}@h"),
        *('"x" y <sip:{}@h>', '<sip:{}@h>;x="', "sip:1@h, O/B <sip:{}@h>", '"a <sip:{}@h>" <sip:1@h>', "<{}@h>"),
    ],
)
@pytest.mark.parametrize("user", [LISTED, f"{USER};phone-context=+49", f"{USER}%23"])
@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
def test_what_a_trusted_trunk_asserts_is_read_however_it_is_written(name: str, value: str, user: str):
    assert LISTED in looked_up(extra=f"{name}: {value.format(user)}", trunk=TRUSTED)


def test_remote_party_id_asserts_where_the_trunk_is_believed_and_leaves_no_other():
    rpid = f'Remote-Party-ID: "B" <sip:{LISTED}@h>;party=calling;screen=yes;privacy=off'
    found = call(extra=rpid, trunk=TRUSTED)
    assert (found.caller.canonical, found.asserted_by_pai, found.agrees) == (LISTED, True, False)
    assert [number.canonical for number in found.callers] == [LISTED, OTHER]
    assert call(extra=rpid).caller.canonical == OTHER
    assert not wire.headers(Playbook().forwarded(extra=rpid), "Remote-Party-ID")
    called = call(extra=f"Remote-Party-ID: <sip:{LISTED}@h>;party=called", trunk=TRUSTED)
    assert called.caller.canonical == OTHER
    assert LISTED in {number.canonical for number in called.callers}, "Asterisk shows it as the caller's"


# Found by tools/spellings: what Asterisk, Kamailio, pjsua2 or baresip showed, and nobody looked up.


@pytest.mark.parametrize(
    "uri",
    [
        *("sip:000170;1234;5678;verstat=x@h", "sip:+86170;1234;5678@h;phone-context=%2B1", "sip:170:1234:5678@h?"),
        *("im:%2317012345678@h", "im:++86170*1234*5678$@h", "im:+086170%201234%205678@h;phone-context=%2B1"),
        *("tel:170;1234;5678", "sip:170%3B1234%3B5678@h", "im:17%EF%BC%90%EF%BC%912345%EF%BC%967%EF%BC%98@h"),
        *("sip:sip:17012345678x12@1", "sip:tel:17012345678;ext=12@[h]", "sip:sip:17012345678%3A1@[::1?a=b"),
        *("sip%3A17012345678:pw@192.0.2.999", "im:?170%312%33%345678%C2%A01;=x", "%2B861:7:0:1:2:3:4:5:6:7:8@h\u00e9"),
        *("TEL:1;7;0;1;2;3;4;5;6;7;8%E3%80%80", "tel:\u200e170;1234;5678%23", f"user{USER}:pw@h"),
        *("sip:sip:17012345678@127.0.0.1", "sips:tel:1%37012%334%35678@h", "sip:170;%E2%80%8B1234;5678@h"),
        *("sip:user17012345678P@[::1];;", "Sip:user17012345678w1@h", "sip:&1701%323%34567%38ext12@h"),
    ],
)
@pytest.mark.parametrize("name", ["From", "P-Asserted-Identity", "Remote-Party-ID"])
def test_what_a_real_reader_showed_is_looked_up(name: str, uri: str):
    how = {"from_": f"<{uri}>;tag=a"} if name == "From" else {"extra": f"{name}: <{uri}>"}
    assert LISTED in looked_up(**how, trunk=TRUSTED)


@pytest.mark.parametrize(
    "value",
    [
        "~1%EF%BC%97%EF%BC%901%EF%BC%9234567%EF%BC%98@a*b",
        f"{USER}%zz@h:x",
        f"im:{USER};phone%2dcontext=%2b49@a%20b:0>, <sip:1@h>",
        f"170;1234;5678@h:x, <sip:{OTHER}@h>",
        f"<sip:{USER}@h>;party=called",
    ],
)
def test_what_kamailio_and_asterisk_find_in_a_line_without_brackets_or_of_the_called_party_is_looked_up(value: str):
    assert LISTED in looked_up(extra=f"Remote-Party-ID: {value}", trunk=TRUSTED)
    if "party" not in value:
        assert LISTED in looked_up(extra=f"P-Asserted-Identity: {value}", trunk=TRUSTED)


@pytest.mark.parametrize("from_", ["<tel:{}>;party=x1;tag=a14", "<TEL:{}%23>;tag=14", "tel:{};tag=a14"])
def test_a_tag_is_no_part_of_a_number(from_: str):
    assert LISTED in [number.canonical for number in call(from_=from_.format("170;1234;5678")).callers]


def test_an_assertion_that_only_looks_like_a_number_is_no_caller():
    found = call(extra=f"P-Asserted-Identity: <sip:user{USER}@h>", trunk=TRUSTED)
    assert (found.caller.canonical, found.asserted_by_pai) == (OTHER, False)
    assert [number.canonical for number in found.resembled] == [LISTED]


def test_an_assertion_that_can_be_cut_in_two_ways_opens_no_door():
    found = call(extra=f"P-Asserted-Identity: O/B <sip:{OTHER}@h>, x/y <sip:{LISTED}@h>", trunk=TRUSTED)
    assert (found.caller.canonical, found.sure, found.facts) == (OTHER, False, {"readings_differ": True})
    two = call(extra=f"P-Asserted-Identity: <sip:{OTHER}@h>, <tel:{LISTED}>", trunk=TRUSTED)
    assert (two.sure, two.facts) == (False, None), "RFC 3325 9.1 allows a sip: and a tel: URI, of one user"
    same = call(extra=f"P-Asserted-Identity: <sip:{OTHER}@h>, <tel:{OTHER}>", trunk=TRUSTED)
    assert same.sure


@pytest.mark.parametrize(
    "uri",
    [
        f"sip:13800138000@{wire.US};phone-context=+49",
        f"sip:13800138000;phone-context=+49@{wire.US}",
        "tel:13800138000;phone-context=+49",
        f"sip:13800138000%23@{wire.US}",
        f"sip:13800138000x@{wire.US}",
        f"sip:13800138000,1@{wire.US}",
        f"sip:++8613800138000@{wire.US}",
        f"sip:138;0013;8000@{wire.US}",
    ],
)
def test_whom_a_pbx_might_ring_is_a_called_number(uri: str):
    found = call(uri=uri)
    assert "+8613800138000" in [number.canonical for number in found.called_readings]
    assert (found.sure, found.facts) == (False, {"readings_differ": True})


def test_a_number_behind_the_digit_for_a_line_is_a_called_number():
    found = call(uri=f"sip:9-13800138000@{wire.US}")
    assert "+8613800138000" in [number.canonical for number in found.called_readings]


@pytest.mark.parametrize("trunk", [{}, TRUSTED, {"country": "HK"}, {"country": "US", "numbers": "international"}])
@pytest.mark.parametrize("user", [OTHER, "+12125551234", "+85291234567", "alice"])
def test_an_ordinary_call_has_one_reading_and_no_fact(user: str, trunk: dict[str, Any]):
    found = call(from_=f"<sip:{user}@h>;tag=a", extra=f"P-Asserted-Identity: <sip:{user}@h>", trunk=trunk)
    assert (len(found.callers), found.resembled, found.sure, found.facts) == (1, (), True, None)


def test_bare_digits_of_a_foreign_trunk_are_read_at_home_too():
    play = Playbook(
        trunks=[
            {"name": "abroad", "addresses": ["198.51.100.0/24"], "country": "US"},
            {"name": "carrier", "addresses": ["192.0.2.0/24"], "country": "CN"},
        ]
    )
    play.trunk(wire.invite(from_="<sip:95588@h>;tag=a"))
    assert "CN:95588" in [number.canonical for number in play.calls[0].callers]

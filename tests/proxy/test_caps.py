"""What lies behind each cap of what is read: it is found all the same, or the call is marked as read in part."""

from __future__ import annotations

from typing import Any

import pytest

from rules.model import Call
from tests import wire
from tests.playbook import ANY_METHOD, Playbook
from tests.proxy.test_screening import TRUSTED, call

LISTED = "+8617012345678"
USER = "17012345678"
CALLED = "13800138000"

# How a user part is read, and what of it a cap leaves unread: a spelling of USER or CALLED, and is the number found?
SPELLINGS = [
    *((f"{sign * 300}{{}}", True) for sign in ("\u200b", "\u00ad", "\u3164", "-", ".", "%20", "()", "%E2%80%8B")),
    *((f"{{}}{sign * 300}", True) for sign in ("\u200b", "%20")),
    (f"{'a' * 300}{{}}", False),
    (f"{'0' * 300}{{}}", False),
    (f"{{}}{'1#' * 300}", False),
]


def is_seen(found: Call, number: str, *, called: bool = False) -> bool:
    """Is it looked up, or is there at least a mark, with which no allow entry counts?"""
    numbers = found.called_readings if called else (*found.callers, *found.resembled)
    marked = found.facts == {"readings_differ": True} and not found.sure
    return number in [each.canonical for each in numbers] or marked


def judged(method: str, **fields: Any) -> Call:
    """The call that a request outside a dialog is judged as."""
    play = Playbook(trunks=[{**ANY_METHOD["trunks"][0], "identity": "trusted"}])
    play.trunk(wire.request(method, **fields))
    [found] = play.calls
    return found


@pytest.mark.parametrize(("spelling", "found"), SPELLINGS)
def test_no_length_of_a_user_part_hides_a_caller(spelling: str, found: bool):
    user = spelling.format(USER)
    ways: list[dict[str, Any]] = [
        {"from_": f"<sip:{user}@h>;tag=a"},
        {"from_": f"<tel:{user}>;tag=a"},
        {"extra": f"P-Asserted-Identity: <sip:{user}@h>"},
        {"extra": f"Remote-Party-ID: <sip:{user}@h>;party=calling"},
    ]
    for how in ways:
        for each in (call(trunk=TRUSTED, **how), judged("MESSAGE", **how)):
            assert is_seen(each, LISTED), how
            assert not found or LISTED in [number.canonical for number in (*each.callers, *each.resembled)], how


@pytest.mark.parametrize(("spelling", "found"), SPELLINGS)
def test_no_length_of_a_user_part_hides_who_is_called(spelling: str, found: bool):
    user = spelling.format(CALLED)
    for uri in (f"sip:{user}@{wire.US}", f"tel:{user}"):
        for each in (call(uri=uri), judged("MESSAGE", uri=uri)):
            assert is_seen(each, f"+86{CALLED}", called=True), uri
            assert not found or f"+86{CALLED}" in [number.canonical for number in each.called_readings], uri


# As many phone-contexts as one likes: RFC 3966 allows one.

CONTEXTS = [0, 1, 3, 4, 5, 40]


def contexts(count: int) -> str:
    return "".join(f";phone-context=+{441 + each}" for each in range(count))


@pytest.mark.parametrize("count", CONTEXTS)
def test_no_number_of_phone_contexts_hides_a_caller(count: int):
    more = f"12345678{contexts(count)};phone-context=+86170"
    for uri in (
        f"sip:{more}@h",
        f"tel:{more}",
        f"sip:12345678@h{contexts(count)};phone-context=+86170",
        f"im:{more}@h",
    ):
        for how in ({"from_": f"<{uri}>;tag=a"}, {"extra": f"P-Asserted-Identity: <{uri}>"}):
            for each in (call(trunk=TRUSTED, **how), judged("MESSAGE", **how)):
                assert is_seen(each, LISTED), how
                assert count < 4 or each.facts == {"readings_differ": True}, how


@pytest.mark.parametrize("count", CONTEXTS)
def test_no_number_of_phone_contexts_hides_who_is_called(count: int):
    for uri in (
        f"sip:00138000{contexts(count)};phone-context=+86138@{wire.US}",
        f"sip:00138000@{wire.US}{contexts(count)};phone-context=+86138",
        f"tel:00138000{contexts(count)};phone-context=+86138",
    ):
        assert is_seen(call(uri=uri), f"+86{CALLED}", called=True), uri


@pytest.mark.parametrize("first", ["<sip:12345678@h>, ", "", "<sip:13600000000@h>, <tel:12345678>, "])
def test_nor_beside_a_plain_spelling_of_the_same(first: str):
    unread = "".join(f";phone-context={name}.example" for name in "abcd") + ";phone-context=+86170"
    made = call(trunk=TRUSTED, extra=f"P-Asserted-Identity: {first}<sip:12345678{unread}@h>")
    assert (made.facts, made.sure) == ({"readings_differ": True}, False)


def test_the_same_phone_context_many_times_is_one():
    assert call(from_=f"<sip:{USER}{';phone-context=+86' * 40}@h>;tag=a").facts is None


def test_a_long_phone_context_is_read_like_a_short_one():
    """What nobody sees goes from it before it is cut, and of a domain its end says whose network it is."""
    for context in ("+86" + "\u200b" * 300 + "170", "+" + "-" * 300 + "86170", "+86170" + "%E2%80%8B" * 300):
        assert is_seen(call(from_=f"<sip:12345678;phone-context={context}@h>;tag=a"), LISTED), context
    domain = "a." * 200 + "ims.mnc000.mcc310.3gppnetwork.org"
    assert call(from_=f"<sip:2125551234;phone-context={domain}@h>;tag=a").caller.canonical == "+12125551234"


# Identities


@pytest.mark.parametrize("name", ["P-Asserted-Identity", "Remote-Party-ID"])
@pytest.mark.parametrize("lines", [1, 2])
def test_more_identities_than_are_looked_up_are_a_mark(name: str, lines: int):
    values = [f"<sip:139123456{at}@h>" for at in range(10, 25)] + [f"<sip:{USER}@h>"]
    split = [", ".join(values)] if lines == 1 else [", ".join(values[:8]), ", ".join(values[8:])]
    made = call(trunk=TRUSTED, from_="<sip:13912345678@h>;tag=a", extra="\n".join(f"{name}: {each}" for each in split))
    assert (made.facts, made.sure) == ({"readings_differ": True}, False)
    few = call(trunk=TRUSTED, from_="<sip:13912345678@h>;tag=a", extra=f"{name}: {', '.join(values[-8:])}")
    assert LISTED in [number.canonical for number in few.callers]


def test_digits_that_a_line_of_identities_leaves_over_are_a_mark():
    made = call(
        trunk=TRUSTED,
        from_="<sip:13912345678@h>;tag=a",
        extra="P-Asserted-Identity: O/B <sip:13912345678@h>, (170) 1234 5678",
    )
    assert (made.facts, made.sure) == ({"readings_differ": True}, False)

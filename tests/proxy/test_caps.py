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

"""What anybody is shown: numbers masked by the names of their fields, names and reasons without a number in them."""

from typing import NamedTuple

import pytest

from desk.disclosure import without_numbers
from desk.showing import as_named, as_shown, deed_shown, masked, worded
from desk.states import CaseState
from rules.audit.chain import Deed

NUMBER, MASKED = "+8613712345678", "+86137******78"


class Found(NamedTuple):
    number: str
    business: str
    at: float
    state: CaseState
    inner: tuple[dict[str, object], ...]


def test_numbers_are_masked_and_names_are_without_them_however_deep():
    found = Found(NUMBER, "Quick Cash 13712345678", 1.5, CaseState.SEALED, ({"accused": NUMBER, "id": 13712345678},))
    shown = as_shown([found])
    inner = ({"accused": MASKED, "id": 13712345678},)
    assert shown == [Found(MASKED, "Quick Cash 137******78", 1.5, CaseState.SEALED, inner)]
    clear = as_shown(found, clear=True)
    assert (clear.number, clear.inner[0]["accused"]) == (NUMBER, NUMBER)
    assert clear.business == "Quick Cash 137******78", "it was asked for the number, and for no other"


def test_a_name_on_the_ladder_is_a_number_or_none():
    assert as_shown({"kind": "number", "name": NUMBER})["name"] == MASKED
    assert as_shown({"kind": "owner", "name": "Loan King 13712345678"})["name"] == "Loan King 137******78"
    assert as_shown({"number": None, "owner": None, "numbers": [NUMBER]}) == {
        "number": None,
        "owner": None,
        "numbers": [MASKED],
    }


def test_counts_under_the_same_mask_are_added_up():
    assert as_shown({"callers": {NUMBER: 2, "+8613700000078": 3}}) == {"callers": {MASKED: 5}}


@pytest.mark.parametrize("kept", ["+8613*", "CN:95000..CN:95999", MASKED, ""])
def test_what_covers_many_stays_as_it_is_written(kept):
    assert masked(kept) == kept


@pytest.mark.parametrize(
    "kept",
    [
        "complaint C-7K3M9-2QF4T by centre",
        "C-12345-6789A withdrawn",
        "about: 0123456789012345678901234567890a",
        "decision 6b0736ec2633c7d7bc8b",
    ],
)
def test_references_and_hashes_are_no_numbers(kept):
    assert worded(kept) == kept


def test_what_only_looks_like_one_hides_no_number():
    assert "1371234567" not in worded("13712345678137123456781371234")
    assert "13712-34567" not in worded("C-13712-34567")


def test_a_name_may_be_told_as_it_was_shown():
    known = ["Lake 13712345678", "Lake 13712345678 South", "River"]
    assert as_named("Lake 137******78", known, "") == "Lake 13712345678"
    assert as_named("River", known, "") == "River"
    several = ["Lake 13712345678", "Lake 13799999978"]
    assert as_named("Lake 137******78", several, "") == "Lake 137******78", "nobody knows which is meant"


def test_an_entry_of_the_audit_shows_no_number():
    deed = Deed(0.0, "li", "ladder", f"number {NUMBER}", "owner", f"{NUMBER} again", "Loan King 13712345678")
    shown = deed_shown(deed)
    assert "12345" not in repr(shown)
    change = deed._replace(subject="list", before='{"note": "13712345678", "expires": 1796123456.5}')
    assert deed_shown(change).before == '{"note": "137******78", "expires": 1796123456.5}'
    signed_in = deed._replace(subject="account", detail="from 2001:db8::1234:5678", subject_id="li")
    assert deed_shown(signed_in).detail == "from 2001:db8::1234:5678"


def test_plain_names_cost_nothing_and_are_what_the_slow_way_says():
    for text in ("Lake Bank / North Branch", "Mr. O'Neill, at home", "", "a.b.c", "a at b dot c"):
        assert worded(text) == without_numbers(text) == text

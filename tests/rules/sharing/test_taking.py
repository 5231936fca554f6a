"""What of a partner's version counts, until when, and how it stands on a list."""

import pytest

from rules.numbering.intervals import interval_of
from rules.sharing.entries import SharedEntry
from rules.sharing.taking import Wanted, choose, lies, nearest, rows_of, word_of

ALL = Wanted(frozenset(), (), 1, 400)
ONE = SharedEntry("+8617012345678", "fraud", "bare", "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 3, 0)
RANGE = (interval_of("+861380*").start, interval_of("+861380*").stop)


@pytest.mark.parametrize(
    ("changed", "wanted", "withdrawn", "why"),
    [
        ({}, ALL, {}, None),
        ({"origin": "us.example", "hop": 1}, ALL, {}, "echo"),
        ({}, ALL, {ONE.key: 3}, "withdrawn"),
        ({}, ALL, {ONE.key: 2}, None),
        ({"hop": 2}, ALL, {}, "far"),
        ({"hop": 1}, ALL, {}, None),
        ({}, ALL._replace(reasons=frozenset({"forged"})), {}, "reason"),
        ({}, ALL._replace(ranges=(RANGE,)), {}, "range"),
        ({"number": "+8613800138000"}, ALL._replace(ranges=(RANGE,)), {}, None),
        ({"number": "+86138*"}, ALL._replace(ranges=(RANGE,)), {}, "range"),
        ({"expires": "2026-12-01"}, ALL, {}, "expired"),
        ({"last": "2026-11-01"}, ALL._replace(ttl_days=30), {}, "expired"),
    ],
)
def test_what_counts_and_why_the_rest_does_not(changed, wanted, withdrawn, why):
    found = choose([ONE._replace(**changed)], wanted, withdrawn, ours="us.example", today="2026-12-01")
    assert (dict(found.left_out), len(found.entries)) == (({why: 1}, 0) if why else ({}, 1))


def test_an_entry_ends_when_its_partner_is_believed_no_longer():
    found = choose([ONE], ALL._replace(ttl_days=7), {}, ours="us.example", today="2026-12-01")
    assert found.entries[0].expires == "2026-12-08"


def test_of_two_words_on_a_number_the_nearer_stands():
    far, old = ONE._replace(hop=1, origin="c.example", version=9), ONE._replace(version=2)
    assert nearest([far, old, ONE]) == {ONE.number: ONE}


def test_a_sender_can_neither_take_anothers_word_for_his_nor_hide_his_own():
    assert lies([ONE, ONE._replace(origin="b.example", hop=1)], "a.example") == ""
    assert "b.example" in lies([ONE._replace(origin="b.example")], "a.example")
    assert lies([ONE._replace(hop=1)], "a.example")


def test_a_row_says_whose_word_it_is():
    ((line, number, more),) = rows_of("beta", [ONE])
    assert (line, number, more["source"], more["note"]) == (
        *(1, ONE.number, "partner beta", "version 3 of a.example, hop 0"),
    )
    assert word_of(more["note"]) == (3, "a.example")
    assert word_of("by hand") is None

"""Whom an entry against callers hits, in words."""

from console.cli.lists.whom_it_hits import Hits
from rules.lists.holding import Caught
from rules.lists.ledger import Code

BANK = Code("CN:95588*", "Bank", "", "", None)


def test_holders_are_named_and_the_rest_counted():
    assert Hits("CN:955*", (BANK,) * 7).lines()[-2:] == [
        "it hits Bank, who holds CN:95588*",
        "it hits 2 holders of codes more",
    ]


def test_a_number_that_nobody_holds_and_nobody_called_from_needs_no_words():
    assert Hits("+8617012345678", (), Caught(0, 10, ())).lines() == []
    assert Hits().as_data() == {}


def test_of_a_held_number_it_is_said_also_that_nothing_would_have_been_caught():
    lines = Hits("CN:95588", (BANK,), Caught(0, 10, ())).lines()
    assert lines[-1] == "Of 10 calls that went through in the last day it would have caught 0."

"""What is known of one number; all of it in sentences stands in tests/console/cli/workbench/test_why.py."""

import pytest

from ringfence.explanations import BadWord
from ringfence.installation import Installation
from ringfence.known_numbers import known


def test_the_entries_and_rules_that_cover_a_number(file, run):
    run("lists", "add", "blocked", "17012345678", "--reason", "rang at night")
    found = Installation.open(file).run(lambda here: known(here, "170 1234 5678", "CN"))
    assert (found["number"], found["verdict"], found["by"]) == ("+8617012345678", "reject", "blocked")
    assert [(one["list"], one["acts"]) for one in found["entries"]] == [("blocked", True)]
    found = Installation.open(file).run(lambda here: known(here, "95012345", "CN"))
    assert [one["rule"] for one in found["rules"]] == ["night-calls"]


@pytest.mark.parametrize(("number", "trunk"), [("170*", ""), ("Tel. 17012345678", ""), ("17012345678", "nowhere")])
def test_what_is_no_number_or_no_trunk_is_said(file, number, trunk):
    with pytest.raises(BadWord):
        Installation.open(file).run(lambda here: known(here, number, "CN", trunk))

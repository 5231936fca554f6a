"""`ringfence lists history`: what befell the entries of a number, as a table and for programs."""

import json

from ringfence.login import login_name

ME = login_name()


def test_added_changed_and_removed(run):
    run("lists", "add", "blocked", "17012345678", "--reason", "rang at night", "--source", "hotline")
    run("lists", "add", "blocked", "+86170*", "--range", "--reason", "virtual operator")
    assert run("lists", "remove", "blocked", "17012345678", "--reason", "its owner changed").exit_code == 0
    told = json.loads(run("lists", "history", "0086 170 1234 5678", "--json").stdout)
    assert [(one["entry"], one["what"], one["author"], one["reason"], one["source"]) for one in told] == [
        ("+8617012345678", "added", ME, "rang at night", "hotline"),
        ("+86170*", "added", ME, "virtual operator", "operator"),
        ("+8617012345678", "removed", ME, "its owner changed", "hotline"),
    ]
    assert all(one["at"].endswith("+08:00") for one in told)
    assert "its owner changed" in run("lists", "history", "17012345678").stdout


def test_a_number_that_never_was_on_a_list(run):
    assert run("lists", "history", "17012345678").stdout.startswith("No entry covers it, and none did")
    assert json.loads(run("lists", "history", "17012345678", "--json").stdout) == []


def test_a_prefix_has_no_history_of_its_own(run):
    refused = run("lists", "history", "+86170*")
    assert refused.exit_code == 2
    assert "covers many numbers" in refused.stderr
    assert run("lists", "history", "twelve").exit_code == 1

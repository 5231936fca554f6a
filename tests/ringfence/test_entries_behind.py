"""`ringfence explain DECISION` names whose entry it was, also when the entry is gone."""

import json

from ringfence.login import login_name
from ringfence.rulebook import load_rulebook
from rules.model import Hit
from tests.console.past import past_calls

ME = login_name()
CALLER = "+8617012345678"


def rejected(file, entry=CALLER):
    """A call a moment ago that an entry of the blocked list stopped."""
    hit = Hit("blocked", "block", entry, "hotline", CALLER, 1)
    (decision,) = past_calls(file, load_rulebook(file), ["17012345678"], hits=(hit,), ago_s=0.0)
    return decision


def test_an_entry_that_is_gone(file, run):
    run("lists", "add", "blocked", "17012345678", "--reason", "rang at night", "--source", "hotline")
    decision = rejected(file)
    run("lists", "remove", "blocked", "17012345678", "--reason", "its owner changed")
    run("lists", "add", "blocked", "17012345678", "--reason", "another")
    (line,) = [line for line in run("explain", decision).stdout.splitlines() if line.split()[0] == "entry"]
    assert "on blocked, added on 20" in line
    assert f"by {ME} (hotline): rang at night; removed on 20" in line
    assert line.endswith(f"by {ME}: its owner changed")
    assert CALLER not in line
    (entry,) = json.loads(run("explain", decision, "--json").stdout)["entries"]
    assert (entry["reason"], entry["ended"], entry["ended_why"]) == ("rang at night", "removed", "its owner changed")
    assert entry["entry"] == "+86170******78"


def test_an_entry_that_stands_and_a_number_in_clear(file, run):
    run("lists", "add", "blocked", "17012345678")
    decision = rejected(file)
    assert f"{CALLER} on blocked, added on" in run("explain", decision, "--unmasked", "--reason", "why").stdout
    assert "; it stands" in run("explain", decision).stdout


def test_only_the_entry_that_took_part(file, run):
    run("lists", "add", "blocked", "17012345678", "--reason", "one number")
    run("lists", "add", "blocked", "+86170*", "--range", "--reason", "the prefix")
    shown = run("explain", rejected(file, "+86170*")).stdout
    assert "the prefix" in shown
    assert "one number" not in shown


def test_an_entry_of_which_nothing_is_known_any_more(file, run):
    run("lists", "show")
    assert "which entry of blocked it was is not known any more" in run("explain", rejected(file)).stdout

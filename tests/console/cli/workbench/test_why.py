"""Why a number is caught: entries and rules that cover it, what else they ask, which wins, the last hit."""

import asyncio
import json
import sqlite3
import time
from contextlib import closing

import pytest

from ringfence.rulebook import load_rulebook
from rules.records.decisions import Decisions
from tests.console.past import past_calls

RULES = """\
- rule: seller
  because: It sells.
  when: {caller: {starts_with: 95012}, called: {group: homes}, hours: 21:00-08:00}
  unless: [{caller: {on_list: suspected}}, {diverted: true}]
  then: {tag: {label: 推销}}
- rule: whole-range
  because: Nobody wants it.
  when: {caller: {starts_with: 95012}}
  then: {reject: decline}
- rule: others
  because: b
  when: {caller: {starts_with: 95013}}
  then: tag
- rule: whoever
  because: b
  when: {hours: 21:00-08:00}
  then: tag
- rule: observing
  because: b
  when: {caller: {class: cn-95}}
  then: reject
  mode: observe
"""


@pytest.fixture
def hit(run, file):
    """A number on a list, which was hit five times."""
    run("lists", "add", "blocked", "17012345678", "--reason", "night")

    async def work():
        decisions = await Decisions.open(file.with_name("ringfence-decisions.db"))
        await decisions.write([], [], [("blocked", "+8617012345678", 5, time.time())])
        await decisions.close()

    asyncio.run(work())
    return run


@pytest.fixture
def ruled(file, run):
    (file.parent / "rules.d" / "own.yaml").write_text(RULES)
    return run


def why(run, number: str) -> dict:
    found = run("why", number, "--json")
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def test_why_a_number_is_caught(hit):
    told = hit("why", "170 1234 5678").stdout
    assert "+8617012345678 is of class mobile, CN." in told
    assert "+8617012345678 on blocked (block) by operator" in told
    assert ": night; 5 calls, the last on 20" in told
    assert "On trunk default, by these alone: reject by blocked (block list)." in told
    assert "No list entry covers it." in hit("why", "17012345670").stdout


def test_why_an_entry_does_nothing(run, file, tmp_path):
    path = tmp_path / "allowed.csv"
    path.write_text("number,licence,document,purpose,owner,approver,review\n95588,B,d,p,o,a,2099-01-01\n")
    run("lists", "import", "allowed", str(path))
    with closing(sqlite3.connect(file.with_name("ringfence.db"))) as database:
        database.execute("update origin set review = 1577836800")
        database.commit()
    (entry,) = json.loads(run("why", "95588", "--json").stdout)["entries"]
    assert (entry["acts"], entry["off"]) == (False, "review date has passed")


def test_rules_that_cover_it_and_what_else_they_ask(ruled):
    rows = {row["rule"]: row for row in why(ruled, "95012345")["rules"]}
    assert sorted(rows) == ["observing", "seller", "whole-range"]
    assert rows["seller"]["because_it"] == ["the caller starts with CN:95012"]
    assert rows["seller"]["if"] == ["the group of the called number is homes", "the time is 21:00-08:00"]
    assert rows["seller"]["unless"] == ["the call was diverted"], "that it is on no list is known"
    assert (rows["whole-range"]["if"], rows["whole-range"]["does"]) == ([], "reject decline")
    assert (rows["observing"]["acts"], rows["seller"]["acts"]) == (False, True)
    shown = ruled("why", "95012345").stdout
    assert "own.yaml:1): tag label '推销', since the caller starts with CN:95012, if the group" in shown
    assert "by these alone: reject by whole-range (deciding rule)" in shown


def test_a_list_that_stops_a_rule(ruled):
    ruled("lists", "add", "suspected", "95012345")
    assert "seller" not in [row["rule"] for row in why(ruled, "95012345")["rules"]]


def test_when_a_rule_hit_it_last(file, ruled):
    book = load_rulebook(file)
    past_calls(file, book, ["95012345"], ruleset=book.ruleset)
    (row,) = [row for row in why(ruled, "95012345")["rules"] if row["rule"] == "whole-range"]
    assert row["last_hit"].startswith("20")
    assert "; last held on 20" in ruled("why", "95012345").stdout


def test_a_number_that_nothing_covers(ruled):
    shown = ruled("why", "13912345678").stdout
    assert "No list entry covers it.\nNo rule asks for it.\n" in shown
    assert "by these alone: forward (no rule)" in shown


def test_entries_that_were_taken_off(run):
    run("lists", "add", "blocked", "17012345678", "+86170*", "--range", "--reason", "rang at night")
    run("lists", "remove", "blocked", "17012345678", "--reason", "its owner changed")
    shown = run("why", "17012345678").stdout
    assert "+8617012345678 was on blocked until 20" in shown
    assert ": its owner changed.\n" in shown
    assert shown.count("was on") == 1, "the prefix stands"
    (gone,) = json.loads(run("why", "17012345678", "--json").stdout)["gone"]
    assert (gone["ended"], gone["reason"]) == ("removed", "rang at night")
    run("lists", "add", "blocked", "17012345678")
    assert json.loads(run("why", "17012345678", "--json").stdout)["gone"] == []


def test_why_says_where_an_allow_entry_counts_and_judges_on_a_trunk(run):
    run("lists", "add", "allowed", "95588")
    told = run("why", "95588").stdout
    assert "It counts on carrier; not on default: its callers cannot be believed." in told
    assert "On trunk default, by these alone: forward (no rule)." in told
    (entry,) = json.loads(run("why", "95588", "--json").stdout)["entries"]
    assert (entry["acts"], entry["counts_on"]) == (False, ["carrier"])
    told = run("why", "95588", "--trunk", "carrier").stdout
    assert "On trunk carrier, by these alone: forward by allowed (allow list)." in told
    run("lists", "add", "allowed", "95599", "--trunk", "default")
    told = run("why", "95599").stdout
    assert "It counts on no trunk; not on default: its callers cannot be believed; " in told
    assert "not on carrier: the entry is for others." in told
    assert "there is no trunk 'other'" in run("why", "95599", "--trunk", "other").stderr


@pytest.mark.parametrize("text", ["95*", "95500..95599"])
def test_a_prefix_is_no_number(run, text):
    found = run("why", text)
    assert found.exit_code != 0
    assert "one number belongs here" in " ".join(found.stderr.replace("│", "").split())

"""What entries do: counted, ranked, stale; and why a number is caught."""

import asyncio
import json
import time

import pytest

from rules.records.decisions import Decisions


@pytest.fixture
def hit(run, file):
    """Three numbers on a list, of which one was hit five times."""
    run("lists", "add", "blocked", "17012345678", "17012345679", "17012345677", "--reason", "night")

    async def work():
        decisions = await Decisions.open(file.with_name("ringfence-decisions.db"))
        await decisions.write([], [], [("blocked", "+8617012345678", 5, time.time())])
        await decisions.close()

    asyncio.run(work())
    return run


def test_lists_are_counted(hit):
    (allowed, blocked, _) = json.loads(hit("lists", "stats", "--json").stdout)
    assert (allowed["entries"], allowed["hits"], allowed["last_hit"], allowed["never_hit"]) == (0, 0, None, 0)
    assert (blocked["entries"], blocked["hits"], blocked["never_hit"]) == (3, 5, 2)


def test_entries_are_ranked_and_the_stale_found(hit):
    (first,) = json.loads(hit("lists", "top", "--json").stdout)
    assert (first["list"], first["entry"], first["hits"]) == ("blocked", "+8617012345678", 5)
    assert json.loads(hit("lists", "stale", "blocked", "--json").stdout) == []
    stale = json.loads(hit("lists", "stale", "blocked", "--for", "0s", "--json").stdout)
    assert [one["entry"] for one in stale][:1] == ["+8617012345677"]


def test_why_a_number_is_caught(hit):
    told = hit("why", "170 1234 5678").stdout
    assert "+8617012345678 is of class mobile, CN." in told
    assert "+8617012345678 on blocked (block) by operator" in told
    assert ": night; 5 calls." in told
    assert "No list entry covers it." in hit("why", "17012345670").stdout


def test_why_an_entry_does_nothing(run):
    words = ["--licence", "B", "--document", "d", "--purpose", "p", "--owner", "o", "--approver", "a"]
    run("lists", "add", "allowed", "95588", *words, "--review", "2020-01-01")
    (entry,) = json.loads(run("why", "95588", "--json").stdout)["entries"]
    assert (entry["acts"], entry["off"]) == (False, "review date has passed")

"""What entries do: counted, ranked, stale."""

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


def test_entries_that_were_hit_and_left_since_hide_none_that_never_were(hit):
    hit("lists", "remove", "blocked", "17012345678")
    blocked = json.loads(hit("lists", "stats", "--json").stdout)[1]
    assert (blocked["entries"], blocked["hits"], blocked["never_hit"]) == (2, 5, 2)


def test_a_list_that_nobody_knows_has_no_hits(hit):
    assert "there is no list 'none' in ringfence.yaml" in hit("lists", "top", "none").stderr

"""Whoever looks a number up without the desk, or is shown callers in full, stands in the audit as well."""

import asyncio
import json
import time

import pytest

from rules.model import Action, Call, Step, Trunk, Verdict
from rules.numbering.numbers import read_number
from rules.records.decisions import Decisions, decisions_path, row

CHINA = Trunk("default", country="CN")
DECISION = "0123456789abcdef0123"


@pytest.fixture
def recorded(file):
    """One call on record."""

    async def work():
        decisions = await Decisions.open(decisions_path(file.parent / "ringfence.db"))
        caller, called = read_number("95012345", CHINA), read_number("13800138000", CHINA, called=True)
        call = Call(caller=caller, called=called, trunk=CHINA, at=time.time())
        await decisions.write(
            [row(call, Verdict(Action.FORWARD, Step.DEFAULT, decision=DECISION), None, b"k" * 32)], []
        )
        await decisions.close()

    asyncio.run(work())


def looks(run):
    entries = json.loads(run("audit", "show", "--chain", "complaints", "--json").stdout)
    return [(one["subject"], one["step"], one["detail"]) for one in entries]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["why", "95012345"], [("number", "searched", "why")]),
        (["lists", "history", "95012345"], [("number", "searched", "lists history")]),
        (["log", "--caller", "95012345"], [("number", "searched", "log")]),
        (["log", "--unmasked", "--reason", "why"], [("number", "unmasked", "log")]),
        (["explain", DECISION, "--unmasked", "--reason", "why"], [("call", "unmasked", "explain")]),
        (["log"], []),
        (["explain", DECISION], []),
    ],
    ids=lambda one: " ".join(one) if one and isinstance(one[0], str) else "",
)
def test_a_look_stands_in_the_audit_and_masked_rows_are_none(run, recorded, words, found):
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    assert looks(run) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["explain", "--from", "95012345", "--to", "13800138000"], ("number", "searched", "explain")),
        (["explain", "--from", "anonymous", "--to", "13800138000"], None),
        (["subscribers", "show", "13800138000"], ("number", "searched", "subscribers show")),
        (["lists", "show", "blocked"], ("list", "listed", "1 shown; lists show blocked")),
        (["lists", "show"], None),
        (["lists", "export", "blocked"], ("list", "listed", "1 shown; lists export blocked")),
        (["lists", "show", "allowed"], None),
    ],
    ids=lambda one: " ".join(one) if one and not isinstance(one, tuple) else "",
)
def test_whoever_is_shown_entries_or_asks_of_a_number_stands_in_the_audit(run, words, found):
    run("lists", "add", "blocked", "95012345")
    run("cases", "list")  # a desk was opened, so there is an audit
    assert run(*words).exit_code == 0
    assert looks(run) == ([found] if found else [])


def test_what_would_be_ended_is_a_look_and_a_search(run):
    run("complaints", "add", "95012345", "--by", "13800138000")
    run("complaints", "reject", "--about", "95012345", "--reason", "x", "--dry-run")
    assert ("complaint", "listed") in [one[:2] for one in looks(run)]

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
    entries = json.loads(run("audit", "show", "--json").stdout)
    return [(one["subject"], one["step"], one["detail"]) for one in entries]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["why", "95012345"], [("number", "searched", "why")]),
        (["lists", "history", "95012345"], [("number", "searched", "lists history")]),
        (["log", "--caller", "95012345"], [("number", "searched", "log")]),
        (["log", "--unmasked"], [("call", "unmasked", "log")]),
        (["explain", DECISION, "--unmasked"], [("call", "unmasked", "explain")]),
        (["log"], []),
        (["explain", DECISION], []),
    ],
    ids=lambda one: " ".join(one) if one and isinstance(one[0], str) else "",
)
def test_a_look_stands_in_the_audit_and_masked_rows_are_none(run, recorded, words, found):
    done = run(*words)
    assert done.exit_code == 0, done.stderr
    assert looks(run) == found

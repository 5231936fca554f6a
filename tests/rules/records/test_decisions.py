"""The record of decisions: what a row holds, how it is found again, how long it is kept."""

from contextlib import asynccontextmanager

import pytest

from rules.model import Action, Call, Fired, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, row
from rules.records.privacy import pseudonym

KEY = b"k" * 32
CALLER = Number("+8613800138000", NumberClass.MOBILE, "CN", "013800138000")
CALLED = Number("+861062345678", NumberClass.FIXED, "CN")
FIRED = (Fired("nuisance", Step.OPERATOR_BLOCK, "reject", "+86138*, hotline"), Fired("odd", Step.RULES, "tag"))


def call(at=1_000.0, **more):
    values = {"caller": CALLER, "called": CALLED, "trunk": Trunk("north", "CN"), "at": at, "call_id": "a@b"}
    return Call(**{**values, "source": "192.0.2.7", **more})


def verdict(decision="0" * 20, action=Action.REJECT, **more):
    values = {"decision": decision, "rule": "nuisance", "reason": "Too many complaints.", "profile": "decline"}
    return Verdict(action, Step.OPERATOR_BLOCK, **{**values, "fired": FIRED, "revision": "r7", "suspicion": 3, **more})


@asynccontextmanager
async def opened(path):
    decisions = await Decisions.open(path / "decisions.db")
    try:
        yield decisions
    finally:
        await decisions.close()


async def test_a_decision_is_found_as_it_was_made(tmp_path):
    facts = {"group": "homes", "calls_1h": 61, "share": 0.8, "new": True}
    full = call(
        display_name="李 \udcff",
        domain="example.com",
        user_agent="ua",
        diverted=True,
        agrees=False,
        asserted_by_pai=True,
        callers=(CALLER, CALLED),
        headers={"x-a": "1"},
        facts=facts,
    )
    async with opened(tmp_path) as decisions:
        await decisions.write([row(full, verdict("ab" * 10), Outcome(603, False, 12), KEY)], [])
        found = await decisions.find(" AB" + "ab" * 9)
        assert found.caller == "+8613800138000"
        assert found.called_key == pseudonym(KEY, "+861062345678")
        assert (found.called_class, found.called_area, found.called_group) == ("fixed", "+8610", "homes")
        assert (found.action, found.step, found.fired) == (Action.REJECT, Step.OPERATOR_BLOCK, FIRED)
        assert (found.rule, found.reason, found.profile) == ("nuisance", "Too many complaints.", "decline")
        assert (found.status, found.rang, found.setup_ms, found.revision) == (603, False, 12, "r7")
        assert found.facts == {
            "believed": False,
            "raw": "013800138000",
            "region": "CN",
            "callers": ["+8613800138000", "+861062345678"],
            "pai": True,
            "agrees": False,
            "display_name": "李 \udcff",
            "domain": "example.com",
            "user_agent": "ua",
            "diverted": True,
            "headers": {"x-a": "1"},
            "facts": facts,
        }
        assert await decisions.find("cd" * 10) is None


async def test_the_called_number_is_nowhere_in_the_file(tmp_path):
    async with opened(tmp_path) as decisions:
        await decisions.write([row(call(), verdict(), None, KEY)], [])
    assert b"62345678" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())


async def test_emergency_calls_are_kept_for_a_week(tmp_path):
    async with opened(tmp_path) as decisions:
        await decisions.write([], [], emergency_callers=[("one", 1_000.0), ("two", 2_000.0)])
        await decisions.write([], [], emergency_callers=[("one", 3_000.0)])
        assert await decisions.emergency_callers(1_500.0) == [("two", 2_000.0), ("one", 3_000.0)]
        later = 3_000.0 + 7 * 86_400
        await decisions.write([], [], emergency_callers=[("three", later)])
        assert await decisions.emergency_callers(0.0) == [("one", 3_000.0), ("three", later)]


async def test_a_late_outcome_is_added(tmp_path):
    async with opened(tmp_path) as decisions:
        await decisions.write([row(call(), verdict("a" * 20), None, KEY)], [])
        assert (await decisions.find("a" * 20)).status is None
        await decisions.write([], [(200, True, 8_000, "a" * 20)])
        found = await decisions.find("a" * 20)
        assert (found.status, found.rang, found.setup_ms) == (200, True, 8_000)


async def test_a_strange_call_id_does_not_spoil_its_batch(tmp_path):
    async with opened(tmp_path) as decisions:
        await decisions.write([row(call(call_id="\udcff\0ü"), verdict("a" * 20), None, KEY)], [])
        assert (await decisions.find("a" * 20)).call_id == "\\udcff\0ü"


async def test_recent_ones_come_newest_first_through_every_filter(tmp_path):
    async with opened(tmp_path) as decisions:
        other = CALLER._replace(canonical="+8613900139000")
        rows = [
            row(call(1.0), verdict("1" * 20), None, KEY),
            row(call(2.0, caller=other), verdict("2" * 20, Action.TAG), None, KEY),
            row(call(3.0, trunk=Trunk("south")), verdict("3" * 20, rule="odd"), None, KEY),
        ]
        await decisions.write(rows, [])

        async def ids(limit=9, **filters):
            return "".join(found.id[0] for found in await decisions.recent(limit, **filters))

        assert await ids() == "321"
        assert await ids(2) == "32"
        assert await ids(action="reject") == "31"
        assert await ids(caller="+8613900139000") == "2"
        assert await ids(trunk="south") == "3"
        assert await ids(rule="nuisance", since=2.0) == "2"


@pytest.mark.parametrize("facts", [{"calls": object()}])
def test_a_fact_that_is_no_value_is_an_error_of_the_row(facts):
    with pytest.raises(TypeError):
        row(call(facts=facts), verdict(), None, KEY)

"""Complaints about a caller and his neighbours are counted from the desk's database; lacking where there is none."""

import pytest

from rules.judging.complained import Complained
from rules.storage.store import Store
from tests.rules.calls import EVENING, call, faults, rule, rules

DAY = 86_400.0
FACTS = ("complaints_per_caller_30d", "complaints_per_caller_block_1000_30d", "complaints_per_caller_1d")
CASE = (
    "insert into case_file (number, class, prefix, code, holder, state, opened, first_complaint, last_at) "
    "values (?, 'mobile', '', '', '', 'closed', 0, 0, 0)"
)
COMPLAINT = (
    "insert into complaint (reference, received, call_day, accused, reporter, line, category, channel, source, "
    "business, knew, branch, decision, tie, never_called, state, state_at, case_id) "
    "values (?, ?, ?, ?, ?, '', 'other', 'web', '', '', '', '', '', 'untied', 0, ?, 0, 1)"
)


async def complain(store, accused, *, days=1.5, state="accepted", number=[0]):  # noqa: B006 - counts on
    number[0] += 1
    about = (f"R{number[0]}", EVENING - days * DAY, number[0], accused, f"p{number[0]}", state)
    async with store.transaction() as connection:
        await connection.execute(COMPLAINT, about)


async def test_complaints_are_counted_within_their_days_by_number_and_block(tmp_path):
    path = tmp_path / "complaints.db"
    known = Complained(path)
    known.ask([*FACTS, "calls_1h", "risk"])
    facts = {}
    known.measure(call(), facts)
    assert facts == {}, "there is no desk here"
    store = await Store.open(path, "complaints", durable=False)
    async with store.transaction() as connection:
        await connection.execute(CASE, ("+8613912345678",))
    for _ in range(3):
        await complain(store, "+8613912345678")
    await complain(store, "+8613912345678", days=0.1)
    await complain(store, "+8613912345678", days=40)
    await complain(store, "+8613912345678", state="withdrawn")
    await complain(store, "+8613912345678", state="rejected")
    await complain(store, "+8613912345999")
    await complain(store, "+8613912346000")
    known.ask(FACTS)
    known.measure(call(), facts)
    assert facts == dict(zip(FACTS, (4, 5, 1), strict=True))
    await complain(store, "+8613912345678")
    known.poll()
    known.measure(call(), facts)
    assert facts[FACTS[0]] == 5, "the next call sees it"
    nobody = {}
    known.measure(call("anonymous"), nobody)
    assert nobody == {}
    known.close()
    await store.close()


@pytest.mark.parametrize("per", ["caller", "caller.block/1000"])
def test_a_rule_asks_how_many_complained_and_pays_no_table_for_it(per):
    ruleset = rules(rule(f"{{count: {{of: complaints, per: {per}, within: 30d, over: 0}}}}"))
    assert not ruleset.rates
    (fact,) = ruleset.facts
    assert ruleset.judge(call(facts={fact: 1})).fired
    assert not ruleset.judge(call(facts={fact: 0})).fired


@pytest.mark.parametrize("per", ["called", "pair", "trunk"])
def test_complaints_are_about_a_caller(per):
    (fault,) = faults(rule(f"{{count: {{of: complaints, per: {per}, within: 30d, over: 3}}}}"))
    assert "complaints are about a caller; write per: caller, or caller.block/1000" in fault

"""The screen: a call in, a verdict out; it never raises, it fails open, and it leaves a record."""

import io
import json
from contextlib import asynccontextmanager

import pytest

from rules.judging.fact_sources import FactSources
from rules.lists.editing import Origin
from rules.lists.ledger_imports import LedgerWishes, import_ledger
from rules.lists.subscribers import SubscriberStore
from rules.model import Action, Call, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, HitCount, decisions_path
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings, LogSettings, ScreeningSettings

SETTINGS = ScreeningSettings(
    lists={
        "nuisance": ListSettings(kind="block"),
        "homes": ListSettings(kind="plain"),
        "clinics": ListSettings(kind="emergency"),
    },
)
CALLER = Number("+8613800138000", NumberClass.MOBILE, "CN")
OTHER = Number("+8613900139000", NumberClass.MOBILE, "CN")
CALLED = Number("+861062345678", NumberClass.FIXED, "CN")
TRUNK = Trunk("north", "CN")


class Rules:
    """Rejects what any list names; remembers what it was asked."""

    def __init__(self, revision="r1", called_lists=frozenset(), rates=frozenset(), facts=frozenset()):
        self.revision, self.called_lists, self.rates, self.facts = revision, called_lists, rates, facts
        self.asked, self.holds = [], {}

    def judge(self, call, caller_hits, called_hits):
        self.asked.append((call, caller_hits, called_hits))
        action, step = (Action.REJECT, Step.OPERATOR_BLOCK) if caller_hits else (Action.FORWARD, Step.DEFAULT)
        return Verdict(action, step, revision=self.revision, rule=caller_hits[0].list if caller_hits else "")


class Broken(Rules):
    def judge(self, call, caller_hits, called_hits):
        raise RecursionError("deep")


def call(caller=CALLER, **more):
    return Call(**{"caller": caller, "called": CALLED, "trunk": TRUNK, "at": 1_000.0, "call_id": "a@b", **more})


@asynccontextmanager
async def opened(path, rules, **more):
    log = io.StringIO()
    screen = await Screen.open(SETTINGS, rules, path, **{"now": lambda: 1_000.0, "log": log, **more})
    try:
        yield screen, log
    finally:
        await screen.close()


async def test_a_listed_caller_is_judged_by_its_hits_and_recorded(tmp_path):
    rules = Rules()
    async with opened(tmp_path, rules) as (screen, log):
        await screen.lists.add("nuisance", "+8613800138000", Origin("hotline"))
        screen.poll()
        verdict = screen.judge(call())
        other = screen.judge(call(OTHER))
        assert (verdict.action, other.action) == (Action.REJECT, Action.FORWARD)
        assert len({verdict.decision, other.decision}) == 2
        assert all(len(d) == 20 and set(d) <= set("0123456789abcdef") for d in (verdict.decision, other.decision))
        screen.ended(verdict.decision, Outcome(603, False, 3))
        await screen.journal.flush()
        line = json.loads(log.getvalue())
        assert (line["decision"], line["verdict"], line["status"]) == (verdict.decision, "reject", 603)
        counters = screen.counters
        assert (counters["verdict_reject"], counters["verdict_forward"]) == (1, 1)
        assert (counters["lookup_misses"], counters["lookup_hits"]) == (2, 0)
    assert rules.asked[0][1][0].source == "hotline"


async def test_all_asserted_numbers_are_looked_up_the_called_one_only_if_a_rule_asks(tmp_path):
    rules = Rules()
    async with opened(tmp_path, rules) as (screen, _):
        await screen.lists.add("nuisance", OTHER.canonical)
        await screen.lists.add("nuisance", CALLED.canonical)
        await screen.lists.add("homes", CALLED.canonical)
        screen.poll()
        screen.judge(call(callers=(CALLER, OTHER)))
        _, caller_hits, called_hits = rules.asked.pop()
        assert [hit.number for hit in caller_hits] == [OTHER.canonical]
        assert called_hits == ()
        screen.swap(Rules("r2", frozenset({"homes"})))
        assert screen.judge(call()).revision == "r2"
        assert [hit.list for hit in screen.ruleset.asked.pop()[2]] == ["homes"]


async def test_an_emergency_call_passes_and_its_record_says_what_was_against_it(tmp_path):
    async with opened(tmp_path, Rules()) as (screen, log):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.poll()
        verdict = screen.judge(call(emergency=True))
        assert (verdict.action, verdict.step, verdict.rule) == (Action.TAG, Step.EMERGENCY, "nuisance")
        other = screen.judge(call(OTHER, emergency=True))
        assert (other.action, other.step, other.rule) == (Action.FORWARD, Step.EMERGENCY, "")
        screen.ended(verdict.decision, Outcome(200, True, 3))
        await screen.journal.flush(everything=True)
        line = json.loads(log.getvalue().splitlines()[0])
        assert (line["verdict"], line["step"], line["rule"]) == ("tag", "emergency", "nuisance")
        assert (screen.counters["emergency"], screen.counters["emergency_marked"]) == (2, 1)


@pytest.mark.parametrize("closed", [False, True])
async def test_an_emergency_call_that_cannot_be_judged_passes_on_every_trunk(tmp_path, closed):
    trunk = TRUNK._replace(fail_closed=closed)
    async with opened(tmp_path, Broken()) as (screen, _):
        verdict = screen.judge(call(emergency=True, trunk=trunk))
        assert (verdict.action, verdict.step, verdict.rule) == (Action.FORWARD, Step.EMERGENCY, "")
        screen.lookup.close()  # as if the database could not be read
        verdict = screen.judge(call(OTHER, emergency=True, trunk=trunk))
        assert (verdict.action, verdict.step) == (Action.FORWARD, Step.EMERGENCY)


async def test_after_a_call_for_help_calls_to_that_subscriber_pass(tmp_path):
    clock = [1_000.0]
    async with opened(tmp_path, Rules(), now=lambda: clock[0]) as (screen, log):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        screen.emergency_call_made([CALLED.canonical])
        screen.swap(Broken("r2"))
        verdict = screen.judge(call())
        assert (verdict.action, verdict.step, verdict.revision) == (Action.FORWARD, Step.CALLBACK, "r2")
        assert verdict.reason == "the subscriber made an emergency call"
        assert screen.counters["emergency_callbacks"] == 1
        screen.ended(verdict.decision, Outcome(200, True, 3))
        await screen.journal.flush()
        assert json.loads(log.getvalue().splitlines()[-1])["step"] == "emergency callback"
        screen.swap(Rules())
        clock[0] += 3 * 86_400  # the clock jumps, and comes back
        screen.poll()
        clock[0] -= 3 * 86_400
        assert screen.judge(call(at=clock[0])).step is Step.CALLBACK
        begun = screen._steady()
        screen._steady = lambda: begun + 2 * 3600
        screen.poll()
        assert screen.judge(call(at=clock[0])).action is Action.REJECT


async def test_the_proxy_starts_although_it_cannot_read_who_made_emergency_calls(tmp_path):
    decisions = await Decisions.open(decisions_path(tmp_path / SETTINGS.storage.database))
    await decisions.store.connection.execute("drop table call_for_help")
    await decisions.close()
    async with opened(tmp_path, Rules()) as (screen, _):
        assert "who made an emergency call" in screen.journal.last_error
        assert screen.judge(call()).action is Action.FORWARD


async def test_a_restart_forgets_no_emergency_call(tmp_path):
    clock = [1_000.0]
    async with opened(tmp_path, Rules(), now=lambda: clock[0]) as (screen, _):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.emergency_call_made([CALLED.canonical, "EXT:1001"])
        await screen.journal.flush()  # and no more: as if it was killed
        assert await screen.journal.emergency_callers(0.0) != []
        assert CALLED.canonical.encode() not in decisions_path(tmp_path / SETTINGS.storage.database).read_bytes()
        async with opened(tmp_path, Rules(), now=lambda: clock[0]) as (again, _):
            assert again.judge(call()).step is Step.CALLBACK
            assert again.judge(call(called=OTHER)).action is Action.REJECT
            begun = again._steady()
            again._steady = lambda: begun + 2 * 3600
            assert again.judge(call()).action is Action.REJECT


async def test_an_emergency_call_at_another_node_lets_the_rescuers_call_back_here_and_after_a_restart(tmp_path):
    clock = [1_000.0]
    async with opened(tmp_path, Rules(), now=lambda: clock[0]) as (screen, _):
        await screen.lists.add("nuisance", CALLER.canonical)
        assert screen.judge(call()).action is Action.REJECT
        key = screen.keys.hide(CALLED.canonical)
        screen.take_emergency_callers([(screen.keys.hide(OTHER.canonical), 1_000.0), (key, 995.0)])
        assert screen.judge(call()).step is Step.CALLBACK
        await screen.journal.flush()
        async with opened(tmp_path, Rules(), now=lambda: clock[0]) as (again, _):
            assert again.judge(call()).step is Step.CALLBACK


@pytest.mark.parametrize(("closed", "action"), [(False, Action.FORWARD), (True, Action.REJECT)])
async def test_an_error_fails_open_or_as_the_trunk_says(tmp_path, closed, action):
    async with opened(tmp_path, Broken()) as (screen, _):
        verdict = screen.judge(call(trunk=TRUNK._replace(fail_closed=closed)))
        assert (verdict.action, verdict.step, verdict.revision) == (action, Step.FAIL_OPEN, "r1")
        assert len(verdict.decision) == 20
        assert screen.counters["judge_errors"] == 1
        assert screen.last_error == "RecursionError: deep"


async def test_an_unknown_look_up_fails_open(tmp_path):
    rules = Rules("r1", frozenset({"homes"}))
    async with opened(tmp_path, Rules()) as (screen, _):
        assert screen.judge(call()).step is Step.DEFAULT
        screen.lookup.close()  # as if the database could not be read
        assert screen.judge(call(OTHER)).step is Step.FAIL_OPEN
        assert screen.judge(call()).step is Step.DEFAULT, "this caller's entries are remembered"
        screen.swap(rules)
        assert screen.judge(call()).step is Step.FAIL_OPEN, "those of the called number are not"
        assert screen.counters["judge_unknown"] == 2
        assert rules.asked == []


async def test_a_verdict_that_is_known_is_used_however_late_and_counted(tmp_path):
    async with opened(tmp_path, Rules()) as (screen, _):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.poll()
        screen._budget_s = 0.0  # as if the machine had stood still meanwhile
        for closed in (False, True):
            trunk = TRUNK._replace(fail_closed=closed)
            assert screen.judge(call(trunk=trunk)).action is Action.REJECT
            assert screen.judge(call(OTHER, trunk=trunk)).action is Action.FORWARD
        assert screen.counters["judge_over_budget"] == 4


async def test_what_is_known_against_a_caller_counts_though_a_further_number_is_not(tmp_path):
    async with opened(tmp_path, Rules()) as (screen, _):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        screen.lookup.close()  # as if the database could not be read; this caller's entries are remembered
        assert screen.judge(call(callers=(CALLER, OTHER))).action is Action.REJECT
        assert screen.judge(call(OTHER, callers=(OTHER, CALLER))).step is Step.FAIL_OPEN, "the first may be allowed"
        assert screen.counters["judge_unknown"] == 2


async def test_lines_go_to_the_file_of_the_settings(tmp_path):
    settings = SETTINGS.model_copy(update={"logging": LogSettings(file="calls.log", mask_numbers=False)})
    screen = await Screen.open(settings, Rules(), tmp_path, now=lambda: 1_000.0)
    screen.judge(call())
    await screen.close()
    assert json.loads((tmp_path / "calls.log").read_text())["caller"] == CALLER.canonical
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "calls.log",
        "ringfence-decisions.db",
        "ringfence.db",
        "ringfence.db.known",
        "ringfence.keys",
    ]
    assert decisions_path(tmp_path / "ringfence.db").is_file()


async def test_a_start_that_fails_leaves_nothing_open(tmp_path, monkeypatch):
    def fails(path):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("rules.screening.holding.warm", fails)
    with pytest.raises(RuntimeError):
        await Screen.open(SETTINGS, Rules(), tmp_path)


async def test_a_log_that_cannot_be_opened_costs_lines_not_the_start(tmp_path):
    said = []
    settings = SETTINGS.model_copy(update={"logging": LogSettings(file="none/calls.log")})
    screen = await Screen.open(settings, Rules(), tmp_path, tell=lambda *what: said.append(what))
    assert "none/calls.log" in screen.without["call log"]
    screen.ended(screen.judge(call()).decision, Outcome(200, True, 1))
    await screen.journal.flush()
    assert "none/calls.log" in said[0][1]
    (tmp_path / "none").mkdir()
    screen.ended(screen.judge(call()).decision, Outcome(200, True, 1))
    await screen.journal.flush()
    assert (tmp_path / "none" / "calls.log").read_text().count("\n") == 1
    assert screen.without["call log"] == ""
    await screen.close()


async def test_the_ledger_and_the_subscriber_s_list_are_heard(tmp_path):
    rules = Rules()
    async with opened(tmp_path, rules) as (screen, _):
        rows = [(2, "95012", {"holder": "Firm"})]
        await import_ledger(screen.lists.store, rows, LedgerWishes("", country="CN", complete=("95",)), now=0.0)
        wishes = SubscriberStore(screen.lists.store, screen.keys.pseudonym, lambda: 0.0)
        await wishes.add(CALLED.canonical, "block", OTHER.canonical)
        screen.poll()
        assert screen.judge(call()).action is Action.FORWARD
        assert screen.judge(call(OTHER)).action is Action.REJECT
        screen.judge(call(Number("CN:95012345", NumberClass.CN_95, "CN")))
        screen.judge(call(Number("CN:95588", NumberClass.CN_95, "CN"), facts={"calls_1h": 3}))
    (plain, _, _), (_, wished, _), (held, _, _), (unheld, _, _) = rules.asked
    assert plain.facts is None
    assert [hit.kind for hit in wished] == ["subscriber-block"]
    assert (held.caller.kind, held.facts["holder"]) == (NumberClass.CN_95, "Firm")
    assert unheld.caller.kind is NumberClass.CN_95, "what the ledger knows stands beside the class"
    assert unheld.facts == {"calls_1h": 3, "ledger": "unheld"}


async def test_hits_are_counted_once_they_are_written(tmp_path):
    async with opened(tmp_path, Rules()) as (screen, _):
        await screen.lists.add("nuisance", CALLER.canonical)
        screen.poll()
        for _ in range(3):
            screen.judge(call())
        await screen.journal.flush()
        decisions = await Decisions.open(decisions_path(tmp_path / "ringfence.db"))
        assert await decisions.most_hit() == [HitCount("nuisance", CALLER.canonical, 3, 1_000.0)]
        await decisions.close()


async def test_rates_are_measured_when_a_rule_asks_and_shown_to_it(tmp_path):
    rates = frozenset({("calls", 3600), ("short_calls", 3600)})
    rules = Rules(rates=rates)
    clock = iter(range(1002, 2000))
    async with opened(tmp_path, rules) as (screen, _):
        screen._now = lambda: next(clock)
        for _ in range(20):
            verdict = screen.judge(call())
            screen.ended(verdict.decision, Outcome(200, True, 1000))
            screen.hung_up(verdict.decision)
        screen.judge(call())
        screen.judge(call(message=True))
        assert rules.asked.pop()[0].facts is None, "texts are no calls"
        screen.judge(call(emergency=True))
        assert rules.asked.pop()[0].facts is None, "an emergency call is no call of a machine"
        last = rules.asked[-1][0].facts
        assert last["calls_1h"] == 21
        assert last["short_calls_1h"] == 30.0  # ended 1, 2 ... 6 seconds after the answer
        screen.swap(Rules())
        plain = call()
        screen.judge(plain)
        assert plain.facts is None


async def test_plug_ins_are_asked_when_a_rule_reads_their_facts(tmp_path):
    class Risk:
        names = ("risk",)

        def measure(self, call):
            return {"risk": 3}

    rules = Rules(facts=frozenset({"risk"}))
    async with opened(tmp_path, rules, sources=FactSources({"risk": Risk()}, wait_s=5)) as (screen, _):
        made, urgent, plain = call(), call(emergency=True), call()
        screen.judge(made)
        screen.judge(urgent)
        screen.swap(Rules())
        screen.judge(plain)
        assert (made.facts, urgent.facts, plain.facts) == ({"risk": 3}, None, None)
        assert screen.counters["facts_failed"] == 0


async def test_a_call_to_an_emergency_number_on_a_list_is_not_counted(tmp_path):
    rules = Rules("r1", frozenset({"clinics"}), frozenset({("calls", 3600)}))
    async with opened(tmp_path, rules) as (screen, _):
        await screen.lists.add("clinics", CALLED.canonical)
        screen.poll()
        made = call()
        screen.judge(made)
        assert made.facts is None

"""A recorded call beside the rules that judged it: the stored revision, and what each of its rules asked."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import NamedTuple

from console.cli.options import shown_time
from ringfence.configuration import Configuration
from ringfence.live_rules import opened, rules_database, ruleset_of
from ringfence.rulebook import trunks_of
from rules.judging.conditions import Condition
from rules.judging.engine import CompiledRule, RuleSet
from rules.judging.explain import ALL_RULES_BELOW, Line, said
from rules.judging.facts import Facts
from rules.language.source import Document, RuleError
from rules.model import Hit, Step
from rules.records.decisions import Decision
from rules.records.hidden_digits import HIDDEN_LISTS, holds, truth
from rules.records.past_calls import Past, RecordReader
from rules.screening.revisions import Revision

_BY_RULES = frozenset((Step.RULES, Step.SUSPICION))


class JudgedBy(NamedTuple):
    """The revision that judged a call, as far as it is stored, beside the live one."""

    revision: Revision | None
    ruleset: RuleSet | None  # None: it is not stored, or no longer fits ringfence.yaml
    live: Revision | None

    def place_of(self, rule: str) -> str:
        """Where the rule stands; nothing for a list, or where the rules are not known."""
        return next((one.place for one in self.ruleset.rules if one.name == rule), "") if self.ruleset else ""


def judged_by(file: Path, configuration: Configuration, document: Document, decision: Decision) -> JudgedBy:
    """Find and compile what judged."""
    path = rules_database(file, configuration)
    if not path.exists():
        return JudgedBy(None, None, None)

    async def work() -> tuple[Revision | None, Revision | None]:
        async with opened(path) as revisions:
            return await revisions.that_judged(decision.revision, decision.at), await revisions.live()

    revision, live = asyncio.run(work())
    try:
        ruleset = ruleset_of(configuration, document, revision) if revision else None
    except RuleError:
        ruleset = None
    return JudgedBy(revision, ruleset, live)


def the_revision(found: JudgedBy, decision: Decision, zone: str) -> Line:
    """Which rules judged, who put them live and why, and whether they are live."""
    if found.revision is None:
        return Line("rules", f"judged by rule set {decision.revision}, which is not among the stored revisions")
    one, live = found.revision, found.live
    now = f"{live.shown} is live now" if live and live.hash != one.hash else "its rules are live"
    text = f"judged by {one.shown} ({one.hash}), put live by {one.author} on {shown_time(one.created, zone)}"
    return Line("rules", f"{text}: {one.reason}; {now}")


def what_rules_asked(found: JudgedBy, configuration: Configuration, decision: Decision) -> list[Line]:
    """What the rules that fired asked, and why the others did not hold; nothing when the rules are not stored."""
    past = _past(configuration, decision)
    if found.ruleset is None or past is None:
        return []
    fired = {one.name: one for one in decision.fired if one.step in _BY_RULES}
    facts = _facts(configuration, found.ruleset, past, decision)
    lines = []
    for rule in found.ruleset.rules:
        if rule.name in fired:
            asked = "; ".join(said(part) for part in rule.asks)
            lines.append(Line(Step.RULES, f"{rule.name} held: {asked}", place=rule.place))
        elif len(found.ruleset.rules) <= ALL_RULES_BELOW:
            lines.append(Line(Step.RULES, f"{rule.name} {_why_not(rule, facts)}", place=rule.place))
    return lines


def _why_not(rule: CompiledRule, facts: Facts) -> str:
    missing = _first(rule.asks, facts, False)
    if missing is not None:
        return f"did not hold: {said(missing)}"
    stopping = _first(rule.stops, facts, True)
    if stopping is not None:
        return f"was stopped: unless {said(stopping)}"
    if holds(rule, facts) is None:
        return "did not hold: it asks for digits of the called number, which no record keeps"
    return "did not hold, for what the record does not keep or a list that has changed since"


def _first(conditions: tuple[Condition, ...], facts: Facts, wanted: bool) -> Condition | None:
    return next((one for one in conditions if truth(one, facts) is wanted), None)


def _past(configuration: Configuration, decision: Decision) -> Past | None:
    reader = RecordReader({trunk.name: trunk for trunk in trunks_of(configuration)}, {})
    fired, facts = json.dumps(decision.fired), json.dumps(decision.facts)
    past = reader.read(
        (
            *(0, decision.id, decision.at, decision.trunk, decision.caller, decision.caller_class),
            *(decision.called_key, decision.called_class, decision.called_area, decision.called_group),
            *(str(decision.action), str(decision.step), decision.rule, fired, facts, decision.revision),
        )
    )
    return past if isinstance(past, Past) else None


def _facts(configuration: Configuration, ruleset: RuleSet, past: Past, decision: Decision) -> Facts:
    """What the rules saw, with the lists that the record names."""
    call = past.call
    lists = configuration.lists
    hits = [
        Hit(one.name, lists[one.name].kind, one.entry, "", call.caller.canonical, 0)
        for one in decision.fired
        if one.step is not Step.RULES and one.name in lists
    ]
    facts = Facts(call, hits, (), ruleset.clock)
    if past.hidden is not None:
        call.called = past.hidden
        facts.called_lists = facts.called_kinds = HIDDEN_LISTS
    return facts

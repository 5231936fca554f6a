"""A recorded call: which one somebody means, the rules that judged it, what each asked, and the entries behind it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection
from typing import NamedTuple

from ringfence.configuration import Configuration
from ringfence.installation import Installation
from ringfence.live_rules import ruleset_of
from ringfence.rulebook import compiled, trunks_of
from rules.judging.conditions import Condition
from rules.judging.engine import CompiledRule, RuleSet
from rules.judging.explain import ALL_RULES_BELOW, Sentence, effect_of, said
from rules.judging.facts import Facts
from rules.language.faults import Fault
from rules.language.source import Document, RuleError
from rules.lists.history import Period, stood_behind
from rules.model import Hit, Step
from rules.records.decisions import Decision
from rules.records.masked_callers import asks_hidden, hide_caller
from rules.records.past_calls import Past, RecordReader
from rules.records.privacy import mask
from rules.records.redacted_numbers import HIDDEN_LISTS, holds, leaves, truth
from rules.screening.revisions import FileText, Revision, Texts
from rules.texts.worded import joined, worded

_BY_RULES = frozenset((Step.RULES, Step.SUSPICION))
SHORTEST = 4  # digits of a beginning
SHOWN = 5
WRITTEN = "your rule"  # what a text on no disk is called in faults
_NOT_TOLD = worded("looks at digits which you may not see: whether it holds is not told")
_KEPT_BACK = worded("rules that look at digits which you may not see, of which is not told whether they held: %(n)s")
_WHOLE = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{20}(?![0-9A-Za-z])")
_DECISION = re.compile(
    r"""(?:X-Ringfence-Decision\s*:\s*|"decision"\s*:\s*"|text\s*=\s*"?)([0-9a-fA-F]{4,20})\b""", re.I
)
_CALL_ID = re.compile(r"""(?:^\s*(?:Call-ID|i)\s*:\s*|"call_id"\s*:\s*")([^\s"]+)""", re.I | re.M)
_BEGINNING = re.compile(rf"[0-9a-fA-F]{{{SHORTEST},20}}")


class Named(NamedTuple):
    """What a text names."""

    decision: str = ""  # its id, or the beginning of one
    call_id: str = ""


class SeveralCalls(ValueError):
    """A beginning that several decisions share."""


def named(text: str) -> Named:
    """The decision or Call-ID in a text: bare, in a header field, in a line of the log, or in a whole message."""
    text = text.strip()
    found = _DECISION.search(text) or _WHOLE.search(text)
    if found:
        return Named(decision=(found[1] if found.re is _DECISION else found[0]).lower())
    if call_id := _CALL_ID.search(text):
        return Named(call_id=call_id[1])
    return Named(decision=text.lower() if _BEGINNING.fullmatch(text) else "", call_id=text)


async def find(here: Installation, text: str) -> Decision | None:
    """The recorded call that a text names; SeveralCalls where it is only a beginning and several begin so."""
    said, decisions = named(text), await here.recorded()
    if decisions is None:
        return None
    if said.decision and (found := await decisions.find(said.decision)) is not None:
        return found
    if SHORTEST <= len(said.decision) < 20:
        begun = await decisions.beginning(said.decision, SHOWN + 1)
        if len(begun) > 1:
            raise SeveralCalls(_several(said.decision, begun))
        if begun:
            return begun[0]
    if said.call_id:
        there = await asyncio.to_thread(here.key_file.exists)
        return await decisions.by_call_id(said.call_id, here.keys.pseudonym if there else b"")
    return None


def _several(beginning: str, begun: list[Decision]) -> str:
    shown = ", ".join(f"{one.id} ({mask(one.caller) or one.caller_class})" for one in begun[:SHOWN])
    more = " and more" if len(begun) > SHOWN else ""
    return f"several decisions begin with {beginning}: {shown}{more}; write more of its digits"


class JudgedBy(NamedTuple):
    """The revision that judged a call, as far as it is stored, beside the live one."""

    revision: Revision | None
    ruleset: RuleSet | None  # None: it is not stored, or no longer fits ringfence.yaml
    live: Revision | None

    def place_of(self, rule: str) -> str:
        """Where the rule stands; nothing for a list, or where the rules are not known."""
        return next((one.place for one in self.ruleset.rules if one.name == rule), "") if self.ruleset else ""


async def judged_by(here: Installation, decision: Decision) -> JudgedBy:
    """Find and compile what judged; asking makes no file."""
    if not await asyncio.to_thread(here.database_of("revisions").exists):
        return JudgedBy(None, None, None)
    revisions = await here.revisions()
    revision, live = await revisions.that_judged(decision.revision, decision.at), await revisions.live()
    try:
        ruleset = ruleset_of(here.configuration, here.document, revision) if revision else None
    except RuleError:
        ruleset = None
    return JudgedBy(revision, ruleset, live)


def what_rules_asked(
    found: JudgedBy,
    configuration: Configuration,
    decision: Decision,
    *,
    figures: bool,
    kept_back: Collection[str] = (),
) -> list[Sentence]:
    """What the rules that fired asked, and why the others did not hold; nothing when the rules are not stored.

    ``figures``: with what was counted at that call. Whoever may see no number could tell whom a call was for by calling
    a number that he knows before, and looking which call was counted one higher. ``kept_back``: rules of which he
    is not told whether they held.
    """
    past = _past(configuration, decision)
    if found.ruleset is None or past is None:
        return []
    fired = {one.name: one for one in decision.fired if one.step in _BY_RULES}
    facts = _facts(configuration, found.ruleset, past, decision)
    seen = facts if figures else None
    lines = []
    for rule in found.ruleset.rules:
        if rule.name in kept_back:
            continue
        if rule.name in fired:
            asked = joined("; ", [said(part, seen) for part in rule.asks])
            told = worded("%(rule)s held: %(asked)s", rule=rule.name, asked=asked)
            lines.append(Sentence(Step.RULES, told, place=rule.place))
        elif len(found.ruleset.rules) <= ALL_RULES_BELOW:
            why = joined(" ", [rule.name, _why_not(rule, facts, seen)])
            lines.append(Sentence(Step.RULES, why, place=rule.place))
    if kept_back:
        told = worded(_KEPT_BACK, n=len(kept_back))
        lines.append(Sentence(Step.RULES, told))
    return lines


def counted(configuration: Configuration, ruleset: RuleSet, rule: CompiledRule, decision: Decision) -> list[str]:
    """The counts for which this rule held on a recorded call: what is counted, the figure, and since when."""
    past = _past(configuration, decision)
    if past is None:
        return []
    facts = _facts(configuration, ruleset, past, decision)
    return [said(one, facts) for one in leaves(rule.asks) if one.figure and truth(one, facts)]


class Tried(NamedTuple):
    """What rules that somebody wrote say of a recorded call."""

    faults: tuple[Fault, ...]  # for which nothing was asked
    lines: tuple[Sentence, ...]


def tried(
    configuration: Configuration, document: Document, text: str, decision: Decision, *, sees: bool = True
) -> Tried:
    """Ask rules that are on no disk yet about a recorded call; nothing beside the text is read.

    ``sees``: whoever asks may see numbers; another is told nothing that lies in digits which the mask hides.
    """
    files = Texts((FileText("", WRITTEN, text),), ()).as_files()
    found = compiled(configuration, document, files, proving=False)
    if found.ruleset is None:
        return Tried(tuple(one for one in found.faults if not one.warning), ())
    past = _past(configuration, decision)
    if past is None:
        return Tried((Fault(WRITTEN, 0, 0, "the record of this call cannot be read as a call"),), ())
    facts = _facts(configuration, found.ruleset, past, decision)
    masked = None if sees else facts_of_record(configuration, found.ruleset, decision)
    if masked is not None:
        hide_caller(masked)
    lines = []
    for rule in found.ruleset.rules:
        if masked is not None and asks_hidden(rule, masked):
            lines.append(Sentence(Step.RULES, joined(" ", [rule.name, _NOT_TOLD]), place=rule.place))
            continue
        held = holds(rule, facts, past.masked)
        told = _why_not(rule, facts)
        if held:
            asked = joined("; ", [*map(said, rule.asks)])
            told = worded("holds: %(asked)s; would say %(effect)s", asked=asked, effect=effect_of(rule))
        lines.append(Sentence(Step.RULES, joined(" ", [rule.name, told]), bool(held), rule.place))
    return Tried((), tuple(lines))


def _why_not(rule: CompiledRule, facts: Facts, seen: Facts | None = None) -> str:
    missing = _first(rule.asks, facts, False)
    if missing is not None:
        return worded("did not hold: %(asked)s", asked=said(missing, seen))
    stopping = _first(rule.stops, facts, True)
    if stopping is not None:
        return worded("was stopped: unless %(asked)s", asked=said(stopping, seen))
    if holds(rule, facts) is None:
        return worded("did not hold: it asks for digits of the called number, which no record keeps")
    return worded("did not hold, for what the record does not keep or a list that has changed since")


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


def facts_of_record(configuration: Configuration, ruleset: RuleSet, decision: Decision) -> Facts | None:
    """What the rules saw of a recorded call; None where its record cannot be read as a call."""
    past = _past(configuration, decision)
    return _facts(configuration, ruleset, past, decision) if past is not None else None


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


def callers_of(decision: Decision) -> list[str]:
    """Every number of the caller that was looked up."""
    facts = decision.facts
    return [each for each in (decision.caller, *facts.get("callers", ()), *facts.get("resembled", ())) if each]


async def entries_behind(here: Installation, decision: Decision) -> list[Period]:
    """The list entries that took part in it, as they stood then, and what became of them since."""
    there = await asyncio.to_thread(here.database.exists)
    if not (decision.fired and there):
        return []
    return await stood_behind(await here.lists(), dict.fromkeys(callers_of(decision)), decision.fired, decision.at)

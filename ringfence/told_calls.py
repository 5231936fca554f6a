"""What of recorded calls is told to who may not see numbers: nothing that lies in digits which the mask hides.

Whoever writes rules or keeps lists can make them as narrow as he likes, observing ones, too. Were he, or anybody, told
of each call which of them held, he would read its caller digit by digit. So of two callers that look alike behind
their masks the same is told, but for the verdict, which the callers themselves learn.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from cachetools import TTLCache

from ringfence.configuration import Configuration
from ringfence.installation import Installation
from ringfence.live_rules import ruleset_of
from ringfence.recorded_calls import facts_of_record
from rules.judging.engine import RuleSet
from rules.judging.explain import HIDDEN_RULE
from rules.language.source import RuleError
from rules.model import Fired, Step
from rules.records.decisions import Decision, Decisions
from rules.records.masked_callers import asks_hidden, hide_caller
from rules.records.privacy import mask
from rules.records.searching import PIECE

_BY_RULES = frozenset((Step.RULES, Step.SUSPICION))
_ALIKE = (
    "select distinct rule, caller, called_key, called_area from decision "
    "where seq > (select max(seq) from decision) - ? and rule in (select value from json_each(?))"
)


class _Common(NamedTuple):
    """Rule, mask of the caller, area of the called: of enough different numbers, of callers and of the called."""

    callers: frozenset[tuple[str, ...]]
    called: frozenset[tuple[str, ...]]


class Hidden(NamedTuple):
    """Rules for which hidden digits of a call count."""

    all: frozenset[str]
    by_called: frozenset[str]  # those of the called number


class _Judged(NamedTuple):
    """Rules that judged a call, as far as they are known."""

    ruleset: RuleSet | None
    unfit: bool = False  # they are stored, and no longer fit ringfence.yaml


_UNKNOWN = _Judged(None)
_rulesets: TTLCache[tuple[str, str], _Judged] = TTLCache(16, 600.0)  # by installation and the hash of the rules
_NOTHING = Hidden(frozenset(), frozenset())


class Told(NamedTuple):
    """A recorded call as far as it is told."""

    decision: Decision
    kept_back: frozenset[str]  # rules of which is not said whether they held


async def calls_told(here: Installation, decisions: Sequence[Decision], *, sees: bool) -> list[Decision]:
    """These calls as they are told to who sees numbers, or to who does not."""
    return [*decisions] if sees else [one.decision for one in await told_to_others(here, decisions)]


async def told_to_others(here: Installation, decisions: Sequence[Decision], *, every_rule: bool = False) -> list[Told]:
    """These calls as they are told to who may not see numbers; ``every_rule``: asked of those, too, that did not hold.

    A rule that decided stays named where it decided calls of so many callers who look alike, that it points at none.
    """
    hidden = [await _kept_back(here, one, every_rule=every_rule) for one in decisions]
    decided = {one.rule for one, back in zip(decisions, hidden, strict=True) if one.rule in back.all}
    common = await _common(here, decided) if decided else _Common(frozenset(), frozenset())
    told = []
    for one, back in zip(decisions, hidden, strict=True):
        alike = one.rule, mask(one.caller), one.called_area
        named = alike in common.callers and (one.rule not in back.by_called or alike in common.called)
        kept = back.all - {one.rule} if named else back.all
        told.append(Told(_without(one, kept, here.configuration), kept))
    return told


async def _kept_back(here: Installation, decision: Decision, *, every_rule: bool) -> Hidden:
    """The rules for which hidden digits of this call count."""
    names = {one.name for one in decision.fired if one.step in _BY_RULES} | {decision.rule}
    names -= here.configuration.lists.keys() | {""}
    judged = await _rules_of(here, decision) if names or every_rule else _UNKNOWN
    if judged.unfit:
        return Hidden(frozenset(names), frozenset(names))
    if (ruleset := judged.ruleset) is None:
        return _NOTHING
    rules = [one for one in ruleset.rules if every_rule or one.name in names]
    facts = facts_of_record(here.configuration, ruleset, decision)
    if facts is None:
        all_of_them = frozenset(one.name for one in rules)
        return Hidden(all_of_them, all_of_them)
    by_called = frozenset(one.name for one in rules if asks_hidden(one, facts))
    hide_caller(facts)
    return Hidden(frozenset(one.name for one in rules if asks_hidden(one, facts)), by_called)


async def _rules_of(here: Installation, decision: Decision) -> _Judged:
    """The rules that judged it, compiled beside whoever else is waiting: ten thousand take a while."""
    key = str(here.file), decision.revision
    if key not in _rulesets:
        if not await asyncio.to_thread(here.database_of("revisions").exists):
            return _UNKNOWN
        revision = await (await here.revisions()).that_judged(decision.revision, decision.at)
        if revision is None:
            return _UNKNOWN
        try:
            ruleset = await asyncio.to_thread(ruleset_of, here.configuration, here.document, revision)
        except RuleError:
            _rulesets[key] = _Judged(None, unfit=True)
        else:
            _rulesets[key] = _Judged(ruleset)
    return _rulesets[key]


async def _common(here: Installation, rules: Collection[str]) -> _Common:
    """By which rules calls of enough callers who look alike were decided lately, and calls to enough called."""
    decisions: Decisions | None = await here.recorded()
    callers: dict[tuple[str, ...], set[str]] = {}
    called: dict[tuple[str, ...], set[str]] = {}
    if decisions is not None:
        asked = PIECE, json.dumps(sorted(rules))
        for rule, caller, key, area in await decisions.store.connection.execute_fetchall(_ALIKE, asked):
            alike = rule, mask(caller), area
            callers.setdefault(alike, set()).add(caller)
            called.setdefault(alike, set()).add(key)
    least = here.configuration.privacy.least_callers
    return _Common(*(frozenset(one for one, who in found.items() if len(who) >= least) for found in (callers, called)))


def _without(decision: Decision, kept: Collection[str], configuration: Configuration) -> Decision:
    """The decision without these rules, and with entries of lists as its caller is shown."""
    lists, hidden = configuration.lists, mask(decision.caller)

    def entry(one: Fired) -> Fired:
        if one.step is Step.LADDER:  # its entry is a step; whose number it is, few numbers say
            return one._replace(source="", of="")
        if one.step in _BY_RULES and one.name not in lists:
            return one
        return one._replace(entry=hidden if one.entry else "", source="", of="")

    fired = tuple(entry(one) for one in decision.fired if not (one.step in _BY_RULES and one.name in kept))
    found = replace(decision, fired=fired)
    if len(fired) < len(decision.fired) or kept:
        found = replace(found, suspicion=sum(one.points for one in fired if not one.observed))
    return replace(found, rule="", reason=HIDDEN_RULE) if decision.rule in kept else found

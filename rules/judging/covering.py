"""Which rules concern a number by itself, whoever it calls and whenever, and what else they then ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rules.judging.conditions import ANY, Condition
from rules.judging.engine import CompiledRule, RuleSet
from rules.judging.facts import Facts
from rules.model import Call, Hit


class Covering(NamedTuple):
    """A rule that a number falls under, as far as the number alone can tell."""

    rule: CompiledRule
    by: tuple[Condition, ...]  # what the number fulfils
    asks: tuple[Condition, ...]  # what it depends on beside the number
    stops: tuple[Condition, ...]  # what could still stop it

    @property
    def surely(self) -> bool:
        """Does it hold for each of its calls?"""
        return not self.asks and not self.stops


def covering(ruleset: RuleSet, call: Call, hits: Sequence[Hit]) -> list[Covering]:
    """The rules that ask for this caller's number, or for a list that it stands on, and are not ruled out by it."""
    facts = Facts(call, hits, (), ruleset.clock)
    found = []
    for rule in ruleset.rules:
        asks = [(part, _told(part, facts)) for part in rule.asks]
        stops = [(part, _told(part, facts)) for part in rule.stops]
        if any(told is False for _, told in asks) or any(told is True for _, told in stops):
            continue
        by = tuple(part for part, told in asks if told is True)
        if by or any(_met(part, facts) for part, _ in asks):
            open_asks = tuple(part for part, told in asks if told is None)
            found.append(Covering(rule, by, open_asks, tuple(part for part, told in stops if told is None)))
    return found


def _told(condition: Condition, facts: Facts) -> bool | None:
    """Does it hold, by the caller's number alone? None: that depends on the rest of the call."""
    if not condition.parts:
        return condition.holds(facts) if condition.of_caller else None
    found = {_told(part, facts) for part in condition.parts}
    decisive = condition.how == ANY
    return decisive if decisive in found else None if None in found else not decisive


def _met(condition: Condition, facts: Facts) -> bool:
    """Does some question inside it that is of the number hold?"""
    if condition.parts:
        return any(_met(part, facts) for part in condition.parts)
    return condition.of_caller and condition.holds(facts)

"""Rules that can never matter, because they contradict themselves or others hide them; and what touches emergencies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rules.judging.conditions import Condition
from rules.judging.engine import CompiledRule
from rules.language.compile import Built, Compiled
from rules.language.domain import Constraint, Domain, DomainReader, Numbers
from rules.language.faults import Fault, Location
from rules.language.grammar import When
from rules.model import Action, NumberClass, Trunk
from rules.numbering.emergency import EVERYWHERE, own_numbers
from rules.numbering.numbers import read_number

_DECIDES = {Action.FORWARD: 0, Action.REJECT: 1, Action.DIVERT: 2}  # the smaller wins (docs/rules.md, *Who wins*)
_EMERGENCY = frozenset((NumberClass.EMERGENCY.value,))
_COMPARED = 300  # rules without an example are compared with all others only where there are no more than these


class Overlaps(NamedTuple):
    """What was found, and what nobody could tell."""

    warnings: list[Fault]
    not_analysed: dict[str, list[str]]  # by rule: its conditions that were not analysed


class _Rule(NamedTuple):
    """A rule with the calls it is about."""

    built: Built
    domain: Domain
    unless: tuple[Domain, ...]

    @property
    def compiled(self) -> CompiledRule:
        return self.built.compiled

    def warn(self, loc: Location, what: str, hint: str) -> Fault:
        """A warning at a part of the rule."""
        return self.built.file.document.fault((*self.built.loc, *loc), what, hint, warning=True)


def find_overlaps(compiled: Compiled) -> Overlaps:
    """Everything that can be told from lists, numbers, classes, times and trunks."""
    named = {name: when for file in compiled.files for name, when in file.content.conditions.items()}
    rules = {built.rule.rule: _read(built, compiled, named) for built in compiled.built}
    warnings: list[Fault] = []
    for rule in rules.values():
        warnings += _never(rule)
        warnings += _touched(rule, compiled)
        warnings += _hidden(rule, rules, compiled)
    warnings += _endless_holds([*rules.values()])
    not_analysed = {
        name: rule.domain.opaque for name, rule in rules.items() if rule.domain.opaque and not rule.built.file.pack
    }
    return Overlaps(sorted(set(warnings)), not_analysed)


def _read(built: Built, compiled: Compiled, named: Mapping[str, When]) -> _Rule:
    reader = DomainReader(built.file.content.country or compiled.setting.country, compiled.setting.kinds, named)
    unless = tuple(reader.read(part, ("unless", number)) for number, part in enumerate(built.rule.unless))
    return _Rule(built, reader.read(built.rule.when, ("when",)), unless)


def _never(rule: _Rule) -> Iterator[Fault]:
    """Conditions that can't hold together, and an `unless` that always holds."""
    if found := rule.domain.contradiction():
        first, second = found
        what = f"rule {rule.compiled.name!r} can never hold: {first.said} and {second.said} exclude each other"
        yield rule.warn(second.loc, what, "remove one of the two")
    for number, stop in enumerate(rule.unless):
        if stop.covers(rule.domain):
            what = f"rule {rule.compiled.name!r} can never hold: this `unless` holds whenever `when` does"
            yield rule.warn(("unless", number), what, "narrow it")


def _touched(rule: _Rule, compiled: Compiled) -> Iterator[Fault]:
    """Conditions on the called number that emergency numbers would fulfil."""
    name = rule.compiled.name
    for one in rule.domain.constraints:
        if one.about == "called.class" and one.said == "called.class" and one.values == _EMERGENCY:
            what = f"rule {name!r} asks for emergency calls: they always pass, a rule can only mark them"
            yield rule.warn(one.loc, what, "leave the class out")
        elif touched := sorted(_emergency_among(one, rule, compiled)):
            what = f"rule {name!r} touches the emergency numbers {', '.join(touched)}: those calls always pass"
            yield rule.warn(one.loc, what, "narrow it, if other numbers were meant")


def _emergency_among(one: Constraint, rule: _Rule, compiled: Compiled) -> Iterator[str]:
    if one.about != "called.number" or one.said == "called.exact" or not isinstance(one.values, Numbers):
        return  # an exact one is a fault already
    country = rule.built.file.content.country or compiled.setting.country
    for digits in EVERYWHERE | own_numbers(country):
        number = read_number(digits, Trunk("", country=country), called=True)
        if one.values.holds(number.canonical):
            yield digits


def _hidden(rule: _Rule, rules: Mapping[str, _Rule], compiled: Compiled) -> Iterator[Fault]:
    """Another rule that holds whenever this one does, and goes before it."""
    if rule.built.file.pack and rule.compiled.action is None:
        return  # whoever decides about calls that a pack suspects has done it on purpose
    for other in sorted(_candidates(rule, rules, compiled), key=lambda other: other.compiled.name):
        if other is rule or other.compiled.share < 100.0 or not _holds_always(other, rule):
            continue
        if why := _goes_before(other, rule):
            one, two = rule.compiled, other.compiled
            what = f"rule {one.name!r} never {why[0]}: rule {two.name!r} ({two.place}) holds whenever it does"
            what += f", and {why[1]}"
            yield rule.warn(("rule",), what, "widen it, narrow the other, or remove one of the two")
            return


def _candidates(rule: _Rule, rules: Mapping[str, _Rule], compiled: Compiled) -> Sequence[_Rule]:
    """Rules that could hold whenever this one does: they hold on its first example."""
    ruleset, setting = compiled.ruleset, compiled.setting
    if ruleset is None or not rule.built.rule.catches:
        return [*rules.values()] if len(rules) <= _COMPARED else []
    example = rule.built.rule.catches[0]
    trunk = setting.trunk_of(rule.built, example)
    if trunk is None or setting.read is None:
        return []
    return [rules[found.name] for found in ruleset.index.candidates(setting.facts(example, trunk))]


def _holds_always(other: _Rule, rule: _Rule) -> bool:
    """Does the other rule hold for every call that this one holds for?"""
    days, own = other.built.rule.valid, rule.built.rule.valid
    if not other.domain.covers(rule.domain) or (days is not None and not days.covers(own)):
        return False
    return all(any(mine.covers(theirs) for mine in rule.unless) for theirs in other.unless)


def _goes_before(other: _Rule, rule: _Rule) -> tuple[str, str] | None:
    """What this rule never does because of the other, and why."""
    one, two = rule.compiled, other.compiled
    if two.action not in _DECIDES:
        return None
    if one.action is None:
        return "weighs", f"{two.action} comes before suspicion"
    if one.action is Action.TAG:
        return ("shows", "a rejected call has no tag") if two.action is Action.REJECT else None
    if two.action is not one.action:
        if _DECIDES[two.action] > _DECIDES[one.action]:
            return None
        both = ": the two contradict each other" if rule.domain.covers(other.domain) else ""
        return "decides", f"{two.action} beats {one.action}{both}"
    alike = (one.profile, one.destination) == (two.profile, two.destination)
    if two.name < one.name:
        return "decides", f"it says {two.action} too" if alike else "its name comes first"
    return ("changes anything", f"it says {two.action} too") if alike and not _holds_always(rule, other) else None


def _endless_holds(rules: Sequence[_Rule]) -> Iterator[Fault]:
    """Rules that hold callers of a list on one that leads back to it: each call of theirs begins the time anew."""
    leads: dict[str, set[str]] = {}
    for rule in rules:
        if rule.compiled.hold is not None:
            for name in _lists_asked(rule.compiled.asks):
                leads.setdefault(name, set()).add(rule.compiled.hold.list)
    for rule in rules:
        hold = rule.compiled.hold
        back = sorted(_lists_asked(rule.compiled.asks) & _reached(leads, hold.list)) if hold is not None else ()
        if back and hold is not None:
            through = "" if back[0] == hold.list else ", to which others lead from there"
            what = f"each call of who is held on list {hold.list} holds him anew: it asks for list {back[0]}{through}"
            yield rule.warn(("then",), what, "ask for another list, or for what the caller does")


def _reached(leads: Mapping[str, set[str]], first: str) -> set[str]:
    found, left = set[str](), [first]
    while left:
        if (name := left.pop()) not in found:
            found.add(name)
            left += leads.get(name, ())
    return found


def _lists_asked(conditions: Sequence[Condition]) -> set[str]:
    """The lists on which a rule asks its caller to be."""
    found = set[str]()
    for one in conditions:
        found |= {key.value for key in one.keys if key.about == "caller.on_list"} | _lists_asked(one.parts)
    return found

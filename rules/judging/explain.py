"""Why a call got its verdict, in sentences: each step in order, what matched, what did not and why, what goes out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from rules.judging.conditions import ANY, Condition
from rules.judging.engine import ENTRY_EFFECTS, CompiledRule, RuleSet, counts
from rules.judging.facts import Facts
from rules.model import Action, Call, Hit, Number, Step, Verdict, told_source

ALL_RULES_BELOW = 30  # with more rules, those that do not concern the call are only counted


class Sentence(NamedTuple):
    """One sentence about one step."""

    step: str
    text: str
    won: bool = False  # this is what decided
    place: str = ""  # file:line of the rule that it is about


class Ways(NamedTuple):
    """What the operator set for what goes out."""

    label: str = ""
    ring: str = ""
    destinations: Mapping[str, str] = MappingProxyType({})  # URIs by name
    replies: Mapping[str, str] = MappingProxyType({})  # how a rejection looks, by the name of its profile


_UNSET = Ways()
NO_ENTRY = "no entry covers the caller"
NO_EMERGENCY = "the called number is no emergency number"
NO_CALLBACK = "the called subscriber made no emergency call lately, as far as is on record"


def explain(
    call: Call,
    verdict: Verdict,
    ruleset: RuleSet,
    hits: Sequence[Hit] = (),
    called_hits: Sequence[Hit] = (),
    *,
    ways: Ways = _UNSET,
    about: Collection[str] | None = None,
    callback: str = NO_CALLBACK,
) -> list[Sentence]:
    """Every step in the order of precedence, ending with what goes out on the wire.

    ``callback`` says when the called subscriber made an emergency call, where that makes the call pass.

    With ``about``, names of rules, only what took part in the call or is about these; the rest is counted.
    """
    facts = Facts(call, hits, called_hits, ruleset.clock)
    lines = [the_call(call, ruleset)]
    lines += _emergency(call, called_hits, verdict)
    if verdict.step is not Step.EMERGENCY:
        lines.append(Sentence(Step.CALLBACK, callback, verdict.step is Step.CALLBACK))
    for step in (
        ()
        if verdict.step is Step.CALLBACK
        else (
            Step.SUBSCRIBER_ALLOW,
            Step.OPERATOR_ALLOW,
            Step.SEALED,
            Step.SUBSCRIBER_BLOCK,
            Step.OPERATOR_BLOCK,
            Step.LADDER,
        )
    ):
        lines += _lists(step, call, hits, verdict)
    if verdict.step is not Step.CALLBACK:
        lines += _rules(facts, ruleset, verdict, about)
        lines += _lists(Step.SHARED, call, hits, verdict)
        lines += _suspicion(call, verdict)
    if about is not None:
        idle = {NO_ENTRY, NO_CALLBACK, NO_EMERGENCY}
        return [*(line for line in lines if line.text not in idle), _outcome(verdict, ruleset)]
    lines.append(_outcome(verdict, ruleset))
    lines += [Sentence("on the wire", text) for text in on_the_wire(verdict, ways)]
    return lines


def the_call(call: Call, ruleset: RuleSet) -> Sentence:
    """Who calls whom, when, by which trunk."""
    at = datetime.fromtimestamp(call.at, ruleset.clock.zone)
    believed = "the number can be believed" if call.believed else "the number cannot be believed"
    readings = call.asserted[1:]
    others = ", ".join(_number(number) for number in call.callers[1:] if number not in readings)
    shown = f" (also shown: {others})" if others else ""
    text = (
        f"{_number(call.caller)}{_or_read_as(readings)}{shown} calls "
        f"{_number(call.called)}{_or_read_as(call.called_readings[1:])} by trunk "
        f"{call.trunk.name or 'unknown'} on {at:%a %Y-%m-%d %H:%M:%S}; {believed}"
    )
    return Sentence("call", text)


def _or_read_as(readings: Sequence[Number]) -> str:
    """What a telephone or PBX may take it for."""
    return f", or read as {' or '.join(_number(number) for number in readings)}," if readings else ""


def _number(number: Number) -> str:
    kind = f"{number.kind}, {number.region}" if number.region else number.kind
    return f"{number.canonical} ({kind})" if number.canonical else f"{kind} caller {number.raw!r}"


def _emergency(call: Call, called_hits: Sequence[Hit], verdict: Verdict) -> list[Sentence]:
    name = str(Step.EMERGENCY)
    if verdict.step is not Step.EMERGENCY:
        return [Sentence(name, NO_EMERGENCY)]
    extra = [hit for hit in called_hits if hit.kind == "emergency"]
    why = f"stands on list {extra[0].list}" if extra and not call.emergency else "is an emergency number"
    called = call.called.raw or call.called.canonical
    return [Sentence(name, f"{called} {why}: the call passes, whatever follows; that can only mark it", True)]


def _lists(step: Step, call: Call, hits: Sequence[Hit], verdict: Verdict) -> list[Sentence]:
    """The entries of one step that cover a number of the caller."""
    lines = []
    for hit in sorted(hits, key=lambda hit: (-hit.narrowness, hit.list, hit.entry)):
        effect = ENTRY_EFFECTS.get(hit.kind)
        if effect is None or (Step.SHARED if hit.shared else effect[0]) is not step:
            continue
        entry = f"{hit.entry} on list {hit.list}" + (f", from {told_source(hit)}" if hit.source else "")
        if counts(hit, call):
            won = verdict.step is step and verdict.rule == hit.list
            lines.append(Sentence(step, f"{entry}: {_does(effect[1])}", won))
        else:
            lines.append(Sentence(step, f"{entry}: does not count, because {_why_not(hit, call)}"))
    return lines or [Sentence(step, NO_ENTRY)]


def _why_not(hit: Hit, call: Call) -> str:
    if hit.number != call.callers[0].canonical:
        return f"{hit.number} is not the asserted number"
    if not call.sure:
        return "caller or called number can be read as another one"
    if hit.trunks and call.trunk.name not in hit.trunks:
        return f"it is only for trunk {', '.join(hit.trunks)}"
    return "the number cannot be believed on this trunk"


def _does(action: Action) -> str:
    return {Action.FORWARD: "the call passes", Action.REJECT: "the call is rejected"}.get(action, str(action))


def _rules(facts: Facts, ruleset: RuleSet, verdict: Verdict, about: Collection[str] | None = None) -> list[Sentence]:
    """The rules that hold, and why the others that concern the call do not, or only those that it is `about`."""
    if about is not None:
        return _rules_about(facts, ruleset, verdict, about)
    near = ruleset.rules if len(ruleset.rules) <= ALL_RULES_BELOW else tuple(ruleset.index.candidates(facts))
    lines = []
    for rule in sorted(near, key=lambda rule: (not rule.holds(facts), rule.name)):
        won = verdict.rule == rule.name and verdict.step in (Step.RULES, Step.SUSPICION)
        lines.append(Sentence(Step.RULES, f"{rule.name}: {_rule(rule, facts)}", won, rule.place))
    rest = len(ruleset.rules) - len(near)
    if rest:
        lines.append(Sentence(Step.RULES, f"{rest} more rules do not concern this call"))
    return lines or [Sentence(Step.RULES, "there are no rules")]


def _rules_about(facts: Facts, ruleset: RuleSet, verdict: Verdict, about: Collection[str]) -> list[Sentence]:
    """The rules that hold or that somebody asks about; how many others there are."""
    asked = [rule for rule in ruleset.rules if rule.name in about or rule.holds(facts)]
    lines = [
        Sentence(
            *(Step.RULES, f"{rule.name}: {_rule(rule, facts)}"),
            won=verdict.rule == rule.name and verdict.step in (Step.RULES, Step.SUSPICION),
            place=rule.place,
        )
        for rule in sorted(asked, key=lambda rule: (not rule.holds(facts), rule.name))
    ]
    rest = len(ruleset.rules) - len(asked)
    return [*lines, Sentence(Step.RULES, f"{rest} {'more' if asked else 'rules'} do not hold")] if rest else lines


def _rule(rule: CompiledRule, facts: Facts) -> str:
    missing = next((part for part in rule.asks if not part.holds(facts)), None)
    if missing is not None:
        return f"does not hold: {_asked(missing, facts)}"
    stopping = next((part for part in rule.stops if part.holds(facts)), None)
    if stopping is not None:
        return f"holds, but is stopped: unless {said(stopping)}"
    effect = effect_of(rule)
    if not rule.acts(facts.call):
        why = "it only observes" if not rule.share else f"this caller is not in its {rule.share:g}%"
        return f"holds, and would say {effect}, but {why}"
    return f"holds: {'; '.join(said(part) for part in rule.asks)}; says {effect}"


def effect_of(rule: CompiledRule) -> str:
    """What a rule does, in a few words."""
    if rule.action is None:
        return f"suspicion {rule.suspicion:+d}"
    to = rule.destination or (rule.profile if rule.action is Action.REJECT else "")
    marks = [f"label {rule.label!r}"] if rule.label else []
    return " ".join(filter(None, (f"{rule.action} {to}".strip(), ", ".join(marks))))


def said(condition: Condition) -> str:
    """A condition in words, its parts included."""
    if not condition.parts:
        return condition.says
    return f"({f' {condition.joint} '.join(said(part) for part in condition.parts)})"


def _asked(condition: Condition, facts: Facts) -> str:
    """A condition that fails, and what the call shows instead."""
    if condition.parts:
        failing = [part for part in condition.parts if not part.holds(facts)]
        return f" {condition.joint} ".join(_asked(part, facts) for part in failing)
    seen = condition.sees(facts)
    return f"{condition.says}? {seen}" if seen else condition.says


def _suspicion(call: Call, verdict: Verdict) -> list[Sentence]:
    lines = []
    for fired in verdict.fired:
        if fired.step is Step.SUSPICION and not fired.observed:
            won = verdict.step is Step.SUSPICION and verdict.rule == fired.name
            lines.append(Sentence(Step.SUSPICION, f"{fired.name}: {fired.points:+d}, {fired.detail}", won))
    trunk = call.trunk
    limits = f"from {trunk.tag_at} a call is tagged, from {trunk.reject_at} rejected"
    return [*lines, Sentence(Step.SUSPICION, f"{verdict.suspicion} in all; {limits}")]


def _outcome(verdict: Verdict, ruleset: RuleSet) -> Sentence:
    place = next((rule.place for rule in ruleset.rules if rule.name == verdict.rule), "")
    place = place if verdict.step in (Step.RULES, Step.SUSPICION) else ""
    by = f" by {verdict.rule}" if verdict.rule else ""
    reason = f": {verdict.reason}" if verdict.reason else ""
    return Sentence("verdict", f"{verdict.action}{by} ({verdict.step}){reason}", True, place)


def on_the_wire(verdict: Verdict, ways: Ways = _UNSET) -> list[str]:
    """What the two sides see of the verdict."""
    if verdict.action is Action.REJECT:
        profile = verdict.profile or "decline"
        reply = ways.replies.get(profile) or f"the response of reply profile {profile}"
        return [f"the caller gets {reply}; neither rule nor list is named", "the callee sees nothing"]
    if verdict.action is Action.TAG:
        marks = [*_headers("suspected", verdict), *(() if verdict.step is Step.EMERGENCY else _marks(verdict, ways))]
        return [f"the callee gets {_listed(marks)}", "the caller notices nothing"]
    if verdict.action is Action.DIVERT:
        tagged = any(fired.effect == Action.TAG and not fired.observed for fired in verdict.fired)
        marks = [*_headers("diverted", verdict), *(_marks(verdict, ways) if tagged else ())]
        uri = ways.destinations.get(verdict.destination, "")
        where = f"{verdict.destination} ({uri})" if uri else verdict.destination or "the one destination"
        return [
            f"the call goes to {where}, with {_listed(marks)}, and Diversion with the number that was called",
            "the callee sees nothing",
        ]
    return ["the call goes on without any header of ours"]


def _headers(what: str, verdict: Verdict) -> list[str]:
    return [
        f"X-Ringfence-Verdict: {what}",
        f"X-Ringfence-Rule: {verdict.rule}",
        "X-Ringfence-Decision with the decision's id",
    ]


def _marks(verdict: Verdict, ways: Ways) -> list[str]:
    """Label and ring: the rule's own, else the operator's."""
    label, ring = verdict.label or ways.label, verdict.ring or ways.ring
    shown = [f"the label {label!r} before the caller's name"] if label else []
    return [*shown, f"Alert-Info: <{ring}>"] if ring else shown


def _listed(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}"


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

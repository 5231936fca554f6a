"""Why a call got its verdict, in sentences: each step in order, what matched, what did not and why, what goes out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from rules.judging.conditions import ANY, Condition
from rules.judging.engine import ENTRY_EFFECTS, CompiledRule, RuleSet, counts, reply_to
from rules.judging.facts import Facts
from rules.language.values import span_name
from rules.model import ATTESTATION, ATTESTATIONS, Action, Call, Hit, Number, Reply, Step, Verdict, told_source
from rules.texts.worded import Worded, joined, worded

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
_ON_LIST, _ON_STEP = re.compile(r"on list (\S+)"), re.compile(r"on step (\S+) of the ladder")
_WEEKDAYS = (
    worded("Mon"),
    worded("Tue"),
    worded("Wed"),
    worded("Thu"),
    worded("Fri"),
    worded("Sat"),
    worded("Sun"),
)
HIDDEN_RULE = "by a rule that looks at digits which you may not see"
_REASONS = {
    HIDDEN_RULE: worded("by a rule that looks at digits which you may not see"),
    "emergency call": worded("emergency call"),
    "the subscriber made an emergency call": worded("the subscriber made an emergency call"),
}
NO_ENTRY = worded("no entry covers the caller")
NO_EMERGENCY = worded("the called number is no emergency number")
NO_CALLBACK = worded("the called subscriber made no emergency call lately, as far as is on record")


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
    lines = [the_call(call, ruleset), *who_vouches(call.facts)]
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
        lines += _lists(step, call, hits, verdict, ruleset.replies)
    if verdict.step is not Step.CALLBACK:
        lines += _rules(facts, ruleset, verdict, about)
        lines += _lists(Step.SHARED, call, hits, verdict, ruleset.replies)
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
    believed = worded("the number can be believed") if call.believed else worded("the number cannot be believed")
    readings = call.asserted[1:]
    others = joined(", ", [_number(number) for number in call.callers[1:] if number not in readings])
    shown = worded(" (also shown: %(numbers)s)", numbers=others) if others else ""
    text = worded(
        "%(caller)s calls %(called)s by trunk %(trunk)s on %(at)s; %(believed)s",
        caller=joined("", [_number(call.caller), _or_read_as(readings), shown]),
        called=joined("", [_number(call.called), _or_read_as(call.called_readings[1:])]),
        trunk=call.trunk.name or worded("unknown"),
        at=joined(" ", [_WEEKDAYS[at.weekday()], f"{at:%Y-%m-%d %H:%M:%S}"]),
        believed=believed,
    )
    return Sentence("call", text)


def who_vouches(facts: Mapping[str, object] | None) -> list[Sentence]:
    """What a signature proved of the caller, if there was one; `facts` are what was measured of the call."""
    found = facts or {}
    level, why = found.get(ATTESTATION[0]), str(found.get(ATTESTATION[1], ""))
    if level is None:
        return []
    if level == ATTESTATIONS[4]:
        text = worded("its signature proves nothing: %(why)s", why=why)
    elif level == ATTESTATIONS[3]:
        text = worded("its signature was not verified: %(why)s", why=why)
    else:
        signer = str(found.get(ATTESTATION[3], "")) or worded("somebody")
        text = worded("%(signer)s vouches for the number by attestation %(level)s", signer=signer, level=str(level))
    return [Sentence("call", text)]


def _or_read_as(readings: Sequence[Number]) -> str:
    """What a telephone or PBX may take it for."""
    if not readings:
        return ""
    return worded(", or read as %(numbers)s,", numbers=joined(worded(" or "), [_number(number) for number in readings]))


def _number(number: Number) -> str:
    kind = f"{number.kind}, {number.region}" if number.region else number.kind
    if number.canonical:
        return f"{number.canonical} ({kind})"
    return worded("%(kind)s caller %(number)s", kind=kind, number=repr(number.raw))


def _emergency(call: Call, called_hits: Sequence[Hit], verdict: Verdict) -> list[Sentence]:
    name = str(Step.EMERGENCY)
    if verdict.step is not Step.EMERGENCY:
        return [Sentence(name, NO_EMERGENCY)]
    extra = [hit for hit in called_hits if hit.kind == "emergency"]
    called = call.called.raw or call.called.canonical
    why = worded("%(number)s is an emergency number", number=called)
    if extra and not call.emergency:
        why = worded("%(number)s stands on list %(list)s", number=called, list=extra[0].list)
    return [Sentence(name, worded("%(why)s: the call passes, whatever follows; that can only mark it", why=why), True)]


def _lists(
    step: Step, call: Call, hits: Sequence[Hit], verdict: Verdict, replies: Mapping[str, Reply]
) -> list[Sentence]:
    """The entries of one step that cover a number of the caller."""
    lines = []
    for hit in sorted(hits, key=lambda hit: (-hit.narrowness, hit.list, hit.entry)):
        effect = ENTRY_EFFECTS.get(hit.kind)
        if effect is None or (Step.SHARED if hit.shared else effect[0]) is not step:
            continue
        entry = worded("%(entry)s on list %(list)s", entry=hit.entry, list=hit.list)
        if hit.source:
            entry = worded("%(entry)s, from %(source)s", entry=entry, source=told_source(hit))
        if counts(hit, call):
            won = verdict.step is step and verdict.rule == hit.list
            rejects = effect[1] is Action.REJECT
            does = _does(effect[1], reply_to(hit, call, replies).destination if rejects else "")
            lines.append(Sentence(step, worded("%(entry)s: %(effect)s", entry=entry, effect=does), won))
        else:
            why = _why_not(hit, call)
            lines.append(Sentence(step, worded("%(entry)s: does not count, because %(why)s", entry=entry, why=why)))
    return lines or [Sentence(step, NO_ENTRY)]


def _why_not(hit: Hit, call: Call) -> str:
    if hit.number != call.callers[0].canonical:
        return worded("%(number)s is not the asserted number", number=hit.number)
    if not call.sure:
        return worded("caller or called number can be read as another one")
    if hit.trunks and call.trunk.name not in hit.trunks:
        return worded("it is only for trunk %(trunks)s", trunks=", ".join(hit.trunks))
    return worded("the number cannot be believed on this trunk")


def _does(action: Action, destination: str = "") -> str:
    if destination:
        return worded("the call is diverted to %(where)s", where=destination)
    known = {Action.FORWARD: worded("the call passes"), Action.REJECT: worded("the call is rejected")}
    return known.get(action) or term(action)


def _rules(facts: Facts, ruleset: RuleSet, verdict: Verdict, about: Collection[str] | None = None) -> list[Sentence]:
    """The rules that hold, and why the others that concern the call do not, or only those that it is `about`."""
    if about is not None:
        return _rules_about(facts, ruleset, verdict, about)
    near = ruleset.rules if len(ruleset.rules) <= ALL_RULES_BELOW else tuple(ruleset.index.candidates(facts))
    lines = []
    for rule in sorted(near, key=lambda rule: (not rule.holds(facts), rule.name)):
        won = verdict.rule == rule.name and verdict.step in (Step.RULES, Step.SUSPICION)
        lines.append(Sentence(Step.RULES, _of_rule(rule, _rule(rule, facts)), won, rule.place))
    rest = len(ruleset.rules) - len(near)
    if rest:
        lines.append(Sentence(Step.RULES, worded("%(n)s more rules do not concern this call", n=rest)))
    return lines or [Sentence(Step.RULES, worded("there are no rules"))]


def _of_rule(rule: CompiledRule, told: str) -> str:
    return worded("%(rule)s: %(told)s", rule=rule.name, told=told)


def _rules_about(facts: Facts, ruleset: RuleSet, verdict: Verdict, about: Collection[str]) -> list[Sentence]:
    """The rules that hold or that somebody asks about; how many others there are."""
    asked = [rule for rule in ruleset.rules if rule.name in about or rule.holds(facts)]
    lines = [
        Sentence(
            *(Step.RULES, _of_rule(rule, _rule(rule, facts))),
            won=verdict.rule == rule.name and verdict.step in (Step.RULES, Step.SUSPICION),
            place=rule.place,
        )
        for rule in sorted(asked, key=lambda rule: (not rule.holds(facts), rule.name))
    ]
    rest = len(ruleset.rules) - len(asked)
    if not rest:
        return lines
    told = worded("%(n)s more do not hold", n=rest) if asked else worded("%(n)s rules do not hold", n=rest)
    return [*lines, Sentence(Step.RULES, told)]


def _rule(rule: CompiledRule, facts: Facts) -> str:
    missing = next((part for part in rule.asks if not part.holds(facts)), None)
    if missing is not None:
        return worded("does not hold: %(asked)s", asked=_asked(missing, facts))
    stopping = next((part for part in rule.stops if part.holds(facts)), None)
    if stopping is not None:
        return worded("holds, but is stopped: unless %(asked)s", asked=said(stopping))
    effect = effect_of(rule)
    if not rule.acts(facts.call):
        why = worded("it only observes")
        if rule.share:
            why = worded("this caller is not in its %(share)s%%", share=format(rule.share, "g"))
        return worded("holds, and would say %(effect)s, but %(why)s", effect=effect, why=why)
    asked = joined("; ", [said(part, facts) for part in rule.asks])
    return worded("holds: %(asked)s; says %(effect)s", asked=asked, effect=effect)


def effect_of(rule: CompiledRule) -> str:
    """What a rule does, in a few words."""
    held: str = ""
    if rule.hold is not None:
        held = worded("list %(list)s for %(span)s", list=rule.hold.list, span=span_name(rule.hold.seconds))
    if rule.action is None:
        alone = worded("suspicion %(points)s", points=format(rule.suspicion, "+d"))
        return joined(" ", [part for part in (alone if rule.suspicion or not held else "", held) if part])
    to = rule.destination or (rule.profile if rule.action is Action.REJECT else "")
    marks = worded("label %(label)s", label=repr(rule.label)) if rule.label else ""
    masks = worded("mask") if rule.mask else ""
    points = worded("suspicion %(points)s", points=format(rule.suspicion, "+d")) if rule.suspicion else ""
    return joined(" ", [part for part in (term(rule.action), to, marks, masks, points, held) if part])


def said(condition: Condition, facts: Facts | None = None) -> str:
    """A condition in words, its parts included; with the figures of a call for which it holds."""
    if not condition.parts:
        if facts is not None and condition.figure:
            return worded("%(asked)s (%(seen)s)", asked=condition.says, seen=condition.sees(facts))
        return condition.says
    return worded("(%(parts)s)", parts=joined(condition.joint, [said(part, facts) for part in condition.parts]))


def _asked(condition: Condition, facts: Facts) -> str:
    """A condition that fails, and what the call shows instead."""
    if condition.parts:
        failing = [part for part in condition.parts if not part.holds(facts)]
        return joined(condition.joint, [_asked(part, facts) for part in failing])
    seen = condition.sees(facts)
    return worded("%(asked)s? %(seen)s", asked=condition.says, seen=seen) if seen else condition.says


def _suspicion(call: Call, verdict: Verdict) -> list[Sentence]:
    lines = []
    for fired in verdict.fired:
        if (fired.step is Step.SUSPICION or fired.points) and not fired.observed:
            won = verdict.step is Step.SUSPICION and verdict.rule == fired.name
            lines.append(Sentence(Step.SUSPICION, f"{fired.name}: {fired.points:+d}, {fired.detail}", won))
    trunk = call.trunk
    limits = {"tag": trunk.tag_at, "reject": trunk.reject_at, "points": verdict.suspicion}
    told = worded("%(points)s in all; from %(tag)s a call is tagged, from %(reject)s rejected", **limits)
    return [*lines, Sentence(Step.SUSPICION, told)]


def _outcome(verdict: Verdict, ruleset: RuleSet) -> Sentence:
    place = next((rule.place for rule in ruleset.rules if rule.name == verdict.rule), "")
    place = place if verdict.step in (Step.RULES, Step.SUSPICION) else ""
    return Sentence("verdict", outcome_told(verdict.action, verdict.rule, verdict.step, verdict.reason), True, place)


def outcome_told(action: Action, rule: str, step: Step, reason: str) -> str:
    """The verdict in a sentence."""
    by = worded(" by %(rule)s", rule=rule) if rule else ""
    told = worded("%(action)s%(by)s (%(step)s)", action=term(action), by=by, step=term(step))
    return worded("%(verdict)s: %(reason)s", verdict=told, reason=reason_told(reason)) if reason else told


def reason_told(reason: str) -> str:
    """Why a call got its verdict: the words of a rule as its author wrote them, the engine's as records keep them."""
    if found := _ON_LIST.fullmatch(reason):
        return worded("on list %(list)s", list=found[1])
    if found := _ON_STEP.fullmatch(reason):
        return worded("on step %(step)s of the ladder", step=found[1])
    return _REASONS.get(reason, reason)


def term(word: str) -> str:
    """A word of the service's own that catalogues have by itself: an action, a step."""
    return Worded(str(word), {})


def on_the_wire(verdict: Verdict, ways: Ways = _UNSET) -> list[str]:
    """What the two sides see of the verdict."""
    if verdict.action is Action.REJECT:
        profile = verdict.profile or "decline"
        reply = ways.replies.get(profile) or worded("the response of reply profile %(name)s", name=profile)
        told = worded("the caller gets %(reply)s; neither rule nor list is named", reply=reply)
        return [told, worded("the callee sees nothing")]
    if verdict.action is Action.TAG:
        marks = [*_headers("suspected", verdict), *(() if verdict.step is Step.EMERGENCY else _marks(verdict, ways))]
        return [worded("the callee gets %(marks)s", marks=_listed(marks)), worded("the caller notices nothing")]
    if verdict.action is Action.DIVERT:
        tagged = any(fired.effect == Action.TAG and not fired.observed for fired in verdict.fired)
        marks = [*_headers("diverted", verdict), *(_marks(verdict, ways) if tagged else ())]
        uri = ways.destinations.get(verdict.destination, "")
        where = f"{verdict.destination} ({uri})" if uri else verdict.destination or worded("the one destination")
        told = worded(
            "the call goes to %(where)s, with %(marks)s, and Diversion with the number that was called",
            where=where,
            marks=_listed(marks),
        )
        return [told, worded("the callee sees nothing")]
    return [worded("the call goes on without any header of ours")]


def _headers(what: str, verdict: Verdict) -> list[str]:
    return [
        f"X-Ringfence-Verdict: {what}",
        f"X-Ringfence-Rule: {verdict.rule}",
        worded("X-Ringfence-Decision with the decision's id"),
    ]


def _marks(verdict: Verdict, ways: Ways) -> list[str]:
    """Label and ring: the rule's own, else the operator's."""
    label, ring = verdict.label or ways.label, verdict.ring or ways.ring
    shown: list[str] = []
    if verdict.mask:
        shown = [worded("%(label)s in place of the caller's name and number", label=repr(label or "Anonymous"))]
    elif label:
        shown = [worded("the label %(label)s before the caller's name", label=repr(label))]
    return [*shown, f"Alert-Info: <{ring}>"] if ring else shown


def _listed(words: Sequence[str]) -> str:
    return joined(worded(" and "), [joined(", ", words[:-1]), words[-1]])


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

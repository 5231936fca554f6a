"""Why a recorded call got its verdict, or what a call would get now: sentences for people, the same for programs."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple

from proxy.reply_profiles import made
from ringfence.ask import Asked, answer
from ringfence.configuration import Configuration
from ringfence.installation import Installation
from ringfence.live_rules import live_rulebook
from ringfence.recorded_calls import (
    JudgedBy,
    callers_of,
    entries_behind,
    find,
    judged_by,
    named,
    what_rules_asked,
)
from ringfence.rulebook import Rulebook, load_rulebook, trunks_of
from ringfence.shown_values import decision_data, period_data, period_told
from ringfence.times import moment, shown_time
from ringfence.told_calls import told_to_others
from rules.judging.engine import RuleSet
from rules.judging.explain import NO_CALLBACK, Sentence, Ways, explain, on_the_wire, outcome_told, term, who_vouches
from rules.language.examples import Described, NotJudged, read_fact
from rules.language.faults import nearest
from rules.language.values import read_rate_name, refuse_measured
from rules.model import Action, Call, Fired, Step, Trunk, Verdict
from rules.records.decisions import Decision
from rules.records.privacy import mask, pseudonym
from rules.records.replay import asked_facts
from rules.records.retention import short_record
from rules.texts.worded import changed, joined, worded

DEFAULT_TRUNK = "default"
NO_ENTRY = worded("no entry covered the caller")
_WITH_ID = worded(", with the decision id in Reason")
_PASSING = frozenset((Step.EMERGENCY, Step.CALLBACK, Step.FAIL_OPEN))
_BY_RULES = frozenset((Step.RULES, Step.SUSPICION))
_OF_OPERATORS = frozenset((Step.OPERATOR_ALLOW, Step.SEALED, Step.OPERATOR_BLOCK, Step.SHARED))
_OF_LISTS = frozenset(Step) - _PASSING - _BY_RULES - {Step.DEFAULT}


class BadWord(ValueError):
    """A word that somebody typed is none; the message says what would be right."""


class Words(NamedTuple):
    """What somebody says of a call, beside the description itself."""

    at: str = ""
    trunk: str = ""
    facts: tuple[str, ...] = ()  # NAME=VALUE, in the words of examples
    group: str = ""  # subscriber group of the called number


class Explanation(NamedTuple):
    """Sentences for people, the same facts for programs."""

    lines: list[Sentence]
    data: dict[str, Any]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        return {**self.data, "lines": [line._asdict() for line in self.lines]}


async def explain_decision(here: Installation, text: str, *, clear: bool, figures: bool = False) -> Explanation | None:
    """Why the recorded call that a text names got its verdict; None when there is no such record.

    ``clear``: with its numbers. ``figures``: with what was counted, and with what lies in digits that are masked, for
    whoever may see numbers.
    """
    decision = await find(here, text)
    if decision is None:
        return None
    told = None if clear or figures else (await told_to_others(here, [decision], every_rule=True))[0]
    decision = told.decision if told else decision
    callers = [] if clear else callers_of(decision)  # whose numbers are shown to nobody
    data = decision_data(decision, here.zone, masked=not clear)
    fired = [
        one._replace(entry=masked(one.entry, callers), source=masked(one.source, callers)) for one in decision.fired
    ]
    data |= {"fired": [one.as_data() for one in fired], "facts": decision.facts if clear else {}}
    found = await judged_by(here, decision)
    lines = recorded(
        decision, fired, data, found, here.configuration, figures=told is None, kept_back=told.kept_back if told else ()
    )
    if told:
        return _of_a_mask(here, decision, lines, data)
    behind = await entries_behind(here, decision)
    entries = [period_data(one, here.zone) for one in behind]
    data["entries"] = [one | {"entry": masked(one["entry"], callers)} for one in entries]
    place = next(place for place, line in enumerate(lines) if line.step == "verdict")
    lines[place:place] = [Sentence("entry", masked(period_told(one, here.zone), callers)) for one in behind]
    decided = decision.rule in here.configuration.lists and decision.step in _OF_OPERATORS
    if decided and not any(one.entry.list == decision.rule for one in behind):
        what = worded("which entry of %(list)s it was is not known any more (storage.history_days)", list=decision.rule)
        lines.insert(place + len(behind), Sentence("entry", what))
    return Explanation(lines, data)


def _of_a_mask(here: Installation, decision: Decision, lines: list[Sentence], data: dict[str, Any]) -> Explanation:
    """The entries that took part as they are told to who may not see numbers: those of two callers may differ."""
    met = dict.fromkeys(one.name for one in decision.fired if one.name in here.configuration.lists)
    caller = mask(decision.caller)
    data["entries"] = [{"list": name, "entry": caller} for name in met]
    place = next(place for place, line in enumerate(lines) if line.step == "verdict")
    covered = [worded("an entry of %(list)s covers %(caller)s", list=name, caller=caller) for name in met]
    lines[place:place] = [Sentence("entry", text) for text in covered]
    return Explanation(lines, data)


def masked(text: str, callers: list[str]) -> str:
    """A text without these numbers."""

    def hidden(part: str) -> str:
        for caller in callers:
            part = part.replace(caller, mask(caller))
        return part

    return changed(text, hidden)


async def what_is_left(here: Installation, decision_id: str) -> str:
    """Of a call that rang and whose record made room; empty for one that nobody knows."""
    decisions = await here.recorded()
    found = await short_record(decisions.store, named(decision_id).decision) if decisions else None
    if found is None:
        return ""
    return (
        f"the record of {found.id} made room for newer ones; what is left: {mask(found.caller) or 'nobody'} rang by "
        f"trunk {found.trunk} on {shown_time(found.at, here.zone)}"
    )


def recorded(
    decision: Decision,
    fired: list[Fired],
    data: dict[str, Any],
    found: JudgedBy,
    configuration: Configuration,
    *,
    figures: bool,
    kept_back: Collection[str] = (),
) -> list[Sentence]:
    """A record in sentences, in the order of precedence, with what the rules of that time asked."""
    ways = ways_out(configuration)
    lines = [Sentence("call", who_called(decision, data)), Sentence("call", how_it_came(decision, data))]
    lines += who_vouches(decision.facts.get("facts"))
    if others := decision.facts.get("callers", ())[1 : decision.facts.get("readings", 1)]:
        shown = others if data["facts"] else [mask(one) for one in others]  # no facts where numbers are masked
        told = worded("the caller's number may also be read as %(numbers)s", numbers=joined(worded(" or "), shown))
        lines.append(Sentence("call", told))
    if decision.step in _PASSING:
        text = worded("the call passed, nothing else was asked")
        if decision.step is Step.FAIL_OPEN:
            text = worded("it could not be judged")
        lines.append(Sentence(decision.step, text, True))
    else:
        for step in Step:
            lines += recorded_step(step, decision, fired)
            if step is Step.RULES:
                lines += what_rules_asked(found, configuration, decision, figures=figures, kept_back=kept_back)
    place = found.place_of(decision.rule) if decision.step in _BY_RULES else ""
    lines.append(Sentence("verdict", verdict_told(decision), True, place))
    lines.append(Sentence("outcome", ending_told(decision)))
    lines += [Sentence("on the wire", text) for text in on_the_wire(verdict_of(decision, found.ruleset), ways)]
    return [*lines, the_revision(found, decision, configuration.time_zone)]


def who_called(decision: Decision, data: dict[str, Any]) -> str:
    """Who called whom, by which trunk."""
    called: str = decision.called_class
    if decision.called_area:
        called = worded("a number of %(area)s (%(class)s)", **{"area": data["called"], "class": called})
    caller = f"{data['caller']} ({decision.caller_class})"
    return worded("%(caller)s called %(called)s by trunk %(trunk)s", caller=caller, called=called, trunk=decision.trunk)


def how_it_came(decision: Decision, data: dict[str, Any]) -> str:
    """When, and from where."""
    believed = worded("the number could not be believed")
    if decision.facts.get("believed"):
        believed = worded("the number could be believed")
    told = {"at": data["at"], "source": decision.source, "id": decision.call_id, "believed": believed}
    return worded("on %(at)s, from %(source)s, Call-ID %(id)s; %(believed)s", **told)


def verdict_told(decision: Decision) -> str:
    """What was decided, by what, and why."""
    return outcome_told(decision.action, decision.rule, decision.step, decision.reason)


def ending_told(decision: Decision) -> str:
    """What became of the call."""
    ended = worded("the call is not over yet")
    if decision.status is not None:
        ended = worded("the call got %(status)s after %(ms)s ms", status=decision.status, ms=decision.setup_ms)
    if decision.rang is None:
        return ended
    rang = worded("the phone rang") if decision.rang else worded("the phone did not ring")
    return joined("; ", [ended, rang])


def the_revision(found: JudgedBy, decision: Decision, zone: str) -> Sentence:
    """Which rules judged, who put them live and why, and whether they are live."""
    if found.revision is None:
        told = worded("judged by rule set %(hash)s, which is not among the stored revisions", hash=decision.revision)
        return Sentence("rules", told)
    one, live = found.revision, found.live
    now = worded("its rules are live")
    if live and live.hash != one.hash:
        now = worded("%(revision)s is live now", revision=live.shown)
    told = worded(
        "judged by %(revision)s (%(hash)s), put live by %(author)s on %(at)s: %(reason)s; %(now)s",
        revision=one.shown,
        hash=one.hash,
        author=one.author,
        at=shown_time(one.created, zone),
        reason=one.reason,
        now=now,
    )
    return Sentence("rules", told)


def recorded_step(step: Step, decision: Decision, fired: list[Fired]) -> list[Sentence]:
    """What a record holds of one step: what fired, or that nothing did."""
    if step is Step.DEFAULT:  # entries that did not act: for rules they were facts
        return [
            Sentence("lists", worded("%(name)s: a fact only, %(detail)s", name=one.name, detail=one.detail))
            for one in fired
            if one.step is step
        ]
    lines = []
    for one in fired:
        if one.step is step:
            won = one.name == decision.rule and step is decision.step
            lines.append(Sentence(step, _fired_told(one), won))
    if step is Step.SUSPICION:
        lines.append(Sentence(step, worded("%(points)s in all", points=decision.suspicion)))
    elif step in _OF_LISTS and not lines:
        lines.append(Sentence(step, NO_ENTRY))
    return lines


def _fired_told(one: Fired) -> str:
    effect = term(one.effect)
    if one.effect == "suspicion":
        effect = worded("suspicion %(points)s", points=format(one.points, "+d"))
    if one.observed:
        effect = worded("would have said %(effect)s, but only observed", effect=effect)
    return joined(", ", [part for part in (joined(": ", [one.name, effect]), one.detail) if part])


def verdict_of(decision: Decision, ruleset: RuleSet | None) -> Verdict:
    """What went out; label and ring stand in no record, but in the rules that tagged."""
    named = {one.name for one in decision.fired if one.effect == Action.TAG and not one.observed}
    tagging = [rule for rule in ruleset.rules if rule.name in named] if ruleset else []
    diverted = decision.action is Action.DIVERT
    return Verdict(
        decision.action,
        decision.step,
        rule=decision.rule,
        profile="" if diverted else decision.profile,
        destination=decision.profile if diverted else "",
        fired=decision.fired,
        label=next((rule.label for rule in tagging if rule.label), ""),
        ring=next((rule.ring for rule in tagging if rule.ring), ""),
        mask=any(rule.mask for rule in tagging),
    )


def ways_out(configuration: Configuration) -> Ways:
    """What ringfence.yaml says of the wire."""
    replies = {
        name: joined("", [f"{one.status} {one.phrase}", *([_WITH_ID] if one.tells_decision else [])])
        for name, one in made(configuration.profiles).items()
    }
    return Ways(configuration.label, configuration.distinct_ring, configuration.destinations, replies)


async def _note_each(call: Call, note: Callable[[str], Awaitable[None]]) -> None:
    """Say of each number that the call shows that it is looked up: a seal counts on whatever one."""
    for number in dict.fromkeys([call.caller.canonical, *(one.canonical for one in call.callers)]):
        await note(number)


async def explain_call(
    here: Installation,
    described: Described,
    words: Words,
    note: Callable[[str], Awaitable[None]],
    *,
    saved: bool = False,
) -> Explanation:
    """What a call would get now, with the rules that are live, or those `saved` on the disk, and the lists.

    ``note`` is told the canonical number that is looked up, before anything is shown. ValueError: a word is wrong.
    """
    book, live = (load_rulebook(here.file), None) if saved else await live_rulebook(here)
    configuration, ruleset = book.configuration, book.ruleset
    now = time.time()
    try:
        at = moment(words.at, now=now, zone=here.zone, ahead=False) if words.at else now
    except ValueError as error:
        raise BadWord(str(error)) from None
    asked = Asked(described, trunk_named(book, words.trunk), at, facts_of(words, ruleset))
    try:
        call, verdict, hits, called_hits = await answer(configuration, here.base, ruleset, asked)
    except NotJudged as error:
        return unheard(asked, error)
    await _note_each(call, note)
    callback = NO_CALLBACK
    if (made := await emergency_call_before(here, call)) is not None:
        verdict = Verdict(Action.FORWARD, Step.CALLBACK, reason="the subscriber made an emergency call")
        until = shown_time(made + 60 * configuration.emergency.callback_minutes, here.zone)
        callback = worded(
            "the called subscriber made an emergency call at %(at)s: every call to him passes until %(until)s, "
            "whatever follows",
            at=shown_time(made, here.zone),
            until=until,
        )
    ways = ways_out(configuration)
    lines = explain(call, verdict, ruleset, hits, called_hits, ways=ways, callback=callback)
    by = worded("by the files on the disk")
    if live:
        by = worded("by %(revision)s, which is live", revision=live.shown)
    lines.append(Sentence("rules", by))
    return Explanation(lines, _judged_data(call, verdict))


def _judged_data(call: Call, verdict: Verdict) -> dict[str, Any]:
    """The same for programs."""
    return {
        "caller": call.caller.canonical or str(call.caller.kind),
        "called": call.called.canonical or call.called.raw,
        "trunk": call.trunk.name,
        "verdict": str(verdict.action),
        "step": str(verdict.step),
        "rule": verdict.rule,
        "reason": verdict.reason,
        "suspicion": verdict.suspicion,
        "destination": verdict.destination,
        "label": verdict.label,
        "ring": verdict.ring,
        "mask": verdict.mask,
        "readings": {
            "caller": [number.canonical or str(number.kind) for number in call.asserted],
            "called": [number.canonical or number.raw for number in call.called_readings],
        },
        "facts": call.facts or {},
        "fired": [fired.as_data() for fired in verdict.fired],
        "revision": verdict.revision,
    }


async def emergency_call_before(here: Installation, call: Call) -> float | None:
    """When the called subscriber made an emergency call because of which this one passes; None where none is known."""
    seconds = 60.0 * here.configuration.emergency.callback_minutes
    decisions = await here.recorded() if seconds and not call.emergency and call.called.canonical else None
    if decisions is None:
        return None
    key = pseudonym(here.keys.pseudonym, call.called.canonical)
    return await decisions.emergency_call_of(key, call.at - seconds, call.at)


def unheard(asked: Asked, refusal: NotJudged) -> Explanation:
    """Of a call that the proxy answers by itself: no rule is asked."""
    caller, called = asked.described.caller, asked.described.called
    told = {"caller": caller, "called": called, "trunk": asked.trunk.name}
    lines = [
        Sentence("call", worded("%(caller)s calls %(called)s by trunk %(trunk)s", **told)),
        Sentence("proxy", worded("%(answer)s: no rule is asked, and nothing rings", answer=refusal.args[0]), True),
    ]
    data = {"caller": caller, "called": called, "trunk": asked.trunk.name, "verdict": "refused"}
    return Explanation(lines, data | {"status": refusal.status, "phrase": refusal.phrase})


def facts_of(words: Words, ruleset: RuleSet) -> dict[str, float | str | bool]:
    """What the command line says was measured; a name that no rule asks for is most likely misspelt."""
    known = sorted(asked_facts(ruleset))
    found: dict[str, float | str | bool] = {}
    for text in words.facts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not value.strip():
            raise BadWord(f"--fact {text!r}: write NAME=VALUE, such as calls_1h=61 or short_calls_1h=80%")
        if name not in known:
            hint = nearest(name, known) or f"rules ask for {', '.join(known) or 'none'}"
            raise BadWord(f"--fact {name!r}: no rule asks for it; {hint}")
        if rate := read_rate_name(name):
            try:
                refuse_measured(rate[0], value.strip())
            except ValueError as error:
                raise BadWord(f"--fact {name}: {error}") from None
        found[name] = read_fact(value.strip())
    if words.group:
        found["group"] = words.group
    return found


def trunk_named(book: Rulebook, name: str) -> Trunk:
    """The trunk of this name; without a name `default`, else the first."""
    known = {trunk.name: trunk for trunk in trunks_of(book.configuration)}
    if not name:
        return known.get(DEFAULT_TRUNK) or next(iter(known.values()))
    if name not in known:
        raise BadWord(f"there is no trunk {name!r}; known are {', '.join(sorted(known))}")
    return known[name]

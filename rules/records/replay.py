"""Judges past calls under a candidate: what changes, for whom, and what each of its rules does."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, TypeVar

from rules.judging.conditions import all_of
from rules.judging.engine import CompiledRule, Judgement, RuleSet
from rules.judging.facts import Facts
from rules.language.values import span_name
from rules.lists.cache import asked_of, only_single
from rules.model import READINGS_DIFFER, Action, Call, Hit, Number, Step, Verdict
from rules.records.past_calls import Past, Unusable
from rules.records.privacy import mask
from rules.records.redacted_numbers import HIDDEN_LISTS, asking, holds, leaves, ruled_out, text_rules

SAMPLES = 3  # of calls that fared alike are named
ALL = 1_000_000
MOST_ASKED = 100  # callers of a group are counted up to this; no setting asks for more
_ALLOWS = frozenset(("allow", "subscriber-allow"))
_BY_RULES = frozenset((Step.RULES, Step.SHARED, Step.SUSPICION, Step.DEFAULT))
K = TypeVar("K")
LookUp = Callable[[str], tuple[Hit, ...] | None]


class Group:
    """Calls that fared alike: how many, and a few of them."""

    __slots__ = ("callers", "calls", "most", "new", "samples")

    def __init__(self, most: int = SAMPLES) -> None:
        self.most = most  # of the samples
        self.callers: set[str] = set()  # so many of them as matter
        self.calls = 0
        self.new = 0  # of these, calls that the live rules let through
        self.samples: list[tuple[str, str]] = []  # masked caller, decision

    def add(self, past: Past, new: bool = False) -> None:
        """One more."""
        self.calls += 1
        self.new += new
        _meet(self.callers, past)
        if len(self.samples) < self.most:
            caller = past.call.caller
            self.samples.append((mask(caller.canonical) or str(caller.kind), past.id))


def _meet(callers: set[str], past: Past) -> None:
    if len(callers) < MOST_ASKED:
        callers.add(past.call.caller.canonical or past.id)


class Judged(NamedTuple):
    """What a rule set says of a past call."""

    verdict: Verdict
    held: list[CompiledRule]
    open: tuple[CompiledRule, ...]  # rules of which nobody can know whether they hold, and on which it depends


def judge_rules(call: Call, hits: Sequence[Hit], held: Sequence[CompiledRule], of: RuleSet) -> Verdict:
    """The verdict when just these of its rules hold; lists, ladder and suspicion answer as they do there."""
    if not held and not hits:
        return Verdict(Action.FORWARD, Step.DEFAULT, revision=of.revision)
    judgement = Judgement(call, of.replies)
    if hits:
        judgement.hear_lists(hits)
    if held:
        judgement.hear_rules(held)
    return judgement.verdict(of.revision)


def signature(rule: CompiledRule) -> tuple[object, ...]:
    """What a rule asks and does: alike in two rule sets when the rule is the same."""
    parts = [(leaf.says, leaf.keys) for leaf in leaves((*rule.asks, *rule.stops))]
    shape = (len(rule.asks), len(rule.stops), rule.share, rule.profile, rule.destination, rule.suspicion)
    return rule.name, rule.action, shape, tuple(parts)


class Before(NamedTuple):
    """How a past call fared, or would fare under the live rules."""

    action: Action
    by: str = ""
    destination: str = ""  # of a divert by the live rules; the record's own is not compared


class PastJudge:
    """One rule set, asked about calls of which the record keeps less than the proxy saw."""

    def __init__(self, ruleset: RuleSet, *, recorded: RuleSet | None = None) -> None:
        self.ruleset = ruleset
        self._asking = asking(ruleset.rules, ruleset.clock)
        self._asking_set = frozenset(self._asking)
        self._near: dict[tuple[str, str], tuple[CompiledRule, ...]] = {}  # by area and class of the called number
        # Whether a rule held that has not changed since stands in the records of that rule set.
        known = {signature(rule) for rule in recorded.rules} if recorded else set()
        self._text_rules = text_rules(ruleset.rules)
        asks = (*self._asking, *self._text_rules)
        self._unchanged = frozenset(rule.name for rule in asks if signature(rule) in known)
        self._recorded = recorded.revision if recorded else ""

    def judge(self, past: Past, hits: tuple[Hit, ...], called_hits: tuple[Hit, ...] = ()) -> Judged:
        """The verdict, the rules that hold, and those that stay open."""
        call, ruleset, hidden = past.call, self.ruleset, past.hidden
        facts = Facts(call, hits, called_hits, ruleset.clock)
        found = ruleset.index.candidates(facts)
        unread = self._unread(past) if past.masked and self._text_rules else ()
        if hidden is None and not unread:
            held = [rule for rule in found if rule.holds(facts)]
            return Judged(judge_rules(call, hits, held, ruleset), held, ())
        apart = self._asking_set.union(unread) if hidden is not None else frozenset(unread)
        held = [rule for rule in found if rule not in apart and rule.holds(facts)]
        open_ = self._ask(past, facts, hidden, held, unread)
        if not call.caller.canonical and hidden is not None:  # a share is then drawn from the called number
            open_ += [rule for rule in held if 0.0 < rule.share < 100.0]
        verdict = judge_rules(call, hits, held, ruleset)
        return Judged(verdict, held, self._decisive(verdict, call, hits, held, open_) if open_ else ())

    def _unread(self, past: Past) -> tuple[CompiledRule, ...]:
        """The rules that may look at digits of a text of which some are hidden."""
        return tuple(rule for rule, abouts in self._text_rules.items() if abouts & past.masked)

    def _near_to(self, plain: Number, hidden: Number) -> tuple[CompiledRule, ...]:
        """The rules that may look at hidden digits of this called number."""
        key = plain.canonical, plain.kind
        near = self._near.get(key)
        if near is None:
            near = tuple(rule for rule in self._asking if not ruled_out(rule, hidden, self.ruleset.clock))
            self._near[key] = near
        return near

    def _ask(
        self,
        past: Past,
        facts: Facts,
        hidden: Number | None,
        held: list[CompiledRule],
        unread: tuple[CompiledRule, ...],
    ) -> list[CompiledRule]:
        """Add the rules that hold as far as can be known; those left open."""
        call, plain = past.call, past.call.called
        near = self._near_to(plain, hidden) if hidden is not None and self._asking else ()
        open_: list[CompiledRule] = []
        if not near and not unread:
            return open_
        if hidden is not None:
            call.called, facts.called_lists, facts.called_kinds = hidden, HIDDEN_LISTS, HIDDEN_LISTS
        try:
            for rule in dict.fromkeys((*near, *unread)):
                said = holds(rule, facts, past.masked)
                if said is None and past.revision == self._recorded and rule.name in self._unchanged:
                    said = rule.name in past.fired_rules()
                if said:
                    held.append(rule)
                elif said is None:
                    open_.append(rule)
        finally:
            call.called = plain
        return open_

    def _decisive(
        self, verdict: Verdict, call: Call, hits: tuple[Hit, ...], held: list[CompiledRule], open_: list[CompiledRule]
    ) -> tuple[CompiledRule, ...]:
        """Those of the open rules that could make it another verdict; all of them where only their sum does."""
        ruleset = self.ruleset
        kept = [rule for rule in held if rule not in open_]
        alone = tuple(
            rule
            for rule in open_
            if judge_rules(call, hits, [*held, rule] if rule not in held else kept, ruleset).action
            is not verdict.action
        )
        if alone:
            return alone
        together = judge_rules(call, hits, [*kept, *open_], ruleset)
        return () if together.action is verdict.action else tuple(open_)


class Watched:
    """What a rule that only observes would have changed, had it been live for everybody and all else as it is."""

    __slots__ = ("allowed", "held", "live", "would")

    def __init__(self, rule: CompiledRule) -> None:
        self.live = acting(rule)
        self.held = 0  # calls on which it only observed
        self.would: dict[tuple[str, str, str], Group] = {}  # verdict without it, with it, by whom
        self.allowed: dict[str, Group] = {}  # of these calls: callers on an allow list, by list

    @property
    def changed(self) -> int:
        """Calls that would have got another verdict."""
        return sum(group.calls for group in self.would.values())

    @property
    def from_allow_lists(self) -> int:
        """How many of these have a caller on an allow list."""
        return sum(group.calls for group in self.allowed.values())


def acting(rule: CompiledRule) -> CompiledRule:
    """The rule as it would be if it acted on everybody."""
    return CompiledRule(
        rule.name,
        because=rule.because,
        place=rule.place,
        action=rule.action,
        when=all_of(rule.asks),
        unless=rule.stops,
        profile=rule.profile,
        destination=rule.destination,
        label=rule.label,
        ring=rule.ring,
        mask=rule.mask,
        suspicion=rule.suspicion,
    )


class Replay:
    """Past calls go in one by one; what the candidate would change adds up."""

    def __init__(self, candidate: RuleSet, live: RuleSet | None, look_up: LookUp, *, samples: int = SAMPLES) -> None:
        self.candidate, self.live, self.samples = candidate, live, samples
        self._judge = PastJudge(candidate, recorded=live)
        self._live = PastJudge(live, recorded=live) if live is not None else None
        self._look_up = look_up
        self._called_lists = candidate.called_lists | (live.called_lists if live else frozenset())
        self._alone: dict[tuple[object, ...], tuple[str, ...]] = {}
        self.lacking = asked_facts(candidate)  # facts that no record held so far, with the rules that ask for them
        self.lacking.pop(READINGS_DIFFER, None)  # a call without it was spelt in one way
        self.unusable: Counter[str] = Counter()
        self.unclear: Counter[str] = Counter()  # by rule
        self.read = self.judged = self.left_open = self.caught = self.caught_before = self.newly = 0
        self.otherwise = 0  # calls that got another verdict then than the live rules would give now
        self.flips: dict[tuple[str, str, str], Group] = {}
        self.allowed: dict[tuple[str, str, str], Group] = {}
        self.matched: Counter[str] = Counter()
        self.acted: Counter[str] = Counter()
        self.decided: Counter[str] = Counter()
        self.alone: Counter[str] = Counter()
        self.callers: defaultdict[str, set[str]] = defaultdict(set)  # of each rule that held
        self.open_from: defaultdict[str, set[str]] = defaultdict(set)  # of each rule that was left open
        self.least = 0  # what fewer callers did is not told
        self.watched = {rule.name: Watched(rule) for rule in candidate.rules if rule.share < 100.0}
        self.first = self.last = 0.0

    def add(self, past: Past | Unusable) -> None:
        """Judge one call."""
        self.read += 1
        if isinstance(past, Unusable):
            self.unusable[past.why] += 1
            return
        call = past.call
        found = self._hits(past)
        if found is None:
            self.unusable["calls whose lists could not be read"] += 1
            return
        hits, called_hits = found
        if call.emergency or any(hit.kind == "emergency" for hit in called_hits):
            self.unusable["emergency calls, which always pass"] += 1
            return
        self.first = self.first or call.at
        self.last = call.at
        if self.lacking and call.facts:
            for name in call.facts:
                self.lacking.pop(name, None)
        verdict, held, open_ = self._judge.judge(past, hits, _asked(called_hits, self.candidate))
        if open_:
            self.left_open += 1
            self.unclear.update(rule.name for rule in open_)
            for rule in open_:
                _meet(self.open_from[rule.name], past)
            return
        self.judged += 1
        before = self._before(past, hits, called_hits)
        self._compare(past, hits, verdict, before or Before(verdict.action))
        if held:
            for rule in held:
                _meet(self.callers[rule.name], past)
            self._count(call, hits, verdict, held)
            if self.watched:
                self._watch(past, hits, verdict, held)

    def _watch(self, past: Past, hits: tuple[Hit, ...], verdict: Verdict, held: list[CompiledRule]) -> None:
        """What each rule that held and did not act would have made of the call."""
        for rule in held:
            watched = self.watched.get(rule.name)
            if watched is None or rule.acts(past.call):
                continue
            watched.held += 1
            others = [watched.live if one is rule else one for one in held]
            would = judge_rules(past.call, hits, others, self.candidate)
            if would.action is verdict.action:
                continue
            self._group(watched.would, (str(verdict.action), str(would.action), would.rule)).add(past)
            if (name := _allowing(past.call, hits)) is not None:
                watched.allowed.setdefault(name, Group(self.samples)).add(past)

    def _hits(self, past: Past) -> tuple[tuple[Hit, ...], tuple[Hit, ...]] | None:
        look_up, call = self._look_up, past.call
        hits: tuple[Hit, ...] = past.hits
        for number in call.callers:
            found = look_up(number.canonical)
            if found is None:
                return None
            hits = hits + found if hits else found
        for number in call.resembled:
            hits += only_single(look_up(number.canonical) or ())
        if not self._called_lists or past.hidden is not None:
            return hits, ()
        called_hits: tuple[Hit, ...] = ()
        for number in call.called_readings:
            found = look_up(number.canonical)
            if found is None:
                return None
            called_hits += asked_of(found, call, self._called_lists)
        return hits, called_hits

    def _before(self, past: Past, hits: tuple[Hit, ...], called_hits: tuple[Hit, ...]) -> Before | None:
        """What the call would get now from the live rules, or what it got; None: neither is known."""
        got = Before(past.action, past.rule) if past.action is not None else None
        if self._live is None:
            return got
        verdict, _, open_ = self._live.judge(past, hits, _asked(called_hits, self._live.ruleset))
        if open_ and got is not None:
            return got
        if got is not None and verdict.action is not got.action:
            self.otherwise += 1
        return Before(verdict.action, verdict.rule, verdict.destination)

    def _compare(self, past: Past, hits: tuple[Hit, ...], verdict: Verdict, before: Before) -> None:
        action = verdict.action
        caught, was_caught = action is not Action.FORWARD, before.action is not Action.FORWARD
        self.caught += caught
        self.caught_before += was_caught
        self.newly += caught and not was_caught
        if action is not before.action:
            rule = verdict.rule if caught or verdict.rule else f"no longer {before.by}"
            self._group(self.flips, (str(before.action), str(action), rule)).add(past)
        elif before.destination and verdict.destination != before.destination:
            words = (f"{action} to {before.destination}", f"{action} to {verdict.destination}", verdict.rule)
            self._group(self.flips, words).add(past)
        if caught and hits and (name := _allowing(past.call, hits)) is not None:
            self._group(self.allowed, (name, str(action), verdict.rule)).add(past, not was_caught)

    def _group(self, groups: dict[tuple[str, str, str], Group], key: tuple[str, str, str]) -> Group:
        found = groups.get(key)
        if found is None:
            found = groups[key] = Group(self.samples)
        return found

    def _count(self, call: Call, hits: tuple[Hit, ...], verdict: Verdict, held: list[CompiledRule]) -> None:
        names = [rule.name for rule in held]
        self.matched.update(names)
        acting = [rule for rule in held if rule.acts(call)]
        if not acting:
            return
        self.acted.update([rule.name for rule in acting])
        if verdict.step not in _BY_RULES:
            return
        self.decided[verdict.rule] += verdict.step is not Step.SHARED
        key = (call.trunk.name, *[rule.name for rule in acting])
        lost = None if hits else self._alone.get(key)
        if lost is None:
            lost = tuple(
                rule.name
                for rule in acting
                if judge_rules(call, hits, [one for one in acting if one is not rule], self.candidate).action
                is not verdict.action
            )
            if not hits:
                self._alone[key] = lost
        self.alone.update(lost)

    def blur(self, least: int) -> None:
        """Name no caller any more, and leave out what fewer callers than these did: for who may see nobody's number.

        That they were none is left out as well, else who asks for half a range, and half of that, reads a number.
        """
        self.least = least
        self.flips, self.allowed = _of_many(self.flips, least), _of_many(self.allowed, least)
        for name, watched in self.watched.items():
            watched.would, watched.allowed = _of_many(watched.would, least), _of_many(watched.allowed, least)
            watched.held *= len(self.callers[name]) >= least
        for name in [name for name, callers in self.callers.items() if len(callers) < least]:
            for counts in (self.matched, self.acted, self.decided, self.alone):
                counts.pop(name, None)
        if self.left_open and any(len(callers) < least for callers in self.open_from.values()):
            self.judged, self.left_open = self.judged + self.left_open, 0
            self.unclear.clear()
        forward = Action.FORWARD
        caught = [(before != forward, after != forward, one) for (before, after, _), one in self.flips.items()]
        self.newly = sum(group.calls for before, after, group in caught if after and not before)
        self.caught = self.caught_before + sum((after - before) * group.calls for before, after, group in caught)

    @property
    def changed(self) -> int:
        """Calls that get another verdict."""
        return sum(group.calls for group in self.flips.values())

    @property
    def from_allow_lists(self) -> tuple[int, int]:
        """Calls of callers on an allow list that it catches; how many of these get through now."""
        groups = self.allowed.values()
        return sum(group.calls for group in groups), sum(group.new for group in groups)

    @property
    def dead(self) -> list[str]:
        """Rules that held for no call."""
        return [rule.name for rule in self.candidate.rules if not self.matched[rule.name]]

    @property
    def share_newly_caught(self) -> float:
        """What part of the calls it catches that get through now; calls that stay open count as caught."""
        known = self.judged + self.left_open
        return (self.newly + self.left_open) / known if known else 0.0


def _allowing(call: Call, hits: Sequence[Hit]) -> str | None:
    """The first allow list that the caller stands on."""
    number = call.caller.canonical
    return next((hit.list for hit in hits if hit.kind in _ALLOWS and hit.number == number), None)


def _of_many(groups: dict[K, Group], least: int) -> dict[K, Group]:
    found = {key: group for key, group in groups.items() if len(group.callers) >= least}
    for group in found.values():
        group.samples = []
    return found


def _asked(called_hits: tuple[Hit, ...], ruleset: RuleSet) -> tuple[Hit, ...]:
    if not called_hits:
        return ()
    return tuple(hit for hit in called_hits if hit.list in ruleset.called_lists)


def asked_facts(ruleset: RuleSet) -> dict[str, list[str]]:
    """The measured facts that rules ask for, with the rules."""
    found: dict[str, list[str]] = {f"{name}_{span_name(seconds)}": [] for name, seconds in ruleset.rates}
    for rule in ruleset.rules:
        for leaf in leaves((*rule.asks, *rule.stops)):
            for key in leaf.keys:
                if key.about in ("fact", "fact.over", "fact.under"):
                    rules = found.setdefault(re.split("[<>]", key.value, maxsplit=1)[0], [])
                    if rule.name not in rules:
                        rules.append(rule.name)
    return found


def known_called(numbers: Collection[str], pseudonym: Callable[[str], str]) -> dict[str, str]:
    """The called numbers that rules name, by their pseudonyms in the record."""
    return {pseudonym(number): number for number in numbers}

"""Who wins: one call, its list entries and the rules that hold become one verdict, by a fixed precedence.

emergency > subscriber's allow > operator's allow > sealed > subscriber's block > operator's block and
do-not-originate > ladder > deciding rules > shared lists > suspicion. The first forward, reject or divert ends the
search; tags are marks that add up; the order of files and rules never matters.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from rules.judging.conditions import ALL, Condition
from rules.judging.facts import COUNTS_ON_ANY, OPENS, Facts, WallClock
from rules.judging.index import Index, Key
from rules.model import Action, Call, Fired, Hit, Reply, Step, Verdict

# What an entry does by itself, by the kind of its list: the step it stands in, and the action.
ENTRY_EFFECTS: Final[dict[str, tuple[Step, Action]]] = {
    "subscriber-allow": (Step.SUBSCRIBER_ALLOW, Action.FORWARD),
    "allow": (Step.OPERATOR_ALLOW, Action.FORWARD),
    "sealed": (Step.SEALED, Action.REJECT),
    "subscriber-block": (Step.SUBSCRIBER_BLOCK, Action.REJECT),
    "block": (Step.OPERATOR_BLOCK, Action.REJECT),
    "do-not-originate": (Step.OPERATOR_BLOCK, Action.REJECT),
    "ladder-tag": (Step.LADDER, Action.TAG),  # a mark: it ends nothing
    "ladder-limit": (Step.LADDER, Action.REJECT),
    "ladder-reject": (Step.LADDER, Action.REJECT),
}
_HIDDEN: Final = 4  # digits of the caller that a label leaves out
_LONGEST_LABEL: Final = 64
LADDER: Final = "ladder"  # the name under which its steps are heard
# By which name the reply of a step is known, which no list can bear.
LADDER_REPLIES: Final = {"ladder-limit": "ladder: limit", "ladder-reject": "ladder: reject"}
SUSPICION_REPLY: Final = "suspicion: reject"
NO_REPLIES: Final[Mapping[str, Reply]] = MappingProxyType({})
_NO_REPLY: Final = Reply()
STEPS = tuple(Step)
RANK: Final = {step: rank for rank, step in enumerate(STEPS)}
_RULES_RANK: Final = RANK[Step.RULES]
_DECIDES: Final = {Action.FORWARD: 0, Action.REJECT: 1, Action.DIVERT: 2}  # among deciding rules, the smaller wins


def bucket(rule: str, number: str) -> float:
    """Where a caller falls for a rule that acts on a share of callers: 0 to 100, its own lot for each rule."""
    digest = hashlib.blake2b(number.encode(), digest_size=4, key=rule.encode()).digest()
    return int.from_bytes(digest, "big") * 100 / 2**32


class Hold(NamedTuple):
    """Whom a rule catches is put on a list for a time."""

    list: str
    seconds: int
    because: str


class CompiledRule:
    """A rule ready to be asked."""

    __slots__ = (
        "action",
        "asks",
        "because",
        "destination",
        "fired",
        "hold",
        "label",
        "mask",
        "name",
        "observed",
        "place",
        "profile",
        "ring",
        "share",
        "stops",
        "suspicion",
        "unless",
        "when",
    )

    def __init__(
        self,
        name: str,
        *,
        because: str,
        place: str,
        action: Action | None,
        when: Condition,
        unless: Sequence[Condition] = (),
        profile: str = "",
        destination: str = "",
        label: str = "",
        ring: str = "",
        mask: bool = False,
        suspicion: int = 0,
        share: float = 100.0,
        hold: Hold | None = None,
    ) -> None:
        self.name = name
        self.because = because
        self.place = place  # file:line
        self.action = action  # None: it adds suspicion
        self.asks = when.parts if when.how == ALL else (when,)  # all must hold
        self.stops = tuple(unless)  # one is enough
        self.when = tuple([part.holds for part in self.asks])
        self.unless = tuple([part.holds for part in self.stops])
        self.profile = profile
        self.destination = destination
        self.label = label
        self.ring = ring
        self.mask = mask  # show the label in place of the number
        self.suspicion = suspicion
        self.hold = hold  # puts the caller on a list
        self.share = share  # percent of callers on which it acts
        effect = action.value if action is not None else "list" if hold is not None and not suspicion else "suspicion"
        step = Step.SUSPICION if action is None else Step.RULES
        self.fired = Fired(name, step, effect, place, points=suspicion)
        self.observed = Fired(name, step, effect, place, points=suspicion, observed=True)

    @property
    def found_by(self) -> tuple[tuple[Key, ...], int]:
        """What must be so for it to hold, and how few calls that lets through."""
        best = max(self.asks, key=lambda part: part.weight if part.keys else -1)
        return best.keys, best.weight

    def holds(self, facts: Facts) -> bool:
        """Do its conditions hold, whatever comes of it?"""
        for condition in self.when:
            if not condition(facts):
                return False
        for condition in self.unless:  # noqa: SIM110 - a generator costs a third of a microsecond
            if condition(facts):
                return False
        return True

    def acts(self, call: Call) -> bool:
        """Does it act on this call, or only observe it?"""
        share = self.share
        if share >= 100.0:
            return True
        return share > 0.0 and bucket(self.name, call.caller.canonical or call.called.canonical) < share


def label_of(rule: CompiledRule, call: Call) -> str:
    """The label of a rule, with what it says of the call; what the call lacks is left out."""
    label = rule.label
    if "{" not in label:
        return label
    facts, number = call.facts or {}, call.caller.canonical
    told = {
        "caller_range": str(facts.get("code", "")) or (f"{number[:-_HIDDEN]}*" if len(number) > _HIDDEN else ""),
        "holder": str(facts.get("holder", "")),
        "reason": rule.because,
    }
    for name, text in told.items():
        label = label.replace(f"{{{name}}}", text)
    # A holder's name comes from a file: nothing of it may end a header field or stand in two lines.
    return " ".join("".join([each if each.isprintable() else " " for each in label]).split())[:_LONGEST_LABEL]


def counts(hit: Hit, call: Call) -> bool:
    """Does this entry act on this call? An allow entry must not open the door to a forged number."""
    if hit.kind in COUNTS_ON_ANY:
        return True
    if hit.number != call.callers[0].canonical:
        # The ladder is asked for the readings of the asserted number alone.
        return hit.list == LADDER and any(hit.number == number.canonical for number in call.asserted)
    if hit.kind not in OPENS:
        return True
    if not call.sure:
        return False  # whoever reads it otherwise would let another caller in
    if hit.kind != "allow":
        return True
    return call.believed and (not hit.trunks or call.trunk.name in hit.trunks)


def reply_to(hit: Hit, call: Call, replies: Mapping[str, Reply]) -> Reply:
    """What the caller gets whom an entry rejects: a profile, or a destination that tells him aloud.

    What the list says goes before what its trunk says, a destination before a profile. A MESSAGE hears nothing. Who is
    limited is told another word than who is blocked, where the operator has a profile `limit`.
    """
    own = replies.get(LADDER_REPLIES.get(hit.kind, hit.list), _NO_REPLY)
    if not call.message:
        if own.destination:
            return own
        if not own.profile and call.trunk.divert:
            return Reply("", call.trunk.divert)
    return Reply(own.profile or ("limit" if hit.kind == "ladder-limit" else call.trunk.profile))


class Judgement:
    """The state of one search for a verdict: what decides so far, what marks, and what fired."""

    __slots__ = (
        "best",
        "call",
        "decider",
        "fired",
        "labelling",
        "marked",
        "masked",
        "rank",
        "replies",
        "ringing",
        "suspicion",
        "tag",
        "top",
    )

    def __init__(self, call: Call, replies: Mapping[str, Reply] = NO_REPLIES) -> None:
        self.call = call
        self.replies = replies
        self.fired: list[Fired] = []
        self.rank = len(STEPS)  # rank of the step that decides; smaller wins
        self.best: tuple[object, ...] = ()  # place of the decider within its step; smaller wins
        self.decider: CompiledRule | Hit | None = None
        self.tag: CompiledRule | None = None
        self.marked: Hit | None = None  # the step of the ladder that tags
        self.masked = False  # by a rule that tags
        self.labelling: CompiledRule | None = None  # of the rules that tag, the first that has a label
        self.ringing: CompiledRule | None = None  # and the first that has a ring
        self.suspicion = 0
        self.top: tuple[int, str, str] = (0, "", "")  # who added most: (-suspicion, name, because)

    def decide(self, rank: int, order: tuple[object, ...], decider: CompiledRule | Hit) -> None:
        """Let a decider stand if it comes before the one that stands."""
        if rank < self.rank or (rank == self.rank and order < self.best):
            self.rank, self.best, self.decider = rank, order, decider

    def suspect(self, suspicion: int, name: str, because: str) -> None:
        """Add to the sum, and remember who added most."""
        self.suspicion += suspicion
        self.top = min(self.top, (-suspicion, name, because))

    def hear_lists(self, hits: Sequence[Hit]) -> None:
        """What the entries that cover the caller do by themselves."""
        call = self.call
        suspects: dict[str, Hit] = {}
        for hit in hits:
            kind = hit.kind
            if kind == "suspect":
                other = suspects.get(hit.list)
                if other is None or (-hit.narrowness, hit.entry) < (-other.narrowness, other.entry):
                    suspects[hit.list] = hit
                continue
            effect = ENTRY_EFFECTS.get(kind)
            if effect is None or not counts(hit, call):
                self.fired.append(Fired(hit.list, Step.DEFAULT, "fact", hit.entry, hit.source, hit.of))
                continue
            step, action = effect
            if hit.shared:
                step = Step.SHARED
            if action is Action.REJECT and reply_to(hit, call, self.replies).destination:
                action = Action.DIVERT
            self.fired.append(Fired(hit.list, step, action.value, hit.entry, hit.source, hit.of))
            if action is Action.TAG:
                self.marked = hit
                continue
            self.decide(RANK[step], (-hit.narrowness, action is not Action.FORWARD, hit.list, hit.entry), hit)
        for hit in suspects.values():  # once a list: by its narrowest entry
            fired = Fired(hit.list, Step.SUSPICION, "suspicion", hit.entry, hit.source, hit.of, hit.suspicion)
            self.fired.append(fired)
            self.suspect(hit.suspicion, hit.list, f"on list {hit.list}")

    def hear_rules(self, rules: Sequence[CompiledRule]) -> None:
        """What the rules whose conditions hold do."""
        for rule in rules:
            if not rule.acts(self.call):
                self.fired.append(rule.observed)
                continue
            self.fired.append(rule.fired)
            action = rule.action
            if action is None or rule.suspicion:
                self.suspect(rule.suspicion, rule.name, rule.because)
            if action is None:
                continue
            if action is Action.TAG:
                self.mark(rule)
            else:
                self.decide(_RULES_RANK, (_DECIDES[action], rule.name), rule)

    def mark(self, rule: CompiledRule) -> None:
        """Let a rule tag: of several the first in the alphabet gives its name, its label, its ring, if it has any."""
        if self.tag is None or rule.name < self.tag.name:
            self.tag = rule
        if rule.label and (self.labelling is None or rule.name < self.labelling.name):
            self.labelling = rule
        if rule.mask:
            self.masked = True
        if rule.ring and (self.ringing is None or rule.name < self.ringing.name):
            self.ringing = rule

    def verdict(self, revision: str) -> Verdict:
        """What happens to the call."""
        if len(self.fired) > 1:
            self.fired.sort(key=lambda fired: (RANK[fired.step], fired))
        decider, trunk = self.decider, self.call.trunk
        if isinstance(decider, Hit):
            return self._by_list(decider, revision)
        tag, marked, suspicion = self.tag, self.marked, self.suspicion
        if decider is not None:
            if decider.action is Action.FORWARD and marked is not None:
                return self._by_ladder(marked, revision)
            if decider.action is Action.FORWARD and tag is not None:
                return self._by_rule(Action.TAG, tag, revision)
            assert decider.action is not None
            return self._by_rule(decider.action, decider, revision)
        if suspicion >= trunk.reject_at:
            return self._by_suspicion(Action.REJECT, revision)
        if marked is not None:
            return self._by_ladder(marked, revision)
        if tag is not None:
            return self._by_rule(Action.TAG, tag, revision)
        if suspicion >= trunk.tag_at:
            return self._by_suspicion(Action.TAG, revision)
        return Verdict(Action.FORWARD, Step.DEFAULT, suspicion=suspicion, fired=tuple(self.fired), revision=revision)

    def _by_list(self, hit: Hit, revision: str) -> Verdict:
        step = STEPS[self.rank]
        action, reply = ENTRY_EFFECTS[hit.kind][1], _NO_REPLY
        if action is Action.REJECT:
            reply = reply_to(hit, self.call, self.replies)
            if reply.destination:
                action = Action.DIVERT
        return Verdict(
            action,
            step,
            rule=hit.list,
            reason=f"on list {hit.list}",
            profile=reply.profile if action is Action.REJECT else "",
            suspicion=self.suspicion,
            fired=tuple(self.fired),
            destination=reply.destination if action is Action.DIVERT else "",
            revision=revision,
        )

    def _by_ladder(self, hit: Hit, revision: str) -> Verdict:
        return Verdict(
            Action.TAG,
            Step.LADDER,
            rule=hit.list,
            reason=f"on step {hit.entry} of the ladder",
            suspicion=self.suspicion,
            fired=tuple(self.fired),
            label=label_of(self.labelling, self.call) if self.labelling else "",
            ring=self.ringing.ring if self.ringing else "",
            mask=self.masked,
            revision=revision,
        )

    def _by_rule(self, action: Action, rule: CompiledRule, revision: str) -> Verdict:
        marked = action in (Action.TAG, Action.DIVERT)
        return Verdict(
            action,
            Step.RULES,
            rule=rule.name,
            reason=rule.because,
            profile=(rule.profile or self.call.trunk.profile) if action is Action.REJECT else "",
            suspicion=self.suspicion,
            fired=tuple(self.fired),
            label=label_of(self.labelling, self.call) if marked and self.labelling else "",
            ring=self.ringing.ring if marked and self.ringing else "",
            mask=marked and self.masked,
            destination=rule.destination if action is Action.DIVERT else "",
            revision=revision,
        )

    def _by_suspicion(self, action: Action, revision: str) -> Verdict:
        destination = ""
        if action is Action.REJECT and not self.call.message:  # a MESSAGE hears nothing
            destination = self.replies.get(SUSPICION_REPLY, _NO_REPLY).destination
            action = Action.DIVERT if destination else action
        return Verdict(
            action,
            Step.SUSPICION,
            rule=self.top[1],
            reason=self.top[2],
            profile=self.call.trunk.profile if action is Action.REJECT else "",
            suspicion=self.suspicion,
            fired=tuple(self.fired),
            destination=destination,
            revision=revision,
        )


def passed(verdict: Verdict) -> Verdict:
    """An emergency call goes on, whatever its verdict was: one that would have been tagged or rejected carries a mark.

    The mark is for whoever answers it; neither a label nor a ring may make somebody hesitate to.
    """
    if verdict.step is Step.EMERGENCY:
        return verdict
    action = verdict.action
    stopped = action is Action.REJECT or (action is Action.DIVERT and verdict.step is not Step.RULES)
    marked = (
        action is Action.TAG
        or stopped
        or any(fired.effect == Action.TAG.value and not fired.observed for fired in verdict.fired)
    )
    return Verdict(
        Action.TAG if marked else Action.FORWARD,
        Step.EMERGENCY,
        rule=verdict.rule if marked else "",
        reason=verdict.reason if marked else "emergency call",
        suspicion=verdict.suspicion,
        fired=verdict.fired,
        revision=verdict.revision,
    )


class RuleSet:
    """All rules that are on, compiled; immutable, so that the proxy swaps one for another between two calls."""

    __slots__ = ("called_lists", "clock", "facts", "holds", "index", "rates", "replies", "revision", "rules")

    def __init__(
        self,
        rules: Sequence[CompiledRule],
        index: Index[CompiledRule],
        *,
        clock: WallClock,
        revision: str,
        called_lists: frozenset[str] = frozenset(),
        rates: frozenset[tuple[str, int]] = frozenset(),
        facts: frozenset[str] = frozenset(),
        replies: Mapping[str, Reply] = NO_REPLIES,
    ) -> None:
        self.rules = tuple(rules)  # by name
        self.index = index
        self.clock = clock
        self.revision = revision  # 12 hexadecimal digits of a hash over what the rules mean
        self.holds = {rule.name: rule.hold for rule in rules if rule.hold is not None}
        self.rates = rates  # counted facts that some rule asks for: (name, seconds)
        self.facts = facts  # other facts that some rule asks for, by name
        self.replies = replies  # of lists and steps of the ladder that have one of their own
        self.called_lists = called_lists  # lists that the called number must be looked up on

    def judge(self, call: Call, caller_hits: Sequence[Hit] = (), called_hits: Sequence[Hit] = ()) -> Verdict:
        """What happens to the call; pure. An emergency call is judged as any other, and forwarded whatever came."""
        verdict = self._judge(call, caller_hits, called_hits)
        if call.emergency or (called_hits and any(hit.kind == "emergency" for hit in called_hits)):
            return passed(verdict)
        return verdict

    def _judge(self, call: Call, caller_hits: Sequence[Hit], called_hits: Sequence[Hit]) -> Verdict:
        facts = Facts(call, caller_hits, called_hits, self.clock)
        found = self.index.candidates(facts)
        held = [rule for rule in found if rule.holds(facts)] if found else []
        if not held and not caller_hits:
            return Verdict(Action.FORWARD, Step.DEFAULT, revision=self.revision)
        judgement = Judgement(call, self.replies)
        if caller_hits:
            judgement.hear_lists(caller_hits)
        if held:
            judgement.hear_rules(held)
        return judgement.verdict(self.revision)

"""Runs the examples of rules and sequences of calls: what fails with its trace, and what no call ever showed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rules.judging.conditions import Condition, shown_fact
from rules.judging.engine import CompiledRule, RuleSet
from rules.judging.explain import Sentence, explain, the_call
from rules.judging.facts import Facts, lists_of
from rules.judging.rates import Rates
from rules.language.compile import Built, Compiled, Setting, in_its_days, no_call
from rules.language.examples import NotJudged, example_hits, example_words, moment
from rules.language.faults import Fault, Location
from rules.language.grammar import Example
from rules.language.sequences import CallSequence, SequenceCall, SequenceFile
from rules.language.source import Document
from rules.language.spans import calls_of
from rules.model import Action, Call, Hit, Outcome, Verdict
from rules.settings.screening import ScreeningSettings

_SETUP_S = 1.0  # how long a call of a sequence rings
_ALL_BELOW = 1000  # with more rules, those that a call cannot match are not asked


class Failure(NamedTuple):
    """An example or a call that came out otherwise than it should."""

    fault: Fault
    facts: dict[str, Any]  # that were measured, by name
    trace: list[Sentence]


class Gap(NamedTuple):
    """What no call ever showed: a rule that never matched, or a condition that was never true or never false."""

    rule: str
    place: str
    what: str  # never matched, never true, never false
    condition: str = ""


class Proof(NamedTuple):
    """What came out."""

    rules: int
    examples: int
    tests: int
    calls: int
    failures: list[Failure]
    gaps: list[Gap]
    asked: int  # what calls could show: each rule that matches, each condition true, each one false

    @property
    def coverage(self) -> float:
        """How much of that some call showed, in percent."""
        return 100.0 * (self.asked - len(self.gaps)) / self.asked if self.asked else 100.0


class Coverage:
    """Which rules matched, and which answers each of their conditions gave."""

    def __init__(self) -> None:
        self._matched: set[str] = set()
        self._seen: dict[tuple[str, int], list[bool]] = {}  # rule and place among its conditions: seen true, seen false

    def record(self, rule: CompiledRule, facts: Facts) -> None:
        """Note what a rule says of a call."""
        for position, condition in enumerate(conditions_of(rule)):
            seen = self._seen.setdefault((rule.name, position), [False, False])
            seen[0 if condition.holds(facts) else 1] = True
        if rule.holds(facts):
            self._matched.add(rule.name)

    def gaps(self, rules: Sequence[CompiledRule]) -> Iterator[Gap]:
        """What is missing, rule by rule."""
        for rule in rules:
            if rule.name not in self._matched:
                yield Gap(rule.name, rule.place, "never matched")
            for position, condition in enumerate(conditions_of(rule)):
                seen = self._seen.get((rule.name, position), (False, False))
                for answer, word in zip(seen, ("true", "false"), strict=True):
                    if not answer:
                        yield Gap(rule.name, rule.place, f"never {word}", condition.says)


def conditions_of(rule: CompiledRule) -> Iterator[Condition]:
    """Every single condition of a rule, in its order."""
    open_parts = [*reversed(rule.stops), *reversed(rule.asks)]
    while open_parts:
        condition = open_parts.pop()
        if condition.parts:
            open_parts += reversed(condition.parts)
        else:
            yield condition


def prove(
    compiled: Compiled, settings: ScreeningSettings, tests: Sequence[tuple[Document, SequenceFile]] = ()
) -> tuple[Proof | None, list[Fault]]:
    """Run every example and every test; the proof is None when the rules or tests have faults."""
    faults = [*compiled.faults]
    for document, file in tests:
        faults += _faults_of(document, file, compiled.setting)
    ruleset = compiled.ruleset
    if ruleset is None or any(not fault.warning for fault in faults):
        return None, sorted(faults)
    coverage = Coverage()
    failures: list[Failure] = []
    examples = 0
    for item in compiled.built:
        for loc, example, wanted in _examples(item):
            examples += 1
            if failure := _tried(item, loc, example, (compiled.setting, ruleset, coverage), wanted=wanted):
                failures.append(failure)
    calls = 0
    for document, file in tests:
        for position, sequence in enumerate(file.tests):
            run = _Run(ruleset, compiled.setting, settings, coverage)
            failures += run.play(document, sequence, ("tests", position), file.country or compiled.setting.country)
            calls += run.calls
    gaps = list(coverage.gaps(ruleset.rules))
    count = sum(len(file.tests) for _, file in tests)
    asked = sum(1 + 2 * sum(1 for _ in conditions_of(rule)) for rule in ruleset.rules)
    return Proof(len(ruleset.rules), examples, count, calls, failures, gaps, asked), sorted(faults)


def _faults_of(document: Document, file: SequenceFile, setting: Setting) -> Iterator[Fault]:
    for position, sequence in enumerate(file.tests):
        for number, call in enumerate(sequence.calls):
            loc = ("tests", position, "calls", number)
            yield from setting.faults(call, document, loc)
            unreal = [document.fault((*loc, key), *what) for key, what in no_call(call, setting.clock.zone)]
            yield from unreal
            trunk = setting.trunk(call, file.country or setting.country)
            if trunk is not None and not unreal:
                try:
                    for one in calls_of(call):
                        setting.call(one, trunk)
                except NotJudged as error:
                    yield document.fault(loc, f"no rule sees this call: {error}", "write one that the proxy takes")


def _examples(item: Built) -> Iterator[tuple[Location, Example, bool]]:
    for key, examples in (("catches", item.rule.catches), ("spares", item.rule.spares)):
        for position, example in enumerate(examples):
            yield (*item.loc, key, position), in_its_days(example, item.rule.valid), key == "catches"


def _tried(
    item: Built, loc: Location, example: Example, within: tuple[Setting, RuleSet, Coverage], *, wanted: bool
) -> Failure | None:
    """What the first call of an example shows that does not come out as it should; each call counts as shown."""
    setting, ruleset, coverage = within
    trunk = setting.trunk_of(item, example)
    assert trunk is not None  # or there would be a fault
    failure = None
    for call in calls_of(example):
        facts = setting.facts(call, trunk)
        coverage.record(item.compiled, facts)
        if item.compiled.holds(facts) is not wanted and failure is None and item.rule.rule not in item.file.altered:
            failure = _failed_example(item, loc, call, (facts, ruleset), wanted=wanted)
    return failure


def _failed_example(
    item: Built, loc: Location, example: Example, judged: tuple[Facts, RuleSet], *, wanted: bool
) -> Failure:
    rule, (facts, ruleset) = item.compiled, judged
    what = f"rule {rule.name!r} " + ("does not catch" if wanted else "catches what it should spare")
    fault = item.file.document.fault(loc, f"{what}: {example_words(example)}")
    trace = [the_call(facts.call, ruleset)]
    for condition, stops in [*((one, False) for one in rule.asks), *((one, True) for one in rule.stops)]:
        trace += _answers(condition, facts, "unless" if stops else "when")
    return Failure(fault, dict(facts.call.facts or {}), trace)


def _answers(condition: Condition, facts: Facts, key: str) -> Iterator[Sentence]:
    """What a condition says of a call, its parts one by one."""
    if condition.parts:
        yield Sentence(key, f"{'yes' if condition.holds(facts) else 'no '}  {condition.says}:")
        for part in condition.parts:
            for line in _answers(part, facts, key):
                yield line._replace(text=f"  {line.text}")
        return
    seen = condition.sees(facts)
    yield Sentence(key, f"{'yes' if condition.holds(facts) else 'no '}  {condition.says}{f' ({seen})' if seen else ''}")


class _Run:
    """One sequence: a table of rates that begins empty, and the calls in order."""

    def __init__(self, ruleset: RuleSet, setting: Setting, settings: ScreeningSettings, coverage: Coverage) -> None:
        self.ruleset = ruleset
        self.setting = setting
        self.settings = settings
        self.coverage = coverage
        self.rates = Rates(ruleset.rates, settings.facts)
        self.calls = 0
        self.at: float | None = None

    def play(self, document: Document, sequence: CallSequence, loc: Location, country: str) -> Iterator[Failure]:
        """Every call in order; what comes out otherwise than expected."""
        for number, described in enumerate(sequence.calls):
            trunk = self.setting.trunk(described, country)
            assert trunk is not None  # or there would be a fault
            begun = moment(described.at, self.setting.clock.zone)
            if described.at is None and self.at is not None:
                begun = self.at + described.every
            parties = list(calls_of(described))
            count = described.times * len(parties)
            for time in range(count):
                call = self.setting.call(parties[time % len(parties)], trunk)
                call.at = self.at = begun + time * described.every
                hits = [self._as_listed(hit) for hit in example_hits(described, call, self.setting.kinds)[0]]
                called_hits = example_hits(described, call, self.setting.kinds)[1]
                verdict = self._judge(call, described, hits, called_hits)
                self._cover(Facts(call, hits, called_hits, self.ruleset.clock), first=time == 0)
                if why := _otherwise(verdict, described):
                    which = f", the {time + 1}. of {count}" if count > 1 else ""
                    what = f"test {sequence.test!r}, call {number + 1}{which}: {why}"
                    about = {described.rule or "", *(described.fires or ())}
                    trace = explain(call, verdict, self.ruleset, hits, called_hits, about=about)
                    fault = document.fault((*loc, "calls", number), what)
                    yield Failure(fault, dict(call.facts or {}), trace)
                    break  # the others would say the same

    def _judge(self, call: Call, described: SequenceCall, hits: Sequence[Hit], called_hits: Sequence[Hit]) -> Verdict:
        self.calls += 1
        decision = str(self.calls)
        given = dict(call.facts or {})
        if not call.emergency and not any(hit.kind == "emergency" for hit in called_hits):
            self.rates.count(call, decision, lists_of(call, hits))
            call.facts = {**(call.facts or {}), **given}  # what the test says goes before what was counted
        verdict = self.ruleset.judge(call, hits, called_hits)
        answered = described.lasts is not None and verdict.action is not Action.REJECT
        self.rates.ended(decision, Outcome(200 if answered else 480, True, int(_SETUP_S * 1000)))
        if answered and described.lasts is not None:
            self.rates.hung_up(decision, call.at + _SETUP_S + described.lasts)
        return verdict

    def _cover(self, facts: Facts, *, first: bool) -> None:
        """Note what each rule says; where that is much work, only of those that could match."""
        few = first and len(self.ruleset.rules) <= _ALL_BELOW
        for rule in self.ruleset.rules if few else self.ruleset.index.candidates(facts):
            self.coverage.record(rule, facts)

    def _as_listed(self, hit: Hit) -> Hit:
        """An entry with the policy of its list."""
        policy = self.settings.lists.get(hit.list)
        return hit if policy is None else hit._replace(suspicion=policy.suspicion, shared=policy.shared)


def _otherwise(verdict: Verdict, described: SequenceCall) -> str:
    """What is not as expected; empty when all is."""
    got = f"got {verdict.action}" + (f" by {verdict.rule}" if verdict.rule else f" ({verdict.step})")
    if described.expect is not None and verdict.action != described.expect:
        by = f" by {described.rule}" if described.rule else ""
        return f"expected {described.expect}{by}, {got}"
    if described.rule is not None and verdict.rule != described.rule:
        return f"expected {described.rule} to decide, {got}"
    fired = {one.name for one in verdict.fired}
    silent = [name for name in described.fires or () if name not in fired]
    return f"expected {', '.join(silent)} to match, {got}" if silent else ""


def shown_facts(facts: Mapping[str, Any]) -> str:
    """Measured facts in one line."""
    return ", ".join(f"{name} {shown_fact(value)}" for name, value in sorted(facts.items()))

"""Rule files in, one immutable rule set out; or every fault at once, and nothing.

A file whose examples fail is refused. The revision is a hash over what the rules mean: the order of files and rules,
comments and examples leave it as it is.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rules.judging.calendars import NO_DAYS, Calendar, Days, calendar_of, monday_to_friday, unannounced, working_days
from rules.judging.conditions import NEVER, Condition, all_of, on_dates
from rules.judging.engine import LADDER_REPLIES, SUSPICION_REPLY, CompiledRule, Hold, RuleSet
from rules.judging.facts import Facts, WallClock, gap_at
from rules.judging.index import Index, Key
from rules.language.always import AMOUNTS, COUNTRY, NUMBER, Always
from rules.language.condition_compiler import OF_CALENDAR, OWN_WORDS, ConditionCompiler, Surroundings
from rules.language.examples import NOON, NotJudged, Read, example_call, example_hits, example_words, unmeasured
from rules.language.faults import Fault, Location, nearest
from rules.language.grammar import Example, Rule, Then, Valid, When, references, whens, whens_of
from rules.language.rule_files import NO_CONFIGURATION, RuleFiles, SourceFile
from rules.language.source import Document, without_collection
from rules.language.spans import calls_of, numbers_of, refuse_many
from rules.language.values import read_rate_name, refuse_measured
from rules.model import Action, Call, Reply, Step, Trunk
from rules.numbering.typed import decided, home_of, read_spelling
from rules.settings.screening import ScreeningSettings
from rules.texts.bad_value import BadValue

_HOLDING = ("plain", "suspect", "block")  # kinds of lists on which a rule may hold callers
_ENDING_DAYS = 8  # so near its last day a rule is announced to end
_AHEAD_S = 30 * 86_400  # so long before a year begins it is warned that nobody has announced its working days
# What stands in the place of a rule's name in headers and records when a step or a subscriber's list decided.
STEP_NAMES = frozenset(step.value for step in Step) | {"subscriber-allow", "subscriber-block", "default"}


class Known(NamedTuple):
    """What rules may name and is made elsewhere; None: whether there is such a name is not asked."""

    profiles: Collection[str] | None = None  # reply profiles
    destinations: Collection[str] | None = None  # where calls may be diverted to
    facts: Collection[str] | None = None  # what somebody measures
    labels: bool = True  # can a label be taken off again, so that the caller never sees it?
    calendar: Days = NO_DAYS  # what the operator says of single days
    read: Read | None = None  # reads a call as the proxy does; None: examples are not run


class Compiled(NamedTuple):
    """Rules that were compiled, with what they were compiled from."""

    ruleset: RuleSet | None  # None: there are faults
    faults: list[Fault]  # and warnings
    built: list[Built]
    setting: Setting
    files: list[SourceFile]
    counting_mib: int = 0  # what their counts may take in memory


def compile_rules(
    sources: Iterable[Path | Document] | RuleFiles,
    settings: ScreeningSettings,
    *,
    trunks: Sequence[Trunk] = (),
    known: Known | None = None,
    configuration: Document | None = None,
    now: float | None = None,
    proving: bool = True,
) -> Compiled:
    """The rule set of these files and of the packs that `settings` turn on, with every fault and warning.

    The rule set is None when there is any fault; warnings alone stop nothing. Bare numbers are read in the one country
    of `trunks`, if a file names no other. Where the sources are files already
    read, they are all there is: packs stand among them. Not `proving`: an example that fails is no fault.
    """
    with without_collection():
        now = time.time() if now is None else now
        compiler = _Compiler(settings, trunks, known or Known(), now, proving=proving)
        configuration = configuration or NO_CONFIGURATION
        files = read_files(sources, settings, configuration)
        ruleset, faults = compiler.compile(files, configuration)
        mib = compiler.surroundings.counting_mib
        return Compiled(ruleset, faults, compiler.built, compiler.setting, files.files, mib)


def read_files(
    sources: Iterable[Path | Document] | RuleFiles, settings: ScreeningSettings, configuration: Document
) -> RuleFiles:
    """These files, what they include, and the packs that are on."""
    if isinstance(sources, RuleFiles):
        return sources
    files = RuleFiles()
    files.add_all(sources)
    files.add_packs(settings.use, configuration)
    return files


class Built(NamedTuple):
    """A rule on its way into the rule set."""

    file: SourceFile
    rule: Rule
    loc: Location
    compiled: CompiledRule
    keys: tuple[Key, ...]


class Setting(NamedTuple):
    """What made-up calls are made in: trunks, lists by their kinds, the clock."""

    trunks: dict[str, Trunk]
    kinds: dict[str, str]
    country: str  # home: that of ringfence.yaml, else the one country of all trunks
    clock: WallClock
    read: Read | None  # None: none can be made
    measured: Collection[str] | None = None  # facts; None: whether somebody measures one is not asked
    asked: Collection[str] = ()  # the same, of rules

    def trunk(self, example: Example, country: str) -> Trunk | None:
        """The trunk of an example: the one it names, else one of the file's country, else a made-up one."""
        if example.trunk and self.trunks and example.trunk not in self.trunks:
            return None
        trunk = self.trunks.get(example.trunk)
        if trunk is None:
            alike = (known for known in self.trunks.values() if known.country == country)
            trunk = next(alike, Trunk(example.trunk or "example", country=country))
        return trunk._replace(country=example.trunk_country) if example.trunk_country else trunk

    def trunk_of(self, item: Built, example: Example) -> Trunk | None:
        """That of a rule's example; a pack writes numbers as its country does, however our trunks there send them."""
        trunk = self.trunk(example, item.file.content.country or self.country)
        return trunk._replace(national=True) if trunk is not None and item.file.pack else trunk

    def call(self, example: Example, trunk: Trunk) -> Call:
        """The call that an example describes, as the proxy reads it. Raises NotJudged."""
        assert self.read is not None  # or nobody asks for one
        return example_call(example, trunk, self.clock.zone, self.read)

    def facts(self, example: Example, trunk: Trunk) -> Facts:
        """What rules see of it. Raises NotJudged."""
        call = self.call(example, trunk)
        return Facts(call, *example_hits(example, call, self.kinds), self.clock)

    def faults(self, example: Example, document: Document, loc: Location) -> list[Fault]:
        """Lists, trunks and facts that an example names and nobody made."""
        found = [
            document.fault(loc, f"there is no list {name!r}", nearest(name, self.kinds))
            for name in (*example.on_list, *example.called_on_list)
            if name not in self.kinds
        ]
        if self.trunk(example, "") is None:
            hint = nearest(example.trunk, self.trunks)
            found.append(document.fault((*loc, "trunk"), f"there is no trunk {example.trunk!r}", hint))
        if example.facts and self.measured is not None:
            known = frozenset((*self.measured, *self.asked))
            for name, what, hint in unmeasured(example.facts, known):
                found.append(document.fault((*loc, "facts", name), what, hint, warning=True))
        return found


# Of calls that lack what a rule asks for nothing can be said, so each of these is asked for by itself.
_EVERY_CALL: Final = (
    ((), ""),
    ((COUNTRY,), " whose country is known"),
    ((NUMBER,), " that has a number"),
    ((AMOUNTS,), " of which this is measured"),
    ((COUNTRY, NUMBER, AMOUNTS), " that has what it asks for"),
)


def no_call(example: Example, zone: ZoneInfo) -> Iterator[tuple[str, tuple[str, str]]]:
    """What of an example no call has: parties that are no number and no range, a time that no clock shows.

    A called number may be a code with stars, such as *70.
    """
    if example.at is not None and (said := gap_at(example.at, zone)):
        yield "at", said
    for name, text in example.facts.items():
        if rate := read_rate_name(name):
            try:
                refuse_measured(rate[0], text)
            except BadValue as error:
                yield "facts", (f"{name}: {error.what}", error.hint)
        elif (words := OWN_WORDS.get(name)) and text.lower() not in words:
            yield "facts", (f"fact {name} is never {text!r}", nearest(text, words))
    sound = True
    for key, text in (("from", example.from_), ("to", example.to)):
        if key == "to" and text.startswith("*") and not text.endswith("*"):
            continue
        try:
            spelt = read_spelling(text, example.trunk_country or "")
            if spelt.prefix:
                advice = "write one number, or both ends of a range: 95500..95599"
                raise BadValue(f"{text!r} is a prefix, and an example is one call", advice)
            if spelt.last:
                numbers_of(spelt)
        except BadValue as error:
            sound = False
            yield key, (error.what, error.hint)
    if sound:
        try:
            refuse_many(example)
        except BadValue as error:
            yield "to", (error.what, error.hint)


def replies_of(settings: ScreeningSettings) -> dict[str, Reply]:
    """What callers get whom these lists, steps of the ladder, or the sum of suspicion reject."""
    found = {
        name: Reply(policy.profile, policy.divert)
        for name, policy in settings.lists.items()
        if policy.profile or policy.divert
    }
    if settings.thresholds.divert:
        found[SUSPICION_REPLY] = Reply("", settings.thresholds.divert)
    steps = settings.complaints.ladder_divert.items()
    return found | {LADDER_REPLIES[f"ladder-{step}"]: Reply("", destination) for step, destination in steps}


class _Compiler:
    def __init__(
        self,
        settings: ScreeningSettings,
        trunks: Sequence[Trunk],
        known: Known,
        now: float,
        *,
        proving: bool,
    ) -> None:
        self.settings = settings
        self.trunks = {trunk.name: trunk for trunk in trunks}
        self.known = known
        self.faults: list[Fault] = []
        self.kinds = {name: str(listed.kind) for name, listed in settings.lists.items()}
        self.replies = replies_of(settings)
        self.home = home_of(settings.country, (trunk.country for trunk in trunks))
        self.country = decided(self.home)
        self.surroundings = Surroundings(
            lists=self.kinds, trunks=self.trunks, headers=settings.headers, facts=known.facts, counting=settings.facts
        )
        self.year = time.gmtime(now).tm_year
        self.today = datetime.fromtimestamp(now, ZoneInfo(settings.time_zone)).date()
        self.soon = time.gmtime(now + _AHEAD_S).tm_year
        self.proving = proving
        self.calendars: dict[str, Calendar] = {}  # by country
        self.built: list[Built] = []
        self.conditions: dict[str, When] = {}
        self._telling: list[Always] = []
        self.unsound: set[str] = set()  # rules with a fault: what their examples show means nothing

    def compile(self, files: RuleFiles, configuration: Document) -> tuple[RuleSet | None, list[Fault]]:
        self.faults += files.faults
        self.surroundings.stored = files.stored
        self._read_calendar(files.files)
        self._name_conditions(files.files)
        built = self.built = self._build_all(files.files)
        for item in built:
            self._prove(item)
        unread = {(fault.file, fault.line, fault.column) for fault in files.faults}
        later = [fault for fault in self.faults[len(files.faults) :] if (*fault[:3],) not in unread]
        faults = sorted([*files.faults, *dict.fromkeys(later)])  # rules that others ask for are read twice
        if any(not fault.warning for fault in faults):
            return None, faults
        always = {name for name, kind in self.kinds.items() if kind in ("emergency", "group")}
        ruleset = RuleSet(
            sorted((item.compiled for item in built), key=lambda rule: rule.name),
            Index(((item.compiled, item.keys) for item in built), self.surroundings.patterns),
            clock=self.clock,
            revision=self._revision(built, files.files),
            called_lists=frozenset(self.surroundings.called_lists | always),
            rates=frozenset(self.surroundings.rates),
            facts=frozenset(self.surroundings.facts),
            replies=self.replies,
        )
        return ruleset, faults

    def _country(self, file: SourceFile) -> str:
        return file.content.country or self.country

    def _conditions_of(self, file: SourceFile) -> ConditionCompiler:
        def report(loc: Location, what: str, hint: str, warning: bool = False) -> None:
            self.faults.append(file.document.fault(loc, what, hint, warning=warning))

        return ConditionCompiler(self.surroundings, file.content.country or self.home, report)

    def _name_conditions(self, files: Sequence[SourceFile]) -> None:
        """Compile named conditions, those first that others refer to."""
        owners: dict[str, SourceFile] = {}
        self.conditions = {name: when for file in files for name, when in file.content.conditions.items()}
        for file in files:
            for name in file.content.conditions:
                if name in owners:
                    what = f"condition {name!r} stands in {owners[name].document.file} too"
                    self.faults.append(file.document.fault(("conditions", name), what, "give one of them another name"))
                owners.setdefault(name, file)
        begun: set[str] = set()
        for name in sorted(owners):
            self._define(name, owners, begun)

    def _define(self, name: str, owners: Mapping[str, SourceFile], begun: set[str]) -> None:
        """Compile a named condition, after those that it refers to."""
        file = owners[name]
        if name in begun:
            return
        begun.add(name)
        when = file.content.conditions[name]
        for other in references(when):
            if other in begun and other not in self.surroundings.named:
                what = f"condition {name!r} refers to itself by way of {other!r}"
                self.faults.append(file.document.fault(("conditions", name), what, "break the circle"))
                self.surroundings.named[other] = NEVER  # until it is made: it is no unknown name
            elif other in owners:
                self._define(other, owners, begun)
        condition = self._conditions_of(file).when(when, ("conditions", name))
        whole = ("conditions", name) not in file.incomplete
        self.surroundings.named[name] = condition if whole else NEVER  # nobody knows when it holds

    def _build_all(self, files: Sequence[SourceFile]) -> list[Built]:
        built: list[Built] = []
        places: dict[str, str] = {}
        self._build_those_asked(files)
        for file in files:
            conditions = self._conditions_of(file)
            for position, rule in enumerate(file.content.rules):
                if rule.rule in file.off:
                    continue
                loc: Location = ("rules", position)
                place = f"{file.shown}:{file.document.locate(loc)[0]}"
                if rule.rule in places:
                    what = f"rule {rule.rule!r} stands in {places[rule.rule]} too"
                    self.faults.append(file.document.fault((*loc, "rule"), what, "give one of them another name"))
                if found := self._name_fault(file, rule.rule):  # whoever has such a list did not write the packs
                    self.faults.append(file.document.fault((*loc, "rule"), *found, warning=bool(file.pack)))
                places.setdefault(rule.rule, place)
                built.append(self._build(file, rule, loc, place, conditions))
        return built

    def _build_those_asked(self, files: Sequence[SourceFile]) -> None:
        """Make the rules of which others ask whether they fired."""
        first: dict[str, tuple[SourceFile, Rule, Location]] = {}
        for file in files:
            for position, rule in enumerate(file.content.rules):
                if rule.rule not in file.off:
                    first.setdefault(rule.rule, (file, rule, ("rules", position)))
        self.surroundings.rule_names = frozenset(first)
        for name in first:
            self._build_asked(name, first, ())

    def _build_asked(
        self,
        name: str,
        rules: Mapping[str, tuple[SourceFile, Rule, Location]],
        path: tuple[str, ...],
    ) -> None:
        """Make the rules that this one asks for, and it, if another one asks; a circle is a fault."""
        file, rule, loc = rules[name]
        for part, when in whens_of(rule, loc):
            for position, each in enumerate(when.fired or ()):
                if each == name or each in path:
                    circle = " -> ".join([*(path[path.index(each) :] if each in path else ()), name, each])
                    self.surroundings.circles.add(each)
                    what = f"rules ask for each other: {circle}"
                    self.faults.append(file.document.fault((*part, "fired", position), what, "break the circle"))
                elif each in rules and each not in self.surroundings.built and each not in self.surroundings.circles:
                    self._build_asked(each, rules, (*path, name))
        if path and name not in self.surroundings.circles:
            conditions = self._conditions_of(file)
            conditions.of_whom = f" of rule {name!r}"
            asks = conditions.when(rule.when, (*loc, "when"))
            unless = [conditions.when(part, (*loc, "unless", n)) for n, part in enumerate(rule.unless)]
            if rule.valid is not None:
                asks = all_of([asks, on_dates(rule.valid.from_, rule.valid.until)])
            made = CompiledRule(name, because=rule.because, place="", action=None, when=asks, unless=unless)
            self.surroundings.built[name] = made

    def _build(self, file: SourceFile, rule: Rule, loc: Location, place: str, conditions: ConditionCompiler) -> Built:
        known, whole = len(self.faults), loc not in file.incomplete
        if whole and not self.surroundings.stored:
            self.faults += self._idle(file, rule, loc)
        conditions.of_whom = f" of rule {rule.rule!r}"
        when = conditions.when(rule.when, (*loc, "when"))
        unless = [conditions.when(part, (*loc, "unless", n)) for n, part in enumerate(rule.unless)]
        wrong = any(not fault.warning for fault in self.faults[known:])
        if wrong or not whole or any(part is NEVER for part in _parts([when, *unless])):
            self.unsound.add(rule.rule)
        then = rule.then
        for fault in self._unknown_names(then):
            self.faults.append(file.document.fault((*loc, "then"), *fault))
        if rule.valid is not None:
            when = all_of([when, on_dates(rule.valid.from_, rule.valid.until)])
            self.faults += self._ending(file, rule, rule.valid, loc)
        compiled = CompiledRule(
            rule.rule,
            because=rule.because,
            place=place,
            action=None if then.action == "suspicion" else Action(then.action),
            when=when,
            unless=unless,
            profile=then.profile,
            destination=then.destination or (self._only_destination() if then.action == "divert" else ""),
            label=then.label,
            ring=then.ring,
            mask=then.mask,
            suspicion=then.suspicion,
            hold=Hold(then.hold.add, then.hold.for_, rule.because) if then.hold else None,
            share=rule.mode,
        )
        return Built(file, rule, loc, compiled, when.keys)

    def _ending(self, file: SourceFile, rule: Rule, valid: Valid, loc: Location) -> Iterator[Fault]:
        """A rule that ends within a week, or has ended: it does so silently."""
        if valid.until is None or self.surroundings.stored:
            return
        days = (valid.until - self.today).days
        if days >= _ENDING_DAYS:
            return
        when = (
            f"ended with {valid.until}"
            if days < 0
            else f"ends with {valid.until}, " + ("today" if not days else f"in {days} days" if days > 1 else "tomorrow")
        )
        hint = "remove it, or give it another `until`"
        yield file.document.fault((*loc, "valid"), f"rule {rule.rule!r} {when}", hint, warning=True)

    def _idle(self, file: SourceFile, rule: Rule, loc: Location) -> Iterator[Fault]:
        """Conditions that hold for every call."""
        fault, (always, *knowing) = file.document.fault, self._always()
        # Whoever knows most of a call finds most that always holds: what he does not find, nobody does.
        every = knowing[-1].holds(rule.when)
        for known, (_, which) in zip(knowing, _EVERY_CALL, strict=True) if every else ():
            if known.holds(rule.when):
                what = f"rule {rule.rule!r} would match every call{which}: what it asks for always holds"
                yield fault((*loc, "when"), what, "write at least one condition that some calls do not fulfil")
                break
        for number, part in enumerate(rule.unless):
            if always.holds(part):
                what = f"rule {rule.rule!r} can never hold: this item of `unless` always holds"
                yield fault((*loc, "unless", number), what, "remove it, or narrow it")
        if every and always.holds(rule.when):
            return
        for where, when in [(("when",), rule.when), *((("unless", n), part) for n, part in enumerate(rule.unless))]:
            for key, below in always.idle_keys(when) if not always.holds(when) else ():
                what = f"{key.rstrip('_')}: this always holds, so it asks nothing"
                yield fault((*loc, *where, *below), what, "leave it out", warning=True)

    def _always(self) -> list[Always]:
        """Who tells what always holds: knowing nothing of a call, then each of `_EVERY_CALL`."""
        if not self._telling:
            trunks = {name: trunk.country for name, trunk in self.trunks.items()}
            knowing = [Always(self.conditions, trunks=trunks, known=known) for known, _ in _EVERY_CALL]
            self._telling = [Always(self.conditions), *knowing]
        return self._telling

    def _name_fault(self, file: SourceFile, name: str) -> tuple[str, str] | None:
        """Why a rule may not bear this name; headers, records and explanations name a rule, a list or a step alike."""
        if self.surroundings.stored:
            return None
        if name.lower() in STEP_NAMES:
            return f"rule {name!r} bears the name of a step of judging", "give it another name"
        if name in self.kinds:
            return f"rule {name!r} bears the name of a list", "give one of them another name"
        return None

    def _unknown_names(self, then: Then) -> Iterator[tuple[str, str]]:
        """What a rule wants done that nobody has set up, and what to do about it."""
        profiles, destinations = self.known.profiles, self.known.destinations
        if then.profile and profiles is not None and then.profile not in profiles:
            yield f"there is no reply profile {then.profile!r}", nearest(then.profile, profiles)
        if then.hold is not None:
            yield from self._unfit_list(then.hold.add)
        if then.mask and not self.known.labels:
            yield "what the callee sends would reach nobody", "leave `mask` out, or set `record_route: true`"
        elif then.label and not self.known.labels:
            yield "the caller would see the label in the callee's requests", "leave it out, or set `record_route: true`"
        if then.action != "divert" or destinations is None:
            return
        if not destinations:
            yield "there is no destination to divert to", "name one under `destinations` in ringfence.yaml"
        elif then.destination and then.destination not in destinations:
            yield f"there is no destination {then.destination!r}", nearest(then.destination, destinations)
        elif not then.destination and len(destinations) > 1:
            names = ", ".join(sorted(destinations))
            yield "it is not said to which destination", f"write {{divert: NAME}} with one of {names}"

    def _unfit_list(self, name: str) -> Iterator[tuple[str, str]]:
        """A list on which no rule may hold anybody."""
        kind = self.kinds.get(name)
        if kind is None:
            yield f"there is no list {name!r}", nearest(name, self.kinds)
        elif kind not in _HOLDING:
            fit = [each for each, other in self.kinds.items() if other in _HOLDING]
            what = f"nobody is held on list {name!r}, since it is of kind {kind}"
            yield what, f"name one of kind {', '.join(_HOLDING)}: {', '.join(sorted(fit)) or 'there is none yet'}"

    def _only_destination(self) -> str:
        """The destination of a plain `divert`."""
        destinations = self.known.destinations or ()
        return next(iter(destinations)) if len(destinations) == 1 else ""

    def _prove(self, item: Built) -> None:
        """Run a rule's examples; one that fails is a fault."""
        if not item.rule.catches and item.loc not in item.file.unread:
            what = f"rule {item.rule.rule!r} shows no call that it catches"
            hint = "add catches: [{from: NUMBER, to: NUMBER}]"
            self.faults.append(item.file.document.fault((*item.loc, "rule"), what, hint, warning=True))
        for key, examples in (("catches", item.rule.catches), ("spares", item.rule.spares)):
            for position, example in enumerate(examples):
                if (*item.loc, key, position) not in item.file.unread:
                    self._try(item, example, (*item.loc, key, position), wanted=key == "catches")

    def _try(self, item: Built, example: Example, loc: Location, *, wanted: bool) -> None:
        fault = item.file.document.fault
        self.faults += self.setting.faults(example, item.file.document, loc)
        if not self.surroundings.stored and (unreal := [*no_call(example, self.clock.zone)]):
            self.faults += [fault((*loc, key), *what) for key, what in unreal]
            return
        trunk = self.setting.trunk_of(item, example)
        if trunk is None or self.surroundings.stored or self.setting.read is None:
            return  # what is stored proved itself when it went live
        for call in calls_of(in_its_days(example, item.rule.valid)):
            if self._disproved(item, call, trunk, loc, wanted=wanted):
                return  # the other numbers of a range would say the same

    def _disproved(self, item: Built, example: Example, trunk: Trunk, loc: Location, *, wanted: bool) -> bool:
        """Does the call come out otherwise than wanted? Then that is a fault."""
        fault = item.file.document.fault
        try:
            facts = self.setting.facts(example, trunk)
        except NotJudged as error:
            self.faults.append(fault(loc, f"no rule sees this call: {error}", "write one that the proxy takes"))
            return True
        if facts.call.emergency:
            self.faults.append(
                fault(
                    loc,
                    f"{example.to!r} is an emergency number, which no rule can stop",
                    "let the example call another",
                )
            )
            return True
        rule = item.compiled
        unproved = rule.name in self.unsound or rule.name in item.file.altered  # its examples are for the shipped value
        if not self.proving or unproved or rule.holds(facts) is wanted:
            return False
        words = example_words(example)
        if not wanted:
            self.faults.append(
                fault(
                    loc,
                    f"rule {rule.name!r} catches what it should spare: {words}",
                    "narrow `when`, or add to `unless`",
                )
            )
            return True
        why = next((part for part in rule.asks if not part.holds(facts)), None)
        stop = next((part for part in rule.stops if part.holds(facts)), None)
        hint = _does_not_hold(why, facts) if why else f"`unless` stops it: {stop.says}" if stop else ""
        self.faults.append(fault(loc, f"rule {rule.name!r} does not catch: {words}", hint))
        return True

    def _read_calendar(self, files: Sequence[SourceFile]) -> None:
        """Working days are of the one country of all trunks, else of the one that the files which ask for them name."""
        asking = [
            (file, (*loc, "days"))
            for file in files
            for loc, when in whens(file.content)
            if not OF_CALENDAR.isdisjoint(when.days or ()) and not when.calendar
        ]
        countries = {file.content.country for file, _ in asking if file.content.country}
        self.working_in = self.country or (countries.pop() if len(countries) == 1 else "")
        works: Callable[[date], bool] = monday_to_friday
        warning = ""
        if asking:
            works, _ = working_days(self.working_in, self.year, self.known.calendar)
            warning = unannounced(self.working_in, (self.year, self.soon), self.known.calendar)
        self.clock = WallClock(self.settings.time_zone, works)
        self.surroundings.calendar_of = self._calendar_of
        for file in files:
            for loc, when in whens(file.content):
                if when.calendar and (said := unannounced(when.calendar, (self.year, self.soon), NO_DAYS)):
                    hint = "name days of the week here, or another calendar"
                    self.faults.append(file.document.fault((*loc, "calendar"), said, hint, warning=True))
        places = self.trunks, self.kinds, self.country, self.clock, self.known.read
        measured = None if self.surroundings.stored else self.known.facts
        self.setting = Setting(*places, measured, self.surroundings.facts)
        if warning:
            file, loc = asking[0]
            hint = "name its days in the file `calendar` of ringfence.yaml, or days of the week here"
            hint = hint if self.working_in else "set `country:` at the top of the file, or name days of the week here"
            self.faults.append(file.document.fault(loc, warning, hint, warning=True))

    def _calendar_of(self, country: str) -> Calendar:
        """Days of a country; without one those of home, which the operator's own file overrules."""
        name = country or self.working_in
        if name not in self.calendars:
            overruled = self.known.calendar if name == self.working_in else NO_DAYS
            self.calendars[name] = calendar_of(name, self.year, overruled)
        return self.calendars[name]

    def _revision(self, built: Sequence[Built], files: Sequence[SourceFile]) -> str:
        meaning = []
        for item in built:
            rule = item.rule.model_dump_json(exclude={"catches", "spares", "source"}, exclude_defaults=True)
            meaning.append(f"{self._country(item.file)} {rule}")
        for file in files:
            for name, when in file.content.conditions.items():
                meaning.append(f"{name} {self._country(file)} {when.model_dump_json(exclude_defaults=True)}")
        text = json.dumps([self.settings.time_zone, self.working_in, *sorted(meaning)])
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def in_its_days(example: Example, valid: Valid | None) -> Example:
    """An example that names no time is of a day on which its rule is valid."""
    if valid is None or example.at is not None or valid.holds(NOON.date()):
        return example
    begins = valid.from_ is not None and valid.from_ > NOON.date()
    ends = valid.from_ if begins else valid.until
    assert ends is not None
    week = [ends + timedelta(days=days if begins else -days) for days in range(7)]
    day = next((each for each in week if each.weekday() == NOON.weekday() and valid.holds(each)), ends)
    return example.model_copy(update={"at": datetime.combine(day, NOON.time())})


def _parts(conditions: Sequence[Condition]) -> Iterator[Condition]:
    """These conditions and all below them."""
    for condition in conditions:
        yield condition
        yield from _parts(condition.parts)


def _does_not_hold(condition: Condition, facts: Facts) -> str:
    return f"this does not hold: {condition.says} ({condition.sees(facts)})"

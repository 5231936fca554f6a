"""Turns what a rule author wrote under `when` and `unless` into conditions, and names what cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from operator import attrgetter

import re2

from rules.judging.calendars import NO_CALENDAR, Calendar
from rules.judging.conditions import (
    NEVER,
    Condition,
    all_of,
    alternatives,
    among,
    amount_of,
    anonymous,
    any_of,
    at_time,
    attested,
    called_at,
    count_of,
    country_of,
    group_of,
    has_length,
    in_range,
    is_one_of,
    known_contact,
    on_list,
    or_lacking,
    rate_of,
    rule_fired,
    similar_by,
    starts_with,
    truth,
    truth_or_lacking,
    wildcards,
    words_or_lacking,
)
from rules.judging.counting_memory import mib_of
from rules.judging.engine import CompiledRule
from rules.judging.facts import Facts
from rules.judging.folding import look_alikes
from rules.judging.index import Key, Pattern, expression_options, folding, looks_of, text_reader, texts_of
from rules.judging.ladder import StepName
from rules.judging.own_facts import (
    CALLED_MINUTE,
    ENTRY_KIND,
    ENTRY_KINDS,
    LADDER_STEP,
    contact_name,
    is_own,
    similar_name,
)
from rules.language.faults import Location, nearest
from rules.language.grammar import Amount, CalledCondition, CallerCondition, Count, NumberCondition, Text, When
from rules.language.values import (
    COMPLAINTS,
    RATES,
    count_name,
    read_count_name,
    read_rate_name,
    refuse_figure,
    span_name,
)
from rules.language.written_numbers import TellFault, WrittenNumbers
from rules.lists.ledger import State
from rules.model import ATTESTATION, ATTESTATIONS, READINGS_DIFFER, NumberClass
from rules.numbering.numbers import LONGEST_EXTENSION
from rules.settings.screening import RateSettings
from rules.texts.bad_value import BadValue
from rules.texts.worded import worded

OF_CALENDAR = frozenset(("working", "off", "holiday"))
MOST_TABLES = 8  # by so many different things calls are counted, beside by the caller on his trunk
_HOST = re.compile(r"[A-Za-z0-9._:*-]+")  # RFC 3261 25.1, IPv6 without brackets, and stars
# What the facts have for values that Ringfence itself finds out.
OWN_WORDS = {
    LADDER_STEP: frozenset(step.value for step in StepName),
    ENTRY_KIND: ENTRY_KINDS,
    "ledger": frozenset(state.value for state in State),
    READINGS_DIFFER: frozenset(("true", "false")),
    ATTESTATION[0]: frozenset(each.lower() for each in ATTESTATIONS),
}
LEDGER_FACTS = frozenset(("ledger", "code", "holder", "host", "purpose"))  # they follow from the caller's number


_ESCAPED = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)  # where $ is the sign
_SIGN = re.compile(r"(?<=\$)[A-Za-z0-9][A-Za-z0-9_.-]*")


def _advice(said: str) -> str:
    """What helps against a fault that RE2 found."""
    if "repetition" in said or "too large" in said:
        return "repeat at most 1,000 times in all, or write * or +"
    if "perl" in said or "escape" in said:
        return "write it without look-around and back references"
    return "close every bracket, and put \\ before a sign that is meant as itself"


# Texts of the caller's side, as conditions call them.
_FIELDS = {
    "display_name": worded("display name"),
    "domain": worded("domain"),
    "user_agent": worded("user agent"),
}


class Surroundings:
    """What conditions may refer to, and what they turn out to need."""

    def __init__(
        self,
        *,
        lists: Mapping[str, str],
        trunks: Collection[str],
        headers: Collection[str],
        facts: Collection[str] | None = None,
        counting: RateSettings | None = None,
    ) -> None:
        self.lists = lists  # kinds of the lists by name
        self.trunks = trunks  # empty: not known
        self.headers = frozenset(name.lower() for name in headers)
        self.known_facts = facts  # those that somebody measures; None: not known
        self.calendar_of: Callable[[str], Calendar] = lambda _: NO_CALENDAR
        self.built: dict[str, CompiledRule] = {}  # rules that others may ask whether they fired
        self.rule_names: frozenset[str] = frozenset()
        self.circles: set[str] = set()  # rules that ask for each other in a circle
        self.stored = False  # texts that were live once: spellings of then are read
        self.named: dict[str, Condition] = {}
        self.patterns: dict[Key, Pattern] = {}
        self.called_lists: set[str] = set()
        self.rates: set[tuple[str, int]] = set()
        self.facts: set[str] = set()
        counting = counting or RateSettings()
        self.remembered, self.room_mib = counting.remembered_calls, counting.memory_mib

    @property
    def counting_mib(self) -> int:
        """What counting may take in memory, by what was asked so far."""
        return mib_of(self.rates, self.remembered)


class ConditionCompiler:
    """Compiles the conditions of one file; faults are reported with their place, and the rest goes on."""

    def __init__(self, surroundings: Surroundings, country: str, report: TellFault) -> None:
        self.surroundings = surroundings
        self.report = report
        self.written = WrittenNumbers(country, report, stored=surroundings.stored)
        self.of_whom = ""  # whose conditions these are, for faults

    def when(self, when: When, loc: Location) -> Condition:
        """All of its keys must hold."""
        parts: list[Condition] = []
        if when.caller:
            parts += self.number("caller", when.caller, (*loc, "caller"))
        if when.called:
            parts += self.number("called", when.called, (*loc, "called"))
        if when.anonymous is not None:
            parts.append(anonymous(when.anonymous))
            parts[-1].of_caller = True
        parts += self.trunk(when, loc)
        parts += self.texts(when, loc)
        if when.agrees:
            parts.append(
                truth_or_lacking(worded("P-Asserted-Identity agrees with From"), attrgetter("call.agrees"), when.agrees)
            )
        if when.diverted is not None:
            parts.append(truth(worded("the call was diverted"), attrgetter("call.diverted"), when.diverted))
        if when.hours or when.days:
            asks = not OF_CALENDAR.isdisjoint(when.days or ())
            calendar = self.surroundings.calendar_of(when.calendar or "") if asks else NO_CALENDAR
            parts.append(at_time(when.hours or [], when.days or [], calendar, when.calendar or ""))
        if when.calendar and OF_CALENDAR.isdisjoint(when.days or ()) and not self.surroundings.stored:
            what = "a calendar stands here, and no days of it"
            self.report((*loc, "calendar"), what, "write days: working, off or holiday beside it")
        parts += self.of_both(when)
        if when.count is not None:
            parts.append(self.count(when.count, (*loc, "count")))
        parts += self.facts(when.fact or {}, (*loc, "fact"))
        if when.fired:
            parts.append(self.fired(when.fired, (*loc, "fired")))
        if when.condition:
            parts.append(self.named(when.condition, (*loc, "condition")))
        if when.any_:
            parts.append(any_of([self.when(part, (*loc, "any", n)) for n, part in enumerate(when.any_)]))
        if when.all_:
            parts.append(all_of([self.when(part, (*loc, "all", n)) for n, part in enumerate(when.all_)]))
        return all_of(parts or [NEVER])

    def of_both(self, when: When) -> Iterator[Condition]:
        """What is asked of caller and called number together."""
        if when.called_hours:
            self.surroundings.facts.add(CALLED_MINUTE)
            yield called_at(when.called_hours)
        if when.similar:
            self.surroundings.facts.add(similar_name(when.similar.digits))
            yield similar_by(when.similar.digits)
        if when.known_contact:
            self.surroundings.facts.add(contact_name(when.known_contact.within))
            yield known_contact(when.known_contact.within, when.known_contact.is_)
        if when.believed is not None:
            says = worded("the caller's number can be believed")
            yield truth(says, attrgetter("call.believed"), when.believed)

    def facts(self, amounts: Mapping[str, Amount], loc: Location) -> list[Condition]:
        """Facts by name: counted ones are counted, plug-ins are asked for theirs."""
        known = self.surroundings.known_facts
        for name in amounts:
            if rate := read_rate_name(name):
                self.counts(rate, (*loc, name))
                self.counted(rate[0], amounts[name], (*loc, name))
                continue
            self.surroundings.facts.add(name)
            for fault in () if self.surroundings.stored else impossible_values(name, amounts[name]):
                self.report((*loc, name, *fault[0]), *fault[1:])
            if known is not None and name not in known and not is_own(name):
                what = f"nobody measures fact {name!r} here, so every call lacks it"
                self.report((*loc, name), what, f"a plug-in may give it (docs/facts.md); {nearest(name, known)}", True)
        parts = [amount_of(name, amount) for name, amount in amounts.items()]
        for name, part in zip(amounts, parts, strict=True):
            part.of_caller = name in LEDGER_FACTS
        return parts

    def count(self, count: Count, loc: Location) -> Condition:
        """Calls counted by anything; each notation of one count is one fact."""
        name = count_name(count.of, count.per)
        self.counts((name, count.within), loc)
        return count_of(name, count)

    def counts(self, rate: tuple[str, int], loc: Location) -> None:
        """A count that is kept; by how many things at most, since each is a table of its own."""
        if rate[0].startswith(f"{COMPLAINTS}_per_"):  # whoever complained did so elsewhere: it is looked up
            self.surroundings.facts.add(f"{rate[0]}_{span_name(rate[1])}")
            return
        rates = self.surroundings.rates
        before, room = self.surroundings.counting_mib, self.surroundings.room_mib
        rates.add(rate)
        after = self.surroundings.counting_mib
        if before <= room < after and not self.surroundings.stored:
            what = (
                f"with this count{self.of_whom} counting may take {after:,} MiB for {self.surroundings.remembered:,} "
                f"remembered calls, and facts.memory_mib allows {room:,}"
            )
            hint = "count by fewer things, lower facts.remembered_calls or raise facts.memory_mib in ringfence.yaml"
            self.report(loc, what, hint)
        tables = {found[1] for name, _ in rates if (found := read_count_name(name)) and found[1]}
        if len(tables) > MOST_TABLES and not self.surroundings.stored:
            what = f"calls would be counted by {len(tables)} different things, and each is a table in memory"
            self.report(loc, what, f"count by {MOST_TABLES} at most, in all rules together")

    def counted(self, name: str, amount: Amount, loc: Location) -> None:
        """Bounds of a counted fact that is asked for by its name."""
        for bound in ("over", "under") if not self.surroundings.stored else ():
            value = getattr(amount, bound)
            try:
                if value is not None:
                    refuse_figure(name, f"{value:g}", bound)
            except BadValue as error:
                self.written.refused((*loc, bound), error)

    def fired(self, names: Sequence[str], loc: Location) -> Condition:
        """One of these rules holds."""
        parts = []
        for position, name in enumerate(names):
            rule = self.surroundings.built.get(name)
            if rule is not None:
                parts.append(rule_fired(rule))
                continue
            if loc[:1] == ("conditions",):
                self.report(
                    (*loc, position), "a named condition asks for no rule", "write fired in the rules themselves"
                )
            elif name not in self.surroundings.circles:  # which are told
                known = self.surroundings.rule_names
                self.report((*loc, position), f"there is no rule {name!r}", nearest(name, known))
        return any_of(parts or [NEVER])

    def named(self, names: Sequence[str], loc: Location) -> Condition:
        """One of the named conditions holds."""
        known = self.surroundings.named
        parts = []
        for position, name in enumerate(names):
            if name in known:
                parts.append(known[name])
            else:
                self.report((*loc, position), f"there is no condition named {name!r}", nearest(name, known))
        return any_of(parts or [NEVER], worded("condition %(these)s holds", these=alternatives(names)))

    def trunk(self, when: When, loc: Location) -> list[Condition]:
        """Where the call came from."""
        parts = []
        if when.trunk:
            known = self.surroundings.trunks
            for position, name in enumerate(when.trunk):
                if known and name not in known:
                    self.report((*loc, "trunk", position), f"there is no trunk {name!r}", nearest(name, known))
            names = frozenset(when.trunk)
            parts.append(among(worded("the trunk"), "trunk", attrgetter("call.trunk.name"), names, weight=20))
        if when.trunk_country:
            countries = frozenset(word.upper() for word in when.trunk_country.is_ or ())
            words = when.trunk_country.model_copy(update={"is_": sorted(countries) or None})
            parts += words_or_lacking(
                worded("the trunk's country"), "trunk_country", attrgetter("call.trunk.country"), words, weight=4
            )
        return parts

    def texts(self, when: When, loc: Location) -> list[Condition]:
        """What the caller's side wrote."""
        parts = []
        for about in _FIELDS:
            text = getattr(when, about)
            if text and about == "domain" and not self.surroundings.stored:
                self.hosts(text, (*loc, about))
            if text:
                parts += self.text(_FIELDS[about], about, text, (*loc, about))
        for name, text in (when.header or {}).items():
            place = (*loc, "header", name)
            if name.lower() not in self.surroundings.headers:
                hint = f"add {name} to `headers` in ringfence.yaml"
                self.report(place, f"header field {name!r} is not declared, so rules cannot read it", hint)
            parts += self.text(worded("header %(name)s", name=name), f"header.{name.lower()}", text, place)
        return parts

    def hosts(self, text: Text, loc: Location) -> None:
        """What no host can be, such as two of them whose comma was forgotten, would match no caller."""
        for key, words in (("is", text.is_), ("contains", text.contains)):
            for position, word in enumerate(words or ()):
                if said := no_host(word):
                    self.report((*loc, key, position), *said)

    def text(self, title: str, about: str, text: Text, loc: Location) -> list[Condition]:
        """One text field: whole texts, wildcards, parts and expressions are alternatives of one condition each."""
        read = text_reader(about)
        parts = []
        sees = lambda facts: or_lacking(" | ".join(texts_of(facts, about, read(facts))))  # noqa: E731 - shared below
        fold = folding(about)
        if text.missing:
            parts.append(
                Condition(lambda facts: not fold(read(facts)), worded("%(what)s is missing", what=title), sees)
            )
        if text.is_:
            # The dot that ends a host in DNS is no part of it, in calls neither.
            words = [word.rstrip(".") or word for word in text.is_] if about == "domain" else text.is_
            written = frozenset(word.lower() for word in words if "*" not in word)
            whole = written | {fold(word).lower() for word in words if "*" not in word}
            search = "|".join(f"^{part}$" for word in words if "*" in word for part in wildcards(word, fold))
            parts.append(self.pattern(is_one_of(title, text.is_), about, whole, search, sees))
        if text.contains:
            known = dict.fromkeys([*text.contains, *(fold(word) for word in text.contains if not word.isascii())])
            search = "|".join(map(re2.escape, known))
            says = worded("%(what)s contains %(these)s", what=title, these=alternatives(text.contains))
            parts.append(self.pattern(says, about, frozenset(), search, sees))
        if text.matches:
            sound = []
            for position, expression in enumerate(text.matches):
                if not self.surroundings.stored and (name := _SIGN.search(_ESCAPED.sub("", expression))):
                    what = f"nothing matches this: {name[0]} stands behind the end of the text, which $ means here"
                    hint = "write \\$ for the sign; a setting stands for a whole value only"
                    self.report((*loc, "matches", position), what, hint)
                try:
                    re2.compile(expression, expression_options())
                    sound.append(f"(?-is:{expression})")
                except re2.error as error:
                    said = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
                    what = f"RE2 cannot use this expression: {said}"
                    self.report((*loc, "matches", position), what, _advice(said))
            says = worded("%(what)s matches %(these)s", what=title, these=alternatives(text.matches))
            parts.append(self.pattern(says, about, frozenset(), "|".join(sound), sees) if sound else NEVER)
        return parts

    def pattern(
        self, says: str, about: str, whole: frozenset[str], search: str, sees: Callable[[Facts], str]
    ) -> Condition:
        """A text condition, registered for the one automaton that reads all of them."""
        read = text_reader(about)
        expression = f"(?is:{search})" if search else ""
        key = Key(about, f"{sorted(whole)}{expression}")
        self.surroundings.patterns[key] = Pattern(whole, expression)
        searched = re2.compile(expression, expression_options()).search if expression else None

        looks = looks_of(about)
        if about == "display_name":
            look_alikes()  # loaded before a call asks

        def told(text: str) -> bool:
            return text.lower() in whole or (searched is not None and searched(text) is not None)

        def told_of(text: str) -> bool:
            return told(text) or any(map(told, looks(text)))

        def holds(facts: Facts) -> bool:
            text = read(facts)
            if text and told_of(text):
                return True
            more = facts.call.more_texts
            return more is not None and any(map(told_of, more.get(about, ())))

        return Condition(holds, says, sees, keys=[key], weight=50)

    def number(self, who: str, condition: NumberCondition, loc: Location) -> list[Condition]:
        """What is asked of the caller's or the called number."""
        title = worded("the caller") if who == "caller" else worded("the called number")
        canonical = attrgetter(f"call.{who}.canonical")
        sees = lambda facts: or_lacking(canonical(facts))  # noqa: E731 - shared by the conditions below
        parts: list[Condition] = []
        if condition.is_:
            parts.append(self.some(who, title, condition.is_, (*loc, "is")))
        if condition.exact:
            numbers = self.written.exact(who, condition.exact, (*loc, "exact"))
            parts.append(among(title, f"{who}.exact", canonical, numbers, weight=100))
        if condition.starts_with:
            prefixes = self.written.prefixes(condition.starts_with, (*loc, "starts_with"))
            parts.append(starts_with(title, who, canonical, prefixes, sees))
        if condition.range:
            ranges = self.written.ranges(condition.range, (*loc, "range"))
            parts.append(in_range(title, who, ranges, sees))
        if condition.length:
            for position, (low, high) in enumerate(condition.length if not self.surroundings.stored else ()):
                if high == 0 or low > LONGEST_EXTENSION:
                    digits = low if low == high else f"{low}-{high}"
                    what = f"no number has {digits} digits"
                    self.report((*loc, "length", position), what, f"write 1 to {LONGEST_EXTENSION}")
            parts.append(has_length(title, canonical, condition.length))
        if condition.class_:
            parts.append(self.classes(who, title, condition.class_, (*loc, "class")))
        if condition.on_list or condition.list_kind:
            parts += self.lists(who, title, condition, loc)
        if condition.country:
            parts.append(country_of(title, who, condition.country))
        if condition.inbound_only is not None:
            read = attrgetter(f"call.{who}.inbound_only")
            parts.append(truth(worded("%(what)s can only be called", what=title), read, condition.inbound_only))
        if condition.missing:
            parts.append(
                Condition(lambda facts: not canonical(facts), worded("%(what)s has no number", what=title), sees)
            )
        beside = {"trunk", "not-trunk"}.intersection(condition.country or ())
        for part in parts if who == "caller" else ():
            part.of_caller = not (beside and part.says.startswith("the country"))
        if isinstance(condition, CallerCondition):
            if condition.attestation:
                self.surroundings.facts.add(ATTESTATION[0])
                known = self.surroundings.known_facts
                if known is not None and ATTESTATION[0] not in known:
                    what = "no signature is verified here, so that nobody vouches for any call"
                    self.report((*loc, "attestation"), what, "set identity.authorities and identity.hosts", True)
                parts.append(attested(condition.attestation))
            for name in RATES:
                rate = getattr(condition, name)
                if rate:
                    self.surroundings.rates.add((name, rate.within))
                    parts.append(rate_of(name, rate))
        if isinstance(condition, CalledCondition) and condition.group:
            self.groups(condition.group.is_ or (), (*loc, "group", "is"))
            parts += group_of(condition.group)
        return parts or [NEVER]

    def classes(self, who: str, title: str, names: Sequence[NumberClass], loc: Location) -> Condition:
        """The class is one of these; `unheld` was a class once, and means what it meant, the ledger's facts."""
        kinds = frozenset(names) - {NumberClass.UNHELD}
        weight = 5 if NumberClass.MOBILE in kinds or NumberClass.FIXED in kinds else 30
        class_ = among(
            worded("the class of %(what)s", what=title), f"{who}.class", attrgetter(f"call.{who}.kind"), kinds, weight
        )
        if kinds == frozenset(names):
            return class_
        what = "unheld is no class of its own any more: the ledger's facts stand beside the class"
        self.report((*loc, names.index(NumberClass.UNHELD)), what, "write fact: {ledger: [unheld, expired]}", True)
        if who == "called":  # the ledger speaks of callers
            return class_ if kinds else NEVER
        self.surroundings.facts.add("ledger")
        ledger = amount_of("ledger", Amount.model_validate({"is": ["unheld", "expired"]}))
        class_.of_caller = ledger.of_caller = True
        return any_of([class_, ledger] if kinds else [ledger])

    def groups(self, names: Sequence[str], loc: Location) -> None:
        """Groups are lists of kind `group`, unless a plug-in knows of others."""
        groups = [name for name, kind in self.surroundings.lists.items() if kind == "group"]
        if self.surroundings.known_facts is None:
            return
        for position, name in enumerate(names):
            if name not in groups:
                hint = nearest(name, groups) if groups else f"make a list of its numbers: `{name}: {{kind: group}}`"
                self.report((*loc, position), f"nobody is in group {name!r}", hint, True)

    def some(self, who: str, title: str, spellings: Sequence[str], loc: Location) -> Condition:
        """Numbers, prefixes and ranges, of which one is enough."""
        whole, prefixes, ranges = self.written.several(who, spellings, loc)
        canonical = attrgetter(f"call.{who}.canonical")
        sees = lambda facts: or_lacking(canonical(facts))  # noqa: E731 - shared by the conditions below
        parts: list[Condition] = []
        if whole:
            parts.append(among(title, f"{who}.exact", canonical, whole, weight=100))
        if prefixes:
            parts.append(starts_with(title, who, canonical, prefixes, sees))
        if ranges:
            parts.append(in_range(title, who, ranges, sees))
        for part in parts:
            part.of_caller = who == "caller"
        return any_of(parts or [NEVER])

    def lists(self, who: str, title: str, condition: NumberCondition, loc: Location) -> list[Condition]:
        """Standing on a list, by its name or its kind."""
        parts, known = [], self.surroundings.lists
        if condition.on_list:
            for position, name in enumerate(condition.on_list):
                if name not in known:
                    what = f"there is no list {name!r}"
                    self.report((*loc, "on_list", position), what, nearest(name, known))
            parts.append(
                on_list(
                    worded("%(what)s is on list", what=title), f"{who}.on_list", f"{who}_lists", condition.on_list, 60
                )
            )
        if condition.list_kind:
            says = worded("%(what)s is on a list of kind", what=title)
            parts.append(on_list(says, f"{who}.list_kind", f"{who}_kinds", condition.list_kind, 55))
        if who == "called":
            kinds = frozenset(condition.list_kind or ())
            self.surroundings.called_lists.update(condition.on_list or ())
            self.surroundings.called_lists.update(name for name, kind in known.items() if kind in kinds)
        return parts


def no_host(word: str) -> tuple[str, str] | None:
    """What is wrong with a text that no caller's host can be; None where one can."""
    if _HOST.fullmatch(word):
        return None
    hint = "write it alone, as a.example or *.a.example; several as [a.example, b.example]"
    return f"{word!r} is the host of no caller", hint


def impossible_values(name: str, amount: Amount) -> Iterator[tuple[Location, str, str]]:
    """Where and why a fact of our own never has what is asked of it: a word that it does not know, a bound of words."""
    words = OWN_WORDS.get(name)
    if words is None:
        return
    for position, word in enumerate(amount.is_ or ()):
        if word.lower() not in words:
            yield ("is", position), f"fact {name} is never {word!r}", nearest(word, words)
    for bound in ("over", "under"):
        if getattr(amount, bound) is not None:
            yield (bound,), f"fact {name} is a word", f"write one of {', '.join(sorted(words))}"

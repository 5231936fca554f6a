"""Finds the few rules that a call could match, so that ten thousand rules cost a call what ten do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, NamedTuple, TypeVar

import re2

from rules.judging.facts import Facts
from rules.judging.folding import folded, looks
from rules.model import Number

R = TypeVar("R")


class Key(NamedTuple):
    """Something that must be so for a rule to hold: ``caller.exact`` is ``+8613800138000``."""

    about: str
    value: str


KNOWN_TEXTS: Final = 2_000  # whose rules are remembered
LONGEST_KNOWN: Final = 1000  # characters: strangers choose these texts, and longer ones would fill the memory


def text_reader(about: str) -> Callable[[Facts], str]:
    """Reads display_name, domain, user_agent or header.NAME of a call; empty where it is lacking."""
    if about.startswith("header."):
        name = about.partition(".")[2]

        def header(facts: Facts) -> str:
            headers = facts.call.headers
            return headers.get(name, "") if headers else ""

        return header
    return _TEXTS[about]


def texts_of(facts: Facts, about: str, first: str) -> tuple[str, ...]:
    """This text of a call, and those of its kind that stand beside it."""
    more = facts.call.more_texts
    return (first, *more.get(about, ())) if more is not None else (first,)


_TEXTS: Final[dict[str, Callable[[Facts], str]]] = {
    "display_name": lambda facts: facts.call.display_name,
    "domain": lambda facts: facts.call.domain,
    "user_agent": lambda facts: facts.call.user_agent,
}


class Pattern(NamedTuple):
    """A text condition: whole texts in lower case, or an RE2 expression that is searched."""

    whole: frozenset[str]
    search: str  # empty: none


Table = dict[str, list[R]]


class _NumberTable(Generic[R]):
    """What rules ask of a number: itself, its class, its country, and every beginning that some rule names."""

    __slots__ = ("beginnings", "classes", "countries", "exact", "head", "heads", "lengths", "numbers")

    def __init__(self, tables: dict[str, Table[R]], who: str) -> None:
        self.exact = tables.pop(f"{who}.exact", {})
        self.classes = tables.pop(f"{who}.class", {})
        self.countries = tables.pop(f"{who}.country", {})
        self.beginnings = tables.pop(f"{who}.starts_with", {})
        self.head = min(map(len, self.beginnings), default=0)
        lengths: dict[str, set[int]] = {}  # few occur, and fewer behind one head
        for beginning in self.beginnings:
            lengths.setdefault(beginning[: self.head], set()).add(len(beginning))
        self.lengths = {head: tuple(sorted(found)) for head, found in lengths.items()}
        # Sets stand before the tables, because most numbers are in none: a set is sparse and holds the hashes in place,
        # so that a miss reads one cold line of memory and not two.
        self.numbers = frozenset(self.exact)
        self.heads = frozenset(self.lengths)

    @property
    def empty(self) -> bool:
        """Does no rule ask anything?"""
        return not (self.exact or self.classes or self.countries or self.beginnings)

    def find(self, number: Number, found: list[R]) -> None:
        canonical, kind, region, _, _ = number
        if canonical in self.numbers:
            found += self.exact[canonical]
        if (rules := self.classes.get(kind)) is not None:
            found += rules
        if (rules := self.countries.get(region)) is not None:
            found += rules
        head = canonical[: self.head]
        if head not in self.heads:
            return
        digits = len(canonical)
        for length in self.lengths[head]:
            if length > digits:
                return
            if (rules := self.beginnings.get(canonical[:length])) is not None:
                found += rules


class _Bounds(Generic[R]):
    """Rules that hold for amounts over a bound alone, or under one: what is counted of a call is mostly neither."""

    __slots__ = ("_greatest", "_least", "_over", "_under", "empty")

    def __init__(self, over: Table[R], under: Table[R]) -> None:
        least, greatest = dict[str, float](), dict[str, float]()
        self._over: dict[str, list[R]] = {}
        self._under: dict[str, list[R]] = {}
        for key, rules in over.items():
            name, _, bound = key.partition(">")
            least[name] = min(least.get(name, float(bound)), float(bound))
            self._over.setdefault(name, []).extend(rules)
        for key, rules in under.items():
            name, _, bound = key.partition("<")
            greatest[name] = max(greatest.get(name, float(bound)), float(bound))
            self._under.setdefault(name, []).extend(rules)
        self._least, self._greatest = tuple(least.items()), tuple(greatest.items())
        self.empty = not (least or greatest)

    def find(self, facts: dict[str, float | str | bool], found: list[R]) -> None:
        for name, least in self._least:
            value = facts.get(name)  # a pair of types: compiled, a union of them is made anew at each question
            if value is not None and not (isinstance(value, (int, float)) and value <= least):
                found += self._over[name]
        for name, greatest in self._greatest:
            value = facts.get(name)
            if value is not None and not (isinstance(value, (int, float)) and value >= greatest):
                found += self._under[name]


def _among(table: Table[R], values: Iterable[str], found: list[R]) -> None:
    """The rules of each of these values."""
    for value in values:
        if (rules := table.get(value)) is not None:
            found += rules


class _TextTable(Generic[R]):
    """Whole texts by look-up, expressions by one re2.Set for all of them."""

    def __init__(self, about: str, rules: Iterable[tuple[Pattern, R]]) -> None:
        self.about = about
        self.read = text_reader(about)
        self.looks = looks_of(about)
        self.whole: dict[str, list[R]] = {}
        self.searched: list[R] = []
        rows = list(rules)
        expressions = re2.Set.SearchSet(expression_options(len(rows)))
        for pattern, rule in rows:
            for text in pattern.whole:
                self.whole.setdefault(text, []).append(rule)
            if pattern.search:
                expressions.Add(pattern.search)
                self.searched.append(rule)
        if self.searched:
            expressions.Compile()
        self.match = expressions.Match
        self.known: dict[str, list[R]] = {}

    def find(self, facts: Facts, found: list[R]) -> None:
        text = self.read(facts)
        if text:
            rules = self.known.get(text)
            found += self._search(text) if rules is None else rules
        if facts.call.more_texts is not None:
            for text in facts.call.more_texts.get(self.about, ()):
                found += self._search(text)

    def _search(self, text: str) -> list[R]:
        """The rules of a text, remembered: most callers' devices and names have been seen before."""
        rules = self._matched(text)
        for look in self.looks(text):
            rules += self._matched(look)
        if len(text) <= LONGEST_KNOWN:
            if len(self.known) >= KNOWN_TEXTS:
                self.known.clear()  # strangers choose these texts: room is bounded, whatever they send
            self.known[text] = rules
        return rules

    def _matched(self, text: str) -> list[R]:
        rules = list(self.whole.get(text.lower(), ()))
        if self.searched:
            rules += [self.searched[number] for number in self.match(text) or ()]
        return rules


def folding(about: str) -> Callable[[str], str]:
    """How a text is read beside the way it is written: names as what they look like."""
    return folded if about == "display_name" else _as_it_is


def looks_of(about: str) -> Callable[[str], tuple[str, ...]]:
    """How else it is read, each way of them."""
    return looks if about == "display_name" else _in_no_other_way


def _as_it_is(text: str) -> str:
    return text


def _in_no_other_way(text: str) -> tuple[str, ...]:
    return ()


def expression_options(expressions: int = 1) -> Any:
    """Quiet, and with a bound on memory: an automaton grows while it reads texts that strangers chose."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = (16 << 20) + (8 << 10) * expressions
    return options


class Index(Generic[R]):
    """The rules by what must be so for them to hold; a rule without any key is always asked."""

    def __init__(self, rules: Iterable[tuple[R, tuple[Key, ...]]], patterns: dict[Key, Pattern] | None = None) -> None:
        self.always: list[R] = []
        entries: dict[str, dict[str, list[R]]] = {}
        texts: dict[str, list[tuple[Pattern, R]]] = {}
        for rule, keys in rules:
            if not keys:
                self.always.append(rule)
            for key in dict.fromkeys(keys):
                if patterns and key in patterns:
                    texts.setdefault(key.about, []).append((patterns[key], rule))
                else:
                    entries.setdefault(key.about, {}).setdefault(key.value, []).append(rule)
        self._caller = _NumberTable(entries, "caller")
        self._called = _NumberTable(entries, "called")
        self._caller_lists = entries.pop("caller.on_list", {})
        self._caller_kinds = entries.pop("caller.list_kind", {})
        self._called_lists = entries.pop("called.on_list", {})
        self._called_kinds = entries.pop("called.list_kind", {})
        self._trunks = entries.pop("trunk", {})
        self._trunk_countries = entries.pop("trunk_country", {})
        self._facts = entries.pop("fact", {})  # most calls lack them
        self._bounds = _Bounds(entries.pop("fact.over", {}), entries.pop("fact.under", {}))
        assert not entries, f"nobody looks for {sorted(entries)}"
        self._texts = tuple(_TextTable(about, rows).find for about, rows in sorted(texts.items()))
        self._about_called = not self._called.empty

    def candidates(self, facts: Facts) -> Iterable[R]:
        """The rules that could hold, each once. Written out: a loop over finders costs a third more."""
        call = facts.call
        found: list[R] = list(self.always)
        self._caller.find(call.caller, found)
        if self._about_called:
            self._called.find(call.called, found)
        if facts.caller_lists:
            _among(self._caller_lists, facts.caller_lists, found)
            _among(self._caller_kinds, facts.caller_kinds, found)
        if facts.called_lists:
            _among(self._called_lists, facts.called_lists, found)
            _among(self._called_kinds, facts.called_kinds, found)
        if self._trunks:
            found += self._trunks.get(call.trunk.name, ())
        if self._trunk_countries:
            found += self._trunk_countries.get(call.trunk.country, ())
        if self._facts and call.facts:
            _among(self._facts, call.facts, found)
        if call.facts and not self._bounds.empty:
            self._bounds.find(call.facts, found)
        for find in self._texts:
            find(facts, found)
        return dict.fromkeys(found) if len(found) > 1 else found

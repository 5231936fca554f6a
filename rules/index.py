"""Finds the few rules that a call could match, so that ten thousand rules cost a call what ten do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar

import re2

from rules.facts import Facts

R = TypeVar("R")


class Key(NamedTuple):
    """Something that must be so for a rule to hold: ``caller.exact`` is ``+8613800138000``."""

    about: str
    value: str


LONGEST_TEXT = 512  # characters that rules look at: strangers choose these texts, and reading takes time


def text_reader(about: str) -> Callable[[Facts], str]:
    """Reads display_name, domain, user_agent or header.NAME of a call; empty where it is lacking."""
    if about.startswith("header."):
        name = about.partition(".")[2]

        def header(facts: Facts) -> str:
            headers = facts.call.headers
            return headers.get(name, "")[:LONGEST_TEXT] if headers else ""

        return header
    whole = attrgetter(f"call.{about}")
    return lambda facts: whole(facts)[:LONGEST_TEXT]


# What can be found by looking one value up.
_VALUES: dict[str, Callable[[Facts], str]] = {
    "caller.exact": attrgetter("call.caller.canonical"),
    "called.exact": attrgetter("call.called.canonical"),
    "caller.class": attrgetter("call.caller.kind"),
    "called.class": attrgetter("call.called.kind"),
    "caller.country": attrgetter("call.caller.region"),
    "called.country": attrgetter("call.called.region"),
    "trunk": attrgetter("call.trunk.name"),
    "trunk_country": attrgetter("call.trunk.country"),
}
_SETS: dict[str, Callable[[Facts], frozenset[str]]] = {
    "caller.on_list": attrgetter("caller_lists"),
    "called.on_list": attrgetter("called_lists"),
    "caller.list_kind": attrgetter("caller_kinds"),
    "called.list_kind": attrgetter("called_kinds"),
}
_PREFIXES = {"caller.starts_with": _VALUES["caller.exact"], "called.starts_with": _VALUES["called.exact"]}


class Pattern(NamedTuple):
    """A text condition: whole texts in lower case, or an RE2 expression that is searched."""

    whole: frozenset[str]
    search: str  # empty: none


class _ValueTable(Generic[R]):
    def __init__(self, read: Callable[[Facts], str], entries: dict[str, list[R]]) -> None:
        self.read = read
        self.entries = entries

    def find(self, facts: Facts, found: list[R]) -> None:
        rules = self.entries.get(self.read(facts))
        if rules is not None:
            found += rules


class _SetTable(Generic[R]):
    def __init__(self, read: Callable[[Facts], frozenset[str]], entries: dict[str, list[R]]) -> None:
        self.read = read
        self.entries = entries

    def find(self, facts: Facts, found: list[R]) -> None:
        for value in self.read(facts):
            rules = self.entries.get(value)
            if rules is not None:
                found += rules


class _FactTable(Generic[R]):
    """Rules that need a fact which most calls lack."""

    def __init__(self, entries: dict[str, list[R]]) -> None:
        self.entries = entries

    def find(self, facts: Facts, found: list[R]) -> None:
        measured = facts.call.facts
        if measured:
            for name in measured:
                rules = self.entries.get(name)
                if rules is not None:
                    found += rules


class _PrefixTable(Generic[R]):
    """Every prefix of a number that some rule names, by the few lengths that occur."""

    def __init__(self, read: Callable[[Facts], str], entries: dict[str, list[R]]) -> None:
        self.read = read
        self.entries = entries
        self.head = min(map(len, entries))
        lengths: dict[str, set[int]] = {}
        for prefix in entries:
            lengths.setdefault(prefix[: self.head], set()).add(len(prefix))
        self.lengths = {head: tuple(sorted(found)) for head, found in lengths.items()}

    def find(self, facts: Facts, found: list[R]) -> None:
        number = self.read(facts)
        lengths = self.lengths.get(number[: self.head])
        if lengths is None:
            return
        entries, digits = self.entries, len(number)
        for length in lengths:
            if length > digits:
                return
            rules = entries.get(number[:length])
            if rules is not None:
                found += rules


class _TextTable(Generic[R]):
    """Whole texts by look-up, expressions by one re2.Set for all of them."""

    def __init__(self, read: Callable[[Facts], str], rules: Iterable[tuple[Pattern, R]]) -> None:
        self.read = read
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

    def find(self, facts: Facts, found: list[R]) -> None:
        text = self.read(facts)
        if not text:
            return
        if self.whole:
            rules = self.whole.get(text.lower())
            if rules is not None:
                found += rules
        if self.searched:
            for number in self.match(text) or ():
                found.append(self.searched[number])


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
        self._finders: list[Callable[[Facts, list[R]], None]] = [
            *(_table(about, table).find for about, table in sorted(entries.items())),
            *(_TextTable(text_reader(about), rows).find for about, rows in sorted(texts.items())),
        ]

    def candidates(self, facts: Facts) -> Iterable[R]:
        """The rules that could hold, each once."""
        found: list[R] = list(self.always)
        for find in self._finders:
            find(facts, found)
        return dict.fromkeys(found) if len(found) > 1 else found


def _table(about: str, entries: dict[str, list[R]]) -> Any:
    if about in _VALUES:
        return _ValueTable(_VALUES[about], entries)
    if about in _SETS:
        return _SetTable(_SETS[about], entries)
    if about in _PREFIXES:
        return _PrefixTable(_PREFIXES[about], entries)
    return _FactTable(entries)

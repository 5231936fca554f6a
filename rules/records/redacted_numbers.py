"""What rules can say of a called number of which the record keeps only its area: yes, no, or not to be known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NoReturn, SupportsIndex

import phonenumbers

from rules.judging.conditions import ANY, Condition
from rules.judging.engine import CompiledRule
from rules.judging.facts import Facts, WallClock
from rules.model import Call, Number, NumberClass, Trunk

# A digit, or whatever in an expression tells one from the * in its place; `.` takes both.
_ASKS_DIGITS = re.compile(r"[0-9\[]|\\[dDwWbBpP*]")
_PREFIX = "called.starts_with"
_ANYBODY = Number("+12025550123", NumberClass.OTHER, "US")  # as long as what is compared with a called number


class Undecided(Exception):
    """The answer lies in digits that nobody kept."""


class RedactedNumber(str):
    """A number that begins so; asked for more than that, it does not know.

    Compared with a whole number it is another one: those that rules name are recognised by their pseudonyms before.
    """

    __slots__ = ()

    def __bool__(self) -> bool:
        return True

    def __len__(self) -> NoReturn:
        raise Undecided

    def __hash__(self) -> int:
        return str.__hash__(self)

    def __eq__(self, other: object) -> bool:
        return False

    def __ne__(self, other: object) -> bool:
        return True

    def __getitem__(self, part: SupportsIndex | slice) -> str:
        if isinstance(part, slice) and part.start is None and 0 <= part.stop <= str.__len__(self):
            return str.__getitem__(self, part)
        raise Undecided

    @property
    def known(self) -> str:
        """The digits that were kept."""
        return str.__str__(self)


class _RedactedSet(frozenset[str]):
    """Lists of which nobody knows whether the number stands on them."""

    __slots__ = ()

    def __iter__(self) -> NoReturn:
        raise Undecided


class _RedactedWord(str):
    """A word that is not known."""

    __slots__ = ()

    def __hash__(self) -> NoReturn:
        raise Undecided

    def __eq__(self, other: object) -> NoReturn:
        raise Undecided

    def __bool__(self) -> NoReturn:
        raise Undecided


HIDDEN_LISTS: frozenset[str] = _RedactedSet()
HIDDEN_WORD: str = _RedactedWord()


@lru_cache(maxsize=10_000)
def redacted_number(area: str, kind: NumberClass) -> Number:
    """What is known of a called number by its area and class."""
    inbound_only = kind is NumberClass.CN_400 or (kind is NumberClass.TOLL_FREE and area.startswith("+86800"))
    return Number(RedactedNumber(area), kind, _region(area), "", inbound_only)


def _region(area: str) -> str:
    plan, colon, _ = area.partition(":")
    if colon:
        return "" if plan == "EXT" else plan
    for length in (2, 3, 4):
        code = area[1:length]
        regions = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code)) if code.isdigit() else None
        if regions:
            return regions[0] if len(regions) == 1 else HIDDEN_WORD
    return HIDDEN_WORD


def truth(condition: Condition, facts: Facts, masked: frozenset[str] = frozenset()) -> bool | None:
    """Does the condition hold? None: that lies in hidden digits, of the called number or of the `masked` texts."""
    if condition.parts:
        found = {truth(part, facts, masked) for part in condition.parts}
        decisive = condition.how == ANY
        return decisive if decisive in found else None if None in found else not decisive
    if masked and any(key.about in masked and _may_ask_digits(key.value) for key in condition.keys):
        return None
    try:
        return condition.holds(facts)
    except Undecided:
        return None if _may_begin(condition, facts.call.called.canonical) else False


def _may_begin(condition: Condition, number: str) -> bool:
    """Could a number of this area begin as the condition wants it to?"""
    if not isinstance(number, RedactedNumber):
        return True
    wanted = [key.value for key in condition.keys if key.about == _PREFIX]
    if len(wanted) != len(condition.keys) or not wanted:
        return True
    known = str(number.known)
    return any(value.startswith(known) or known.startswith(value) for value in wanted)


def _may_ask_digits(pattern: str) -> bool:
    """Could this pattern of a text see a difference between a digit and what stands in its place?"""
    return _ASKS_DIGITS.search(pattern, 1) is not None  # it begins with the bracket of a list of whole texts


def text_rules(rules: Sequence[CompiledRule]) -> dict[CompiledRule, frozenset[str]]:
    """The rules that may look at digits in texts, with the names of these texts."""
    found = {}
    for rule in rules:
        keys = [key for leaf in leaves((*rule.asks, *rule.stops)) for key in leaf.keys]
        if abouts := frozenset(key.about for key in keys if _is_text(key.about) and _may_ask_digits(key.value)):
            found[rule] = abouts
    return found


def _is_text(about: str) -> bool:
    return about in ("display_name", "domain", "user_agent") or about.startswith("header.")


def holds(rule: CompiledRule, facts: Facts, masked: frozenset[str] = frozenset()) -> bool | None:
    """Do the rule's conditions hold? None: not to be known."""
    asks = {truth(condition, facts, masked) for condition in rule.asks}
    if False in asks:
        return False
    stops = {truth(condition, facts, masked) for condition in rule.stops}
    if True in stops:
        return False
    return None if None in asks or None in stops else True


def leaves(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Every single question."""
    for condition in conditions:
        if condition.parts:
            yield from leaves(condition.parts)
        else:
            yield condition


def named_called_numbers(rules: Sequence[CompiledRule]) -> set[str]:
    """Whole called numbers that rules name: they can be recognised by their pseudonyms."""
    found = set()
    for rule in rules:
        for leaf in leaves((*rule.asks, *rule.stops)):
            found |= {key.value for key in leaf.keys if key.about == "called.exact"}
    return found


def asking(rules: Sequence[CompiledRule], clock: WallClock) -> tuple[CompiledRule, ...]:
    """The rules that ask for something which a hidden number may not show."""
    probe = probing(Number(RedactedNumber(""), NumberClass.OTHER, HIDDEN_WORD), clock)
    return tuple(rule for rule in rules if any(_stumbles(leaf, probe) for leaf in leaves((*rule.asks, *rule.stops))))


def probing(called: Number, clock: WallClock) -> Facts:
    """Facts of a call of which nothing but the called number matters."""
    facts = Facts(Call(caller=_ANYBODY, called=called, trunk=Trunk("probe"), at=0.0), (), (), clock)
    facts.called_lists = facts.called_kinds = HIDDEN_LISTS
    return facts


def _stumbles(leaf: Condition, probe: Facts) -> bool:
    try:
        leaf.holds(probe)
    except Undecided:
        return True
    return False


def ruled_out(rule: CompiledRule, called: Number, clock: WallClock) -> bool:
    """Does what is known of the called number alone keep the rule from holding?"""
    facts = probing(called, clock)
    return any(
        leaf.keys and all(key.about.startswith("called.") for key in leaf.keys) and truth(leaf, facts) is False
        for leaf in rule.asks
        if not leaf.parts
    )

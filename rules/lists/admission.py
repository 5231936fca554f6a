"""Which entries a list takes: people's spellings are read, and what must not stand there is refused by name."""

from __future__ import annotations

import re
from functools import cache

from rules.model import Number, NumberClass
from rules.numbering.beginnings import LongerThanAny
from rules.numbering.emergency import EVERYWHERE, own_numbers
from rules.numbering.intervals import Interval, digits_of, encode, number_interval, prefix_interval, range_interval
from rules.numbering.old_spellings import could_be_now
from rules.numbering.plan_table import OWN_PLANS, plan_of
from rules.numbering.spelling import fold, is_digits, without_separators
from rules.numbering.spoilt import SpoiltNumber, refuse_spoilt
from rules.numbering.typed import SpellingFault, UndecidedHome, prefix_typed, read_spelling, read_typed
from rules.numbering.within import no_number
from rules.settings.screening import ListSettings
from rules.texts.bad_value import BadValue

_LONGEST, _SHOWN = 1_000, 40  # characters of a spelling, and of one that is longer what is told
_SHORTEST = 8  # digits of a number with its country code, nearly everywhere
AGAINST_CALLERS = frozenset({"block", "suspect", "sealed", "do-not-originate"})
_STOPPING = frozenset({"block", "sealed"})
_SCIENTIFIC = re.compile(r"\+?\d+(?:[.,]\d+)?[eE]\+?\d+")
_SHOWN_PREFIX = re.compile(r"(?:\+|[A-Z]{2,3}:)[0-9]+\*")
_DECIMAL = re.compile(r"\+?\d+\.0+")  # what spreadsheets make of a whole number


class EntryError(BadValue):
    """An entry that a list does not take; ``name`` is the same for the same fault in every language and report.

    With the ``line`` of the file that it stands in, and with which nothing was imported; 0: it came in no file.
    """

    def __init__(self, name: str, what: str, line: int = 0, *, hint: str = "") -> None:
        super().__init__(what, hint)
        self.name, self.line = name, line

    @property
    def reason(self) -> str:
        """Without the line."""
        return super().__str__()

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}; nothing was imported" if self.line else self.reason


def read_entry(text: str, policy: ListSettings, *, country: str = "") -> Interval:
    """The interval of ``138 0013 8000``, ``+86138*`` or ``95012000..95012999``, or a `EntryError`.

    ``country`` is the home in whose plan national spellings are read (rules/numbering/typed.py).
    """
    _refuse_long(text)
    folded = fold(text).strip()
    _refuse_spreadsheets(text, folded)
    if folded and not folded.strip("*"):
        raise EntryError("empty", f"{text!r} holds no digits")
    try:
        spelt = read_spelling(text, country)
    except SpellingFault as error:
        raise EntryError("spelling", str(error)) from error
    if spelt.last:
        interval = _range(text, spelt.first, spelt.last, country)
    elif spelt.prefix:
        interval = _prefix(text, spelt.first, country)
    else:
        interval = _number(text, spelt.first, country)
    _refuse_short(text, interval, policy.min_length)
    if policy.kind in AGAINST_CALLERS:
        _refuse_emergency(text, interval, country)
    if policy.kind in _STOPPING:
        _refuse_service(text, interval)
    return interval


def read_beginning(text: str, *, country: str = "") -> Interval:
    """The same of a code, which stands for every number that begins with it: ``95012`` is ``95012*``."""
    _refuse_long(text)
    folded = fold(text).strip()
    _refuse_spreadsheets(text, folded)
    try:
        spelt = read_spelling(text, country)
    except SpellingFault as error:
        raise EntryError("spelling", str(error)) from error
    return (
        _range(text, spelt.first, spelt.last, country) if spelt.last else _prefix(text, spelt.first, country, code=True)
    )


def prefix_as_shown(text: str) -> Interval | None:
    """The prefix that lists show as this text, however one that is typed so would be read now: to take it off."""
    return prefix_interval(text[:-1]) if _SHOWN_PREFIX.fullmatch(text) else None


def _refuse_long(text: str) -> None:
    if len(text) > _LONGEST:
        raise EntryError("spelling", f"{text[:_SHOWN]!r} and {len(text) - _SHOWN:,} characters more are no number")


def _refuse_spreadsheets(text: str, folded: str) -> None:
    if _SCIENTIFIC.fullmatch(folded.replace(" ", "")):
        raise EntryError(
            "scientific-notation", f"{text!r} lost its digits in a spreadsheet: format the column as text, export again"
        )
    if _DECIMAL.fullmatch(folded):
        raise EntryError("decimal", f"{text!r} is a decimal number: format the column as text, export again")


def _range(text: str, first: str, last: str, country: str) -> Interval:
    start, stop = _canonical(text, first, country), _canonical(text, last, country)
    interval = range_interval(start, stop)
    if interval is None:
        raise EntryError(
            "uneven-range", f"{text!r}: both ends of a range have the same plan and length, the smaller one first"
        )
    return interval


def _prefix(text: str, prefix: str, country: str, *, code: bool = False) -> Interval:
    """Of an entry, or of a ``code`` that was given to somebody, which may have digits that no call has: 116114."""
    _refuse_nonsense(text, prefix)
    try:
        try:
            beginning = prefix_typed(prefix, country)
        except LongerThanAny as error:
            if not code:
                raise
            beginning = error.beginning
        interval = prefix_interval(beginning)
    except UndecidedHome as error:
        raise EntryError("undecided", str(error)) from error
    except ValueError as error:
        raise EntryError("not-a-prefix", f"{text!r}: {error}") from error
    if interval is None:
        raise EntryError("not-a-prefix", f"{text!r} is no prefix; write digits and a star, such as +86138*")
    return interval


def _number(text: str, folded: str, country: str) -> Interval:
    interval = number_interval(_canonical(text, folded, country))
    if interval is None:
        raise EntryError("too-long", f"{text!r} is no number that a list can hold: 1 to 15 digits")
    return interval


def _canonical(text: str, folded: str, country: str) -> str:
    _refuse_nonsense(text, folded)
    number = _read(folded, country)
    if number.kind is NumberClass.IMPOSSIBLE:
        digits = without_separators(folded)
        more = f" A prefix is written {digits}*." if len(digits.lstrip("+")) < _SHORTEST else ""
        if now := could_be_now(number.canonical[1:]):
            more = f" Write +{now} if that is meant."
        raise EntryError("impossible", f"{text!r}: no plan has such a number; was a digit lost?{more}")
    if not number.canonical:
        raise EntryError("not-a-number", str(no_number(text, number.kind, country)))
    try:
        refuse_spoilt(text, folded, number, country, fewest=1)
    except SpoiltNumber as error:
        raise EntryError(error.name, str(error)) from error
    return number.canonical


def _read(folded: str, country: str) -> Number:
    try:
        return read_typed(folded, country)
    except UndecidedHome as error:
        raise EntryError("undecided", str(error)) from error
    except SpellingFault as error:
        raise EntryError("spelling", str(error)) from error
    except ValueError as error:
        raise EntryError("no-country", str(error)) from error


def _refuse_nonsense(text: str, folded: str) -> None:
    digits = without_separators(folded).lstrip("+")
    if not digits:
        raise EntryError("empty", f"{text!r} holds no digits")
    if is_digits(digits) and not digits.strip("0"):
        raise EntryError("nonsense", f"{text!r} is zeros only; such an entry would stop nobody, or everybody")


def _refuse_short(text: str, interval: Interval, min_length: int) -> None:
    shortest = digits_of(interval.text.partition("..")[0].rstrip("*"))
    if len(shortest) < min_length:
        raise EntryError("too-short", f"{text!r} has {len(shortest)} digits; this list wants at least {min_length}")


def _refuse_emergency(text: str, interval: Interval, country: str) -> None:
    for number, code in _emergency_codes(country):
        if interval.start <= code <= interval.stop and interval.places in (0, len(number)):
            raise EntryError("emergency", f"{text!r} covers the emergency number {number}")


def _refuse_service(text: str, interval: Interval) -> None:
    rows = _service_numbers()
    if interval.stop < rows[0][0] or interval.start > rows[-1][1]:
        return  # nearly every line of an import
    for start, stop, places, numbers in rows:
        if interval.start <= stop and start <= interval.stop and interval.places in (0, places):
            raise EntryError("service", f"{text!r} covers public service numbers ({numbers}): they cannot be stopped")


@cache
def _service_numbers() -> tuple[tuple[int, int, int, str], ...]:
    """First and last code, length and name of each row of public service numbers in our own plans, in order."""
    found = []
    for country in sorted(OWN_PLANS):
        plan = plan_of(country)
        assert plan is not None
        for row in (row for rows in plan.rows.values() for row in rows if row.kind is NumberClass.SERVICE):
            for places in sorted(row.lengths):
                first, last = (encode(f"{country}:{row.prefix.ljust(places, end)}") for end in "09")
                if first is not None and last is not None:
                    found.append((first, last, places, f"{row.prefix.ljust(places, 'x')} in {country}"))
    return tuple(sorted(found))


@cache
def _emergency_codes(country: str) -> tuple[tuple[str, int], ...]:
    found = []
    homes = frozenset(country.split())
    for each in sorted(homes | OWN_PLANS):
        for number in sorted(EVERYWHERE | own_numbers(each)):
            for plan in (f"{each}:", "EXT:", "+") if each in homes else (f"{each}:",):
                code = encode(plan + number)
                if code is not None:
                    found.append((number, code))
    return tuple(found)

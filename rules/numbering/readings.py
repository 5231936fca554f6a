"""Every way in which a user part can be read: by the RFC, and as what stands behind us may show or dial it.

A telephone knows nothing of a phone-context, drops what it can't show, and stops dialling at `#`; a PBX cuts at a NUL.
So a spelling has one reading by RFC 3966, and others beside it (docs/numbers.md, *Several readings*).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from rules.model import Number, NumberClass, Trunk
from rules.numbering.numbers import LONGEST_USER, behind_prefixes, read_in_plan
from rules.numbering.plan_table import codes_of, is_as_long_as_its_numbers, plan_of
from rules.numbering.spelling import (
    condensed,
    could_hold_digits,
    fold,
    fold_as_seen,
    is_address,
    without_separators,
)
from rules.texts.turned import turned

_MOST_RUNS: Final = 6  # of digits in one user part; each is looked up
_MOST_READ: Final = 16  # readings that are tried for one user part: each costs up to 60 us
_LONGEST_RUN: Final = 24  # digits: a number and what people write before it
_LONGEST_LOCAL: Final = 8  # digits
_SHORTEST_RUN: Final = 5  # digits: a bank's 95588
_SHORTEST_WITH_CODE: Final = 10  # digits: 8695588 may be a local number
_RUN: Final = re.compile(r"\+*[0-9]+")
_LETTERS_THAT_DIAL: Final = frozenset("pwtxPWTX")  # pause, wait, tone, extension
_NO_NUMBER: Final = frozenset(
    (NumberClass.EXTENSION, NumberClass.NAME, NumberClass.ANONYMOUS, NumberClass.MALFORMED, NumberClass.IMPOSSIBLE)
)

# What the digits of local numbers abroad often are by accident.
_AS_LOCAL_NUMBERS: Final = frozenset((NumberClass.FIXED, NumberClass.OTHER))


class Readings:
    """What a user part may be read as. A plain slots class: there are two of them for each call."""

    __slots__ = ("differ", "first", "others", "resembled", "single")

    def __init__(
        self,
        first: Number,
        others: tuple[Number, ...] = (),
        resembled: tuple[Number, ...] = (),
        differ: bool = False,
    ) -> None:
        self.first = first  # by the RFC
        self.others = others  # what may be shown or dialled: numbers with a canonical form, none of them the first
        self.resembled = resembled  # what it only looks like: 0017012345678 is in the USA, and ends like a number here
        self.single = not (others or resembled or differ)  # there is nothing but the first
        self.differ = differ  # is it spelt as nobody spells a number who wants it to be read?


def is_number(number: Number) -> bool:
    """Does some plan know it?"""
    return number.kind not in _NO_NUMBER


def readings(
    user: str,
    trunk: Trunk,
    *,
    contexts: tuple[str, ...] = (),
    raw: str = "",
    whole: str = "",
    called: bool = False,
) -> Readings:
    """All readings of a user part on this trunk; no text raises.

    ``user`` is decoded and without parameters, ``contexts`` are its phone-contexts, ``raw`` is the user part before it
    was decoded, where that differs, ``whole`` all that some reader shows, where digits follow a semicolon or a colon.
    """
    if len(user) + len(raw) + len(whole) > LONGEST_USER:
        return _read_long(user, trunk, contexts, raw, whole, called)
    return _remembered(user, trunk.country, trunk.national, trunk.home, contexts, raw, whole, called)


def _read(
    user: str,
    country: str,
    national: bool,
    home: str,
    contexts: tuple[str, ...],
    raw: str,
    whole: str,
    called: bool,
) -> Readings:
    first = read_in_plan(user, country, national, contexts[0] if contexts else "", called)
    plain = user[1:] if user[:1] == "+" else user
    one_plan = plain is not user or (national and country == home)
    if (
        not contexts
        and not whole
        and one_plan
        and plain.isascii()
        and plain.isdigit()
        and plain[:2] != "00"
        and is_number(first)
    ):
        return Readings(first)  # as nearly all are spelt
    return _Reader(first, country, national, home, called).read(user, contexts, raw, whole)


def _read_long(user: str, trunk: Trunk, contexts: tuple[str, ...], raw: str, whole: str, called: bool) -> Readings:
    """Of a long text first goes what nobody sees. What is too long even so, and could hold a digit, is marked."""
    other = turned(user)
    short, plain, shown = condensed(user), condensed(raw)[:LONGEST_USER], condensed(whole or "".join(other[:1]))
    found = _read(short, trunk.country, trunk.national, trunk.home, contexts, plain, shown, called)
    unread = any(could_hold_digits(each[LONGEST_USER:]) for each in (short, shown))
    differ = found.differ or unread or bool(other)  # so long, and turned by what nobody sees
    return Readings(found.first._replace(raw=user), found.others, found.resembled, differ)


_remembered: Final = lru_cache(maxsize=20_000)(_read)


class _Reader:
    """Collects the readings of one user part."""

    __slots__ = (
        "_bare",
        "_called",
        "_country",
        "_differ",
        "_first",
        "_homes",
        "_national",
        "_one_plus",
        "_read",
        "_resembled",
        "_shown",
    )

    def __init__(self, first: Number, country: str, national: bool, home: str, called: bool) -> None:
        self._first = first
        self._country = country
        self._national = national
        self._homes = [each for each in home.split() if not (national and each == country)]
        self._called = called
        self._shown: dict[str, Number] = {}
        self._resembled: dict[str, Number] = {}
        self._differ = False
        self._bare = False  # it is spelt in digits alone
        self._one_plus = True
        self._read = 0

    def read(self, user: str, contexts: tuple[str, ...], raw: str, whole: str) -> Readings:
        """All that the text may be read as."""
        text = _without_scheme(fold_as_seen(user[:LONGEST_USER]).strip())
        text = text.partition(";")[0] or text  # %3B: many decode first, and cut parameters off afterwards
        dialled = without_separators(text)
        digits = dialled[1:] if dialled[:1] == "+" else dialled
        self._one_plus = text.count("+") == 1  # of several, no reader takes each for the sign of a country code
        self._bare = not contexts and dialled == digits and digits.isascii() and digits.isdigit()
        for context in contexts[1:]:  # a second phone-context, which another reader may take for the first
            number = read_in_plan(user, self._country, self._national, context, self._called)
            self._differ |= self._keep(number) and is_number(number)
        if is_address(text):
            self._resemble(digits)
        elif digits.isascii() and digits.isdigit() and is_number(self._first):
            self._read_plain(user, dialled, in_context=bool(contexts) or ";" in user)
        else:
            self._read_decorated(user, text, dialled)
            if user == f"+{digits}" and not contexts and self._may_be_new_here(digits):
                self._differ = False  # what is left without the country code is looked up, and no trick
        if raw and len(lead := _lead(raw.partition("%")[0])) >= _SHORTEST_RUN:
            self._differ |= self._keep_all(lead, only_numbers=True)  # who decodes no escapes stops, or stumbles, here
        if whole:
            spelt = _without_scheme(fold_as_seen(whole[:LONGEST_USER]).strip())
            self._read_decorated(whole, spelt, without_separators(spelt))
        for other in (*turned(user), *turned(whole)):
            spelt = _without_scheme(fold_as_seen(other).strip())
            self._read_decorated(other, spelt, without_separators(spelt))
        if len(user) > LONGEST_USER and self._shown:
            self._differ = True  # a number that goes on
        first = self._first.canonical
        resembled = [each for key, each in self._resembled.items() if key not in self._shown and key != first]
        return Readings(self._first, tuple(self._shown.values()), tuple(resembled), self._differ)

    def _may_be_new_here(self, digits: str) -> bool:
        """Is it as long as numbers of the trunk's country or of home are, in a plan that we only know by releases?"""
        if self._first.kind is not NumberClass.IMPOSSIBLE or not digits.isdigit():
            return False
        for country in (self._country, *self._homes):
            code, _ = codes_of(country)
            if code and digits.startswith(code) and plan_of(country) is None:
                return is_as_long_as_its_numbers(code, digits[len(code) :])
        return False

    def _read_plain(self, user: str, dialled: str, *, in_context: bool) -> None:
        """A number of some plan, spelt in digits: by the plans of trunk and home, as if no context was there."""
        if dialled[:1] != "+":
            differs = self._keep_by_plans(dialled)
            self._differ |= differs and in_context
            if dialled[:1] == "0":
                self._resemble(dialled.lstrip("0"))
        for run in _runs(fold(user)):
            if self._called and _joined(run) != _joined(dialled):  # 9-13800138000: a line, and whom to call by it
                self._keep_all(run, only_numbers=True)
            self._resemble(run)

    def _read_decorated(self, user: str, text: str, dialled: str) -> None:
        """No number of any plan, or one with something beside its digits: whatever of it looks like a number."""
        lead = _lead(dialled)
        words = any(c.isalpha() and c not in _LETTERS_THAT_DIAL for c in dialled)
        shortest = _SHORTEST_RUN if words else 1
        shown = len(self._shown)
        for head in dict.fromkeys((lead, _joined(_head(dialled)), _joined(_head(text)))):
            if len(head) >= (shortest if head == lead else _SHORTEST_RUN):
                self._differ |= self._keep_all(head, only_numbers=words or head[:1] == "+")
        # 1001# shows an extension of the PBX; digits alone are as ordinary as an extension is.
        self._differ |= len(self._shown) > shown and not words and lead != dialled
        self._resemble(_without_code(lead, self._country))
        # *67 and its like before a number belong to no number: whoever knows the code dials what follows.
        runs = [_joined(dialled), *_BEHIND_CODE.findall(dialled)]
        for spelt in (dialled, text, fold(user[:LONGEST_USER])):  # any separator ends a run, too
            runs += [run for run in _runs(spelt) if run != lead and run not in runs]
        if len(runs) > _MOST_RUNS:
            self._differ = True
            runs = [*runs[: _MOST_RUNS // 2], *runs[-_MOST_RUNS // 2 :]]
        for run in runs:
            if words and not self._called:  # nobody dials the digits in a caller's name
                for variant in (run, *_shortened(run, self._country, self._homes)):
                    self._resemble(variant)
            elif len(run.lstrip("+0")) > _LONGEST_RUN:  # an extension may be so long, which is read as a whole
                self._differ |= self._first.canonical != f"EXT:{run}"
            elif len(run) >= _SHORTEST_RUN:
                self._differ |= self._keep_all(run, only_numbers=True)

    def _keep_all(self, run: str, *, only_numbers: bool = False) -> bool:
        """Keep what a run of digits may be read as, with or without the prefixes before it; is any another number?"""
        differs = False
        for variant in (run, *_shortened(run, self._country, self._homes)):
            if variant[:1] == "+":
                number = self._by_plan(variant, self._country, self._national)
                if is_number(number):
                    differs |= self._keep(number)
                    if self._one_plus:
                        continue
            differs |= self._keep_by_plans(variant.lstrip("+"), only_numbers=only_numbers)
        return differs

    def _keep_by_plans(self, digits: str, *, only_numbers: bool = False) -> bool:
        """Keep what bare digits are in the plan of the trunk and in that of the home; is one another number?

        A number of the trunk's own plan is as ordinary there as it is another at home: both are looked up, no more.
        """
        here = self._by_plan(digits, self._country, self._national)
        found = is_number(here)
        differs = (found or not only_numbers) and self._keep(here) and found
        for country in self._homes:
            there = self._by_plan(digits, country, True)
            known = is_number(there)
            if (known or not (only_numbers or found)) and self._keep(there) and known and not found:
                local = len(digits) <= _LONGEST_LOCAL and there.kind in _AS_LOCAL_NUMBERS
                # Of plain digits on a trunk without a country no plan says otherwise.
                odd = not self._bare or bool(self._country)
                differs |= odd and not local and there.kind is not NumberClass.CN_9_ODD
        if digits[:2] == "00":
            for country in (self._country, *self._homes):
                for other in behind_prefixes(digits, country.upper()):  # of there, and behind 00: who dials knows which
                    self._keep(other)
        return differs

    def _by_plan(self, digits: str, country: str, national: bool) -> Number:
        self._read += 1
        if self._read > _MOST_READ:
            self._differ = True  # nobody needs so many to be understood
            return _UNREAD
        return read_in_plan(digits, country, national, "", self._called)

    def _keep(self, number: Number) -> bool:
        """Is it another number than the first?"""
        canonical = number.canonical
        if not canonical or canonical == self._first.canonical:
            return False
        self._shown.setdefault(canonical, number)
        return True

    def _resemble(self, run: str) -> None:
        if not _SHORTEST_RUN <= len(run) <= _LONGEST_RUN:
            return
        plans = ((self._country, self._national), *((country, True) for country in self._homes))
        for country, national in plans:
            number = self._by_plan(run, country, national)
            if is_number(number):
                self._resembled.setdefault(number.canonical, number)


_BEHIND_CODE: Final = re.compile(r"[*#][0-9]{2}(\+?[0-9]{5,})")
_UNREAD: Final = Number("", NumberClass.MALFORMED)
_HEAD: Final = re.compile(r"[^+0-9].*", re.DOTALL)
_DIGITS: Final = re.compile(r"[0-9]+")
_LEAD: Final = re.compile(r"\+?[0-9]+")


def _lead(text: str) -> str:
    """The digits that the text begins with."""
    found = _LEAD.match(text)
    return found[0] if found else ""


def _head(text: str) -> str:
    """What stands before the first sign that is neither digit nor plus."""
    return _HEAD.sub("", text)


def _joined(text: str) -> str:
    """All digits of a text, with a plus where it begins with one."""
    digits = "".join(_DIGITS.findall(text))
    return f"+{digits}" if text[:1] == "+" else digits


def _runs(text: str) -> list[str]:
    """Each run of digits that is long enough for a number, with one plus where some stood before it."""
    found: list[str] = []
    for run in _RUN.findall(text):
        digits = run.lstrip("+")
        run = f"+{digits}" if digits != run else digits
        if len(digits) >= _SHORTEST_RUN and run not in found:
            found.append(run)
    return found


def _without_code(run: str, country: str) -> str:
    """8695588: what is a local number, or a bank with its country code."""
    code, _ = codes_of(country)
    digits = run.lstrip("+")
    return digits[len(code) :] if code and digits.startswith(code) else ""


def _without_scheme(text: str) -> str:
    scheme, colon, rest = text.partition(":")
    return rest if colon and scheme.lower() in ("tel", "sip", "sips") else text


def _shortened(run: str, country: str, homes: list[str]) -> list[str]:
    """The digits without zeros before them, and without a country code: what people here take for the number itself."""
    digits = run.lstrip("+")
    found: list[str] = []
    bare = digits.lstrip("0")
    if bare != digits and len(bare) >= _SHORTEST_RUN:
        found.append(bare)
    for each in (country, *homes):
        code, _ = codes_of(each)
        rest = bare
        while code and rest.startswith(code) and len(rest) - len(code) >= _SHORTEST_WITH_CODE:
            rest = rest[len(code) :].lstrip("0")
            found.append(rest)
    return found

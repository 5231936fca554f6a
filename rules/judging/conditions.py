"""The conditions of the rule language, each as a question that a call answers in nanoseconds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Protocol

import re2

from rules.judging.calendars import Calendar
from rules.judging.facts import EPOCH, Facts
from rules.judging.index import Key
from rules.judging.own_facts import CALLED_MINUTE, called_minute, contact_name, similar, similar_name
from rules.language.grammar import Amount, Count, Rate, Truth, Words
from rules.language.values import DAYS, Lengths, Window, read_rate_name, span_name
from rules.model import ATTESTATION, ATTESTATIONS, COUNTED_SINCE, NumberClass
from rules.texts.worded import Worded, joined, worded

Test = Callable[[Facts], bool]
ALL, ANY = "all", "any"
NOT_ATTESTED = ATTESTATIONS[3]
_YES, _NO = worded("yes"), worded("no")
_DAYS = {
    "mon": worded("mon"),
    "tue": worded("tue"),
    "wed": worded("wed"),
    "thu": worded("thu"),
    "fri": worded("fri"),
    "sat": worded("sat"),
    "sun": worded("sun"),
    "working": worded("working"),
    "off": worded("off"),
    "holiday": worded("holiday"),
}


class Condition:
    """One question about a call: how it is asked, how it reads, what the call shows, and how rules are found by it."""

    __slots__ = ("figure", "holds", "how", "keys", "of_caller", "parts", "says", "sees", "weight")

    def __init__(
        self,
        holds: Test,
        says: str,
        sees: Callable[[Facts], str] = lambda _: "",
        *,
        keys: Sequence[Key] = (),
        weight: int = 0,
        how: str = "",
        parts: Sequence[Condition] = (),
    ) -> None:
        self.holds = holds
        self.says = says  # "the caller starts with CN:95012"
        self.sees = sees  # what the call shows instead
        self.keys = tuple(keys)  # one of these must be so for the condition to hold; empty: not known
        self.weight = weight  # how few calls the keys let through
        self.how = how  # "all" or "any" of the parts
        self.figure = False  # what the call shows tells more than that it holds
        self.of_caller = False  # it asks for nothing but the caller's number and the lists that it stands on
        self.parts = tuple(parts)

    @property
    def joint(self) -> str:
        """The word between its parts, with blanks."""
        return worded(" or ") if self.how == ANY else worded(" and ")


def all_of(parts: Sequence[Condition]) -> Condition:
    """Every part must hold; found by the most telling of them."""
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.holds for part in parts)
    best = max(parts, key=lambda part: part.weight if part.keys else -1)

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs a third of a microsecond
            if not test(facts):
                return False
        return True

    return Condition(holds, worded("all of these hold"), keys=best.keys, weight=best.weight, how=ALL, parts=parts)


def any_of(parts: Sequence[Condition], says: str = worded("one of these holds")) -> Condition:
    """One part is enough; found by the keys of all, if all have some."""
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.holds for part in parts)

    def holds(facts: Facts) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs a third of a microsecond
            if test(facts):
                return True
        return False

    found = all(part.keys for part in parts)
    keys = [key for part in parts for key in part.keys] if found else []
    weight = min(part.weight for part in parts) if found else 0
    return Condition(holds, says, keys=keys, weight=weight, how=ANY, parts=parts)


def alternatives(values: Collection[object]) -> str:
    """A few of these values in words."""
    words = [value if isinstance(value, Worded) else str(value) for value in values]
    if not words:
        return worded("nothing")
    few = joined(", ", words[:6])
    return worded("%(few)s and %(n)s more", few=few, n=len(words) - 6) if len(words) > 6 else few


def is_one_of(title: str, values: Collection[object]) -> str:
    """What is asked of a value, in words."""
    return worded("%(what)s is %(these)s", what=title, these=alternatives(values))


def or_lacking(value: object) -> str:
    """A value in words, or that the call lacks it."""
    return _text(value) if value not in (None, "") else worded("lacking")


def _text(value: object) -> str:
    return value if isinstance(value, Worded) else str(value)


NEVER = Condition(lambda _: False, worded("nothing: the condition is faulty"))


def wildcards(text: str, fold: Callable[[str], str]) -> list[str]:
    """Expressions for text in which * stands for any characters: as it is written, and as `fold` reads it."""
    written = text.split("*")
    plain = [part if part.isascii() else fold(part) for part in written]
    return [".*".join(map(re2.escape, parts)) for parts in ([written] if plain == written else [written, plain])]


def anonymous(wanted: bool) -> Condition:
    """Does the caller show no number?"""
    keys = [Key("caller.class", NumberClass.ANONYMOUS)] if wanted else []
    says = worded("the caller is anonymous") if wanted else worded("the caller is not anonymous")
    return Condition(
        lambda facts: (facts.call.caller.kind is NumberClass.ANONYMOUS) is wanted,
        says,
        lambda facts: worded("its class is %(kind)s", kind=facts.call.caller.kind),
        keys=keys,
        weight=30,
    )


def truth(says: str, read: Callable[[Facts], Any], wanted: bool) -> Condition:
    """A fact that every call has, true or false."""
    says = says if wanted else worded("not: %(that)s", that=says)
    return Condition(lambda facts: read(facts) is wanted, says, lambda facts: _YES if read(facts) else _NO)


def truth_or_lacking(says: str, read: Callable[[Facts], bool | None], truth: Truth) -> Condition:
    """A fact that is true, false, or lacking."""
    parts = []
    sees = lambda facts: or_lacking({True: _YES, False: _NO, None: ""}[read(facts)])  # noqa: E731
    if truth.missing:
        parts.append(Condition(lambda facts: read(facts) is None, worded("missing: %(that)s", that=says), sees))
    if truth.is_ is not None:
        wanted = truth.is_
        parts.append(
            Condition(lambda facts: read(facts) is wanted, says if wanted else worded("not: %(that)s", that=says), sees)
        )
    return all_of(parts or [NEVER])


def among(title: str, about: str, read: Callable[[Facts], str], values: frozenset[Any], weight: int) -> Condition:
    """A value that is one of these."""
    keys = [Key(about, value) for value in values]
    says = is_one_of(title, sorted(values))
    return Condition(
        lambda facts: read(facts) in values, says, lambda facts: or_lacking(read(facts)), keys=keys, weight=weight
    )


def words_or_lacking(
    title: str, about: str, read: Callable[[Facts], Any], words: Words, *, weight: int
) -> list[Condition]:
    """A word that is one of these, or lacking."""
    parts = []
    sees = lambda facts: or_lacking(read(facts))  # noqa: E731
    if words.missing:
        parts.append(Condition(lambda facts: not read(facts), worded("%(what)s is missing", what=title), sees))
    if words.is_:
        values = frozenset(words.is_)
        keys = [Key(about, value) for value in values] if about else []
        says = is_one_of(title, sorted(values))
        parts.append(Condition(lambda facts: read(facts) in values, says, sees, keys=keys, weight=weight))
    return parts


def group_of(words: Words) -> list[Condition]:
    """The subscriber groups of the called number; it may be in several."""
    title = worded("the group of the called number")

    def read(facts: Facts) -> object:
        return facts.measured("group") or ""

    parts = words_or_lacking(title, "", read, words.model_copy(update={"is_": None}), weight=0)
    if words.is_:
        values = frozenset(words.is_)

        def holds(facts: Facts) -> bool:
            group = facts.measured("group")
            if not isinstance(group, str):
                return False
            return group in values or ("," in group and not values.isdisjoint(group.split(",")))

        parts.append(Condition(holds, is_one_of(title, sorted(values)), lambda f: or_lacking(read(f))))
    return parts


def starts_with(
    title: str, who: str, read: Callable[[Facts], str], prefixes: frozenset[str], sees: Callable[[Facts], str]
) -> Condition:
    """A number that begins with one of these prefixes."""
    # A prefix below another one finds nothing more.
    widest = frozenset(p for p in prefixes if not any(p[:n] in prefixes for n in range(1, len(p))))
    lengths = tuple(sorted({len(prefix) for prefix in widest}))

    def holds(facts: Facts) -> bool:
        number = read(facts)
        for length in lengths:  # noqa: SIM110
            if number[:length] in widest:
                return True
        return False

    keys = [Key(f"{who}.starts_with", prefix) for prefix in sorted(widest)]
    weight = 9 * min(lengths, default=0)
    says = worded("%(what)s starts with %(these)s", what=title, these=alternatives(sorted(prefixes)))
    return Condition(holds, says, sees, keys=keys, weight=weight)


def range_prefixes(low: str, high: str) -> list[str]:
    """The prefixes that cover a range of numbers of one length, and no other number of that length."""
    if low == high:
        return [low]
    shared = next(n for n in range(len(low)) if low[n] != high[n])
    head, rest = low[:shared], len(low) - shared - 1
    if low[shared:] == "0" * (rest + 1) and high[shared:] == "9" * (rest + 1):
        return [head]
    first, last = int(low[shared]), int(high[shared])
    between = [f"{head}{digit}" for digit in range(first + 1, last)]
    below = range_prefixes(low, f"{head}{first}{'9' * rest}")
    above = range_prefixes(f"{head}{last}{'0' * rest}", high)
    return [*below, *between, *above]


def in_range(title: str, who: str, ranges: Sequence[tuple[str, str]], sees: Callable[[Facts], str]) -> Condition:
    """A number of a listed length between two others, both ends in."""
    number = attrgetter(f"call.{who}")

    def holds(facts: Facts) -> bool:
        canonical, kind = number(facts)[:2]
        if kind is NumberClass.CN_9_ODD:  # of a length that no plan lists, so never a member of a range
            return False
        for low, high in ranges:  # noqa: SIM110
            if len(canonical) == len(low) and low <= canonical <= high:
                return True
        return False

    prefixes = [prefix for low, high in ranges for prefix in range_prefixes(low, high)]
    keys = [Key(f"{who}.starts_with", prefix) for prefix in prefixes]
    these = alternatives([f"{low}..{high}" for low, high in ranges])
    says = worded("%(what)s lies in %(these)s", what=title, these=these)
    return Condition(holds, says, sees, keys=keys, weight=9 * min(map(len, prefixes), default=0))


def has_length(title: str, read: Callable[[Facts], str], lengths: Sequence[Lengths]) -> Condition:
    """How many digits a number has, its country code counted."""
    wanted = frozenset(n for low, high in lengths for n in range(low, high + 1))

    def digits(facts: Facts) -> int:
        number = read(facts)
        return len(number) - number.find(":") - 1 if ":" in number else max(len(number) - 1, 0)

    these = alternatives([f"{low}-{high}" if low < high else low for low, high in lengths])
    return Condition(
        lambda facts: digits(facts) in wanted and read(facts) != "",
        worded("%(what)s has %(these)s digits", what=title, these=these),
        lambda facts: worded("%(n)s digits", n=digits(facts)),
    )


def on_list(says: str, about: str, where: str, names: Sequence[str], weight: int) -> Condition:
    """A number that stands on one of these lists, or on a list of one of these kinds."""
    read, wanted = attrgetter(where), frozenset(names)
    keys = [Key(about, name) for name in wanted]
    return Condition(
        lambda facts: not wanted.isdisjoint(read(facts)),
        worded("%(on)s %(these)s", on=says, these=alternatives(sorted(wanted))),
        lambda facts: worded("it is on %(these)s", these=alternatives(sorted(read(facts)))),
        keys=keys,
        weight=weight,
    )


def country_of(title: str, who: str, countries: Sequence[str]) -> Condition:
    """The country of a number, by its name or beside the trunk's."""
    region = attrgetter(f"call.{who}.region")
    named = frozenset(country for country in countries if len(country) == 2)
    same, other = "trunk" in countries, "not-trunk" in countries

    def holds(facts: Facts) -> bool:
        country = region(facts)
        if country in named:
            return True
        trunk = facts.call.trunk.country
        return bool(country and trunk) and ((same and country == trunk) or (other and country != trunk))

    keys = [] if same or other else [Key(f"{who}.country", country) for country in named]
    words = {"trunk": worded("the trunk's own"), "not-trunk": worded("another than the trunk's")}
    these = alternatives([words.get(c, c) for c in countries])
    says = worded("the country of %(what)s is %(these)s", what=title, these=these)

    def sees(facts: Facts) -> str:
        own = or_lacking(facts.call.trunk.country)
        return worded("%(country)s, the trunk's %(own)s", country=or_lacking(region(facts)), own=own)

    return Condition(holds, says, sees, keys=keys, weight=4)


def at_time(hours: Sequence[Window], days: Sequence[str], calendar: Calendar, country: str = "") -> Condition:
    """Hours and days of one level belong together: after midnight a window is still of the day it began."""
    weekdays = frozenset(DAYS.index(day) for day in days if day in DAYS)
    working, off, holiday = "working" in days, "off" in days, "holiday" in days

    def day_fits(facts: Facts, day: int) -> bool:
        if not days or (day + 3) % 7 in weekdays:  # 1970-01-01 was a Thursday
            return True
        if holiday and calendar.is_holiday(date.fromordinal(day + EPOCH)):
            return True
        if not (working or off):
            return False
        return working if calendar.works(date.fromordinal(day + EPOCH)) else off

    def holds(facts: Facts) -> bool:
        day, minute = facts.clock.read(facts.call.at)
        if not hours:
            return day_fits(facts, day)
        for start, end in hours:
            if start <= minute < end or (start > end and minute >= start):
                if day_fits(facts, day):
                    return True
            elif start > end and minute < end and day_fits(facts, day - 1):
                return True
        return False

    spans = [f"{s // 60:02d}:{s % 60:02d}-{e // 60:02d}:{e % 60:02d}" for s, e in hours]
    named = joined(", ", [_DAYS.get(day, day) for day in days])
    if country:
        named = worded("%(days)s in %(country)s", days=named, country=country)
    times = joined(worded(" on "), [part for part in (alternatives(spans) if spans else "", named) if part])
    says = worded("the time is %(these)s", these=times)

    def sees(facts: Facts) -> str:
        day, minute = facts.clock.read(facts.call.at)
        time = f"{minute // 60:02d}:{minute % 60:02d}"
        return worded("%(day)s %(time)s", day=_DAYS[DAYS[(day + 3) % 7]], time=time)

    return Condition(holds, says, sees)


class Asked(Protocol):
    """What is asked of a rule by another one."""

    name: str

    def holds(self, facts: Facts) -> bool:
        """Do its conditions hold?"""

    @property
    def found_by(self) -> tuple[tuple[Key, ...], int]:
        """What must be so for that, and how few calls it lets through."""


def rule_fired(rule: Asked) -> Condition:
    """Another rule holds, whether it acts or observes."""
    keys, weight = rule.found_by
    says = worded("rule %(rule)s fired", rule=rule.name)
    return Condition(rule.holds, says, lambda facts: _YES if rule.holds(facts) else _NO, keys=keys, weight=weight)


def similar_by(digits: int) -> Condition:
    """Caller and called number begin alike: as the record says, else by themselves."""
    name = similar_name(digits)

    def read(facts: Facts) -> object:
        known = facts.measured(name)
        return similar(facts.call, digits) if known is None else known

    says = worded("the caller's number begins with the same %(n)s digits as the called one", n=digits)
    return Condition(lambda facts: read(facts) is True, says, lambda facts: _YES if read(facts) is True else _NO)


def known_contact(seconds: int, wanted: bool) -> Condition:
    """A call of this caller rang this called number, or that one called him, within a span of time before."""
    name = contact_name(seconds)
    says = worded("the caller rang the called number, or was called by it, within %(span)s", span=span_name(seconds))
    return Condition(
        lambda facts: facts.measured(name) is wanted,
        says if wanted else worded("not: %(that)s", that=says),
        lambda facts: or_lacking(
            {True: _YES, False: _NO}.get(facts.measured(name) is True) if facts.measured(name) is not None else ""
        ),
        keys=[Key("fact", name)],
        weight=5,
    )


def called_at(hours: Sequence[Window]) -> Condition:
    """The wall clock where the called number is."""

    def read(facts: Facts) -> object:
        known = facts.measured(CALLED_MINUTE)
        return called_minute(facts.call, facts.clock.zone) if known is None else known

    def holds(facts: Facts) -> bool:
        minute = read(facts)
        if not isinstance(minute, int | float):
            return False
        return any(s <= minute < e if s < e else minute >= s or minute < e for s, e in hours)

    def sees(facts: Facts) -> str:
        minute = read(facts)
        if not isinstance(minute, int | float):
            return worded("lacking")
        return f"{int(minute) // 60:02d}:{int(minute) % 60:02d}"

    spans = [f"{s // 60:02d}:{s % 60:02d}-{e // 60:02d}:{e % 60:02d}" for s, e in hours]
    return Condition(holds, worded("it is %(these)s where the called number is", these=alternatives(spans)), sees)


def on_dates(first: date | None, last: date | None) -> Condition:
    """The day is none before the first one and none after the last, by the wall clock."""
    low = first.toordinal() - EPOCH if first is not None else None
    high = last.toordinal() - EPOCH if last is not None else None

    def holds(facts: Facts) -> bool:
        day, _ = facts.clock.read(facts.call.at)
        return (low is None or low <= day) and (high is None or day <= high)

    spans = [f"from {first}" if first is not None else "", f"until {last}" if last is not None else ""]

    def sees(facts: Facts) -> str:
        return date.fromordinal(facts.clock.read(facts.call.at)[0] + EPOCH).isoformat()

    return Condition(holds, f"the day is {' '.join(filter(None, spans))}", sees)


def _bounds(over: float | None, under: float | None) -> str:
    words = [worded("over %(n)s", n=format(over, "g"))] if over is not None else []
    words += [worded("under %(n)s", n=format(under, "g"))] if under is not None else []
    return joined(worded(" and "), words)


def rate_of(name: str, rate: Rate) -> Condition:
    """A measured rate; where it is lacking nothing holds but `missing`."""
    fact = f"{name}_{span_name(rate.within)}"
    return _since(_measured(fact, None, rate.over, rate.under, missing=bool(rate.missing)), fact, rate.within)


def count_of(name: str, count: Count) -> Condition:
    """The same by whatever calls have in common, in the words of the rule."""
    made = rate_of(name, count)
    span, per = span_name(count.within), joined(worded(" and "), [*count.per])
    so = worded("missing") if count.missing else _bounds(count.over, count.under)
    made.says = worded("%(of)s per %(per)s within %(span)s: %(so)s", of=count.of, per=per, span=span, so=so)
    return made


def _since(made: Condition, fact: str, within: int) -> Condition:
    """A count is shown with the time since which it was counted."""

    def sees(facts: Facts) -> str:
        value = facts.measured(fact)
        if value is None:
            return worded("lacking")
        begun = facts.measured(COUNTED_SINCE)
        since = max(facts.call.at - within, begun if isinstance(begun, int | float) else 0.0)
        time = datetime.fromtimestamp(since, facts.clock.zone)
        return worded("%(n)s, counted since %(time)s", n=shown_fact(value), time=f"{time:%Y-%m-%d %H:%M:%S}")

    made.sees, made.figure = sees, True
    return made


def amount_of(name: str, amount: Amount) -> Condition:
    """A fact that somebody measured: one of these values, or within bounds."""
    values = frozenset(word.lower() for word in amount.is_) if amount.is_ else None
    made = _measured(name, values, amount.over, amount.under, missing=bool(amount.missing))
    rate = read_rate_name(name)
    return made if rate is None else _since(made, name, rate[1])


def attested(levels: Sequence[str]) -> Condition:
    """What a signature proved of the caller's number; of a call that nobody signed nothing, which is `none`."""
    wanted = frozenset(levels)

    def read(facts: Facts) -> str:
        return str(facts.measured(ATTESTATION[0]) or NOT_ATTESTED).lower()

    folded = frozenset(each.lower() for each in wanted)
    says = is_one_of(worded("the attestation"), sorted(wanted))
    keys = [] if NOT_ATTESTED in wanted else [Key("fact", ATTESTATION[0])]
    return Condition(lambda facts: read(facts) in folded, says, read, keys=keys, weight=10)


def shown_fact(value: object) -> str:
    """A measured value as authors write it."""
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _measured(
    fact: str, values: frozenset[str] | None, over: float | None, under: float | None, *, missing: bool
) -> Condition:
    def holds(facts: Facts) -> bool:
        value = facts.measured(fact)
        if missing or value is None:
            return missing and value is None and values is None and over is None and under is None
        if values is not None and shown_fact(value) not in values:
            return False
        if over is None and under is None:
            return True
        if not isinstance(value, (int, float)):
            return False
        return (over is None or value > over) and (under is None or value < under)

    words = [worded("one of %(these)s", these=alternatives(sorted(values))) if values else "", _bounds(over, under)]
    is_so = joined(worded(" and "), [part for part in words if part]) or worded("known")
    says = worded("fact %(fact)s is %(so)s", fact=fact, so=worded("missing") if missing else is_so)
    keys = [] if missing else [Key("fact", fact)]
    if not missing and over is not None:
        keys = [Key("fact.over", f"{fact}>{over!r}")]
    elif not missing and under is not None:
        keys = [Key("fact.under", f"{fact}<{under!r}")]

    def sees(facts: Facts) -> str:
        value = facts.measured(fact)
        return worded("lacking") if value is None else shown_fact(value)

    return Condition(holds, says, sees, keys=keys, weight=10)

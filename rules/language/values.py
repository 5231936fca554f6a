"""The single values of the rule language, each read from the text that an author writes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from math import floor
from typing import Literal, NamedTuple, get_args

from pydantic import ValidationInfo

from rules.numbering.countries import known_country
from rules.texts.bad_value import BadValue
from rules.texts.unseen import shows_nothing, turns_writing


class Window(NamedTuple):
    """Hours of wall clock in minutes from midnight: start in, end out; start > end runs across midnight."""

    start: int
    end: int


def read_window(text: object) -> object:
    """``21:00-08:00`` as a Window."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})", str(text).strip())
    if not found:
        raise BadValue(f"{text!r} is no span of hours", "write one such as 21:00-08:00")
    start_hour, start_minute, end_hour, end_minute = map(int, found.groups())
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start_minute > 59 or end_minute > 59 or start >= 1440 or end > 1440:
        raise BadValue(f"{text!r} names an hour that no clock shows", "write 00:00 to 24:00")
    if start == end:
        raise BadValue("start and end are equal", "leave hours out for the whole day")
    return Window(start, end)


class Lengths(NamedTuple):
    """How many digits a number has, both ends in."""

    low: int
    high: int


def read_lengths(text: object) -> object:
    """``5`` or ``5-8`` as Lengths."""
    found = re.fullmatch(r"(\d{1,2})(?:\s*-\s*(\d{1,2}))?", str(text).strip())
    if not found:
        raise BadValue(f"{text!r} is no length", "write a count of digits such as 5 or 5-8")
    low, high = int(found[1]), int(found[2] or found[1])
    if low > high:
        raise BadValue(f"{text!r} ends before it begins", "write the smaller length first")
    return Lengths(low, high)


LABEL_TEXTS = ("caller_range", "holder", "reason")  # what a label may say of a call
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def read_label(text: object, info: ValidationInfo) -> object:
    """A label as it stands in a display name: on one line, to be seen, and nothing that could end a header field."""
    if isinstance(text, str) and (_NO_TEXT.search(text) or not text.strip()):
        raise BadValue("a control character in the label, or nothing", "write printable text on one line")
    if isinstance(text, str) and not (info.context and info.context.get("stored")):
        if turns_writing(text):
            raise BadValue("a mark in the label that turns the direction of writing", "leave it out")
        if shows_nothing(text):
            raise BadValue("a label of which nothing is to be seen", "write what the callee should read")
    for name in re.findall(r"\{([^{}]*)\}?", text) if isinstance(text, str) else ():
        if name not in LABEL_TEXTS or f"{{{name}}}" not in str(text):
            texts = ", ".join(f"{{{each}}}" for each in LABEL_TEXTS)
            raise BadValue(f"no text of a call is called {{{name}}}", f"write one of {texts}")
    return text


def read_because(text: str, info: ValidationInfo) -> str:
    """Why a call is blocked, for whom it was blocked: there must be something to read."""
    if text.strip() and shows_nothing(text) and not (info.context and info.context.get("stored")):
        raise BadValue("a reason of which nothing is to be seen", "write why, for whom the rule hits")
    return text


def read_ring(text: object) -> object:
    """The URI of a distinct ring, for Alert-Info (RFC 3261 20.4, RFC 7462)."""
    if isinstance(text, str) and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f-\x9f<>\"\s]+", text):
        raise BadValue(f"{text!r} is no URI", "write one such as urn:alert:source:external")
    return text


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def read_span(text: object) -> object:
    """``1h`` in seconds."""
    found = re.fullmatch(r"(\d{1,4})\s*([smhd])", str(text).strip())
    if not found or int(found[1]) == 0:
        raise BadValue(f"{text!r} is no length of time", "write one such as 10m, 1h or 1d")
    return int(found[1]) * _UNITS[found[2]]


LONGEST_SPAN = 90 * 86_400


def read_within(text: object, info: ValidationInfo) -> object:
    """``1h`` in seconds; a window of more than 90 days is none that fits into memory."""
    seconds = read_span(text)
    if isinstance(seconds, int) and seconds > LONGEST_SPAN and not (info.context and info.context.get("stored")):
        raise BadValue(f"{text} is longer than anything is counted", "write 90d or less")
    return seconds


def read_hold_span(text: object) -> object:
    """For how long somebody is put on a list."""
    seconds = read_span(text)
    if not isinstance(seconds, int) or not 60 <= seconds <= LONGEST_SPAN:
        raise BadValue(f"nobody is held for {text}", "write 1m to 90d; for longer a person puts him there")
    return seconds


def span_name(seconds: int) -> str:
    """The one spelling of a length of time in names of facts: 1d, 1h, 90m."""
    unit, size = next((unit, size) for unit, size in reversed(_UNITS.items()) if seconds % size == 0)
    return f"{seconds // size}{unit}"


RATES = ("calls", "called_numbers", "short_calls", "answered")
_SHARES = frozenset(("short_calls", "answered"))  # in percent
COMPLAINTS, BLOCK = "complaints", "caller.block/"
_FROM_NONE = frozenset(("unanswered", COMPLAINTS))  # counts that the call which is judged is not part of yet
_SECONDS = frozenset(("ring_time",))  # the others are counts
Counted = Literal[
    "calls", "called_numbers", "callers", "short_calls", "answered", "unanswered", "ring_time", "concurrent",
    "complaints",
]  # fmt: skip
Per = Literal[
    "caller", "called", "trunk", "source", "domain", "display_name", "user_agent",
    "caller.block/10", "caller.block/100", "caller.block/1000", "caller.block/10000", "holder", "list",
]  # fmt: skip
PAIR = "pair"  # short for caller and called
_PER_NAMES = {each.replace(".", "_").replace("/", "_"): each for each in get_args(Per)}  # as names of facts have them


def is_share(name: str) -> bool:
    """Is what a rate counts a share, in percent, and no number of calls?"""
    return name.partition("_per_")[0] in _SHARES


def is_time(name: str) -> bool:
    """Is it a span of time, in seconds?"""
    return name.partition("_per_")[0] in _SECONDS


def least_of(name: str) -> float:
    """The least that it can be: the call itself counts, but for what is only known at its end."""
    return 0.0 if is_time(name) or name.partition("_per_")[0] in _FROM_NONE else 1.0


def read_per(value: object) -> object:
    """What is counted by; `pair` is short for caller and called."""
    items = value if isinstance(value, list) else [value]
    return [one for each in items for one in (("caller", "called") if each == PAIR else (each,))]


def count_name(of: str, per: Sequence[str]) -> str:
    """What is counted, and by what, as names of facts say it: calls_per_caller_and_called."""
    wanted = set(per)
    return f"{of}_per_{'_and_'.join(name for name, each in _PER_NAMES.items() if each in wanted)}"


def read_count_name(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The same read again: what, and by what (nothing: by the caller on his trunk); None where it is no such name."""
    of, given, by = name.partition("_per_")
    per = tuple(_PER_NAMES.get(each, "") for each in by.split("_and_")) if by else ()
    if (
        of not in (get_args(Counted) if given else RATES)
        or "" in per
        or (given and (not per or count_name(of, per) != name))
    ):
        return None
    return of, per


def read_rate_name(fact: str) -> tuple[str, int] | None:
    """``calls_1h`` as what is counted and the seconds of its window; None for any other fact."""
    name, _, span = fact.rpartition("_")
    if read_count_name(name) is None:
        return None
    try:
        seconds = read_span(span)
    except ValueError:
        return None
    return (name, seconds) if isinstance(seconds, int) and span_name(seconds) == span else None


def read_amount(text: object) -> object:
    """``60`` or ``70%`` as a number; a percentage is kept as its number."""
    found = re.fullmatch(r"(-?\d{1,12}(?:\.\d{1,6})?)\s*%?", str(text).strip())
    if not found:
        raise BadValue(f"{text!r} is no amount", "write one such as 60 or 70%")
    return float(found[1])


def refuse_bounds(over: float | None, under: float | None, *, whole: bool = False) -> None:
    """Bounds between which there is nothing; ``whole``: no whole number."""
    if over is None or under is None:
        return
    if over >= under:
        raise BadValue(f"nothing is over {over:g} and under {under:g}", "write the smaller one behind over")
    if whole and floor(over) + 1 >= under:
        raise BadValue(f"no count is over {over:g} and under {under:g}", "leave a number between them")


def refuse_figure(name: str, text: object, bound: str) -> None:
    """What no figure of this name can be."""
    of = name.partition("_per_")[0]
    if of in _SHARES:
        refuse_share(text, bound)
    elif of in _SECONDS:
        refuse_seconds(text, bound)
    else:
        refuse_count(text, bound, least=int(least_of(of)))


def refuse_seconds(text: object, bound: str) -> None:
    """What no span of time can be, in seconds."""
    amount = read_amount(text)
    assert isinstance(amount, float)
    if "%" in str(text):
        raise BadValue(f"{text} is a share, and seconds are measured here", "write seconds such as 3")
    if amount < 0 or (bound == "under" and amount == 0):
        raise BadValue(f"nothing rings {bound} {amount:g} seconds", "write seconds such as 3")


def refuse_count(text: object, bound: str, *, least: int = 1) -> None:
    """What no count of calls can be: a share, a part of a call, or what every call is, since it counts itself."""
    amount = read_amount(text)
    assert isinstance(amount, float)
    if "%" in str(text):
        raise BadValue(f"{text} is a share, and calls are counted here", "write a whole number such as 60")
    if amount != int(amount):
        raise BadValue(f"{text} is no count", "write a whole number such as 60")
    lowest = least if bound == "over" else least + 1
    if amount < lowest:
        everybody = "everybody is over" if bound == "over" else "nobody is under"
        why = ", because this call counts" if least else ""
        raise BadValue(f"{everybody} {amount:g}{why}", f"write {lowest} or more")


def refuse_share(text: object, bound: str) -> None:
    """What no share can be, or what was meant as a part of one: 0.1 is a tenth of a percent here."""
    amount = read_amount(text)
    assert isinstance(amount, float)
    if 0 < amount < 1 and "%" not in str(text):
        raise BadValue(f"{text} is less than one percent", f"write {amount * 100:g}% if that is meant, or {amount:g}%")
    if bound == "over" and not 0 <= amount < 100:
        raise BadValue(f"no share is {'over' if amount >= 100 else 'under'} {amount:g}%", "write 0% to 99%")
    if bound == "under" and not 0 < amount <= 100:
        raise BadValue(f"{'every' if amount > 100 else 'no'} share is under {amount:g}%", "write 1% to 100%")


def refuse_measured(name: str, text: str) -> None:
    """What no call of an example can have been measured to be."""
    amount = read_amount(text)
    assert isinstance(amount, float)
    if is_share(name):
        if 0 < amount < 1 and "%" not in text:
            raise BadValue(
                f"{text} is less than one percent", f"write {amount * 100:g}% if that is meant, or {amount:g}%"
            )
        if not 0 <= amount <= 100:
            raise BadValue(f"no share is {text}", "write 0% to 100%")
    elif name.partition("_per_")[0] in _SECONDS:
        if "%" in text or amount < 0:
            raise BadValue(f"{text} is no time in seconds", "write seconds such as 2.5")
    elif "%" in text or amount != int(amount) or amount < 0:
        raise BadValue(f"{text} is no count", "write a whole number such as 61")


def read_date(text: object) -> object:
    """``2026-12-01``: a day of the wall clock."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text)):
            return date.fromisoformat(str(text))
    except ValueError:
        pass
    raise BadValue(f"{text!r} is no day", "write one such as 2026-12-01")


def read_whole(text: object) -> object:
    """``4`` as a number, in whichever digits: an amount is read in all of them, too."""
    return int(text) if isinstance(text, str) and re.fullmatch(r"-?\d{1,12}", text) else text


def read_mode(text: object) -> object:
    """``live``, ``observe`` or ``10%`` as the share of calls it acts on, in percent."""
    words = {"live": 100.0, "observe": 0.0}
    if str(text) in words:
        return words[str(text)]
    found = re.fullmatch(r"(\d{1,3}(?:\.\d{1,2})?)\s*%", str(text).strip())
    if not found or not 0 < float(found[1]) < 100:
        raise BadValue(f"{text!r} is no mode", "write live, observe, or a share of callers such as 10%")
    return float(found[1])


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _is_day(word: str) -> bool:
    """``mon``, ``Monday``: letters, and nothing that only looks like a hyphen to another day."""
    return word[:3] in DAYS and word.isascii() and word.isalpha()


def read_days(value: object) -> object:
    """Days of the week, spans of them, and the words working and off, as a flat list of words."""
    days: list[str] = []
    for item in value if isinstance(value, list) else [value]:
        word = str(item).strip().lower()
        first, dash, last = (part.strip() for part in word.partition("-"))
        if word in ("working", "off", "holiday"):
            days.append(word)
        elif _is_day(first) and (not dash or _is_day(last)):
            start, end = DAYS.index(first[:3]), DAYS.index((last or first)[:3])
            days += [DAYS[(start + n) % 7] for n in range((end - start) % 7 + 1)]
        else:
            hint = "write mon, mon-fri, working (a working day), off (any other day) or holiday"
            raise BadValue(f"{item!r} is no day", hint)
    return days


def read_time(text: object) -> object:
    """A point of time as ISO 8601 writes it; without an offset it is in the zone of ringfence.yaml."""
    try:
        return datetime.fromisoformat(str(text))
    except ValueError as error:
        raise BadValue(f"{text!r} is no point of time", "write one such as 2026-11-24T22:10+08:00") from error


def read_attestation(value: object) -> object:
    """A, B, C, none or failed, in small letters or large."""
    if isinstance(value, str):
        return value.upper() if len(value) == 1 else value.lower()
    return value


def read_name(text: object) -> object:
    """The name of a rule, list or condition, fit for a header field."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", str(text)):
        raise BadValue(f"{text!r} is no name", "write letters, digits, - _ and ., 64 at most")
    return text


def read_lack(value: object) -> object:
    """``true``: the fact must be lacking; to ask for its presence, the condition itself is enough."""
    if str(value).lower() != "true":
        raise BadValue(f"{value!r} cannot stand here", "write missing: true, or leave it out")
    return True


def read_mask(value: object) -> object:
    """Is the caller's number hidden?"""
    if str(value).lower() not in ("true", "false"):
        raise BadValue(f"{value!r} cannot stand here", "write mask: true, or leave it out")
    return str(value).lower() == "true"


def read_version(value: object) -> object:
    """The version of the language: there is one so far."""
    if str(value) != "1":
        raise BadValue(f"version {value!r} of the rule language is not known", "write version: 1")
    return 1


def read_countries(value: object) -> object:
    """Countries in capitals; the two words that compare with the trunk's country stay as they are."""
    words = _country_words(value)
    for word in words:
        if word not in ("trunk", "not-trunk"):
            known_country(word)
    return words


def read_countries_or_stored(value: object, info: ValidationInfo) -> object:
    """The same; a text that was live once may name what is no country."""
    return _country_words(value) if info.context and info.context.get("stored") else read_countries(value)


def _country_words(value: object) -> list[str]:
    items = value if isinstance(value, list) else [value]
    words = [str(item).lower() if len(str(item)) > 2 else str(item).upper() for item in items]
    for word in words:
        if word not in ("trunk", "not-trunk") and not re.fullmatch("[A-Z]{2}", word):
            raise BadValue(f"{word!r} is no country", "write CN, trunk (the trunk's own) or not-trunk (any other)")
    return words

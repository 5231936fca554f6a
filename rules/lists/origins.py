"""Where an entry of a list comes from, until when it counts, and what qualifies an organisation's allow entry."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from math import inf
from typing import Any
from zoneinfo import ZoneInfo

from rules.lists.admission import EntryError
from rules.settings.screening import ListSettings
from rules.storage.statements import columns_of, places, sql
from rules.texts.worded import worded

DAY_S = 86_400.0
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)")

# The columns of table origin in the order of Origin.row() and of _origin(), created and import_id apart.
_COLUMNS = (
    *("source", "reason", "author", "expires", "evidence", "note", "trunks"),
    *("licence", "document", "purpose", "hours", "review", "owner", "approver"),
)
CONTENT = columns_of(_COLUMNS)
COLUMNS = columns_of((*_COLUMNS, "created", "import_id"), "o")
INSERT = sql(
    "insert into origin ({content}, created, import_id, id) values ({values})",
    content=CONTENT,
    values=places(len(_COLUMNS) + 3),
)


@dataclass(frozen=True, slots=True)
class Qualification:
    """What an organisation showed before its calls were let through, and who looked at it."""

    licence: str = ""
    document: str = ""  # hash of the document
    purpose: str = ""
    hours: str = ""  # 09:00-18:00, wall clock of the configured zone; empty: all day
    review: float | None = None  # seconds since the epoch; from then on the entry is off
    owner: str = ""
    approver: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry comes from and how long it counts."""

    source: str = "operator"
    reason: str = ""
    author: str = ""
    expires: float | None = None  # seconds since the epoch; None: the list's default, infinity: never
    evidence: str = ""
    note: str = ""
    trunks: tuple[str, ...] = ()  # the only trunks on which an allow entry passes calls; empty: all
    qualification: Qualification | None = None

    def row(self) -> tuple[Any, ...]:
        """Its columns."""
        q = self.qualification or UNQUALIFIED
        return (
            *(self.source, self.reason, self.author, self.expires, self.evidence, self.note, " ".join(self.trunks)),
            *(q.licence, q.document, q.purpose, q.hours, q.review, q.owner, q.approver),
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it stands in a list."""

    list: str
    text: str  # +8613800138000, +86138*, +8613800000000-+8613899999999
    origin: Origin
    created: float
    import_id: int | None = None
    exceptions: tuple[str, ...] = ()  # what an allow prefix leaves out
    reach: int = field(default=1, compare=False)  # numbers of the plan that it covers; told when it is added
    overruled: int = field(default=0, compare=False)  # blocks made useless by it; told when it is added
    overrules: tuple[str, ...] = field(default=(), compare=False)  # the first few of them
    sealed: tuple[str, ...] = field(default=(), compare=False)  # numbers that it does not pass while they are sealed
    suspended: str = field(default="", compare=False)  # by which seal it counts for nothing
    before: Origin | None = field(default=None, compare=False)  # what stood there when it was added again
    changed: tuple[str, ...] = field(default=(), compare=False)  # and what of that is different now
    cut: tuple[str, ...] = field(default=(), compare=False)  # allow entries that leave it out from now on

    def off(self, now: float) -> str:
        """Why the entry does not count at this moment; empty when it does."""
        q = self.origin.qualification
        if self.origin.expires is not None and self.origin.expires <= now:
            return worded("expired")
        if q is not None and q.review is not None and q.review <= now:
            return worded("review date has passed")
        return self.suspended


OPERATOR = Origin()
BY_RULE = "rule"  # where an entry comes from on which a rule holds its caller; its author is the rule
UNQUALIFIED = Qualification()
NEVER = inf


def merged(stands: Origin, given: Origin, now: float) -> Origin:
    """What stands, with what is given in its place. An end that has passed is not kept: it would be off at once."""
    kept = stands.qualification or UNQUALIFIED
    if kept.review is not None and kept.review <= now:
        kept = replace(kept, review=None)
    shown = _given_in_place(kept, given.qualification or UNQUALIFIED)
    expires = given.expires
    if expires is None and stands.expires is None:
        expires = NEVER
    elif expires is None and stands.expires is not None and stands.expires > now:
        expires = stands.expires
    source = stands.source if given.source == OPERATOR.source else given.source
    found: Origin = _given_in_place(stands, replace(given, source=source))
    return replace(found, expires=expires, qualification=None if shown == UNQUALIFIED else shown)


def settled(origin: Origin, now: float, days: int | None) -> Origin:
    """With the end that the list gives to what has none of its own."""
    if origin.expires == NEVER:
        return replace(origin, expires=None)
    if origin.expires is None and days is not None:
        return replace(origin, expires=now + days * DAY_S)
    return origin


def _given_in_place(stands: Any, given: Any) -> Any:
    """Each field that is given, else the one that stands."""
    return replace(stands, **{f.name: value for f in fields(given) if (value := getattr(given, f.name))})


def differences(stands: Origin, other: Origin) -> tuple[str, ...]:
    """In which columns they differ; who wrote them is none."""
    pairs = zip(_COLUMNS, stands.row(), other.row(), strict=True)
    return tuple(name for name, old, new in pairs if name != "author" and old != new)


def entry_of(name: str, text: str, *row: Any, exceptions: tuple[str, ...] = ()) -> Entry:
    """An entry from the columns COLUMNS."""
    *content, created, import_id = row
    return Entry(name, text, origin_of(content), created, import_id, exceptions)


def origin_of(row: Sequence[Any]) -> Origin:
    """An origin from the columns CONTENT."""
    source, reason, author, expires, evidence, note, trunks, *qualified = row
    qualification = Qualification(*qualified)
    return Origin(
        *(source, reason, author, expires, evidence, note, tuple(trunks.split())),
        qualification=None if qualification == UNQUALIFIED else qualification,
    )


def check_qualification(text: str, origin: Origin, policy: ListSettings, now: float) -> None:
    """Refuse an allow entry whose qualification is not whole or too long, or that its author approved himself."""
    q = origin.qualification
    if q is None:
        if policy.qualified:
            raise EntryError(
                "unqualified", f"{_said_of(text)}this list wants licence, document, purpose, review, owner and approver"
            )
        return
    if q.hours:
        read_hours(q.hours)
    wanted = ("licence", "document", "purpose", "review", "owner", "approver")
    missing = [name for name in wanted if not getattr(q, name)]
    if missing:
        raise EntryError("unqualified", f"{_said_of(text)}the qualification lacks {', '.join(missing)}")
    if q.approver.strip().casefold() == origin.author.strip().casefold():
        raise EntryError("self-approved", f"{_said_of(text)}{q.approver} cannot approve an entry of his or her own")
    if (
        policy.qualified and q.review is not None and q.review > now + (policy.review_days + 1) * DAY_S
    ):  # a day has an end
        raise EntryError(
            "review-late", f"{_said_of(text)}its review is due in more than {policy.review_days} days (review_days)"
        )


def _said_of(text: str) -> str:
    """The entry that something is said of; nothing where its row is named anyway."""
    return f"{text!r}: " if text else ""


def refuse_limits(text: str, origin: Origin, kind: str, trunks: Collection[str] | None) -> None:
    """Refuse trunks and hours where they limit nothing, and unknown trunks: who gives them counts on them."""
    q = origin.qualification
    if trunks is not None and (unknown := [name for name in origin.trunks if name not in trunks]):
        known = ", ".join(sorted(trunks)) or "none"
        raise EntryError(
            "no-such-trunk",
            f"{_said_of(text)}no trunk is named {', '.join(unknown)}; there are {known} (several with a blank between)",
        )
    if kind != "allow" and (origin.trunks or (q is not None and q.hours)):
        raise EntryError(
            "allow-only",
            f"{_said_of(text)}only entries of allow lists have trunks and hours; here it would count everywhere",
        )


def refuse_past(text: str, origin: Origin, now: float) -> None:
    """Refuse an entry that would be off from its first moment."""
    q = origin.qualification
    if origin.expires is not None and origin.expires <= now:
        raise EntryError("expired", f"{_said_of(text)}it would have expired already")
    if q is not None and q.review is not None and q.review <= now:
        raise EntryError("review-passed", f"{_said_of(text)}its review date would have passed already; it would be off")


def read_hours(text: str) -> tuple[int, int]:
    """``09:00-18:00`` as minutes of the day, start in, end out; a window may reach across midnight."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise EntryError("not-hours", f"{text!r} is no span of hours; write 09:00-18:00")
    start, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if start == end or end > 1440:
        raise EntryError("not-hours", f"{text!r}: the ends are equal or beyond 24:00; leave the hours out for all day")
    return start, end


def within(hours: tuple[int, int], minute: int) -> bool:
    """Does a minute of the day lie within these hours?"""
    start, end = hours
    return start <= minute < end if start < end else minute >= start or minute < end


_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(.+))?")


def read_end(text: str, zone: str) -> float:
    """Seconds since the epoch of ``2026-12-31``, ``2026/12/31``, ``2026年12月31日``, perhaps with a time and an offset.

    A day stands for its end, as whoever writes "valid until" means it; what has no offset is wall clock of the zone.
    """
    match = _DAY.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError
        year, month, day, rest = match.groups()
        found = datetime.fromisoformat(f"{year}-{month:>02}-{day:>02}" + (f"T{rest.rjust(5, '0')}" if rest else ""))
        if not rest and found.year < datetime.max.year:  # the last day of the calendar, which some write for ever
            found += timedelta(days=1)
    except ValueError as error:
        raise EntryError("not-a-time", f"{text!r} is no time; write 2026-12-31 or 2026-12-31T18:00:00+08:00") from error
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).timestamp()

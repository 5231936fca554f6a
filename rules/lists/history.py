"""How the entries came that covered a number, and how they went: every period that one stood as it was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from rules.lists.conflicts import in_holes, read_holes
from rules.lists.editing import Lists
from rules.lists.origins import COLUMNS, Entry, entry_of
from rules.model import Fired
from rules.numbering.intervals import digits_of, encode
from rules.storage.statements import sql
from rules.texts.worded import worded

_ENDED = sql("d.id, d.at, d.how, d.author, d.reason, d.import_id, u.at, u.author, u.reason")
_JOINS = sql(
    "join list l on l.id = p.list join origin o on o.id = p.origin join ending d on d.id = p.ending "
    "left join ending u on u.import_id = d.import_id and u.how = 'undo' and d.how = 'import'"
)
_STANDS = sql("null, null, null, null, null, null, null, null, null")
_QUERY = sql(
    """
select l.name, null, '', o.id, {ended}, {columns} from past p {joins} where p.code = ?1
union all
select l.name, p.text, p.holes, o.id, {ended}, {columns} from past_wide p {joins}
 where p.start <= ?1 and p.stop >= ?1 and p.places in (0, ?2)
union all
select l.name, null, '', o.id, {stands}, {columns} from exact e join list l on l.id = e.list
  join origin o on o.id = e.origin where e.code = ?1
union all
select l.name, w.text, w.holes, o.id, {stands}, {columns} from span s join wide w on w.id = s.wide
  join list l on l.id = w.list join origin o on o.id = w.origin where s.start =
  (select start from span where start <= ?1 order by start desc limit 1) and w.stop >= ?1 and w.places in (0, ?2)
""",
    ended=_ENDED,
    columns=COLUMNS,
    joins=_JOINS,
    stands=_STANDS,
)


_SEEN_WITHIN_S = 1.0  # calls are judged by a change that late


class Period(NamedTuple):
    """An entry as it stood for a while."""

    entry: Entry
    since: float  # seconds since the epoch; later than it was first added when an undo put it back
    begun_by: str  # who added it, or undid that import
    undone: int | None  # the import that had ended it and was undone; None: it was added
    until: float | None  # None: it stands
    how: str  # it ended: changed, removed, import, undo, release; empty while it stands
    author: str  # who ended it
    reason: str
    import_id: int | None  # that ended it, or whose undoing did
    begun_why: str = ""  # why that import was undone

    def stood(self, at: float) -> bool:
        """Did it stand at this moment?"""
        return self.since <= at and (self.until is None or at < self.until)


class Happening(NamedTuple):
    """Something that befell an entry."""

    at: float
    list: str
    entry: str
    what: str
    author: str
    reason: str
    source: str


async def periods(lists: Lists, canonical: str) -> list[Period]:
    """Every period of every entry that covers the number or did, as far back as is kept, by list, entry and time."""
    code = encode(canonical)
    if code is None:
        return []
    rows: Sequence[Any] = list(await lists.store.connection.execute_fetchall(_QUERY, (code, len(digits_of(canonical)))))
    rows = [row for row in rows if not in_holes(row[2], code)]
    # Endings are numbered in the order in which they were written; clocks may have been set back.
    rows.sort(key=lambda row: (row[0], row[1] or "", row[4] is None, row[4]))
    found: list[Period] = []
    for (_name, _text), group in groupby(rows, key=lambda row: (row[0], row[1])):
        found += _in_order(list(group), canonical)
    return found


def _in_order(rows: list[Any], canonical: str) -> Iterator[Period]:
    """The periods of one entry. What had its origin before was put back: each adding makes an origin of its own."""
    ended: dict[int, Any] = {}  # by origin
    before: Any = None
    for row in rows:
        name, text, holes, origin, _, until, how, author, reason, import_id, _, _, _, *columns = row
        entry = entry_of(name, text or canonical, *columns, exceptions=read_holes(holes))
        since, begun_by, undone, begun_why = entry.created, entry.origin.author, None, ""
        if origin in ended:  # only the undoing of the import that ended it can have put it back
            undone, since, begun_by, begun_why = ended[origin][9:13]
            if before is not None and before[6] == "undo":  # what had stood between was undone, perhaps later
                undone, since, begun_by, begun_why = before[9], before[5], before[7], before[8]
        ended[origin] = before = row
        yield Period(entry, since, begun_by, undone, until, how or "", author or "", reason or "", import_id, begun_why)


async def stood_behind(lists: Lists, callers: Iterable[str], fired: Sequence[Fired], at: float) -> list[Period]:
    """The entries as they stood that took part in a call judged at this moment, by what its record says fired."""
    named = {(one.name, one.entry) for one in fired}
    behind: dict[tuple[str, str], Period] = {}
    for caller in callers:
        for one in await periods(lists, caller):
            key = (one.entry.list, one.entry.text)
            if key in named and one.since <= at and (one.until is None or at < one.until + _SEEN_WITHIN_S):
                behind[key] = one  # the latest: the one before was just seen to end
    return list(behind.values())


async def happenings(lists: Lists, canonical: str) -> list[Happening]:
    """What befell the entries that cover a number or did, and the seals on it, in the order in which it happened."""
    now, found = lists.now(), await periods(lists, canonical)
    events = [*_comings_and_goings(found, now)]
    query = (
        "select id, case_id, sealed, author, reason, released, release_author, release_reason from seal "
        "where code = ? order by id"
    )
    for seal in await lists.store.connection.execute_fetchall(query, (encode(canonical),)):
        for one in found:
            policy = lists.settings.get(one.entry.list)
            if policy is not None and policy.kind == "allow" and not policy.shared:
                events += _under_a_seal(one, _Seal(*seal))
    return sorted(events, key=lambda event: event.at)


def _comings_and_goings(found: list[Period], now: float) -> Iterator[Happening]:
    before: Period | None = None
    for place, one in enumerate(found):
        entry, origin = one.entry, one.entry.origin
        key = (entry.list, entry.text)
        if before is not None and (before.entry.list, before.entry.text) != key:
            before = None
        imported = entry.import_id is not None
        if one.undone is not None:
            what = worded("put back by the undoing of import %(n)s", n=one.undone)
            yield Happening(one.since, *key, what, one.begun_by, one.begun_why, origin.source)
        else:
            what = worded("changed") if before is not None and _replaced(before, one) else worded("added")
            if imported:
                what = worded("%(what)s by import %(n)s", what=what, n=entry.import_id)
            yield Happening(one.since, *key, what, origin.author, origin.reason, origin.source)
        end = now if one.until is None else one.until
        if origin.expires is not None and origin.expires <= end:
            yield Happening(origin.expires, *key, worded("expired"), "", "", origin.source)
        after = found[place + 1] if place + 1 < len(found) else None
        if after is not None and (after.entry.list, after.entry.text) != key:
            after = None
        if one.until is not None and not (after is not None and _replaced(one, after)):
            yield Happening(one.until, *key, _went(one), one.author, one.reason, origin.source)
        before = one


def _replaced(one: Period, after: Period) -> bool:
    """Did the next period begin with what ended this one?"""
    if one.how == "import":
        return after.undone is None and after.entry.import_id == one.import_id
    return one.how == "changed" or (one.how == "undo" and after.undone == one.import_id)


def _went(one: Period) -> str:
    return {
        "import": worded("removed by import %(n)s", n=one.import_id),
        "undo": worded("removed by the undoing of import %(n)s", n=one.import_id),
        "release": worded("removed by the release of its seal"),
    }.get(one.how, worded("removed"))


class _Seal(NamedTuple):
    """A seal as it lies in the database, in the order of its columns there."""

    id: int
    case: int
    sealed: float
    author: str
    reason: str
    released: float | None
    release_author: str
    release_reason: str


def _under_a_seal(one: Period, seal: _Seal) -> Iterator[Happening]:
    """What a seal did to an allow entry of the operator's."""
    begins, entry = max(one.since, seal.sealed), one.entry
    ends = min(end for end in (one.until, seal.released, float("inf")) if end is not None)
    if begins >= ends:
        return
    key, source = (entry.list, entry.text), entry.origin.source
    what = worded("suspended by seal %(seal)s (case %(case)s)", seal=seal.id, case=seal.case)
    yield Happening(begins, *key, what, seal.author, seal.reason, source)
    if ends == seal.released:
        what = worded("passes again, seal %(seal)s was released", seal=seal.id)
        yield Happening(ends, *key, what, seal.release_author, seal.release_reason, source)

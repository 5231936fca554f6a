"""Where entries meet: what a block must not cover, what an allow entry leaves out or overrules, how many may nest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

from rules.lists.admission import AGAINST_CALLERS, EntryError, read_entry
from rules.lists.origins import COLUMNS, Origin, entry_of
from rules.numbering.intervals import PLACES, Interval, decode, digits_of, interval_of
from rules.numbering.reach import reach
from rules.settings.screening import ListSettings
from rules.storage.statements import quoted, sql
from rules.storage.store import Connection

_MOST_HOLES = 100
NAMED = 20  # useless blocks named one by one; all are counted
# Of its origin: an allow entry for some trunks leaves blocks to act on all others.
UNLIMITED = sql("o.trunks = ''")
AGAINST = sql("l.kind in ({kinds}) and l.configured", kinds=quoted(sorted(AGAINST_CALLERS - {"sealed"})))
_ON_LIST = sql("exact e join list l on l.id = e.list where e.code between ?1 and ?2 and {against}", against=AGAINST)
_OF_LENGTH = sql("{on_list} and (?3 = 0 or (e.code % ?3 = 0 and e.code % ?4 <> 0))", on_list=_ON_LIST)
_COUNT_AGAINST = sql("select count(*) from {of_length}", of_length=_OF_LENGTH)
_EXACT_AGAINST = sql("select e.code, l.name from {of_length} order by e.code, l.name limit ?5", of_length=_OF_LENGTH)
_WIDE_AGAINST = sql(
    "select w.list, l.name, w.start, w.stop, w.places, w.text from wide w join list l on l.id = w.list "
    "where w.start between ?1 and ?2 and w.stop <= ?2 and {against} order by w.start, l.name",
    against=AGAINST,
)


def refuse_wide(interval: Interval, kind: str) -> None:
    """Refuse to block or suspect a whole range unless a person says so after reading what it hits."""
    if kind in AGAINST_CALLERS and not interval.exact:
        what = "make suspect" if kind == "suspect" else "stop"
        raise EntryError(
            "wide",
            f"{interval.text} would {what} {reach(interval):,} numbers of the plan; say --range if that is meant",
        )


def holes_of(interval: Interval, exceptions: tuple[str, ...], kind: str, country: str) -> tuple[Interval, ...]:
    """What an allow prefix or range leaves out, each of it inside."""
    if not exceptions:
        return ()
    if kind != "allow" or interval.exact:
        raise EntryError("no-exceptions", f"{interval.text}: only a prefix or range of an allow list has exceptions")
    _refuse_many(interval, len(exceptions))
    policy = ListSettings(kind="plain", min_length=1)
    holes = [read_entry(text, policy, country=country) for text in exceptions]
    for hole in holes:
        if not interval.start <= hole.start <= hole.stop <= interval.stop:
            raise EntryError("outside", f"the exception {hole.text} does not lie in {interval.text}")
    return tuple(sorted(holes))


def with_holes(interval: Interval, stood: tuple[str, ...], more: Iterable[Interval]) -> tuple[Interval, ...]:
    """What an allow entry that stands leaves out once more is left out: a hole closes only with its entry.

    Somebody may have made it so that a block acts (`--force`): whoever adds another does not know of it.
    """
    holes = {*map(interval_of, stood), *more}
    _refuse_many(interval, len(holes))
    return tuple(sorted(holes))


def _refuse_many(interval: Interval, holes: int) -> None:
    if holes > _MOST_HOLES:
        raise EntryError("too-many-exceptions", f"{interval.text}: {holes} exceptions; {_MOST_HOLES} at most")


def written_holes(holes: tuple[Interval, ...]) -> str:
    """Holes as the database keeps them: their ends, and how people write them."""
    return " ".join(f"{hole.start}:{hole.stop}:{hole.text}" for hole in holes)


def read_holes(text: str) -> tuple[str, ...]:
    """Holes as people write them."""
    return tuple(hole.split(":", 2)[2] for hole in text.split()) if text else ()


def in_holes(text: str, code: int) -> bool:
    """Does a number lie in one of the holes?"""
    return any(start <= code <= stop for start, stop in ends_of(text))


async def protected(connection: Connection, interval: Interval) -> str:
    """The allow list, or the list of own numbers, that this entry meets; empty for none."""
    query = (
        "select l.name, e.code, '' from exact e join list l on l.id = e.list "
        "where e.code between ?1 and ?2 and l.kind in ('allow', 'own') and l.configured "
        "union all select l.name, null, w.holes from wide w join list l on l.id = w.list "
        "where w.start <= ?2 and w.stop >= ?1 and (w.places = 0 or ?3 in (0, w.places)) "
        "and l.kind in ('allow', 'own') and l.configured"
    )
    async with connection.execute(query, (interval.start, interval.stop, interval.places)) as cursor:
        async for name, code, holes in cursor:
            if code is not None and interval.places not in (0, len(digits_of(decode(code)))):
                continue  # a longer or shorter number between the ends of a range is none of it
            if not (holes and _in_one_hole(ends_of(holes), interval.start, interval.stop)):
                return str(name)
    return ""


async def allowed_wholly(connection: Connection, interval: Interval) -> list[tuple[int, str, str, str, Origin]]:
    """The operator's allow entries that cover all of an entry, so that it stops nobody whom they pass.

    Id and name of the list, the entry (empty for the number itself), its exceptions and its origin.
    """
    query = sql(
        "select l.id, l.name, '', '', {columns} from exact e join list l on l.id = e.list "
        "join origin o on o.id = e.origin where ?1 = ?2 and e.code = ?1 and l.kind = 'allow' and l.configured "
        "and not l.shared union all select l.id, l.name, w.text, w.holes, {columns} from wide w "
        "join list l on l.id = w.list join origin o on o.id = w.origin where w.start <= ?1 and w.stop >= ?2 "
        "and w.places in (0, ?3) and l.kind = 'allow' and l.configured and not l.shared",
        columns=COLUMNS,
    )
    values = (interval.start, interval.stop, interval.places)
    return [
        (list_id, name, text, holes, entry_of(name, text, *columns).origin)
        for list_id, name, text, holes, *columns in await connection.execute_fetchall(query, values)
        if not _in_one_hole(ends_of(holes), interval.start, interval.stop)
    ]


class Overruled(NamedTuple):
    """Entries against callers that an allow entry makes useless."""

    entries: int = 0
    named: tuple[str, ...] = ()  # the first few


async def overruled(connection: Connection, allowed: Iterable[tuple[Interval, str]]) -> Overruled:
    """Entries against callers that lie wholly in one of these (prefix or range, its holes), each counted once."""
    found, named = 0, list[str]()
    wides: set[tuple[int, int, int, int]] = set()
    allowed = list(allowed)
    for interval, holes in allowed:
        ends = ends_of(holes)
        async with connection.execute(_WIDE_AGAINST, (interval.start, interval.stop)) as cursor:
            async for list_id, name, start, stop, places, text in cursor:
                key = (list_id, start, stop, places)
                if key in wides or interval.places not in (0, places) or _in_a_hole(ends, start, stop):
                    continue
                wides.add(key)
                if len(named) < NAMED:
                    named.append(f"{text} on {name}")
    numbers: list[str] = []
    for piece in covered(allowed):
        rows = list(await connection.execute_fetchall(_COUNT_AGAINST, piece))
        found += rows[0][0]
        if rows[0][0] and len(numbers) < NAMED:
            first = await connection.execute_fetchall(_EXACT_AGAINST, (*piece, NAMED - len(numbers)))
            numbers += [f"{decode(code)} on {name}" for code, name in first]
    return Overruled(found + len(wides), tuple((numbers + named)[:NAMED]))


def covered(allowed: Iterable[tuple[Interval, str]]) -> list[tuple[int, int, int, int]]:
    """What prefixes and ranges cover without their holes, no number twice: first code, last code, and `divisors`."""
    pieces: dict[int, list[tuple[int, int]]] = {}
    for interval, holes in allowed:
        pieces.setdefault(interval.places, []).extend(outside(interval.start, interval.stop, ends_of(holes)))
    anything = united(pieces.pop(0, []))
    starts, stops = [start for start, _ in anything], [stop for _, stop in anything]
    found = [(start, stop, 0, 0) for start, stop in anything]
    for places, some in pieces.items():
        for start, stop in united(some):
            near = anything[bisect_left(stops, start) : bisect_right(starts, stop)]
            found += [(*left, *divisors(places)) for left in outside(start, stop, near)]
    return sorted(found)


def divisors(places: int) -> tuple[int, int]:
    """The codes of numbers of so many digits are the multiples of the first that are none of the second."""
    return 11 ** (PLACES - places), 11 ** (PLACES - places + 1)  # see `intervals`: what is missing at the end is 0


def outside(start: int, stop: int, holes: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of an interval without its holes."""
    left = []
    for first, last in united(holes):
        if start < first:
            left.append((start, min(first - 1, stop)))
        start = max(start, last + 1)
    return [*left, (start, stop)] if start <= stop else left


def united(intervals: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same codes in intervals that have none in common."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(intervals):
        if found and start <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(stop, found[-1][1])
        else:
            found.append((start, stop))
    return found


def ends_of(holes: str) -> list[tuple[int, int]]:
    """First and last code of each hole."""
    return [(int(start), int(stop)) for start, stop, _ in (hole.split(":", 2) for hole in holes.split())]


def _in_a_hole(holes: list[tuple[int, int]], start: int, stop: int) -> bool:
    """Does a part of it lie in a hole? There the block still acts."""
    return any(first <= stop and start <= last for first, last in holes)


def _in_one_hole(holes: list[tuple[int, int]], start: int, stop: int) -> bool:
    return any(first <= start and stop <= last for first, last in holes)


MOST_NESTED = 200  # of all lists together; prefixes alone nest 15 deep on a list
MOST_ROWS = 10_000_000  # that one file may write; a million prefixes three deep are three million
_TOO_DEEP = (
    "select w.text, n.depth from (select start, count(*) as depth from span where start between ?1 and ?2 "
    "group by start having depth > ?3 limit 1) n join wide w on w.start = n.start limit 1"
)


def refuse_nested_rows(intervals: Iterable[Interval]) -> None:
    """Refuse a file whose prefixes and ranges lie in each other so deep that writing them would take for ever.

    One pass in the order of their starts; a heap of stops tells how many are open.
    """
    open_stops: list[int] = []
    rows = 0
    for interval in sorted(intervals, key=lambda one: (one.start, -one.stop)):
        while open_stops and open_stops[0] < interval.start:
            heappop(open_stops)
        heappush(open_stops, interval.stop)
        rows += len(open_stops)
        if len(open_stops) > MOST_NESTED:
            raise _nested(interval.text, len(open_stops))
        if rows > MOST_ROWS:
            raise EntryError(
                "nested", f"{interval.text}: the prefixes and ranges of this file overlap too often; import it in parts"
            )


async def refuse_nested(connection: Connection, start: int, stop: int) -> None:
    """Refuse what was just written between two codes when too many entries cover one number now."""
    rows = await connection.execute_fetchall(_TOO_DEEP, (start, stop, MOST_NESTED))
    for text, depth in rows:
        raise _nested(text, depth)


def _nested(text: str, depth: int) -> EntryError:
    return EntryError(
        "nested",
        f"{depth} prefixes and ranges would cover the numbers at {text}; {MOST_NESTED} at most, of all lists together: "
        "take those off that a wider one covers as well",
    )

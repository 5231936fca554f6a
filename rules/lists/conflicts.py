"""Where entries meet: what a block must not cover, what an allow entry leaves out, which blocks it overrules."""

from __future__ import annotations

from rules.lists.admission import AGAINST_CALLERS, EntryError, read_entry
from rules.numbering.intervals import Interval, decode
from rules.numbering.reach import reach
from rules.settings import ListSettings
from rules.store import Connection

REJECTING = frozenset({"block", "sealed", "do-not-originate"})
_MOST_HOLES = 100
_NAMED = 100  # useless blocks named one by one


def refuse_wide(interval: Interval, kind: str) -> None:
    """Refuse to block a whole range unless a person says so after reading what it hits."""
    if kind in REJECTING and not interval.exact:
        raise EntryError(
            "wide",
            f"{interval.text} would stop {reach(interval):,} numbers of the plan; say --range if that is meant",
        )


def holes_of(interval: Interval, exceptions: tuple[str, ...], kind: str, country: str) -> tuple[Interval, ...]:
    """What an allow prefix or range leaves out, each of it inside."""
    if not exceptions:
        return ()
    if kind != "allow" or interval.exact:
        raise EntryError("no-exceptions", f"{interval.text}: only a prefix or range of an allow list has exceptions")
    if len(exceptions) > _MOST_HOLES:
        raise EntryError("too-many-exceptions", f"{interval.text}: {len(exceptions)} exceptions; {_MOST_HOLES} at most")
    policy = ListSettings(kind="plain", min_length=1)
    holes = [read_entry(text, policy, country=country) for text in exceptions]
    for hole in holes:
        if not interval.start <= hole.start <= hole.stop <= interval.stop:
            raise EntryError("outside", f"the exception {hole.text} does not lie in {interval.text}")
    return tuple(sorted(holes))


def written_holes(holes: tuple[Interval, ...]) -> str:
    """Holes as the database keeps them: their ends, and how people write them."""
    return " ".join(f"{hole.start}:{hole.stop}:{hole.text}" for hole in holes)


def read_holes(text: str) -> tuple[str, ...]:
    """Holes as people write them."""
    return tuple(hole.split(":", 2)[2] for hole in text.split()) if text else ()


def in_holes(text: str, code: int) -> bool:
    """Does a number lie in one of the holes?"""
    for hole in text.split():
        start, stop, _ = hole.split(":", 2)
        if int(start) <= code <= int(stop):
            return True
    return False


async def protected(connection: Connection, interval: Interval) -> str:
    """The allow list, or the list of own numbers, that this entry meets; empty for none."""
    query = (
        "select l.name, '', 0 from exact e join list l on l.id = e.list "
        "where e.code between ?1 and ?2 and l.kind in ('allow', 'own') and l.configured "
        "union all select l.name, w.holes, 1 from wide w join list l on l.id = w.list "
        "where w.start <= ?2 and w.stop >= ?1 and l.kind in ('allow', 'own') and l.configured"
    )
    async with connection.execute(query, (interval.start, interval.stop)) as cursor:
        async for name, holes, _ in cursor:
            if not (holes and _in_one_hole(holes, interval)):
                return str(name)
    return ""


def _in_one_hole(text: str, interval: Interval) -> bool:
    ends = [hole.split(":", 2) for hole in text.split()]
    return any(int(start) <= interval.start and interval.stop <= int(stop) for start, stop, _ in ends)


async def overruled(connection: Connection, interval: Interval, holes: tuple[Interval, ...]) -> tuple[str, ...]:
    """Entries against callers that lie wholly in an allow entry, so that they no longer do anything."""
    kinds = ", ".join(f"'{kind}'" for kind in sorted(AGAINST_CALLERS - {"sealed"}))
    query = (
        f"select l.name, e.code, e.code, null from exact e join list l on l.id = e.list "  # noqa: S608 - own words only
        f"where e.code between ?1 and ?2 and l.kind in ({kinds}) and l.configured union all "
        f"select l.name, w.start, w.stop, w.text from wide w join list l on l.id = w.list "
        f"where w.start >= ?1 and w.stop <= ?2 and l.kind in ({kinds}) and l.configured"
    )
    found = []
    async with connection.execute(query, (interval.start, interval.stop)) as cursor:
        async for name, start, stop, text in cursor:
            if any(hole.start <= start and stop <= hole.stop for hole in holes):
                continue
            found.append(f"{text or decode(start)} on {name}")
            if len(found) == _NAMED:
                break
    return tuple(found)

"""What our own lists and ledger say against what a partner lists: it waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from rules.lists.conflicts import protected
from rules.lists.holding import overlap
from rules.lists.ledger import holders_of
from rules.numbering.intervals import interval_of
from rules.sharing.entries import SharedEntry
from rules.storage.store import Connection, Store

# Whoever says so says that nobody calls from there. That a holder's number is a nuisance contradicts nothing.
_OF_NOBODY = frozenset({"do-not-originate", "forged"})
_OWN = (
    "select code, code from exact e join list l on l.id = e.list where l.kind = 'own' and l.configured "
    "union all select start, stop from wide w join list l on l.id = w.list where l.kind = 'own' and l.configured"
)
_OURS = (
    "select code, code from exact e join list l on l.id = e.list where l.kind in ('allow', 'own') and l.configured "
    "union all select start, stop from wide w join list l on l.id = w.list where l.kind in ('allow', 'own') "
    "and l.configured"
)


async def own_numbers(store: Store) -> Callable[[int, int], bool]:
    """Does something from one code to another meet numbers of ours?"""
    rows = await store.connection.execute_fetchall(_OWN)
    return overlap(sorted((row[0], row[1]) for row in rows))


def claimed(entries: Iterable[SharedEntry], ours: Callable[[int, int], bool]) -> str:
    """A prefix or range that covers numbers of ours; empty for none. One number of ours alone waits for a person."""
    for one in entries:
        if one.number.endswith("*") or ".." in one.number:
            interval = interval_of(one.number)
            if ours(interval.start, interval.stop):
                return one.number
    return ""


async def contradicted(store: Store, entries: Iterable[SharedEntry], now: float) -> dict[str, str]:
    """The numbers that something of ours speaks for, with what that is."""
    connection: Connection = store.connection
    rows = await connection.execute_fetchall(_OURS)
    ours = overlap(sorted((row[0], row[1]) for row in rows))
    codes = await connection.execute_fetchall("select start, stop from code where holder <> ''")
    held = overlap(sorted((row[0], row[1]) for row in codes))
    found: dict[str, str] = {}
    for one in entries:
        interval = interval_of(one.number)
        if ours(interval.start, interval.stop) and (name := await protected(connection, interval)):
            found[one.number] = f"it stands on {name}"
        elif (one.reason in _OF_NOBODY or not interval.exact) and held(interval.start, interval.stop):
            holders = await holders_of(store, interval, now)
            if holders:
                found[one.number] = f"{holders[0].holder} holds {holders[0].text}"
    return found

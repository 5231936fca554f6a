"""How many prefixes and ranges may cover one number: the look-up reads them all, and each is written at each start."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush

from rules.lists.admission import EntryError
from rules.numbering.intervals import Interval
from rules.storage.store import Connection

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

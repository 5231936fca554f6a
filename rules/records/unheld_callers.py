"""Codes that nobody holds and that were seen calling: by the records of calls, and by the ledger as it stands now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from rules.lists.ledger import complete_beginnings, unheld_among
from rules.records.retention import range_of
from rules.storage.statements import joined, sql
from rules.storage.store import Store

_AT_ONCE = 20_000
_HEAD = 5  # characters that a caller and a complete beginning have in common


class UnheldCaller(NamedTuple):
    """A code out of which somebody calls although nobody holds it."""

    code: str  # CN:95012, +861701
    calls: int
    rang: int
    numbers: int  # different ones
    first: float
    last: float
    trunks: str  # on which they came


@dataclass(slots=True)
class _Sum:
    calls: int = 0
    rang: int = 0
    numbers: set[str] = field(default_factory=set)
    first: float = float("inf")
    last: float = 0.0
    trunks: set[str] = field(default_factory=set)


async def unheld_callers(lists: Store, decisions: Store, *, since: float, limit: int = 50) -> list[UnheldCaller]:
    """Those of the calls since then, the ones with most calls first.

    Who holds a code by now is not among them, whatever the ledger said when the call came.
    """
    heads = {one.text.partition("..")[0].rstrip("*")[:_HEAD] for one in await complete_beginnings(lists)}
    if not heads:
        return []
    alike = joined(" or ", [sql("substr(caller, 1, ?) = ?")] * len(heads))
    query = sql(
        "select caller, caller_class, trunk, count(*), sum(coalesce(rang, 0)), min(at), max(at) from decision "
        "where at >= ? and caller <> '' and ({alike}) group by caller, trunk order by caller",
        alike=alike,
    )
    values = [since, *(value for head in sorted(heads) for value in (len(head), head))]
    rows = list(await decisions.connection.execute_fetchall(query, values))
    sums: dict[str, _Sum] = {}
    for at in range(0, len(rows), _AT_ONCE):
        some = rows[at : at + _AT_ONCE]
        unheld = await unheld_among(lists.connection, {row[0] for row in some})
        for caller, kind, trunk, calls, rang, first, last in some:
            if caller in unheld:
                one = sums.setdefault(range_of(caller, kind), _Sum())
                one.calls, one.rang = one.calls + calls, one.rang + rang
                one.first, one.last = min(one.first, first), max(one.last, last)
                one.numbers.add(caller)
                one.trunks.add(trunk)
    found = [
        UnheldCaller(code, one.calls, one.rang, len(one.numbers), one.first, one.last, " ".join(sorted(one.trunks)))
        for code, one in sums.items()
    ]
    return sorted(found, key=lambda one: (-one.calls, one.code))[:limit]

"""Searches the record of decisions in pieces: each asks a bounded number of rows, however rare what is wanted is.

No index beside that of the ids is kept for it: each would cost every call. So a search reads the newest rows, so many
at once, and says how far back it came; who wants more goes on from there.
"""

from __future__ import annotations

from typing import NamedTuple

from rules.records.decisions import Decision, Decisions
from rules.storage.statements import every, sql, wanted

PIECE = 50_000  # rows asked in one go: some ten milliseconds where they lie in memory


class Wanted(NamedTuple):
    """What a decision has to be; nothing where it does not matter."""

    action: str = ""
    trunk: str = ""
    rule: str = ""  # or list
    status: str = ""  # 486, or 4 for all of 400 to 499
    first: str = ""  # canonical caller, or the first of a range
    last: str = ""
    since: float | None = None
    until: float | None = None
    observed: str = ""


class Found(NamedTuple):
    """Some decisions, newest first."""

    decisions: list[Decision]
    further: int | None  # go on before this row; None: nothing is left
    reached: float | None  # every call since then was asked; None: there was none to ask


async def search(decisions: Decisions, what: Wanted, *, before: int | None = None, limit: int = 50) -> Found:
    """The newest decisions that fit, of one piece of the record."""
    connection = decisions.store.connection
    top = before
    if top is None:
        [[newest]] = await connection.execute_fetchall("select coalesce(max(seq), 0) from decision")
        top = newest + 1
    floor = top - PIECE
    conditions, values = wanted({"action": what.action, "trunk": what.trunk, "rule": what.rule})
    for condition, value in (
        (sql("status = ?"), int(what.status) if len(what.status) == 3 else None),
        (sql("status / 100 = ?"), int(what.status) if len(what.status) == 1 else None),
        (sql("caller >= ?"), what.first or None),
        (sql("caller <= ?"), what.last or what.first or None),
        (sql("at >= ?"), what.since),
        (sql("at < ?"), what.until),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if what.observed:
        conditions.append(decisions.OBSERVED)
        values.append(what.observed)
    query = sql(
        "select seq, id from decision where seq < ? and seq >= ? and {conditions} order by seq desc limit ?",
        conditions=every(conditions),
    )
    rows = list(await connection.execute_fetchall(query, (top, floor, *values, limit + 1)))
    shown = await decisions.by_ids([row[1] for row in rows[:limit]])
    if len(rows) > limit:
        return Found(shown, rows[limit][0] + 1, shown[-1].at)
    begun = list(
        await connection.execute_fetchall(
            "select seq, at from decision where seq < ? and seq >= ? order by seq limit 1", (top, floor)
        )
    )
    if not begun:
        return Found(shown, None, None)
    seq, at = begun[0]
    past = what.since is not None and at < what.since
    older = list(await connection.execute_fetchall("select 1 from decision where seq < ? limit 1", (seq,)))
    return Found(shown, seq if older and not past else None, at)

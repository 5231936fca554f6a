"""Which judged call a complaint speaks of: by its decision id, or by who rang whom."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from desk.archive import Archive
from desk.evidence import Tie
from rules.records.decisions import first_decision
from rules.storage.statements import sql

_DAY_S = 86_400.0


class CallRecord(NamedTuple):
    """As much of a decision record as complaints need."""

    decision: str
    at: float
    caller: str
    line: str  # keyed pseudonym of the called number
    trunk: str
    rang: bool
    believed: bool
    diverted: bool = False  # whoever answered was not the line that was called
    emergency: bool = False  # it counts for nothing, and nobody complains about whoever was in need

    @property
    def tie(self) -> Tie:
        """What a complaint about this call weighs like."""
        return Tie.JUDGED if self.believed else Tie.UNTIED


_COLUMNS = sql("id, at, caller, called_key, trunk, coalesce(rang, 0), believed, action = 'divert', step = 'emergency'")
# Neither a diverted call nor an emergency call leaves one.
_SHORT = sql("select id, at, caller, called_key, trunk, 1, believed, 0, 0 from short_record")


async def record_of(archive: Archive, decision: str) -> CallRecord | None:
    """The record of a decision, whole or short, if it is still kept."""
    query = sql(
        "select {columns} from decision where id = ?1 union all {short} where id = ?1", columns=_COLUMNS, short=_SHORT
    )
    rows = list(await archive.decisions.connection.execute_fetchall(query, (decision.strip().lower(),)))
    return _record(rows[0]) if rows else None


async def last_call(archive: Archive, line: str, since: float) -> CallRecord | None:
    """The last call that rang this line."""
    # By the id, which begins with the time: there is no index on lines, it would cost each call a write.
    early = first_decision(since)
    whole = sql(
        "select {columns} from decision where id >= ? and called_key = ? and coalesce(rang, 1) "
        "and caller <> '' and step <> 'emergency' and action <> 'divert' order by id desc limit 1",
        columns=_COLUMNS,
    )
    rows = list(await archive.decisions.connection.execute_fetchall(whole, (early, line)))
    if not rows:
        short = sql("{short} where id >= ? and called_key = ? and caller <> '' order by id desc limit 1", short=_SHORT)
        rows = list(await archive.decisions.connection.execute_fetchall(short, (early, line)))
    return _record(rows[0]) if rows else None


async def find_calls(archive: Archive, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], CallRecord]:
    """For each caller and line the last call between them, as far as the records reach."""
    asked = json.dumps(sorted(set(pairs)))
    query = (
        "select r.decision, r.last, r.caller, r.line, '', 1, r.believed from json_each(?) j "
        "join rang r on r.caller = j.value ->> 0 and r.line = j.value ->> 1"
    )
    rows = await archive.store.connection.execute_fetchall(query, (asked,))
    found = {(row[2], row[3]): _record(row) for row in rows}
    missing = [pair for pair in set(pairs) if pair not in found]
    if missing:
        found |= await _uncounted(archive, missing)
    return found


async def _uncounted(archive: Archive, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], CallRecord]:
    """Calls of the last minutes, which nobody has counted yet."""
    rows = list(await archive.store.connection.execute_fetchall("select seq from progress"))
    query = sql(
        "select {columns} from decision where seq > ? and coalesce(rang, 0) and action <> 'divert' "
        "and step <> 'emergency' "
        "and (caller, called_key) in (select value ->> 0, value ->> 1 from json_each(?)) order by seq",
        columns=_COLUMNS,
    )
    values = (rows[0][0], json.dumps(pairs))
    records = [_record(row) for row in await archive.decisions.connection.execute_fetchall(query, values)]
    return {(record.caller, record.line): record for record in records}


async def rang_lately(archive: Archive, number: str, now: float) -> int:
    """How many subscribers a number rang in the days that evidence looks back to."""
    query = "select count(*) from rang where caller = ? and last >= ?"
    since = now - archive.settings.ring_days * _DAY_S
    rows = list(await archive.store.connection.execute_fetchall(query, (number, since)))
    return int(rows[0][0])


def _record(row: Sequence[object]) -> CallRecord:
    decision, at, caller, line, trunk, *marks = row
    assert isinstance(at, float)
    return CallRecord(str(decision), at, str(caller), str(line), str(trunk), *map(bool, marks))

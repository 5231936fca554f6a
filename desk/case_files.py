"""Cases as they stand in the database: opened by the first complaint, read back, the most pressing first."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from desk.archive import Archive
from desk.arrivals import enter, newest
from desk.deadlines import Clock, clocks_of, start_clocks
from desk.faults import NotFound
from desk.states import COUNTED, OPEN, CaseState, stored
from desk.tallies import CountedUnder, places_of
from rules.model import Number
from rules.storage.statements import Sql, columns_of, quoted, sql
from rules.storage.store import Connection

_NAMES = (
    *("id", "number", "class", "prefix", "code", "holder", "state", "version", "opened", "first_complaint", "verified"),
    *("found_by", "sealed", "seal", "closed", "trunk", "handed_to", "handed_at", "their_reference", "their_answer"),
    *("on_top", "last_step", "last_actor", "last_at"),
)
_COLUMNS = columns_of(_NAMES)
NEVER = 1e18  # when a case is due of which no clock runs: it comes last
_OPEN = quoted(sorted(OPEN))


class CaseFile(NamedTuple):
    """One case."""

    id: int
    number: str
    kind: str
    prefix: str
    code: str
    holder: str
    state: CaseState
    version: int
    opened: float
    first_complaint: float
    verified: float | None
    found_by: str
    sealed: float | None
    seal: int | None
    closed: float | None
    trunk: str
    handed_to: str
    handed_at: float | None
    their_reference: str
    their_answer: str
    on_top: str
    last_step: str
    last_actor: str
    last_at: float

    @property
    def place(self) -> CountedUnder:
        """What its number is counted under."""
        return CountedUnder(self.kind, self.prefix, self.code, self.holder)


class Listed(NamedTuple):
    """A case in the list of the desk."""

    case: CaseFile
    complaints: int  # that count
    due: Clock | None  # the next clock that is not met

    @property
    def turn(self) -> Turn:
        """Where it stands in the list."""
        return Turn(not self.case.on_top, self.due.due if self.due else NEVER, self.case.id)


class Turn(NamedTuple):
    """A place in the list of the desk; the smaller one comes first."""

    ordinary: bool  # not put on top; of an appeal: decided
    due: float
    id: int


_BEGINNING = Turn(False, 0.0, 0)


async def case_of(connection: Connection, case_id: int) -> CaseFile:
    """The case, or NotFound."""
    rows = list(
        await connection.execute_fetchall(
            sql("select {columns} from case_file where id = ?", columns=_COLUMNS), (case_id,)
        )
    )
    if not rows:
        raise NotFound("case", f"there is no case {case_id}")
    return _case(rows[0])


async def open_case_of(connection: Connection, number: str) -> CaseFile | None:
    """The open case of a number."""
    query = sql("select {columns} from case_file where number = ? and state in ({open})", columns=_COLUMNS, open=_OPEN)
    rows = list(await connection.execute_fetchall(query, (number,)))
    return _case(rows[0]) if rows else None


async def cases_of(connection: Connection, number: str) -> list[CaseFile]:
    """All cases of a number, oldest first."""
    query = sql("select {columns} from case_file where number = ? order by id", columns=_COLUMNS)
    return [_case(row) for row in await connection.execute_fetchall(query, (number,))]


async def every_case(connection: Connection) -> list[CaseFile]:
    """All cases there are, oldest first, for the audit: each as it stands there, a state that is none as well."""
    query = sql("select {columns} from case_file order by id", columns=_COLUMNS)
    return [CaseFile(*row) for row in await connection.execute_fetchall(query)]


async def open_cases(
    archive: Archive, connection: Connection, numbers: Mapping[str, Number], now: float
) -> dict[str, CaseFile]:
    """The open case of each number; those that had none get one, with its clocks running from now."""
    found = await _open_ones(connection, list(numbers))
    missing = [number for number in numbers if number not in found]
    if not missing:
        return found
    places = await places_of(archive, [numbers[number] for number in missing])
    before = await newest(connection, "cases")
    await connection.executemany(
        "insert into case_file (number, class, prefix, code, holder, state, opened, first_complaint, last_at) "
        "values (?, ?, ?, ?, ?, 'collecting', ?, ?, ?)",
        [(number, *places[number][:4], now, now, now) for number in missing],
    )
    new = await _open_ones(connection, missing)
    clocks = {case.id: archive.deadlines.clocks(case.first_complaint, archive.case_spans) for case in new.values()}
    await start_clocks(connection, "case", clocks)
    await enter(connection, "cases", before, now)
    return found | new


async def _open_ones(connection: Connection, numbers: list[str]) -> dict[str, CaseFile]:
    query = sql(
        "select {columns} from case_file where state in ({open}) and number in (select value from json_each(?))",
        columns=_COLUMNS,
        open=_OPEN,
    )
    rows = await connection.execute_fetchall(query, (json.dumps(numbers),))
    return {row[1]: _case(row) for row in rows}


async def pressing(
    connection: Connection,
    *,
    state: CaseState | None = None,
    limit: int = 50,
    after: int = 0,
    beyond: Turn | None = None,
) -> list[Listed]:
    """Cases that wait for somebody: those put on top, then by the clock that is due first.

    ``after`` skips so many; ``beyond`` begins behind a place, which stays whole while others work on cases.
    """
    conditions = sql("c.state = {state}", state=quoted([state])) if state else sql("1")
    return await pressing_where(connection, conditions, (), limit=limit, after=after, beyond=beyond, closed=bool(state))


async def pressing_where(
    connection: Connection,
    conditions: Sql,
    values: Sequence[Any],
    *,
    limit: int = 50,
    after: int = 0,
    beyond: Turn | None = None,
    closed: bool = False,
) -> list[Listed]:
    """The same of the cases (c) that fit; ``closed``: those that wait for nobody, too."""
    waits = sql("1") if closed else sql("(c.state in ({open}) or c.next_due < {never})", open=_OPEN, never=NEVER)
    turn = sql("c.on_top = '', c.next_due, c.id")
    query = sql(
        "select o.*, (select count(*) from complaint m where m.case_id = o.id and m.{counted}), "
        "k.name, k.started, k.due, k.met from (select {columns}, c.next_due from case_file c "
        "where {waits} and {conditions} and ({turn}) > (?, ?, ?) order by {turn} limit ? offset ?) o "
        "left join clock k on k.subject = 'case' and k.id = o.id and k.name = "
        "(select name from clock where subject = 'case' and id = o.id and met is null order by due, name limit 1) "
        "order by o.on_top = '', o.next_due, o.id",
        columns=columns_of(_NAMES, "c"),
        counted=COUNTED,
        waits=waits,
        conditions=conditions,
        turn=turn,
    )
    rows = await connection.execute_fetchall(query, (*values, *(beyond or _BEGINNING), limit, after))
    return [Listed(_case(row[:24]), int(row[25]), None if row[26] is None else Clock(*row[26:])) for row in rows]


async def clocks(connection: Connection, case_id: int) -> list[Clock]:
    """The clocks of a case."""
    return await clocks_of(connection, "case", case_id)


def _case(row: Any) -> CaseFile:
    values = list(row)
    values[6] = stored(CaseState, values[6], f"case {values[0]}")
    return CaseFile(*values)

"""What is kept of people, class by class: for how long, since when it is held, and what should have gone already."""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive
from rules.settings.screening import StorageSettings
from rules.storage.statements import Sql, name_of, sql
from rules.storage.store import Connection

_DAY_S = 86_400.0
_LATE_S = 2 * _DAY_S  # it is looked at once a day, and once more where the node was off
_CALLED_FOR_HELP_DAYS = 7
_WORDS = sql(
    "select min(at) from (select min(state_at) at from complaint where contents is not null "
    "and state in ('answered', 'withdrawn', 'rejected') union all "
    "select min(decided) from appeal where contents is not null)"
)


class Kept(NamedTuple):
    """One class of data."""

    data: str
    days: int | None  # None: for ever
    setting: str
    oldest: float | None  # what is held of it; None: nothing
    overdue: bool


class _Class(NamedTuple):
    data: str
    days: int
    setting: str


async def kept(archive: Archive, storage: StorageSettings) -> list[Kept]:
    """Every class, those that go first; what is late is told, and goes when node or API run again."""
    desk, lists, calls = archive.store.connection, archive.lists.store.connection, archive.decisions.connection
    settings = archive.settings
    rows = [
        (_Class("who made an emergency call (pseudonym)", _CALLED_FOR_HELP_DAYS, ""), calls, _oldest("call_for_help")),
        (_Class("calls: the whole record", storage.decision_days, "storage.decision_days"), calls, _oldest("decision")),
        (_Class("calls: who rang whom", settings.ring_days, "complaints.ring_days"), calls, _oldest("short_record")),
        (_Class("whom a number rang", settings.ring_days, "complaints.ring_days"), desk, _oldest("rang", "last")),
        (_Class("words and addresses, answered", settings.words_days, "complaints.words_days"), desk, _WORDS),
        (_Class("what left a list", storage.history_days, "storage.history_days"), lists, _oldest("ending")),
    ]
    found = [await _kept(archive.now(), *row) for row in rows]
    for_ever = (
        "complaints without words, cases, seals: accused numbers in clear, reporters by pseudonym",
        "counts by day, range and verdict",
        "the audit: numbers by pseudonym",
        "entries that stand on lists",
    )
    return [*found, *(Kept(data, None, "", None, False) for data in for_ever)]


def _oldest(table: str, column: str = "at") -> Sql:
    return sql("select min({column}) from {table}", column=name_of(column), table=name_of(table))


async def _kept(now: float, one: _Class, connection: Connection, query: Sql) -> Kept:
    ((oldest,),) = await connection.execute_fetchall(query)
    late = oldest is not None and oldest < now - one.days * _DAY_S - _LATE_S
    return Kept(*one, oldest, late)

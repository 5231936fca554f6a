"""What the complaints of a case prove at this moment; a million are weighed where they lie."""

from __future__ import annotations

from desk.archive import Archive
from desk.case_files import CaseFile
from desk.evidence import DAY_S, UNITS, WEIGHTS, Evidence, Said, Tie, units, weigh
from desk.matching import rang_lately
from desk.states import COUNTED
from rules.storage.statements import joined, name_of, quoted, sql
from rules.storage.store import Connection

_COUNTING = sql("case_id = ?1 and {counted}", counted=COUNTED)
_TIES = {tie.value: tie for tie in Tie}
_BY_TIE = joined(
    " ", (sql("when {tie} then {weight}", tie=quoted([tie]), weight=weight) for tie, weight in WEIGHTS.items())
)
# The same arithmetic as `units`, term for term.
_UNITS = sql(
    "cast(case tie {by_tie} end * pow(0.5, max(?2 - received, 0.0) / ?3) * {units} as integer)",
    by_tie=_BY_TIE,
    units=UNITS,
)
# First how many there are and what they weigh together, then those that were marked. One statement, so that it speaks
# of one moment.
_SUM_AND_SHARED = sql(
    "select 0, count(*), coalesce(sum({units}), 0), null, null from complaint indexed by complaint_evidence "
    "where {counting} union all "
    "select id, reporter, line, tie, received from complaint indexed by complaint_shared "
    "where {counting} and shared = 1",
    units=_UNITS,
    counting=_COUNTING,
)
_ALIKE = [
    {
        "index": name_of(f"complaint_{column}"),
        "other": sql(
            "o.case_id = n.case_id and o.{column} = n.{column} and o.{counted}",
            column=name_of(column),
            counted=COUNTED,
        ),
    }
    for column in ("reporter", "line")
]
_MARK_NEW = sql(
    "update complaint as n set shared = 1 where n.id > ?1 and ({shared})",
    shared=joined(
        " or ",
        (
            sql("exists (select 1 from complaint o indexed by {index} where {other} and o.id <> n.id)", **alike)
            for alike in _ALIKE
        ),
    ),
)
# Of those that were there before, one may not be marked yet, and then it is the first: where there were two, both are.
_MARK_FIRST = sql(
    "update complaint set shared = 1 where shared = 0 and id in ({first})",
    first=joined(
        " union ",
        (
            sql(
                "select (select o.id from complaint o indexed by {index} where {other} order by o.id limit 1) "
                "from complaint n where n.id > ?1 and n.shared = 1",
                **alike,
            )
            for alike in _ALIKE
        ),
    ),
)


async def mark_shared(connection: Connection, after: int) -> None:
    """Mark which of the complaints with a greater id share their reporter or line, and with whom."""
    await connection.execute(_MARK_NEW, (after,))
    await connection.execute(_MARK_FIRST, (after,))


async def evidence_of(archive: Archive, case: CaseFile) -> Evidence:
    """By the formula, from the complaints that count; `Counting` must have caught up for the latest calls."""
    now, settings = archive.now(), archive.settings
    half_life_s = settings.half_life_days * DAY_S
    complaints = weight = 0
    shared = []
    for row in await archive.store.connection.execute_fetchall(_SUM_AND_SHARED, (case.id, now, half_life_s)):
        if row[0] == 0:
            _, complaints, weight, _, _ = row
        else:
            shared.append(Said(row[1], row[2], _TIES[row[3]], row[4]))
    return weigh(
        shared,
        rang=await rang_lately(archive, case.number, now),
        now=now,
        half_life_days=settings.half_life_days,
        fewest=settings.fewest_subscribers,
        alone=(complaints - len(shared), weight - sum(units(one, now, half_life_s) for one in shared)),
    )

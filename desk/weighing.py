"""What the complaints of a case prove at this moment; a million are weighed where they lie."""

# ruff: noqa: S608 - queries are put together from this file's own words only

from __future__ import annotations

from desk.archive import Archive
from desk.case_files import CaseFile
from desk.evidence import DAY_S, UNITS, WEIGHTS, Evidence, Said, Tie, units, weigh
from desk.matching import rang_lately
from rules.storage.store import Connection

_COUNTING = "case_id = ?1 and state not in ('withdrawn', 'rejected')"
_TIES = {tie.value: tie for tie in Tie}
_BY_TIE = " ".join(f"when '{tie}' then {weight}" for tie, weight in WEIGHTS.items())
# The same arithmetic as `units`, term for term.
_UNITS = f"cast(case tie {_BY_TIE} end * pow(0.5, max(?2 - received, 0.0) / ?3) * {UNITS} as integer)"
# First how many there are and what they weigh together, then those that were marked. One statement, so that it speaks
# of one moment.
_SUM_AND_SHARED = (
    f"select 0, count(*), coalesce(sum({_UNITS}), 0), null, null from complaint indexed by complaint_evidence "
    f"where {_COUNTING} union all "
    "select id, reporter, line, tie, received from complaint indexed by complaint_shared "
    f"where {_COUNTING} and shared = 1"
)
_OTHER = "o.case_id = n.case_id and o.{0} = n.{0} and o.state not in ('withdrawn', 'rejected')"
_BY = {column: _OTHER.format(column) for column in ("reporter", "line")}
_INDEX = {"reporter": "complaint_reporter", "line": "complaint_line"}
_MARK_NEW = "update complaint as n set shared = 1 where n.id > ?1 and ({})".format(
    " or ".join(
        f"exists (select 1 from complaint o indexed by {_INDEX[column]} where {other} and o.id <> n.id)"
        for column, other in _BY.items()
    )
)
# Of those that were there before, one may not be marked yet, and then it is the first: where there were two, both are.
_MARK_FIRST = "update complaint set shared = 1 where shared = 0 and id in ({})".format(
    " union ".join(
        f"select (select o.id from complaint o indexed by {_INDEX[column]} where {other} order by o.id limit 1) "
        "from complaint n where n.id > ?1 and n.shared = 1"
        for column, other in _BY.items()
    )
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

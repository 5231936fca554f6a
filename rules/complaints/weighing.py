"""What the complaints of a case prove at this moment; a million are weighed where they lie."""

# ruff: noqa: S608 - queries are put together from this file's own words only

from __future__ import annotations

from rules.complaints.archive import Archive
from rules.complaints.case_files import CaseFile
from rules.complaints.evidence import DAY_S, UNITS, WEIGHTS, Evidence, Said, Tie, units, weigh
from rules.complaints.ties import rang_lately

_COUNTING = "case_id = ?1 and state not in ('withdrawn', 'rejected')"
_TIES = {tie.value: tie for tie in Tie}
_BY_TIE = " ".join(f"when '{tie}' then {weight}" for tie, weight in WEIGHTS.items())
# The same arithmetic as `units`, term for term.
_UNITS = f"cast(case tie {_BY_TIE} end * pow(0.5, max(?2 - received, 0.0) / ?3) * {UNITS} as integer)"
# First how many there are and what they weigh together; then those whose reporter or line stands in another one too,
# perhaps twice. One statement, so that it speaks of one moment; the cross joins let SQLite begin with the few.
_SUM_AND_CONTESTED = (
    f"select 0, count(*), coalesce(sum({_UNITS}), 0), null, null from complaint where {_COUNTING} union all "
    f"select c.id, c.reporter, c.line, c.tie, c.received from (select reporter from complaint where {_COUNTING} "
    "group by reporter having count(*) > 1) o cross join complaint c indexed by complaint_evidence "
    "on c.case_id = ?1 and c.reporter = o.reporter and c.state not in ('withdrawn', 'rejected') union all "
    f"select c.id, c.reporter, c.line, c.tie, c.received from (select line from complaint where {_COUNTING} "
    "group by line having count(*) > 1) o cross join complaint c indexed by complaint_line "
    "on c.case_id = ?1 and c.line = o.line and c.state not in ('withdrawn', 'rejected')"
)


async def evidence_of(archive: Archive, case: CaseFile) -> Evidence:
    """By the formula, from the complaints that count; `Counting` must have caught up for the latest calls."""
    now, settings = archive.now(), archive.settings
    half_life_s = settings.half_life_days * DAY_S
    complaints = weight = 0
    found: dict[int, Said] = {}
    for row in await archive.store.connection.execute_fetchall(_SUM_AND_CONTESTED, (case.id, now, half_life_s)):
        if row[0] == 0:
            _, complaints, weight, _, _ = row
        else:
            found[row[0]] = Said(row[1], row[2], _TIES[row[3]], row[4])
    contested = list(found.values())
    return weigh(
        contested,
        rang=await rang_lately(archive, case.number, now),
        now=now,
        half_life_days=settings.half_life_days,
        fewest=settings.fewest_subscribers,
        alone=(complaints - len(contested), weight - sum(units(one, now, half_life_s) for one in contested)),
    )

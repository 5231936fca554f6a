"""How evidence grew: what the complaints of a case proved on each of some days, and at the moment of its seal.

Computed from the complaints that stand today, as they weighed then, against the subscribers that are known to have been
rung by a call since: so the end of the curve is what `evidence_of` says.
"""

from __future__ import annotations

from typing import NamedTuple

from desk.archive import Archive
from desk.case_files import CaseFile
from desk.evidence import Evidence, Said, Tie, weigh
from desk.matching import rang_lately
from desk.states import COUNTED, stored
from rules.storage.statements import sql

_MOST = 5_000  # complaints: of more no curve is drawn, the figures stand all the same
_POINTS = 40
_SAID = sql(
    "select reporter, line, tie, received from complaint where case_id = ? and {counted} order by received limit ?",
    counted=COUNTED,
)


class Point(NamedTuple):
    """Evidence at a moment."""

    at: float
    evidence: Evidence


class Curve(NamedTuple):
    """From the first complaint until now, or until the case was closed."""

    points: list[Point]  # empty: too many complaints, or none
    sealed: Point | None  # as it was when the number was sealed

    @property
    def highest(self) -> float:
        """The highest score."""
        return max((point.evidence.score for point in self.points), default=0.0)


async def curve_of(archive: Archive, case: CaseFile) -> Curve:
    """How evidence of a case grew."""
    rows = list(await archive.store.connection.execute_fetchall(_SAID, (case.id, _MOST + 1)))
    if not rows or len(rows) > _MOST:
        return Curve([], None)
    said = [Said(row[0], row[1], stored(Tie, row[2], f"case {case.id}"), row[3]) for row in rows]
    first, last = said[0].received, max(case.closed or archive.now(), said[0].received)
    step = (last - first) / (_POINTS - 1)
    moments = sorted({first + step * place for place in range(_POINTS)} | {last})
    points = [await _point(archive, case, said, at) for at in moments]
    sealed = await _point(archive, case, said, case.sealed) if case.sealed is not None else None
    return Curve(points, sealed)


async def _point(archive: Archive, case: CaseFile, said: list[Said], at: float) -> Point:
    settings = archive.settings
    evidence = weigh(
        [one for one in said if one.received <= at],
        rang=await rang_lately(archive, case.number, at),
        now=at,
        half_life_days=settings.half_life_days,
        fewest=settings.fewest_subscribers,
    )
    return Point(at, evidence)

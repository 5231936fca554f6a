"""What somebody must see to at once: complaints about a code that jump, an office that is named as a leak."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import NamedTuple

from rules.complaints.archive import Archive

_USUAL_DAYS = 28
_LEAK_DAYS = 30
_DAY_S = 86_400.0


class Alert(NamedTuple):
    """One thing to see to."""

    kind: str  # jump, leak
    subject: str  # code or prefix, or branch
    complaints: int
    usual: float  # complaints on a usual day; the limit for a leak


async def alerts(archive: Archive) -> list[Alert]:
    """All that holds at this moment, the largest first."""
    found = [*await _jumps(archive, "code"), *await _jumps(archive, "prefix"), *await _leaks(archive)]
    return sorted(found, key=lambda alert: (-alert.complaints, alert.kind, alert.subject))


async def _jumps(archive: Archive, dimension: str) -> list[Alert]:
    """Codes that are complained about today many times as often as on a usual day of the last four weeks."""
    settings = archive.settings
    today = archive.periods(archive.now())[0]
    days = [(date.fromisoformat(today) - timedelta(days=back)).isoformat() for back in range(1, _USUAL_DAYS + 1)]
    query = (
        "select t.key, t.value, (select coalesce(sum(u.value), 0) from tally u where u.dimension = t.dimension "
        "and u.period in (select value from json_each(?1)) and u.measure = 'complaints' and u.key = t.key) "
        "from tally t where t.dimension = ?2 and t.period = ?3 and t.measure = 'complaints' and t.value >= ?4"
    )
    values = (json.dumps(days), dimension, today, settings.jump_least)
    found = []
    for key, complaints, earlier in await archive.store.connection.execute_fetchall(query, values):
        usual = earlier / _USUAL_DAYS
        if complaints >= settings.jump_factor * usual:
            found.append(Alert("jump", key, complaints, round(usual, 1)))
    return found


async def _leaks(archive: Archive) -> list[Alert]:
    """Branches that several reporters name as the place where the caller had their data from."""
    least = archive.settings.branch_complaints
    query = (
        "select branch, count(distinct reporter) from complaint where branch <> '' and received >= ? "
        "and state not in ('withdrawn', 'rejected') group by branch having count(distinct reporter) >= ?"
    )
    rows = await archive.store.connection.execute_fetchall(query, (archive.now() - _LEAK_DAYS * _DAY_S, least))
    return [Alert("leak", branch, complaints, float(least)) for branch, complaints in rows]

"""Who looks at far more numbers than his peers, at night, or at one office's customers: told by name, with why."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from statistics import median
from typing import NamedTuple

from desk.archive import Archive
from desk.disclosure import LISTED
from desk.unmasking import REFUSED
from rules.storage.statements import Sql, sql

_DAY_S = 86_400.0
_USUAL_DAYS = 28
_PROGRAMS = ("ringfence", "reporter", "appellant")
# To the letter what the index `step_looked` covers.
LOOKED: Sql = sql(
    "step in ('looked at', 'listed', 'searched', 'exported', 'words read', 'unmasked', 'traced', 'unmasking refused')"
)
_QUERY = sql("select at, actor, step, detail from step where {looked} and at > ? order by at", looked=LOOKED)
_OFFICES = sql(
    "select s.actor, c.branch, count(distinct c.id) from step s join complaint c on c.reference = s.subject_id "
    "where {looked} and s.at > ? and s.subject = 'complaint' group by s.actor, c.branch",
    looked=LOOKED,
)


class Conduct(NamedTuple):
    """Something that one person did of which somebody should know."""

    actor: str
    why: str  # in words, without figures, so that the same is told once
    numbers: int
    usual: float


async def conduct(archive: Archive) -> list[Conduct]:
    """All that holds at this moment."""
    now = archive.now()
    rows = await archive.store.connection.execute_fetchall(_QUERY, (now - _USUAL_DAYS * _DAY_S,))
    days: dict[str, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    today: dict[str, int] = defaultdict(int)
    at_night: dict[str, int] = defaultdict(int)
    refused: dict[str, int] = defaultdict(int)
    for at, actor, step, detail in rows:
        if actor in _PROGRAMS:
            continue
        lately = at > now - _DAY_S
        if step == REFUSED:
            refused[actor] += lately
            continue
        numbers = _numbers(step, detail)
        if not lately:
            days[actor][int((now - at) // _DAY_S)] += numbers
            continue
        today[actor] += numbers
        if is_night(archive, at):
            at_night[actor] += numbers
    settings = archive.privacy
    found = [*_more_than_peers(archive, today, days)]
    found += [
        Conduct(actor, f"looks at numbers at night ({settings.night_hours})", numbers, float(settings.night_least))
        for actor, numbers in at_night.items()
        if numbers >= settings.night_least
    ]
    found += [
        Conduct(actor, "wanted to see more numbers in full than one may in an hour", times, float(settings.unmask_hour))
        for actor, times in refused.items()
        if times
    ]
    return found + await _of_one_office(archive)


def is_night(archive: Archive, at: float) -> bool:
    """Does a moment lie in the hours in which hardly anybody works?"""
    begin, _, end = archive.privacy.night_hours.partition("-")
    if not end:
        return False
    first, last = time.fromisoformat(begin), time.fromisoformat(end)
    clock = datetime.fromtimestamp(at, archive.zone).time()
    return first <= clock < last if first <= last else clock >= first or clock < last


def _numbers(step: str, detail: str) -> int:
    """How many numbers somebody was shown; a list says so itself."""
    shown = detail.partition(" ")[0]
    return int(shown) if step == LISTED and shown.isdecimal() else 1


def _more_than_peers(archive: Archive, today: dict[str, int], days: dict[str, dict[int, int]]) -> list[Conduct]:
    """Held against what everybody else does on a day on which he looks at anything."""
    settings = archive.privacy
    found = []
    for actor, numbers in today.items():
        if numbers < settings.look_least:
            continue
        others = [each for name, by_day in days.items() if name != actor for each in by_day.values()]
        others += [each for name, each in today.items() if name != actor]
        usual = float(median(others)) if others else 0.0
        if numbers >= settings.look_factor * usual:
            found.append(Conduct(actor, "looks at far more numbers than others do", numbers, round(usual, 1)))
    return found


async def _of_one_office(archive: Archive) -> list[Conduct]:
    """Complaints that name the office whose customers they are of, and who looked at little else."""
    settings = archive.privacy
    by_office: dict[str, dict[str, int]] = defaultdict(dict)
    values = (archive.now() - _DAY_S,)
    for actor, office, count in await archive.store.connection.execute_fetchall(_OFFICES, values):
        by_office[actor][office] = count
    found = []
    for actor, counts in by_office.items():
        for office, count in counts.items():
            share = count / sum(counts.values())
            if office and count >= settings.office_least and share >= settings.office_share:
                why = f"looks at customers of one office: {office}"
                found.append(Conduct(actor, why, count, float(settings.office_least)))
    return found

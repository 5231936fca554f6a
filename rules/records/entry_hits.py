"""What entries of lists did, as it is told to who may not see numbers.

Whoever puts entries on a list as narrow as he likes, and asks which of them met a call, reads its caller. So an entry
that few callers met is shown as its caller is, in no list of many, and figures go in steps.
"""

from __future__ import annotations

from rules.lists.few import Under, coarse
from rules.records.decisions import Decisions, HitCount
from rules.records.privacy import mask
from rules.records.searching import PIECE

_DAY_S = 86_400.0
_MET = (
    "select distinct value ->> 0, value ->> 3, caller from decision, json_each(fired) "
    "where seq > (select max(seq) from decision) - ? and fired <> '[]' and caller <> '' and ? in ('', value ->> 0)"
)


async def _callers_met(decisions: Decisions, name: str) -> dict[tuple[str, str], set[str]]:
    """The callers whom each entry of a list, or of all, met among the newest records."""
    found: dict[tuple[str, str], set[str]] = {}
    for listed, entry, caller in await decisions.store.connection.execute_fetchall(_MET, (PIECE, name)):
        found.setdefault((listed, entry), set()).add(caller)
    return found


async def most_hit_told(decisions: Decisions, name: str, limit: int, least: int) -> list[HitCount]:
    """The entries that covered most calls; `least` callers must have met one that is shown as it is written."""
    if not least:
        return await decisions.most_hit(name, limit)
    met, told = await _callers_met(decisions, name), []
    for one in await decisions.most_hit(name, limit=-1):
        callers = met.get((one.list, one.entry), set())
        if callers and one.hits >= least:
            entry = one.entry if len(callers) >= least else mask(min(callers))
            told.append(HitCount(one.list, entry, coarse(one.hits, least, least), one.last // _DAY_S * _DAY_S))
    told.sort(key=lambda one: (-one.hits, one.list, one.entry))
    return told[:limit] if limit >= 0 else told


async def hits_told(decisions: Decisions, name: str, entries: list[str], least: int) -> dict[str, HitCount]:
    """How often each of these entries covered a call; of those that few callers met, `Under`."""
    found = await decisions.hits_of(name, entries)
    if not least:
        return found
    met, never = await _callers_met(decisions, name), HitCount(name, "", 0, 0.0)
    return {
        entry: HitCount(name, entry, coarse(hit.hits, len(met.get((name, entry), ())), least), 0.0)
        for entry in entries
        for hit in (found.get(entry, never),)
    }


def few_hit(hit: HitCount | None) -> bool:
    """Is so little told of it that it may have covered none?"""
    return hit is None or isinstance(hit.hits, Under)

"""Whom an entry against callers hits: who holds its numbers, which calls of the last day it would have caught."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from console.cli.answers import counted
from console.cli.noted import least_callers, note_preview
from rules.lists.few import Under

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.editing import Entry
    from rules.lists.holding import Caught
    from rules.lists.ledger import Code

DAY_S = 86_400.0
NAMED = 5  # holders, one by one


class Hits(NamedTuple):
    """What is told of an entry beside itself; nothing for entries that stop and suspect nobody."""

    entry: str = ""
    holders: tuple[Code, ...] = ()
    caught: Caught | None = None

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        held = [{"code": one.text, "holder": one.holder, "purpose": one.purpose} for one in self.holders]
        found: dict[str, Any] = {"hits": held} if held else {}
        return found | ({"would_have_caught": caught_data(masked(self.caught))} if self.caught else {})

    def lines(self) -> list[str]:
        """For people."""
        found = []
        for one in self.holders[:NAMED]:
            purpose = f" for {one.purpose}" if one.purpose else ""
            found.append(f"it hits {one.holder}, who holds {one.text}{purpose}")
        if len(self.holders) > NAMED:
            found.append(f"it hits {len(self.holders) - NAMED:,} holders of codes more")
        if self.caught is not None and (str(self.caught.calls) != "0" or self.holders):
            most = f"; most from {', '.join(masked(self.caught).callers)}" if self.caught.callers else ""
            found.append(
                f"Of {counted(self.caught.of, 'call')} that went through in the last day it would have caught "
                f"{self.caught.calls:,}{most}."
            )
        return found


def masked(caught: Caught) -> Caught:
    """The same with its callers as everybody sees them: an entry that somebody tries must name nobody to him."""
    from rules.records.privacy import mask

    return caught._replace(callers=tuple(map(mask, caught.callers)))


def caught_data(caught: Caught) -> dict[str, Any]:
    """For programs; null for what is told of so few callers to nobody."""
    few = isinstance(caught.calls, Under)
    return {"calls": None if few else caught.calls, "of": caught.of, "callers": caught.callers}


def caught_told(caught: Caught) -> tuple[object, ...]:
    """The same as the three values that programs know of an import."""
    return tuple(caught_data(masked(caught)).values())


async def hits_of(here: Installation, added: list[Entry]) -> list[Hits]:
    """Whom each of these entries hits, if they are against callers and new."""
    from rules.lists.admission import AGAINST_CALLERS
    from rules.lists.holding import caught
    from rules.lists.ledger import holders_of
    from rules.numbering.intervals import interval_of

    lists = await here.lists()
    if not added or lists.policy(added[0].list).kind not in AGAINST_CALLERS:
        return [Hits()] * len(added)
    calls, found = await calls_of_the_last_day(here), list[Hits]()
    least, asked = least_callers(here), 0
    for entry in added:
        interval = interval_of(entry.text)
        holders = tuple(await holders_of(lists.store, interval, time.time()))
        numbers, wides = ([interval.start], []) if interval.exact else ([], [(interval.start, interval.stop)])
        hit = caught(numbers, wides, calls) if calls else None
        asked += hit.people if hit else 0
        found.append(Hits(entry.text, holders, hit.coarse(least) if hit else None))
    if calls:
        await note_preview(here, asked, f"callers of the last day: lists add, {counted(len(added), 'entry')}")
    return found


async def calls_of_the_last_day(here: Installation) -> dict[str, int]:
    """How often each caller got through untouched in the last day, as far as the record tells."""
    decisions = await here.recorded()
    return await decisions.callers_since(time.time() - DAY_S) if decisions else {}

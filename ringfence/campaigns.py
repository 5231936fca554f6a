"""Campaigns of the log: found in the records of calls, each with complaints, a rule, and what that would have met."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ringfence.installation import Installation
from ringfence.live_rules import live_in, ruleset_of
from ringfence.new_rules import SOMEBODY, just_this, rule_text
from ringfence.replays import replay_log
from ringfence.rulebook import load_rulebook
from rules.language.faults import RuleError
from rules.records.campaigns import BLOCK, MOST_KEPT, Campaign, Campaigns, Seen
from rules.records.past_calls import PastCalls, Row
from rules.storage.statements import sql
from rules.storage.store import Store
from rules.texts.unseen import spelt_out

_HOW: Final = {
    "block": "numbers that begin with",
    "source": "calls from",
    "user_agent": "the device",
    "domain": "the host",
    "holder": "the holder",
}
_OF_NUMBERS: Final = ("block", "holder")  # marks that tell more of each of their calls' numbers than a mask shows
_ENDINGS: Final = sql("select seq, source, status from decision where seq > ? and seq <= ?")


class Proposed(NamedTuple):
    """A campaign, and what could be done about it."""

    campaign: Campaign
    complaints: int
    text: str  # of a rule; empty: no rule can tell it
    why_not: str = ""  # there is none
    held: int | None = None  # calls that it would have met; None: not replayed
    from_allow_lists: int = 0

    def as_data(self) -> dict[str, Any]:
        """For programs: no caller is named."""
        one = self.campaign
        return {
            "campaign": one.id,
            "by": [f"{mark.by}: {mark.value}" for mark in one.marks],
            "calls": one.calls,
            "callers": one.callers,
            "answered_percent": round(100 * one.answered, 1),
            "complaints": self.complaints,
            "trunks": list(one.trunks),
            "first": one.first,
            "last": one.last,
            "samples": list(one.samples),
            "rule": self.text or None,
            "no_rule": self.why_not or None,
            "would_meet": self.held,
            "from_allow_lists": self.from_allow_lists,
        }


def coarse_campaign(one: Campaign, least: int) -> Campaign | None:
    """A campaign as it is told to who may not see numbers: of so many callers at least; no call of a block is named."""
    if not least:
        return one
    if one.callers < least:
        return None
    of_numbers = any(mark.by in _OF_NUMBERS for mark in one.marks)
    return one._replace(samples=()) if of_numbers else one


async def campaigns_of(here: Installation, since: float, *, least: int = 0) -> list[Campaign]:
    """Those of the log since then; asked of the records, never of a call that rings. ``least`` callers of each."""
    found = Campaigns()
    log = here.database_of("decisions")
    if not await asyncio.to_thread(log.exists):
        return []
    store = await Store.open(log, "decisions", durable=False)
    calls = PastCalls(store)
    try:
        async for rows in calls.pages(await calls.span(since), since):
            between = (rows[0][0] - 1, rows[-1][0])
            endings = {row[0]: row[1:] for row in await store.connection.execute_fetchall(_ENDINGS, between)}
            for row in rows:
                source, status = endings.get(row[0], ("", None))
                if (seen := _seen(row, source, status)) is not None:
                    found.add(seen)
    finally:
        await calls.close()
    return [told for one in found.found() if (told := coarse_campaign(one, least)) is not None]


def _seen(row: Row, source: str, status: int | None) -> Seen | None:
    _, id_, at, trunk, caller, _, called = row[:7]
    if status is None:
        return None  # it goes on, or nobody knows how it ended
    try:
        facts = json.loads(row[14])
        holder = str((facts.get("facts") or {}).get("holder", ""))
        agent, name, domain = (str(facts.get(name, "")) for name in ("user_agent", "display_name", "domain"))
    except (ValueError, AttributeError):
        return None
    return Seen(at, id_, caller, called, trunk, source, agent, name, domain, 200 <= status < 300, holder)


def proposed_rule(name: str, campaign: Campaign) -> str:
    """A rule that watches for its calls; empty where it is told by an address alone, which no rule asks for."""
    mark = next((one for one in campaign.marks if one.by != "source"), None)
    if mark is None:
        return ""
    because = f"Calls like those of a campaign of {campaign.calls} calls, of which hardly one was answered."
    trunk = {"trunk": campaign.trunks[0]}
    if mark.by == "block":
        when: dict[str, Any] = {"caller": {"starts_with": mark.value}}
        catch: dict[str, Any] = {"from": mark.value + "0" * BLOCK, **trunk}
    elif mark.by == "holder":
        when = {"fact": {"holder": mark.value}}
        catch = {"from": SOMEBODY, "facts": {"holder": mark.value}, **trunk}
    else:
        asked, shown = just_this(mark.value)
        when, catch = {mark.by: asked}, {"from": SOMEBODY, mark.by: shown, **trunk}
    return rule_text(name, because, when, catches=[catch], spares=[{"from": SOMEBODY[:-1] + "1", **trunk}])


async def proposals(
    here: Installation, since: float, campaigns: Sequence[Campaign], *, replay: bool = True
) -> list[Proposed]:
    """Each of these campaigns with complaints about its callers, a rule, and what that would have done to its calls."""
    complained = await _complained_of(here, since)
    own = load_rulebook(here.file)
    taken = {rule.name: rule.place.removeprefix(f"{here.base}/") for rule in own.ruleset.rules}
    found = []
    for one in campaigns:
        name, complaints = f"campaign-{one.id}", sum(complained[number] for number in one.numbers)
        if name in taken:
            found.append(Proposed(one, complaints, "", f"its rule is there already, as {name} ({taken[name]})"))
        elif text := proposed_rule(name, one):
            made = Proposed(one, complaints, text)
            found.append(await _replayed(here, made, own.files, since) if replay else made)
        else:
            found.append(
                Proposed(one, complaints, "", "no rule can tell it: look at the trunk, or at `ringfence bans`")
            )
    return found


async def _replayed(here: Installation, one: Proposed, own: list[Path], since: float) -> Proposed:
    """The same with what its rule would have met, beside the rules on the disk."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "campaign.yaml"
        await asyncio.to_thread(path.write_text, one.text, encoding="utf-8")
        try:
            book = load_rulebook(here.file, [*own, path])
        except RuleError as error:  # a stranger chose its texts; whatever he did, it ends no other campaign
            said = "; ".join(fault.what for fault in error.faults if not fault.warning)
            return one._replace(text="", why_not=f"no rule can be written for it: {said}")
    live = await live_in(here)
    compared = ruleset_of(here.configuration, here.document, live) if live else None
    watched = (await replay_log(here, book, compared, since=since)).replay.watched[f"campaign-{one.campaign.id}"]
    return one._replace(held=watched.held, from_allow_lists=watched.from_allow_lists)


async def _complained_of(here: Installation, since: float) -> Counter[str]:
    """Complaints since then, by who was complained about."""
    desk = here.database_of("complaints")
    if not await asyncio.to_thread(desk.exists):
        return Counter()
    store = await Store.open(desk, "complaints", durable=False)
    try:
        query = "select accused, count(*) from complaint where received >= ? and state <> 'withdrawn' group by accused"
        return Counter(dict(tuple(row) for row in await store.connection.execute_fetchall(query, (since,))))
    finally:
        await store.close()


def told(one: Proposed, now: float | None = None) -> list[str]:
    """A campaign in a few lines."""
    campaign, now = one.campaign, time.time() if now is None else now
    marks = "; ".join(f"{_HOW.get(mark.by, 'the name')} {spelt_out(mark.value)}" for mark in campaign.marks)
    callers = f"{campaign.callers}{' or more' if campaign.callers >= MOST_KEPT else ''}"
    lines = [
        f"{campaign.id}  {marks}",
        f"  {campaign.calls:,} calls by {callers} numbers in {_span(campaign.last - campaign.first)}, "
        f"{100 * campaign.answered:.0f} % answered, {one.complaints} complaints; "
        f"the last {_span(max(now - campaign.last, 0.0))} ago; trunks {', '.join(campaign.trunks)}",
        *([f"  such as {', '.join(campaign.samples)}"] if campaign.samples else []),
    ]
    if not one.text:
        return [*lines, f"  {one.why_not}"]
    if one.held is not None:
        allowed = f", {one.from_allow_lists} of them from allow lists" if one.from_allow_lists else ""
        lines.append(f"  its rule would have met {one.held:,} calls since then{allowed}:")
    return [*lines, *(f"    {line}" for line in one.text.splitlines()[1:])]


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"

"""Rules: the files with their faults in place, what a candidate would change, put live, history, back.

Files on the disk stay the truth: no page writes one. What goes live is what was looked at, or nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Form, Query, Request, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.gate import gate_of
from console.web.rule_files import OnDisk, RuleFiles, lines_of
from console.web.translation import mark
from desk.disclosure import note_preview
from ringfence.candidates import Candidate, activate, difference, earlier, history, on_disk, stored
from ringfence.installation import Installation
from ringfence.live_rules import live_in
from ringfence.people import Right
from rules.judging.engine import CompiledRule
from rules.judging.explain import effect_of
from rules.lists.few import coarse
from rules.records.decisions import Decisions
from rules.records.searching import PIECE
from rules.screening.revisions import Revision, Superseded
from rules.texts.blanks import is_blank

PAGE = Page("rules", mark("Rules"), Right.RULES_READ, Section.DECIDE, key="r", order=10)
router = APIRouter()
T = TypeVar("T")
_SHOWN = 20  # revisions, kinds of flips
_ONE = asyncio.Lock()  # a replay reads all calls of a day: one at a time
INSIST = mark("Nothing was changed: it newly catches over 1 in 100 of yesterday's calls, and nobody insisted.")


def _files(request: Request) -> RuleFiles:
    gate = gate_of(request)
    if gate.rule_files is None:
        gate.rule_files = RuleFiles(gate.ground.here)
    return gate.rule_files


@router.get("")
async def rules(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """What lies on the disk, what is live, and what was."""
    disk = await _files(visit.request).now()
    live = await live_in(visit.here)
    same = live is not None and disk.book is not None and live.texts == disk.book.texts
    past = await history(visit.here, _SHOWN) if live else []
    figures, nothing = await _figures(visit), coarse(0, 0, visit.least_callers)
    shown = [_row(one, figures, disk, nothing) for one in disk.book.ruleset.rules] if disk.book else []
    return visit.show("rules.html", disk=disk, live=live, same=same, history=past, rules=shown)


def _row(rule: CompiledRule, figures: dict[str, tuple[int, int]], disk: OnDisk, nothing: int) -> dict[str, Any]:
    held, acted = figures.get(rule.name, (nothing, nothing))
    mode = mark("live") if rule.share >= 100.0 else mark("canary") if rule.share > 0 else mark("observe")
    path, _, line = rule.place.rpartition(":")
    file = disk.named(path.rpartition("/")[2])
    told = {"rule": rule, "mode": mode, "does": effect_of(rule), "held": held, "acted": acted}
    return told | {"file": file.name if file else "", "line": line}


async def _figures(visit: Visit) -> dict[str, tuple[int, int]]:
    """On how many of the newest calls each rule held, and acted."""
    decisions: Decisions | None = await visit.here.recorded()
    if decisions is None:
        return {}
    query = (
        "select value ->> 0, count(*), count(*) - sum(value ->> 7), count(distinct caller) "
        "from decision, json_each(fired) "
        "where seq > (select max(seq) from decision) - ? and fired <> '[]' group by 1"
    )
    rows = await decisions.store.connection.execute_fetchall(query, (PIECE // 5,))
    least = visit.least_callers
    return {row[0]: (coarse(row[1], row[3], least), coarse(row[2] or 0, row[3], least)) for row in rows}


@router.get("/file/{name}")
async def one_file(visit: Annotated[Visit, PAGE.visited], name: str) -> Response:
    """A file with what is wrong in it, each fault at its line."""
    disk: OnDisk = await _files(visit.request).now()
    file = disk.named(name)
    if file is None:
        raise NotThere(visit.say(mark("There is no such rule file.")))
    lines = await asyncio.to_thread(lines_of, file, disk.faults_of(file))
    return visit.show("rule-file.html", file=file, lines=lines, faults=disk.faults_of(file))


@router.post("/compare")
async def compare(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """What the files on the disk would have made of yesterday's calls."""
    candidate = await _apart(visit, on_disk)
    return await _compared(visit, candidate, back_to=None)


@router.post("/compare/{number}")
async def compare_earlier(visit: Annotated[Visit, PAGE.visited], number: int) -> Response:
    """The same of an earlier revision."""
    candidate = await _apart(visit, lambda here: earlier(here, number))
    if candidate is None:
        raise NotThere(visit.say(mark("There is no such revision.")))
    return await _compared(visit, candidate, back_to=number)


async def _compared(visit: Visit, candidate: Candidate, *, back_to: int | None) -> Response:
    replay, span, seconds = candidate.replayed
    too_much, least = candidate.too_much, visit.least_callers
    detail = f"past calls: rules compared, {candidate.book.ruleset.revision}"
    await note_preview(visit.desk.archive, replay.judged, actor=visit.actor.name, detail=detail)
    if least:
        await asyncio.to_thread(replay.blur, least)
    flips = sorted(replay.flips.items(), key=lambda one: -one[1].calls)
    allowed = sorted(replay.allowed.items(), key=lambda one: -one[1].calls)
    rows = [
        (rule.name, replay.matched[rule.name], replay.acted[rule.name], replay.decided[rule.name])
        for rule in replay.candidate.rules
        if replay.matched[rule.name]
    ]
    return visit.show(
        "rules-compared.html",
        candidate=candidate,
        too_much=too_much,
        replay=replay,
        span=span,
        seconds=seconds,
        flips=flips[:_SHOWN],
        allowed=allowed[:_SHOWN],
        rows=sorted(rows, key=lambda one: -one[1])[:_SHOWN],
        watched=sorted((one for one in replay.watched.items() if one[1].held), key=lambda one: -one[1].held)[:_SHOWN],
        back_to=back_to,
    )


@router.post("/activate")
async def put_live(
    visit: Annotated[Visit, PAGE.doing(Right.RULES_WRITE)],
    expected: Annotated[str, Form(max_length=100)],
    reason: Annotated[str, Form(max_length=1_000)] = "",
    insisted: bool = Form(False),
    back_to: Annotated[int | None, Form(ge=1)] = None,
) -> Response:
    """Put live what was compared, if it is still that; the running proxy swaps within a second."""
    if is_blank(reason):
        return visit.go("rules", notice=visit.say(mark("Say why: it stands in the history.")), good=False)
    here_actor, words = visit.actor.name, reason.strip()

    async def work(here: Installation) -> tuple[str, int]:
        here.actor = here_actor
        candidate = await on_disk(here) if back_to is None else await earlier(here, back_to)
        if candidate is None or candidate.book.ruleset.revision != expected:
            return mark("Nothing was changed: the files are others than those you looked at. Compare again."), 0
        if candidate.is_live:
            return mark("Nothing to do: this is live."), 0
        if candidate.too_much and not insisted:
            return INSIST, 0
        because = words if back_to is None else f"back to revision {back_to}: {words}"
        return "", await activate(here, candidate, because)

    try:
        refused, number = await _apart(visit, work)
    except Superseded as error:
        return visit.go("rules", notice=str(error), good=False)
    if refused:
        return visit.go("rules", notice=visit.say(refused), good=False)
    said = visit.say(mark("Revision %(number)s is live; the proxy judges by it within a second."), number=number)
    return visit.go("rules", notice=said)


async def _apart(visit: Visit, work: Callable[[Installation], Awaitable[T]]) -> T:
    """Work that judges many calls, in a thread with files of its own, so that nobody else waits for it."""
    file = visit.here.file
    async with _ONE:
        return await asyncio.to_thread(lambda: Installation.open(file).run(work))


@router.get("/revision/{number}")
async def one_revision(
    visit: Annotated[Visit, PAGE.visited], number: int, beside: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """A revision beside the one before it, or beside another."""
    found = await stored(visit.here, number) if await live_in(visit.here) else None
    if found is None:
        raise NotThere(visit.say(mark("There is no such revision.")))
    other = await stored(visit.here, number - 1 if beside is None else beside)
    return visit.show("rules-diff.html", revision=found, other=other, diff=_diff(other, found), live=None)


@router.get("/unsaved")
async def beside_live(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """What lies on the disk beside what is live."""
    disk, live = await _files(visit.request).now(), await live_in(visit.here)
    if disk.book is None or live is None:
        return visit.go("rules")
    lines = difference(live.texts, disk.book.texts, names=(live.shown, "disk"))
    return visit.show("rules-diff.html", revision=None, other=live, diff=lines, live=live)


def _diff(old: Revision | None, new: Revision) -> list[str]:
    if old is None:
        return [f"+{line}" for one in new.texts.files for line in (one.name, *one.text.splitlines())]
    return difference(old.texts, new.texts, names=(old.shown, new.shown))

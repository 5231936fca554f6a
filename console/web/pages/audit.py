"""Audit: what was done and looked at, by whom and why; verified now, and when last; noted outside; all as a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from math import inf
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, BaseModel, Field

from console.web.frame import Page, Section, Visit
from console.web.gate import gate_of
from console.web.translation import mark
from desk.disclosure import EXPORTED, note_listing, note_look, subject_of
from desk.faults import ComplaintError
from desk.showing import deed_shown
from ringfence.audits import last_broken, last_verified
from ringfence.people import Right
from ringfence.times import moment
from ringfence.verifying import Verification
from rules.audit.anchors import Anchors, read_anchor_file
from rules.audit.chain import AuditError, Entry
from rules.audit.chains import CHAINS, Chains, Heads, Told

PAGE = Page("audit", mark("Audit"), Right.AUDIT_READ, Section.HOUSE, key="u", order=50)
router = APIRouter()
BEGUN = "verification begun"
UNDER_WAY = mark("A verification is on its way; you see how far it is.")
_AT_ONCE = 100
_JSON_LINES = "application/x-ndjson; charset=utf-8"
Text = Annotated[str, Field(max_length=300), AfterValidator(str.strip)]


class Asked(BaseModel):
    """What somebody searches for, as he wrote it; in an address a number is sealed."""

    about: Text = ""
    by: Text = ""
    step: Text = ""
    chain: Text = ""
    since: Text = ""
    until: Text = ""


class Noted(NamedTuple):
    """What lies outside of the heads."""

    anywhere: bool  # are they noted at all?
    anchors: Anchors | None = None  # of the file; None: there is none, or it cannot be read
    wrong: str = ""


@router.post("")
async def ask(visit: Annotated[Visit, PAGE.visited], written: Annotated[Asked, Form()]) -> Response:
    """What was written into the form becomes an address that can be kept."""
    return Response(status_code=303, headers={"location": _address(visit, written)})


@router.get("")
async def entries(
    visit: Annotated[Visit, PAGE.visited],
    given: Annotated[Asked, Query()],
    upto: Annotated[float | None, Query(ge=0)] = None,
) -> Response:
    """The newest entries that fit, the newest first; that somebody reads them is one of them."""
    asked = given.model_copy(update={"about": visit.reopened(given.about)})
    archive, wrong = visit.desk.archive, ""
    found: list[Told] = []
    async with Chains.open(visit.here.database, visit.here.keys.audit) as chains:
        heads = await chains.heads()
        try:
            found = await chains.entries(
                only=asked.chain if asked.chain in CHAINS else "",
                about=subject_of(archive, asked.about),
                actor=asked.by,
                step=asked.step,
                since=_time(visit, asked.since, 0.0),
                until=min(_time(visit, asked.until, inf), inf if upto is None else upto),
                limit=_AT_ONCE,
            )
        except (ComplaintError, ValueError) as error:
            wrong = str(error)
    await note_listing(archive, "audit", len(found), actor=visit.actor.name, of=asked.by, step=asked.step)
    older = _address(visit, asked, upto=found[0].entry.deed.at) if len(found) == _AT_ONCE else ""
    return visit.show(
        "audit.html",
        asked=asked,
        chains=CHAINS,
        found=[one._replace(entry=_shown(one, visit.here.home)) for one in reversed(found)],
        older=older,
        wrong=wrong,
        heads=heads,
        **await _standing(visit, heads),
    )


@router.post("/verify")
async def verify(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """Let it be verified now, beside whatever else is done; one at a time, for all who watch."""
    verification = _verification(visit)
    if verification.running:
        return visit.go("audit", notice=visit.say(UNDER_WAY), good=False)
    await note_look(visit.desk.archive, "audit", actor=visit.actor.name, step=BEGUN)
    verification.begin(visit.here, visit.actor)
    return visit.go("audit")


@router.get("/standing")
async def standing(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """How far a verification is, and what it found, for a page that watches it."""
    async with Chains.open(visit.here.database, visit.here.keys.audit) as chains:
        heads = await chains.heads()
    shown = await _standing(visit, heads)
    return visit.show("audit.html", block="standing", **shown)


@router.post("/export")
async def export(
    visit: Annotated[Visit, PAGE.visited],
    since: Annotated[str, Form(max_length=40)] = "",
    until: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """All entries between two times, numbers masked, once it stands in the audit who takes them out."""
    try:
        first, last = _time(visit, since, 0.0), _time(visit, until, inf)
    except ValueError as error:
        return visit.go("audit", notice=str(error), good=False)
    detail = f"since {since.strip()}; until {until.strip()}"
    await note_look(visit.desk.archive, "audit", actor=visit.actor.name, step=EXPORTED, detail=detail)
    headers = {"content-disposition": 'attachment; filename="ringfence-audit.jsonl"'}
    return StreamingResponse(_lines(visit, first, last), media_type=_JSON_LINES, headers=headers)


def _verification(visit: Visit) -> Verification:
    found: Verification = gate_of(visit.request).verification
    return found


async def _standing(visit: Visit, heads: Heads) -> dict[str, Any]:
    """Whether it is whole, as far as anybody knows."""
    return {
        "verification": _verification(visit),
        "every": sum(int(head.partition(":")[0]) for head in heads.values()),
        "verified": await last_verified(visit.here),
        "broken": await last_broken(visit.here),
        "noted": await _noted(visit),
    }


async def _lines(visit: Visit, first: float, last: float) -> AsyncIterator[str]:
    async with Chains.open(visit.here.database, visit.here.keys.audit) as chains:
        async for one in chains.every(first, last):
            deed = deed_shown(one.entry.deed, visit.here.home)
            row = {"chain": one.chain, "entry": one.entry.id, **deed._asdict(), "hash": one.entry.hash}
            row |= {"masked": True} if deed != one.entry.deed else {}
            yield f"{json.dumps(row, ensure_ascii=False)}\n"


async def _noted(visit: Visit) -> Noted:
    """What the file of anchors holds; it may lie on a mount that is not there."""
    wanted = visit.here.configuration.audit.anchors
    file = wanted.file or (wanted.authority.file if wanted.authority is not None else None)
    if file is None:
        return Noted(wanted.anywhere)
    try:
        path = visit.here.base / file
        return Noted(True, await asyncio.to_thread(read_anchor_file, path, visit.here.keys.audit))
    except FileNotFoundError:
        return Noted(True)
    except AuditError as error:
        return Noted(True, wrong=str(error).replace(f"{visit.here.base}/", ""))
    except OSError as error:
        return Noted(True, wrong=f"{file}: {error.strerror}")


def _time(visit: Visit, text: str, nothing: float) -> float:
    """A time as somebody wrote it, or ValueError."""
    if not text.strip():
        return nothing
    return moment(text, now=visit.ground.now(), zone=visit.here.zone, ahead=False)


def _address(visit: Visit, asked: Asked, **other: object) -> str:
    sealed = asked.model_copy(update={"about": visit.sealed(asked.about)})
    return visit.url("audit", **{**sealed.model_dump(), **other})


def _shown(one: Told, home: str) -> Entry:
    """An entry as people read it: what a person wrote may hold a number, and a step of the ladder names one."""
    return one.entry._replace(deed=deed_shown(one.entry.deed, home))

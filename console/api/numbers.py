"""Numbers over HTTP: what is known against one, and who stands on the ladder."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from console.api.case_shapes import CaseShape, EvidenceShape, case_shape, evidence_shape
from console.api.door import Caller
from console.api.parts import Counted, Limit, TheDesk, needs, utc
from rules.access.scopes import Scope
from rules.complaints.case_files import cases_of, open_case_of
from rules.complaints.faults import Refused
from rules.complaints.ladder import LadderStep, Standing
from rules.complaints.ladder_book import LadderBook
from rules.complaints.seals import standing_seal
from rules.complaints.weighing import evidence_of

router = APIRouter(prefix="/v1", tags=["numbers"])
Reader = Annotated[Caller, needs(Scope.CASES_READ)]


class Rung(BaseModel):
    """Where a number, its owner or its business stands."""

    kind: Literal["number", "owner", "business"]
    name: str
    step: str = Field(description="watch, tag, limit or reject.")
    offences: int
    since: str
    term_ends: str = Field(description="From then on good conduct leads down.")
    reason: str


class Climber(Rung):
    """Somebody on the ladder, with all numbers."""

    numbers: list[str]
    author: str


class LadderShape(BaseModel):
    """Who stands on it, highest first."""

    ladder: list[Climber]


class SealShape(BaseModel):
    """A seal that stands."""

    id: int
    case: int


class NumberShape(BaseModel):
    """What is known against a number."""

    number: str = Field(description="In its one spelling.")
    kind: str
    owner: str
    seal: SealShape | None
    ladder: list[Rung]
    evidence: EvidenceShape | None = Field(description="Of the open case; null: there is none.")
    open_case: int | None
    cases: list[CaseShape] = Field(description="All, oldest first.")


@router.get("/numbers/{number}", dependencies=[Counted])
async def show_number(
    number: Annotated[str, Path(max_length=64, description="In any spelling; write + as %2B.")],
    desk: TheDesk,
    _: Reader,
) -> NumberShape:
    """Evidence, cases, step of the ladder and seal of a number."""
    archive = desk.archive
    read = archive.read_number(number, "number")
    connection = archive.store.connection
    current = await open_case_of(connection, read.canonical)
    seal = await standing_seal(archive, read.canonical)
    return NumberShape(
        number=read.canonical,
        kind=read.kind,
        owner=await desk.ladder.owner_of(read.canonical),
        seal=SealShape(id=seal[0], case=seal[1]) if seal else None,
        ladder=await _rungs(desk.ladder, read.canonical, archive.now()),
        evidence=evidence_shape(await evidence_of(archive, current)) if current else None,
        open_case=current.id if current else None,
        cases=[case_shape(one) for one in await cases_of(connection, read.canonical)],
    )


@router.get("/ladder")
async def show_ladder(
    desk: TheDesk,
    _: Reader,
    kind: Annotated[Literal["number", "owner", "business"] | None, Query(description="Default: all.")] = None,
    limit: Limit = 50,
) -> LadderShape:
    """Who stands on the ladder, highest first; owners and businesses with their numbers."""
    found = await desk.ladder.climbers(kind, limit)
    shown = []
    for one in found:
        rung = _rung(one.standing, one.step)
        shown.append(Climber(**rung.model_dump(), numbers=list(one.numbers), author=one.author))
    return LadderShape(ladder=shown)


async def _rungs(book: LadderBook, number: str, now: float) -> list[Rung]:
    try:
        found = [await book.standing("number", number)]
    except Refused:
        return []  # an emergency or own number never stands there
    if owner := await book.owner_of(number):
        found.append(await book.standing("owner", owner))
    return [_rung(one, step) for one in found if one and (step := one.step_at(now))]


def _rung(standing: Standing, step: LadderStep) -> Rung:
    return Rung(
        kind=standing.kind,
        name=standing.name,
        step=step.name.lower(),
        offences=standing.offences,
        since=utc(standing.since),
        term_ends=utc(standing.term_ends),
        reason=standing.reason,
    )

"""Numbers over HTTP: all that is known against one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.case_shapes import CaseShape, EvidenceShape
from console.api.ladder import Rung, rung
from console.api.parts import AnyNumber, Counted, TheDesk, Worded, needs, paths
from desk.archive import Archive
from desk.case_files import cases_of, open_case_of
from desk.disclosure import note_search
from desk.ladder_book import standings_of
from desk.seals import standing_seal
from desk.weighing import evidence_of
from ringfence.people.rights import Right

router = paths("/v1", "numbers")
Reader = Annotated[Caller, needs(Right.CASES_READ)]


class SealShape(BaseModel):
    """A seal that stands."""

    id: int
    case: int


class NumberShape(BaseModel):
    """What is known against a number."""

    number: str = Field(description="As it was asked for, in its one spelling.")
    kind: str
    owner: Worded
    seal: SealShape | None
    ladder: list[Rung]
    evidence: EvidenceShape | None = Field(description="Of the open case; null: there is none.")
    open_case: int | None
    cases: list[CaseShape] = Field(description="All, oldest first.")


@router.get("/numbers/{number}", dependencies=[Counted])
async def show_number(
    number: AnyNumber,
    desk: TheDesk,
    caller: Reader,
) -> NumberShape:
    """Evidence, cases, step of the ladder and seal of a number."""
    archive = desk.archive
    read = archive.read_number(number, "number")
    await note_search(archive, read.canonical, actor=caller.actor)
    connection = archive.store.connection
    current = await open_case_of(connection, read.canonical)
    seal = await standing_seal(archive, read.canonical)
    return NumberShape(
        number=read.canonical,
        kind=read.kind,
        owner=await desk.ladder.owner_of(read.canonical),
        seal=SealShape(id=seal[0], case=seal[1]) if seal else None,
        ladder=await _rungs(archive, read.canonical),
        evidence=EvidenceShape.of(await evidence_of(archive, current)) if current else None,
        open_case=current.id if current else None,
        cases=[CaseShape.of(one) for one in await cases_of(connection, read.canonical)],
    )


async def _rungs(archive: Archive, number: str) -> list[Rung]:
    """On which steps the number, its owner and its business stand; the highest, which counts, first."""
    now = archive.now()
    found = await standings_of(archive.lists.store.connection, number)
    found.sort(key=lambda one: (-one.step_at(now), one.kind))
    return [rung(one, now, archive.secrecy.pseudonym) for one in found if one.step_at(now)]

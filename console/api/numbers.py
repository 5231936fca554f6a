"""Numbers over HTTP: all that is known against one."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from console.api.approvals import TWO_PERSONS
from console.api.authentication import Caller
from console.api.case_shapes import CaseShape, EvidenceShape
from console.api.ladder import Rung, rung
from console.api.parts import AnyNumber, Body, Counted, Reason, Text, TheDesk, Worded, needs, paths
from desk.archive import Archive
from desk.case_files import cases_of, open_case_of
from desk.disclosure import note_search
from desk.in_full import MOST, in_full
from desk.ladder_book import standings_of
from desk.seals import standing_seal
from desk.weighing import evidence_of
from ringfence.people.rights import Right

router = paths("/v1", "numbers")
Reader = Annotated[Caller, needs(Right.CASES_READ)]
Unmasker = Annotated[Caller, needs(Right.NUMBERS_UNMASK)]


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


class Unmasking(Body):
    """Which numbers somebody has to see in full, and why."""

    of: list[Annotated[Text, Field(min_length=1, max_length=64)]] = Field(
        min_length=1,
        max_length=MOST,
        description="`case 1`, the reference of a complaint or appeal, the id of a call, a pseudonym.",
    )
    reason: Reason = Field(min_length=1)


class UnmaskedShape(BaseModel):
    """A number in full."""

    of: str
    number: str


class UnmaskedNumbers(BaseModel):
    """Those that were asked for, in their order."""

    numbers: list[UnmaskedShape]


@router.post("/numbers/unmask", responses=TWO_PERSONS)
async def unmask_numbers(what: Unmasking, desk: TheDesk, caller: Unmasker) -> UnmaskedNumbers:
    """Numbers in full: for a reason, so many in an hour (`privacy.unmask_hour`), on record before they are shown.

    More than one takes a second person (202); confirmed, the same request shows them, once and within a day. The answer
    is never kept for an Idempotency-Key.
    """
    found = await in_full(desk.archive, what.of, actor=caller.actor, reason=what.reason, by="/v1/numbers/unmask")
    return UnmaskedNumbers(numbers=[UnmaskedShape(of=one.of, number=one.number) for one in found])


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

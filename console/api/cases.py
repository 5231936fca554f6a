"""Cases over HTTP: the most pressing first, the whole story, and each step that an officer takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Path, Query, Response
from pydantic import BaseModel

from console.api.authentication import Caller
from console.api.case_shapes import (
    CasePage,
    CaseShape,
    HandOverDone,
    ReleaseDone,
    SealDone,
    StepDone,
    StoryShape,
    listed_case,
    story_shape,
)
from console.api.complaint_shapes import ComplaintPage, complaint_page
from console.api.cursors import turn_cursor, turn_of
from console.api.parts import Counted, Cursor, Limit, TheDesk, needs, paths
from console.api.steps import add_step
from desk.case_files import CaseFile
from desk.cases import Released, Sealed
from desk.disclosure import note_listing, note_look
from desk.states import CaseState
from desk.steps import CASE_STEPS
from desk.story import story_of
from desk.weighing import evidence_of
from ringfence.people.rights import Right

router = paths("/v1/cases", "cases")
Number = Annotated[int, Path(alias="case", ge=1, lt=2**53, description="Number of the case.")]
Reader = Annotated[Caller, needs(Right.CASES_READ)]


@router.get("", dependencies=[Counted])
async def list_cases(
    desk: TheDesk,
    caller: Reader,
    state: Annotated[CaseState | None, Query(description="Default: all that wait for somebody.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> CasePage:
    """List cases, the most pressing first: those put on top, then by the deadline that comes first."""
    found = await desk.cases.pressing(state=state, limit=limit + 1, beyond=turn_of(cursor))
    now = desk.archive.now()
    await note_listing(desk.archive, "case", len(found[:limit]), actor=caller.actor, state=state)
    shown = [listed_case(one, await evidence_of(desk.archive, one.case), now) for one in found[:limit]]
    return CasePage(cases=shown, next=turn_cursor(found[limit - 1].turn) if len(found) > limit else None)


@router.get("/{case}", dependencies=[Counted])
async def show_case(number: Number, desk: TheDesk, caller: Reader, response: Response) -> StoryShape:
    """The whole story of a case: evidence with every input, clocks, steps, what its seal has stopped."""
    story = await story_of(desk.archive, number)
    await note_look(desk.archive, "case", str(number), actor=caller.actor)
    response.headers["ETag"] = f'"{story.case.version}"'
    return story_shape(story, desk.archive.now())


@router.get("/{case}/complaints")
async def list_complaints_of_case(
    number: Number, desk: TheDesk, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> ComplaintPage:
    """The complaints of a case, newest first; what their reporters wrote is asked for one by one."""
    await desk.cases.find(number)
    return await complaint_page(desk, caller, limit, cursor, case_id=number)


def step_done(case: CaseFile) -> StepDone:
    """A case after a step."""
    return StepDone(case=CaseShape.of(case))


def seal_done(found: Sealed) -> SealDone:
    """What a seal did."""
    return SealDone.of(found)


def release_done(found: Released) -> ReleaseDone:
    """What a release did."""
    return ReleaseDone.of(found)


def handed_over(found: CaseFile, file: str) -> HandOverDone:
    """What is for the operator that the case was handed over to."""
    return HandOverDone(case=CaseShape.of(found), file=file)


_SHOWN: dict[str, tuple[Callable[..., BaseModel], type[BaseModel]]] = {
    "seal": (seal_done, SealDone),
    "seal-again": (seal_done, SealDone),
    "release": (release_done, ReleaseDone),
    "release-again": (release_done, ReleaseDone),
    "hand-over": (handed_over, HandOverDone),
}
for _step in CASE_STEPS:
    add_step(router, "/{case}", _step, Number, *_SHOWN.get(_step.name, (step_done, StepDone)))

"""Cases over HTTP: the most pressing first, the whole story, and each step that an officer takes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from console.api.access.scopes import Scope
from console.api.case_shapes import (
    CasePage,
    Deciding,
    Forging,
    HandingOver,
    HandOverDone,
    ReleaseDone,
    SealDone,
    StepDone,
    StoryShape,
    Taking,
    TheirAnswer,
    Verifying,
    case_shape,
    listed_case,
    story_shape,
    suspension_shapes,
)
from console.api.complaint_shapes import ComplaintPage, complaint_page
from console.api.cursors import turn_cursor, turn_of
from console.api.door import Caller
from console.api.parts import Counted, Cursor, Limit, Seen, TheDesk, needs
from desk.case_files import CaseFile
from desk.disclosure import note_listing, note_look
from desk.exports import handover
from desk.states import CaseState
from desk.story import story_of
from desk.weighing import evidence_of

router = APIRouter(prefix="/v1/cases", tags=["cases"])
Number = Annotated[int, Path(alias="case", ge=1, lt=2**53, description="Number of the case.")]
Reader = Annotated[Caller, needs(Scope.CASES_READ)]
Writer = Annotated[Caller, needs(Scope.CASES_WRITE)]
Sealer = Annotated[Caller, needs(Scope.SEALS_WRITE)]
Releaser = Annotated[Caller, needs(Scope.SEALS_RELEASE)]


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


@router.post("/{case}/take")
async def take_case(
    number: Number,
    step: Taking,
    desk: TheDesk,
    caller: Writer,
    version: Seen,
) -> StepDone:
    """Begin to verify a case: its complaints are accepted."""
    return _done(await desk.cases.take(number, actor=caller.actor, reason=step.reason, version=version))


@router.post("/{case}/verify", dependencies=[Counted])
async def verify_case(
    number: Number,
    step: Verifying,
    desk: TheDesk,
    caller: Writer,
    version: Seen,
) -> StepDone:
    """State that the calls truly came from the number; only then can it be sealed."""
    return _done(
        await desk.cases.verify(number, actor=caller.actor, found_by=step.found_by, reason=step.reason, version=version)
    )


@router.post("/{case}/seal", dependencies=[Counted])
async def seal_case(
    number: Number,
    step: Deciding,
    desk: TheDesk,
    caller: Sealer,
    version: Seen,
) -> SealDone:
    """Reject every call of the verified number from the next one on, and suspend what allows it."""
    found = await desk.cases.seal(number, actor=caller.actor, reason=step.reason, version=version)
    return SealDone(
        case=case_shape(found.case),
        seal=found.seal,
        suspended=suspension_shapes(found.suspended),
        never_called=found.never_called,
    )


@router.post("/{case}/keep")
async def keep_seal(
    number: Number,
    step: Deciding,
    desk: TheDesk,
    caller: Sealer,
    version: Seen,
) -> StepDone:
    """Let the seal stand although a complaint was withdrawn; the case is no longer on top."""
    return _done(await desk.cases.keep(number, actor=caller.actor, reason=step.reason, version=version))


@router.post("/{case}/release")
async def release_seal(
    number: Number,
    step: Deciding,
    desk: TheDesk,
    caller: Releaser,
    version: Seen,
) -> ReleaseDone:
    """Take the seal off, and give back what it suspended."""
    found = await desk.cases.release(number, actor=caller.actor, reason=step.reason, version=version)
    return ReleaseDone(case=case_shape(found.case), restored=suspension_shapes(found.restored))


@router.post("/{case}/unfounded")
async def close_as_unfounded(
    number: Number,
    step: Deciding,
    desk: TheDesk,
    caller: Writer,
    version: Seen,
) -> StepDone:
    """Close a case: there is nothing against the number."""
    return _done(await desk.cases.close_unfounded(number, actor=caller.actor, reason=step.reason, version=version))


@router.post("/{case}/forged", dependencies=[Counted])
async def close_as_forged(
    number: Number,
    step: Forging,
    desk: TheDesk,
    caller: Writer,
    version: Seen,
) -> StepDone:
    """Close a case: the number was not the true caller; it counts against the trunk."""
    return _done(
        await desk.cases.close_forged(number, actor=caller.actor, reason=step.reason, trunk=step.trunk, version=version)
    )


@router.post("/{case}/hand-over")
async def hand_over_case(
    number: Number,
    step: HandingOver,
    desk: TheDesk,
    caller: Writer,
    version: Seen,
) -> HandOverDone:
    """Give a case to the operator that holds the number; the reporters' clock runs on until it answers."""
    file = await handover(desk.archive, number)
    found = await desk.cases.hand_over(
        number, actor=caller.actor, to=step.to, reason=step.reason, reference=step.reference, version=version
    )
    return HandOverDone(case=case_shape(found), file=file)


@router.post("/{case}/answer")
async def record_their_answer(number: Number, step: TheirAnswer, desk: TheDesk, caller: Writer) -> StepDone:
    """Record what the operator that a case was handed over to answered: its complaints are answered."""
    answered = desk.cases.their_answer(number, actor=caller.actor, answer=step.answer, reference=step.reference)
    return _done(await answered)


def _done(case: CaseFile) -> StepDone:
    return StepDone(case=case_shape(case))

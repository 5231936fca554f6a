"""Complaints over HTTP: filed with a number at once, looked up and withdrawn by the source that filed them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query, Request, Response

from console.api.authentication import Caller
from console.api.complaint_shapes import (
    ComplaintFile,
    ComplaintFiled,
    ComplaintPage,
    ComplaintStanding,
    ComplaintsToFile,
    ComplaintToFile,
    Confirmation,
    ManyFiled,
    ManyRejections,
    ManyWithdrawals,
    OwnComplaint,
    OwnStanding,
    Rejection,
    Withdrawal,
    Words,
    complaint_page,
    ended,
    one_of_many,
)
from console.api.parts import Cursor, Limit, TheDesk, needs, paths
from desk.complaint_rows import Channel, Complaint, find, words_of
from desk.desk import Desk
from desk.disclosure import disclose, note_look
from desk.faults import ComplaintError, NotFound
from desk.states import ComplaintState
from ringfence.people.rights import Right

router = paths("/v1/complaints", "complaints")
Reference = Annotated[str, Path(max_length=40, description="What the reporter was told: C-7K3M9-2QF4T.")]
Writer = Annotated[Caller, needs(Right.COMPLAINTS_WRITE)]
Reader = Annotated[Caller, needs(Right.COMPLAINTS_READ)]
Either = Annotated[Caller, needs(Right.COMPLAINTS_WRITE, Right.COMPLAINTS_READ)]
WordReader = Annotated[Caller, needs(Right.CASES_READ)]
Officer = Annotated[Caller, needs(Right.CASES_WRITE)]


@router.post("", status_code=201, responses={200: {"model": ComplaintFiled, "description": "Known already"}})
async def file_complaint(new: ComplaintToFile, desk: TheDesk, caller: Writer, response: Response) -> ComplaintFiled:
    """File a complaint. On disk when the answer arrives; the same one again gets the same reference and 200."""
    filed = await desk.complaints.file(new.as_filed_by(caller.source))
    response.headers["Location"] = f"/v1/complaints/{filed.reference}"
    if filed.duplicate:
        response.status_code = 200
    # Whether the call is on record is not told: whoever may file could ask who rings whom.
    return ComplaintFiled(reference=filed.reference, state=filed.state, duplicate=filed.duplicate)


@router.post("/batch")
async def file_complaints(new: ComplaintsToFile, desk: TheDesk, caller: Writer, request: Request) -> ManyFiled:
    """File up to 200 complaints; each counts as a request of the day, and what is wrong with one stops no other."""
    request.state.caller = caller._replace(limits=await caller.use(len(new.complaints) - 1))
    filed = await desk.complaints.file_many([one.as_filed_by(caller.source) for one in new.complaints])
    return ManyFiled(results=[one_of_many(place, one) for place, one in enumerate(filed)])


@router.post("/withdraw")
async def withdraw_complaints(why: ManyWithdrawals, desk: TheDesk, caller: Writer, request: Request) -> ManyFiled:
    """Take up to 200 complaints of this source back; what is wrong with one stops no other."""
    request.state.caller = caller._replace(limits=await caller.use(len(why.complaints) - 1))
    results = []
    for place, reference in enumerate(why.complaints):
        found: Complaint | ComplaintError
        try:
            own = await _own(desk, reference, caller)
            found = await desk.complaints.withdraw(own.reference, actor=caller.actor, reason=why.reason)
        except ComplaintError as error:
            found = error
        results.append(ended(place, found))
    return ManyFiled(results=results)


@router.post("/reject")
async def reject_complaints(why: ManyRejections, desk: TheDesk, caller: Officer, request: Request) -> ManyFiled:
    """Find that up to 200 complaints are none; what is wrong with one stops no other."""
    request.state.caller = caller._replace(limits=await caller.use(len(why.complaints) - 1))
    found = await desk.complaints.end_many(
        why.complaints, ComplaintState.REJECTED, actor=caller.actor, reason=why.reason
    )
    return ManyFiled(results=[ended(place, one) for place, one in enumerate(found)])


@router.get("")
async def list_complaints(
    desk: TheDesk,
    caller: Reader,
    about: Annotated[str, Query(max_length=64, description="This number, in any spelling.")] = "",
    state: ComplaintState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ComplaintPage:
    """List complaints, newest first."""
    accused = desk.archive.read_number(about, "about").canonical if about else ""
    return await complaint_page(desk, caller, limit, cursor, accused=accused, state=state)


@router.get("/{reference}", response_model=ComplaintFile | OwnComplaint)
async def show_complaint(reference: Reference, desk: TheDesk, caller: Either) -> ComplaintStanding:
    """How a complaint stands, and what came of it. Who lacks complaints:read sees only what the same source filed."""
    if Right.COMPLAINTS_READ in caller.who.rights:
        found = await find(desk.archive.store.connection, reference)
        await note_look(desk.archive, "complaint", found.reference, actor=caller.actor)
        told = (await desk.letters.told(found))._asdict()
        return ComplaintFile.of(found, case=found.case_id, **told)
    found = await _own(desk, reference, caller)
    return OwnComplaint.of(found, **(await desk.letters.told(found))._asdict())


@router.get("/{reference}/words")
async def show_words(reference: Reference, desk: TheDesk, caller: WordReader) -> Words:
    """What the reporter wrote. That it was read, and by whom, stands in the chain of steps before it is shown."""
    archive = desk.archive
    found = await find(archive.store.connection, reference)
    words = await words_of(archive.store.connection, archive.secrecy, found)
    return Words(words=await disclose(archive, "complaint", found.reference, words, actor=caller.actor))


@router.post("/{reference}/withdraw")
async def withdraw_complaint(reference: Reference, why: Withdrawal, desk: TheDesk, caller: Writer) -> OwnStanding:
    """Take a complaint back, by the source that filed it; a seal stays until a person releases it."""
    own = await _own(desk, reference, caller)
    return OwnStanding.of(await desk.complaints.withdraw(own.reference, actor=caller.actor, reason=why.reason))


@router.post("/{reference}/confirm", status_code=204)
async def confirm_address(reference: Reference, what: Confirmation, desk: TheDesk, caller: Writer) -> None:
    """Confirm the reporter's address by the code that was sent there; only then is an answer sent to it."""
    own = await _own(desk, reference, caller)
    await desk.letters.confirm(own.reference, what.code)


@router.post("/{reference}/reject")
async def reject_complaint(reference: Reference, why: Rejection, desk: TheDesk, caller: Officer) -> ComplaintStanding:
    """Find that a complaint is none; it loses its effect, and the reporter is told why."""
    return ComplaintStanding.of(await desk.complaints.reject(reference, actor=caller.actor, reason=why.reason))


async def _own(desk: Desk, reference: str, caller: Caller) -> Complaint:
    """A complaint that this source filed; to all others there is none."""
    found = await find(desk.archive.store.connection, reference)
    if found.channel is not Channel.API or found.source != caller.source:
        raise NotFound("reference", "there is no such complaint of this source")
    return found

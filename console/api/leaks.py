"""Leaks over HTTP: offices that reporters name, who saw to it, and what they were asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.parts import Body, Masked, MaybeUtc, Reason, Shape, Text, TheDesk, Utc, Version, Worded, needs, paths
from desk.disclosure import note_listing
from desk.inquiries import Finding, State
from desk.reading import LONGEST_NAME
from desk.showing import as_shown
from ringfence.people.rights import Right

router = paths("/v1", "leaks")
Reader = Annotated[Caller, needs(Right.CASES_READ)]
Writer = Annotated[Caller, needs(Right.CASES_WRITE)]
Number = Annotated[int, Path(ge=1, lt=2**53, description="Its number.")]
OfficeName = Annotated[Text, Field(min_length=1, max_length=3 * LONGEST_NAME, description="In any known spelling.")]
AnyOffice = Annotated[str, Query(min_length=1, max_length=3 * LONGEST_NAME, description="In any known spelling.")]


class SeenShape(Shape):
    """That somebody has seen a leak."""

    at: Utc
    who: str
    reason: Worded


class LeakShape(Shape):
    """An office that was named lately."""

    office: Worded
    bank: Worded = Field(description="Whose branch it is, by the directory.")
    tied: int = Field(description="People whose call is on record.")
    untied: int
    weight: float = Field(description="People; those without a call on record count hardly.")
    complaints: int
    callers: int = Field(description="Numbers that these complaints are about.")
    last: Utc
    alarms: bool = Field(description="Enough spoke, and nobody has seen it since.")
    seen: SeenShape | None
    inquiry: int | None = Field(description="The one that is not closed.")


class LeaksShape(BaseModel):
    """Those that alarm first."""

    leaks: list[LeakShape]


class ItsComplaint(Shape):
    """A complaint that names the office."""

    reference: str
    received: Utc
    accused: Masked
    tie: str
    knew: list[str]
    case_id: int


class NamedShape(BaseModel):
    """A leak with what leads to it."""

    leak: LeakShape
    complaints: list[ItsComplaint]
    by_day: dict[str, int]
    knew: dict[str, int]
    callers: dict[str, int] = Field(description="How many complaints name each number.")
    beside: list[LeakShape] = Field(description="Other branches of the same bank.")
    seen: list[SeenShape]


class SeeBody(Body):
    """That it was seen."""

    office: OfficeName
    reason: Reason


class InquiryShape(Shape):
    """What one office was asked."""

    id: int
    office: Worded
    state: State
    opened: Utc
    opened_by: str
    asked: Worded
    asked_of: Worded
    due: Utc
    answered: MaybeUtc
    answer: Worded
    closed: MaybeUtc
    closed_by: str
    finding: str = Field(description="confirmed, unfounded, unclear; empty while it is not closed.")
    reason: Worded
    version: int


class InquiriesShape(BaseModel):
    """What is due first."""

    inquiries: list[InquiryShape]


class OpenBody(Body):
    """What an office is asked."""

    office: OfficeName
    asked: Text = Field(min_length=1, max_length=1_000)
    asked_of: Text = Field("", max_length=LONGEST_NAME, description="Default: who answers for it by the directory.")


class AnswerBody(Body):
    """What it answered."""

    answer: Text = Field(min_length=1, max_length=1_000)
    version: Version = None


class CloseBody(Body):
    """What was found."""

    finding: Finding
    reason: Reason
    version: Version = None


@router.get("/leaks")
async def list_leaks(desk: TheDesk, _: Reader) -> LeaksShape:
    """List the offices that reporters named lately as the place where the caller had their data from."""
    return LeaksShape(leaks=[LeakShape.of(one) for one in await desk.leaks.board()])


@router.get("/leaks/office")
async def show_leak(
    desk: TheDesk, caller: Reader, office: AnyOffice, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> NamedShape:
    """Show what leads to it: complaints, what was known, who called, what the branches beside it have."""
    found = await desk.leaks.named(office, limit=limit)
    await note_listing(desk.archive, "leak", len(found.complaints), actor=caller.actor, office=found.leak.office)
    return NamedShape(
        leak=LeakShape.of(found.leak),
        complaints=[ItsComplaint.of(one) for one in found.complaints],
        by_day=found.by_day,
        knew=found.knew,
        callers=as_shown({"callers": found.callers})["callers"],
        beside=[LeakShape.of(one) for one in found.beside],
        seen=[SeenShape.of(one) for one in found.seen],
    )


@router.post("/leaks/seen")
async def acknowledge_leak(body: SeeBody, desk: TheDesk, caller: Writer) -> LeakShape:
    """Acknowledge a leak: its alert rests until as many others have named the office as raised it."""
    return LeakShape.of(await desk.leaks.see(body.office, actor=caller.actor, reason=body.reason))


@router.get("/inquiries")
async def list_inquiries(
    desk: TheDesk,
    _: Reader,
    state: Annotated[State | None, Query(description="Default: all.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> InquiriesShape:
    """List what offices were asked, what is due first."""
    return InquiriesShape(
        inquiries=[InquiryShape.of(one) for one in await desk.inquiries.listed(state=state, limit=limit)]
    )


@router.post("/inquiries", status_code=201)
async def open_inquiry(body: OpenBody, desk: TheDesk, caller: Writer) -> InquiryShape:
    """Ask an office: its clock runs, and its alert rests."""
    found = await desk.inquiries.open(body.office, asked=body.asked, actor=caller.actor, asked_of=body.asked_of)
    return InquiryShape.of(found)


@router.get("/inquiries/{inquiry}")
async def show_inquiry(inquiry: Number, desk: TheDesk, _: Reader) -> InquiryShape:
    """Show one inquiry."""
    return InquiryShape.of(await desk.inquiries.find(inquiry))


@router.post("/inquiries/{inquiry}/answer")
async def answer_inquiry(inquiry: Number, body: AnswerBody, desk: TheDesk, caller: Writer) -> InquiryShape:
    """Record what the office answered."""
    found = await desk.inquiries.answer(inquiry, answer=body.answer, actor=caller.actor, version=body.version)
    return InquiryShape.of(found)


@router.post("/inquiries/{inquiry}/close")
async def close_inquiry(inquiry: Number, body: CloseBody, desk: TheDesk, caller: Writer) -> InquiryShape:
    """Say what was found: the leak is confirmed, unfounded, or it stays unclear."""
    found = await desk.inquiries.close(
        inquiry, finding=body.finding, reason=body.reason, actor=caller.actor, version=body.version
    )
    return InquiryShape.of(found)

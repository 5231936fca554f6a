"""Complaints over HTTP: filed with a number at once, looked up and withdrawn by the source that filed them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from console.api.door import Caller
from console.api.parts import Body, IdempotencyKey, Moment, Reason, TheDesk, maybe_utc, moment, needs, utc
from rules.access.scopes import Scope
from rules.complaints.complaint_rows import Channel, Complaint, find
from rules.complaints.desk import Desk
from rules.complaints.evidence import Tie
from rules.complaints.faults import NotFound
from rules.complaints.intake import Filed
from rules.complaints.reading import LONGEST_NAME, LONGEST_TEXT, NewComplaint
from rules.complaints.states import ComplaintState

router = APIRouter(prefix="/v1/complaints", tags=["complaints"])
Reference = Annotated[str, Path(max_length=40, description="What the reporter was told: C-7K3M9-2QF4T.")]
_Name = Annotated[str, Field(max_length=LONGEST_NAME)]
_Spelling = Annotated[str, Field(max_length=64)]
Writer = Annotated[Caller, needs(Scope.COMPLAINTS_WRITE)]
Reader = Annotated[Caller, needs(Scope.COMPLAINTS_WRITE, Scope.COMPLAINTS_READ)]


class Knew(Body):
    """What the caller knew of the person."""

    name: _Name | None = None
    plan: _Name | None = None
    branch: _Name | None = None
    purchase: _Name | None = None


class ComplaintToFile(Body):
    """What somebody says; numbers in any spelling."""

    accused: _Spelling = Field(min_length=1, description="Who called.", examples=["95012345"])
    reporter: _Name = Field(min_length=1, description="A number, or a name that stays the same; kept as pseudonym.")
    called: _Spelling = Field("", description="The line that rang; default: the reporter's. Kept as pseudonym.")
    at: Moment | None = Field(None, description="When it rang.", examples=["2026-07-01T12:00:00+08:00"])
    category: _Name = Field("other", description="One of complaints.categories.")
    text: str = Field("", max_length=LONGEST_TEXT, description="What happened; kept encrypted.")
    contact: str = Field("", max_length=254, description="Where the answer goes; kept encrypted.")
    business: _Name = Field("", description="On whose behalf the call was.")
    knew: Knew = Field(default_factory=Knew, description="What the caller knew; kept encrypted.")
    decision: str = Field("", pattern="^([0-9A-Fa-f]{20})?$", description="Decision id of the call, if known.")


class ComplaintFiled(BaseModel):
    """What the reporter is told at once."""

    reference: str = Field(description="The reporter keeps it; nobody can guess another's.")
    state: ComplaintState
    duplicate: bool = Field(description="It was known already and adds nothing.")


class ComplaintStanding(BaseModel):
    """How a complaint stands, for its reporter; the desk's own fields only with complaints:read."""

    reference: str
    state: ComplaintState
    state_at: str
    received: str
    accused: str
    category: str
    business: str
    call_at: str | None
    case: int | None = Field(None, description="Only with complaints:read, like all that follows.")
    channel: Channel | None = None
    source: str | None = None
    tie: Tie | None = None
    never_called: bool | None = None
    knew: list[str] | None = None
    branch: str | None = None
    decision: str | None = None


class Withdrawal(Body):
    """Why a complaint is taken back."""

    reason: Reason = ""


@router.post("", status_code=201, responses={200: {"model": ComplaintFiled, "description": "Known already"}})
async def file_complaint(
    new: ComplaintToFile, desk: TheDesk, caller: Writer, response: Response, idempotency_key: IdempotencyKey = None
) -> ComplaintFiled:
    """File a complaint. On disk when the answer arrives; the same one again gets the same reference and 200."""
    filed = await desk.complaints.file(complaint_from(new, caller.source))
    response.headers["Location"] = f"/v1/complaints/{filed.reference}"
    if filed.duplicate:
        response.status_code = 200
    return filed_data(filed)


@router.get("/{reference}")
async def show_complaint(reference: Reference, desk: TheDesk, caller: Reader) -> ComplaintStanding:
    """How a complaint stands. Who lacks complaints:read sees only what came in by the same source."""
    return standing(await found_for(desk, reference, caller), caller)


@router.post("/{reference}/withdraw")
async def withdraw_complaint(
    reference: Reference, why: Withdrawal, desk: TheDesk, caller: Writer, idempotency_key: IdempotencyKey = None
) -> ComplaintStanding:
    """Take a complaint back, by the source that filed it; a seal stays until a person releases it."""
    own = await _own(desk, reference, caller)
    return standing(await desk.complaints.withdraw(own.reference, actor=caller.actor, reason=why.reason), caller)


def complaint_from(new: ComplaintToFile, source: str) -> NewComplaint:
    """As the desk takes it."""
    return NewComplaint(
        accused=new.accused,
        reporter=new.reporter,
        called=new.called,
        at=moment(new.at) if new.at else None,
        category=new.category,
        text=new.text,
        contact=new.contact,
        business=new.business,
        knew={name: value for name, value in new.knew.model_dump().items() if value is not None},
        decision=new.decision,
        channel=Channel.API,
        source=source,
    )


def filed_data(filed: Filed) -> ComplaintFiled:
    """Whether the call is on record is not told here: a source could ask who rings whom."""
    return ComplaintFiled(reference=filed.reference, state=filed.state, duplicate=filed.duplicate)


async def found_for(desk: Desk, reference: str, caller: Caller) -> Complaint:
    """A complaint that this caller may see; to all others there is none."""
    if Scope.COMPLAINTS_READ in caller.key.scopes:
        return await find(desk.archive.store.connection, reference)
    return await _own(desk, reference, caller)


async def _own(desk: Desk, reference: str, caller: Caller) -> Complaint:
    found = await find(desk.archive.store.connection, reference)
    if found.channel is not Channel.API or found.source != caller.source:
        raise NotFound("reference", f"there is no complaint {reference[:40]!r}")
    return found


def standing(one: Complaint, caller: Caller) -> ComplaintStanding:
    """As much of a complaint as the caller may see."""
    told = ComplaintStanding(
        reference=one.reference,
        state=one.state,
        state_at=utc(one.state_at),
        received=utc(one.received),
        accused=one.accused,
        category=one.category,
        business=one.business,
        call_at=maybe_utc(one.call_at),
    )
    if Scope.COMPLAINTS_READ not in caller.key.scopes:
        return told
    more = ("channel", "source", "tie", "never_called", "branch", "decision")
    values = {name: getattr(one, name) for name in more}
    return told.model_copy(update=values | {"case": one.case_id, "knew": list(one.knew)})

"""Appeals over HTTP: filed, listed by deadline, shown with their evidence, granted or refused."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Response
from pydantic import BaseModel, ConfigDict, Field

from console.api.authentication import Caller
from console.api.case_shapes import ClockShape, clock_shape
from console.api.complaint_shapes import Confirmation
from console.api.cursors import turn_cursor, turn_of
from console.api.parts import (
    Body,
    Counted,
    Cursor,
    DecisionId,
    Limit,
    Masked,
    MaybeUtc,
    Next,
    Shape,
    Text,
    TheDesk,
    Utc,
    Worded,
    needs,
    paths,
)
from console.api.steps import add_step
from desk.appeals import Appeal
from desk.disclosure import EXPORTED, disclose, note_listing, note_look
from desk.exports import evidence_pack
from desk.reading import LONGEST_TEXT
from desk.states import AppealState, Attacks
from desk.steps import APPEAL_STEPS
from ringfence.people.rights import Right

router = paths("/v1/appeals", "appeals")
Reference = Annotated[
    str, Path(alias="reference", max_length=40, description="What the appellant was told: A-7K3M9-2QF4T.")
]
Writer = Annotated[Caller, needs(Right.APPEALS_WRITE)]
Reader = Annotated[Caller, needs(Right.APPEALS_READ, Right.APPEALS_DECIDE)]
Anyone = Annotated[Caller, needs(Right.APPEALS_WRITE, Right.APPEALS_READ, Right.APPEALS_DECIDE)]


class AppealToFile(Body):
    """What a caller brings forward; the number, or the id that the rejection carried in Reason."""

    number: Text = Field("", max_length=64, description="The caller's number, in any spelling.")
    decision: DecisionId = Field("", description="Decision id of the call.")
    against: Attacks | None = Field(None, strict=False, description="Default: whatever stands against the number.")
    target: Text = Field("", max_length=200, description="Name of the rule or list.")
    text: Text = Field("", max_length=LONGEST_TEXT, description="What the caller says; kept encrypted.")
    contact: Text = Field("", max_length=254, description="Where the answer goes; kept encrypted.")


class AppealStanding(Shape):
    """How an appeal stands, for the appellant."""

    reference: str
    state: AppealState
    received: Utc
    against: Attacks
    decided: MaybeUtc
    reason: Worded


class AppealShape(AppealStanding):
    """An appeal for the desk, which alone is told whose step, seal or list it is against."""

    target: Worded
    number: Masked
    decision: str
    decided_by: str
    version: int


class AppealFile(AppealShape):
    """An appeal with its deadlines and what the appellant says."""

    clocks: list[ClockShape]
    words: dict[str, str] = Field(
        description="What the appellant wrote, without address and numbers; that it was read is recorded."
    )


class EvidencePack(BaseModel):
    """What an appeal is judged by; times are RFC 3339."""

    model_config = ConfigDict(extra="allow")

    appeal: dict[str, Any]
    call: dict[str, Any] | None = Field(description="The record of the decision; null: none is named, or it is gone.")
    call_found_by: str = Field(description="decision: the appeal names it; number: the last call that was stopped so.")
    rule: dict[str, Any] | None = Field(description="The rule that decided, as it read then: name, file, text.")
    stopped_by: list[dict[str, Any]] = Field(description="List entries that took part in the call, as they stood then.")
    entries: list[dict[str, Any]] = Field(description="List entries that cover the number now.")
    history: list[dict[str, Any]] = Field(description="What happened to the entries of the number.")
    seals: list[dict[str, Any]]
    ladder: list[dict[str, Any]] = Field(description="Steps of the number, its owner and its business.")
    cases: list[dict[str, Any]] = Field(description="Each with its evidence and steps.")


class AppealPage(BaseModel):
    """Some appeals, and where the next ones begin."""

    appeals: list[AppealShape]
    next: Next


@router.post("", status_code=201, responses={200: {"model": AppealStanding, "description": "Filed already"}})
async def file_appeal(new: AppealToFile, desk: TheDesk, _: Writer, response: Response) -> AppealStanding:
    """File an appeal; its clock runs from now.

    The same one again, while it waits, gets the same reference and 200; a text that it brings is added to the words.
    """
    before = desk.archive.now()
    found = await desk.appeals.file(
        number=new.number,
        decision=new.decision,
        attacks=new.against,
        target=new.target,
        text=new.text,
        contact=new.contact,
    )
    response.headers["Location"] = f"/v1/appeals/{found.reference}"
    if not before <= found.received <= desk.archive.now():  # also where the clock was set back meanwhile
        response.status_code = 200
    return AppealStanding.of(found, against=found.attacks)


@router.get("")
async def list_appeals(
    desk: TheDesk,
    caller: Reader,
    state: AppealState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AppealPage:
    """List appeals, those that wait and are due first on top."""
    found = await desk.appeals.in_turn(state=state, limit=limit + 1, beyond=turn_of(cursor))
    await note_listing(desk.archive, "appeal", len(found[:limit]), actor=caller.actor, state=state)
    shown = [appeal_shape(one) for one, _ in found[:limit]]
    return AppealPage(appeals=shown, next=turn_cursor(found[limit - 1][1]) if len(found) > limit else None)


@router.get("/{reference}", response_model=AppealFile | AppealStanding)
async def show_appeal(reference: Reference, desk: TheDesk, caller: Anyone, response: Response) -> AppealStanding:
    """How an appeal stands; with appeals:read or appeals:decide also what the appellant says, which is recorded."""
    found, clocks, words = await desk.appeals.find(reference)
    if not caller.who.rights & {Right.APPEALS_READ, Right.APPEALS_DECIDE}:
        return AppealStanding.of(found, against=found.attacks)
    words = await disclose(desk.archive, "appeal", found.reference, words, actor=caller.actor)
    now = desk.archive.now()
    response.headers["ETag"] = f'"{found.version}"'
    return AppealFile.of(
        found, against=found.attacks, clocks=[clock_shape(clock, now) for clock in clocks], words=words
    )


@router.get("/{reference}/evidence", dependencies=[Counted])
async def show_evidence(reference: Reference, desk: TheDesk, caller: Reader) -> EvidencePack:
    """What an appeal is judged by: the call, the text of the rule, list entries and cases of the number."""
    found, _clocks, _words = await desk.appeals.find(reference)
    await note_look(desk.archive, "appeal", found.reference, actor=caller.actor, step=EXPORTED)
    return EvidencePack.model_validate_json(await evidence_pack(desk.archive, found))


@router.post("/{reference}/confirm", status_code=204)
async def confirm_appellant(reference: Reference, what: Confirmation, desk: TheDesk, _: Writer) -> None:
    """Confirm the appellant's address by the code that was sent there; only then is an answer sent to it."""
    found, _clocks, _words = await desk.appeals.find(reference)
    await desk.letters.confirm(found.reference, what.code)


def appeal_shape(one: Appeal) -> AppealShape:
    """An appeal for the desk."""
    return AppealShape.of(one, against=one.attacks)


for _step in APPEAL_STEPS:
    add_step(router, "/{reference}", _step, Reference, appeal_shape, AppealShape)

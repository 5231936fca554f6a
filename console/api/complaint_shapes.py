"""Complaints, as clients send them and as the API shows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.cursors import cursor_at, place_of
from console.api.document import ErrorOfField
from console.api.parts import (
    Body,
    DecisionId,
    Masked,
    MaybeUtc,
    Moment,
    Next,
    Reason,
    Shape,
    Text,
    Utc,
    Worded,
    moment,
)
from console.api.problems import error_of, pointer_to
from desk.complaint_rows import Channel, Complaint, listed
from desk.desk import Desk
from desk.disclosure import note_listing
from desk.evidence import Tie
from desk.faults import ComplaintError
from desk.intake import Filed
from desk.reading import LONGEST_NAME, LONGEST_TEXT, NewComplaint
from desk.states import ComplaintState

_Name = Annotated[Text, Field(max_length=LONGEST_NAME)]
_Spelling = Annotated[Text, Field(max_length=64)]


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
    text: Text = Field("", max_length=LONGEST_TEXT, description="What happened; kept encrypted.")
    contact: Text = Field("", max_length=254, description="Where the answer goes; kept encrypted, never shown.")
    business: _Name = Field("", description="On whose behalf the call was.")
    knew: Knew = Field(default_factory=Knew, description="What the caller knew; kept encrypted.")
    decision: DecisionId = Field("", description="Decision id of the call, if known.")

    def as_filed_by(self, source: str) -> NewComplaint:
        """As the desk takes it."""
        return NewComplaint(
            accused=self.accused,
            reporter=self.reporter,
            called=self.called,
            at=moment(self.at) if self.at else None,
            category=self.category,
            text=self.text,
            contact=self.contact,
            business=self.business,
            knew={name: value for name, value in self.knew.model_dump().items() if value is not None},
            decision=self.decision,
            channel=Channel.API,
            source=source,
        )


class ComplaintsToFile(Body):
    """Many at once; each counts as a request of the day."""

    complaints: list[ComplaintToFile] = Field(min_length=1, max_length=200)


References = Annotated[list[Annotated[Text, Field(max_length=40)]], Field(min_length=1, max_length=200)]


class ManyWithdrawals(Body):
    """To take many back; each counts as a request of the day."""

    complaints: References
    reason: Literal["", "mistake", "settled", "other"] = ""


class ManyRejections(Body):
    """To reject many; each counts as a request of the day."""

    complaints: References
    reason: Reason = Field(min_length=1)


class Withdrawal(Body):
    """Why a complaint is taken back: one word, since what reporters write in their own is kept encrypted only."""

    reason: Literal["", "mistake", "settled", "other"] = ""


class Rejection(Body):
    """Why a complaint is none."""

    reason: Reason = Field(min_length=1)


class Confirmation(Body):
    """That an address belongs to who filed."""

    code: Text = Field(min_length=1, max_length=40, description="What was sent to the address.")


class ComplaintFiled(BaseModel):
    """What the reporter is told at once."""

    reference: str = Field(description="The reporter keeps it; nobody can guess another's.")
    state: ComplaintState
    duplicate: bool = Field(description="It was known already and adds nothing.")


class OneOfMany(BaseModel):
    """What became of one of them: a reference, or what is wrong with it."""

    reference: str | None = None
    state: ComplaintState | None = None
    duplicate: bool | None = None
    errors: list[ErrorOfField] | None = None


class ManyFiled(BaseModel):
    """In the order in which they were sent; what is wrong with one stops no other."""

    results: list[OneOfMany]


class ComplaintStanding(Shape):
    """How a complaint stands."""

    reference: str
    state: ComplaintState
    state_at: Utc
    received: Utc
    accused: Masked
    category: str
    business: Worded
    call_at: MaybeUtc


class Answered(BaseModel):
    """What its reporter is told of a complaint, whether or not a letter goes to him."""

    outcome: Literal["", "sealed", "released", "unfounded", "forged", "handed over", "rejected"] = Field(
        description="Empty until it is answered or rejected."
    )
    answer: str = Field(description="The same in a sentence, as letters say it (complaints.language).")


class OwnStanding(ComplaintStanding):
    """How a complaint stands, for the source that filed it: the number as it was read."""

    accused: str
    business: str


class OwnComplaint(OwnStanding, Answered):
    """How it stands for the source that filed it, and what came of it."""


class ComplaintShape(ComplaintStanding):
    """A complaint for the desk; reporter and called line are pseudonyms and stay inside."""

    case: int
    channel: Channel
    source: str
    tie: Tie = Field(description="How it hangs on a call.")
    never_called: bool = Field(description="There are records, and no call of the number to that line in them.")
    knew: list[str]
    branch: Worded
    decision: str


class ComplaintFile(ComplaintShape, Answered):
    """A complaint for the desk, and what its reporter is told."""


class ComplaintPage(BaseModel):
    """Some complaints, and where the next ones begin."""

    complaints: list[ComplaintShape]
    next: Next


class Words(BaseModel):
    """What the reporter wrote; addresses and names are left out, numbers masked. That it was read is recorded."""

    words: dict[str, str]


def one_of_many(place: int, filed: Filed | ComplaintError) -> OneOfMany:
    """What became of the complaint at this place."""
    if isinstance(filed, ComplaintError):
        return OneOfMany(
            errors=[ErrorOfField(**error_of(f"/complaints/{place}{pointer_to(filed.field)}", filed.reason))]
        )
    return OneOfMany(reference=filed.reference, state=filed.state, duplicate=filed.duplicate)


def ended(place: int, one: Complaint | ComplaintError) -> OneOfMany:
    """What became of the complaint at this place that was to end."""
    if isinstance(one, ComplaintError):
        return OneOfMany(errors=[ErrorOfField(**error_of(f"/complaints/{place}", one.reason))])
    return OneOfMany(reference=one.reference, state=one.state)


async def complaint_page(
    desk: Desk,
    caller: Caller,
    limit: int,
    cursor: str | None,
    *,
    case_id: int | None = None,
    accused: str = "",
    state: ComplaintState | None = None,
) -> ComplaintPage:
    """Complaints that fit, newest first; that somebody is shown them is recorded."""
    before = place_of(cursor) or None
    connection = desk.archive.store.connection
    found = await listed(connection, accused=accused, state=state, case_id=case_id, limit=limit + 1, before=before)
    await note_listing(
        *(desk.archive, "complaint", len(found[:limit])), actor=caller.actor, number=accused, state=state, case=case_id
    )
    following = cursor_at(found[limit - 1].id) if len(found) > limit else None
    return ComplaintPage(complaints=[ComplaintShape.of(one, case=one.case_id) for one in found[:limit]], next=following)

"""Cases, their evidence, clocks and story, as the API shows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from console.api.parts import Body, Masked, MaybeUtc, Next, Reason, Shape, Text, Utc, Version, Worded
from desk.case_files import Listed
from desk.deadlines import Clock, ClockState
from desk.evidence import Evidence
from desk.states import CaseState
from desk.story import Story

_Needed = Annotated[Reason, Field(min_length=1)]
_Line = Annotated[Text, Field(max_length=200)]


class CaseShape(Shape):
    """A case as it stands."""

    id: int
    number: Masked
    kind: str = Field(description="Class of the number.")
    prefix: str
    code: str
    holder: Worded = Field(description="Who holds the code, by the range ledger.")
    state: CaseState
    version: int = Field(description="Counted up by each step; send it back as `version` or If-Match.")
    opened: MaybeUtc
    first_complaint: MaybeUtc
    verified: MaybeUtc
    found_by: str
    sealed: MaybeUtc
    seal: int | None = Field(description="Id of the seal; it stands in the record of every call that it stops.")
    closed: MaybeUtc
    trunk: str
    handed_to: Worded
    handed_at: MaybeUtc
    their_reference: Worded
    their_answer: Worded
    on_top: Worded = Field(description="Why it stands above all others; empty: it does not.")
    last_step: str
    last_actor: str
    last_at: Utc


class ClockShape(Shape):
    """One deadline; it never stops."""

    name: str
    started: Utc
    due: Utc
    met: MaybeUtc
    standing: ClockState


class EvidenceShape(Shape):
    """What complaints prove, with every input: 10,000 times the 95 % Wilson lower bound of weight/subscribers."""

    score: float
    weight: float
    subscribers: float
    rang: int = Field(description="Subscribers that it rang, before the floor.")
    complaints: int = Field(description="That count.")
    counted: int = Field(description="Of these, one for each reporter and line.")


class ListedCase(CaseShape):
    """A case in the list of the desk."""

    complaints: int
    reporters: int = Field(description="Of whom one complaint each counts; one behind each called line.")
    evidence: float
    due: ClockShape | None = Field(description="The next deadline that is not met.")


class CasePage(BaseModel):
    """Some cases, and where the next ones begin."""

    cases: list[ListedCase]
    next: Next


class EventShape(Shape):
    """Something that happened."""

    at: Utc
    who: str
    what: str
    why: str


class StoryShape(Shape):
    """A case from its first complaint to now."""

    case: CaseShape
    owner: str = Field(description="Whose the number is, as far as somebody said.")
    evidence: EvidenceShape
    ties: dict[str, int] = Field(description="Complaints that count, by what ties them to a call.")
    clocks: list[ClockShape]
    events: list[EventShape]
    ending: str = Field(description="Where it stands, in one line.")
    warnings: list[str] = Field(description="What makes its deadlines uncertain: a year that nobody announced.")


class SuspensionShape(Shape):
    """An allow entry that a seal suspends; its owner is to be told."""

    list: str
    entry: Masked
    owner: Worded


class StepDone(Shape):
    """What a step did."""

    case: CaseShape


class SealDone(StepDone):
    """What a seal did: calls of the number are rejected from the next one on."""

    seal: int
    suspended: list[SuspensionShape]
    never_called: bool = Field(description="No call of the number is on record: was a digit lost?")


class ReleaseDone(StepDone):
    """What a release did."""

    restored: list[SuspensionShape]


class HandOverDone(StepDone):
    """What is for the operator that the case was handed over to."""

    file: str = Field(description="The case as CSV; it names no reporter.")


class Deciding(Body):
    """A step that needs a reason."""

    reason: _Needed
    version: Version = None


def listed_case(one: Listed, evidence: Evidence, now: float) -> ListedCase:
    """A case in the list of the desk."""
    due = clock_shape(one.due, now) if one.due else None
    counts = {"complaints": one.complaints, "reporters": evidence.counted, "evidence": round(evidence.score, 1)}
    return ListedCase.of(one.case, **counts, due=due)


def clock_shape(clock: Clock, now: float) -> ClockShape:
    """A deadline at this moment."""
    return ClockShape.of(clock, standing=clock.standing(now))


def story_shape(story: Story, now: float) -> StoryShape:
    """The whole story of a case."""
    return StoryShape.of(story, clocks=[clock_shape(clock, now) for clock in story.clocks])

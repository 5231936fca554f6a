"""Cases, their evidence, clocks and story, as the API shows them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from console.api.parts import Body, Next, Reason, Text, Version, maybe_utc, utc
from desk.case_files import CaseFile, Listed
from desk.deadlines import Clock, ClockState
from desk.evidence import Evidence
from desk.states import CaseState
from desk.story import Story
from rules.lists.suspension import Suspension

_TIMES = ("first_complaint", "opened", "verified", "sealed", "closed", "handed_at")
_Needed = Annotated[Reason, Field(min_length=1)]
_Line = Annotated[Text, Field(max_length=200)]


class CaseShape(BaseModel):
    """A case as it stands."""

    id: int
    number: str
    kind: str = Field(description="Class of the number.")
    prefix: str
    code: str
    holder: str = Field(description="Who holds the code, by the range ledger.")
    state: CaseState
    version: int = Field(description="Counted up by each step; send it back as `version` or If-Match.")
    opened: str | None
    first_complaint: str | None
    verified: str | None
    found_by: str
    sealed: str | None
    seal: int | None = Field(description="Id of the seal; it stands in the record of every call that it stops.")
    closed: str | None
    trunk: str
    handed_to: str
    handed_at: str | None
    their_reference: str
    their_answer: str
    on_top: str = Field(description="Why it stands above all others; empty: it does not.")
    last_step: str
    last_actor: str
    last_at: str


class ClockShape(BaseModel):
    """One deadline; it never stops."""

    name: str
    started: str
    due: str
    met: str | None
    standing: ClockState


class EvidenceShape(BaseModel):
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


class EventShape(BaseModel):
    """Something that happened."""

    at: str
    who: str
    what: str
    why: str


class StoryShape(BaseModel):
    """A case from its first complaint to now."""

    case: CaseShape
    owner: str = Field(description="Whose the number is, as far as somebody said.")
    evidence: EvidenceShape
    ties: dict[str, int] = Field(description="Complaints that count, by what ties them to a call.")
    clocks: list[ClockShape]
    events: list[EventShape]
    ending: str = Field(description="Where it stands, in one line.")
    warnings: list[str] = Field(description="What makes its deadlines uncertain: a year that nobody announced.")


class SuspensionShape(BaseModel):
    """An allow entry that a seal suspends; its owner is to be told."""

    list: str
    entry: str
    owner: str


class StepDone(BaseModel):
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


def case_shape(case: CaseFile) -> CaseShape:
    """A case with readable times."""
    return CaseShape(**_case_values(case))


def _case_values(case: CaseFile) -> dict[str, Any]:
    times = {name: maybe_utc(getattr(case, name)) for name in _TIMES}
    return case._asdict() | times | {"last_at": utc(case.last_at)}


def listed_case(one: Listed, evidence: Evidence, now: float) -> ListedCase:
    """A line of the list."""
    due = clock_shape(one.due, now) if one.due else None
    counts = {"complaints": one.complaints, "reporters": evidence.counted, "evidence": round(evidence.score, 1)}
    return ListedCase(**_case_values(one.case), **counts, due=due)


def clock_shape(clock: Clock, now: float) -> ClockShape:
    """A deadline and how it stands."""
    return ClockShape(
        name=clock.name,
        started=utc(clock.started),
        due=utc(clock.due),
        met=maybe_utc(clock.met),
        standing=clock.standing(now),
    )


def evidence_shape(evidence: Evidence) -> EvidenceShape:
    """Every input of the formula."""
    return EvidenceShape(**evidence._asdict())


def story_shape(story: Story, now: float) -> StoryShape:
    """The whole story."""
    return StoryShape(
        case=case_shape(story.case),
        owner=story.owner,
        evidence=evidence_shape(story.evidence),
        ties=story.ties,
        clocks=[clock_shape(clock, now) for clock in story.clocks],
        events=[EventShape(at=utc(one.at), who=one.who, what=one.what, why=one.why) for one in story.events],
        ending=story.ending,
        warnings=story.warnings,
    )


def suspension_shapes(entries: tuple[Suspension, ...]) -> list[SuspensionShape]:
    """Allow entries concerned."""
    return [SuspensionShape(**one._asdict()) for one in entries]

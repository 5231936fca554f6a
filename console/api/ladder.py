"""The ladder over HTTP: who stands on it, a step set or lifted by an officer, and whose a number is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.case_shapes import Deciding
from console.api.cursors import cursor_at, place_of
from console.api.parts import (
    AnyNumber,
    Body,
    Cursor,
    Limit,
    Masked,
    Next,
    Seen,
    Shape,
    Text,
    TheDesk,
    Utc,
    Worded,
    needs,
    paths,
)
from desk.disclosure import note_listing
from desk.ladder_book import version_of
from desk.reading import LONGEST_NAME
from desk.showing import masked
from desk.states import Offender
from ringfence.people.rights import Right
from rules.judging.ladder import LadderStep, Standing, StepName

router = paths("/v1", "ladder")
Reader = Annotated[Caller, needs(Right.CASES_READ)]
Writer = Annotated[Caller, needs(Right.LADDER_WRITE)]
_Name = Annotated[Text, Field(max_length=LONGEST_NAME)]


class Rung(Shape):
    """Where a number, its owner or its business stands."""

    kind: Offender
    name: Worded
    step: StepName
    version: int = Field(description="Another one after each change; send it back as `version` or If-Match.")
    offences: int
    since: Utc
    term_ends: Utc = Field(description="From then on good conduct leads down.")
    reason: Worded
    pseudonym: str = Field(description="Of a number, for POST /v1/numbers/unmask; empty for owners and businesses.")


class Climber(Rung):
    """Somebody on the ladder, with all numbers."""

    numbers: list[Masked]
    pseudonyms: list[str] = Field(description="Of these numbers, in their order.")
    author: str


class LadderPage(BaseModel):
    """Some of those who stand on it, highest first, and where the next ones begin."""

    ladder: list[Climber]
    next: Next


class Climbing(Deciding):
    """A step that is set."""

    kind: Offender = Field(description="Whose step.")
    name: _Name = Field(min_length=1, description="The number in any spelling, or the name.")
    step: StepName | None = Field(None, strict=False, description="Default: one up from where it stands.")
    version: Annotated[
        int | None,
        Field(ge=0, le=2**31, description="The version that was looked at, 0 for none; else nothing is done."),
    ] = None


class Clearing(Deciding):
    """A step that is lifted."""

    kind: Offender = Field(description="Whose step.")
    name: _Name = Field(min_length=1, description="The number in any spelling, or the name.")


class Cleared(BaseModel):
    """Who stands on the ladder no more."""

    kind: Offender
    name: Worded
    step: Literal["none"]


class Assignment(Body):
    """Whose a number is: an owner, a business, or both."""

    owner: _Name = Field("", description="Who holds it now; a new owner starts clean with it.")
    business: _Name = Field("", description="On whose behalf it calls.")


class Assigned(BaseModel):
    """Whose a number is now, as far as it was said; a name that is known comes back in its known spelling."""

    number: Masked
    owner: Worded
    business: Worded
    open_case: int | None = Field(
        description="It stays, with its seal, whoever owns the number now; null: there is none."
    )


@router.get("/ladder")
async def show_ladder(
    desk: TheDesk,
    caller: Reader,
    kind: Annotated[Offender | None, Query(description="Default: all.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> LadderPage:
    """Who stands on the ladder, highest first; owners and businesses with their numbers."""
    after = place_of(cursor)
    found = await desk.ladder.climbers(kind, limit + 1, after)
    await note_listing(desk.archive, "ladder", len(found[:limit]), actor=caller.actor, kind=kind)
    now, hide = desk.archive.now(), desk.archive.secrecy.pseudonym
    shown = [
        Climber.of(
            one.standing,
            **_now(one.standing, now, hide),
            numbers=one.numbers,
            pseudonyms=[hide(each) for each in one.numbers],
            author=one.author,
        )
        for one in found[:limit]
    ]
    return LadderPage(ladder=shown, next=cursor_at(after + limit) if len(found) > limit else None)


@router.post("/ladder/climb")
async def climb_ladder(what: Climbing, desk: TheDesk, caller: Writer, version: Seen, response: Response) -> Rung:
    """Let somebody climb, for a term that doubles with each offence; the next call within a second is judged by it."""
    found = await desk.ladder.climb(
        what.kind,
        what.name,
        actor=caller.actor,
        reason=what.reason,
        to=LadderStep.called(what.step) if what.step else None,
        version=version,
    )
    shown = rung(found, found.since, desk.archive.secrecy.pseudonym)
    response.headers["ETag"] = f'"{shown.version}"'
    return shown


@router.post("/ladder/clear")
async def clear_ladder(what: Clearing, desk: TheDesk, caller: Writer, version: Seen) -> Cleared:
    """Take somebody off the ladder; offences are forgotten."""
    name = await desk.ladder.clear(what.kind, what.name, actor=caller.actor, reason=what.reason, version=version)
    return Cleared(kind=what.kind, name=masked(name) if what.kind == "number" else name, step="none")


@router.post("/numbers/{number}/assign")
async def assign_number(
    number: AnyNumber,
    whose: Assignment,
    desk: TheDesk,
    caller: Writer,
) -> Assigned:
    """Say whose a number is: an owner, and a business, keep their step on all their numbers."""
    found = await desk.ladder.assign(number, owner=whose.owner, business=whose.business, actor=caller.actor)
    return Assigned(**found._asdict())


def rung(standing: Standing, now: float, hide: Callable[[str], str]) -> Rung:
    """Where somebody stands at this moment; he must stand on some step. ``hide``: the pseudonym of a number."""
    return Rung.of(standing, **_now(standing, now, hide))


def _now(standing: Standing, now: float, hide: Callable[[str], str]) -> dict[str, object]:
    of_number = standing.kind == "number"
    told = {"name": masked(standing.name), "pseudonym": hide(standing.name)} if of_number else {"pseudonym": ""}
    return {"step": standing.step_at(now).said, "version": version_of(standing, now), **told}

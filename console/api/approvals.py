"""What waits for a second person, over HTTP: seen, confirmed and refused with the key of another account."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path, Request
from pydantic import Field

from console.api.authentication import Caller
from console.api.parts import Body, MaybeUtc, Reason, Shape, TheDesk, Utc, Worded, needs, paths
from console.api.problems import Problem
from desk.desk import Desk
from ringfence.people.approvals import Proposal
from ringfence.people.carrying_out import confirm
from ringfence.people.faults import NotAllowed, PeopleError
from ringfence.people.people import People
from ringfence.people.rights import TAKES_TWO, Right

router = paths("/v1/approvals", "approvals")
_ANY: tuple[Right, ...] = tuple(dict.fromkeys(right for rights in TAKES_TWO.values() for right in rights))
Second = Annotated[Caller, needs(*_ANY)]
Which = Annotated[int, Path(ge=1, le=2**53, description="The number of the proposal.")]


class ApprovalShape(Shape):
    """Something that takes two persons."""

    id: int
    kind: str = Field(description="seal, release, account, key, unmask, export, erase, words")
    about: str
    reason: Worded
    proposer: str
    proposed: Utc
    lapses: Utc
    state: str = Field(description="waiting, confirmed, done, refused, lapsed")
    decider: str
    decided: MaybeUtc


class ApprovalPage(Shape):
    """Those that wait."""

    approvals: list[ApprovalShape]


class Done(Shape):
    """What was done."""

    done: str


class Proposed(Shape):
    """Taken, and not done yet: another person has to confirm it."""

    proposal: int
    detail: str


class Refusal(Body):
    """Why it is not to be."""

    reason: Reason


TWO_PERSONS: dict[int | str, dict[str, Any]] = {
    202: {"model": Proposed, "description": "Not done yet: another person has to confirm it."}
}


def _people(request: Request) -> People:
    people: People | None = request.app.state.people
    if people is None:
        raise Problem(404, "not-found", "There are no accounts.")
    return people


@router.get("")
async def list_approvals(caller: Second, request: Request) -> ApprovalPage:
    """What waits for a second person, of all that the caller may do himself."""
    found = await _people(request).approvals.listed()
    mine = [one for one in found if not caller.who.rights.isdisjoint(TAKES_TWO[one.kind])]
    return ApprovalPage(approvals=[_shape(one, request) for one in mine])


@router.post("/{proposal}/confirm")
async def confirm_proposal(proposal: Which, desk: TheDesk, caller: Second, request: Request) -> Done:
    """Say yes to what another person proposed: it is done, in the name of who proposed it."""

    async def the_desk() -> Desk:
        return desk

    return Done(done=await confirm(proposal, caller.who, _people(request), the_desk))


@router.post("/{proposal}/refuse")
async def refuse_proposal(proposal: Which, why: Refusal, caller: Second, request: Request) -> ApprovalShape:
    """Say no to what another person proposed, or take one's own back."""
    return _shape(await _people(request).approvals.refuse(proposal, caller.who, why.reason), request)


def _shape(one: Proposal, request: Request) -> ApprovalShape:
    return ApprovalShape.of(one, state=one.state(_people(request).approvals.now()))


def problem_of_people(error: PeopleError) -> Problem:
    """What a client is told of an account, or of what takes two persons."""
    if isinstance(error, NotAllowed):
        return Problem(403, "not-allowed", f"{error.reason}.")
    missing = error.reason.startswith("there is no")
    return Problem(404, "not-found", f"{error.reason}.") if missing else Problem(409, "conflict", f"{error.reason}.")

"""What was confirmed is done: in the name of who proposed it, with who confirmed it in the record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ringfence.people.actor import Actor
from ringfence.people.approvals import DONE_BY_PROPOSER, Proposal
from ringfence.people.faults import PeopleError
from rules.audit.second import confirmed

if TYPE_CHECKING:
    from desk.case_files import CaseFile
    from desk.desk import Desk
    from ringfence.people.people import People


async def confirm(proposal: int, actor: Actor, people: People, desk: Callable[[], Awaitable[Desk]]) -> str:
    """Say yes to a proposal, and do it; what was done, in words. What cannot be done any more is told as when asked."""
    found = await people.approvals.confirm(proposal, actor)
    if found.kind in DONE_BY_PROPOSER:
        return f"{found.proposer} may do it now: once, within the day"
    with confirmed(f"confirmed by {actor.name}", found.arguments):
        if found.kind == "account":
            await people.accounts.again(found.about, found.arguments, author=found.proposer, reason=found.reason)
            said = f"{found.about}: done"
        else:
            said = await _at_the_desk(found, await desk())
    await people.approvals.done(proposal)
    return said


async def _at_the_desk(found: Proposal, desk: Desk) -> str:
    asked, actor, reason = found.arguments, found.proposer, found.reason
    if asked["step"] == "grant":
        appeal = await desk.appeals.grant(asked["appeal"], actor=actor, reason=reason)
        return f"{appeal.reference} is {appeal.state}"
    cases, number = desk.cases, asked["case"]
    told: dict[str, Any] = {"actor": actor, "reason": reason}  # the desk holds the case against what was proposed
    match asked["step"]:
        case "seal":
            return _told((await cases.seal(number, **told)).case)
        case "release":
            return _told((await cases.release(number, **told)).case)
        case "seal_again":
            return _told((await cases.seal_again(number, **told)).case)
        case "release_again":
            return _told((await cases.release_again(number, **told)).case)
        case other:
            raise PeopleError("approval", f"nothing is known of {other!r}")


def _told(case: CaseFile) -> str:
    return f"case {case.id} is {case.state}"

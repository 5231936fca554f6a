"""What waits for a second person: seen, confirmed and refused by whoever could do it himself."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.desk import Desk
from ringfence.people import Right
from ringfence.people.carrying_out import confirm
from ringfence.people.faults import PeopleError
from ringfence.people.rights import TAKES_TWO

_ANY = frozenset(right for rights in TAKES_TWO.values() for right in rights)
PAGE = Page("approvals", mark("Approvals"), Right.SEALS_WRITE, Section.HOUSE, key="a", order=10, others=_ANY)
router = APIRouter()
# What takes two persons, in words.
KINDS = {
    "seal": mark("seal a number"),
    "release": mark("release a seal"),
    "account": mark("change an account"),
    "key": mark("make a key"),
    "unmask": mark("see many numbers in full"),
    "export": mark("export a list"),
    "erase": mark("erase what is held of a subscriber"),
    "words": mark("change the keys of what people wrote"),
}
STATES = {
    "waiting": mark("waits"),
    "confirmed": mark("confirmed"),
    "done": mark("done"),
    "refused": mark("declined"),
    "lapsed": mark("lapsed"),
}
_PAST = 30


@router.get("")
async def waiting(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """What waits, of all that whoever looks may do himself, and what came of the last ones."""
    approvals = (await visit.here.people()).approvals
    now = approvals.now()
    every = [
        one for one in await approvals.listed(everything=True) if not visit.actor.rights.isdisjoint(TAKES_TWO[one.kind])
    ]
    waits = [one for one in every if one.state(now) == "waiting"]
    past = [one for one in reversed(every) if one.state(now) != "waiting"][:_PAST]
    return visit.show("approvals.html", waits=waits, past=past, kinds=KINDS, states=STATES, now=now)


@router.post("/{proposal}/confirm")
async def say_yes(visit: Annotated[Visit, PAGE.visited], proposal: int) -> Response:
    """It is done, in the name of who proposed it."""

    async def the_desk() -> Desk:
        return visit.desk

    try:
        done = await confirm(proposal, visit.actor, await visit.here.people(), the_desk)
    except PeopleError as error:
        return _told(visit, error)
    return visit.go("approvals", notice=visit.say(mark("Confirmed: %(done)s"), done=done))


@router.post("/{proposal}/refuse")
async def say_no(
    visit: Annotated[Visit, PAGE.visited], proposal: int, reason: Annotated[str, Form(max_length=1_000)] = ""
) -> Response:
    """Nothing is done."""
    try:
        await (await visit.here.people()).approvals.refuse(proposal, visit.actor, reason.strip())
    except PeopleError as error:
        return _told(visit, error)
    return visit.go("approvals", notice=visit.say(mark("Refused; nothing is done.")))


def _told(visit: Visit, error: PeopleError) -> Response:
    if error.reason.startswith("there is no"):
        raise NotThere(visit.say(mark("There is no such proposal.")))
    return visit.go("approvals", notice=error.reason, good=False)

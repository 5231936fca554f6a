"""Letters: what has not left and why, tried again by hand; an address that was asked in vain is asked once more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from desk.faults import ComplaintError
from desk.outbox import given_up, waiting_for_server
from ringfence.people import Right

PAGE = Page("letters", mark("Letters"), Right.CASES_READ, Section.DESK, key="t", order=40)
router = APIRouter()
_AT_ONCE = 100
KINDS = {
    "confirm": mark("asks to confirm an address"),
    "answer": mark("answers a reporter"),
    "appeal": mark("answers an appeal"),
    "owner": mark("tells an owner"),
}
STATES = {"waits": mark("waits"), "unconfirmed": mark("the address is not confirmed"), "given up": mark("given up")}


@router.get("")
async def outbox(
    visit: Annotated[Visit, PAGE.visited],
    only: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0)] = 0,
) -> Response:
    """What has not left, the oldest first."""
    archive = visit.desk.archive
    found = await visit.desk.letters.kept(_AT_ONCE + 1, after, given_up=only == "given-up")
    waiting, since = await waiting_for_server(archive)
    return visit.show(
        "letters.html",
        found=found[:_AT_ONCE],
        more=visit.url("letters", only=only, after=found[_AT_ONCE - 1].id) if len(found) > _AT_ONCE else "",
        only=only,
        given_up=(await given_up(archive))[0],
        waiting=waiting,
        since=since,
        mail=archive.settings.mail is not None,
        kinds=KINDS,
        states=STATES,
        now=archive.now(),
    )


@router.post("/retry")
async def retry(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    letter: Annotated[list[int], Form(max_length=500)] = [],  # noqa: B006
    every: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """Put letters back."""
    if not letter and not every:
        return visit.go("letters", notice=visit.say(mark("Tick at least one.")), good=False)
    try:
        back = await visit.desk.letters.retry([] if every else letter, actor=visit.actor.name)
    except ComplaintError as error:
        return visit.go("letters", notice=error.reason, good=False)
    return visit.go("letters", notice=visit.say(mark("%(n)s letters leave with the next turn."), n=len(back)))


@router.post("/ask")
async def ask(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)], about: Annotated[str, Form(max_length=200)] = ""
) -> Response:
    """Send the request to confirm an address once more."""
    try:
        asked = await visit.desk.letters.ask(about, actor=visit.actor.name)
    except ComplaintError as error:
        return visit.go("letters", notice=error.reason, good=False)
    if not asked:
        return visit.go("letters", notice=visit.say(mark("The address is confirmed already.")))
    return visit.go("letters", notice=visit.say(mark("Another code leaves with the next turn.")))

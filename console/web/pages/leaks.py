"""Leak board: banks and branches by how many people name them, what leads to one, who has seen it, what was asked."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.disclosure import note_listing
from desk.faults import ComplaintError, Conflict, NotFound
from desk.inquiries import FINDINGS, Inquiry
from desk.leaks import by_bank
from desk.showing import as_shown, worded
from ringfence.people import Right

PAGE = Page("leaks", mark("Leaks"), Right.CASES_READ, Section.DESK, key="b", order=30)
router = APIRouter()
_COMPLAINTS = 50
WORDS = (mark("name"), mark("plan"), mark("branch"), mark("purchase"), mark("confirmed"), mark("unclear"), mark("open"))
Office = Annotated[str, Query(max_length=700)]
Text = Annotated[str, Form(max_length=1_000)]


@router.get("")
async def board(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """The heat map, what is being asked, and names that nobody knows."""
    desk = visit.desk
    home = desk.archive.country
    leaks = as_shown(await desk.leaks.board(), home)
    inquiries = as_shown(await desk.inquiries.listed(limit=20), home)
    return visit.show(
        "leaks.html",
        banks=by_bank(leaks),
        enough=desk.archive.settings.branch_complaints,
        days=desk.archive.settings.branch_days,
        inquiries=inquiries,
        unknown=as_shown(await desk.offices.unknown(20), home),
        offices=[one.title for one in as_shown(await desk.offices.listed(), home)],
        now=desk.archive.now(),
        left=_left(visit, inquiries),
    )


@router.get("/office")
async def office(visit: Annotated[Visit, PAGE.visited], office: Office) -> Response:
    """One office with what leads to it."""
    desk = visit.desk
    try:
        found = await desk.leaks.named(office, limit=_COMPLAINTS)
    except NotFound as error:
        raise NotThere(error.reason) from None
    await note_listing(desk.archive, "leak", len(found.complaints), actor=visit.actor.name, office=found.leak.office)
    inquiries = as_shown(await desk.inquiries.listed(office=found.leak.office, limit=10), desk.archive.country)
    # By the name as it is shown: addresses and forms hold no number that somebody wrote into it.
    found = as_shown(found, desk.archive.country)
    return visit.show(
        "leak.html",
        found=found,
        leak=found.leak,
        inquiries=inquiries,
        findings=FINDINGS,
        now=desk.archive.now(),
        left=_left(visit, inquiries),
        enough=desk.archive.settings.branch_complaints,
        days=desk.archive.settings.branch_days,
    )


@router.post("/seen")
async def see(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    office: Annotated[str, Form(max_length=700)],
    reason: Text = "",
) -> Response:
    """Acknowledge a leak."""
    try:
        await visit.desk.leaks.see(office, actor=visit.actor.name, reason=reason)
    except ComplaintError as error:
        return _back(visit, office, error)
    return visit.go("leaks", "office", office=office, notice=visit.say(mark("It was seen; the alert rests.")))


@router.post("/ask")
async def ask(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    office: Annotated[str, Form(max_length=700)],
    asked: Text = "",
    asked_of: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Open an inquiry."""
    try:
        made = await visit.desk.inquiries.open(office, asked=asked, actor=visit.actor.name, asked_of=asked_of)
    except ComplaintError as error:
        return _back(visit, office, error)
    return visit.go("leaks", "office", office=office, notice=visit.say(mark("Inquiry %(n)s is open."), n=made.id))


@router.post("/inquiries/{inquiry}/answer")
async def answer(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    inquiry: int,
    answer: Text = "",
    version: Annotated[int | None, Form()] = None,
) -> Response:
    """What the office answered."""
    found = await visit.desk.inquiries.find(inquiry)
    try:
        await visit.desk.inquiries.answer(inquiry, answer=answer, actor=visit.actor.name, version=version)
    except ComplaintError as error:
        return _back(visit, found.office, error)
    return visit.go(
        "leaks",
        "office",
        office=worded(found.office, visit.desk.archive.country),
        notice=visit.say(mark("The answer is recorded.")),
    )


@router.post("/inquiries/{inquiry}/close")
async def close(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    inquiry: int,
    finding: Annotated[str, Form(max_length=20)],
    reason: Text = "",
    version: Annotated[int | None, Form()] = None,
) -> Response:
    """What was found."""
    found = await visit.desk.inquiries.find(inquiry)
    try:
        await visit.desk.inquiries.close(
            inquiry, finding=finding, reason=reason, actor=visit.actor.name, version=version
        )
    except ComplaintError as error:
        return _back(visit, found.office, error)
    return visit.go(
        "leaks",
        "office",
        office=worded(found.office, visit.desk.archive.country),
        notice=visit.say(mark("The inquiry is closed.")),
    )


@router.post("/merge")
async def merge(
    visit: Annotated[Visit, PAGE.doing(Right.CASES_WRITE)],
    name: Annotated[str, Form(max_length=200)],
    office: Annotated[str, Form(max_length=700)],
) -> Response:
    """Say that a name means an office of the directory."""
    try:
        done = await visit.desk.offices.merge(name, office, actor=visit.actor.name)
    except ComplaintError as error:
        return visit.go("leaks", notice=error.reason, good=False)
    text = visit.say(mark("%(n)s complaints stand under %(office)s now."), n=done.complaints, office=done.offices[0])
    return visit.go("leaks", notice=text)


def _back(visit: Visit, office: str, error: ComplaintError) -> Response:
    who = f" · {error.who}" if isinstance(error, Conflict) and error.who else ""
    return visit.go("leaks", "office", office=_shown(visit, office), notice=error.reason + who, good=False)


def _shown(visit: Visit, office: str) -> str:
    """Its name as it is shown: addresses hold no number that somebody wrote into it."""
    return worded(office, visit.desk.archive.country)


def _left(visit: Visit, inquiries: list[Inquiry]) -> dict[int, int]:
    archive = visit.desk.archive
    return {one.id: archive.deadlines.working_days_left(archive.now(), one.due) for one in inquiries}

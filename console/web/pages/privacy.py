"""Privacy: how long each class of data is kept and what is overdue; a subscriber's own data, told to him or erased."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Form, Response

from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from desk.faults import ComplaintError
from desk.keeping import kept
from desk.subscriber import erase, held_of
from ringfence.people import Right
from ringfence.people.faults import PeopleError, Waits
from rules.texts.blanks import is_blank

PAGE = Page("privacy", mark("Privacy"), Right.PRIVACY_WRITE, Section.HOUSE, key="v", order=60)
router = APIRouter()
# The classes of `desk.keeping`.
CLASSES = (
    mark("who made an emergency call (pseudonym)"),
    mark("calls: the whole record"),
    mark("calls: who rang whom"),
    mark("whom a number rang"),
    mark("words and addresses, answered"),
    mark("what left a list"),
    mark("complaints without words, cases, seals: accused numbers in clear, reporters by pseudonym"),
    mark("counts by day, range and verdict"),
    mark("the audit: numbers by pseudonym"),
    mark("entries that stand on lists"),
)
SAY_WHY = mark("Say who asked for it; it stands in the audit.")
SURE = mark("Tick that it is meant: what is erased cannot be brought back.")
ERASED = mark(
    "Erased: words of %(words)s complaints, the way to the subscriber from %(calls)s calls, %(own)s entries of own "
    "lists, %(rang)s callers."
)
AGAIN = mark(
    "Proposed as %(n)s. Once another person has confirmed it (%(others)s), send this form again within a day: "
    "then it is erased."
)
Number = Annotated[str, Form(max_length=100)]
Reason = Annotated[str, Form(max_length=1_000)]


@router.get("")
async def retention(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """Every class of data, and two forms for a subscriber who asks."""
    found = await kept(visit.desk.archive, visit.here.configuration.storage)
    return visit.show("privacy.html", found=found, late=sum(one.overdue for one in found))


@router.post("/export")
async def export(visit: Annotated[Visit, PAGE.visited], number: Number = "", reason: Reason = "") -> Response:
    """All that is held of a subscriber, as a file, once it stands in the audit who takes it out and why."""
    if is_blank(reason):
        return visit.go("privacy", notice=visit.say(SAY_WHY), good=False)
    try:
        held = await held_of(visit.desk.archive, number, actor=visit.actor.name, reason=reason)
    except ComplaintError as error:
        return visit.go("privacy", notice=error.reason, good=False)
    content = json.dumps(held._asdict(), ensure_ascii=False, indent=1) + "\n"
    headers = {"content-disposition": 'attachment; filename="ringfence-subscriber.json"'}
    return Response(content, media_type="application/json", headers=headers)


@router.post("/erase")
async def forget(
    visit: Annotated[Visit, PAGE.visited],
    number: Number = "",
    reason: Reason = "",
    sure: Annotated[str, Form(max_length=5)] = "",
) -> Response:
    """His words, address, own lists and what leads from calls to him go; that somebody complained stays."""
    if sure != "yes":
        return visit.go("privacy", notice=visit.say(SURE), good=False)
    try:
        found = await erase(visit.desk.archive, number, actor=visit.actor.name, reason=reason)
    except Waits as error:
        return visit.go("privacy", notice=visit.say(AGAIN, n=error.proposal, others=", ".join(error.others)))
    except PeopleError as error:
        return visit.go("privacy", notice=error.reason, good=False)
    except ComplaintError as error:
        return visit.go("privacy", notice=error.reason, good=False)
    told = {"words": found.words, "calls": found.calls, "own": found.own_lists, "rang": found.rang}
    return visit.go("privacy", notice=visit.say(ERASED, **told))

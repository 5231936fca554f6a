"""Appeals: the other side is heard within its deadline; what it is judged by stands beside it, and as a file."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.pages.case import waiting_about, waiting_for
from console.web.translation import mark
from desk.disclosure import EXPORTED, disclose, note_listing, note_look, without_numbers
from desk.exports import evidence_pack
from desk.faults import ComplaintError, Conflict, NotFound
from desk.states import AppealState
from desk.steps import APPEAL_STEPS
from ringfence.people import Right
from ringfence.people.faults import PeopleError, Waits

PAGE = Page("appeals", mark("Appeals"), Right.APPEALS_READ, Section.DESK, key="e", order=20)
router = APIRouter()
_AT_ONCE = 100
STATES = {"filed": mark("filed"), "granted": mark("granted"), "refused": mark("turned down")}
AGAINST = {
    "rule": mark("a rule"),
    "entry": mark("a list entry"),
    "ladder": mark("a step of the ladder"),
    "seal": mark("a seal"),
}
SAID = {
    "grant": (mark("Grant"), mark("The caller is right: a seal is released, a step of the ladder taken back.")),
    "refuse": (mark("Refuse"), mark("The caller is not right; everything stays.")),
}


@router.get("")
async def listed(visit: Annotated[Visit, PAGE.visited], state: Annotated[str, Query(max_length=20)] = "") -> Response:
    """Those that wait and are due first on top."""
    desk = visit.desk
    wanted = AppealState(state) if state in set(AppealState) else None
    found = await desk.appeals.in_turn(state=wanted, limit=_AT_ONCE)
    await note_listing(desk.archive, "appeal", len(found), actor=visit.actor.name, state=state)
    return visit.show("appeals.html", found=found, state=state, against=AGAINST, states=STATES, now=desk.archive.now())


@router.get("/{reference}")
async def one(visit: Annotated[Visit, PAGE.visited], reference: str) -> Response:
    """One appeal with what it is judged by."""
    desk = visit.desk
    try:
        found, clocks, words = await desk.appeals.find(reference)
    except NotFound as error:
        raise NotThere(error.reason) from None
    shown = await disclose(desk.archive, "appeal", found.reference, words, actor=visit.actor.name)
    pack: dict[str, Any] = json.loads(await evidence_pack(desk.archive, found))
    steps = [each for each in APPEAL_STEPS if found.state.value in each.states and visit.may(each.right)]
    return visit.show(
        "appeal.html",
        appeal=found._replace(reason=without_numbers(found.reason, desk.archive.country)),
        clocks=clocks,
        words=[text for text in shown.values() if text],
        pack=pack,
        steps=steps,
        waits=await waiting_about(visit, f"appeal {found.reference}"),
        said=SAID,
        against=AGAINST,
        states=STATES,
        now=desk.archive.now(),
    )


@router.post("/{reference}/pack")
async def pack(visit: Annotated[Visit, PAGE.visited], reference: str) -> Response:
    """The evidence pack as a file; that it was taken out stands in the audit."""
    desk = visit.desk
    found, _, _ = await desk.appeals.find(reference)
    await note_look(desk.archive, "appeal", found.reference, actor=visit.actor.name, step=EXPORTED)
    return Response(
        await evidence_pack(desk.archive, found),
        media_type="application/json",
        headers={"content-disposition": f'attachment; filename="{found.reference}.json"'},
    )


@router.post("/{reference}/letter/{step}")
async def draft(
    visit: Annotated[Visit, PAGE.visited],
    reference: str,
    step: str,
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """The letter that a decision would send, with the reason as it is written so far."""
    found, _, _ = await visit.desk.appeals.find(reference)
    outcome = "granted" if step == "grant" else "refused"
    written = await visit.desk.letters.draft(
        "appeal", outcome, reference=found.reference, number=found.number, reason=reason
    )
    plain = found.number.rpartition(":")[2]
    hidden = f"{plain[:3]}…"
    shown = written._replace(subject=written.subject.replace(plain, hidden), body=written.body.replace(plain, hidden))
    letters = [(visit.say(mark("To the appellant, if he left an address")), shown)]
    return visit.show("letters-drafted.html", block="drafted" if visit.partial else "", letters=letters)


@router.post("/{reference}/{step}")
async def decide(
    visit: Annotated[Visit, PAGE.doing(Right.APPEALS_DECIDE)],
    reference: str,
    step: str,
    reason: Annotated[str, Form(max_length=1_000)] = "",
    version: Annotated[int | None, Form()] = None,
) -> Response:
    """Grant or refuse it."""
    found = next((each for each in APPEAL_STEPS if each.name == step), None)
    if found is None:
        return visit.go("appeals", reference, notice=visit.say(mark("There is no such step.")), good=False)
    try:
        await found.method(visit.desk)(reference, actor=visit.actor.name, reason=reason, version=version)
    except Waits as error:
        return visit.go("appeals", reference, notice=waiting_for(visit, error))
    except Conflict as error:
        return visit.go("appeals", reference, notice=f"{error.reason} · {error.who}", good=False)
    except (ComplaintError, PeopleError) as error:
        return visit.go("appeals", reference, notice=error.reason, good=False)
    return visit.go("appeals", reference, notice=visit.say(mark("Done: %(step)s."), step=visit.say(SAID[step][0])))

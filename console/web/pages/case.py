"""Case: one number's whole story: timeline, evidence as a curve, the steps possible now, the letter as it will go."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from console.web import desk_words
from console.web.frame import NotThere, Page, Section, Visit
from console.web.pages.queue import PAGE as QUEUE
from console.web.plots import Plot, plot
from console.web.rendering import number as masked
from console.web.translation import mark
from desk.case_files import CaseFile
from desk.complaint_rows import find as find_complaint
from desk.complaint_rows import listed, words_of
from desk.curve import Curve, curve_of
from desk.disclosure import disclose, note_look, without_numbers
from desk.faults import ComplaintError, Conflict, NotFound
from desk.holders import owner_of
from desk.letter_texts import Written
from desk.protection import ALLOWED, on_list_of
from desk.states import COUNTS, FoundBy
from desk.steps import CASE_STEPS, OfficersStep
from desk.story import Story, story_of
from ringfence.people import Right
from ringfence.people.approvals import Proposal
from ringfence.people.faults import PeopleError, Waits

router = APIRouter()
_PAGE = Page("queue", QUEUE.title, Right.CASES_READ, Section.DESK)
Number = Annotated[int, Path(alias="case", ge=1, lt=2**53)]
_COMPLAINTS = 20
STEPS = {
    "take": (mark("Take it"), mark("Its complaints are accepted, and you verify.")),
    "verify": (mark("Verify"), mark("State that the calls truly came from this number.")),
    "seal": (
        mark("Seal"),
        mark("From the next call on every call of it is rejected, and what allows it is suspended."),
    ),
    "seal-again": (mark("Seal again"), mark("Set the seal anew that an older copy of the lists has lost.")),
    "release": (mark("Release"), mark("Take the seal off, and give back what it suspended.")),
    "release-again": (mark("Release again"), mark("Take off a seal that an older copy of the lists brought back.")),
    "keep": (mark("Keep the seal"), mark("It stays although a complaint was withdrawn.")),
    "unfounded": (mark("Close as unfounded"), mark("There is nothing against the number.")),
    "forged": (mark("Close as forged"), mark("Somebody else forged it; it counts against the trunk.")),
    "hand-over": (mark("Hand over"), mark("The operator that holds the number takes the case.")),
    "answer": (mark("Record their answer"), mark("What the other operator answered.")),
}
FIELDS = {
    "reason": mark("Reason"),
    "found_by": mark("How it is known"),
    "trunk": mark("Trunk that the calls came from"),
    "to": mark("Operator"),
    "reference": mark("Their reference"),
    "answer": mark("Answer"),
}
FOUND_BY = {
    FoundBy.TRUNK: mark("the trunk said so"),
    FoundBy.IDENTITY: mark("its identity"),
    FoundBy.OWNER: mark("its owner said so"),
}
# What a step leads to, as letters tell it: outcome for reporters, and for the number's owner.
_TELLS = {
    "seal": ("sealed", "sealed"),
    "unfounded": ("unfounded", ""),
    "forged": ("forged", ""),
    "answer": ("handed over", ""),
    "release": ("", "released"),
}
_STANDS = frozenset({"seal-again", "release-again"})  # possible only where the lists lost something


@router.get("/{case}")
async def show(
    visit: Annotated[Visit, _PAGE.visited],
    number: Number,
    words: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The whole story."""
    return await _page(visit, number, words)


@router.post("/{case}/words/{reference}")
async def read_words(visit: Annotated[Visit, _PAGE.visited], number: Number, reference: str) -> Response:
    """What a reporter wrote, once it stands in the audit who reads it."""
    archive = visit.desk.archive
    found = await find_complaint(archive.store.connection, reference)
    words = await words_of(archive.store.connection, archive.secrecy, found)
    shown = await disclose(archive, "complaint", found.reference, words, actor=visit.actor.name)
    return visit.show(
        "words.html",
        block="words" if visit.partial else "",
        reference=found.reference,
        words={name: text for name, text in shown.items() if text},
    )


@router.post("/{case}/letter/{step}")
async def draft(visit: Annotated[Visit, _PAGE.visited], request: Request, number: Number, step: str) -> Response:
    """The letters that a step would send, with the reason as it is written so far."""
    form = await request.form()
    reason = str(form.get("reason") or form.get("answer") or "")[:1_000]
    case = await visit.desk.cases.find(number)
    return visit.show(
        "letters-drafted.html",
        block="drafted" if visit.partial else "",
        letters=await _letters(visit, case, step, reason),
    )


@router.post("/{case}/{step}")
async def take_step(visit: Annotated[Visit, _PAGE.visited], request: Request, number: Number, step: str) -> Response:
    """One step, by the same table as on the command line and over HTTP."""
    found = next((one for one in CASE_STEPS if one.name == step), None)
    if found is None:
        return visit.go("case", number, notice=visit.say(mark("There is no such step.")), good=False)
    if not visit.may(found.right):
        return visit.go("case", number, notice=visit.say(mark("Your account may not do this.")), good=False)
    form = await request.form()
    if found.counted:
        await visit.desk.catch_up()
    given: dict[str, Any] = {need.name: _given(need.kind, str(form.get(need.name, ""))) for need in found.needs}
    given = {name: value for name, value in given.items() if value != ""}
    if found.versioned and str(form.get("version", "")).isdecimal():
        given["version"] = int(str(form["version"]))
    missing = [need.name for need in found.needs if need.required and need.name not in given]
    if missing:
        text = visit.say(mark("%(field)s is needed."), field=visit.say(FIELDS[missing[0]]))
        return visit.go("case", number, notice=text, good=False)
    try:
        await found.method(visit.desk)(number, actor=visit.actor.name, **given)
    except Waits as error:
        return visit.go("case", number, notice=waiting_for(visit, error))
    except Conflict as error:
        return visit.go("case", number, notice=f"{error.reason} · {error.who}", good=False)
    except (ComplaintError, PeopleError) as error:
        return visit.go("case", number, notice=error.reason, good=False)
    return visit.go("case", number, notice=visit.say(mark("Done: %(step)s."), step=visit.say(STEPS[step][0])))


def waiting_for(visit: Visit, error: Waits) -> str:
    """That nothing is done until another person confirms it."""
    text = mark("Proposed as %(n)s: it is done once another person confirms it (%(others)s).")
    return visit.say(text, n=error.proposal, others=", ".join(error.others))


async def waiting_about(visit: Visit, about: str) -> list[Proposal]:
    """What was proposed about this and waits for a second person."""
    approvals = (await visit.here.people()).approvals
    return [one for one in await approvals.listed() if one.about == about]


async def _page(visit: Visit, number: int, words: str) -> Response:
    desk = visit.desk
    await visit.keep_up()
    try:
        story = await story_of(desk.archive, number)
    except NotFound as error:
        raise NotThere(error.reason) from None
    await note_look(desk.archive, "case", str(number), actor=visit.actor.name, detail=words)
    events = [  # officers write numbers into their reasons
        one._replace(
            what=desk_words.event(visit.say, without_numbers(one.what, desk.archive.country)),
            why=without_numbers(one.why, desk.archive.country),
            who=visit.say(one.who) if one.who in desk_words.WHO else one.who,
        )
        for one in story.events
    ]
    story = story._replace(events=events, ending=desk_words.ending(visit.say, story.ending))
    curve = await curve_of(desk.archive, story.case)
    steps = [one for one in CASE_STEPS if _possible(one, story) and visit.may(one.right)]
    return visit.show(
        "case.html",
        story=story,
        case=story.case,
        curve=curve,
        plot=_plot(visit, curve),
        steps=steps,
        waits=await waiting_about(visit, f"case {number}"),
        said=STEPS,
        fields=FIELDS,
        found_by=FOUND_BY,
        tells=_TELLS,
        now=desk.archive.now(),
        left={one.name: desk.archive.deadlines.working_days_left(desk.archive.now(), one.due) for one in story.clocks},
        allowed=await on_list_of(desk.archive, story.case.number, ALLOWED),
        complaints=await listed(desk.archive.store.connection, case_id=number, limit=_COMPLAINTS),
        counts=COUNTS,
        total=sum(story.ties.values()),
    )


def _possible(step: OfficersStep, story: Story) -> bool:
    case = story.case
    if step.name in _STANDS or case.state.value not in step.states:
        return False
    if step.name == "keep":
        return bool(case.on_top)
    return step.name != "answer" or not case.their_answer


def _given(kind: type, text: str) -> Any:
    text = text.strip()
    if kind is FoundBy:
        return FoundBy(text) if text in set(FoundBy) else ""
    return text


def _plot(visit: Visit, curve: Curve) -> Plot | None:
    if len(curve.points) < 2:
        return None
    mark_at = (curve.sealed.at, curve.sealed.evidence.score) if curve.sealed else None
    return plot([(one.at, one.evidence.score) for one in curve.points], mark_at)


async def _letters(visit: Visit, case: CaseFile, step: str, reason: str) -> list[tuple[str, Written]]:
    """To a reporter, and to the owner, if the step tells them anything."""
    to_reporters, to_owner = _TELLS.get(step, ("", ""))
    desk, found = visit.desk, []
    if to_reporters:
        written = await desk.letters.draft("answer", to_reporters, reference="C-…", number=case.number, reason=reason)
        found.append((visit.say(mark("To each reporter who left an address")), written))
    if to_owner and (owner := await owner_of(desk.archive, case.number)):
        written = await desk.letters.draft("owner", to_owner, reference=owner, number=case.number, reason=reason)
        found.append((visit.say(mark("To the owner of the number")), written))
    plain = case.number.rpartition(":")[2]
    return [
        (to, Written(one.subject.replace(plain, _hidden(case.number)), one.body.replace(plain, _hidden(case.number))))
        for to, one in found
    ]


def _hidden(number: str) -> str:
    """The number as pages show it: the letter has it in full."""
    return str(masked(number).striptags())

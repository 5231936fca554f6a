"""Calls: searched by time, verdict, rule, trunk, range and status; each opens to why it got its verdict."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Form, Query, Response
from pydantic import AfterValidator, BaseModel, Field

from console.api.lists import lists_of
from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.complaint_rows import Channel
from desk.disclosure import note_look, note_search
from desk.reading import NewComplaint
from desk.unmasking import Unmasking, unmask
from ringfence.explanations import NO_ENTRY as NO_ENTRY_THEN
from ringfence.explanations import explain_decision
from ringfence.people import Right
from ringfence.recorded_calls import SeveralCalls, find, tried
from ringfence.times import moment, seconds
from ringfence.told_calls import calls_told
from rules.judging.explain import NO_CALLBACK, NO_EMERGENCY, NO_ENTRY, Sentence
from rules.lists.admission import EntryError, read_entry
from rules.lists.origins import Origin
from rules.model import Action
from rules.records.decisions import Decision, Decisions
from rules.records.privacy import mask
from rules.records.searching import Found, Wanted, search
from rules.settings.screening import ListSettings
from rules.texts.worded import changed

PAGE = Page("calls", mark("Calls"), Right.CALLS_READ, Section.WATCH, key="c", order=20)
router = APIRouter()
_ANYTHING = ListSettings(kind="plain", min_length=1)
_STATUS = re.compile(r"[1-6](\d\d|xx)?", re.IGNORECASE)
_AT_ONCE = 50
_IDLE = frozenset({NO_ENTRY, NO_ENTRY_THEN, NO_CALLBACK, NO_EMERGENCY})
Text = Annotated[str, Field(max_length=300), AfterValidator(str.strip)]
_WHOLE = 14  # a plus and 13 digits: of no longer number is less shown
_SHORTEST = 8  # digits of a number of a plan, CN:95012345, of which as little is shown as of any
_BEYOND = ";"  # behind every digit


class Asked(BaseModel):
    """What somebody searches for, as he wrote it; in an address the caller is sealed."""

    verdict: Text = ""
    caller: Text = ""  # a number, prefix* or first..last
    rule: Text = ""
    trunk: Text = ""
    status: Text = ""
    since: Text = ""
    until: Text = ""

    def address(self, visit: Visit, before: int | None = None, **other: str) -> str:
        """Where it is found again."""
        return visit.url("calls", **{**self.model_dump(), "before": before, **other})


@router.post("")
async def ask(visit: Annotated[Visit, PAGE.visited], written: Annotated[Asked, Form()]) -> Response:
    """What was written into the form becomes an address that can be kept."""
    asked = written.model_copy(update={"caller": visit.sealed(written.caller)})
    return Response(status_code=303, headers={"location": asked.address(visit)})


@router.get("")
async def calls(
    visit: Annotated[Visit, PAGE.visited],
    given: Annotated[Asked, Query()],
    before: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """The newest calls that fit."""
    asked = given.model_copy(update={"caller": visit.reopened(given.caller)})
    wanted, wrong = _wanted(visit, asked)
    decisions = await visit.here.recorded()
    found = Found([], None, None)
    if decisions is not None and not wrong:
        if wanted.first and visit.ground.desk is not None:
            await note_search(visit.desk.archive, wanted.first, actor=visit.actor.name, detail="calls")
        found = await search(decisions, wanted, before=before, limit=_AT_ONCE)
        told = await calls_told(visit.here, found.decisions, sees=sees_numbers(visit))
        found = found._replace(decisions=[one for one in told if wanted.rule in ("", one.rule)])
    shown = visit.show(
        "calls.html",
        block=("rows" if before is not None else "found") if visit.partial else "",
        asked=asked,
        everything=asked == Asked(),
        found=found,
        wrong=wrong,
        more=given.address(visit, found.further) if found.further is not None else "",
        actions=[str(one) for one in Action],
        trunks=[one.name for one in visit.here.configuration.trunks],
    )
    if visit.partial and before is None:
        shown.headers["hx-push-url"] = given.address(visit)
    return shown


def _wanted(visit: Visit, asked: Asked) -> tuple[Wanted, dict[str, str]]:
    """What the record is asked for, and what is wrong with what was written, by field."""
    wrong: dict[str, str] = {}
    now, zone = visit.ground.now(), visit.here.zone

    def time_of(field: str, text: str) -> float | None:
        try:
            return moment(text, now=now, zone=zone, ahead=False) if text else None
        except ValueError as error:
            wrong[field] = str(error)
            return None

    first = last = status = ""
    if asked.caller:
        try:
            covered = read_entry(asked.caller, _ANYTHING, country=visit.here.home)
            first, _, last = covered.text.removesuffix("*").partition("..")
            if _tells_more(visit, covered.text):
                wrong["caller"] = visit.say(mark("Write a whole number, or as much of its beginning as is shown here."))
            last = f"{first}{_BEYOND}" if covered.text.endswith("*") else last
        except (EntryError, ValueError) as error:
            wrong["caller"] = str(error)
    if asked.status:
        if _STATUS.fullmatch(asked.status):
            status = asked.status.lower().removesuffix("xx")
        else:
            wrong["status"] = visit.say(mark("Write a status such as 486, or 4xx."))
    since, until = time_of("since", asked.since), time_of("until", asked.until)
    verdict = asked.verdict if asked.verdict in list(Action) else ""
    return Wanted(verdict, asked.trunk, asked.rule, status, first, last, since, until), wrong


def _tells_more(visit: Visit, text: str) -> bool:
    """Would who sees numbers masked learn hidden digits of them, by asking for shorter and shorter ranges?"""
    if visit.may(Right.NUMBERS_UNMASK):
        return False
    begins = text.removesuffix("*")
    whole = _WHOLE if begins.startswith("+") else begins.find(":") + 1 + _SHORTEST
    return ".." in text or (begins != text and not mask(begins.ljust(whole, "0")).startswith(begins))


def sees_numbers(visit: Visit) -> bool:
    """May whoever looks see numbers in full?"""
    return visit.may(Right.NUMBERS_UNMASK)


class StepTold(NamedTuple):
    """One step of an explanation."""

    name: str
    lines: list[Sentence]
    idle: bool  # there was nothing to say

    @property
    def won(self) -> bool:
        """Did it decide?"""
        return any(line.won for line in self.lines)


def by_step(visit: Visit, lines: Iterable[Sentence]) -> Iterator[StepTold]:
    """Sentences of one step together, in the language of whoever looks; files by their place in the installation."""
    for name, told in groupby(lines, lambda line: str(line.step)):
        found = list(told)
        yield StepTold(name, in_words(visit, found), all(line.text in _IDLE for line in found))


def in_words(visit: Visit, lines: Iterable[Sentence]) -> list[Sentence]:
    """Sentences as whoever looks reads them."""
    base = f"{visit.here.base}/"

    def near(text: str) -> str:
        return text.replace(base, "")

    return [one._replace(text=str(visit.told(changed(one.text, near))), place=near(one.place)) for one in lines]


async def _one(visit: Visit, decision: str) -> Decision:
    try:
        found = await find(visit.here, decision)
    except SeveralCalls:
        found = None
    if found is None:
        raise NotThere(visit.say(mark("There is no record of this call, or it has made room for newer ones.")))
    return found


@router.get("/{decision}")
async def one_call(visit: Annotated[Visit, PAGE.visited], decision: str) -> Response:
    """A call, why it got its verdict, and what can be done about it."""
    return await _shown(visit, await _one(visit, decision))


async def _shown(visit: Visit, found: Decision, **more: Any) -> Response:
    told = await explain_decision(visit.here, found.id, clear=False, figures=sees_numbers(visit))
    assert told is not None
    number_page = visit.url("number", visit.sealed(found.caller)) if found.caller else ""
    (found,) = await calls_told(visit.here, [found], sees=sees_numbers(visit))
    lists = visit.here.configuration.lists
    beside = await _beside(visit, found)
    known: dict[str, Any] = {
        "call": found,
        "steps": list(by_step(visit, told.lines)),
        "blocking": [name for name, policy in lists.items() if policy.kind == "block"],
        "allowing": [name for name, policy in lists.items() if policy.kind == "allow"],
        "categories": visit.desk.archive.settings.categories,
        "beside": beside,
        "number_page": number_page,
        "begins": mask(found.caller).partition("*")[0],
    }
    return visit.show("call.html", **known, **({"rule": "", "tried": None} | more))


async def _beside(visit: Visit, found: Decision) -> list[Decision]:
    """What else this caller did lately."""
    if not found.caller:
        return []
    decisions: Decisions = await visit.here.decisions()
    others = await search(decisions, Wanted(first=found.caller), limit=8)
    told = await calls_told(visit.here, others.decisions, sees=sees_numbers(visit))
    return [one for one in told if one.id != found.id][:7]


@router.post("/{decision}/list")
async def put_on_list(
    visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)],
    decision: str,
    name: Annotated[str, Form(alias="list", max_length=100)],
    reason: Annotated[str, Form(max_length=1_000)] = "",
    lasts: Annotated[str, Form(max_length=20)] = "",
) -> Response:
    """Put the caller on a list; the next call within a second is judged by it."""
    found = await _one(visit, decision)
    if not found.caller:
        return visit.go("calls", found.id, notice=visit.say(mark("This caller shows no number.")), good=False)
    try:
        expires = visit.ground.now() + seconds(lasts) if lasts.strip() else None
    except ValueError as error:
        return visit.go("calls", found.id, notice=str(error), good=False)
    if not sees_numbers(visit):  # who keeps the list reads him there
        await unmask(visit.desk.archive, Unmasking("call", [found.id], visit.actor.name, reason, f"put on {name}"))
    origin = Origin("console", reason.strip(), visit.actor.name, expires, evidence=f"decision {found.id}")
    async with lists_of(visit.desk) as lists:
        await lists.add(name, found.caller, origin, country=visit.here.home)
    said = visit.say(mark("The number is on %(list)s; the next call is judged by it."), list=name)
    return visit.go("calls", found.id, notice=said)


@router.post("/{decision}/complaint")
async def complain(
    visit: Annotated[Visit, PAGE.doing(Right.COMPLAINTS_WRITE)],
    decision: str,
    reporter: Annotated[str, Form(max_length=200)],
    category: Annotated[str, Form(max_length=100)],
    text: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Take a complaint about this call down."""
    found = await _one(visit, decision)
    new = NewComplaint(
        found.caller,
        reporter,
        at=found.at,
        category=category,
        text=text,
        decision=found.id,
        channel=Channel.OPERATOR,
        source=visit.actor.name,
    )
    filed = await visit.desk.complaints.file(new)
    said = visit.say(mark("Complaint %(reference)s is filed."), reference=filed.reference)
    if filed.duplicate:
        said = visit.say(mark("It was filed before, as %(reference)s."), reference=filed.reference)
    return visit.go("calls", found.id, notice=said)


@router.post("/{decision}/try")
async def try_rule(
    visit: Annotated[Visit, PAGE.doing(Right.RULES_WRITE)],
    decision: str,
    rule: Annotated[str, Form(max_length=20_000)],
) -> Response:
    """Ask a rule that is on no disk yet about this call; nothing is changed."""
    found = await _one(visit, decision)
    # Who asks by digits finds the number behind the mask: only those who write rules may, and each question is entered.
    await note_look(visit.desk.archive, "call", found.id, actor=visit.actor.name, detail="a rule is tried on it")
    here, text = visit.here, rule.replace("\r\n", "\n")
    asked = tried(here.configuration, here.document, text, found, sees=sees_numbers(visit))
    asked = asked._replace(lines=tuple(in_words(visit, asked.lines)))
    return await _shown(visit, found, rule=rule, tried=asked)

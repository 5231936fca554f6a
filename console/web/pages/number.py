"""Number: one number's whole story: how it is read, lists, rules, ladder, seal, complaints, calls.

Its address holds the number sealed. Who looks it up stands in the audit; digits are masked, as everywhere.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from console.api.lists import lists_of
from console.web.frame import TYPED, UNREADABLE, NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.accusations import accusations
from desk.case_files import cases_of
from desk.disclosure import note_search
from desk.ladder_book import standings_of
from desk.seals import standing_seal
from desk.unmasking import Unmasking, unmask
from ringfence.explanations import BadWord
from ringfence.known_numbers import as_others_see, known
from ringfence.people import Right
from ringfence.told_calls import calls_told
from rules.lists.history import Happening, happenings
from rules.numbering.typed import one_typed
from rules.numbering.within import no_number
from rules.records.decisions import Decision
from rules.records.searching import Wanted, search

PAGE = Page("number", mark("Number"), Right.CALLS_READ, Section.WATCH, key="n", order=40)
router = APIRouter()
_CALLS = 12


@router.get("")
async def ask(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """The field."""
    return visit.show("number.html", found=None, number="", happenings=[], calls=[], desk=None, lists=False, clear="")


@router.post("")
async def look_up(visit: Annotated[Visit, PAGE.visited], number: Annotated[str, Form(max_length=100)] = "") -> Response:
    """To the page of a number that somebody typed."""
    try:
        read = one_typed(number.strip(), visit.here.home)
    except ValueError as error:
        return visit.go("number", notice=str(error), good=False)
    if not read.canonical and (why := no_number(number.strip(), read.kind, visit.here.home)).hint:
        return visit.go("number", notice=str(why), good=False)
    if not read.canonical:
        return visit.go("number", notice=visit.say(mark("This is no number.")), good=False)
    return visit.go("number", visit.sealed(f"{TYPED}{read.canonical}"))


@router.get("/{sealed}")
async def story(visit: Annotated[Visit, PAGE.visited], sealed: str) -> Response:
    """Everything that is known of it, as far as whoever looks may know it."""
    number = _opened(visit, sealed)
    typed = number.startswith(TYPED)
    return await _story(visit, number.removeprefix(TYPED), known_to_him=typed)


@router.post("/{sealed}/unmask")
async def in_full(
    visit: Annotated[Visit, PAGE.doing(Right.NUMBERS_UNMASK)],
    sealed: str,
    reason: Annotated[str, Form(max_length=1_000)] = "",
) -> Response:
    """The number in full, this once: for a reason, so many in an hour, on record before it is shown."""
    number, archive = _opened(visit, sealed).removeprefix(TYPED), visit.desk.archive
    hidden = archive.secrecy.pseudonym(number)
    await unmask(archive, Unmasking("number", [hidden], visit.actor.name, reason, "number"))
    return await _story(visit, number, clear=number)


def _opened(visit: Visit, sealed: str) -> str:
    if not sealed:
        raise NotThere(visit.say(UNREADABLE))
    return visit.reopened(sealed)


async def _story(visit: Visit, number: str, *, clear: str = "", known_to_him: bool = False) -> Response:
    await note_search(visit.desk.archive, number, actor=visit.actor.name, detail="number")
    try:
        found = await known(visit.here, number, "", looking_back=False)
    except BadWord as error:
        raise NotThere(str(error)) from None
    lists = visit.may(Right.LISTS_READ)
    if not (clear or known_to_him or visit.may(Right.NUMBERS_UNMASK)):
        found, lists = await as_others_see(visit.here, found, number), False
    more: dict[str, Any] = {"calls": await _calls(visit, number), "lists": lists}
    more["happenings"] = await _happenings(visit, number) if lists else []
    more |= await _at_the_desk(visit, number) if visit.may(Right.CASES_READ) else {"desk": None}
    return visit.show("number.html", found=found, number=number, clear=clear, **more)


async def _happenings(visit: Visit, number: str) -> list[Happening]:
    async with lists_of(visit.desk) as lists:
        return (await happenings(lists, number))[::-1]


async def _calls(visit: Visit, number: str) -> list[Decision]:
    decisions = await visit.here.recorded()
    found = (await search(decisions, Wanted(first=number), limit=_CALLS)).decisions if decisions else []
    return await calls_told(visit.here, found, sees=visit.may(Right.NUMBERS_UNMASK))


async def _at_the_desk(visit: Visit, number: str) -> dict[str, Any]:
    """Cases, ladder, seal and complaints."""
    archive, now = visit.desk.archive, visit.ground.now()
    standings = await standings_of(archive.lists.store.connection, number)
    rungs = sorted((one for one in standings if one.step_at(now)), key=lambda one: (-one.step_at(now), one.kind))
    return {
        "desk": {
            "owner": await visit.desk.ladder.owner_of(number),
            "seal": await standing_seal(archive, number),
            "rungs": [(one.step_at(now), one) for one in rungs],
            "cases": (await cases_of(archive.store.connection, number))[::-1],
            "complaints": await accusations(archive, number),
        }
    }

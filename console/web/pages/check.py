"""Check: a number and a time; what would happen, and why."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import AfterValidator, BaseModel, Field

from console.web.frame import Page, Section, Visit
from console.web.pages.calls import by_step
from console.web.translation import mark
from desk.disclosure import note_search
from ringfence.explanations import BadWord, Words, explain_call
from ringfence.people import Right
from rules.language.examples import Described

PAGE = Page("check", mark("Check"), Right.CALLS_READ, Section.WATCH, key="k", order=30)
router = APIRouter()
Text = Annotated[str, Field(max_length=300), AfterValidator(str.strip)]


class Asked(BaseModel):
    """A call as somebody describes it."""

    caller: Text = ""
    called: Text = ""
    at: Text = ""
    trunk: Text = ""
    name: Text = ""
    saved: bool = False  # by the files on the disk


@router.get("")
async def check(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """The form."""
    return _shown(visit, Asked())


@router.post("")
async def answer(visit: Annotated[Visit, PAGE.visited], asked: Annotated[Asked, Form()]) -> Response:
    """What the proxy would make of it; nothing rings, and the look is on record."""
    if not (asked.caller and asked.called):
        return _shown(visit, asked, wrong=visit.say(mark("Write who calls and who is called.")))

    async def note(number: str) -> None:
        if number:
            await note_search(visit.desk.archive, number, actor=visit.actor.name, detail="check")

    described = Described(asked.caller, asked.called, "", "", asked.name)
    try:
        told = await explain_call(visit.here, described, Words(asked.at, asked.trunk), note, saved=asked.saved)
    except BadWord as error:
        return _shown(visit, asked, wrong=str(error))
    return _shown(visit, asked, told=told.data, steps=list(by_step(visit, told.lines)))


def _shown(visit: Visit, asked: Asked, **more: object) -> Response:
    trunks = [one.name for one in visit.here.configuration.trunks]
    block = "answer" if visit.partial else ""
    known = {"wrong": "", "told": None, "steps": [], "trunks": trunks} | more
    return visit.show("check.html", block=block, asked=asked, **known)  # type: ignore[arg-type]

"""The one field at the top: a decision, a Call-ID or a number, and where it leads."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from console.web.frame import TYPED, NotAllowed, Visit
from console.web.translation import mark
from ringfence.people import Right
from ringfence.recorded_calls import SeveralCalls, find
from rules.numbering.typed import one_typed

router = APIRouter()


@router.post("")
async def lead(request: Request, q: Annotated[str, Form(max_length=300)] = "") -> Response:
    """To what somebody wrote."""
    visit: Visit = request.state.visit
    if not visit.may(Right.CALLS_READ):
        raise NotAllowed(Right.CALLS_READ)
    text = q.strip()
    if not text:
        return visit.go("calls")
    if not _like_a_number(text):
        try:
            call = await find(visit.here, text)
        except SeveralCalls as error:
            return visit.go("calls", notice=str(error), good=False)
        if call is not None:
            return visit.go("calls", call.id)
    try:
        number = one_typed(text, visit.here.home)
    except ValueError:
        number = None
        if "*" in text or ".." in text:
            return visit.go("calls", caller=visit.sealed(text))
    if number is None or not number.canonical:
        nothing = visit.say(mark("Nothing here has this number, decision or Call-ID."))
        return visit.go("calls", notice=nothing, good=False)
    if any(page.name == "number" for page in visit.ground.pages):
        return visit.go("number", visit.sealed(f"{TYPED}{number.canonical}"))
    return visit.go("calls", caller=visit.sealed(text))


def _like_a_number(text: str) -> bool:
    """Is it rather a number than the beginning of a decision?"""
    return text[:1] == "+" or (text.isdigit() and len(text) < 20)

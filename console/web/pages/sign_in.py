"""The door: name, password, second factor; and out again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from console.web.frame import Visit
from console.web.gate import SESSION, Gate
from console.web.translation import mark
from ringfence.people.people import Problem

router = APIRouter()
WRONG = mark("Name, password or code is wrong.")
TOO_MANY = mark("Too many tries; the next one counts in %(n)s minutes.")
LACKING = mark("Your roles take a second factor, and you have none yet. An admin helps: ringfence people second-factor")


def _gate(request: Request) -> Gate:
    gate: Gate = request.app.state.gate
    return gate


@router.get("")
async def door(request: Request, wanted: Annotated[str, Query(alias="next", max_length=300)] = "") -> Response:
    """The form."""
    visit: Visit = request.state.visit
    if visit.actor.name:
        return visit.go("")
    return visit.show("sign-in.html", next=wanted, wrong="")


@router.post("")
async def enter(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    wanted: Annotated[str, Form(alias="next", max_length=300)] = "",
) -> Response:
    """Let somebody in; one answer for an unknown name and a wrong password."""
    gate = _gate(request)
    visit: Visit = request.state.visit
    address = request.client.host if request.client else ""
    let = await gate.people.sign_in(name, password, code, address)
    if isinstance(let, Problem):
        told = visit.say(
            {"too-many": TOO_MANY, "second-factor": LACKING}.get(let.kind, WRONG), n=int(let.wait_s // 60) + 1
        )
        return visit.show("sign-in.html", status=403, next=wanted, wrong=told)
    # What is wanted is a path below the console, never another place.
    answer: Response = visit.go(*[part for part in wanted.split("/") if part not in ("", ".", "..")] or [""])
    answer.headers.append("set-cookie", gate.cookie(request, SESSION, let.token))
    return answer


@router.post("/out")
async def leave(request: Request) -> Response:
    """End the session, here and in the database."""
    visit, gate = request.state.visit, _gate(request)
    await gate.people.sign_out(request.cookies.get(SESSION, ""))
    answer: Response = visit.go("sign-in")
    answer.headers.append("set-cookie", gate.cookie(request, SESSION, "", lasts_s=0))
    return answer

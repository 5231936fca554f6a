"""The door: name, password, second factor; and out again."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from console.web.frame import Visit
from console.web.gate import BROWSER, SESSION, gate_of
from console.web.translation import mark
from ringfence.people.faults import DirectoryError, PeopleError
from ringfence.people.passkeys import LONGEST_SAID
from ringfence.people.people import Problem, Session

router = APIRouter()
WRONG = mark("Name, password or code is wrong.")
TOO_MANY = mark("Too many tries; the next one counts in %(n)s minutes.")
LACKING = mark("Your roles take a second factor, and you have none yet. An admin helps: ringfence people second-factor")

NO_DIRECTORY = mark("No staff directory is set up here.")
NO_ACCOUNT = mark("The directory knows you, and there is no account of that name here. Ask an admin for one.")
NOT_NOW = mark("The staff directory let nobody in. Try again, or sign in by password.")
_BEGUN = "rf_directory"
log = structlog.get_logger("ringfence.console")


def _form(request: Request, wanted: str, wrong: str = "") -> Response:
    visit: Visit = request.state.visit
    people = gate_of(request).people
    return visit.show(
        "sign-in.html",
        status=403 if wrong else 200,
        next=wanted,
        wrong=wrong,
        by_directory=people.directory is not None,
        by_passkey=people.passkeys.offered_at(request.headers.get("host", "")),
    )


@router.get("")
async def door(request: Request, wanted: Annotated[str, Query(alias="next", max_length=300)] = "") -> Response:
    """The form."""
    visit: Visit = request.state.visit
    if visit.actor.name:
        return visit.go("")
    return _form(request, wanted)


@router.post("")
async def enter(
    request: Request,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    code: Annotated[str, Form(max_length=20)] = "",
    wanted: Annotated[str, Form(alias="next", max_length=300)] = "",
) -> Response:
    """Let somebody in; one answer for an unknown name and a wrong password."""
    let = await gate_of(request).people.sign_in(name, password, code, _address(request))
    return _answer(request, let, wanted)


@router.post("/passkey/begin")
async def begin_passkey(request: Request) -> Response:
    """What the browser is to ask an authenticator for; a script of ours reads it."""
    try:
        asked = gate_of(request).people.passkeys.begin_signing(request.cookies.get(BROWSER, ""))
    except PeopleError as error:
        return JSONResponse({"said": str(error)}, 409)
    return Response(asked, media_type="application/json")


@router.post("/passkey")
async def enter_by_passkey(
    request: Request,
    passkey: Annotated[str, Form(max_length=LONGEST_SAID)] = "",
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    wanted: Annotated[str, Form(alias="next", max_length=300)] = "",
) -> Response:
    """Let somebody in by his passkey, beside the password where he wrote it."""
    people, browser = gate_of(request).people, request.cookies.get(BROWSER, "")
    let = await people.sign_in_by_passkey(passkey, browser, _address(request), name, password)
    return _answer(request, let, wanted)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _answer(request: Request, let: Session | Problem, wanted: str) -> Response:
    gate = gate_of(request)
    visit: Visit = request.state.visit
    if isinstance(let, Problem):
        told = visit.say(
            {"too-many": TOO_MANY, "second-factor": LACKING}.get(let.kind, WRONG), n=int(let.wait_s // 60) + 1
        )
        return _form(request, wanted, told)
    gate.renew(request)
    # What is wanted is a path below the console, never another place.
    answer: Response = visit.go(*[part for part in wanted.split("/") if part not in ("", ".", "..")] or [""])
    answer.headers.append("set-cookie", gate.cookie(request, SESSION, let.token))
    return answer


@router.post("/out")
async def leave(request: Request) -> Response:
    """End the session, here and in the database."""
    visit, gate = request.state.visit, gate_of(request)
    await gate.people.sign_out(request.cookies.get(SESSION, ""))
    gate.renew(request)
    answer: Response = visit.go("sign-in")
    answer.headers.append("set-cookie", gate.cookie(request, SESSION, "", lasts_s=0))
    return answer


@router.get("/directory")
async def to_directory(request: Request) -> Response:
    """Send a browser to the staff directory."""
    gate = gate_of(request)
    if gate.people.directory is None:
        return _form(request, "", request.state.visit.say(NO_DIRECTORY))
    try:
        begun = await gate.people.directory.begin()
    except DirectoryError as error:
        return _unknown(request, error)
    answer: Response = RedirectResponse(begun.url, 303)
    # It comes back by a link of another site, with which no cookie of ours is sent that is stricter.
    cookie = gate.cookie(request, _BEGUN, begun.state, lasts_s=600, same_site="Lax")
    answer.headers.append("set-cookie", cookie)
    return answer


@router.get("/directory/back")
async def from_directory(
    request: Request,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
) -> Response:
    """Let in whom the directory knows and who has an account."""
    gate, visit = gate_of(request), request.state.visit
    if gate.people.directory is None:
        return _form(request, "", visit.say(NO_DIRECTORY))
    try:
        told = await gate.people.directory.finish(state, request.cookies.get(_BEGUN, ""), code)
    except DirectoryError as error:
        return _unknown(request, error)
    let = await gate.people.let_in(told, _address(request))
    if isinstance(let, Problem):
        return _form(request, "", visit.say(NO_ACCOUNT))
    gate.renew(request)
    # A page of ours leads on: with a redirection from there the new cookie would not be sent.
    answer: Response = visit.show("let-in.html")
    answer.headers.append("set-cookie", gate.cookie(request, SESSION, let.token))
    answer.headers.append("set-cookie", gate.cookie(request, _BEGUN, "", lasts_s=0, same_site="Lax"))
    return answer


@router.post("/directory/logout")
async def out_by_directory(request: Request, logout_token: Annotated[str, Form(max_length=10_000)] = "") -> Response:
    """The directory itself says who is out (Back-Channel Logout 1.0): his sessions are over with the answer."""
    people = gate_of(request).people
    try:
        if people.directory is None:
            raise DirectoryError("there is none")
        subject, session = await people.directory.logged_out(logout_token)
    except DirectoryError as error:
        log.warning("not logged out by the directory", fault=str(error))
        return Response(status_code=400)
    ended = await people.sessions.ended_by_directory(subject, session)
    log.info("logged out by the directory", sessions=ended)
    return Response(status_code=200)


def _unknown(request: Request, error: DirectoryError) -> Response:
    log.warning("the staff directory let nobody in", fault=str(error))
    visit: Visit = request.state.visit
    return _form(request, "", visit.say(NOT_NOW))

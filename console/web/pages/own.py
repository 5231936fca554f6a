"""One's own account: another password, a second factor, passkeys, and from where one is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse

from console.web.frame import NotThere, Visit
from console.web.gate import SESSION
from console.web.translation import mark
from ringfence.people.accounts import Account
from ringfence.people.faults import PeopleError
from ringfence.people.passkeys import LONGEST_NAME, LONGEST_SAID
from ringfence.people.people import People

router = APIRouter()
WRONG = mark("The password is wrong.")
WAITS = mark("Too many tries; wait a quarter of an hour.")
CHANGED = mark("You have another password. Sign in with it.")
ADDED = mark("The passkey is there: sign in with it from now on.")
REMOVED = mark("The passkey is gone.")
Password = Annotated[str, Form(max_length=300)]


@router.get("")
async def own(request: Request) -> Response:
    """What there is."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    return await _shown(visit, people, account)


@router.post("/password")
async def password(request: Request, old: Password = "", new: Password = "") -> Response:
    """Another one, by whoever knows the one before; all of his sessions end."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    if (refused := await _refused(visit, people, account, old)) is not None:
        return refused
    await people.set_password(account.name, new, author=account.name)
    return visit.go("sign-in", notice=visit.say(CHANGED))


@router.post("/second-factor")
async def begin(request: Request, old: Password = "") -> Response:
    """What a telephone reads; it counts once it has shown a code."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    if (refused := await _refused(visit, people, account, old)) is not None:
        return refused
    uri = await people.second_factors.begin(account, author=account.name)
    return await _shown(visit, people, account, uri=uri)


@router.post("/second-factor/confirm")
async def confirm(request: Request, code: Annotated[str, Form(max_length=20)] = "") -> Response:
    """It counts from now on; the codes for paper are shown this once."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    try:
        codes = await people.second_factors.confirm(account, code, author=account.name)
    except PeopleError as error:
        return visit.go("own", notice=str(error), good=False)
    return await _shown(visit, people, account, codes=codes)


@router.post("/passkeys/begin")
async def begin_passkey(request: Request, old: Password = "") -> Response:
    """What the browser is to ask the authenticator for; a script of ours reads it."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    if wrong := await _wrong(visit, people, account, old):
        return JSONResponse({"said": wrong}, 403)
    try:
        asked = await people.passkeys.begin_making(account, _session(request))
    except PeopleError as error:
        return JSONResponse({"said": str(error)}, 409)
    return Response(asked, media_type="application/json")


@router.post("/passkeys")
async def add_passkey(
    request: Request,
    passkey: Annotated[str, Form(max_length=LONGEST_SAID)] = "",
    name: Annotated[str, Form(max_length=LONGEST_NAME)] = "",
) -> Response:
    """It lets in from now on; the password was asked when it was begun."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    try:
        await people.passkeys.add(account, passkey, name, _session(request), author=account.name)
    except PeopleError as error:
        return visit.go("own", notice=str(error), good=False)
    return visit.go("own", notice=visit.say(ADDED))


@router.post("/passkeys/{number}/remove")
async def remove_passkey(request: Request, number: int, old: Password = "") -> Response:
    """It lets nobody in any more."""
    visit: Visit = request.state.visit
    people, account = await _mine(visit)
    if (refused := await _refused(visit, people, account, old)) is not None:
        return refused
    await people.passkeys.remove(account, number, author=account.name)
    return visit.go("own", notice=visit.say(REMOVED))


def _session(request: Request) -> str:
    return request.cookies.get(SESSION, "")


async def _mine(visit: Visit) -> tuple[People, Account]:
    people = await visit.here.people()
    account = await people.accounts.maybe(visit.actor.name) if visit.actor.name else None
    if account is None:
        raise NotThere(visit.say(mark("There is no such account.")))
    return people, account


async def _refused(visit: Visit, people: People, account: Account, old: str) -> Response | None:
    """A page that was left open is not enough to take an account over: the password is asked again."""
    wrong = await _wrong(visit, people, account, old)
    return visit.go("own", notice=wrong, good=False) if wrong else None


async def _wrong(visit: Visit, people: People, account: Account, old: str) -> str:
    """What is wrong with the password that was asked again; nothing: it is right."""
    client = visit.request.client
    found = await people.is_own(account, old, client.host if client else "")
    return "" if found == "right" else visit.say(WRONG if found == "wrong" else WAITS)


async def _shown(
    visit: Visit, people: People, account: Account, uri: str = "", codes: list[str] | None = None
) -> Response:
    sessions = await people.sessions.listed(account.id)
    has_one = await people.second_factors.is_there(account)
    return visit.show(
        "own.html",
        account=account,
        sessions=sessions,
        has_one=has_one,
        uri=uri,
        codes=codes,
        passkeys=await people.passkeys.listed(account),
        passkeys_here=people.passkeys.offered_at(visit.request.headers.get("host", "")),
    )

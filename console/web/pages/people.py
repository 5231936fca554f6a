"""People: accounts and their roles, made, changed and disabled; who is signed in; what takes two is proposed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from ringfence.people import Right, Role
from ringfence.people.accounts import LANGUAGES, Account, Wanted, read_roles
from ringfence.people.passwords import refuse_weak
from ringfence.people.people import People
from ringfence.people.rights import MEANING, rights_of

PAGE = Page("people", mark("People"), Right.PEOPLE_WRITE, Section.HOUSE, key="p", order=20)
router = APIRouter()
# What somebody is there for, as pages call it.
ROLES = {
    Role.VIEWER: mark("viewer"),
    Role.COMPLAINT_OFFICER: mark("complaint officer"),
    Role.LIST_KEEPER: mark("list keeper"),
    Role.RULE_AUTHOR: mark("rule author"),
    Role.ENGINEER: mark("engineer"),
    Role.PRIVACY_OFFICER: mark("privacy officer"),
    Role.AUDITOR: mark("auditor"),
    Role.ADMIN: mark("admin"),
}
ADDED = mark("The account is there.")
CHANGED = mark("Done; it holds from the next request on.")
Name = Annotated[str, Form(max_length=64)]
Roles = Annotated[list[str], Form(max_length=len(Role))]
Reason = Annotated[str, Form(max_length=1_000)]
Password = Annotated[str, Form(max_length=300)]


@router.get("")
async def everybody(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """All accounts, and a form for another."""
    people = await visit.here.people()
    there = [one.account for one in await people.sessions.listed()]
    rows = [(one, there.count(one.id)) for one in await people.accounts.listed()]
    return visit.show("people.html", rows=rows, roles=ROLES, spoken=LANGUAGES)


@router.post("")
async def add(
    visit: Annotated[Visit, PAGE.visited],
    name: Name,
    role: Roles = [],  # noqa: B006  FastAPI copies it
    display_name: Annotated[str, Form(max_length=100)] = "",
    login: Annotated[str, Form(max_length=64)] = "",
    language: Annotated[str, Form(max_length=2)] = "",
    password: Password = "",
) -> Response:
    """Make an account."""
    people = await visit.here.people()
    wanted = Wanted(name.strip(), read_roles(role), display_name.strip(), language, login.strip() or None)
    if password:
        refuse_weak(password, wanted.name)
        wanted = wanted._replace(password=await people.passwords.hash(password))
    await people.accounts.add(wanted, author=visit.actor.name)
    return visit.go("people", wanted.name, notice=visit.say(ADDED))


@router.get("/{name}")
async def one(visit: Annotated[Visit, PAGE.visited], name: str) -> Response:
    """One account: what it may do, who is signed in by it, what was done with it."""
    people, account = await _found(visit, name)
    return visit.show(
        "person.html",
        account=account,
        roles=ROLES,
        rights=[(right, MEANING[right]) for right in sorted(rights_of(account.roles))],
        sessions=await people.sessions.listed(account.id),
        second_factor=await people.second_factors.is_there(account),
        passkeys=await people.passkeys.listed(account),
        history=(await people.deeds_of(account.name))[::-1],
    )


@router.post("/{name}/roles")
async def set_roles(
    visit: Annotated[Visit, PAGE.visited],
    name: str,
    role: Roles = [],  # noqa: B006  FastAPI copies it
) -> Response:
    """These roles and no others."""
    people, account = await _found(visit, name)
    await people.accounts.set_roles(account.name, read_roles(role), author=visit.actor.name)
    return _done(visit, account)


@router.post("/{name}/login")
async def set_login(
    visit: Annotated[Visit, PAGE.visited], name: str, login: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Who runs commands under this login acts as this account."""
    people, account = await _found(visit, name)
    await people.accounts.set_login(account.name, login.strip() or None, author=visit.actor.name)
    return _done(visit, account)


@router.post("/{name}/password")
async def set_password(visit: Annotated[Visit, PAGE.visited], name: str, password: Password = "") -> Response:
    """Another password; whoever was signed in by the account is out."""
    people, account = await _found(visit, name)
    await people.set_password(account.name, password, author=visit.actor.name)
    return _done(visit, account)


@router.post("/{name}/disable")
async def disable(visit: Annotated[Visit, PAGE.visited], name: str, reason: Reason = "") -> Response:
    """It opens nothing from now on."""
    people, account = await _found(visit, name)
    await people.accounts.disable(account.name, author=visit.actor.name, reason=reason.strip())
    return _done(visit, account)


@router.post("/{name}/enable")
async def enable(visit: Annotated[Visit, PAGE.visited], name: str, reason: Reason = "") -> Response:
    """It opens again what its roles say."""
    people, account = await _found(visit, name)
    await people.accounts.enable(account.name, author=visit.actor.name, reason=reason.strip())
    return _done(visit, account)


@router.post("/{name}/remove")
async def remove(visit: Annotated[Visit, PAGE.visited], name: str, reason: Reason = "") -> Response:
    """It is gone; the record goes on naming it."""
    people, account = await _found(visit, name)
    await people.accounts.remove(account.name, author=visit.actor.name, reason=reason.strip())
    return visit.go("people", notice=visit.say(CHANGED))


@router.post("/{name}/sign-out")
async def sign_out(visit: Annotated[Visit, PAGE.visited], name: str) -> Response:
    """Whoever is signed in by it has to sign in again."""
    people, account = await _found(visit, name)
    await people.sessions.revoke(account.id, account.name, author=visit.actor.name)
    return _done(visit, account)


@router.post("/{name}/factor-off")
async def factor_off(visit: Annotated[Visit, PAGE.visited], name: str) -> Response:
    """Its telephone is lost: the password alone is enough."""
    people, account = await _found(visit, name)
    await people.second_factors.remove(account, author=visit.actor.name)
    return _done(visit, account)


@router.post("/{name}/passkey-off")
async def passkey_off(visit: Annotated[Visit, PAGE.visited], name: str, passkey: Annotated[int, Form()]) -> Response:
    """What holds it is lost."""
    people, account = await _found(visit, name)
    await people.passkeys.remove(account, passkey, author=visit.actor.name)
    return _done(visit, account)


async def _found(visit: Visit, name: str) -> tuple[People, Account]:
    people = await visit.here.people()
    account = await people.accounts.maybe(name)
    if account is None:
        raise NotThere(visit.say(mark("There is no such account.")))
    return people, account


def _done(visit: Visit, account: Account) -> Response:
    return visit.go("people", account.name, notice=visit.say(CHANGED))

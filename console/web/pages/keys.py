"""Keys of the API: what each opens; made, renewed, revoked, shown once; and how far words are under a new key."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response

from console.api.access.allowance import Allowance
from console.api.access.key_book import AccessError, AccessKey, KeyBook, KeyMaking, WantedKey
from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from ringfence.people import Right
from ringfence.people.approvals import Proposal
from ringfence.people.faults import PeopleError, Waits
from ringfence.people.rights import MEANING
from ringfence.rights import doubts
from ringfence.times import seconds

PAGE = Page("keys", mark("API keys"), Right.KEYS_WRITE, Section.HOUSE, key="y", order=30)
router = APIRouter()
STATES = {"works": mark("works"), "expired": mark("expired"), "revoked": mark("revoked")}
REVOKED = mark("Key %(id)s of %(name)s opens nothing any more.")
_USUAL_OVERLAP = "24h"
Name = Annotated[str, Form(max_length=64)]
Duration = Annotated[str, Form(max_length=20)]


@router.get("")
async def listed(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """All keys, without their secrets, and a form for another."""
    return await _page(visit)


@router.post("")
async def add(
    visit: Annotated[Visit, PAGE.visited],
    name: Name,
    scope: Annotated[list[str], Form(max_length=len(Right))] = [],  # noqa: B006  FastAPI copies it
    acts_as: Name = "",
    expires: Duration = "",
    daily: Annotated[int, Form(ge=1, le=100_000_000)] = 10_000,
) -> Response:
    """Make a key; or propose it, where it takes two persons."""
    try:
        scopes = [Right(one) for one in scope]
        wanted = WantedKey(name.strip(), scopes, acts_as.strip(), daily, expires.strip())
        made = await (await _making(visit)).add(wanted, author=visit.actor.name, expires=_end(visit, expires))
    except Waits:
        raise  # the gate says for whom
    except (AccessError, PeopleError, ValueError) as error:
        return await _page(visit, wrong=str(error))
    return await _page(visit, made=made)


@router.post("/{key}/renew")
async def renew(
    visit: Annotated[Visit, PAGE.visited], key: str, overlap: Duration = _USUAL_OVERLAP, expires: Duration = ""
) -> Response:
    """Another key for its source; the old one goes on for a while."""
    try:
        until, overlap_s = _end(visit, expires), seconds(overlap)
        making = await _making(visit)
        made = await making.renew(key, expires.strip(), author=visit.actor.name, overlap_s=overlap_s, expires=until)
    except Waits:
        raise  # the gate says for whom
    except (AccessError, PeopleError, ValueError) as error:
        return await _page(visit, wrong=str(error))
    return await _page(visit, made=made)


@router.post("/{key}/revoke")
async def revoke(visit: Annotated[Visit, PAGE.visited], key: str) -> Response:
    """It opens nothing from now on."""
    try:
        (gone, *_) = await (await _book(visit)).revoke(key, author=visit.actor.name)
    except AccessError as error:
        return visit.go("keys", notice=error.reason, good=False)
    return visit.go("keys", notice=visit.say(REVOKED, id=gone.id, name=gone.name))


async def _page(visit: Visit, made: tuple[AccessKey, str] | None = None, wrong: str = "") -> Response:
    used = await Allowance(await visit.here.access()).used_today()
    now = visit.ground.now()
    rows = [
        (key, _state(key, now), min(used.get(key.name, 0), key.daily)) for key in await (await _book(visit)).listed()
    ]
    told = doubts(visit.here.configuration, made[0].actor, made[0].scopes) if made else ()
    return visit.show(
        "keys.html",
        status=409 if wrong else 200,
        rows=rows,
        states=STATES,
        meaning=MEANING,
        accounts=[] if visit.unclaimed else await (await visit.here.people()).accounts.listed(),
        confirmed=await _confirmed(visit),
        made=made,
        doubts=list(told),
        wrong=wrong,
        overlap=_USUAL_OVERLAP,
        old=len(visit.desk.archive.keys.contents) - 1,
        retired=len(visit.desk.archive.keys.retired),
        taking_over=visit.desk.archive.taking_over,
    )


async def _confirmed(visit: Visit) -> list[Proposal]:
    """What another person said yes to, and whoever looks has not done yet."""
    if visit.unclaimed:
        return []
    approvals = (await visit.here.people()).approvals
    mine = [one for one in await approvals.listed(everything=True) if one.proposer == visit.actor.name]
    return [one for one in mine if one.kind == "key" and one.state(approvals.now()) == "confirmed"]


async def _making(visit: Visit) -> KeyMaking:
    people = None if visit.unclaimed else await visit.here.people()
    return KeyMaking(await _book(visit), visit.here.second, people)


async def _book(visit: Visit) -> KeyBook:
    return KeyBook(await visit.here.access(), visit.ground.now)


def _end(visit: Visit, lasts: str) -> float | None:
    return visit.ground.now() + seconds(lasts) if lasts.strip() else None


def _state(key: AccessKey, now: float) -> str:
    return "revoked" if key.revoked is not None else "works" if key.works(now) else "expired"

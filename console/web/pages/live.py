"""Live: calls as they are judged, their verdicts, the delay that judging adds, peers, alarms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from console.web.feed import BIN_S, Feed, Node
from console.web.frame import Page, Section, Visit
from console.web.gate import SESSION, gate_of
from console.web.translation import mark
from console.web.vocabulary import VERDICTS
from ringfence.people import Right
from ringfence.told_calls import calls_told
from ringfence.watching import Quantiles
from rules.records.searching import Wanted, search

PAGE = Page("live", mark("Live"), Right.CALLS_READ, Section.WATCH, key="l", order=10)
router = APIRouter()
_BEGUN_WITH = 15  # calls
_ASKED_AGAIN = 5  # looks between which nobody asks whether the session goes on


def _feed(request: Request) -> Feed:
    gate = gate_of(request)
    if gate.feed is None:
        gate.feed = Feed(gate.ground.here, gate.ground.now)
    return gate.feed


@router.get("")
async def live(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """The page, with what is known already."""
    feed = _feed(visit.request)
    decisions = await visit.here.recorded()
    found = (await search(decisions, Wanted(), limit=_BEGUN_WITH)).decisions if decisions else []
    found = await calls_told(visit.here, found, sees=visit.may(Right.NUMBERS_UNMASK))
    past = await feed.past()
    curve = {"bin": BIN_S, "verdicts": list(VERDICTS)[:4], "past": past, "names": _names(visit)} | {
        "zone": visit.here.zone
    }
    return visit.show("live.html", calls=found, curve=json.dumps(curve), **_node(visit, await feed.node()))


def _names(visit: Visit) -> dict[str, str]:
    return {action: visit.say(said) for action, said in VERDICTS.items()}


def _node(visit: Visit, node: Node) -> dict[str, Any]:
    """How the node is, for whoever may see it."""
    if not visit.may(Right.PEERS_READ):
        return {"node": None, "peers": [], "alarms": [], "without": ""}
    peers = list(node.seen.peers) if node.seen else []
    alarms = [str(one) for one in node.seen.figures["remarks"]] if node.seen else []
    return {"node": _figures(node), "peers": peers, "alarms": alarms, "without": node.without}


def _figures(node: Node) -> dict[str, Any] | None:
    if node.seen is None or node.moment is None:
        return None
    figures, moment = node.seen.figures, node.moment
    return {
        "calls": f"{moment.calls:,.1f}",
        "talking": f"{figures['calls']:,}",
        "added": _delay(moment.added),
        "judging": _delay(moment.judging),
        "refused": f"{sum(moment.answered.values()):,.1f}",
        "queue": f"{figures['queue']:,}",
    }


def _delay(found: Quantiles) -> str:
    """What 99 of a hundred took at most."""
    if found.nearly_all is None:
        return "–"
    if found.nearly_all > found.beyond:
        return f"> {found.beyond * 1000:g} ms"
    return f"{found.nearly_all * 1000:.1f} ms" if found.nearly_all >= 0.001 else f"{found.nearly_all * 1e6:.0f} µs"


@router.get("/events")
async def events(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """Each look as an event, until the page is left, the session ends or the process stops."""
    feed = _feed(visit.request)
    if feed.full:
        return Response(status_code=503, headers={"retry-after": "10"})
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_told(visit, feed), media_type="text/event-stream", headers=headers)


async def _told(visit: Visit, feed: Feed) -> AsyncIterator[str]:
    gate, token = gate_of(visit.request), visit.request.cookies.get(SESSION, "")
    yield "retry: 3000\n\n"
    looked = 0
    async for look in feed.looks():
        looked += 1
        if looked % _ASKED_AGAIN == 0 and not visit.unclaimed and await gate.people.session_of(token) is None:
            yield "event: over\ndata: {}\n\n"
            return
        values = _node(visit, look.node)
        calls = look.decisions if visit.may(Right.NUMBERS_UNMASK) else look.told
        told = {
            "at": look.at,
            "verdicts": look.verdicts,
            "rows": visit.text("live.html", "rows", calls=calls[::-1]) if calls else "",
            "node": visit.text("live.html", "node", **values) if visit.may(Right.PEERS_READ) else "",
        }
        yield f"data: {json.dumps(told)}\n\n"
        await asyncio.sleep(0)

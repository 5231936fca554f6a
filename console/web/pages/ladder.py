"""Ladder and owners: who stands on which step, and which numbers somebody had one after another, as a tree."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from desk.disclosure import note_listing, without_numbers
from desk.rotation import rotations
from ringfence.people import Right

PAGE = Page("ladder", mark("Ladder and owners"), Right.CASES_READ, Section.DESK, key="m", order=50)
router = APIRouter()


@router.get("")
async def climbers(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """Who stands on it, highest first, and the owners with their numbers."""
    desk = visit.desk
    found, held = await desk.ladder.climbers(limit=200), await rotations(desk.archive)
    shown = len(found) + sum(len(one.numbers) for one in held)
    await note_listing(desk.archive, "ladder", shown, actor=visit.actor.name)
    return visit.show(
        "ladder.html",
        climbers=[(one, without_numbers(one.standing.reason, desk.archive.country)) for one in found],
        held=held,
        now=desk.archive.now(),
    )

"""Imports into lists over HTTP: what was done, taken back, and what waits for a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

from console.api.authentication import Caller
from console.api.list_shapes import (
    Ending,
    HeldShape,
    HeldShapes,
    ImportShape,
    ImportsShape,
    Releasing,
    ReportShape,
    UndoneShape,
    entry_faults,
    report_shape,
)
from console.api.lists import Reader, Writer, callers_of_the_last_day, hide_few, lists_of, sees_numbers
from console.api.parts import Limit, TheDesk, needs, paths
from desk.disclosure import note_listing
from ringfence.people.rights import Right
from rules.lists.held_imports import drop_import, held_imports, release_import
from rules.lists.imports import imports
from rules.lists.undoing import undo

router = paths("/v1/imports", "lists")
Releaser = Annotated[Caller, needs(Right.LISTS_RELEASE)]
Number = Annotated[int, Path(ge=1, lt=2**53, description="Its id.")]


@router.get("")
async def list_imports(desk: TheDesk, _: Reader, limit: Limit = 50) -> ImportsShape:
    """The latest imports, newest first: what each did, and by whose word it went through if it was held."""
    return ImportsShape(imports=[ImportShape.of(one) for one in await imports(desk.archive.lists, limit=limit)])


@router.post("/{made}/undo")
async def undo_import(made: Number, why: Ending, desk: TheDesk, caller: Writer) -> UndoneShape:
    """Take back a whole import; what was edited or taken off since then stays so."""
    with entry_faults("made"):
        async with lists_of(desk) as lists:
            done = await undo(lists, made, author=caller.actor, reason=why.reason)
    if not sees_numbers(caller):
        done = done._replace(sealed=())
    elif done.sealed:
        await note_listing(desk.archive, "list", len(done.sealed), actor=caller.actor, seals=f"import {made} undone")
    return UndoneShape.of(done)


@router.get("/held")
async def list_held(
    desk: TheDesk,
    _: Reader,
    ended: Annotated[bool, Query(description="Also those released, dropped or lapsed, and by whom.")] = False,
) -> HeldShapes:
    """Imports that wait for a person, the oldest first, and why."""
    return HeldShapes(held=[HeldShape.of(one) for one in await held_imports(desk.archive.lists, ended=ended)])


@router.post("/held/{held}/release")
async def release_held(held: Number, why: Releasing, desk: TheDesk, caller: Releaser) -> ReportShape:
    """Do a held import after all, by another person than the one who imported it; every check is made again.

    On a list whose entries are qualified, by the approver that they name.
    """
    with entry_faults("held"):
        async with lists_of(desk) as lists:
            calls = await callers_of_the_last_day(desk)
            report = await release_import(lists, held, author=caller.actor, reason=why.reason, calls=calls)
    await hide_few(desk, caller, report, f"held import {held} released")
    return report_shape(report)


@router.post("/held/{held}/drop")
async def drop_held(held: Number, why: Ending, desk: TheDesk, caller: Releaser) -> HeldShape:
    """Forget what a held import holds; nothing changes on the list."""
    with entry_faults("held"):
        async with lists_of(desk) as lists:
            return HeldShape.of(await drop_import(lists, held, author=caller.actor, reason=why.reason))

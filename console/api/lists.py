"""Lists over HTTP: shown, searched, filled, imported into and taken back, by the same services as the command line."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response
from fastapi.responses import JSONResponse

from console.api.authentication import Caller
from console.api.cursors import sealed_text_of, text_cursor, text_of
from console.api.list_shapes import (
    ChangedEntries,
    Covering,
    EntriesToAdd,
    EntriesToRemove,
    EntryPage,
    HappeningShape,
    HistoryShape,
    HitShape,
    ListShape,
    ListsShape,
    RemovedEntries,
    ReportShape,
    RowsToImport,
    StatsShape,
    changed_entry,
    entry_faults,
    entry_shape,
    report_shape,
)
from console.api.parts import AnyNumber, Cursor, Limit, TheDesk, needs, paths
from console.api.problems import field_problem
from desk.desk import Desk
from desk.disclosure import note_listing, note_preview, note_search
from desk.showing import masked
from ringfence.people.rights import Right
from rules.lists.admission import EntryError, read_entry
from rules.lists.editing import Lists, how_many_stand
from rules.lists.held_imports import import_or_hold, propose
from rules.lists.history import happenings
from rules.lists.import_batch import ImportReport
from rules.lists.imports import Wishes
from rules.lists.origins import BY_RULE, Entry, Origin
from rules.lists.suspension import is_whole, untold
from rules.records.decisions import Decisions
from rules.records.entry_hits import most_hit_told
from rules.settings.screening import ListSettings

router = paths("/v1", "lists")
Reader = Annotated[Caller, needs(Right.LISTS_READ)]
Writer = Annotated[Caller, needs(Right.LISTS_WRITE)]
ListName = Annotated[str, Path(max_length=100, description="A list of ringfence.yaml.")]
_ANYTHING = ListSettings(kind="plain", min_length=1)
_DAY_S = 86_400.0
_HELD: dict[int | str, dict[str, Any]] = {
    202: {"model": ReportShape, "description": "It waits for a person: `held_id`"}
}


@asynccontextmanager
async def lists_of(desk: Desk) -> AsyncIterator[Lists]:
    """The lists, by a connection of their own: nobody who reads sees a change that is half done."""
    archive = desk.archive
    lists = await Lists.open(archive.database, archive.lists.settings, now=archive.now, entering=archive.lists.entering)
    try:
        yield lists
    finally:
        await lists.close()


def of_seals(desk: Desk, name: str) -> bool:
    """Is it a list that cases fill, whose numbers are masked?"""
    policy = desk.archive.lists.settings.get(name)
    return policy is not None and policy.kind == "sealed"


def masks(desk: Desk, name: str, caller: Caller) -> bool:
    """Are the numbers of this list masked for whoever asks? Those of seals are; others for who keeps no lists."""
    is_keeper = not caller.who.roles or Right.LISTS_WRITE in caller.who.rights
    return of_seals(desk, name) or not is_keeper


def sees_numbers(caller: Caller) -> bool:
    """May whoever asks see numbers in full? While nobody has an account, whoever is there may."""
    return not caller.who.roles or Right.NUMBERS_UNMASK in caller.who.rights


async def told_of_seals(desk: Desk, caller: Caller, entries: list[Entry], by: str) -> list[Entry]:
    """These entries with the seals that they met as far as whoever asks is told of them, which is entered."""
    if sees_numbers(caller):
        if met := sum(len(one.sealed) for one in entries):
            await note_listing(desk.archive, "list", met, actor=caller.actor, seals=by)
        return entries
    if len(entries) == 1 and is_whole(entries[0].text):  # a number that is typed is looked up
        await note_search(desk.archive, entries[0].text, actor=caller.actor, detail=by)
        return entries
    return [untold(one) for one in entries]


async def callers_of_the_last_day(desk: Desk) -> dict[str, int]:
    """How often each caller got through in the last day: what an import would have caught."""
    return await Decisions(desk.archive.decisions).callers_since(desk.archive.now() - _DAY_S)


async def hide_few(desk: Desk, caller: Caller, report: ImportReport, how: str, *, tried: bool = False) -> None:
    """Enter that somebody learns of calls what an import says of them, and keep from him what few callers did."""
    if report.caught.of:
        archive, people = desk.archive, report.caught.people
        await note_preview(archive, people, actor=caller.actor, detail=f"callers of the last day: {how}")
        report.keep_few_back(0 if sees_numbers(caller) else archive.privacy.least_callers, tried=tried)


@router.get("/lists")
async def show_lists(desk: TheDesk, _: Reader) -> ListsShape:
    """All lists, with their kind and number of entries."""
    lists = desk.archive.lists
    counts = await lists.counts()
    return ListsShape(
        lists=[
            ListShape.of(policy, name=name, entries=counts.get(name, 0))
            for name, policy in sorted(lists.settings.items())
        ]
    )


@router.get("/lists/{name}/entries")
async def show_entries(
    name: ListName, desk: TheDesk, caller: Reader, limit: Limit = 50, cursor: Cursor = None
) -> EntryPage:
    """Entries of a list in the order of their digits, prefixes and ranges first."""
    archive, hide = desk.archive, masks(desk, name, caller)
    after = sealed_text_of(cursor, archive.secrecy.opened) if hide else text_of(cursor)
    with entry_faults("name"):
        but = "" if hide or sees_numbers(caller) else BY_RULE
        found = await archive.lists.show(name, limit=limit + 1, after=after, but=but)
    found = found if sees_numbers(caller) else [untold(one) for one in found]
    await note_listing(archive, "list", len(found[:limit]), actor=caller.actor, list=name)
    shown = [entry_shape(entry, archive.now(), hide=hide) for entry in found[:limit]]
    if len(found) <= limit:
        return EntryPage(entries=shown, next=None)
    last = found[limit - 1].text
    return EntryPage(entries=shown, next=text_cursor(archive.secrecy.sealed(last) if hide else last))


@router.get("/lists/{name}/stats")
async def show_stats(
    name: ListName,
    desk: TheDesk,
    caller: Reader,
    limit: Annotated[int, Query(ge=0, le=200, description="So many of those that covered most calls.")] = 10,
) -> StatsShape:
    """How often the entries of a list covered a call, when last, and how many never did."""
    lists, decisions = desk.archive.lists, Decisions(desk.archive.decisions)
    with entry_faults("name"):
        lists.policy(name)
    entries = (await lists.counts()).get(name, 0)
    hit = (await decisions.hit_sums()).get(name)
    ever = await decisions.most_hit(name, limit=-1) if hit else []
    shown = masked if masks(desk, name, caller) else str
    least = 0 if sees_numbers(caller) else desk.archive.privacy.least_callers
    top = await most_hit_told(decisions, name, limit, least)
    await note_listing(desk.archive, "list", len(top), actor=caller.actor, list=name)
    return StatsShape(
        list=name,
        entries=entries,
        hits=hit.hits if hit else 0,
        last_hit=hit.last if hit else None,
        never_hit=entries - await how_many_stand(lists, name, [one.entry for one in ever]),
        top=[HitShape.of(one, entry=shown(one.entry), last_hit=one.last) for one in top],
    )


@router.get("/numbers/{number}/entries")
async def search_entries(number: AnyNumber, desk: TheDesk, caller: Reader) -> Covering:
    """Every entry that covers a number, on whatever list, those that are off too."""
    archive, canonical = desk.archive, _one_number(desk, number)
    await note_search(archive, canonical, actor=caller.actor, detail="lists")
    found = await archive.lists.covering(canonical)
    return Covering(number=canonical, entries=[entry_shape(entry, archive.now()) for entry in found])


@router.get("/numbers/{number}/history")
async def show_history(number: AnyNumber, desk: TheDesk, caller: Reader) -> HistoryShape:
    """What befell the entries that cover a number or did: who added, changed or removed them, when and why."""
    archive, canonical = desk.archive, _one_number(desk, number)
    await note_search(archive, canonical, actor=caller.actor, detail="lists history")
    found = await happenings(archive.lists, canonical)
    told = [HappeningShape.of(one) for one in found]
    return HistoryShape(number=canonical, history=told)


@router.post("/lists/{name}/entries", response_model=ChangedEntries, responses=_HELD)
async def add_entries(
    name: ListName, new: EntriesToAdd, desk: TheDesk, caller: Writer, request: Request
) -> ChangedEntries | Response:
    """Put up to 200 numbers, prefixes and ranges on a list, all or none; in force for the next call within a second.

    Of what stands there already, only what is given changes. On a list whose entries are qualified they wait (202).
    """
    request.state.caller = caller._replace(limits=await caller.use(len(new.numbers) - 1))
    _check_trunks(request, new.trunks)
    archive, origin = desk.archive, new.origin(caller.source, caller.actor)
    with entry_faults("/numbers", new.numbers):
        async with lists_of(desk) as lists:
            policy = lists.policy(name)
            spelt = [read_entry(text, policy, country=archive.country) for text in new.numbers]
            if policy.qualified or await lists.takes_two(policy, spelt):
                wishes = Wishes(country=archive.country, zone=archive.zone.key, wide=new.ranges, force=new.force)
                report = await propose(lists, name, new.numbers, origin, wishes, tuple(new.leave_out))
                if report.held_id is not None:
                    return JSONResponse(report_shape(report).model_dump(), 202)
                return ChangedEntries(entries=[])  # they stand there just so already
            added = await lists.add_all(
                *(name, new.numbers, origin),
                country=archive.country,
                exceptions=tuple(new.leave_out),
                wide=new.ranges,
                force=new.force,
            )
    added = await told_of_seals(desk, caller, added, "lists add")
    return ChangedEntries(entries=[changed_entry(entry, archive.now()) for entry in added])


@router.post("/lists/{name}/remove")
async def remove_entries(
    name: ListName, which: EntriesToRemove, desk: TheDesk, caller: Writer, request: Request
) -> RemovedEntries:
    """Take up to 200 entries off a list, all or none; their history still knows them."""
    request.state.caller = caller._replace(limits=await caller.use(len(which.numbers) - 1))
    archive = desk.archive
    with entry_faults("/numbers", which.numbers):
        async with lists_of(desk) as lists:
            gone = await lists.remove_all(
                name, which.numbers, country=archive.country, author=caller.actor, reason=which.reason
            )
    return RemovedEntries(entries=[entry_shape(untold(entry), archive.now()) for entry in gone])


@router.post("/lists/{name}/import", responses=_HELD)
async def import_entries(
    name: ListName, new: RowsToImport, desk: TheDesk, caller: Writer, request: Request, response: Response
) -> ReportShape:
    """Import rows in one transaction, all or none; `dry_run` is the preview. What a person must look at waits (202)."""
    for place, row in enumerate(new.rows):
        _check_trunks(request, row.trunks.split(), f"/rows/{place}/trunks")
    archive = desk.archive
    origin = Origin(new.source or caller.source, new.reason, caller.actor)
    wishes = Wishes(
        country=archive.country,
        zone=archive.zone.key,
        on_error="skip" if new.skip else "stop",
        replace_all=new.replace,
        dry_run=new.dry_run,
        wide=new.ranges,
        force=new.force,
        insist=new.insist,
        source_by_default=not new.source,
        calls=await callers_of_the_last_day(desk),
    )
    stream = io.BytesIO("".join(f"{row.line()}\n" for row in new.rows).encode())
    with entry_faults("/rows"):
        async with lists_of(desk) as lists:
            report = await import_or_hold(lists, name, stream, origin, wishes)
    how = f"import{' dry_run' * new.dry_run} {name}, {len(new.rows)} rows"
    await hide_few(desk, caller, report, how, tried=new.dry_run)
    return _told(report, response)


def _told(report: ImportReport, response: Response) -> ReportShape:
    if report.held_id is not None:
        response.status_code = 202
    return report_shape(report)


def _one_number(desk: Desk, number: str) -> str:
    try:
        read = read_entry(number, _ANYTHING, country=desk.archive.country)
    except EntryError as error:
        raise field_problem("number", str(error)) from error
    if not read.exact:
        raise field_problem("number", "it covers many numbers; write one")
    return read.text


def _check_trunks(request: Request, trunks: list[str], field: str = "/trunks") -> None:
    known = request.app.state.trunks
    if known is not None and (unknown := set(trunks) - known):
        raise field_problem(field, f"{len(unknown)} of them name no trunk of ringfence.yaml")

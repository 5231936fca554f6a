"""Lists: browsed and searched, filled by hand or by a file that is looked at first, taken back, and what waits.

Single numbers are masked; in addresses and forms they are sealed.
"""

from __future__ import annotations

import asyncio
import io
from secrets import token_urlsafe
from typing import Annotated, Any, NamedTuple

from cachetools import TTLCache
from fastapi import APIRouter, Form, Query, Response
from starlette.datastructures import UploadFile

from console.api.lists import callers_of_the_last_day, lists_of
from console.web.frame import UNREADABLE, NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.disclosure import note_listing, note_preview, note_search
from ringfence.installation import Installation
from ringfence.people import Right
from ringfence.times import seconds
from rules.lists.admission import EntryError, read_entry
from rules.lists.held_imports import drop_import, held_imports, import_or_hold, propose, release_import
from rules.lists.import_batch import ImportReport
from rules.lists.imports import Wishes, imports
from rules.lists.list_files import ListFileError
from rules.lists.origins import BY_RULE, DAY_S, Origin
from rules.lists.reviews import due_reviews
from rules.lists.suspension import untold
from rules.lists.undoing import undo
from rules.records.decisions import Decisions
from rules.records.entry_hits import hits_told
from rules.records.privacy import mask, mask_within
from rules.settings.screening import ListSettings

PAGE = Page("lists", mark("Lists"), Right.LISTS_READ, Section.DECIDE, key="i", order=20)
router = APIRouter()
_AT_ONCE = 50
_REVIEWS_S = 30 * DAY_S
_ANYTHING = ListSettings(kind="plain", min_length=1)
_UPLOADS: TTLCache[str, Upload] = TTLCache(4, 900.0)  # looked at, and not imported yet
TOO_LATE = mark("This was too long ago. Choose the file again.")
Reason = Annotated[str, Form(max_length=1_000)]


class Upload(NamedTuple):
    """A file that somebody handed in, with what he wished for it."""

    actor: str
    list: str
    file: str
    content: bytes
    reason: str
    replace: bool
    ranges: bool


@router.get("")
async def every_list(visit: Annotated[Visit, PAGE.visited]) -> Response:
    """All lists, and what a person should look at."""
    lists, now = visit.desk.archive.lists, visit.ground.now()
    counts = await lists.counts()
    decisions: Decisions | None = await visit.here.recorded()
    hits = await decisions.hit_sums() if decisions else {}
    rows = [(name, one, counts.get(name, 0), hits.get(name)) for name, one in sorted(lists.settings.items())]
    return visit.show(
        "lists.html",
        rows=rows,
        held=await held_imports(lists),
        reviews=(await due_reviews(lists, now + _REVIEWS_S))[:_AT_ONCE],
        imports=await imports(lists, limit=15),
        now=now,
    )


@router.post("/search")
async def search(visit: Annotated[Visit, PAGE.visited], number: Annotated[str, Form(max_length=100)] = "") -> Response:
    """Which entries, on whatever list, cover a number."""
    try:
        read = read_entry(number, _ANYTHING, country=visit.here.home)
    except EntryError as error:
        return visit.go("lists", notice=str(error), good=False)
    if not read.exact:
        return visit.go("lists", notice=visit.say(mark("It covers many numbers; write one.")), good=False)
    await note_search(visit.desk.archive, read.text, actor=visit.actor.name, detail="lists")
    found = await visit.desk.archive.lists.covering(read.text)
    return visit.show("lists-found.html", number=read.text, entries=found, now=visit.ground.now())


@router.get("/{name}")
async def one_list(
    visit: Annotated[Visit, PAGE.visited], name: str, after: Annotated[str, Query(max_length=300)] = ""
) -> Response:
    """Its entries in the order of their digits, prefixes and ranges first."""
    lists = visit.desk.archive.lists
    policy = lists.settings.get(name)
    if policy is None:
        raise NotThere(visit.say(mark("There is no such list.")))
    behind = visit.ground.tokens.place(name, after)
    if after and not behind:  # a number that is typed elsewhere would lead to the next one, and a half to its digits
        raise NotThere(visit.say(UNREADABLE))
    writes = visit.may(Right.LISTS_WRITE) and not visit.may(Right.NUMBERS_UNMASK)
    but = BY_RULE if writes else ""  # entries of his own would find the digits of those, by their order
    found = await lists.show(name, limit=_AT_ONCE + 1, after=behind, but=but)
    shown = found[:_AT_ONCE] if visit.may(Right.NUMBERS_UNMASK) else [untold(one) for one in found[:_AT_ONCE]]
    await note_listing(visit.desk.archive, "list", len(shown), actor=visit.actor.name, list=name)
    decisions: Decisions | None = await visit.here.recorded()
    texts = [one.text for one in shown]
    hits = await hits_told(decisions, name, texts, visit.least_callers) if decisions else {}
    more = (
        visit.url("lists", name, after=visit.ground.tokens.placed(name, shown[-1].text))
        if len(found) > _AT_ONCE
        else ""
    )
    count = (await lists.counts()).get(name, 0)
    known: dict[str, Any] = {"entries": shown, "hits": hits, "more": more, "count": count, "now": visit.ground.now()}
    return visit.show("list.html", name=name, policy=policy, **known)


@router.post("/{name}/add")
async def add(
    visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)],
    name: str,
    number: Annotated[str, Form(max_length=100)] = "",
    reason: Reason = "",
    lasts: Annotated[str, Form(max_length=20)] = "",
    ranges: Annotated[bool, Form()] = False,
) -> Response:
    """Put a number, prefix or range on it; the next call within a second is judged by it."""
    try:
        expires = visit.ground.now() + seconds(lasts) if lasts.strip() else None
    except ValueError as error:
        return visit.go("lists", name, notice=str(error), good=False)
    origin = Origin("console", reason.strip(), visit.actor.name, expires)
    async with lists_of(visit.desk) as lists:
        policy = lists.policy(name)
        spelt = [read_entry(number, policy, country=visit.here.home)]
        if policy.qualified or await lists.takes_two(policy, spelt):
            wishes = Wishes(country=visit.here.home, zone=visit.here.zone, wide=ranges)
            report = await propose(lists, name, [number], origin, wishes, ())
            if report.held_id is not None:
                return visit.go("lists", name, notice=visit.say(mark("It waits for a second person.")))
            return visit.go("lists", name, notice=visit.say(mark("It stands there just so already.")))
        await lists.add(name, number, origin, country=visit.here.home, wide=ranges)
    return visit.go("lists", name, notice=visit.say(mark("It is on the list; the next call is judged by it.")))


@router.post("/{name}/remove")
async def remove(
    visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)],
    name: str,
    entry: Annotated[str, Form(max_length=300)],
    reason: Reason = "",
) -> Response:
    """Take an entry off; its history still knows it."""
    async with lists_of(visit.desk) as lists:
        text = visit.ground.tokens.place(name, entry)
        if not text:  # of another page, where no keeper of this list was shown what stands on it
            raise NotThere(visit.say(UNREADABLE))
        try:
            await lists.remove_all(
                name, [text], country=visit.here.home, author=visit.actor.name, reason=reason.strip()
            )
        except EntryError as error:  # he named it by what stands in a form: he has seen it masked at most
            raise EntryError(error.name, _masked(error.what, text), hint=_masked(error.hint, text)) from None
    return visit.go("lists", name, notice=visit.say(mark("It is off the list.")))


def _masked(said: str, text: str) -> str:
    """A sentence about an entry, with a single number as the page shows it."""
    if not text or "*" in text or ".." in text:  # as they stand on the page
        return said
    return mask_within(said.replace(text, mask(text)), text)


@router.post("/{name}/preview")
async def preview(visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)], name: str) -> Response:
    """What a file would do: nothing is changed, and each line that is refused is named."""
    form = visit.request.state.form
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return visit.go("lists", name, notice=visit.say(mark("Choose a file.")), good=False)
    wished = {"replace": form.get("replace") == "true", "ranges": form.get("ranges") == "true"}
    reason = str(form.get("reason", ""))[:1_000].strip()
    upload = Upload(visit.actor.name, name, file.filename[:200], await file.read(), reason, **wished)
    try:
        report = await _import(visit, upload, dry=True)
    except ListFileError as error:
        return visit.go("lists", name, notice=str(error), good=False)
    if report.caught.of:
        detail = f"callers of the last day: preview of a file for {name}, {report.lines} lines"
        await note_preview(visit.desk.archive, report.caught.people, actor=visit.actor.name, detail=detail)
        report.keep_few_back(visit.least_callers, tried=True)
    key = token_urlsafe(16)
    _UPLOADS[key] = upload
    return visit.show("list-preview.html", name=name, upload=upload, report=report, key=key, done=False)


@router.post("/{name}/import")
async def import_looked_at(
    visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)], name: str, key: Annotated[str, Form(max_length=100)]
) -> Response:
    """Import what was looked at, without the lines that were refused; what a person must look at waits."""
    upload = _UPLOADS.get(key)
    if upload is None or upload.actor != visit.actor.name or upload.list != name:
        return visit.go("lists", name, notice=visit.say(TOO_LATE), good=False)
    report = await _import(visit, upload, dry=False)
    _UPLOADS.pop(key, None)
    if report.held_id is not None:
        said = visit.say(mark("It waits for a second person, as %(id)s."), id=report.held_id)
        return visit.go("lists", notice=said)
    said = visit.say(
        mark("Imported: %(added)s added, %(changed)s changed, %(removed)s removed."),
        added=f"{report.added:,}",
        changed=f"{report.changed:,}",
        removed=f"{report.removed:,}",
    )
    return visit.go("lists", name, notice=said, good=report.import_id is not None)


async def _import(visit: Visit, upload: Upload, *, dry: bool) -> ImportReport:
    """In a thread with connections of its own: a million lines keep nobody waiting."""
    calls = await callers_of_the_last_day(visit.desk)
    origin = Origin(upload.file, upload.reason, upload.actor)
    wishes = Wishes(
        country=visit.here.home,
        zone=visit.here.zone,
        on_error="skip",
        replace_all=upload.replace,
        dry_run=dry,
        wide=upload.ranges,
        calls=calls,
    )

    async def work(here: Installation) -> ImportReport:
        return await import_or_hold(await here.lists(), upload.list, io.BytesIO(upload.content), origin, wishes)

    file = visit.here.file
    return await asyncio.to_thread(lambda: Installation.open(file).run(work))


@router.post("/import/{made}/undo")
async def take_back(visit: Annotated[Visit, PAGE.doing(Right.LISTS_WRITE)], made: int, reason: Reason = "") -> Response:
    """Take back a whole import; what was edited or taken off since then stays so."""
    async with lists_of(visit.desk) as lists:
        await undo(lists, made, author=visit.actor.name, reason=reason.strip())
    return visit.go("lists", notice=visit.say(mark("Import %(id)s is taken back."), id=made))


@router.post("/held/{held}/release")
async def release(visit: Annotated[Visit, PAGE.doing(Right.LISTS_RELEASE)], held: int, reason: Reason = "") -> Response:
    """Do a held import after all, by another person than the one who imported it."""
    async with lists_of(visit.desk) as lists:
        calls = await callers_of_the_last_day(visit.desk)
        await release_import(lists, held, author=visit.actor.name, reason=reason.strip(), calls=calls)
    return visit.go("lists", notice=visit.say(mark("Held import %(id)s is done."), id=held))


@router.post("/held/{held}/drop")
async def drop(visit: Annotated[Visit, PAGE.doing(Right.LISTS_RELEASE)], held: int, reason: Reason = "") -> Response:
    """Forget what a held import holds; nothing changes on the list."""
    async with lists_of(visit.desk) as lists:
        await drop_import(lists, held, author=visit.actor.name, reason=reason.strip())
    return visit.go("lists", notice=visit.say(mark("Held import %(id)s is forgotten."), id=held))

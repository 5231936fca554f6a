"""Whole imports taken back by their id; what was done to an entry since then stays done."""

from __future__ import annotations

from typing import NamedTuple

from rules.lists.admission import EntryError
from rules.lists.conflicts import AGAINST, NAMED, Overruled, overruled
from rules.lists.editing import Lists, count, mark_changed, spread, unspread
from rules.lists.endings import begin_ending, ending_of_import, keep_import
from rules.lists.imports import Import, changed_wides, imports
from rules.lists.nesting import refuse_nested
from rules.lists.suspension import seals_on_list
from rules.numbering.intervals import decode, interval_of
from rules.storage.statements import sql
from rules.storage.store import Connection

_NAMED = 5
_ITS = sql("origin in (select id from origin where import_id = ?1)")
# Somebody took it off after that, and this was not undone: the later act counts.
_LATER = sql("e.id = q.ending and e.how <> 'undo' and not (e.how = 'import' and i.undone is not null)")
_ACT = sql("join ending e left join import i on i.id = e.import_id where {later}", later=_LATER)
_GONE_SINCE = sql(
    "exists (select 1 from past q {act} and q.code = p.code and q.list = p.list and q.ending > p.ending)", act=_ACT
)
_GONE_SINCE_WIDE = sql(
    "exists (select 1 from past_wide q {act} and q.start = p.start and q.stop = p.stop and q.places = p.places "
    "and q.list = p.list and q.ending > p.ending)",
    act=_ACT,
)
_STANDS = sql("exists (select 1 from exact x where x.code = p.code and x.list = p.list)")
_STANDS_WIDE = sql(
    "exists (select 1 from wide x where x.list = p.list and x.start = p.start and x.stop = p.stop "
    "and x.places = p.places)"
)
# What stood before the import whose ending is ?2. Where another import had brought that and was undone meanwhile, it is
# what stood before that one, and so on. `ending` stays ?2: acts after that one count.
_OF_AN_UNDONE = sql("join import u on u.id = o.import_id and u.undone is not null")
_BEFORE = sql(
    "with recursive p (code, list, origin, ending) as (select code, list, origin, ending from past where ending = ?2 "
    "union all select p.code, p.list, q.origin, p.ending from p join origin o on o.id = p.origin {of_an_undone} "
    "join ending e on e.import_id = u.id and e.how = 'import' "
    "join past q on q.code = p.code and q.list = p.list and q.ending = e.id) ",
    of_an_undone=_OF_AN_UNDONE,
)
_BEFORE_WIDE = sql(
    "with recursive p (start, stop, places, list, ending, text, holes, origin) as (select start, stop, places, list, "
    "ending, text, holes, origin from past_wide where ending = ?2 union all select p.start, p.stop, p.places, p.list, "
    "p.ending, q.text, q.holes, q.origin from p join origin o on o.id = p.origin {of_an_undone} "
    "join ending e on e.import_id = u.id and e.how = 'import' join past_wide q on q.start = p.start "
    "and q.stop = p.stop and q.places = p.places and q.list = p.list and q.ending = e.id) ",
    of_an_undone=_OF_AN_UNDONE,
)
_COUNTS = sql("not exists (select 1 from origin o {of_an_undone} where o.id = p.origin)", of_an_undone=_OF_AN_UNDONE)
_CHANGED = sql(
    "{before}select count(*) from p join exact x using (code, list) where {counts} and x.{its}",
    before=_BEFORE,
    counts=_COUNTS,
    its=_ITS,
)
_CHANGED_WIDE = sql(
    "{before_wide}select count(*) from p join wide x using (list, start, stop, places) where {counts} and x.{its}",
    before_wide=_BEFORE_WIDE,
    counts=_COUNTS,
    its=_ITS,
)


class Undone(NamedTuple):
    """What the undoing of an import did."""

    id: int
    list: str
    off: int  # entries that it had brought and that are gone
    back: int  # entries that are again as they were before it
    kept: int  # entries that it had brought and that were edited or taken off since: they stay so
    stay_off: tuple[str, ...]  # what stood before it and was taken off since, or its import undone; the first few
    sealed: tuple[str, ...]  # numbers of an allow list that stay sealed all the same
    overrules: int = 0  # blocks that stop nobody any more, since what came back on an allow list passes them
    useless: tuple[str, ...] = ()  # the first few of them


async def undo(lists: Lists, import_id: int, *, author: str = "", reason: str = "") -> Undone:
    """Take back a whole import: what it added goes, what it changed or removed is as before.

    What was done to an entry since then stays done: edited ones stay, those that were taken off don't come back.
    """
    async with lists.store.transaction() as connection:
        made = await _undoable(lists, import_id)
        policy = lists.may_change(made.list, author)
        ending = await ending_of_import(connection, import_id)
        if ending is None and (made.changed or made.removed):
            raise EntryError(
                "forgotten",
                f"what import {import_id} changed is forgotten (storage.history_days): import the version before it",
            )
        list_id, _ = await lists.row_of(connection, made.list)
        changed = await _one(connection, _CHANGED, import_id, ending)
        changed += await _one(connection, _CHANGED_WIDE, import_id, ending)
        undoing = await begin_ending(
            *(connection, lists.now(), "undo"), author=author, reason=reason, import_id=import_id
        )
        await keep_import(connection, undoing, list_id, import_id)
        gone = await _take_off(connection, list_id, import_id)
        back, wides = await _put_back(connection, ending)
        await connection.execute("update import set undone = ? where id = ?", (lists.now(), import_id))
        await count(connection, list_id, back - gone)
        await mark_changed(connection)
        useless = await _overruled(connection, list_id, ending, wides) if policy.kind == "allow" else Overruled()
        seals = await seals_on_list(connection, list_id) if policy.kind == "allow" and not policy.shared else ()
        return Undone(
            *(made.id, made.list),
            off=gone - changed,
            back=back,
            kept=made.added + made.changed - gone,
            stay_off=await _staying_off(connection, ending),
            sealed=tuple(str(seal) for seal in seals),
            overrules=useless.entries,
            useless=useless.named,
        )


async def _undoable(lists: Lists, import_id: int) -> Import:
    for made in await imports(lists, limit=-1):
        if made.id == import_id:
            if made.undone is not None:
                raise EntryError("undone", f"import {import_id} was undone already")
            return made
    raise EntryError("no-such-import", f"there is no import {import_id}", hint="`ringfence lists imports` shows them")


async def _take_off(connection: Connection, list_id: int, import_id: int) -> int:
    """Delete what the import brought and nobody edited since; how much that was."""
    numbers = await connection.execute(
        sql("delete from exact where list = ?2 and {its}", its=_ITS), (import_id, list_id)
    )
    wides = await changed_wides(
        connection, sql("delete from wide where list = ?2 and {its}", its=_ITS), import_id, list_id
    )
    await unspread(connection, wides)
    return numbers.rowcount + len(wides)


async def _put_back(connection: Connection, ending: int | None) -> tuple[int, list[tuple[int, int, int]]]:
    """Write again what stood before the import, but for what was done since; how much, and the prefixes among it."""
    numbers = await connection.execute(
        sql(
            "insert or ignore into exact {before}select code, list, origin from p where {counts} and not {gone_since}",
            before=_BEFORE,
            counts=_COUNTS,
            gone_since=_GONE_SINCE,
        ),
        (None, ending),
    )
    wides = await changed_wides(
        connection,
        sql(
            "insert or ignore into wide (list, start, stop, places, text, origin, holes) {before_wide}"
            "select list, start, stop, places, text, origin, holes from p where {counts} and not {gone_since_wide}",
            before_wide=_BEFORE_WIDE,
            counts=_COUNTS,
            gone_since_wide=_GONE_SINCE_WIDE,
        ),
        *(None, ending),
    )
    await spread(connection, wides)
    if wides:
        await refuse_nested(connection, min(one[1] for one in wides), max(one[2] for one in wides))
    return numbers.rowcount + len(wides), wides


async def _overruled(
    connection: Connection, list_id: int, ending: int | None, wides: list[tuple[int, int, int]]
) -> Overruled:
    """The blocks that what came back makes useless: by its prefixes, and number by number."""
    allowed = []
    for wide, _, _ in wides:
        for text, holes in await connection.execute_fetchall("select text, holes from wide where id = ?", (wide,)):
            allowed.append((interval_of(text), holes))
    found = await overruled(connection, allowed)
    both = sql(
        "from past p join exact a on a.code = p.code and a.list = p.list and a.origin = p.origin "
        "join exact b on b.code = p.code join list l on l.id = b.list "
        "where p.ending = ? and p.list = ? and {against}",
        against=AGAINST,
    )
    values = (ending, list_id)
    query = sql("select p.code, l.name {both} order by p.code limit {most}", both=both, most=NAMED)
    named = await connection.execute_fetchall(query, values)
    count = found.entries + await _one(connection, sql("select count(*) {both}", both=both), *values)
    return Overruled(count, (*(f"{decode(code)} on {name}" for code, name in named), *found.named)[:NAMED])


async def _staying_off(connection: Connection, ending: int | None) -> tuple[str, ...]:
    values = (ending, _NAMED)
    wide = sql(
        "select text from past_wide p where ending = ? and not {stands_wide} order by start limit ?",
        stands_wide=_STANDS_WIDE,
    )
    number = sql("select code from past p where ending = ? and not {stands} order by code limit ?", stands=_STANDS)
    found = [row[0] for row in await connection.execute_fetchall(wide, values)]
    found += [decode(row[0]) for row in await connection.execute_fetchall(number, values)]
    return tuple(found[:_NAMED])


async def _one(connection: Connection, query: str, *values: object) -> int:
    return int(next(iter(await connection.execute_fetchall(query, values)))[0])

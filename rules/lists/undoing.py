"""Whole imports taken back by their id; what was done to an entry since then stays done."""

from __future__ import annotations

from typing import NamedTuple

from rules.audit.chain import Deed, record
from rules.lists.admission import EntryError
from rules.lists.conflicts import AGAINST, NAMED, UNLIMITED, Overruled, overruled, refuse_nested
from rules.lists.editing import Lists, count, mark_changed, spread, unspread
from rules.lists.endings import begin_ending, ending_of_import, keep_import
from rules.lists.entered import UNDONE
from rules.lists.imports import Import, changed_wides, imports
from rules.lists.suspension import seals_on_list
from rules.numbering.intervals import decode, interval_of
from rules.storage.statements import Sql, sql
from rules.storage.store import Connection

_NAMED = 5
_ITS = sql("origin in (select id from origin where import_id = ?1)")
_STANDS = sql("exists (select 1 from exact x where x.code = p.code and x.list = p.list)")
_STANDS_WIDE = sql(
    "exists (select 1 from wide x where x.list = p.list and x.start = p.start and x.stop = p.stop "
    "and x.places = p.places)"
)


def _surviving(table: Sql, key: Sql) -> Sql:
    """What is put back of the entries that ended under ?2 (changed or removed by this import) or ?3 (brought by it).

    As if no import that is undone had ever been: read from the newest end backwards, what a person or another import
    did stays done (``stays``), and nothing comes back from before that; what an undone import had brought is passed
    over, whoever ended it.
    """
    return sql(
        "select * from (select p.*, e.how <> 'undo' and not (e.how = 'import' and i.undone is not null) as stays, "
        "row_number() over (partition by {key} order by p.ending desc) as place from {table} p "
        "join ending e on e.id = p.ending left join import i on i.id = e.import_id "
        "join origin o on o.id = p.origin left join import u on u.id = o.import_id "
        "where p.list = ?1 and ({key}) in (select {key} from {table} t where t.list = ?1 and t.ending in (?2, ?3)) "
        "and (stays or u.undone is null)) where place = 1 and not stays",
        table=table,
        key=key,
    )


_NUMBERS = _surviving(sql("past"), sql("code"))
_WIDES = _surviving(sql("past_wide"), sql("start, stop, places"))


_Ended = tuple[int, int | None, int]  # the list, the ending of what the import ended, that of what it had brought


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
    passes: bool = False  # the list is an allow list, of which seals let some numbers not pass


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
        undoing = await begin_ending(
            *(connection, lists.now(), "undo"), author=author, reason=reason, import_id=import_id
        )
        await keep_import(connection, undoing, list_id, import_id)
        gone = await _take_off(connection, list_id, import_id)
        await connection.execute("update import set undone = ? where id = ?", (lists.now(), import_id))
        ended = list_id, ending, undoing
        back, wides = await _put_back(connection, ended)
        if policy.qualified:
            await _refuse_unapproved(connection, ended, author)
        changed = await _changed_back(connection, undoing)
        await count(connection, list_id, back - gone)
        await mark_changed(connection)
        told = f"import {import_id}: {gone - changed} off, {back} back"
        deed = Deed(lists.now(), author, "list", made.list, UNDONE, reason, told, after=str(back - gone))
        await record(connection, [deed])
        useless = await _overruled(connection, ended, wides) if policy.kind == "allow" else Overruled()
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
            passes=policy.kind == "allow" and not policy.shared,
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


async def _put_back(connection: Connection, ended: _Ended) -> tuple[int, list[tuple[int, int, int]]]:
    """Write again what stood before all that is undone, where nothing stands now; how much, and the prefixes of it."""
    numbers = await connection.execute(
        sql(
            "insert into exact (code, list, origin) select code, list, origin from ({it}) where true "
            "on conflict do nothing",
            it=_NUMBERS,
        ),
        ended,
    )
    wides = await changed_wides(
        connection,
        sql(
            "insert into wide (list, start, stop, places, text, origin, holes) "
            "select list, start, stop, places, text, origin, holes from ({it}) where true on conflict do nothing",
            it=_WIDES,
        ),
        *ended,
    )
    await spread(connection, wides)
    if wides:
        await refuse_nested(connection, min(one[1] for one in wides), max(one[2] for one in wides))
    return numbers.rowcount + len(wides), wides


async def _refuse_unapproved(connection: Connection, ended: _Ended, author: str) -> None:
    """What comes back on a list whose entries are qualified passes calls again: their approver has to say so."""
    query = sql(
        "select distinct o.approver from ({numbers}) b join exact x on x.code = b.code and x.list = b.list "
        "and x.origin = b.origin join origin o on o.id = x.origin union "
        "select distinct o.approver from ({wides}) b join wide x on x.list = b.list and x.start = b.start "
        "and x.stop = b.stop and x.places = b.places and x.origin = b.origin join origin o on o.id = x.origin",
        numbers=_NUMBERS,
        wides=_WIDES,
    )
    approvers = [row[0] for row in await connection.execute_fetchall(query, ended)]
    others = sorted(one for one in approvers if one.strip().casefold() != author.strip().casefold())
    if others:
        raise EntryError(
            "not-approver",
            f"entries would come back into force that {', '.join(others)} approved",
            hint="their approver has to undo it",
        )


async def _changed_back(connection: Connection, undoing: int) -> int:
    """How many of the entries that were taken off stand again, as they were before."""
    numbers = sql("select count(*) from past p where ending = ? and {stands}", stands=_STANDS)
    wides = sql("select count(*) from past_wide p where ending = ? and {stands}", stands=_STANDS_WIDE)
    return await _one(connection, numbers, undoing) + await _one(connection, wides, undoing)


async def _overruled(connection: Connection, ended: _Ended, wides: list[tuple[int, int, int]]) -> Overruled:
    """The blocks that what came back makes useless: by its prefixes, and number by number."""
    allowed = []
    for wide, _, _ in wides:
        query = sql(
            "select w.text, w.holes from wide w join origin o on o.id = w.origin where w.id = ? and {unlimited}",
            unlimited=UNLIMITED,
        )
        for text, holes in await connection.execute_fetchall(query, (wide,)):
            allowed.append((interval_of(text), holes))
    found = await overruled(connection, allowed)
    both = sql(
        "from (select distinct code, list from past where list = ?1 and ending in (?2, ?3)) p "
        "join exact a on a.code = p.code and a.list = p.list join exact b on b.code = p.code "
        "join list l on l.id = b.list join origin o on o.id = a.origin "
        "where {against} and {unlimited} and exists (select 1 from past q "
        "where q.code = a.code and q.list = a.list and q.origin = a.origin)",  # it stood before, so it came back
        against=AGAINST,
        unlimited=UNLIMITED,
    )
    query = sql("select p.code, l.name {both} order by p.code limit {most}", both=both, most=NAMED)
    named = await connection.execute_fetchall(query, ended)
    count = found.entries + await _one(connection, sql("select count(*) {both}", both=both), *ended)
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

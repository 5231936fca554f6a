"""The lists of numbers: entries added, removed, shown; every change is on disk before it is acknowledged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from rules.audit.entering import Entering
from rules.audit.second import NO_SECOND, Second
from rules.lists.admission import AGAINST_CALLERS, EntryError, prefix_as_shown, read_entry
from rules.lists.conflicts import (
    Overruled,
    allowed_wholly,
    holes_of,
    in_holes,
    overruled,
    protected,
    read_holes,
    refuse_nested,
    refuse_wide,
    with_holes,
    written_holes,
)
from rules.lists.endings import begin_ending, changed_by, keep
from rules.lists.entered import enter_added, enter_cut, enter_removed
from rules.lists.origins import (
    COLUMNS,
    INSERT,
    OPERATOR,
    Entry,
    Origin,
    check_qualification,
    differences,
    entry_of,
    merged,
    refuse_limits,
    refuse_past,
    settled,
)
from rules.lists.suspension import with_seals
from rules.numbering.intervals import Interval, decode, digits_of, encode, interval_of
from rules.numbering.reach import reach
from rules.settings.screening import ListSettings
from rules.storage.statements import name_of, places, sql
from rules.storage.store import Connection, DatabaseError, Store, unusable

__all__ = ["OPERATOR", "Entry", "Lists", "Origin"]


class Lists:
    """All lists of one database."""

    def __init__(self, store: Store, now: Callable[[], float], entering: Entering) -> None:
        self.store, self.entering = store, entering
        self.settings: dict[str, ListSettings] = {}
        self.second: Second = NO_SECOND  # who is asked before whole ranges are stopped
        self.trunks: frozenset[str] | None = None  # that an allow entry may name; None: which there are is not known
        self.now = now

    @classmethod
    async def open(
        cls,
        path: Path,
        settings: Mapping[str, ListSettings],
        *,
        now: Callable[[], float] = time.time,
        entering: Entering | None = None,
    ) -> Lists:
        """Open the database, which is made if it is missing, and give it the lists of ringfence.yaml.

        What is changed is entered in the audit by ``entering``; what is entered without its key, `audit verify` finds.
        """
        entering = entering or Entering()
        lists = cls(await Store.open(path, "lists", durable=True, taught=entering.into("lists")), now, entering)
        try:
            await lists.configure(settings)
        except DatabaseError as error:
            await lists.close()
            raise unusable(path, error) from error
        except BaseException:
            await lists.close()
            raise
        return lists

    async def close(self) -> None:
        """Nothing is open any more."""
        await self.store.close()

    def policy(self, name: str) -> ListSettings:
        """The policy of a list of ringfence.yaml."""
        if name not in self.settings:
            known = ", ".join(sorted(self.settings)) or "none"
            raise EntryError("no-such-list", f"there is no list {name!r} in ringfence.yaml", hint=f"it has {known}")
        return self.settings[name]

    def may_change(self, name: str, author: str) -> ListSettings:
        """The policy of a list that this author may change."""
        policy = self.policy(name)
        if policy.changed_by and author not in policy.changed_by:
            raise EntryError(
                "not-yours",
                f"list {name} is changed by {', '.join(policy.changed_by)} only (changed_by), not by {author or 'you'}",
            )
        return policy

    async def takes_two(self, policy: ListSettings, intervals: Iterable[Interval]) -> bool:
        """Is it to be proposed, for another person to confirm: does one of these stop more than one number?"""
        wide = policy.kind in AGAINST_CALLERS and any(not interval.exact for interval in intervals)
        return wide and await self.second.wanted()

    async def add(self, name: str, text: str, origin: Origin = OPERATOR, **how: Any) -> Entry:
        """Put one number, prefix or range on a list; see `add_all`."""
        return (await self.add_all(name, (text,), origin, **how))[0]

    async def add_all(
        self,
        name: str,
        texts: Iterable[str],
        origin: Origin = OPERATOR,
        *,
        country: str = "",
        exceptions: tuple[str, ...] = (),
        wide: bool = False,
        force: bool = False,
    ) -> list[Entry]:
        """Put numbers, prefixes and ranges on a list, all or none; of what stands there already, what is given changes.

        ``exceptions`` are what an allow prefix or range leaves out. ``wide`` lets a whole range be blocked, ``force``
        adds an entry although it covers numbers of an allow list or one's own, and makes it act: an allow entry that
        covers it wholly leaves it out from then on.
        """
        policy = self.may_change(name, origin.author)
        refuse_by_hand(name, policy)
        wanted = []
        for text in texts:
            interval = read_entry(text, policy, country=country)
            holes = holes_of(interval, exceptions, policy.kind, country)
            refuse_limits(text, origin, policy.kind, self.trunks)
            wanted.append((text, interval, holes))
        if await self.takes_two(policy, [interval for _, interval, _ in wanted]):
            raise EntryError("two-persons", "to stop a whole range takes two persons here", hint="propose it")
        added: list[Entry] = []
        written: dict[Origin, int] = {}
        async with self.store.transaction() as connection:
            now = self.now()
            for text, interval, holes in wanted:
                stands = next(iter(await _entries(connection, [interval], name)), None)
                cut: tuple[str, ...] = ()
                if policy.kind in AGAINST_CALLERS and (other := await protected(connection, interval)):
                    if not force:
                        raise EntryError(
                            "protected",
                            f"{text!r} covers numbers of list {other}; take them off there first, or --force it",
                        )
                    cut = await self._leave_out(connection, interval, origin.author, now)
                if stands is None and not wide:
                    refuse_wide(interval, policy.kind)
                await _refuse_sealed(connection, interval, await self.row_of(connection, name))
                entry = await self._add_one(connection, name, (text, interval, holes), origin, stands, written, now)
                added.append(replace(entry, cut=cut))
            if written:
                await mark_changed(connection)
                await enter_added(connection, self.entering, added, now)
            return await self._told_of_seals(connection, added)

    async def _add_one(
        self,
        connection: Connection,
        name: str,
        wanted: tuple[str, Interval, tuple[Interval, ...]],
        given: Origin,
        stands: Entry | None,
        written: dict[Origin, int],
        now: float,
    ) -> Entry:
        """Write one entry, or what is given of one that stands; the ids of the origins ``written`` so far grow."""
        text, interval, holes = wanted
        policy = self.settings[name]
        origin = settled(merged(stands.origin, given, now) if stands else given, now, policy.expires_days)
        as_settled = policy.model_copy(update={"expires_days": None})  # else what never ends would
        if policy.kind == "allow":
            check_qualification(text, origin, policy, now)
        refuse_past(text, origin, now)
        changed: tuple[str, ...] = ()
        if stands:
            holes = with_holes(interval, stands.exceptions, holes)
            stood = tuple(hole.text for hole in holes) == stands.exceptions
            changed = differences(stands.origin, origin) + (() if stood else ("except",))
            if not changed:
                return replace(stands, before=stands.origin)
        if origin not in written:
            written[origin], _, _ = await self.keep_origin(connection, origin, as_settled, now)
        useless = await self._put(connection, name, interval, (written[origin], origin), holes)
        left_out = tuple(hole.text for hole in holes)
        entry = Entry(name, interval.text, origin, now, None, left_out, reach(interval), *useless)
        if stands is None:
            return entry
        if not (stands.off(now) or {"trunks", "hours"}.intersection(changed)):
            entry = replace(entry, overruled=0, overrules=())  # it passes nobody whom it did not pass before
        return replace(entry, before=stands.origin, changed=changed)

    async def _leave_out(self, connection: Connection, interval: Interval, author: str, now: float) -> tuple[str, ...]:
        """Let the operator's allow entries that cover an entry against callers wholly leave it out, so that it acts."""
        left_out = []
        for list_id, name, text, holes, entry in await allowed_wholly(connection, interval):
            allowing = interval_of(text) if text else interval
            if entry.trunks and (allowing.exact or allowing == interval):
                continue  # on the other trunks it acts
            if allowing.exact or allowing == interval:
                raise EntryError(
                    "useless", f"{interval.text} is on {name} itself, which goes before: take it off there first"
                )
            policy = self.may_change(name, author)
            inside = with_holes(allowing, read_holes(holes), (interval,))
            origin = settled(merged(entry, Origin(author=author), now), now, policy.expires_days)
            as_settled = policy.model_copy(update={"expires_days": None})
            origin_id, _, _ = await self.keep_origin(connection, origin, as_settled, now)
            await put(connection, list_id, allowing, origin_id, holes=written_holes(inside))
            await enter_cut(connection, self.entering, name, allowing.text, entry, origin, now)
            left_out.append(f"{text} on {name}")
        return tuple(left_out)

    async def _put(
        self,
        connection: Connection,
        name: str,
        interval: Interval,
        kept: tuple[int, Origin],
        holes: tuple[Interval, ...],
    ) -> Overruled:
        """Write an entry with its origin and the id of that, count it, and find what it makes useless."""
        policy, (origin_id, origin) = self.settings[name], kept
        list_id, entries = await self.row_of(connection, name)
        if await put(connection, list_id, interval, origin_id, holes=written_holes(holes)):
            if entries >= policy.max_entries:
                raise EntryError("full", f"list {name} has its {policy.max_entries:,} entries (max_entries)")
            await count(connection, list_id, 1)
        if policy.kind != "allow" or origin.trunks:
            return Overruled()
        return await overruled(connection, [(interval, written_holes(holes))])

    async def remove(self, name: str, text: str, *, country: str = "", author: str = "", reason: str = "") -> Entry:
        """Take an entry off a list."""
        return (await self.remove_all(name, (text,), country=country, author=author, reason=reason))[0]

    async def remove_all(
        self, name: str, texts: Iterable[str], *, country: str = "", author: str = "", reason: str = ""
    ) -> list[Entry]:
        """Take entries off a list, all or none; who did, and why, stays known."""
        texts = tuple(texts)
        self.may_change(name, author)
        shown = await self._standing_as_shown(name, texts)
        anything = ListSettings(kind="plain", min_length=1)
        intervals = [shown.get(text) or read_entry(text, anything, country=country) for text in texts]
        removed = []
        async with self.store.transaction() as connection:
            list_id, _ = await self.row_of(connection, name)
            ending = await begin_ending(connection, self.now(), "removed", author=author, reason=reason)
            for interval in intervals:
                await _refuse_sealed(connection, interval, (list_id, 0))
                found = await _entries(connection, [interval], name)
                if not found:
                    raise EntryError("not-listed", f"{interval.text} is not on list {name}")
                await take(connection, list_id, interval, ending)
                await count(connection, list_id, -1)
                removed += found
            await mark_changed(connection)
            told = {"author": author, "reason": reason}
            await enter_removed(connection, self.entering, removed, self.now(), **told)
        return removed

    async def _standing_as_shown(self, name: str, texts: Iterable[str]) -> dict[str, Interval]:
        """The prefixes that stand on the list as they are written here, however one typed so would be read now."""
        asked = {text: interval for text in texts if (interval := prefix_as_shown(text)) is not None}
        found = {entry.text for entry in await _entries(self.store.connection, [*asked.values()], name)}
        return {text: interval for text, interval in asked.items() if text in found}

    async def standing(self, name: str, texts: Iterable[str]) -> list[Entry]:
        """The entries of a list that are written just so, as lists show them."""
        return await _entries(self.store.connection, [interval_of(text) for text in texts], name)

    async def show(self, name: str, *, limit: int = 100, after: str = "", but: str = "") -> list[Entry]:
        """Entries of a list in the order of their digits, prefixes and ranges first; ``after`` pages on.

        ``but``: without those of this source.
        """
        self.policy(name)
        connection = self.store.connection
        found: list[Entry] = []
        wide = after.endswith("*") or ".." in after
        if wide or not after:
            query = sql(
                "select w.text, w.holes, {columns} from wide w join list l on l.id = w.list "
                "join origin o on o.id = w.origin "
                "where l.name = ? and (w.start, w.text) > "
                "(select coalesce(max(start), -1), ? from wide where text = ?) and o.source is not ? "
                "order by w.start, w.text limit ?",
                columns=COLUMNS,
            )
            rows = await connection.execute_fetchall(query, (name, after, after, but or None, limit))
            found = [entry_of(name, row[0], *row[2:], exceptions=read_holes(row[1])) for row in rows]
        if len(found) < limit:
            query = sql(
                "select e.code, {columns} from exact e join list l on l.id = e.list join origin o on o.id = e.origin "
                "where l.name = ? and e.code > ? and o.source is not ? order by e.code limit ?",
                columns=COLUMNS,
            )
            start = -1 if wide or not after else encode(after)
            rows = await connection.execute_fetchall(query, (name, start, but or None, limit - len(found)))
            found += [entry_of(name, decode(row[0]), *row[1:]) for row in rows]
        return await self._told_of_seals(connection, found)

    async def how_many_of(self, name: str, source: str) -> int:
        """How many entries of a list come from this source."""
        query = sql(
            "select count(*) from exact e join list l on l.id = e.list join origin o on o.id = e.origin "
            "where l.name = ? and o.source = ?"
        )
        ((count,),) = await self.store.connection.execute_fetchall(query, (name, source))
        return int(count)

    async def covering(self, canonical: str) -> list[Entry]:
        """Every entry that covers a number, on whatever list, expired ones included."""
        code = encode(canonical)
        if code is None:
            return []
        query = sql(
            "select l.name, null, '', {columns} from exact e join list l on l.id = e.list "
            "join origin o on o.id = e.origin where e.code = ?1 union all "
            "select l.name, w.text, w.holes, {columns} from span s join wide w on w.id = s.wide "
            "join list l on l.id = w.list join origin o on o.id = w.origin where s.start = "
            "(select start from span where start <= ?1 order by start desc limit 1) "
            "and w.stop >= ?1 and w.places in (0, ?2)",
            columns=COLUMNS,
        )
        rows = await self.store.connection.execute_fetchall(query, (code, len(digits_of(canonical))))
        found = [
            entry_of(row[0], row[1] or canonical, *row[3:], exceptions=read_holes(row[2]))
            for row in rows
            if not in_holes(row[2], code)
        ]
        found = await self._told_of_seals(self.store.connection, found, number=canonical)
        return sorted(found, key=lambda entry: (entry.list, entry.text))

    async def counts(self) -> dict[str, int]:
        """How many entries each configured list has."""
        rows = await self.store.connection.execute_fetchall(
            "select name, entries from list where configured order by name"
        )
        return {row[0]: row[1] for row in rows}

    async def lost_trunks(self) -> list[tuple[str, str]]:
        """Trunks that entries name and that there are not, by list: on those the entries pass nobody."""
        known = self.trunks or frozenset()
        rows = await self.store.connection.execute_fetchall("select distinct trunks from origin where trunks <> ''")
        asked = [row[0] for row in rows if not known.issuperset(row[0].split())]
        if self.trunks is None or not asked:
            return []
        where = sql(
            "join origin o on o.id = e.origin join list l on l.id = e.list "
            "where l.configured and o.trunks in ({trunks})",
            trunks=places(len(asked)),
        )
        query = sql(
            "select l.name, o.trunks from exact e {where} union select l.name, o.trunks from wide e {where}",
            where=where,
        )
        found = await self.store.connection.execute_fetchall(query, (*asked, *asked))
        return sorted({(name, trunk) for name, trunks in found for trunk in trunks.split() if trunk not in known})

    async def _told_of_seals(self, connection: Connection, entries: list[Entry], *, number: str = "") -> list[Entry]:
        """The entries, those that seals suspend saying so."""
        theirs: list[Entry] = []
        ours: list[Entry] = []
        for entry in entries:
            policy = self.settings.get(entry.list)
            (ours if policy and policy.kind == "allow" and not policy.shared else theirs).append(entry)
        return theirs + await with_seals(connection, ours, number=number)

    async def row_of(self, connection: Connection, name: str) -> tuple[int, int]:
        """Id and number of entries of a list."""
        rows = list(await connection.execute_fetchall("select id, entries from list where name = ?", (name,)))
        return rows[0][0], rows[0][1]

    async def keep_origin(
        self, connection: Connection, origin: Origin, policy: ListSettings, now: float | None = None
    ) -> tuple[int, float, Origin]:
        """Write an origin, its expiry settled; its id, its time and itself as it stands now."""
        created = self.now() if now is None else now
        origin = settled(origin, created, policy.expires_days)
        cursor = await connection.execute(INSERT, (*origin.row(), created, None, None))
        assert cursor.lastrowid is not None
        return cursor.lastrowid, created, origin

    async def configure(self, settings: Mapping[str, ListSettings]) -> None:
        """Make the table of lists say what ringfence.yaml says; entries of a list that left it stay, asleep."""
        self.settings = dict(settings)
        wanted = {
            name: (policy.kind, policy.suspicion, int(policy.shared), 1) for name, policy in self.settings.items()
        }
        rows = await self.store.connection.execute_fetchall(
            "select name, kind, suspicion, shared, configured from list"
        )
        known = {row[0]: tuple(row[1:]) for row in rows}
        asleep = {name: (*row[:3], 0) for name, row in known.items() if name not in wanted}
        if known == wanted | asleep or await self.store.is_copy():  # whose lists are those of the node that keeps them
            return
        async with self.store.transaction() as connection:
            await connection.executemany(
                "insert into list (name, kind, suspicion, shared, configured) values (?, ?, ?, ?, ?) "
                "on conflict (name) do update set kind = excluded.kind, suspicion = excluded.suspicion, "
                "shared = excluded.shared, configured = excluded.configured",
                [(name, *row) for name, row in (wanted | asleep).items()],
            )
            await mark_changed(connection)


async def _refuse_sealed(connection: Connection, interval: Interval, row: tuple[int, int]) -> None:
    """A number that stands on this list by a seal leaves it when the seal is released, and not otherwise."""
    query = "select number, id, case_id from seal where released is null and list = ? and code = ?"
    for number, seal, case in await connection.execute_fetchall(query, (row[0], interval.start)):
        if interval.exact:
            raise EntryError(
                "sealed", f"{number} is sealed by seal {seal}; `ringfence cases release {case}` takes it off"
            )


def refuse_by_hand(name: str, policy: ListSettings) -> None:
    """Numbers come onto a list of seals by a case that a person verified, and leave it when that is released."""
    if policy.kind == "sealed":
        raise EntryError(
            "sealed", f"list {name} is filled by cases only: `ringfence cases seal` seals the number of a verified case"
        )


async def put(connection: Connection, list_id: int, interval: Interval, origin_id: int, *, holes: str = "") -> bool:
    """Write an entry; true when it was not there before, else what was there is kept."""
    if await _stands(connection, list_id, interval):
        await keep(connection, await changed_by(connection, origin_id), list_id, interval)
        if interval.exact:
            values: tuple[Any, ...] = (origin_id, interval.start, list_id)
            await connection.execute("update exact set origin = ? where code = ? and list = ?", values)
        else:
            query = "update wide set origin = ?, holes = ? where list = ? and start = ? and stop = ? and places = ?"
            values = (origin_id, holes, list_id, interval.start, interval.stop, interval.places)
            await connection.execute(query, values)
        return False
    if interval.exact:
        values = (origin_id, interval.start, list_id)
        await connection.execute("insert into exact (origin, code, list) values (?, ?, ?)", values)
        return True
    cursor = await connection.execute(
        "insert into wide (origin, holes, list, start, stop, places, text) values (?, ?, ?, ?, ?, ?, ?)",
        (origin_id, holes, list_id, interval.start, interval.stop, interval.places, interval.text),
    )
    assert cursor.lastrowid is not None
    await spread(connection, [(cursor.lastrowid, interval.start, interval.stop)])
    await refuse_nested(connection, interval.start, interval.stop)
    return True


async def _stands(connection: Connection, list_id: int, interval: Interval) -> bool:
    if interval.exact:
        query, values = "select 1 from exact where list = ? and code = ?", (list_id, interval.start)
    else:
        query = "select 1 from wide where list = ? and start = ? and stop = ? and places = ?"
        values = (list_id, interval.start, interval.stop, interval.places)  # type: ignore[assignment]
    return bool(list(await connection.execute_fetchall(query, values)))


async def spread(connection: Connection, wides: list[tuple[int, int, int]]) -> None:
    """Enter new wide entries (id, start, stop) under their own start and every start that they cover."""
    wides = sorted(wides, key=lambda wide: wide[1])
    await connection.executemany(
        "insert into span values (?2, ?1) on conflict do nothing", [wide[:2] for wide in wides]
    )
    # What covers a new start is among the rows of the nearest start below it: those go under the new start too.
    await connection.executemany(
        "insert into span select ?1, s.wide from span s join wide w on w.id = s.wide where s.start = "
        "(select start from span where start < ?1 order by start desc limit 1) and w.stop >= ?1 on conflict do nothing",
        [(start,) for _, start, _ in wides],
    )
    await connection.executemany(
        "insert into span select distinct start, ?1 from wide where start between ?2 and ?3 on conflict do nothing",
        wides,
    )


async def unspread(connection: Connection, wides: list[tuple[int, int, int]]) -> None:
    """Take wide entries (id, start, stop) that are deleted already out of every start that they cover."""
    await connection.executemany(
        "delete from span where wide = ?1 and start in (select start from wide where start between ?2 and ?3)", wides
    )
    # A start at which no entry begins any more says only what the nearest start below says too.
    await connection.executemany(
        "delete from span where start = ?1 and not exists (select 1 from wide where start = ?1)",
        [(start,) for _, start, _ in wides],
    )


async def take(connection: Connection, list_id: int, interval: Interval, ending: int) -> bool:
    """Delete an entry, kept as it was; was there one?"""
    await keep(connection, ending, list_id, interval)
    if interval.exact:
        done = await connection.execute("delete from exact where code = ? and list = ?", (interval.start, list_id))
        return done.rowcount > 0
    values = (list_id, interval.start, interval.stop, interval.places)
    rows = await connection.execute_fetchall(
        "delete from wide where list = ? and start = ? and stop = ? and places = ? returning id", values
    )
    wides = [(wide, interval.start, interval.stop) for (wide,) in rows]
    await unspread(connection, wides)
    return bool(wides)


async def count(connection: Connection, list_id: int, more: int) -> None:
    """A list has so many entries more."""
    await connection.execute("update list set entries = entries + ? where id = ?", (more, list_id))


async def mark_changed(connection: Connection) -> None:
    """Let every cache know that its answers may be old."""
    await connection.execute("update change set revision = revision + 1")


async def _entries(connection: Connection, intervals: list[Interval], name: str) -> list[Entry]:
    found = []
    for interval in intervals:
        values: tuple[Any, ...] = (name, interval.start)
        if interval.exact:
            query = sql(
                "select '', {columns} from exact e join list l on l.id = e.list join origin o on o.id = e.origin "
                "where l.name = ? and e.code = ?",
                columns=COLUMNS,
            )
        else:
            query = sql(
                "select w.holes, {columns} from wide w join list l on l.id = w.list join origin o on o.id = w.origin "
                "where l.name = ? and w.start = ? and w.stop = ? and w.places = ?",
                columns=COLUMNS,
            )
            values = (*values, interval.stop, interval.places)
        rows = await connection.execute_fetchall(query, values)
        found += [entry_of(name, interval.text, *row[1:], exceptions=read_holes(row[0])) for row in rows]
    return found


_COUNTED_AT_ONCE = 20_000


async def how_many_stand(lists: Lists, name: str, texts: Iterable[str]) -> int:
    """Of these different entries, as people write them, so many stand on the list."""
    rest, found = iter(texts), 0
    while some := list(islice(rest, _COUNTED_AT_ONCE)):
        codes = [code for code in map(encode, some) if code is not None]
        wides = [text for text in some if text.endswith("*") or ".." in text]
        for table, column, values in (("exact", "code", codes), ("wide", "text", wides)):
            query = sql(
                "select count(*) from {table} t join list l on l.id = t.list "
                "where l.name = ? and t.{column} in (select value from json_each(?))",
                table=name_of(table),
                column=name_of(column),
            )
            rows = await lists.store.connection.execute_fetchall(query, (name, json.dumps(values)))
            found += sum(row[0] for row in rows)
    return found

"""Whole files into a list: all of it or nothing, sorted first, undone by its id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Literal, NamedTuple, TypeVar

from rules.audit.chain import Deed, record
from rules.lists.admission import AGAINST_CALLERS, EntryError
from rules.lists.conflicts import (
    NAMED,
    UNLIMITED,
    allowed_wholly,
    covered,
    overruled,
    protected,
    refuse_nested,
    refuse_nested_rows,
)
from rules.lists.difference import Comparison, Difference
from rules.lists.editing import OPERATOR, Lists, Origin, count, mark_changed, refuse_by_hand, spread, unspread
from rules.lists.endings import begin_ending
from rules.lists.entered import IMPORTED, print_of_import
from rules.lists.holding import caught, overlap, reasons
from rules.lists.import_batch import MASK, SHIFT, SHOWN, Batch, ImportReport, Refusal, line_of
from rules.lists.ledger import holders_hit
from rules.lists.list_files import OF_ENTRIES, FileLine, Seen, read_lines
from rules.lists.origins import INSERT, check_qualification, merged, settled
from rules.lists.suspension import codes_sealed_onto, seals_on_list
from rules.numbering.intervals import Interval, decode, interval_of
from rules.settings.screening import ListSettings
from rules.storage.statements import Sql, columns_of, every, name_of, sql
from rules.storage.store import Connection

T = TypeVar("T")
_TOLD_EVERY = 20_000  # entries


class _Unwanted(Exception):
    """Rolls a dry run back, and what is held."""


class Release(NamedTuple):
    """Who lets a held import go on, and why."""

    held_id: int
    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an import is to be done."""

    country: str = ""  # national numbers are read in its plan
    zone: str = "UTC"  # days and times of the file are wall clock there
    on_error: Literal["stop", "skip"] = "stop"  # a bad line ends the import, or is left out and reported
    replace_all: bool = False  # a new version of the list: what is not among the rows is removed
    encoding: str = ""  # of the file; empty: found out
    dry_run: bool = False  # say what would happen, change nothing
    wide: bool = False  # whole ranges may be blocked
    force: bool = False  # also what covers numbers of an allow list or one's own
    insist: bool = False  # although it would be held for a person; recorded
    standing: bool = False  # ringfence.yaml itself wants it so, each time: nobody is asked to confirm it
    calls: Mapping[str, int] = field(default_factory=dict)  # how often each caller got through in the last day
    release: Release | None = None  # it had been held; recorded with the import, in its transaction
    source_by_default: bool = False  # nobody named one: that the file has another name makes no entry another
    progress: Callable[[int], None] | None = None  # told how many lines were read
    writing: Callable[[int], None] | None = None  # and then how many entries were written, or taken off


PLAIN = Wishes()


async def import_file(
    lists: Lists, name: str, stream: BinaryIO, origin: Origin = OPERATOR, wishes: Wishes = PLAIN, *, column: str = ""
) -> ImportReport:
    """Import CSV, JSON lines or plain text; see `import_rows`.

    Columns that are not understood are told; into an allow list they are refused, since they may say where it ends.
    """
    seen = Seen()
    lines = read_lines(
        stream, column=column, faults=True, encoding=wishes.encoding, wanted=OF_ENTRIES, seen=seen, stars=True
    )
    return await import_rows(lists, name, lines, origin, wishes, seen=seen)


async def import_rows(
    lists: Lists,
    name: str,
    rows: Iterable[FileLine],
    origin: Origin = OPERATOR,
    wishes: Wishes = PLAIN,
    *,
    seen: Seen | None = None,
) -> ImportReport:
    """Put (line, entry, further columns) on a list in one transaction; readers go on meanwhile.

    What would be held for a person changes nothing and says why in `Report.held`; a dry run tells everything.
    """
    policy = lists.may_change(name, origin.author)
    refuse_by_hand(name, policy)
    batch = Batch(
        *(policy, origin, wishes.country), wide=wishes.wide, zone=wishes.zone, now=lists.now(), trunks=lists.trunks
    )
    if wishes.dry_run:
        wishes = replace(wishes, on_error="skip")
    await asyncio.to_thread(batch.read, rows, wishes.on_error, wishes.progress)
    if seen is not None:
        batch.report.not_understood, batch.report.comments = seen.not_understood, seen.comments
        if seen.not_understood and policy.kind == "allow":
            raise EntryError(
                "columns",
                f"line 1: not understood: {', '.join(seen.not_understood)}. In an allow list it could say where or "
                "until when an entry counts: name it (--column expires=HEADER, or note=HEADER), or take it out",
            )
    if not batch.report.lines and not wishes.replace_all:
        raise EntryError("nothing", "there is no entry in it; nothing was imported")
    try:
        async with lists.store.transaction() as connection:
            await _Import(lists, connection, name, batch, wishes).run()
            insists = wishes.insist and await may_insist(lists, policy, wishes)
            if wishes.dry_run or (batch.report.held and not insists):
                raise _Unwanted
    except _Unwanted:
        batch.report.import_id = None
    return batch.report


async def may_insist(lists: Lists, policy: ListSettings, wishes: Wishes) -> bool:
    """May whoever imports let it go on himself? Where entries are qualified, only their approver does, by a release.

    Where whole ranges take two persons, it is another than the one who imports them.
    """
    if wishes.release is not None or wishes.standing:
        return True
    two = wishes.wide and policy.kind in AGAINST_CALLERS and await lists.second.wanted()
    return not policy.qualified and not two


class _Import:
    """One import inside its transaction."""

    def __init__(self, lists: Lists, connection: Connection, name: str, batch: Batch, wishes: Wishes) -> None:
        self.lists, self.connection, self.name, self.batch, self.wishes = lists, connection, name, batch, wishes
        self.list_id = self.import_id = self.first_origin = 0
        self.now = lists.now()
        days = batch.policy.expires_days
        self.origins = [settled(origin, self.now, days) for origin in batch.origins]  # by index
        self.difference = Difference()

    async def run(self) -> None:
        """Write everything."""
        report, connection, batch = self.batch.report, self.connection, self.batch
        self.list_id, entries = await self.lists.row_of(connection, self.name)
        # What stands there by a seal is no import's to change, whatever ringfence.yaml calls the list meanwhile.
        sealed = await codes_sealed_onto(connection, self.list_id)
        if sealed:
            batch.packed = [packed for packed in batch.packed if packed >> SHIFT not in sealed]
        if batch.policy.kind in AGAINST_CALLERS:
            await self._refuse_protected()
        found = self.difference = await self._compare(entries, sealed)
        report.added, report.changed, report.unchanged = found.added, found.changed, found.unchanged
        report.removed = found.removed
        await self._find_returned()
        report.example = decode(batch.packed[0] >> SHIFT) if batch.packed else ""
        if batch.policy.kind in AGAINST_CALLERS:
            await self._compare_with_calls()
            await self._compare_with_ledger()
        if not (found.numbers or found.wides or found.removed or self.wishes.release):
            return  # nothing is different, so nothing is written
        if batch.policy.qualified:
            self._check_approvers()
        await self._begin()
        await self._write_numbers()
        await self._write_wides()
        await self._remove_others()
        if batch.policy.kind == "allow":
            await self._overruled()
            if not batch.policy.shared:
                report.passes = True
                seals = await seals_on_list(connection, self.list_id, since_origin=self.first_origin)
                report.sealed = [str(seal) for seal in seals]
        more = report.added - report.removed
        if entries + more > batch.policy.max_entries:
            raise EntryError(
                "full", f"list {self.name} would have {entries + more:,} entries; max_entries allows fewer"
            )
        report.held = reasons(
            before=entries,
            added=report.added,
            removed=report.removed,
            whole=self.wishes.replace_all,
            found=report.caught,
        )
        if batch.policy.qualified and not self.wishes.release and (report.added or report.changed):
            report.held.append(f"{' and '.join(self._approvers())} has to agree, as approver")
        stops = found.wides and not self.wishes.release and batch.policy.kind in AGAINST_CALLERS
        if stops and await self.lists.second.wanted():
            report.held.append("to stop a whole range takes two persons, another than who imports it")
        await self._finish(more)

    def _used(self) -> dict[int, int]:
        """The origins of what is written, by index, each with a line that it stands in."""
        used = {index: line for index, _, line in self.difference.wides.values()}
        return used | {packed & MASK: line_of(packed) for packed in reversed(self.difference.numbers)}

    def _approvers(self) -> list[str]:
        shown = [self.origins[index].qualification for index in self._used()]
        return sorted({one.approver for one in shown if one is not None})

    def _check_approvers(self) -> None:
        """Each entry is whole, and who releases it is who approves it: another account than the one that added it."""
        release = self.wishes.release
        for index, line in sorted(self._used().items(), key=lambda one: one[1]):
            origin = self.origins[index]
            try:
                check_qualification("", origin, self.batch.policy, self.now)
                q = origin.qualification
                if release and q and q.approver.strip().casefold() != release.author.strip().casefold():
                    raise EntryError("not-approver", f"its approver is {q.approver}, who has to release it")
            except EntryError as error:
                raise EntryError(error.name, error.reason, line) from error

    async def _compare(self, entries: int, sealed: frozenset[int]) -> Difference:
        """What the file changes on the list."""
        batch, whole = self.batch, self.wishes.replace_all
        if not entries:
            return Difference(batch.packed, batch.wides)
        unsaid = batch.origin.source if self.wishes.source_by_default else ""
        together = self._together(list(batch.origins))
        comparison = Comparison(self.connection, self.list_id, self.origins, together, unsaid=unsaid)
        await comparison.numbers(batch.packed, whole=whole)
        await comparison.wides(batch.wides, whole=whole)
        found = comparison.found
        found.gone = [code for code in found.gone if code not in sealed]
        return found

    def _together(self, given: list[Origin]) -> Callable[[Origin, int], Origin]:
        """What an entry that stands becomes: what a row gives, else what stood; a term of the list begins anew."""
        policy, now = self.batch.policy, self.now

        def together(stands: Origin, index: int) -> Origin:
            one = given[index]
            if one.expires is None and policy.expires_days is not None:
                one = settled(one, now, policy.expires_days)
            found = settled(merged(stands, one, now), now, None)
            if policy.kind == "allow":
                check_qualification("", found, policy, now)
            return found

        return together

    async def _find_returned(self) -> None:
        """Name what a person had taken off this list last, and the file brings back: it may be an old one."""
        off: dict[object, tuple[object, ...]] = {}
        for past, standing, key in (("past", "exact", ["code"]), ("past_wide", "wide", ["start", "stop", "places"])):
            same = every(sql("x.{one} = p.{one}", one=name_of(one)) for one in (*key, "list"))
            rows = await self.connection.execute_fetchall(
                sql(
                    "select {key}, e.author, e.reason from {past} p "
                    "join ending e on e.id = p.ending "
                    "where p.list = ? and e.how = 'removed' and not exists (select 1 from {standing} x where {same}) "
                    "and not exists (select 1 from {past} x where {same} and x.ending > p.ending)",
                    key=columns_of(key, "p"),
                    past=name_of(past),
                    standing=name_of(standing),
                    same=same,
                ),
                (self.list_id,),
            )
            off |= {row[0] if past == "past" else tuple(row)[:3]: tuple(row)[-2:] for row in rows}
        if not off:
            return
        report = self.batch.report
        coming: list[tuple[object, str]] = [(p >> SHIFT, "") for p in self.difference.numbers]
        coming += [((i.start, i.stop, i.places), i.text) for i in self.difference.wides]
        for one, text in coming:
            if one in off:
                report.returned += 1
                author, reason = off[one]
                if len(report.returning) < NAMED:
                    said = text or decode(one) if isinstance(one, int) else text
                    report.returning.append(f"{said} (by {author or 'somebody'}{f': {reason}' if reason else ''})")

    async def _compare_with_calls(self) -> None:
        """How many calls of the last day would the entries that come or change have caught?"""
        calls, batch = self.wishes.calls, self.batch
        if calls:
            numbers = [packed >> SHIFT for packed in self.difference.numbers]
            wides = [(interval.start, interval.stop) for interval in self.difference.wides]
            batch.report.caught = await asyncio.to_thread(caught, numbers, wides, calls)

    async def _compare_with_ledger(self) -> None:
        """Whom would the entries that come or change hit?"""
        numbers = [packed >> SHIFT for packed in self.difference.numbers]
        hit = await holders_hit(self.connection, numbers, self.difference.wides, self.now)
        self.batch.report.hits = len(hit)
        self.batch.report.holders = [f"{code.holder} ({code.text})" for code in hit[:NAMED]]

    async def _overruled(self) -> None:
        """Count and name the blocks that lie in what was added to an allow list."""
        wides = self.difference.wides.items()
        pieces = [(interval, holes) for interval, (index, holes, _) in wides if not self.origins[index].trunks]
        wide = await overruled(self.connection, pieces)
        # Numbers that are blocked and allowed as numbers, without those that an allowed prefix covers as well.
        both = sql(
            "exact a join exact b on b.code = a.code join list l on l.id = b.list join origin o on o.id = a.origin "
            "where a.list = ?1 and a.origin >= ?2 and {unlimited} "
            "and l.configured and l.kind in ('block', 'suspect', 'do-not-originate')",
            unlimited=UNLIMITED,
        )
        values = (self.list_id, self.first_origin)
        count = await self._one(sql("select count(*) from {both}", both=both), *values)
        part = sql("a.code between ?3 and ?4 and (?5 = 0 or (a.code % ?5 = 0 and a.code % ?6 <> 0))")
        for piece in covered(pieces) if count else ():
            count -= await self._one(
                sql("select count(*) from {both} and {part}", both=both, part=part), *values, *piece
            )
        named = list(wide.named)
        if count:
            rows = await self.connection.execute_fetchall(
                sql("select b.code, l.name from {both} limit {named}", both=both, named=NAMED), values
            )
            named = list(dict.fromkeys([*(f"{decode(code)} on {name}" for code, name in rows), *named]))
        self.batch.report.overrules = wide.entries + count
        self.batch.report.useless = named[:NAMED]

    async def _begin(self) -> None:
        now, origins = self.now, self.origins
        cursor = await self.connection.execute(
            "insert into import (list, source, author, created, added, changed, removed) values (?, ?, ?, ?, 0, 0, 0)",
            (self.list_id, origins[0].source, origins[0].author, now),
        )
        assert cursor.lastrowid is not None
        self.import_id = self.batch.report.import_id = cursor.lastrowid
        self.first_origin = 1 + await self._one("select coalesce(max(id), 0) from origin")
        used = {packed & MASK for packed in self.difference.numbers}
        used.update(index for index, _, _ in self.difference.wides.values())
        await self.connection.executemany(
            INSERT,
            (
                (*origin.row(), now, self.import_id, self.first_origin + index)
                for index, origin in enumerate(origins)
                if index in used
            ),
        )
        # What the import overwrites or removes is kept, by triggers, so that it needs no second pass.
        base = origins[0]
        ending = await begin_ending(
            *(self.connection, now, "import"), author=base.author, reason=base.reason, import_id=self.import_id
        )
        kept = sql(
            "insert into past (code, list, ending, origin) values (old.code, old.list, {ending}, old.origin)",
            ending=ending,
        )
        wide = sql(
            "insert into past_wide (start, stop, places, list, ending, text, holes, origin) values "
            "(old.start, old.stop, old.places, old.list, {ending}, old.text, old.holes, old.origin)",
            ending=ending,
        )
        for event in map(name_of, ("update", "delete")):
            for table, keep in (("exact", kept), ("wide", wide)):
                made = sql(
                    "create temp trigger {table}_{event} before {event} on {table} begin {keep}; end",
                    table=name_of(table),
                    event=event,
                    keep=keep,
                )
                await self.connection.execute(made)

    async def _write_numbers(self) -> None:
        list_id, first = self.list_id, self.first_origin
        await self.connection.executemany(
            "insert into exact values (?, ?, ?) on conflict (code, list) do update set origin = excluded.origin",
            ((p >> SHIFT, list_id, first + (p & MASK)) for p in self._told(self.difference.numbers)),
        )

    def _told(self, rows: Iterable[T]) -> Iterator[T]:
        """The rows, while a person is told how many were written."""
        told = self.wishes.writing
        for done, one in enumerate(rows, start=1):
            if told is not None and not done % _TOLD_EVERY:
                told(done)
            yield one

    async def _write_wides(self) -> None:
        wides = self.difference.wides
        await asyncio.to_thread(refuse_nested_rows, wides)
        known = await self._one("select coalesce(max(id), 0) from wide")
        await self.connection.executemany(
            "insert into wide (list, start, stop, places, text, origin, holes) values (?, ?, ?, ?, ?, ?, ?) "
            "on conflict (list, start, stop, places) do update set origin = excluded.origin, holes = excluded.holes",
            (
                (self.list_id, i.start, i.stop, i.places, i.text, self.first_origin + index, holes)
                for i, (index, holes, _) in wides.items()
            ),
        )
        found = await self._rows("select id, start, stop from wide where id > ?", known)
        await spread(self.connection, [(wide, start, stop) for wide, start, stop in found])
        if found:
            await refuse_nested(self.connection, min(one[1] for one in found), max(one[2] for one in found))

    async def _remove_others(self) -> None:
        """Take off what a new version of the list lacks."""
        gone = ((code, self.list_id) for code in self._told(self.difference.gone))
        await self.connection.executemany("delete from exact where code = ? and list = ?", gone)
        statement = sql("delete from wide where list = ? and start = ? and stop = ? and places = ?")
        wides = []
        for key in self.difference.gone_wides:
            wides += await changed_wides(self.connection, statement, self.list_id, *key)
        await unspread(self.connection, wides)

    async def _finish(self, more: int) -> None:
        for trigger in ("exact_update", "exact_delete", "wide_update", "wide_delete"):
            await self.connection.execute(sql("drop trigger {trigger}", trigger=name_of(trigger)))
        report = self.batch.report
        insisted = "; ".join(report.held)
        if release := self.wishes.release:
            insisted += f"{'; ' if insisted else ''}released by {release.author}: {release.reason}"
            await self._end_holding(release)
        await self.connection.execute(
            "update import set added = ?, changed = ?, removed = ?, insisted = ? where id = ?",
            (report.added, report.changed, report.removed, insisted, self.import_id),
        )
        await count(self.connection, self.list_id, more)
        await mark_changed(self.connection)
        given = self.origins[0]
        told = f"import {self.import_id}: {report.added} added, {report.changed} changed, {report.removed} removed"
        detail = f"{told}; {insisted}" if insisted else told
        who = release.author if release else given.author
        assert self.import_id is not None
        after = await print_of_import(self.connection, self.lists.entering.pseudonym, self.import_id)
        deed = Deed(self.now, who, "list", self.name, IMPORTED, given.reason, detail, after=after)
        await record(self.connection, [deed])

    async def _end_holding(self, release: Release) -> None:
        done = await self.connection.execute(
            "update held_import set ended = ?, ended_by = ?, ended_why = ?, import_id = ?, data = x'' "
            "where id = ? and ended is null",
            (self.lists.now(), release.author, release.reason, self.import_id, release.held_id),
        )
        if not done.rowcount:
            raise EntryError("ended", f"held import {release.held_id} was released or dropped meanwhile")

    async def _refuse_protected(self) -> None:
        """Take out what covers numbers of allow lists and one's own; of what is forced, what could never act."""
        of, wanted = sql("join list l on l.id = e.list"), sql("l.kind in ('allow', 'own') and l.configured")
        if self.wishes.force:
            wanted = sql("l.kind = 'allow' and l.configured and not l.shared")
            of = sql("{of} join origin o on o.id = e.origin and {unlimited}", of=of, unlimited=UNLIMITED)
        if not await self._one(sql("select coalesce(sum(entries), 0) from list l where {wanted}", wanted=wanted)):
            return
        rows = await self._rows(sql("select code, code from exact e {of} where {wanted}", of=of, wanted=wanted))
        rows += await self._rows(sql("select start, stop from wide e {of} where {wanted}", of=of, wanted=wanted))
        covered = overlap(sorted((row[0], row[1]) for row in rows))
        # Lengths and exceptions are looked at one by one, where there are any.
        query = sql(
            "select count(*) from wide w join list l on l.id = w.list where {wanted} and (places > 0 or holes <> '')",
            wanted=wanted,
        )
        closely = await self._one(query) > 0 or any(interval.places for interval in self.batch.wides)
        batch, kept = self.batch, []
        for packed in batch.packed:
            code = packed >> SHIFT
            if not covered(code, code) or (closely and not await self._meets(interval_of(decode(code)))):
                kept.append(packed)
            else:
                await self._protected(interval_of(decode(code)), line_of(packed))
        batch.packed = kept
        for interval in [i for i in batch.wides if covered(i.start, i.stop)]:
            if not (closely or self.wishes.force) or await self._meets(interval):
                await self._protected(interval, batch.wides.pop(interval)[2])

    async def _meets(self, interval: Interval) -> bool:
        if self.wishes.force:
            return not all(one.trunks for *_, one in await allowed_wholly(self.connection, interval))
        return bool(await protected(self.connection, interval))

    async def _protected(self, interval: Interval, line: int) -> None:
        report, text = self.batch.report, interval.text
        other = await protected(self.connection, interval) if len(report.refusals) < SHOWN else ""
        message = f"{text} covers numbers of {f'list {other}' if other else 'an allow list or of our own'}"
        name = "protected"
        if self.wishes.force:
            name = "useless"
            message = f"{text} would never act, since {f'list {other}' if other else 'an allow list'} passes it"
        if self.wishes.on_error == "stop":
            raise EntryError(name, message, line)
        report.refuse(Refusal(line, text, name, message))

    async def _one(self, query: str, *values: object) -> int:
        return int((await self._rows(query, *values))[0][0])

    async def _rows(self, query: str, *values: object) -> list[tuple[int, ...]]:
        return [tuple(row) for row in await self.connection.execute_fetchall(query, values)]


@dataclass(frozen=True, slots=True)
class Import:
    """An import that was made."""

    id: int
    list: str
    source: str
    author: str
    created: float
    added: int
    changed: int
    removed: int
    undone: float | None
    insisted: str  # why it had been held, and who let it go on


async def imports(lists: Lists, *, limit: int = 50) -> list[Import]:
    """The latest imports, newest first."""
    rows = await lists.store.connection.execute_fetchall(
        "select i.id, l.name, i.source, i.author, i.created, i.added, i.changed, i.removed, i.undone, i.insisted "
        "from import i join list l on l.id = i.list order by i.id desc limit ?",
        (limit,),
    )
    return [Import(*row) for row in rows]


async def changed_wides(connection: Connection, statement: Sql, *values: object) -> list[tuple[int, int, int]]:
    """Write to the table of prefixes and ranges: the id, start and stop of each row that it changed."""
    rows = await connection.execute_fetchall(sql("{statement} returning id, start, stop", statement=statement), values)
    return [(row[0], row[1], row[2]) for row in rows]

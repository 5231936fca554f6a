"""The office directory: banks and platforms, their branches, other names, who answers; offices are found in it.

Names are matched when a complaint comes in, and all that came before whenever the directory changes: complaints keep
what their reporter wrote, so that a person who merged two names can part them again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from desk import people_counts, tallies
from desk.archive import Archive
from desk.faults import ComplaintError, Conflict, NotFound
from desk.leak_counts import offices_counted
from desk.leaks_by_entries import print_of_directory
from desk.office_names import BETWEEN, Key, Named, exact_key, key_table, keys_of, loose_key
from desk.reading import one_line
from desk.showing import as_named
from desk.spellings import folded, settled
from desk.work import Work, work
from rules.storage.store import Connection

_MOST_IMPORTED = 50_000
_ALIKE, _WITHIN = 75.0, 80.0  # of a hundred
_NEAR = 20
_MATCH = (
    "select j.key, coalesce(e.office, case when e.key is null then l.office end), o.title from json_each(?) j "
    "left join office_key e on e.exact = 1 and e.key = j.value ->> 0 "
    "left join office_key l on l.exact = 0 and l.key = j.value ->> 1 "
    "join office o on o.id = coalesce(e.office, case when e.key is null then l.office end)"
)
_LISTED = (
    "select o.id, o.title, o.name, coalesce(b.title, ''), o.answers, "
    "coalesce((select json_group_array(name) from (select name from office_name n where n.office = o.id "
    "order by name)), '[]'), "
    "(select count(*) from complaint c where c.branch = o.title and c.branch <> '') "
    "from office o left join office b on b.id = o.bank order by coalesce(b.title, o.title), o.bank is not null, o.title"
)
_MERGE_SUMS = (
    "insert into tally (dimension, key, period, measure, value) "
    "select dimension, ?2, period, measure, value from tally where dimension = 'branch' and key = ?1 "
    "and measure not in ('complaints', 'withdrawn', 'rejected', 'reporters') "
    "on conflict (dimension, period, measure, key) do update set value = value + excluded.value"
)


class Office(NamedTuple):
    """An office of the directory."""

    id: int
    title: str  # what complaints and sums say
    name: str
    bank: str  # whose branch it is; empty: a bank or platform itself
    answers: str  # who answers for it
    names: tuple[str, ...]  # others that people write
    complaints: int


class NewOffice(NamedTuple):
    """An office to be added; one that is there already gets what it lacks."""

    name: str
    bank: str = ""
    names: tuple[str, ...] = ()
    answers: str = ""


class Heard(NamedTuple):
    """A name that the directory does not know."""

    name: str
    complaints: int
    reporters: int
    last: float
    like: tuple[str, ...]  # offices whose names hold it, or that it holds: a person says which, if any


class Changed(NamedTuple):
    """What a change of the directory did."""

    offices: tuple[str, ...]  # their titles
    complaints: int  # that stand under another name now


class Offices:
    """The directory of one desk."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def listed(self) -> list[Office]:
        """All of them, each bank before its branches."""
        rows = await self._archive.store.connection.execute_fetchall(_LISTED)
        return [
            Office(place, title, name, bank, answers, tuple(json.loads(names)), complaints)
            for place, title, name, bank, answers, names, complaints in rows
        ]

    async def unknown(self, limit: int = 50) -> list[Heard]:
        """Names that reporters used within a year and that no office has, those of most reporters first."""
        known = await self.listed()
        titles = {one.title for one in known}
        found = [one for one in await offices_counted(self._archive) if one.office not in titles]
        found.sort(key=lambda one: (-one.reporters, one.office))
        names = _names_of(known)
        return [
            Heard(one.office, one.heard, one.reporters, one.heard_last, _like(one.office, names))
            for one in found[:limit]
        ]

    async def add(self, new: NewOffice, *, actor: str) -> Changed:
        """Add an office, its bank too where that is new; its names now find it, in complaints of before as well."""
        return await self.take(([new]), actor=actor)

    async def take(self, news: Sequence[NewOffice], *, actor: str) -> Changed:
        """Add many, or nothing: what is wrong with one names its place."""
        if len(news) > _MOST_IMPORTED:
            raise ComplaintError("offices", f"{len(news):,} offices; {_MOST_IMPORTED:,} at most")
        read = []
        for place, new in enumerate(news, 1):
            try:
                read.append(_read(new))
            except ComplaintError as error:
                where = f"office {place}: " if len(news) > 1 else ""
                raise ComplaintError(error.field, f"{where}{error.reason}") from None
        async with work(self._archive, actor) as doing:
            book = await _Book(doing).read()
            added = [await book.add(new) for new in read]
            return Changed(tuple(dict.fromkeys(added)), await book.close())

    async def merge(self, name: str, office: str, *, actor: str, reason: str = "") -> Changed:
        """What is called ``name``, by reporters or in the directory, is this office."""
        name, office = await self._meant(name), await self._meant(office)
        async with work(self._archive, actor) as doing:
            book = await _Book(doing).read()
            name, into, other = _one_name(name), book.find(office), book.maybe(_one_name(name))
            if other is not None and other.id == into.id:
                raise Conflict("office", f"{name[:40]!r} is {into.title} already", who="", when=doing.now)
            names = [name]
            if other is not None:
                names += [other.title, *book.names[other.id]]
                await book.absorb(other, into)
            await book.name(into, names)
            doing.enter("office", into.title, "merged", reason, name)
            return Changed((into.title,), await book.close())

    async def split(self, name: str, office: str, *, actor: str, reason: str = "") -> Changed:
        """What is called ``name`` is not this office: complaints that wrote it so go back to what they wrote."""
        name, office = await self._meant(name), await self._meant(office)
        async with work(self._archive, actor) as doing:
            book = await _Book(doing).read()
            place = book.find(office)
            await book.unname(place, name)
            doing.enter("office", place.title, "split", reason, name)
            return Changed((place.title,), await book.close())

    async def _meant(self, name: str) -> str:
        """The name itself, where it is told as it is shown: without the number that somebody wrote into it."""
        if "*" not in name:
            return name
        known = [each for one in await self.listed() for each in (one.title, one.name, *one.names)]
        return as_named(name, [*known, *(one.name for one in await self.unknown(1_000))], self._archive.country)

    async def find(self, title: str) -> Office:
        """One office by its title or any of its names, or NotFound."""
        title = one_line(title, "office")
        title = (await titles(self._archive.store.connection, [title])).get(title, title)
        found = next((one for one in await self.listed() if one.title == title), None)
        if found is None:
            raise NotFound("office", f"the directory has no {title[:60]!r}; `ringfence offices add` adds it")
        return found


async def titles(connection: Connection, names: Iterable[str]) -> dict[str, str]:
    """The offices that these names mean; a name that is none, or could be several, is left out."""
    wanted = list(dict.fromkeys(name for name in names if name))
    if not wanted:
        return {}
    asked = json.dumps([(exact_key(name), loose_key(name)) for name in wanted])
    return {wanted[place]: title for place, _, title in await connection.execute_fetchall(_MATCH, (asked,))}


async def banks_of(connection: Connection) -> dict[str, str]:
    """Whose branch each office of the directory is; a bank is its own."""
    query = "select o.title, coalesce(b.title, o.title) from office o left join office b on b.id = o.bank"
    return {row[0]: row[1] for row in await connection.execute_fetchall(query)}


async def bank_called(connection: Connection, name: str) -> str:
    """The bank that somebody means, or NotFound."""
    name = one_line(name, "bank")
    title = (await titles(connection, [name])).get(name, name)
    if (bank := (await banks_of(connection)).get(title)) is None:
        raise NotFound("bank", f"the directory has no {name[:60]!r}; `ringfence offices list` shows those it has")
    return bank


async def known_as(connection: Connection, heard: Sequence[str], others: Mapping[str, str]) -> dict[str, str]:
    """What each name that was heard is kept as: the office, or its first spelling. Within the transaction that uses it.

    ``others``: other names out of the settings.
    """
    named = {folded(other): office for other, office in others.items()}
    plain = {name: named.get(folded(name), name) for name in heard}
    found = await titles(connection, plain.values())
    spelled = await settled(connection, "branch", [name for name in plain.values() if name not in found])
    return {name: found.get(own) or spelled[own] for name, own in plain.items()}


class _Place(NamedTuple):
    id: int
    title: str
    name: str
    bank: int | None


class _Book:
    """The directory in memory while it is being changed; `close` writes what names are found by."""

    def __init__(self, doing: Work) -> None:
        self._doing = doing
        self.connection = doing.connection
        self.places: dict[int, _Place] = {}
        self.names: dict[int, list[str]] = {}
        self._keys: dict[Key, int | None] = {}
        self._titles: dict[str, int] = {}
        self._banks: set[int] = set()  # that have branches

    async def read(self) -> _Book:
        for row in await self.connection.execute_fetchall("select id, title, name, bank from office order by id"):
            self.places[row[0]] = _Place(*row)
            self.names[row[0]] = [row[2]]
        for office, name in await self.connection.execute_fetchall("select office, name from office_name"):
            self.names[office].append(name)
        self._look_up_again()
        return self

    def maybe(self, name: str) -> _Place | None:
        """The office of this title, or that this name means."""
        found = self._titles.get(name)
        if found is None:
            exact = Key(exact_key(name), True)
            found = self._keys[exact] if exact in self._keys else self._keys.get(Key(loose_key(name), False))
        return None if found is None else self.places[found]

    def find(self, name: str) -> _Place:
        """The same, or NotFound."""
        found = self.maybe(one_line(name, "office"))
        if found is None:
            raise NotFound("office", f"the directory has no {name[:60]!r}; `ringfence offices add` adds it")
        return found

    async def add(self, new: NewOffice) -> str:
        """The title of the office, which is there now with all of its names."""
        bank: _Place | None = None
        if new.bank and (bank := self._of(new.bank, None)) is None:
            bank = await self._insert(new.bank, None)
        place = self._of(new.name, bank) or await self._insert(new.name, bank)
        await self.name(place, [new.name, *new.names])
        if new.answers:
            await self.connection.execute("update office set answers = ? where id = ?", (new.answers, place.id))
        detail = json.dumps(new._asdict(), ensure_ascii=False)
        self._doing.enter("office", place.title, "added", "", detail)
        return place.title

    async def name(self, place: _Place, names: Iterable[str]) -> None:
        """Know it by these names as well."""
        known = {folded(one) for one in self.names[place.id]}
        fresh = [one for one in names if folded(one) not in known]
        if not fresh:
            return
        query = "insert into office_name values (?, ?) on conflict do nothing"
        await self.connection.executemany(query, [(place.id, one) for one in fresh])
        self.names[place.id] += fresh
        self._enter(place.id)

    async def absorb(self, other: _Place, into: _Place) -> None:
        """One office becomes another one: its names and what was asked of it go with it."""
        if other.id in self._banks:
            raise ComplaintError("office", f"{other.title} has branches: merge these first")
        both = "select count(*) from inquiry where state <> 'closed' and office in (?, ?)"
        if next(iter(await self.connection.execute_fetchall(both, (other.title, into.title))))[0] > 1:
            raise ComplaintError("office", "both are being asked: close one of the inquiries first")
        await _move(self.connection, other.title, into.title)
        await self.connection.execute("delete from office_key")
        await self.connection.execute("delete from office_name where office = ?", (other.id,))
        await self.connection.execute("delete from office where id = ?", (other.id,))
        del self.places[other.id]
        self.names.pop(other.id)
        self._look_up_again()

    async def unname(self, place: _Place, name: str) -> None:
        """Know it by this name no more."""
        same = [one for one in self.names[place.id][1:] if exact_key(one) == exact_key(name)]
        if not same:
            raise NotFound("name", f"{place.title} has no other name {name[:40]!r}")
        query = "delete from office_name where office = ? and name = ?"
        await self.connection.executemany(query, [(place.id, one) for one in same])
        self.names[place.id] = [one for one in self.names[place.id] if one not in same]
        self._look_up_again()

    async def close(self) -> int:
        """Names are found by what the directory says now; how many complaints stand under another one for it."""
        await self.connection.execute("delete from office_key")
        rows = [(key.key, int(key.exact), office) for key, office in self._keys.items()]
        await self.connection.executemany("insert into office_key values (?, ?, ?)", rows)
        deeds = self._doing.deeds
        if deeds:  # the last entry says how it left the directory
            deeds[-1] = deeds[-1]._replace(after=await print_of_directory(self.connection))
        return await _match_again(self._doing)

    def _of(self, name: str, bank: _Place | None) -> _Place | None:
        """The office of this name there, as the directory has it; none of another bank."""
        found = self.maybe(f"{bank.title}{BETWEEN}{name}" if bank else name)
        return found if found is not None and found.bank == (bank.id if bank else None) else None

    async def _insert(self, name: str, bank: _Place | None) -> _Place:
        title = f"{bank.title}{BETWEEN}{name}" if bank else name
        cursor = await self.connection.execute(
            "insert into office (title, name, bank, added) values (?, ?, ?, ?)",
            (title, name, bank.id if bank else None, self._doing.now),
        )
        assert cursor.lastrowid is not None
        place = _Place(cursor.lastrowid, title, name, bank.id if bank else None)
        self.places[place.id], self.names[place.id] = place, [name]
        self._enter(place.id)
        return place

    def _enter(self, office: int) -> None:
        """Let it be found; what its branches are found by is made anew where it is a bank."""
        if office in self._banks:
            self._look_up_again()
            return
        place = self.places[office]
        self._titles[place.title] = office
        if place.bank is not None:
            self._banks.add(place.bank)
        for key in keys_of(self._named(office)):
            if self._keys.setdefault(key, office) != office:
                self._keys[key] = None

    def _look_up_again(self) -> None:
        self._titles = {place.title: place.id for place in self.places.values()}
        self._banks = {place.bank for place in self.places.values() if place.bank is not None}
        self._keys = key_table(map(self._named, self.places))

    def _named(self, office: int) -> Named:
        bank = self.places[office].bank
        return Named(office, tuple(self.names[office]), tuple(self.names[bank]) if bank else ())


def _read(new: NewOffice) -> NewOffice:
    name, bank = _one_name(new.name), one_line(new.bank, "bank")
    if BETWEEN.strip() in name + bank:
        raise ComplaintError("name", f"name bank and branch apart, without {BETWEEN.strip()!r}")
    names = tuple(dict.fromkeys(one for other in new.names if (one := one_line(other, "names"))))
    return NewOffice(name, bank, names, one_line(new.answers, "answers"))


def _one_name(name: str) -> str:
    name = one_line(name, "name")
    if not name:
        raise ComplaintError("name", "say what it is called")
    return name


def _names_of(known: Sequence[Office]) -> dict[str, list[str]]:
    """Every name of these offices by what its spellings have in common, with the titles of those called so."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in known:
        for key in {loose_key(name) for name in (one.title, one.name, *one.names)}:
            found[key].append(one.title)
    return found


def _like(name: str, names: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Offices of which this could be one, the likeliest first; never more than three."""
    from rapidfuzz import fuzz, process  # the proxy opens a desk, too, and never asks this

    key = loose_key(name)
    near = process.extract(key, names.keys(), scorer=fuzz.ratio, score_cutoff=_ALIKE, limit=_NEAR)
    within = [other for other in names if len(key) > 2 and (key in other or other in key)]
    scored = [(share, title) for other, share, _ in near for title in names[other]]
    scored += [(_WITHIN, title) for other in within for title in names[other]]
    best = sorted(scored, key=lambda one: (-one[0], one[1]))
    return tuple(dict.fromkeys(title for _, title in best))[:3]


async def _match_again(doing: Work) -> int:
    """Let complaints stand under what their names mean now, and the sums with them; how many stand elsewhere."""
    connection = doing.connection
    query = "select branch, heard, count(*) from complaint where branch <> '' group by branch, heard"
    rows = list(await connection.execute_fetchall(query))
    wanted = await known_as(connection, [heard or branch for branch, heard, _ in rows], doing.archive.settings.offices)
    moved = [(branch, heard, new) for branch, heard, _ in rows if (new := wanted[heard or branch]) != branch]
    if not moved:
        return 0
    await connection.executemany(
        "update complaint set branch = ?3, heard = case when ?3 = ?2 then '' else ?2 end where branch = ?1 "
        "and heard = ?4",
        [(branch, heard or branch, new, heard) for branch, heard, new in moved],
    )
    await connection.execute("delete from reporters_counted where dimension = 'branch'")
    await _sum_again(doing, {(branch, new) for branch, _, new in moved})
    where = {(branch, heard) for branch, heard, _ in moved}
    return sum(count for branch, heard, count in rows if (branch, heard) in where)


async def _move(connection: Connection, old: str, new: str) -> None:
    """What an office was asked, and who has seen its leak, goes with its name; of two open inquiries each stays."""
    await connection.execute(
        "update inquiry set office = ? where office = ? and (state = 'closed' "
        "or not exists (select 1 from inquiry other where other.office = ? and other.state <> 'closed'))",
        (new, old, new),
    )
    await connection.execute(
        "update leak_seen set office = ? where office = ? and at not in (select at from leak_seen where office = ?)",
        (new, old, new),
    )


async def _sum_again(doing: Work, moved: set[tuple[str, str]]) -> None:
    """Complaints are counted anew under all names concerned; cases go along with a name that nobody has any more."""
    connection, archive = doing.connection, doing.archive
    names = sorted({name for pair in moved for name in pair})
    left = "select 1 from complaint where branch = ? limit 1"
    for old, new in sorted(moved):
        if not list(await connection.execute_fetchall(left, (old,))):
            await connection.execute(_MERGE_SUMS, (old, new))
            await _move(connection, old, new)
            await connection.execute("delete from tally where dimension = 'branch' and key = ?", (old,))
    for name in names:
        await connection.execute(
            "delete from tally where dimension = 'branch' and key = ? "
            "and measure in ('complaints', 'withdrawn', 'rejected', 'reporters')",
            (name,),
        )
        query = "select received, state, reporter from complaint where branch = ? and branch <> ''"
        rows = list(await connection.execute_fetchall(query, (name,)))
        stands = [(at, reporter) for at, state, reporter in rows if state not in ("withdrawn", "rejected")]
        doing.sums.update(people_counts.of_office(archive, name, stands))
        for received, state, _ in rows:
            measures = ("complaints", state) if state in ("withdrawn", "rejected") else ("complaints",)
            for measure in measures:
                tallies.add(doing.sums, [("branch", name)], archive.periods(received), measure)

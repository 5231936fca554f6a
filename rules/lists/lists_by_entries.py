"""Lists and imports that wait held against the entries of their chain: a hand in the file blocks or frees numbers."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.lists.entered import ADDED, CHANGED, HELD, IMPORTED, REMOVED, UNDONE, of_origin, print_of, print_of_held
from rules.lists.origins import CONTENT, origin_of
from rules.numbering.intervals import decode
from rules.storage.statements import sql
from rules.storage.store import Connection

Hide = Callable[[str], str]  # the pseudonym of a text
_NUMBER: Final = re.compile(r"(?:held )?import (\d+)")
_SUMS: Final = re.compile(r"import (\d+): (\d+) added, (\d+) changed, (\d+) removed")
_APART_S: Final = 60.0  # between an origin and the entry that tells of it
_ITSELF: Final = "ringfence"
_EXACT = sql(
    "select l.name, e.code, {columns} from exact e join origin o on o.id = e.origin join list l on l.id = e.list "
    "where o.import_id is null and o.source not like 'seal %'",
    columns=CONTENT,
)
_WIDE = sql(
    "select l.name, w.text, {columns} from wide w join origin o on o.id = w.origin join list l on l.id = w.list "
    "where o.import_id is null",
    columns=CONTENT,
)
_BROUGHT = (
    "select o.import_id, count(*) from (select origin from exact union all select origin from wide) e "
    "join origin o on o.id = e.origin where o.import_id is not null group by 1"
)
_STANDING = (
    "select l.name, count(*) from (select list, origin from exact union all select list, origin from wide) e "
    "join list l on l.id = e.list join origin o on o.id = e.origin where l.kind <> 'sealed' group by 1"
)
_OLDEST = (
    "select l.name from import i join list l on l.id = i.list where i.created < ?1 union "
    "select l.name from list l where exists (select 1 from exact e join origin o on o.id = e.origin "
    "where e.list = l.id and o.created < ?1) or exists (select 1 from wide w join origin o on o.id = w.origin "
    "where w.list = l.id and o.created < ?1)"
)


class _Entered(NamedTuple):
    """What the chain says of lists."""

    numbers: dict[str, list[Deed]]  # by pseudonym
    lists: dict[str, list[Deed]]  # by name
    since: float  # what is older than this was there before anything was entered


async def lists_by_entries(connection: Connection, hide: Hide) -> Held:
    """What somebody put on a list by hand, what imports brought, and what waits, is as it was entered."""
    numbers, first = await every_deed(connection, "number")
    lists, _ = await every_deed(connection, "list")
    told = _Entered(numbers, lists, first - _APART_S)
    rows = await connection.execute_fetchall(_OLDEST, (told.since,))
    older = {str(row[0]) for row in rows}
    faults = [*await _by_hand(connection, told, hide, older), *await _imports(connection, told, hide)]
    faults += [*await _sums(connection, told, older), *await _held(connection, told, hide)]
    return Held(faults, {"lists": len(older)} if older else {})


async def _by_hand(connection: Connection, told: _Entered, hide: Hide, older: set[str]) -> list[str]:
    """An entry that no import brought was put there by who its own entry says, and for as long."""
    last: dict[tuple[str, str], Deed] = {}
    for who, deeds in told.numbers.items():
        for deed in deeds:
            if deed.step in (ADDED, CHANGED, REMOVED):
                last[deed.detail.partition("; ")[0], who] = deed
    for name, deeds in told.lists.items():
        for deed in deeds:
            if deed.step in (ADDED, CHANGED, REMOVED):
                last[name, deed.detail.removeprefix(f"{name}: ").partition("; ")[0]] = deed
    faults = []
    for query in (_EXACT, _WIDE):
        async with connection.execute(query) as cursor:
            async for name, what, *columns in cursor:
                exact = isinstance(what, int)
                found = last.get((name, hide(decode(what)) if exact else what))
                origin = origin_of(columns)
                shown = "a number" if exact else what
                if found is None or found.step == REMOVED:
                    if name not in older:
                        faults.append(f"list {name}: {shown} stands there, which no entry says ({origin.source})")
                elif (found.actor, found.reason) != (origin.author, origin.reason):
                    faults.append(f"list {name}: who put {shown} there, or why, is another than its entry says")
                elif found.after != of_origin(origin):
                    faults.append(f"list {name}: how and until when {shown} stands there is not as its entry says")
    return faults


async def _imports(connection: Connection, told: _Entered, hide: Hide) -> list[str]:
    """An import is as its entry says, as are its origins, and no more of it stands than it brought."""
    entered = {
        int(found[1]): (found, deed)
        for deeds in told.lists.values()
        for deed in deeds
        if deed.step == IMPORTED and (found := _SUMS.match(deed.detail))
    }
    query = "select id, author, source, created, added, changed, removed from import order by id"
    rows = {row[0]: row[1:] for row in await connection.execute_fetchall(query)}
    stand = {row[0]: row[1] for row in await connection.execute_fetchall(_BROUGHT)}
    faults = [f"import {one}: it is gone, and its entry is there" for one in entered.keys() - rows.keys()]
    for one, (author, source, created, *sums) in rows.items():
        if one not in entered:
            faults += [f"import {one}: it has no entry"] if created >= told.since else []
            continue
        found, deed = entered[one]
        if sums != [int(found[2]), int(found[3]), int(found[4])]:
            faults.append(f"import {one}: what it did is not as its entry says")
        if (count := stand.get(one, 0)) > sums[0] + sums[1]:
            faults.append(f"import {one}: {count} entries are said to be of it, and it brought {sums[0] + sums[1]}")
        if deed.after:
            after = json.loads(deed.after)
            if after["import"] != print_of(hide, (author, source, created)):
                faults.append(f"import {one}: who made it, or of which file, is not as its entry says")
            faults += await _origins(connection, one, after["origins"], hide)
    return faults


async def _origins(connection: Connection, one: int, told: Mapping[str, str], hide: Hide) -> list[str]:
    query = sql("select id, {columns} from origin where import_id = ?", columns=CONTENT)
    if not told:
        return []  # they were too many
    faults = []
    for origin, *columns in await connection.execute_fetchall(query, (one,)):
        then = told.get(str(origin))
        if then is None:
            faults.append(f"import {one}: entries are said to be of it that came otherwise")
        elif then != print_of(hide, columns):
            faults.append(f"import {one}: by whom, why or until when its entries stand is not as its entry says")
    return faults


async def _sums(connection: Connection, told: _Entered, older: set[str]) -> list[str]:
    """As many stand on a list as were put there, and not taken off."""
    sums: Counter[str] = Counter()
    unknown = set(older)  # an import was taken back before it was entered how many that were
    for name, deed in _changes(told):
        match deed.step:
            case step if step == ADDED:
                sums[name] += 1
            case step if step == REMOVED:
                sums[name] -= 1
            case step if step == IMPORTED and (found := _SUMS.match(deed.detail)):
                sums[name] += int(found[2]) - int(found[4])
            case step if step == UNDONE:
                sums[name] += int(deed.after or 0)
                unknown |= set() if deed.after else {name}
    faults = []
    stand = {row[0]: row[1] for row in await connection.execute_fetchall(_STANDING)}
    sealed = {row[0] for row in await connection.execute_fetchall("select name from list where kind = 'sealed'")}
    for name in sorted(({*sums} | {*stand}) - unknown - sealed):
        if stand.get(name, 0) != sums[name]:
            faults.append(f"list {name}: {stand.get(name, 0):,} entries stand there, by its entries {sums[name]:,}")
    return faults


def _changes(told: _Entered) -> Iterator[tuple[str, Deed]]:
    for deeds in told.numbers.values():
        yield from ((deed.detail.partition("; ")[0], deed) for deed in deeds if deed.step in (ADDED, REMOVED))
    for name, deeds in told.lists.items():
        yield from ((name, deed) for deed in deeds)


async def _held(connection: Connection, told: _Entered, hide: Hide) -> list[str]:
    """What waits is what was handed in, by who handed it in: another has to release it."""
    done: dict[int, list[Deed]] = defaultdict(list)
    released: dict[int, str] = {}
    for deeds in told.lists.values():
        for deed in deeds:
            if deed.step == IMPORTED and (found := _NUMBER.match(deed.detail)):
                released[int(found[1])] = deed.actor
            elif deed.step.startswith("held import") or deed.step == HELD:
                done[_of(deed)].append(deed)
    query = (
        "select id, list, author, created, why, origin, wishes, data, ended, ended_by, import_id "
        "from held_import order by id"
    )
    faults, seen = [], set[int]()
    for held, *row, ended, ended_by, import_id in await connection.execute_fetchall(query):
        seen.add(held)
        made = next((deed for deed in done[held] if deed.step == HELD), None)
        if made is None:
            faults += [f"held import {held}: it has no entry"] if row[2] >= told.since else []
            continue
        faults += [f"held import {held}: {what}" for what in changed_since(made, row, hide)]
        dropped = next((deed for deed in done[held] if deed.step != HELD), None)
        if ended is None:
            faults += [f"held import {held}: it waits, and was dropped by its entries"] if dropped else []
        elif ended_by != _ITSELF:
            by = dropped.actor if dropped else released.get(import_id)
            if by != ended_by:
                faults.append(f"held import {held}: {ended_by or 'nobody'} ended it, by its entries {by or 'nobody'}")
    return faults + [f"held import {one}: it is gone, and its entry is there" for one in done.keys() - seen]


def changed_since(made: Deed, row: Iterable[Any], hide: Hide) -> list[str]:
    """What of a held import is another than the entry of its making says."""
    name, author, created, why, origin, wishes, data = row
    faults = []
    if (name, author, created) != (made.subject_id, made.actor, made.at):
        faults.append("its list, who handed it in or when is another than its entry says")
    if made.after:
        then = json.loads(made.after)
        now = print_of_held(hide, why, origin, wishes, data)
        if then["how"] != now["how"] or (data and then["file"] != now["file"]):
            faults.append("what it holds is another than its entry says")
    return faults


def _of(deed: Deed) -> int:
    found = _NUMBER.match(deed.detail)
    return int(found[1]) if found else 0

"""Imports that wait for a person: kept as they came, put through every check again when they are released."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, BinaryIO, NamedTuple

from rules.audit.chain import Deed, deeds_of, record
from rules.lists.admission import EntryError
from rules.lists.editing import Lists
from rules.lists.entered import HELD, print_of_held
from rules.lists.import_batch import ImportReport
from rules.lists.imports import PLAIN, Release, Wishes, import_file, may_insist
from rules.lists.lists_by_entries import changed_since
from rules.lists.origins import Origin, Qualification
from rules.settings.screening import ListSettings
from rules.storage.statements import sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

MOST_BYTES = 256 * 2**20  # packed: fifty million numbers; SQLite takes no more than 1,000 MB in one place
_HOUR_S = 3_600.0
_ITSELF = "ringfence"  # who ends what lapses
_DEFAULTS = ListSettings(kind="plain")  # of a list that is in ringfence.yaml no more
_KEPT_WISHES = ("country", "zone", "on_error", "replace_all", "wide", "force", "encoding", "source_by_default")
_COLUMNS = sql("id, list, author, created, why, origin, length(data), ended, ended_by, ended_why, import_id")


class HeldImport(NamedTuple):
    """An import that waits, or waited, for a person."""

    id: int
    list: str
    author: str
    created: float
    why: str
    source: str
    bytes: int  # that it takes in the database
    ended: float | None
    ended_by: str
    ended_why: str
    import_id: int | None  # what it became; None while it waits, and when it was dropped
    lapses: float  # when it ends by itself, if nobody releases it before


class _Kept(io.RawIOBase):
    """A stream that keeps, packed, what was read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._packer, self._size = stream, zlib.compressobj(1), 0
        self._pieces: list[bytes] = []

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._stream.read(len(view))
        if self._size <= MOST_BYTES:
            self._pieces.append(self._packer.compress(data))
            self._size += len(self._pieces[-1])
        view[: len(data)] = data
        return len(data)

    def packed(self) -> bytes:
        """Everything, or nothing when it is too much."""
        whole = b"".join([*self._pieces, self._packer.flush()])
        return whole if len(whole) <= MOST_BYTES else b""


async def import_or_hold(
    lists: Lists, name: str, stream: BinaryIO, origin: Origin, wishes: Wishes = PLAIN, *, column: str = ""
) -> ImportReport:
    """Import a file, or keep it when a person must look at it first: `Report.held` and `held_id` say so."""
    if wishes.dry_run or (wishes.insist and await may_insist(lists, lists.policy(name), wishes)):
        return await import_file(lists, name, stream, origin, wishes, column=column)
    stream_kept = _Kept(stream)
    report = await import_file(lists, name, io.BufferedReader(stream_kept, 2**20), origin, wishes, column=column)
    if report.held and (data := stream_kept.packed()):
        how = {key: getattr(wishes, key) for key in _KEPT_WISHES} | {"column": column}
        values = (name, origin.author, lists.now(), "; ".join(report.held), json.dumps(asdict(origin)))
        async with lists.store.transaction() as connection:
            done = await connection.execute(
                "insert into held_import (list, author, created, why, origin, wishes, data) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                (*values, json.dumps(how), data),
            )
            report.held_id = done.lastrowid
            detail = f"held import {report.held_id}: {'; '.join(report.held)}"
            kept = print_of_held(lists.entering.pseudonym, *values[3:], json.dumps(how), data)
            deed = Deed(values[2], origin.author, "list", name, HELD, origin.reason, detail, after=json.dumps(kept))
            await record(connection, [deed])
    return report


async def held_imports(lists: Lists, *, ended: bool = False) -> list[HeldImport]:
    """Those that wait, the oldest first; with ``ended`` also those that were released or dropped, or lapsed."""
    query = sql("select {columns} from held_import where ? or ended is null order by id", columns=_COLUMNS)
    rows = await lists.store.connection.execute_fetchall(query, (ended,))
    return [held for row in rows if (held := _held(lists, row)).ended is None or ended]


async def forget_lapsed(lists: Lists) -> int:
    """End what nobody released in time, and forget its file; how many that were. Whoever looks knows it before."""
    lapsed = [each for each in await held_imports(lists, ended=True) if each.ended_why and each.bytes]
    if not lapsed:
        return 0
    async with lists.store.transaction() as connection:
        await connection.executemany(
            "update held_import set ended = ?, ended_by = ?, ended_why = ?, data = x'' where id = ? and ended is null",
            [(each.ended, each.ended_by, each.ended_why, each.id) for each in lapsed],
        )
    return len(lapsed)


async def release_import(
    lists: Lists,
    held_id: int,
    *,
    author: str,
    reason: str,
    calls: Mapping[str, int],
    progress: Callable[[int], None] | None = None,
    writing: Callable[[int], None] | None = None,
) -> ImportReport:
    """Do a held import after all; who released it and why stands with the import. What is refused stays held.

    Two persons see it: whoever imported it cannot release it.
    """
    if is_blank(reason):
        raise EntryError("no-reason", "say why it is released: it stands with the import")
    connection = lists.store.connection
    held = await _waiting(lists, connection, held_id)
    lists.may_change(held.list, author)
    if author.strip().casefold() == held.author.strip().casefold():
        raise EntryError(
            "same-person", f"{author or 'who imported it'} imported it, so another person has to release it"
        )
    await _refuse_changed(lists, held_id)
    rows = list(
        await connection.execute_fetchall("select origin, wishes, data from held_import where id = ?", (held_id,))
    )
    how = json.loads(rows[0][1])
    column = how.pop("column")
    wishes = Wishes(
        **how,
        insist=True,
        calls=calls,
        progress=progress,
        writing=writing,
        release=Release(held_id, author, reason.strip()),
    )
    stream = io.BytesIO(zlib.decompress(rows[0][2]))
    return await import_file(lists, held.list, stream, _origin(rows[0][0]), wishes, column=column)


async def _refuse_changed(lists: Lists, held_id: int) -> None:
    """Refuse what is not as it was handed in: who writes another's name over his own would release it himself."""
    connection = lists.store.connection
    query = "select list, author, created, why, origin, wishes, data from held_import where id = ?"
    (row,) = await connection.execute_fetchall(query, (held_id,))
    for made in (one for one in await deeds_of(connection, "list", row[0]) if one.step == HELD):
        if made.detail.startswith(f"held import {held_id}: ") and (
            faults := changed_since(made, row, lists.entering.pseudonym)
        ):
            raise EntryError("not-as-entered", f"held import {held_id}: {'; '.join(faults)}; `audit verify` tells more")


async def drop_import(lists: Lists, held_id: int, *, author: str, reason: str = "") -> HeldImport:
    """Forget the file of a held import; that it was held, and who dropped it, stays known."""
    async with lists.store.transaction() as connection:
        held = await _waiting(lists, connection, held_id)
        lists.may_change(held.list, author)
        now = lists.now()
        await connection.execute(
            "update held_import set ended = ?, ended_by = ?, ended_why = ?, data = x'' where id = ?",
            (now, author, reason, held_id),
        )
        deed = Deed(now, author, "list", held.list, "held import dropped", reason, f"held import {held_id}")
        await record(connection, [deed])
    return held._replace(ended=now, ended_by=author, ended_why=reason, bytes=0)


async def _waiting(lists: Lists, connection: Connection, held_id: int) -> HeldImport:
    query = sql("select {columns} from held_import where id = ?", columns=_COLUMNS)
    rows = list(await connection.execute_fetchall(query, (held_id,)))
    if not rows:
        raise EntryError(
            "no-such-import", f"there is no held import {held_id}", hint="`ringfence lists held` shows them"
        )
    held = _held(lists, rows[0])
    if held.ended_by == _ITSELF:
        raise EntryError("ended", f"held import {held_id} lapsed: {held.ended_why}", hint="import it again")
    if held.ended is not None:
        done = f"released as import {held.import_id}" if held.import_id is not None else "dropped"
        raise EntryError("ended", f"held import {held_id} was {done} by {held.ended_by}")
    return held


def _held(lists: Lists, row: Sequence[Any]) -> HeldImport:
    hours = lists.settings.get(row[1], _DEFAULTS).proposal_hours
    held = HeldImport._make([*row[:5], json.loads(row[5])["source"], *row[6:], row[3] + hours * _HOUR_S])
    if held.ended is not None or lists.now() < held.lapses:
        return held
    return held._replace(ended=held.lapses, ended_by=_ITSELF, ended_why=f"nobody released it within {hours} hours")


def _origin(text: str) -> Origin:
    found = json.loads(text)
    qualification = found.pop("qualification")
    origin = Origin(**(found | {"trunks": tuple(found["trunks"])}))
    return replace(origin, qualification=Qualification(**qualification)) if qualification else origin


async def propose(
    lists: Lists,
    name: str,
    texts: Iterable[str],
    origin: Origin,
    wishes: Wishes,
    exceptions: tuple[str, ...] = (),
) -> ImportReport:
    """Put numbers on a list whose entries are qualified: they wait until their approver releases them."""
    left_out = {"except": " ".join(exceptions)} if exceptions else {}
    rows = [json.dumps({"number": text, **left_out}) for text in texts]
    return await import_or_hold(lists, name, io.BytesIO("\n".join([*rows, ""]).encode()), origin, wishes)

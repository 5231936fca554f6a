"""What was ever live: rule files by revision, with who put them there, why and when; only added to, never altered."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from rules.audit.chain import Deed, record
from rules.audit.entering import Entering
from rules.language.rule_files import NO_CONFIGURATION, RuleFiles
from rules.language.source import RuleError, read_document
from rules.storage.statements import Sql, sql
from rules.storage.store import HotReader, ReadError, Store, StoreError, database_path
from rules.texts.blanks import is_blank
from rules.texts.worded import worded

_COLUMNS = sql("number, hash, author, reason, created, packs")
_FILES = (
    "select f.pack, f.name, b.text from revision_file f join body b on b.id = f.body where f.number = ? "
    "order by f.pack, f.name"
)
NEWEST = "select max(number) from revision"


class FileText(NamedTuple):
    """One rule file as it was."""

    pack: str  # the shipped pack that it is; empty: a file of the operator
    name: str  # relative to ringfence.yaml where it lies below it
    text: str


class Texts(NamedTuple):
    """All that a rule set is made of, besides ringfence.yaml."""

    files: tuple[FileText, ...]
    use: tuple[Any, ...]  # the packs that are on, and how they are altered

    def as_files(self) -> RuleFiles:
        """Ready to be compiled: no include is followed, no pack is read from the disk."""
        found = RuleFiles(packs={one.pack: one.text for one in self.files if one.pack})
        for one in self.files:
            if one.pack:
                continue
            try:
                found.add_all([read_document(one.text, one.name)])
            except RuleError as error:
                found.faults += error.faults
        found.add_packs(self.use, NO_CONFIGURATION)
        return found


class Revision(NamedTuple):
    """Texts that were put live."""

    number: int
    hash: str
    author: str
    reason: str
    created: float
    texts: Texts

    @property
    def shown(self) -> str:
        """How people name it."""
        return worded("revision %(n)s", n=self.number)


def texts_of(files: RuleFiles, use: Iterable[Any], base: Path) -> Texts:
    """The texts of files that were read."""
    base = base.resolve()
    found = []
    for file in files.files:
        path = Path(file.document.file).resolve()
        below = path.relative_to(base).as_posix() if path.is_relative_to(base) else str(path)
        found.append(FileText(file.pack, f"{file.pack}.yaml" if file.pack else below, file.document.text))
    return Texts(tuple(sorted(found)), tuple(use))


def revisions_path(database: Path) -> Path:
    """Revisions lie beside the lists: whoever watches them is not woken by each list change or decision."""
    return database_path(database, "revisions")


class Superseded(Exception):
    """Somebody else put a revision live meanwhile."""


class Revisions:
    """The table of revisions; the newest is live."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store, self._now = store, now

    @classmethod
    async def open(
        cls, path: Path, *, now: Callable[[], float] = time.time, entering: Entering | None = None
    ) -> Revisions:
        """Open the database, which is made if it is missing."""
        taught = (entering or Entering()).into("revisions")
        return cls(await Store.open(path, "revisions", durable=True, taught=taught), now)

    async def add(self, texts: Texts, *, hash_: str, author: str, reason: str, after: int | None = None) -> int:
        """Put these texts live; their number. On the disk when it returns.

        Raises Superseded when the live revision is not ``after``, the one that the author compared with.
        """
        if is_blank(reason):
            raise StoreError("a revision without a reason: say why these rules go live; nothing was changed")
        async with self._store.transaction() as connection:
            newest = (await self._rows(NEWEST))[0][0] or 0
            if after is not None and newest != after:
                raise Superseded(f"revision {newest} went live meanwhile; look at what it changed, then try again")
            values = (hash_, author, reason, self._now(), json.dumps(texts.use, ensure_ascii=False))
            done = await connection.execute(
                "insert into revision (hash, author, reason, created, packs) values (?, ?, ?, ?, ?)", values
            )
            number = done.lastrowid
            assert number is not None
            for file in texts.files:
                body = hashlib.sha256(file.text.encode()).hexdigest()
                await connection.execute("insert into body values (?, ?) on conflict do nothing", (body, file.text))
                await connection.execute(
                    "insert into revision_file values (?, ?, ?, ?)", (number, file.pack, file.name, body)
                )
            before = f"revision {newest}" if newest else ""
            told = Deed(values[3], author, "rules", str(number), "put live", reason, f"rules {hash_}")
            await record(connection, [told._replace(before=before, after=f"revision {number}")])
        return number

    async def live(self) -> Revision | None:
        """The newest revision; None before the first."""
        return await self._one(sql("order by number desc"), ())

    async def get(self, number: int) -> Revision | None:
        """The revision with this number."""
        return await self._one(sql("where number = ?"), (number,))

    async def that_judged(self, hash_: str, at: float) -> Revision | None:
        """The revision whose rules carry this hash and that was live at this moment, as far as is known."""
        return await self._one(sql("where hash = ? order by created > ?, number desc"), (hash_, at))

    async def history(self, limit: int = 20) -> list[Revision]:
        """The newest revisions, newest first, without their texts."""
        rows = await self._rows(
            sql("select {columns} from revision order by number desc limit ?", columns=_COLUMNS), (limit,)
        )
        return [_revision(row, []) for row in rows]

    async def close(self) -> None:
        """Nothing is open any more."""
        await self._store.close()

    async def _one(self, where: Sql, values: tuple[object, ...]) -> Revision | None:
        rows = await self._rows(
            sql("select {columns} from revision {where} limit 1", columns=_COLUMNS, where=where), values
        )
        return _revision(rows[0], await self._rows(_FILES, (rows[0][0],))) if rows else None

    async def _rows(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        return list(await self._store.connection.execute_fetchall(query, values))


def read_revision(path: Path, number: int) -> Revision:
    """The revision with this number, for a thread that holds no loop; StoreError when it cannot be read."""
    reader = HotReader(path)
    try:
        rows = reader.rows(sql("select {columns} from revision where number = ?", columns=_COLUMNS), (number,))
        if not rows:
            raise StoreError(f"{path}: there is no revision {number}")
        return _revision(rows[0], reader.rows(_FILES, (number,)))
    except ReadError as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        reader.close()


def _revision(row: Any, files: Iterable[Any]) -> Revision:
    number, hash_, author, reason, created, use = row
    texts = Texts(tuple(FileText(*file) for file in files), tuple(json.loads(use)))
    return Revision(number, hash_, author, reason, created, texts)

"""What somebody does at the desk: in one transaction with its sums, and with its entries in the audit at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from desk import tallies
from desk.archive import Archive
from desk.protection import may_work
from rules.audit import chain as audit
from rules.storage.store import Connection


class Work:
    """Something that is being done: its block writes by the connection, counts, and enters what was done."""

    def __init__(self, connection: Connection, archive: Archive, actor: str) -> None:
        self.connection = connection
        self.archive = archive
        self.actor = actor
        self.now = archive.now()
        self.deeds: list[audit.Deed] = []
        self.sums = tallies.Sums()

    def count(self, keys: Iterable[tuple[str, str]], measure: str, at: float | None = None) -> None:
        """Count it under these keys, in the periods of a moment, by default of this one."""
        tallies.add(self.sums, keys, self.archive.periods(self.now if at is None else at), measure)

    def enter(
        self, subject: str, subject_id: str, step: str, reason: str = "", detail: str = "", *, after: str = ""
    ) -> None:
        """It stands in the audit once the block has ended."""
        self.deeds.append(audit.Deed(self.now, self.actor, subject, subject_id, step, reason, detail, after=after))


@asynccontextmanager
async def work(archive: Archive, actor: str, *, officer: bool = True) -> AsyncIterator[Work]:
    """All of the block, its sums and entries, or nothing; Refused for who may not work here.

    Not an ``officer`` are reporters, and the desk itself.
    """
    if officer:
        may_work(archive, actor)
    async with archive.store.transaction() as connection:
        doing = Work(connection, archive, actor)
        yield doing
        await tallies.write(connection, doing.sums)
        await audit.record(connection, doing.deeds)

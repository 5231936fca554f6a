"""Whose a number is: owners and businesses, each by one spelling, so that nobody starts clean by a capital letter."""

from __future__ import annotations

import unicodedata
from typing import Literal

from desk.archive import Archive
from desk.faults import ComplaintError
from desk.reading import one_line
from desk.showing import as_named
from rules.audit.chain import Deed, deeds_of
from rules.storage.statements import put, sql
from rules.storage.store import Connection

Holder = Literal["owner", "business"]
_SPELLINGS = sql("select name from belongs where kind = ?1 union select name from standing where kind = ?1")


async def spelled(archive: Archive, kind: Holder, name: str, field: str = "name") -> str:
    """The name as it stands already, where it differs in case, width or blanks only; else as it was written."""
    name = one_line(name, field)
    if not name:
        raise ComplaintError(field, f"say which {kind}")
    query = sql("select 1 from ({spellings}) where name = ?2", spellings=_SPELLINGS)
    connection = archive.lists.store.connection
    if "*" in name:  # as it is shown, without a number that is in it
        known = await connection.execute_fetchall(sql("{spellings} order by 1", spellings=_SPELLINGS), (kind,))
        name = as_named(name, [row[0] for row in known], archive.country)
    if list(await connection.execute_fetchall(query, (kind, name))):
        return name
    folded = _folded(name)
    for (known,) in await connection.execute_fetchall(sql("{spellings} order by 1", spellings=_SPELLINGS), (kind,)):
        if _folded(known) == folded:
            return str(known)
    return name


async def owner_of(archive: Archive, canonical: str) -> str:
    """Whose a number is; empty where nobody said."""
    query = "select name from belongs where number = ? and kind = 'owner'"
    rows = list(await archive.lists.store.connection.execute_fetchall(query, (canonical,)))
    return str(rows[0][0]) if rows else ""


async def clean_since(archive: Archive, canonical: str) -> float:
    """When the number came to its owner from another one; 0: as far as is known, it never did."""
    since, owner = 0.0, ""
    for deed in await deeds_of(archive.store.connection, "ladder", f"number {canonical}"):
        if name := given_to(deed):
            since, owner = (deed.at if owner not in ("", name) else since), name
    return since


def given_to(deed: Deed) -> str:
    """The owner that a number was given to by what the audit holds; empty: something else was done.

    Entries of before have the name behind the step, and the chain cannot be written anew.
    """
    return (
        deed.detail if deed.step == "owner" else deed.step.removeprefix("owner ") if deed.step[:6] == "owner " else ""
    )


async def give(connection: Connection, canonical: str, kind: Holder, name: str, now: float) -> None:
    """Write down whose a number is; a new owner starts clean with it."""
    query = "select name from belongs where number = ? and kind = ?"
    rows = list(await connection.execute_fetchall(query, (canonical, kind)))
    if kind == "owner" and rows and rows[0][0] != name:
        await connection.execute("delete from standing where kind = 'number' and name = ?", (canonical,))
        await connection.execute("delete from belongs where number = ? and kind = 'business'", (canonical,))
    await connection.execute(put("belongs", "number kind", "name since"), (canonical, kind, name, now))


def _folded(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())

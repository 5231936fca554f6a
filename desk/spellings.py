"""Offices and businesses by one spelling each: five ways to write one office are not five offices."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

from rules.storage.statements import name_of, sql
from rules.storage.store import Connection, Store

Named = Literal["branch", "business"]
_NAMED: tuple[Named, ...] = ("branch", "business")
_FIND = "select name from spelling where kind = ? and folded = ?"
# The sums of a name that is spelled otherwise go to the one that is kept.
_MERGE = (
    "insert into tally (dimension, key, period, measure, value) "
    "select dimension, ?3, period, measure, value from tally where dimension = ?1 and key = ?2 "
    "on conflict (dimension, period, measure, key) do update set value = value + excluded.value"
)


def folded(name: str) -> str:
    """What all spellings of a name have in common: case, width, blanks and what cannot be seen are nothing."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return "".join(one for one in plain if not one.isspace() and unicodedata.category(one) != "Cf")


async def settled(connection: Connection, kind: Named, names: Iterable[str]) -> dict[str, str]:
    """The spelling that is kept of each name: the one that was heard first. Within the transaction that uses it."""
    found: dict[str, str] = {}
    for name in dict.fromkeys(names):
        key = folded(name) or name
        rows = list(await connection.execute_fetchall(_FIND, (kind, key)))
        if not rows:
            await connection.execute("insert into spelling values (?, ?, ?)", (kind, key, name))
        found[name] = str(rows[0][0]) if rows else name
    return found


async def respell(store: Store) -> None:
    """Bring what was filed before there was one spelling to it, once: complaints, and the sums that count them."""
    query = "select spelled from progress"
    if next(iter(await store.connection.execute_fetchall(query)))[0]:
        return
    async with store.transaction() as connection:
        if next(iter(await connection.execute_fetchall(query)))[0]:
            return  # another process was faster
        for kind in _NAMED:
            column = name_of(kind)
            names = sql(
                "select {column} from complaint where {column} <> '' group by {column} order by min(id)", column=column
            )
            heard = [row[0] for row in await connection.execute_fetchall(names)]
            for name, kept in (await settled(connection, kind, heard)).items():
                if name != kept:
                    update = sql("update complaint set {column} = ? where {column} = ?", column=column)
                    await connection.execute(update, (kept, name))
                    await connection.execute(_MERGE, (kind, name, kept))
                    await connection.execute("delete from tally where dimension = ? and key = ?", (kind, name))
        await connection.execute("update progress set spelled = 1")

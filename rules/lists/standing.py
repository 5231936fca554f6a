"""How many of some entries still stand on a list: what was hit once may have left it since."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import islice

from rules.lists.editing import Lists
from rules.numbering.intervals import encode
from rules.storage.statements import name_of, sql

_AT_ONCE = 20_000


async def how_many_stand(lists: Lists, name: str, texts: Iterable[str]) -> int:
    """Of these different entries, as people write them, so many stand on the list."""
    rest, found = iter(texts), 0
    while some := list(islice(rest, _AT_ONCE)):
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

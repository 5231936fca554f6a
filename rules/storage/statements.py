"""SQL as a type of its own: what stands in the sources is SQL, what comes from anywhere else is a value beside it.

A statement is put together by `sql` from a literal and from pieces that are SQL themselves: mypy refuses a plain text
among them, and a test every text that is no literal. So nothing that somebody sent can come to stand in a statement,
and what is said of a table is said once, whichever database reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NewType

Sql = NewType("Sql", str)
_WORD = re.compile(r"[a-z][a-z0-9_-]*")


def sql(text: str, **pieces: Sql | float) -> Sql:
    """The literal ``text`` with its ``{names}`` filled in by pieces; without pieces, the text as it stands."""
    return Sql(text.format_map(pieces) if pieces else text)


def joined(between: str, pieces: Iterable[Sql]) -> Sql:
    """The pieces in a row, with the literal ``between`` between them: a comma, *or*."""
    return Sql(between.join(pieces))


def every(conditions: Iterable[Sql]) -> Sql:
    """All of the conditions; true where there are none."""
    return joined(" and ", conditions) or Sql("true")


def name_of(text: str) -> Sql:
    """The name of a table or column; ValueError for what is none."""
    return Sql(_word(text))


def columns_of(names: Iterable[str], table: str = "") -> Sql:
    """Names of columns with commas, of the table that goes by this name in the statement."""
    of = f"{name_of(table)}." if table else ""
    return Sql(", ".join(f"{of}{name_of(one)}" for one in names))


def quoted(texts: Iterable[str]) -> Sql:
    """Words of ours as SQL writes texts, with commas: states and kinds."""
    return Sql(", ".join(f"'{_word(text)}'" for text in texts))


def places(count: int) -> Sql:
    """As many places for values."""
    return Sql(", ".join(["?"] * count))


def put(table: str, key: str, others: str) -> Sql:
    """Writes a row, in place of the one with its key if there is one; columns by name, with blanks between them."""
    keys, rest = key.split(), others.split()
    return sql(
        "insert into {table} ({columns}) values ({places}) on conflict ({key}) do update set {changes}",
        table=name_of(table),
        columns=columns_of((*keys, *rest)),
        places=places(len(keys) + len(rest)),
        key=columns_of(keys),
        changes=joined(", ", (sql("{name} = excluded.{name}", name=name_of(one)) for one in rest)),
    )


def wanted(values: Mapping[str, object]) -> tuple[list[Sql], list[object]]:
    """A condition for each column of which something is wanted, and the values; what is empty or 0 is not asked."""
    asked = {column: value for column, value in values.items() if value}
    return [Sql(f"{name_of(column)} = ?") for column in asked], list(asked.values())


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(f"{text!r} is no word of SQL")
    return text

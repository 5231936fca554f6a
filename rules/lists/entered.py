"""What the audit tells of changes of lists: single numbers by pseudonyms, prefixes and ranges as they are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

from rules.audit.chain import Deed, record
from rules.audit.entering import Entering
from rules.lists.origins import CONTENT, Entry, Origin
from rules.storage.statements import sql
from rules.storage.store import Connection

ADDED: Final = "put on list"
CHANGED: Final = "changed on list"
REMOVED: Final = "taken off list"
IMPORTED: Final = "imported"
UNDONE: Final = "import undone"
HELD: Final = "import held"
_MOST_ORIGINS = 200  # of an import, each told by a print of its own


async def enter_added(connection: Connection, entering: Entering, entries: Iterable[Entry], now: float) -> None:
    """Enter what was put on a list, or changed there; within the transaction that does it."""
    deeds = []
    for one in entries:
        if one.before is not None and not one.changed:
            continue  # it stood like that
        step = CHANGED if one.before is not None else ADDED
        deed = _deed(entering, one, step, one.origin.author, one.origin.reason, now)
        before = of_origin(one.before) if one.before is not None else ""
        left_out = f"; leaves out {len(one.exceptions)}" if one.exceptions else ""
        deeds.append(deed._replace(detail=deed.detail + left_out, before=before, after=of_origin(one.origin)))
    await record(connection, deeds)


async def enter_removed(
    connection: Connection, entering: Entering, entries: Iterable[Entry], now: float, *, author: str, reason: str
) -> None:
    """Enter what was taken off a list; within the transaction that does it."""
    deeds = [
        _deed(entering, one, REMOVED, author, reason, now)._replace(before=of_origin(one.origin)) for one in entries
    ]
    await record(connection, deeds)


def _deed(entering: Entering, entry: Entry, step: str, author: str, reason: str, now: float) -> Deed:
    many = "*" in entry.text or ".." in entry.text
    about = ("list", entry.list) if many else ("number", entering.pseudonym(entry.text))
    return Deed(now, author, *about, step, reason, f"{entry.list}: {entry.text}" if many else entry.list)


def of_origin(origin: Origin) -> str:
    """What was said of an entry, as far as it is something."""
    said = {
        "source": origin.source,
        "expires": origin.expires,
        "evidence": origin.evidence,
        "note": origin.note,
        "trunks": list(origin.trunks),
        "approver": origin.qualification.approver if origin.qualification else "",
    }
    return json.dumps({name: value for name, value in said.items() if value}, ensure_ascii=False)


async def enter_cut(
    connection: Connection, entering: Entering, name: str, text: str, before: Origin, origin: Origin, now: float
) -> None:
    """Enter that an allow entry leaves out from now on what was put on another list."""
    entry = Entry(name, text, origin, now)
    deed = _deed(entering, entry, CHANGED, origin.author, origin.reason, now)
    deed = deed._replace(detail=f"{deed.detail}; leaves out more", before=of_origin(before), after=of_origin(origin))
    await record(connection, [deed])


def print_of(hide: Callable[[str], str], values: Sequence[Any]) -> str:
    """What stands in a row, by a keyed hash: nobody learns from it what that is, and whoever changes it is found."""
    return hide(json.dumps(list(values), ensure_ascii=True))[:32]


def print_of_held(hide: Callable[[str], str], why: str, origin: str, wishes: str, data: bytes) -> dict[str, str]:
    """The same of an import that waits: how it is to be done, and its file, which goes when it ends."""
    return {"how": print_of(hide, (why, origin, wishes)), "file": print_of(hide, (sha256(data).hexdigest(),))}


async def print_of_import(connection: Connection, hide: Callable[[str], str], import_id: int) -> str:
    """The same of an import that was made, and of each of its origins unless they are many."""
    query = "select author, source, created from import where id = ?"
    (made,) = await connection.execute_fetchall(query, (import_id,))
    query = sql("select id, {columns} from origin where import_id = ? limit ?", columns=CONTENT)
    rows = list(await connection.execute_fetchall(query, (import_id, _MOST_ORIGINS + 1)))
    each = {str(row[0]): print_of(hide, row[1:]) for row in rows} if len(rows) <= _MOST_ORIGINS else {}
    return json.dumps({"import": print_of(hide, made), "origins": each})

"""What the audit tells of changes of lists: single numbers by pseudonyms, prefixes and ranges as they are written."""

from __future__ import annotations

import json
from collections.abc import Iterable

from rules.audit.chain import Deed, record
from rules.audit.entering import Entering
from rules.lists.origins import Entry, Origin
from rules.storage.store import Connection


async def enter_added(connection: Connection, entering: Entering, entries: Iterable[Entry], now: float) -> None:
    """Enter what was put on a list, or changed there; within the transaction that does it."""
    deeds = []
    for one in entries:
        if one.before is not None and not one.changed:
            continue  # it stood like that
        step = "changed on list" if one.before is not None else "put on list"
        deed = _deed(entering, one, step, one.origin.author, one.origin.reason, now)
        before = _told(one.before) if one.before is not None else ""
        left_out = f"; leaves out {len(one.exceptions)}" if one.exceptions else ""
        deeds.append(deed._replace(detail=deed.detail + left_out, before=before, after=_told(one.origin)))
    await record(connection, deeds)


async def enter_removed(
    connection: Connection, entering: Entering, entries: Iterable[Entry], now: float, *, author: str, reason: str
) -> None:
    """Enter what was taken off a list; within the transaction that does it."""
    deeds = [
        _deed(entering, one, "taken off list", author, reason, now)._replace(before=_told(one.origin))
        for one in entries
    ]
    await record(connection, deeds)


def _deed(entering: Entering, entry: Entry, step: str, author: str, reason: str, now: float) -> Deed:
    many = "*" in entry.text or ".." in entry.text
    about = ("list", entry.list) if many else ("number", entering.pseudonym(entry.text))
    return Deed(now, author, *about, step, reason, f"{entry.list}: {entry.text}" if many else entry.list)


def _told(origin: Origin) -> str:
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

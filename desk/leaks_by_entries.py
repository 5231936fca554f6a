"""Inquiries, the directory of offices and letters held against the entries, or against what they are about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from rules.audit.chain import Deed, every_deed
from rules.storage.statements import sql
from rules.storage.store import Connection

_DIRECTORY: Final = (
    "select id, title, name, bank, answers, added from office order by id",
    "select office, name from office_name order by office, name",
    "select key, exact, office from office_key order by key, exact",
)
_INQUIRY = sql(
    "id, office, state, opened, opened_by, asked, asked_of, due, answered, answer, closed, closed_by, finding, reason"
)
_LETTERS = (
    "select l.id, l.kind, l.about, l.contact_key, l.number, "
    "coalesce(c.contact_key, a.contact_key, o.contact_key), coalesce(c.accused, a.number) from letter l "
    "left join complaint c on l.about = 'complaint' and c.reference = l.reference "
    "left join appeal a on l.about = 'appeal' and a.reference = l.reference "
    "left join owner_contact o on l.about = 'owner' and o.name = l.reference where l.sent is null order by l.id"
)


async def print_of_directory(connection: Connection) -> str:
    """Over all offices, their names and what they are found by, for the entry of a change of it."""
    digest = sha256()
    for query in _DIRECTORY:
        async with connection.execute(query) as cursor:
            async for row in cursor:
                digest.update(json.dumps(list(row), ensure_ascii=True).encode())
    return f"sha256 {digest.hexdigest()[:32]}"


def asked_so(asked_of: str, due: float) -> str:
    """Of whom and until when an office is asked, for the entry of it."""
    return json.dumps({"asked of": asked_of, "due": due}, ensure_ascii=False)


async def leak_faults(connection: Connection) -> list[str]:
    """What of offices, inquiries and letters that wait is not as it was entered."""
    return [*await _directory(connection), *await _inquiries(connection), *await _letters(connection)]


async def _directory(connection: Connection) -> list[str]:
    query = "select after from step where subject = 'office' order by id desc limit 1"
    told = next((row[0] for row in await connection.execute_fetchall(query)), None)
    if told is None:
        rows = await connection.execute_fetchall("select count(*) from office")
        return ["offices: there are some, and no entry says so"] if next(iter(rows))[0] else []
    if told and told != await print_of_directory(connection):
        return ["offices: the directory is not as its last entry left it"]
    return []


async def _inquiries(connection: Connection) -> list[str]:
    deeds, _ = await every_deed(connection, "inquiry")
    moved = [deed.at for several in (await every_deed(connection, "office"))[0].values() for deed in several]
    query = sql("select {columns} from inquiry order by id", columns=_INQUIRY)
    faults, seen = [], set[str]()
    for inquiry, *row in await connection.execute_fetchall(query):
        seen.add(str(inquiry))
        faults += [f"inquiry {inquiry}: {what}" for what in _against(deeds.get(str(inquiry), []), row, moved)]
    return faults + [f"inquiry {one} is missing: its entries tell of it" for one in deeds if one not in seen]


def _against(deeds: Sequence[Deed], row: Sequence[Any], moved: Sequence[float]) -> list[str]:
    office, state, opened, opened_by, asked, asked_of, due, answered, answer, closed, closed_by, finding, reason = row
    by_step = {deed.step: deed for deed in deeds}
    made, told, ended = (by_step.get(step) for step in ("opened", "answered", "closed"))
    if made is None:
        return ["it has no entry"]
    faults = []
    if state != deeds[-1].step.replace("opened", "open"):
        faults.append(f"it is {state}, by its entries {deeds[-1].step}")
    if (opened, opened_by, asked) != (made.at, made.actor, made.reason):
        faults.append("what was asked, by whom or when is not as its entry says")
    if made.after and made.after != asked_so(asked_of, due):
        faults.append("of whom it is asked, or until when, is not as its entry says")
    if office != made.detail and not any(at >= made.at for at in moved):  # an office that is merged takes it along
        faults.append(f"it is of {office}, by its entry of {made.detail}")
    if (answered, answer) != ((told.at, told.reason) if told else (None, "")):
        faults.append("the answer is not as its entry says")
    if (closed, closed_by, finding, reason) != (
        (ended.at, ended.actor, ended.detail, ended.reason) if ended else (None, "", "", "")
    ):
        faults.append("what was found, by whom or why is not as its entry says")
    return faults


async def _letters(connection: Connection) -> list[str]:
    """A letter that waits is about something that is there, goes to its address, and names its number."""
    faults = []
    for letter, kind, about, key, number, address, accused in await connection.execute_fetchall(_LETTERS):
        if address is None:
            faults.append(f"letter {letter}: it is about nothing that is there")
        elif key != address:
            faults.append(f"letter {letter}: it goes to another address than that of its {about}")
        elif about != "owner" and kind != "confirm" and number != accused:
            faults.append(f"letter {letter}: its number is another than that of its {about}")
    return faults

"""Numbers in full by what names them: a case, a complaint, an appeal, a call, or the pseudonym that stands for one."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from desk.archive import Archive
from desk.case_files import case_of
from desk.complaint_rows import find
from desk.disclosure import subject_of
from desk.faults import ComplaintError, NotFound
from desk.secrecy import read_reference
from desk.unmasking import Unmasking, need_reason, unmask
from rules.audit.second import confirmed
from rules.records.decisions import Decisions
from rules.storage.store import Connection

MOST = 50  # at once
_DECISION = re.compile(r"[0-9a-f]{20}")
_PSEUDONYM = re.compile(r"[0-9a-f]{32}")
_AT_THE_DESK = "select number from case_file union select number from appeal"
_IN_LISTS = (
    "select number from belongs union select name from standing where kind = 'number' union select number from seal"
)


class InFull(NamedTuple):
    """A number that somebody asked for."""

    of: str  # what he named it by
    number: str


async def in_full(archive: Archive, named: Sequence[str], *, actor: str, reason: str, by: str) -> list[InFull]:
    """These numbers, once it stands in the audit who sees them and why; several take a second person.

    Raises where one of them is not known, or not to be seen now: then none is shown.
    """
    need_reason(reason)
    asked = list(dict.fromkeys(text.strip() for text in named))
    if not 0 < len(asked) <= MOST:
        raise ComplaintError("of", f"name 1 to {MOST} of them")
    found = [InFull(text, await _number_of(archive, text)) for text in asked]
    hidden, how = list(dict.fromkeys(archive.secrecy.pseudonym(one.number) for one in found)), ""
    if len(hidden) > 1:  # one at a time is one person's to see
        about = f"numbers of {', '.join(asked[:5])}{' ...' if len(asked) > 5 else ''} in full"
        told = {"asked": archive.secrecy.pseudonym(repr(sorted(hidden)))}
        how = await archive.second.ask("unmask", about, told, actor=actor, reason=reason)
    with confirmed(how):
        await unmask(archive, Unmasking("number", hidden, actor, reason, by))
    return found


async def _number_of(archive: Archive, text: str) -> str:
    folded = text.lower()
    if _DECISION.fullmatch(folded):
        decision = await Decisions(archive.decisions).find(folded)
        if decision is None or not decision.caller:
            raise NotFound("of", f"no record of the call {folded} has a number")
        return decision.caller
    if _PSEUDONYM.fullmatch(folded):
        return await _behind(archive, folded)
    connection = archive.store.connection
    try:
        subject, subject_id = subject_of(archive, text)
    except ComplaintError:
        subject, subject_id = "", ""
    if subject == "case":
        return (await case_of(connection, int(subject_id))).number
    if subject == "complaint":
        return (await find(connection, subject_id)).accused
    if subject == "appeal":
        query = "select number from appeal where reference = ?"
        if rows := list(await connection.execute_fetchall(query, (read_reference(subject_id),))):
            return str(rows[0][0])
        raise NotFound("of", f"there is no appeal {subject_id[:40]!r}")
    raise ComplaintError("of", f"{text[:40]!r} is none; write case 1, C-..., A-..., the id of a call, or a pseudonym")


async def _behind(archive: Archive, pseudonym: str) -> str:
    """The number of a case, an appeal, a seal or the ladder that has this pseudonym."""
    for connection, query in ((archive.lists.store.connection, _IN_LISTS), (archive.store.connection, _AT_THE_DESK)):
        async for number in _every(connection, query):
            if archive.secrecy.pseudonym(number) == pseudonym:
                return number
    raise NotFound("of", f"no number of a case, an appeal, a seal or the ladder has the pseudonym {pseudonym}")


async def _every(connection: Connection, query: str) -> AsyncIterator[str]:
    async with connection.execute(query) as cursor:
        async for row in cursor:
            yield row[0]

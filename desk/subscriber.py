"""What is held of one subscriber: told to him as a whole, and erased when he asks, but for what evidence rests on."""

from __future__ import annotations

from typing import Any, NamedTuple

from desk.archive import Archive
from desk.complaint_rows import COLUMNS, complaint_of
from desk.disclosure import EXPORTED
from desk.faults import ComplaintError
from desk.unmasking import Unmasking, enter_within_the_hour
from rules.audit import chain as audit
from rules.audit.second import confirmed
from rules.lists.subscribers import SubscriberStore
from rules.numbering.typed import one_typed
from rules.records.privacy import mask
from rules.storage.statements import name_of, sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

ERASED = "erased"
_MINE = sql("reporter = ?1 or line = ?1")
_CALLS = (
    "select id, at, caller, action, 'record' kind from decision where called_key = ?1 union all "
    "select id, at, caller, '', 'short record' from short_record where called_key = ?1 order by 2"
)


class Held(NamedTuple):
    """All of it, ready to be written out."""

    complaints: list[dict[str, Any]]  # with his words
    calls: list[dict[str, Any]]  # to him
    own_lists: list[dict[str, Any]]
    rang: list[dict[str, Any]]  # who rang him lately, as evidence counts it
    emergency_call: float | None  # when he last made one, as long as it is known


class Erased(NamedTuple):
    """How much of each went."""

    words: int
    calls: int  # records that do not lead to him any more
    own_lists: int
    rang: int


async def held_of(archive: Archive, number: str, *, actor: str, reason: str) -> Held:
    """Everything that is held under a number, once it stands in the audit who takes it out, and why.

    It counts as a number that one person sees in full in an hour.
    """
    _need(reason)
    canonical = _canonical(archive, number)
    key, told, now = archive.secrecy.pseudonym(canonical), "all that is held of a subscriber", archive.now()
    wanted = Unmasking("number", [key], actor, reason.strip(), told)
    deed = audit.Deed(now, actor, "number", key, EXPORTED, reason.strip(), told)
    await enter_within_the_hour(archive.store, archive.privacy, wanted, [deed], now)
    desk, calls = archive.store.connection, archive.decisions.connection
    query = sql("select contents, {columns} from complaint where {mine} order by id", columns=COLUMNS, mine=_MINE)
    complaints = []
    for blob, *row in await desk.execute_fetchall(query, (key,)):
        complaint = complaint_of(row)
        complaints.append(complaint._asdict() | {"words": archive.secrecy.decrypt(blob, complaint.reference)})
    rang = "select caller, last, decision from rang where line = ? order by last"
    ((emergency,),) = await calls.execute_fetchall("select max(at) from call_for_help where number_key = ?", (key,))
    return Held(
        complaints,
        _named(("decision", "at", "caller", "verdict", "kind"), await calls.execute_fetchall(_CALLS, (key,))),
        [one._asdict() for one in await _lists(archive).show(canonical, country=archive.country)],
        _named(("caller", "last", "decision"), await desk.execute_fetchall(rang, (key,))),
        emergency,
    )


async def erase(archive: Archive, number: str, *, actor: str, reason: str) -> Erased:
    """Erase his words and addresses, his own lists, and what leads from calls to him.

    What stays tells nobody who he is without the key: that somebody complained, by a pseudonym on which evidence and
    the audit rest, and entries of the audit.
    """
    _need(reason)
    canonical = _canonical(archive, number)
    key, now = archive.secrecy.pseudonym(canonical), archive.now()
    wanted = Unmasking("number", [key], actor, reason.strip(), "erasure")
    about, hidden = f"what is held of the subscriber {mask(canonical)}", {"number": key}
    how = await archive.second.ask("erase", about, hidden, actor=actor, reason=reason.strip())
    with confirmed(how):
        await enter_within_the_hour(archive.store, archive.privacy, wanted, [], now)
    lists, own = _lists(archive), 0
    for one in await lists.show(canonical, country=archive.country):
        kind: Any = one.kind
        await lists.remove(canonical, kind, one.entry, country=archive.country, author=actor)
        own += 1
    async with archive.decisions.transaction() as connection:
        forgotten = 0
        for query in (
            "update decision set called_key = '' where called_key = ?",
            "delete from short_record where called_key = ?",
            "delete from call_for_help where number_key = ?",
        ):
            forgotten += (await connection.execute(query, (key,))).rowcount
    async with archive.store.transaction() as connection:
        await connection.execute(
            "delete from letter where sent is null and reference in "
            "(select reference from complaint where reporter = ?)",
            (key,),
        )
        await _forget_names(connection, key)
        words = await connection.execute(
            "update complaint set contents = null, contact_key = '' where reporter = ? and contents is not null", (key,)
        )
        rang = await connection.execute("delete from rang where line = ?", (key,))
        erased = Erased(words.rowcount, forgotten, own, rang.rowcount)
        detail = ", ".join(f"{name.replace('_', ' ')}: {count}" for name, count in erased._asdict().items())
        detail += f"; {how}" if how else ""
        await audit.record(connection, [audit.Deed(now, actor, "number", key, ERASED, reason.strip(), detail)])
    return erased


async def _forget_names(connection: Connection, key: str) -> None:
    """Offices and businesses that he alone named are his words, too: whatever he wrote there may say who he is."""
    for kind in ("branch", "business"):
        column = name_of(kind)
        query = sql(
            "select distinct {column} from complaint c where reporter = ?1 and {column} <> '' "
            "and not exists (select 1 from office where title = c.{column}) "
            "and not exists (select 1 from inquiry where office = c.{column}) "
            "and not exists (select 1 from complaint o where o.{column} = c.{column} and o.reporter <> ?1)",
            column=column,
        )
        for (name,) in await connection.execute_fetchall(query, (key,)):
            await connection.execute(
                sql("update complaint set {column} = '' where {column} = ?", column=column), (name,)
            )
            await connection.execute("delete from tally where dimension = ? and key = ?", (kind, name))
            await connection.execute("delete from spelling where kind = ? and name = ?", (kind, name))
            if kind == "branch":
                for table in ("leak_seen", "leak_counted", "leak_changed"):
                    gone = sql("delete from {table} where office = ?", table=name_of(table))
                    await connection.execute(gone, (name,))
    await connection.execute("update complaint set heard = '' where reporter = ? and heard <> ''", (key,))


def _need(reason: str) -> None:
    if is_blank(reason):
        raise ComplaintError("reason", "say who asked for it; it stands in the audit")


def _canonical(archive: Archive, number: str) -> str:
    try:
        canonical = one_typed(number.strip(), archive.country, called=True).canonical
    except ValueError as error:
        raise ComplaintError("number", str(error)) from error
    if not canonical:
        raise ComplaintError("number", f"{number[:40]!r} is no number of a subscriber")
    return canonical


def _lists(archive: Archive) -> SubscriberStore:
    return SubscriberStore(archive.lists.store, archive.secrecy.key_of_pseudonyms, archive.now)


def _named(names: tuple[str, ...], rows: Any) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]

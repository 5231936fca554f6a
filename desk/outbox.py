"""What became of letters on their way: tried again after growing pauses for days, given up, put back by a person.

A mail server that is away says nothing about a letter, so that it never costs one (RFC 5321 section 4.5.4.1 asks for
four to five days of tries; for a server of our own there is no end).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from desk.archive import Archive
from desk.faults import ComplaintError, NotFound
from desk.protection import may_work
from desk.work import work
from rules.audit import chain as audit
from rules.storage.statements import sql

PAUSES_S = (60.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0)  # the last one again and again
_SENDING_S = 600.0  # longer than any server takes for one
_DAY_S = 86_400.0
_CONFIRMED = sql("exists (select 1 from confirmed c where c.contact_key = l.contact_key)")
MAY_LEAVE = sql("l.sent is null and l.given_up is null and (l.kind = 'confirm' or {confirmed})", confirmed=_CONFIRMED)


class Fault(StrEnum):
    """Whose fault it is that a letter did not leave."""

    SERVER = "server"  # it cannot be reached, or takes nothing from us at all
    TEMPORARY = "temporary"  # 4xx, or the connection broke: the same letter may go later
    PERMANENT = "permanent"  # 5xx: it never will


class Kept(NamedTuple):
    """A letter in the outbox, without its address and words."""

    id: int
    kind: str
    about: str  # complaint, appeal or owner
    outcome: str
    created: float
    attempts: int
    state: str  # waits, unconfirmed, given up
    next_try: float | None  # None: at once, or never
    waits_for: str


async def kept(archive: Archive, limit: int, after: int, *, given_up: bool = False) -> list[Kept]:
    """What has not left, the oldest first; ``after`` is the id of the last one of the page before."""
    only = sql("and l.given_up is not null") if given_up else sql("")
    query = sql(
        "select l.id, l.kind, l.reference, l.outcome, l.created, l.attempts, "
        "case when l.given_up is not null then 'given up' "
        "when l.kind <> 'confirm' and not {confirmed} then 'unconfirmed' else 'waits' end as state, "
        "nullif(l.next_try, 0), l.error "
        "from letter l where l.sent is null and l.id > ? {only} order by l.id limit ?",
        confirmed=_CONFIRMED,
        only=only,
    )
    rows = await archive.store.connection.execute_fetchall(query, (after, limit))
    return [_kept(Kept(*row)) for row in rows]


def _kept(one: Kept) -> Kept:
    error = one.waits_for
    match one.state:
        case "given up":
            return one._replace(next_try=None, waits_for=f"letters retry {one.id}; given up: {error}")
        case "unconfirmed":
            return one._replace(next_try=None, waits_for="the address to be confirmed")
    return one._replace(waits_for=f"another try: {error}" if error else "letters send")


async def claim(archive: Archive, letter: int) -> bool:
    """May we send it? False: another process is about to, or did; after a stop it is due again."""
    now = archive.now()
    query = (
        "update letter set next_try = ?, fault = '' "  # else the server's return would make it due once more
        "where id = ? and sent is null and given_up is null and next_try <= ?"
    )
    async with archive.store.transaction() as connection:
        return (await connection.execute(query, (now + _SENDING_S, letter, now))).rowcount == 1


async def note_sent(archive: Archive, letter: int, until: float) -> None:
    """It has left; the code in it counts ``until`` then."""
    query = "update letter set sent = ?1, until = case when kind = 'confirm' then ?2 end where id = ?3"
    async with archive.store.transaction() as connection:
        await connection.execute(query, (archive.now(), until, letter))


async def ran_out(archive: Archive, contact_key: str) -> bool:
    """Does the code that was sent to an address count no more? One that left before codes ran out always does."""
    query = "select 1 from letter where kind = 'confirm' and contact_key = ? and until <= ?"
    return bool(list(await archive.store.connection.execute_fetchall(query, (contact_key, archive.now()))))


async def ask_again(archive: Archive, contact_key: str, about: tuple[str, str], *, actor: str) -> None:
    """Let the request to confirm an address leave once more: an officer was asked for it."""
    async with work(archive, actor) as doing:
        query = (
            "update letter set about = ?, reference = ?, sent = null, until = null, given_up = null, next_try = 0, "
            "first_failed = null, attempts = 0, fault = '', error = '' where kind = 'confirm' and contact_key = ?"
        )
        await doing.connection.execute(query, (*about, contact_key))
        doing.enter(*about, "asked to confirm again")


async def note_failed(archive: Archive, letters: Sequence[int], error: str, fault: Fault) -> None:
    """They could not leave: they are tried again after a pause, or given up, which the desk is told."""
    now = archive.now()
    mail = archive.settings.mail
    patience_s = (mail.patience_days if mail else 5.0) * _DAY_S
    async with archive.store.transaction() as connection:
        for letter in letters:
            query = "select about, reference, attempts, first_failed from letter where id = ? and sent is null"
            rows = list(await connection.execute_fetchall(query, (letter,)))
            if not rows:
                continue
            about, reference, attempts, first_failed = rows[0]
            since = now if first_failed is None or fault is Fault.SERVER else first_failed
            over = fault is Fault.PERMANENT or (fault is Fault.TEMPORARY and now - since >= patience_s)
            await connection.execute(
                "update letter set attempts = attempts + 1, error = ?, fault = ?, next_try = ?, first_failed = ?, "
                "given_up = ? where id = ?",
                (
                    *(error[:200], fault, now + PAUSES_S[min(attempts, len(PAUSES_S) - 1)]),
                    *(None if fault is Fault.SERVER else since, now if over else None, letter),
                ),
            )
            if over:
                deed = audit.Deed(
                    now, "ringfence", about, reference, "letter given up", error[:200], f"letter {letter}"
                )
                await audit.record(connection, [deed])


async def server_is_back(archive: Archive) -> None:
    """Whatever waited for the server only is due."""
    query = (
        "update letter set next_try = 0 where fault = 'server' and sent is null and given_up is null and next_try > 0"
    )
    async with archive.store.transaction() as connection:
        await connection.execute(query)


async def retry(archive: Archive, letters: Sequence[int], *, actor: str) -> list[int]:
    """Let these letters leave with the next `letters send`, whatever was wrong; none named: all that have not left."""
    may_work(archive, actor)
    connection = archive.store.connection
    waiting = {row[0] for row in await connection.execute_fetchall("select id from letter where sent is null")}
    if unknown := sorted(set(letters) - waiting):
        raise NotFound("letter", f"no letter {unknown[0]} waits; `ringfence letters list` shows those that do")
    wanted = sorted(set(letters) or waiting)
    if not wanted:
        raise ComplaintError("letter", "no letter waits")
    async with work(archive, actor) as doing:
        connection, now = doing.connection, doing.now
        query = "select id from letter where id = ? and sent is null and (given_up is not null or next_try > ?)"
        put_back = [one for one in wanted if list(await connection.execute_fetchall(query, (one, now)))]
        await connection.executemany(
            "update letter set given_up = null, next_try = 0, first_failed = null, attempts = 0, fault = '', "
            "error = '' where id = ?",
            [(one,) for one in put_back],
        )
        for one in put_back:
            doing.enter("letter", str(one), "retry")
    return put_back


async def given_up(archive: Archive) -> tuple[int, int]:
    """How many letters were given up, and to how many addresses they were."""
    query = "select count(*), count(distinct contact_key) from letter where given_up is not null and sent is null"
    (row,) = await archive.store.connection.execute_fetchall(query)
    return row[0], row[1]


async def waiting_for_server(archive: Archive) -> tuple[int, float | None]:
    """How many letters the mail server did not take, and since when the oldest of them waits."""
    query = "select count(*), min(created) from letter where fault = 'server' and sent is null and given_up is null"
    (row,) = await archive.store.connection.execute_fetchall(query)
    return row[0], row[1]

"""What reporters, appellants and owners are told: queued with the step that it tells of, written when it leaves."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import NamedTuple

from desk.archive import Archive
from desk.case_files import case_of
from desk.complaint_rows import Complaint
from desk.faults import ComplaintError, NotFound
from desk.holders import spelled
from desk.letter_reasons import for_the_other_side
from desk.letter_texts import LetterTexts, Written
from desk.outbox import (
    MAY_LEAVE,
    Fault,
    Kept,
    ask_again,
    claim,
    kept,
    note_failed,
    note_sent,
    ran_out,
    retry,
    server_is_back,
)
from desk.reading import read_contact
from desk.secrecy import OTHER_KEY, about_of, is_reference, read_reference
from desk.states import ComplaintState
from desk.work import work
from rules.storage.statements import put, sql
from rules.storage.store import Connection

# Of which step a reporter hears the reason, by what came of the complaint.
_TOLD = {"unfounded": "close as unfounded", "handed over": "their answer", "rejected": "rejected"}
# Where the address stands of whom a letter is about.
_ADDRESSES = {
    "complaint": "select contact_key, contents from complaint where reference = ?",
    "appeal": "select contact_key, contents from appeal where reference = ?",
    "owner": "select contact_key, contents from owner_contact where name = ?",
}
_INSERT = (
    "insert into letter (kind, about, reference, contact_key, outcome, number, created) "
    "values (?, ?, ?, ?, ?, ?, ?) on conflict do nothing"
)


class Letter(NamedTuple):
    """A letter that may leave."""

    id: int
    kind: str
    to: str
    subject: str
    body: str


class Told(NamedTuple):
    """What came of a complaint, as its reporter hears it; both are empty until there is an answer."""

    outcome: str  # sealed, released, unfounded, forged, handed over, rejected
    answer: str  # in the words of the letter


class OwnerAddress(NamedTuple):
    """That an owner's address was set."""

    owner: str  # as he is spelled
    confirmed: bool  # else nothing is sent but a request to confirm it


class Letters:
    """The outbox."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.unread = 0  # that were due and could not be read, since they were written under another key
        self._texts = LetterTexts(archive.settings, archive.zone, archive.letters_file)

    async def waiting(self, limit: int = 100) -> list[Letter]:
        """Letters that may leave now, the oldest first: to confirmed addresses, and requests to confirm one."""
        query = sql(
            "select l.id, l.kind, l.about, l.reference, l.outcome, l.number, l.contact_key from letter l "
            "where {may_leave} and l.next_try <= ? order by l.id limit ?",
            may_leave=MAY_LEAVE,
        )
        archive = self._archive
        rows = list(await archive.store.connection.execute_fetchall(query, (archive.now(), limit)))
        written = []
        for row in rows:
            try:
                written.append(await self._write(*row))
            except ComplaintError:  # written under a key that is not here: it must not stop the others
                self.unread += 1
                await self.failed([row[0]], OTHER_KEY, Fault.TEMPORARY)
        return [letter for letter in written if letter]

    async def kept(self, limit: int = 50, after: int = 0, *, given_up: bool = False) -> list[Kept]:
        """What has not left, the oldest first; ``after`` is the id of the last one of the page before."""
        return await kept(self._archive, limit, after, given_up=given_up)

    async def told(self, complaint: Complaint) -> Told:
        """What the reporter of a complaint is told: the same whether a letter says it or he asks."""
        if complaint.state is ComplaintState.REJECTED:
            outcome = complaint.state.value
        elif complaint.state is ComplaintState.ANSWERED:
            outcome = (await case_of(self._archive.store.connection, complaint.case_id)).state.value
        else:
            return Told("", "")
        reason = await self._reason("answer", complaint.reference, outcome, complaint.accused)
        return Told(outcome, self._texts.outcome(outcome, reason))

    async def draft(self, kind: str, outcome: str, *, reference: str, number: str, reason: str) -> Written:
        """The letter as it would leave now if a step were taken with this reason; nothing is queued."""
        told = reason if kind in ("appeal", "owner") or outcome in _TOLD else ""
        told = await self._may_leave(told, kind, reference, number)
        return self._written(kind, outcome, self._words(reference, number, outcome, told))

    async def claim(self, letter: int) -> bool:
        """May we send it? False: another process is about to, or did."""
        return await claim(self._archive, letter)

    async def sent(self, letter: int) -> None:
        """It has left; a code in it counts from now on."""
        await note_sent(self._archive, letter, self._texts.code_until(self._archive.now()))

    async def failed(self, letters: Sequence[int], error: str, fault: Fault) -> None:
        """They could not leave, and are tried again or given up (`outbox`)."""
        await note_failed(self._archive, letters, error, fault)

    async def server_is_back(self) -> None:
        """Whatever waited for the server only is due."""
        await server_is_back(self._archive)

    async def retry(self, letters: Sequence[int], *, actor: str) -> list[int]:
        """Let these leave with the next `letters send`, whatever was wrong; none named: all that have not left."""
        return await retry(self._archive, letters, actor=actor)

    async def confirm(self, reference: str, code: str) -> None:
        """The address of a complaint or appeal belongs to whoever filed it and knows the code that was sent there."""
        reference = read_reference(reference)
        key, _ = await self._address(about_of(reference), reference)
        if not key:
            raise NotFound("reference", f"there is nothing under {reference[:40]!r} that has an address")
        await self._confirm_by(key, code)

    async def confirm_owner(self, name: str, code: str) -> str:
        """The same for the address that was set for an owner; his name as it is spelled."""
        name = await spelled(self._archive, "owner", name, "owner")
        key, _ = await self._address("owner", name)
        if not key:
            raise NotFound("owner", f"no address was set for {name[:40]!r}")
        await self._confirm_by(key, code)
        return name

    async def ask(self, about: str, *, actor: str) -> bool:
        """Send the request to confirm an address once more, for a reference or an owner; False: it is confirmed."""
        if is_reference(about):
            about = read_reference(about)
            kind = about_of(about)
        else:
            kind, about = "owner", await spelled(self._archive, "owner", about, "owner")
        key, _ = await self._address(kind, about)
        if not key:
            raise NotFound("reference", f"there is nothing under {about[:40]!r} that has an address")
        if await _is_confirmed(self._archive.store.connection, key):
            return False
        await ask_again(self._archive, key, (kind, about), actor=actor)
        return True

    async def set_owner(self, name: str, address: str, *, actor: str, confirmed: bool) -> OwnerAddress:
        """Where an owner is written to from now on, also with what waits.

        ``confirmed``: the officer has asked the owner himself. Else a code is sent there, once, and must come back.
        """
        archive = self._archive
        name, address = await spelled(archive, "owner", name, "owner"), read_contact(address)
        key = contact_key(archive, address)
        if not key:
            raise ComplaintError("contact", "write an e-mail address")
        blob = archive.secrecy.encrypt({"contact": address}, f"owner {name}")
        async with work(archive, actor) as doing:
            connection, now = doing.connection, doing.now
            await connection.execute(put("owner_contact", "name", "contact_key contents"), (name, key, blob))
            await connection.execute(
                "update letter set contact_key = ? where kind = 'owner' and reference = ? and sent is null", (key, name)
            )
            await connection.execute(
                "delete from letter where kind = 'confirm' and about = 'owner' and reference = ? and sent is null",
                (name,),
            )
            if confirmed:
                await connection.execute("insert into confirmed values (?, ?) on conflict do nothing", (key, now))
            elif not (confirmed := await _is_confirmed(connection, key)):
                await connection.execute(_INSERT, ("confirm", "owner", name, key, "", "", now))
            doing.enter("owner", name, "address set", detail=key)
        return OwnerAddress(name, confirmed)

    def code_of(self, key: str) -> str:
        """What only whoever reads the letter knows: ten hexadecimal digits, of which nobody guesses one in his life."""
        return self._archive.secrecy.pseudonym(f"code:{key}")[:10].upper()

    async def _confirm_by(self, key: str, code: str) -> None:
        if not hmac.compare_digest(self.code_of(key).encode(), code.strip().upper().encode()):
            raise ComplaintError("code", "this is not the code that was sent")
        if await ran_out(self._archive, key):
            raise ComplaintError("code", "the code has run out; have another one sent: ringfence letters ask REFERENCE")
        async with self._archive.store.transaction() as connection:
            await connection.execute(
                "insert into confirmed values (?, ?) on conflict do nothing", (key, self._archive.now())
            )

    async def _write(
        self, letter: int, kind: str, about: str, reference: str, outcome: str, number: str, key: str
    ) -> Letter | None:
        """The letter; None: the owner's address was changed this moment."""
        now_at, contents = await self._address(about, reference)
        if now_at != key:
            return None
        reason = await self._reason(kind, reference, outcome, number)
        words = self._words(reference, number, outcome, reason)
        words["code"] = self.code_of(key) if kind == "confirm" else ""
        bound_to = f"owner {reference}" if about == "owner" else reference
        to = self._archive.secrecy.decrypt(contents, bound_to).get("contact", "")
        return Letter(letter, kind, to, *self._written(kind, outcome, words))

    def _words(self, reference: str, number: str, outcome: str, reason: str) -> dict[str, str]:
        return {
            "reference": reference,
            "number": number.rpartition(":")[2],  # as people dial it
            "outcome": self._texts.outcome(outcome, reason),
            "reason": reason,
        }

    def _written(self, kind: str, outcome: str, words: dict[str, str]) -> Written:
        archive = self._archive
        return self._texts.written(kind, outcome, words, archive.now(), archive.appeal_spans.get("answer"))

    async def _address(self, about: str, reference: str) -> tuple[str, bytes | None]:
        """The key of an address and the contents that it stands in; nothing where there is none."""
        rows = list(await self._archive.store.connection.execute_fetchall(_ADDRESSES[about], (reference,)))
        return (rows[0][0], rows[0][1]) if rows else ("", None)

    async def _reason(self, kind: str, reference: str, outcome: str, number: str) -> str:
        """Why, as far as it is for the reader: reporters do not hear what an owner admitted."""
        values: tuple[str, ...] = (reference,)
        connection = self._archive.store.connection
        if kind == "appeal":
            query = "select reason from appeal where reference = ?"
        elif kind == "owner":
            column = sql("reason") if outcome == "sealed" else sql("release_reason")
            query = sql("select {column} from seal where number = ? order by id desc limit 1", column=column)
            values, connection = (number,), self._archive.lists.store.connection
        elif step := _TOLD.get(outcome):
            query = (
                "select s.reason from complaint c join step s on s.step = ?2 and (s.subject, s.subject_id) in "
                "(('case', cast(c.case_id as text)), ('complaint', c.reference)) where c.reference = ?1 "
                "order by s.id desc limit 1"
            )
            values = (reference, step)
        else:
            return ""
        rows = list(await connection.execute_fetchall(query, values))
        return await self._may_leave(str(rows[0][0]) if rows else "", kind, reference, number)

    async def _may_leave(self, reason: str, kind: str, reference: str, number: str) -> str:
        return await for_the_other_side(
            *(self._archive, reason),
            reference=reference,
            number=number,
            chinese=self._texts.chinese,
            to_owner=kind == "owner",
        )


def contact_key(archive: Archive, contact: str) -> str:
    """The keyed pseudonym of an e-mail address; a number, or nothing, has none."""
    return archive.secrecy.pseudonym(f"mail:{contact.strip().casefold()}") if "@" in contact else ""


async def ask_to_confirm(connection: Connection, rows: Sequence[tuple[str, str, str]], now: float) -> None:
    """Queue one request for each address (reference, key, number) that is neither confirmed nor asked already."""
    for reference, key, number in rows:
        if not await _is_confirmed(connection, key):
            await connection.execute(_INSERT, ("confirm", about_of(reference), reference, key, "", number, now))


async def _is_confirmed(connection: Connection, key: str) -> bool:
    return bool(list(await connection.execute_fetchall("select 1 from confirmed where contact_key = ?", (key,))))


async def answer_case(connection: Connection, case_id: int, outcome: str, now: float) -> None:
    """Queue an answer to each complaint of a case that is being answered and left an address."""
    await connection.execute(
        "insert into letter (kind, about, reference, contact_key, outcome, number, created) "
        "select 'answer', 'complaint', reference, contact_key, ?, accused, ? from complaint "
        "where case_id = ? and contact_key <> '' and state in ('received', 'accepted') on conflict do nothing",
        (outcome, now, case_id),
    )


async def tell(connection: Connection, kind: str, reference: str, outcome: str, number: str, now: float) -> None:
    """Queue one letter about a complaint, an appeal or to an owner, if there is an address."""
    about = "owner" if kind == "owner" else about_of(reference)
    for key, _ in list(await connection.execute_fetchall(_ADDRESSES[about], (reference,))):
        if key:
            await connection.execute(_INSERT, (kind, about, reference, key, outcome, number, now))

"""What officers do with a case: each step checks right, state and version, and is recorded with actor, reason, time."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from desk.archive import Archive
from desk.case_files import CaseFile, Turn, case_of, pressing
from desk.case_files import Listed as Listed
from desk.complaint_rows import named_in
from desk.deadlines import meet
from desk.faults import ComplaintError, Conflict, Refused
from desk.holders import owner_of
from desk.letters import answer_case, tell
from desk.matching import rang_lately, record_of
from desk.policy import take_back
from desk.proposed_on import ground_of, refuse_moved
from desk.protection import restrainable
from desk.reading import one_line
from desk.seals import FINISHED, LastSeal, begun_by, cases_sealed, last_seal, release_seal, set_seal, standing_seal
from desk.states import MEETS, CaseState, CaseStep, FoundBy, next_state
from desk.unrecorded import record_left_behind
from desk.work import work
from rules.audit import chain as audit
from rules.audit.chain import OURSELVES
from rules.audit.doors import through
from rules.lists.suspension import Suspension
from rules.storage.statements import joined, name_of, sql
from rules.storage.store import Connection
from rules.texts.blanks import is_blank

_ANSWERING = frozenset({CaseStep.SEAL, CaseStep.UNFOUNDED, CaseStep.FORGED, CaseStep.ANSWER})
_CLOSING = frozenset({CaseStep.RELEASE, CaseStep.UNFOUNDED, CaseStep.FORGED, CaseStep.HAND_OVER})
_OWNERS = frozenset({CaseStep.SEAL, CaseStep.RELEASE})  # the number's owner hears of these
_LONGEST_REASON = 1_000


class Sealed(NamedTuple):
    """What a seal did."""

    case: CaseFile
    seal: int
    suspended: tuple[Suspension, ...]  # allow entries that no longer pass the number, and their owners
    never_called: bool  # no call of it is on record: was a digit lost?


class Released(NamedTuple):
    """What a release did."""

    case: CaseFile
    restored: tuple[Suspension, ...]


class _Pending:
    """A step that is being taken: its block may add columns, a detail, and what else was done by it."""

    def __init__(self, connection: Connection, case: CaseFile) -> None:
        self.connection = connection
        self.case = case
        self.columns: dict[str, Any] = {}
        self.detail = ""
        self.their_reference: str | None = None  # as the other operator calls it, where the step says so
        self.deeds: list[audit.Deed] = []


class Cases:
    """The desk's cases."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def find(self, case_id: int) -> CaseFile:
        """One case, or NotFound."""
        return await case_of(self._archive.store.connection, case_id)

    async def pressing(
        self, *, state: CaseState | None = None, limit: int = 50, after: int = 0, beyond: Turn | None = None
    ) -> list[Listed]:
        """Cases that wait for somebody, the most pressing first; see `case_files.pressing`."""
        connection = self._archive.store.connection
        return await pressing(connection, state=state, limit=limit, after=after, beyond=beyond)

    async def take(self, case_id: int, *, actor: str, reason: str = "", version: int | None = None) -> CaseFile:
        """Begin to verify: the complaints are accepted."""
        async with self._step(case_id, CaseStep.TAKE, actor, reason, version) as pending:
            await pending.connection.execute(
                "update complaint set state = 'accepted', state_at = ? where case_id = ? and state = 'received'",
                (self._archive.now(), case_id),
            )
        return await self.find(case_id)

    async def verify(
        self, case_id: int, *, actor: str, found_by: FoundBy, reason: str, version: int | None = None
    ) -> CaseFile:
        """State that the calls truly came from the number, and how that is known."""
        _need(reason, "say what was looked at: the trunk's answer, the identity, what the owner said")
        async with self._step(case_id, CaseStep.VERIFY, actor, reason, version) as pending:
            if found_by is not FoundBy.OWNER and not await self._called(pending.case):
                raise Refused("found_by", "no call of this number is on record: only its owner's answer can verify it")
            pending.columns |= {"verified": self._archive.now(), "found_by": found_by}
            pending.detail = found_by
        return await self.find(case_id)

    async def close_forged(
        self, case_id: int, *, actor: str, reason: str, trunk: str = "", version: int | None = None
    ) -> CaseFile:
        """The number was not the true caller: no seal; it counts against the trunk that the calls came from."""
        _need(reason, "say how it was seen that the number was forged")
        async with self._step(case_id, CaseStep.FORGED, actor, reason, version) as pending:
            trunk = one_line(trunk, "trunk") or await self._trunk_of(pending.case)
            if not trunk:
                raise ComplaintError("trunk", "no record tells where the calls came from: name the trunk")
            pending.columns |= {"trunk": trunk}
            pending.detail = trunk
            pending.deeds += await take_back(self._archive, pending.case, actor=actor, reason=reason)
        return await self.find(case_id)

    async def close_unfounded(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> CaseFile:
        """There is nothing against the number."""
        _need(reason, "say why: the reporters are told")
        async with self._step(case_id, CaseStep.UNFOUNDED, actor, reason, version) as pending:
            pending.deeds += await take_back(self._archive, pending.case, actor=actor, reason=reason)
        return await self.find(case_id)

    async def seal(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> Sealed:
        """Reject every call of the verified number from now on, whatever allowed it; its complaints are answered."""
        _need(reason, "say why it is sealed: its owner is told")
        archive = self._archive
        async with self._step(case_id, CaseStep.SEAL, actor, reason, version) as pending:
            await restrainable(archive, pending.case.number)
            called = await self._called(pending.case)
            how = await self._second("seal", pending, actor, reason)
            # The seal is committed first: calls are judged by it. Should the machine stop or the disk fail in between,
            # `mend` finds a verified case with a seal that stands, and finishes the step.
            seal = await set_seal(archive, pending.case.number, case_id=case_id, author=actor, reason=reason)
            pending.columns |= {"sealed": seal.sealed, "seal": seal.id}
            pending.detail = _told(seal.id, seal.suspended, "suspended") + how
        return Sealed(await self.find(case_id), seal.id, seal.suspended, not called)

    async def release(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> Released:
        """Take the seal off and give back what it suspended."""
        return await self._release(case_id, "", actor, reason, version)

    async def release_on_appeal(self, case_id: int, appeal: str, *, actor: str, reason: str) -> Released:
        """The same, since this appeal is granted."""
        return await self._release(case_id, appeal, actor, reason, None)

    async def _release(self, case_id: int, appeal: str, actor: str, reason: str, version: int | None) -> Released:
        archive = self._archive
        _need(reason, "say why it is released")
        _may_release(archive, actor)
        async with self._step(case_id, CaseStep.RELEASE, actor, reason, version) as pending:
            assert pending.case.seal is not None
            how = await self._second("release", pending, actor, reason)
            seal, number = pending.case.seal, pending.case.number
            restored = await release_seal(archive, seal, number, author=actor, reason=reason, appeal=appeal)
            pending.columns |= {"on_top": ""}
            pending.detail = _told(pending.case.seal, restored, "restored") + how
        return Released(await self.find(case_id), restored)

    async def seal_again(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> Sealed:
        """Set the seal anew that a sealed case had, where an older copy of the lists knows nothing of it."""
        _need(reason, "say why: an older copy of the lists was put back, ...")
        archive = self._archive
        async with self._step(case_id, CaseStep.SEAL_AGAIN, actor, reason, version) as pending:
            number = pending.case.number
            if await standing_seal(archive, number) == (pending.case.seal, case_id):
                raise _agrees(pending.case)
            await restrainable(archive, number)
            called = await self._called(pending.case)
            how = await self._second("seal_again", pending, actor, reason)
            seal = await set_seal(archive, number, case_id=case_id, author=actor, reason=reason)  # as in `seal`
            pending.columns |= {"seal": seal.id}
            pending.detail = _told(seal.id, seal.suspended, "suspended") + how
        return Sealed(await self.find(case_id), seal.id, seal.suspended, not called)

    async def release_again(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> Released:
        """Take off a seal that a released case has again, since an older copy of the lists was put back."""
        _need(reason, "say why: an older copy of the lists was put back, ...")
        archive = self._archive
        _may_release(archive, actor)
        async with self._step(case_id, CaseStep.RELEASE_AGAIN, actor, reason, version) as pending:
            standing = await standing_seal(archive, pending.case.number)
            if standing is None or standing[1] != case_id:
                raise _agrees(pending.case)
            how = await self._second("release_again", pending, actor, reason)
            restored = await release_seal(archive, standing[0], pending.case.number, author=actor, reason=reason)
            pending.columns |= {"seal": standing[0]}
            pending.detail = _told(standing[0], restored, "restored") + how
        return Released(await self.find(case_id), restored)

    async def _second(self, step: str, pending: _Pending, actor: str, reason: str) -> str:
        """Ask for the second person, where it takes one; what the record says of it."""
        case = pending.case
        ground = await ground_of(pending.connection, case)
        refuse_moved(case, ground)
        told: dict[str, object] = {"step": step, "case": case.id, **ground}
        kind, about = step.removesuffix("_again"), f"case {case.id}"
        how = await self._archive.second.ask(kind, about, told, actor=actor, reason=reason)
        return f"; {how}" if how else ""

    async def keep(self, case_id: int, *, actor: str, reason: str, version: int | None = None) -> CaseFile:
        """The seal stays although a complaint was withdrawn; the case no longer stands on top."""
        _need(reason, "say why the seal stays")
        async with self._step(case_id, CaseStep.KEEP, actor, reason, version) as pending:
            pending.columns |= {"on_top": ""}
        return await self.find(case_id)

    async def hand_over(
        self,
        case_id: int,
        *,
        actor: str,
        to: str = "",
        reason: str = "",
        reference: str = "",
        version: int | None = None,
    ) -> CaseFile:
        """Give the case to the operator that holds the number, by default as the ledger says; the clock runs on."""
        to = one_line(to, "to")
        async with self._step(case_id, CaseStep.HAND_OVER, actor, reason, version) as pending:
            to = to or pending.case.holder
            _need(to, "the ledger names no holder of the number: say to which operator", "to")
            pending.columns |= {
                "handed_to": to,
                "handed_at": self._archive.now(),
                "their_reference": one_line(reference, "reference"),
            }
            pending.detail, pending.their_reference = to, pending.columns["their_reference"]
        return await self.find(case_id)

    async def their_answer(self, case_id: int, *, actor: str, answer: str, reference: str = "") -> CaseFile:
        """What the other operator answered: the complaints are answered with it."""
        return await self._their_answer(case_id, actor, answer, reference, itself=False)

    async def answered_by(self, case_id: int, partner: str, *, answer: str, reference: str) -> CaseFile:
        """The same, said by the other operator himself."""
        return await self._their_answer(case_id, f"partner {partner}", answer, reference, itself=True)

    async def _their_answer(self, case_id: int, actor: str, answer: str, reference: str, *, itself: bool) -> CaseFile:
        answer, reference = one_line(answer, "answer", _LONGEST_REASON), one_line(reference, "reference")
        _need(answer, "say what they answered", "answer")
        async with self._step(case_id, CaseStep.ANSWER, actor, answer, None, itself=itself) as pending:
            case = pending.case
            if case.their_answer:
                raise Conflict(
                    *("case", f"case {case_id} is {case.state} and waits for no answer"),
                    who=case.last_actor,
                    when=case.last_at,
                )
            pending.columns |= {"their_answer": answer, "their_reference": reference or case.their_reference}
            pending.their_reference = pending.columns["their_reference"]
        return await self.find(case_id)

    async def mend(self) -> list[int]:
        """Finish steps whose seal was set or taken off, but whose case does not say so yet; the cases concerned.

        What was done to the ladder and does not stand in the audit yet comes there, too. Nothing of it is done by
        whoever opens the desk: neither his door nor his role stands there. In a copy of the record the seals are of
        another desk's cases, which that one finishes.
        """
        if await self._archive.lists.store.is_copy():
            return []
        with through(""):
            return await self._mend()

    async def _mend(self) -> list[int]:
        archive = self._archive
        await record_left_behind(archive)
        query = "select id, state, number, seal from case_file where state in ('verified', 'sealed')"
        cases = [tuple(row) for row in await archive.store.connection.execute_fetchall(query)]
        standing = await cases_sealed(archive)
        mended = []
        for case_id, state, number, known in cases:
            stands = standing.get((case_id, number))
            if stands == known if state == CaseState.SEALED else stands is None:
                continue
            seal = await last_seal(archive, case_id, number)
            with suppress(Conflict):  # the step was being taken at this moment, and is done
                if seal is not None and await self._mended(case_id, CaseState(state), seal, known):
                    mended.append(case_id)
        return mended

    async def _mended(self, case_id: int, state: CaseState, seal: LastSeal, known: int | None) -> bool:
        """Is the case as its newest seal says, after a step that it lacked?

        It is entered as done by the service, which finds rows that anybody may have written; they say who began it.
        """
        stands, again = seal.released is None, state is CaseState.SEALED and seal.id != known
        if (state is CaseState.SEALED) == stands and not again:
            return False
        step = CaseStep.SEAL_AGAIN if again else CaseStep.SEAL if stands else CaseStep.RELEASE
        is_told = again and await self._is_told(case_id, seal.id)
        reason, end = ("", FINISHED) if is_told else (seal.reason, begun_by(seal.author))
        async with self._step(case_id, step, OURSELVES, reason, None, itself=True) as pending:
            if again:
                pending.columns |= {"seal": seal.id}
            else:
                pending.columns |= {"sealed": seal.sealed, "seal": seal.id} if stands else {"on_top": ""}
            pending.detail = f"{_told(seal.id, seal.passing, 'suspended' if stands else 'restored')}; {end}"
        return True

    async def _is_told(self, case_id: int, seal: int) -> bool:
        """Does an entry of the case tell of this seal already? Then nobody began anything: only the case was wrong."""
        deeds = await audit.deeds_of(self._archive.store.connection, "case", str(case_id))
        return any(deed.detail.partition(";")[0] == f"seal {seal}" for deed in deeds)

    @asynccontextmanager
    async def _step(
        self, case_id: int, step: CaseStep, actor: str, reason: str, version: int | None, *, itself: bool = False
    ) -> AsyncIterator[_Pending]:
        """One step in one transaction; Conflict names who was faster."""
        if len(reason) > _LONGEST_REASON:
            raise ComplaintError("reason", f"{len(reason):,} characters; {_LONGEST_REASON:,} at most")
        async with work(self._archive, actor, officer=not itself) as doing:
            connection, now = doing.connection, doing.now
            case = await case_of(connection, case_id)
            state = next_state(case.state, step)
            if state is None or (version is not None and version != case.version):
                done = f"{case.last_step} by {case.last_actor}" if case.last_step else "nothing was done yet"
                why = f"{step} is not possible" if state is None else f"it is version {case.version}, look at it again"
                raise Conflict(
                    *("case", f"case {case_id} is {case.state} now ({done}): {why}"),
                    who=case.last_actor,
                    when=case.last_at,
                )
            pending = _Pending(connection, case)
            yield pending
            columns = pending.columns | {"state": state, "last_step": step, "last_actor": actor, "last_at": now}
            if step in _CLOSING:
                columns |= {"closed": now}
            fields = joined(", ", (sql("{column} = ?", column=name_of(column)) for column in columns))
            await connection.execute(
                sql("update case_file set {fields}, version = version + 1 where id = ?", fields=fields),
                (*columns.values(), case_id),
            )
            if step in _ANSWERING:
                await _answer(connection, case_id, state.value, now)
            if step in _OWNERS and (owner := await owner_of(self._archive, case.number)):
                await tell(connection, "owner", owner, state.value, case.number, now)
            await meet(connection, "case", case_id, MEETS[step], now)
            if state is not case.state and state is not CaseState.VERIFYING:
                doing.count([*case.place.keys(), *await named_in(connection, case_id)], state.value)
            theirs = pending.their_reference
            after = "" if theirs is None else json.dumps({"their_reference": theirs}, ensure_ascii=False)
            doing.enter("case", str(case_id), step.value, reason, pending.detail, after=after)
            doing.deeds += pending.deeds

    async def _called(self, case: CaseFile) -> bool:
        """Is a call of this number on record?"""
        if await rang_lately(self._archive, case.number, self._archive.now()):
            return True
        query = "select 1 from complaint where case_id = ? and decision <> '' limit 1"
        return bool(list(await self._archive.store.connection.execute_fetchall(query, (case.id,))))

    async def _trunk_of(self, case: CaseFile) -> str:
        """The trunk that most of the calls that were complained about came from."""
        query = "select decision from complaint where case_id = ? and decision <> '' limit 200"
        rows = await self._archive.store.connection.execute_fetchall(query, (case.id,))
        trunks = [record.trunk for row in rows if (record := await record_of(self._archive, row[0]))]
        return max(sorted(set(trunks)), key=trunks.count, default="")


async def _answer(connection: Connection, case_id: int, outcome: str, now: float) -> None:
    await answer_case(connection, case_id, outcome, now)
    await connection.execute(
        "update complaint set state = 'answered', state_at = ? where case_id = ? and state in ('received', 'accepted')",
        (now, case_id),
    )


def _need(text: str, what: str, field: str = "reason") -> None:
    if is_blank(text):
        raise ComplaintError(field, what)


def _may_release(archive: Archive, actor: str) -> None:
    allowed = archive.settings.released_by
    if allowed and actor not in allowed:
        raise Refused("actor", f"seals are released by {', '.join(allowed)} (complaints.released_by)")


def _agrees(case: CaseFile) -> Conflict:
    what = f"case {case.id} is {case.state}, and the lists say so, too: there is nothing to put right"
    return Conflict("case", what, who=case.last_actor, when=case.last_at)


def _told(seal: int, entries: tuple[Suspension, ...], what: str) -> str:
    named = "; ".join(f"{entry.entry} on {entry.list} of {entry.owner}" for entry in entries)
    return f"seal {seal}" + (f"; {what}: {named}" if named else "")

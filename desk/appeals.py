"""The other side is heard: an appeal names a decision or a number, attacks one thing, has its clock, and is decided."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from desk.archive import Archive
from desk.arrivals import enter
from desk.case_files import Turn, case_of
from desk.cases import Cases
from desk.deadlines import Clock, clocks_of, meet, start_clocks
from desk.faults import ComplaintError, Conflict, NotFound, Refused
from desk.ladder_book import LadderBook, standings_of
from desk.letters import ask_to_confirm, contact_key, tell
from desk.policy import take_back
from desk.proposed_on import ground_of, refuse_moved
from desk.protection import may_work
from desk.reading import LONGEST_TEXT, one_line, read_contact, read_decision
from desk.seals import DOES_NOT_FIT, standing_seal
from desk.secrecy import new_reference, read_reference
from desk.states import AppealState, Attacks, stored
from desk.tallies import places_of
from desk.work import work
from rules.audit import chain as audit
from rules.audit.second import confirmed
from rules.model import Step
from rules.records.decisions import decision_at, read_fired
from rules.storage.statements import sql
from rules.storage.store import Connection, HotReader
from rules.texts.blanks import is_blank

_FRESH_S = 60.0
_COLUMNS = sql(
    "id, reference, received, number, decision, attacks, whose, target, state, version, decided, decided_by, reason"
)
_MOST_TEXTS = 10  # of one appeal that waits
_DUE = sql("(select min(due) from clock where subject = 'appeal' and clock.id = appeal.id and met is null)")


class Appeal(NamedTuple):
    """One appeal, without the words of the appellant."""

    id: int
    reference: str
    received: float
    number: str
    decision: str
    attacks: Attacks
    whose: str  # of a step of the ladder: number, owner, business; empty for anything else
    name: str  # of the rule, list, seal, or whoever stands on the step
    target: str  # both of these, for people
    state: AppealState
    version: int
    decided: float | None
    decided_by: str
    reason: str


class Appeals:
    """The desk's appeals."""

    def __init__(self, archive: Archive, cases: Cases, book: LadderBook) -> None:
        self._archive, self._cases, self._book = archive, cases, book

    async def file(
        self,
        *,
        number: str = "",
        decision: str = "",
        attacks: Attacks | None = None,
        target: str = "",
        text: str = "",
        contact: str = "",
    ) -> Appeal:
        """Take an appeal; what it attacks is found out where only the number or the decision is named.

        The same one again, while it waits, is the same, and what is said anew is added to its words.
        """
        archive = self._archive
        if len(text) > LONGEST_TEXT:
            raise ComplaintError("text", f"{len(text):,} characters; {LONGEST_TEXT:,} at most")
        contact, target = read_contact(contact), one_line(target, "target")
        decision = read_decision(decision)
        canonical, ground = await self._grounds(number, decision)
        attacks = attacks or (ground.attacks if ground else None)
        if attacks is None:
            raise ComplaintError("against", "nothing stands against this number: no seal, no step of the ladder")
        known = ground if ground and ground.attacks is attacks else None
        against = _read_target(attacks, target) if target or known is None else known
        reference, now, key = new_reference("A"), archive.now(), contact_key(archive, contact)
        blob = archive.secrecy.encrypt({"text": text, "contact": contact}, reference)
        async with archive.store.transaction() as connection:
            query = (  # another address is of somebody else, who wants his own answer
                "select reference from appeal where number = ?1 and attacks = ?2 and whose = ?3 and target = ?4 "
                "and state = 'filed' and ?5 in ('', contact_key) order by id limit 1"
            )
            if filed := list(await connection.execute_fetchall(query, (canonical, *against, key))):
                await self._add_words(connection, filed[0][0], text, decision, now)
                return await self._find(filed[0][0])
            cursor = await connection.execute(
                "insert into appeal "
                "(reference, received, number, decision, attacks, whose, target, contents, contact_key, state) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?, 'filed')",
                (reference, now, canonical, decision, *against, blob, key),
            )
            assert cursor.lastrowid is not None
            clocks = {cursor.lastrowid: archive.deadlines.clocks(now, archive.appeal_spans)}
            await start_clocks(connection, "appeal", clocks)
            if key:
                await ask_to_confirm(connection, [(reference, key, canonical)], now)
            deed = audit.Deed(now, "appellant", "appeal", reference, "filed", "", attacks)
            await audit.record(connection, [deed])
            await enter(connection, "appeals", cursor.lastrowid - 1, now)
        return await self._find(reference)

    async def _add_words(self, connection: Connection, reference: str, text: str, decision: str, now: float) -> None:
        """What is said once more of an appeal that waits stands beside what was said before."""
        secrecy = self._archive.secrecy
        rows = list(await connection.execute_fetchall("select contents from appeal where reference = ?", (reference,)))
        words = secrecy.decrypt(rows[0][0], reference)
        said = [words[name] for name in words if name.startswith("text")]
        if not text.strip() or text in said:
            return
        if len(said) >= _MOST_TEXTS:
            raise ComplaintError(
                "text", f"{reference} waits already, and {len(said)} texts of it are kept; no more are"
            )
        words["text" if not said else f"text {len(said) + 1}"] = text
        values = (secrecy.encrypt(words, reference), reference)
        await connection.execute("update appeal set contents = ? where reference = ?", values)
        deed = audit.Deed(now, "appellant", "appeal", reference, "words added", "", decision)
        await audit.record(connection, [deed])

    async def find(self, reference: str) -> tuple[Appeal, list[Clock], dict[str, str]]:
        """An appeal with its clocks and the words of the appellant."""
        appeal = await self._find(read_reference(reference))
        connection = self._archive.store.connection
        rows = list(await connection.execute_fetchall("select contents from appeal where id = ?", (appeal.id,)))
        words = self._archive.secrecy.decrypt(rows[0][0], appeal.reference)
        return appeal, await clocks_of(connection, "appeal", appeal.id), words

    async def listed(self, *, state: AppealState | None = None, limit: int = 50, after: int = 0) -> list[Appeal]:
        """Appeals, those that wait and are due first on top, behind the first ``after``."""
        return [appeal for appeal, _ in await self.in_turn(state=state, limit=limit, after=after)]

    async def in_turn(
        self, *, state: AppealState | None = None, limit: int = 50, after: int = 0, beyond: Turn | None = None
    ) -> list[tuple[Appeal, Turn]]:
        """The same with the place of each; with ``beyond`` only those behind that place, whatever was decided since."""
        query = sql(
            "select * from (select {columns}, state <> 'filed' as over, coalesce({due}, 1e18) as due from appeal "
            "where ?1 is null or state = ?1) where (over, due, id) > (?2, ?3, ?4) "
            "order by over, due, id limit ?5 offset ?6",
            columns=_COLUMNS,
            due=_DUE,
        )
        values = (state, *(beyond or Turn(False, 0.0, 0)), limit, after)
        rows = await self._archive.store.connection.execute_fetchall(query, values)
        return [(_appeal(row[:-2]), Turn(bool(row[-2]), row[-1], row[0])) for row in rows]

    async def grant(self, reference: str, *, actor: str, reason: str, version: int | None = None) -> Appeal:
        """The appellant is right: a seal is released, a step of the ladder is taken back.

        With the seal goes what policy did by itself about the same complaints, else the number rings, but tagged.
        What rules and lists do is changed by whoever may change them; the reason says so to both.
        """
        appeal = await self._find(read_reference(reference))
        await self._check(appeal, actor, reason, version)
        if appeal.attacks is Attacks.SEAL:
            told: dict[str, object] = {"step": "grant", "appeal": appeal.reference}
            if seal := await standing_seal(self._archive, appeal.number):
                connection = self._archive.store.connection
                case = await case_of(connection, seal[1])
                ground = await ground_of(connection, case)
                refuse_moved(case, ground)
                told |= {"case": case.id, **ground}
            about = f"appeal {appeal.reference}"
            how = await self._archive.second.ask("release", about, told, actor=actor, reason=reason)
            with confirmed(how):
                await self._release(appeal, actor, reason)
        elif appeal.attacks is Attacks.LADDER:
            if not appeal.whose:
                raise ComplaintError("target", "an appeal against the ladder names whose step: number +86...")
            with suppress(NotFound):  # it is off already: by itself, or before a stop
                await self._book.clear(appeal.whose, appeal.name, actor=actor, reason=reason)  # type: ignore[arg-type]
        return await self._decide(appeal, AppealState.GRANTED, actor, reason)

    async def refuse(self, reference: str, *, actor: str, reason: str, version: int | None = None) -> Appeal:
        """The appellant is not right; everything stays."""
        appeal = await self._find(read_reference(reference))
        await self._check(appeal, actor, reason, version)
        return await self._decide(appeal, AppealState.REFUSED, actor, reason)

    async def _grounds(self, number: str, decision: str) -> tuple[str, _Against | None]:
        """The number, and what stopped it as far as that is known."""
        if decision:
            query = "select caller, step, rule, fired from decision where id = ?"
            connection = self._archive.decisions.connection
            rows = list(await connection.execute_fetchall(query, (decision.strip().lower(),)))
            if rows and rows[0][0]:
                caller, step, rule, fired = rows[0]
                if number and self._archive.read_number(number, "number").canonical != caller:
                    raise ComplaintError("number", "the call of this decision came from another number")
                if step == Step.SEALED and (seal := await standing_seal(self._archive, caller)):
                    return caller, _Against(Attacks.SEAL, "", str(seal[0]))
                return caller, _of_step(step, rule, caller, fired)
            if not number:
                late = "; it may be there in some seconds" if self._is_fresh(decision) else ""
                raise NotFound("decision", f"there is no such decision in the record{late}; name the number instead")
        if not number:
            raise ComplaintError("number", "name a number, or the decision id that the rejection carried")
        canonical = self._archive.read_number(number, "number").canonical
        if seal := await standing_seal(self._archive, canonical):
            return canonical, _Against(Attacks.SEAL, "", str(seal[0]))
        return canonical, await self._on_ladder(canonical)

    def _is_fresh(self, decision: str) -> bool:
        """Was the call so lately that its record may not be on disk? Ids begin with the time."""
        try:
            age = self._archive.now() - decision_at(decision)
        except ValueError:
            return False
        return -_FRESH_S < age < _FRESH_S

    async def _on_ladder(self, canonical: str) -> _Against | None:
        """The highest step of the number, its owner and its business, which is the one that calls are judged by."""
        now = self._archive.now()
        found = await standings_of(self._archive.lists.store.connection, canonical)
        highest = max(found, key=lambda one: one.step_at(now), default=None)
        if highest is None or not highest.step_at(now):
            return None
        return _Against(Attacks.LADDER, highest.kind, highest.name)

    async def _release(self, appeal: Appeal, actor: str, reason: str) -> None:
        archive, why = self._archive, _reason(appeal, reason)
        seal = await standing_seal(archive, appeal.number)
        if seal and appeal.name not in ("", str(seal[0])):
            seal = None  # another one, set since: whoever is stopped by it appeals against it
        case_id = seal[1] if seal else await self._released_for(appeal)  # a stop came before the decision
        if case_id is None:
            which = f"by seal {appeal.name} " if appeal.name else ""
            raise ComplaintError(
                "number", f"{appeal.number} is not sealed {which}any more; refuse the appeal, saying so"
            )
        case = await case_of(archive.store.connection, case_id)
        if case.number != appeal.number or (seal and case.seal not in (None, seal[0])):
            named = f"case {case_id}, which set seal {seal[0] if seal else appeal.name}"
            raise Refused("number", f"{named}, is about another; {DOES_NOT_FIT}")
        if seal:
            await self._cases.release_on_appeal(case_id, appeal.reference, actor=actor, reason=why)
        if deeds := await take_back(archive, case, actor=actor, reason=why):
            async with work(archive, actor) as doing:
                doing.deeds += deeds

    async def _released_for(self, appeal: Appeal) -> int | None:
        """The case whose seal was released for this appeal, or for another one against the same seal."""
        query = (
            "select case_id from seal where number = ?1 and released is not null and (appeal = ?2 "
            "or (cast(id as text) = ?3 and released >= ?4 and appeal <> '')) order by id desc"
        )
        values = (appeal.number, appeal.reference, appeal.name, appeal.received)
        rows = list(await self._archive.lists.store.connection.execute_fetchall(query, values))
        return int(rows[0][0]) if rows else None

    async def _check(self, appeal: Appeal, actor: str, reason: str, version: int | None) -> None:
        may_work(self._archive, actor)
        if is_blank(reason):
            raise ComplaintError("reason", "say why: the appellant is told")
        filed = appeal.state is AppealState.FILED
        if not filed or (version is not None and version != appeal.version):
            why = f"is version {appeal.version}, look at it again" if filed else f"is {appeal.state} already"
            raise Conflict(
                *("appeal", f"{appeal.reference} {why}"),
                who=appeal.decided_by,
                when=appeal.decided or appeal.received,
            )

    async def _decide(self, appeal: Appeal, state: AppealState, actor: str, reason: str) -> Appeal:
        archive = self._archive
        places = await places_of(archive, [archive.read_number(appeal.number, "number")])
        async with work(archive, actor) as doing:
            connection, now = doing.connection, doing.now
            done = await connection.execute(
                "update appeal set state = ?, decided = ?, decided_by = ?, reason = ?, version = version + 1 "
                "where id = ? and state = 'filed'",
                (state, now, actor, reason, appeal.id),
            )
            if not done.rowcount:
                found = await self._find(appeal.reference)
                raise Conflict(
                    *("appeal", f"{appeal.reference} is {found.state} already"),
                    who=found.decided_by,
                    when=found.decided or now,
                )
            await meet(connection, "appeal", appeal.id, ("answer",), now)
            await tell(connection, "appeal", appeal.reference, state.value, appeal.number, now)
            doing.count(places[appeal.number].keys(), f"appeals {state}")
            doing.enter("appeal", appeal.reference, state.value, reason, appeal.target)
        return await self._find(appeal.reference)

    async def _find(self, reference: str) -> Appeal:
        query = sql("select {columns} from appeal where reference = ?", columns=_COLUMNS)
        rows = list(await self._archive.store.connection.execute_fetchall(query, (reference,)))
        if not rows:
            raise NotFound("reference", f"there is no appeal {reference[:40]!r}")
        return _appeal(rows[0])


def granted_against_rules(path: Path, since: float) -> dict[str, int]:
    """How many appeals against each rule were granted since then, by the database of complaints, if there is one."""
    if not path.exists():
        return {}
    reader = HotReader(path)
    try:
        query = (
            "select target, count(*) from appeal where attacks = 'rule' and state = 'granted' and decided >= ? "
            "group by target"
        )
        return dict(reader.rows(query, (since,)))
    finally:
        reader.close()


def granted_numbers(path: Path, since: float) -> frozenset[str]:
    """The numbers whose appeals were granted since then, whatever they attacked, if there is such a database."""
    if not path.exists():
        return frozenset()
    reader = HotReader(path)
    try:
        query = "select distinct number from appeal where state = 'granted' and decided >= ?"
        return frozenset(str(row[0]) for row in reader.rows(query, (since,)))
    finally:
        reader.close()


def _reason(appeal: Appeal, reason: str) -> str:
    """Why a seal was released, as the case tells it."""
    return f"appeal {appeal.reference}: {reason}"


class _Against(NamedTuple):
    """What an appeal is against, in the order of the columns."""

    attacks: Attacks
    whose: str
    name: str


def _read_target(attacks: Attacks, text: str) -> _Against:
    """As an appellant names it: against the ladder whose step it is, such as owner Loan King."""
    whose, _, name = text.partition(" ")
    if attacks is Attacks.LADDER and whose in ("number", "owner", "business"):
        return _Against(attacks, whose, name.strip())
    return _Against(attacks, "", text)


def _of_step(step: str, rule: str, caller: str, fired: str) -> _Against | None:
    """What a decision rested on; the ladder is of the number, its owner or its business, as the record says."""
    if step == Step.SEALED:
        return _Against(Attacks.SEAL, "", "")
    if step == Step.LADDER:
        found = next((one for one in read_fired(fired) if one.step is Step.LADDER and one.of), None)
        return _Against(Attacks.LADDER, *((found.of, found.source) if found else ("number", caller)))
    if step in (Step.OPERATOR_BLOCK, Step.SHARED, Step.SUBSCRIBER_BLOCK):
        return _Against(Attacks.ENTRY, "", rule)
    return _Against(Attacks.RULE, "", rule) if rule else None


def _appeal(row: Any) -> Appeal:
    values = list(row)
    values[5] = stored(Attacks, values[5], values[1])
    values[8] = stored(AppealState, values[8], values[1])
    values.insert(8, f"{values[6]} {values[7]}".strip())
    return Appeal(*values)

"""Four eyes: what one person proposes, another with the right confirms, within three days."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from ringfence.people.accounts import OURSELVES, Account, Accounts
from ringfence.people.actor import Actor
from ringfence.people.faults import NotAllowed, PeopleError, Waits
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import TAKES_TWO, rights_of, roles_with
from rules.audit import chain
from rules.audit.second import how_confirmed
from rules.storage.statements import Sql, sql
from rules.storage.store import Connection, Store

# A sole admin goes on alone, else nobody could make the second one; taking the role from the second takes both.
_ALONE_IF_SOLE = frozenset({"account", "key"})
# Nothing is left to be done for these: who proposed does it himself, once, within the day.
DONE_BY_PROPOSER = frozenset({"key", "unmask", "export", "erase", "words"})
DONE = "done"
_DAY_S, _HOUR_S = 86_400.0, 3600.0
_OFF = "by one person alone: people.four_eyes is off"
_SOLE = "by one person alone: nobody else may confirm"
_COLUMNS = sql("id, kind, about, arguments, reason, proposer, proposed, lapses, decided, decider, decision, why, used")


class Proposal(NamedTuple):
    """Something that takes two persons, and what came of it."""

    id: int
    kind: str
    about: str
    arguments: dict[str, Any]
    reason: str
    proposer: str
    proposed: float
    lapses: float
    decided: float | None
    decider: str
    decision: str  # confirmed, refused
    why: str
    used: float | None  # when it was done

    def state(self, now: float) -> str:
        """waiting, confirmed, done, refused or lapsed."""
        if self.used is not None:
            return "done"
        if self.decision:
            return self.decision
        return "waiting" if now < self.lapses else "lapsed"


class Approvals:
    """All proposals of an installation; it is asked before something is done that takes two persons."""

    def __init__(
        self, store: Store, accounts: Accounts, settings: PeopleSettings, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._accounts, self._settings, self.now = store, accounts, settings, now

    async def wanted(self) -> bool:
        """Does it take two persons here, beyond what was confirmed?"""
        return self._settings.four_eyes and not how_confirmed() and await self._accounts.any()

    async def ask(self, kind: str, about: str, arguments: Mapping[str, object], *, actor: str, reason: str = "") -> str:
        """How it is confirmed, for the record; Waits once it is proposed, NotAllowed where nobody else could."""
        if how := how_confirmed():
            return how
        if actor == OURSELVES or not await self._accounts.any():
            return ""
        if not self._settings.four_eyes:
            return _OFF
        who_may = await self._who_may(kind)
        if actor not in who_may:
            raise NotAllowed("four-eyes", f"it takes two persons, and {actor} is no account that may do it")
        others = [other for other in who_may if other != actor]
        if not others:
            if kind in _ALONE_IF_SOLE:
                return _SOLE
            roles = " or ".join(dict.fromkeys(role for right in TAKES_TWO[kind] for role in roles_with(right)))
            raise NotAllowed(
                "four-eyes",
                f"it takes two persons, and nobody but {actor} may confirm it: give another the role {roles}, or "
                "set people.four_eyes: false",
            )
        if kind in DONE_BY_PROPOSER and (used := await self._use(kind, about, arguments, actor, reason)):
            return used
        found = await self._propose(kind, about, arguments, actor, reason)
        raise Waits(found.id, about, others, again=kind in DONE_BY_PROPOSER)

    async def listed(self, *, everything: bool = False) -> list[Proposal]:
        """Those that wait, the oldest first; or all that there ever were."""
        condition = sql("? is not null") if everything else sql("decided is null and lapses > ?")
        return await self._found(sql("{condition} order by id", condition=condition), self.now())

    async def of_number(self, proposal: int) -> Proposal:
        """This one; PeopleError for none."""
        found = await self._found(sql("id = ?"), proposal)
        if not found:
            raise PeopleError("approval", f"there is no proposal {proposal}; `ringfence approvals list` shows them")
        return found[0]

    async def confirm(self, proposal: int, actor: Actor) -> Proposal:
        """Say yes to what another proposed; whoever calls this does it then, by `confirmed.carry_out`."""
        await self._decidable(proposal, actor)
        return await self._decide(proposal, actor, "confirmed", "")

    async def refuse(self, proposal: int, actor: Actor, why: str) -> Proposal:
        """Say no to it, or take one's own back."""
        found = await self.of_number(proposal)
        if found.proposer != actor.name:
            await self._decidable(proposal, actor)
        return await self._decide(proposal, actor, "refused", why)

    async def done(self, proposal: int) -> None:
        """It was done."""
        found = await self.of_number(proposal)
        async with self._store.transaction() as connection:
            await self._used(connection, found)

    async def _decidable(self, proposal: int, actor: Actor) -> None:
        """Refuse who proposed it, who has no right to it, and what its proposer could not do any more."""
        found = await self.of_number(proposal)
        if actor.name == found.proposer:
            raise NotAllowed("four-eyes", f"{actor.name} proposed it, so another person has to confirm it")
        own = await self._accounts.maybe(actor.name)  # a key that acts as nobody is no second person
        if own is None or not _may(own, found.kind) or actor.rights.isdisjoint(TAKES_TWO[found.kind]):
            told = " or ".join(TAKES_TWO[found.kind])
            raise NotAllowed("right", f"{actor.name} has not the right that it takes: {told}")
        proposer = await self._accounts.maybe(found.proposer)
        if proposer is None or not _may(proposer, found.kind):
            raise NotAllowed("four-eyes", f"{found.proposer}, who proposed it, may not do it any more")

    async def _decide(self, proposal: int, actor: Actor, decision: str, why: str) -> Proposal:
        now = self.now()
        async with self._store.transaction() as connection:
            done = await connection.execute(
                "update approval set decided = ?1, decider = ?2, decision = ?3, why = ?4 "
                "where id = ?5 and decided is null and lapses > ?1",
                (now, actor.name, decision, why, proposal),
            )
            if done.rowcount:
                found = await self.of_number(proposal)
                about = ("approval", str(proposal), decision)
                await chain.record(connection, [chain.Deed(now, actor.name, *about, why, _told(found))])
        found = await self.of_number(proposal)
        if not done.rowcount:
            state = f"{found.decision} by {found.decider}" if found.decision else "lapsed: nobody confirmed it in time"
            raise PeopleError("approval", f"proposal {proposal} is {state}")
        return found

    async def _propose(
        self, kind: str, about: str, arguments: Mapping[str, object], actor: str, reason: str
    ) -> Proposal:
        """Enter it, or find the same that this person has proposed already."""
        now, asked = self.now(), json.dumps(arguments, sort_keys=True)
        same = sql("kind = ? and about = ? and arguments = ? and proposer = ? and decided is null and lapses > ?")
        if there := await self._found(same, kind, about, asked, actor, now):
            return there[0]
        async with self._store.transaction() as connection:
            values = (kind, about, asked, reason, actor, now, now + self._settings.proposal_hours * _HOUR_S)
            made = await connection.execute(
                "insert into approval (kind, about, arguments, reason, proposer, proposed, lapses) "
                "values (?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            number = made.lastrowid or 0
            found = await self.of_number(number)
            about_it = ("approval", str(number), "proposed")
            deed = chain.Deed(now, actor, *about_it, reason, _told(found), after=print_of(asked, found.lapses))
            await chain.record(connection, [deed])
        return found

    async def _use(self, kind: str, about: str, arguments: Mapping[str, object], actor: str, reason: str) -> str:
        """Use up what was confirmed for this person, for this reason, within the day; nothing where nothing was."""
        now, asked = self.now(), json.dumps(arguments, sort_keys=True)
        mine = sql(
            "kind = ? and about = ? and arguments = ? and proposer = ? and reason = ? and decision = 'confirmed' "
            "and used is null and decided > ? order by id limit 1"
        )
        if not (there := await self._found(mine, kind, about, asked, actor, reason, now - _DAY_S)):
            return ""
        async with self._store.transaction() as connection:
            used = await self._used(connection, there[0])
        return f"confirmed by {there[0].decider}" if used else ""

    async def _used(self, connection: Connection, found: Proposal) -> bool:
        """It is done: once, which `audit verify` holds it against."""
        now = self.now()
        used = await connection.execute("update approval set used = ? where id = ? and used is null", (now, found.id))
        if used.rowcount:
            about = ("approval", str(found.id), DONE)
            await chain.record(connection, [chain.Deed(now, found.proposer, *about, "", _told(found))])
        return bool(used.rowcount)

    async def _who_may(self, kind: str) -> list[str]:
        return [account.name for account in await self._accounts.listed() if _may(account, kind)]

    async def _found(self, condition: Sql, *values: object) -> list[Proposal]:
        query = sql("select {columns} from approval where {condition}", columns=_COLUMNS, condition=condition)
        rows = await self._store.connection.execute_fetchall(query, values)
        return [Proposal._make((*row[:3], json.loads(row[3]), *row[4:])) for row in rows]


def print_of(asked: str, lapses: float) -> str:
    """Of what would be done, and until when it can be confirmed; `audit verify` holds the proposal against it."""
    return sha256(f"{asked} {lapses!r}".encode()).hexdigest()[:32]


def _may(account: Account, kind: str) -> bool:
    return account.disabled is None and not rights_of(account.roles).isdisjoint(TAKES_TWO[kind])


def _told(proposal: Proposal) -> str:
    return told_of(proposal.kind, proposal.about, proposal.proposer)


def told_of(kind: str, about: str, proposer: str) -> str:
    """What the record says of a proposal."""
    return f"{kind}: {about}, proposed by {proposer}"

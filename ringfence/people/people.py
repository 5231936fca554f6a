"""People as command line, API and pages ask for them: who signs in, who acts, and whether he may."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Literal, NamedTuple

import structlog

from ringfence.people.accounts import Account, Accounts, stands
from ringfence.people.actor import Actor, everybody
from ringfence.people.approvals import Approvals
from ringfence.people.door import ask_one_of
from ringfence.people.faults import DirectoryError, NotAllowed, PeopleError
from ringfence.people.passkeys import Passkeys, Shown
from ringfence.people.passwords import Passwords, refuse_weak
from ringfence.people.people_settings import PeopleSettings
from ringfence.people.rights import OF_SOURCES, Right, rights_of
from ringfence.people.sealing import Sealing
from ringfence.people.second_factor import SecondFactors
from ringfence.people.sessions import FromDirectory, Open, Sessions
from ringfence.people.tries import Tries
from rules.audit import chain
from rules.storage.keys import Keys
from rules.storage.store import Store

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from ringfence.people.directory import Directory, Told

log = structlog.get_logger("ringfence.people")


class Session(NamedTuple):
    """Somebody was let in."""

    token: str  # what his browser sends from now on; kept nowhere
    actor: Actor
    ends: float  # at the latest


class Problem(NamedTuple):
    """Nobody was let in: the same whether the name, the password or the code was wrong."""

    kind: Literal["wrong", "too-many", "second-factor", "no-account"]
    said: str
    wait_s: float = 0.0


_WRONG = Problem("wrong", "Name, password or code is wrong.")
_NO_PASSKEY = Shown(0, 0, "", 0, False, b"")  # nobody's
_NO_ACCOUNT = Problem("no-account", "The directory knows you, and there is no account of that name here; ask an admin.")
_LACKING = Problem(
    "second-factor", "Your roles take a second factor, and you have none: `ringfence people second-factor` makes one."
)


class People:
    """The accounts of an installation, and who is signed in."""

    def __init__(
        self,
        store: Store,
        settings: PeopleSettings,
        keys: Callable[[], Keys],
        now: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
    ) -> None:
        self._store, self._settings, self._now = store, settings, now
        self.passwords = passwords or Passwords()
        self.accounts = Accounts(store, now)
        self.approvals = Approvals(store, self.accounts, settings, now)
        self.accounts.second = self.approvals
        self.sessions = Sessions(store, settings, now)
        self.second_factors = SecondFactors(store, keys, now)
        self.passkeys = Passkeys(store, keys, settings.passkeys_for, now)
        self.directory: Directory | None = None  # that lets people in, too
        self._sealing = Sealing(keys, b"ringfence directory tokens")
        self._tries = Tries(store, settings.tries, now)

    @classmethod
    async def open(cls, installation: Installation) -> People:
        """Those of an installation, opened once and closed with it."""
        return await installation.people()

    @property
    def store(self) -> Store:
        """Where they stand, with their chain."""
        return self._store

    async def close(self) -> None:
        """Nothing is open any more."""
        if self.directory is not None:
            await self.directory.close()
        await self._store.close()

    async def sign_in(self, name: str, password: str, code: str, address: str) -> Session | Problem:
        """Let somebody in, or say that it was wrong, in the same words and time for a name that nobody has."""
        return await self._by_password(name, password, address, code=code)

    async def sign_in_by_passkey(
        self, said: str, browser: str, address: str, name: str = "", password: str = ""
    ) -> Session | Problem:
        """The same with what a browser signed with: beside a password, or alone, if the authenticator knew the person.

        ``browser`` is whom the challenge was given to.
        """
        shown = await self.passkeys.shown(said, browser)
        if password:
            return await self._by_password(name, password, address, shown=shown or _NO_PASSKEY)
        account = await self.accounts.by_id(shown.account) if shown is not None and shown.verified else None
        if shown is None or account is None:
            return _WRONG
        return await self._enter(account, address, shown=shown) or _WRONG

    async def has_second(self, account: Account) -> bool:
        """Has an account a second factor of any kind?"""
        return await self.second_factors.is_there(account) or bool(await self.passkeys.listed(account))

    async def _by_password(
        self, name: str, password: str, address: str, *, code: str = "", shown: Shown | None = None
    ) -> Session | Problem:
        if wait := await self._tries.take(name, address):
            minutes = int(wait // 60) + 1
            return Problem("too-many", f"Too many tries; the next one counts in {minutes} minutes.", wait)
        kept, account = await self._kept(name)
        right = await self.passwords.is_right(password, kept)
        if account is None or not right or not await self._second_is_right(account, code, shown):
            return _WRONG
        if self._lacks(account) and not await self.has_second(account):
            return _LACKING
        newer = await self.passwords.hash(password) if self.passwords.is_old(kept) else kept
        return await self._enter(account, address, kept=(kept, newer), typed=name, shown=shown) or _WRONG

    async def _second_is_right(self, account: Account, code: str, shown: Shown | None) -> bool:
        """Is it his passkey, or a code of his; who has neither needs none."""
        if shown is not None:
            return shown.account == account.id
        if await self.passkeys.listed(account) and not await self.second_factors.is_there(account):
            return False
        return await self.second_factors.is_right(account, code)

    async def is_own(self, account: Account, password: str, address: str) -> Literal["right", "wrong", "too-many"]:
        """Is it the password of somebody who is signed in? Guessing it is counted as guessing at the door is."""
        if await self._tries.take(account.name, address):
            return "too-many"
        if not await self.passwords.is_right(password, await self.accounts.kept_password(account.id)):
            return "wrong"
        async with self._store.transaction() as connection:
            await self._tries.give_back(connection, account.name, address)
        return "right"

    async def session_of(self, token: str) -> Actor | None:
        """Who sent this token, with the rights that he has at this moment; None once it is over."""
        found = await self.sessions.find(token)
        if found is None or (found.directory is not None and not await self._still_there(token, found)):
            return None
        account = await self.accounts.by_id(found.account)
        return account.acts("page") if account is not None and account.disabled is None else None

    async def let_in(self, told: Told, address: str) -> Session | Problem:
        """Let somebody in whom the staff directory knows, as the account of this name; which roles it has, we say."""
        account = await self.accounts.maybe(told.name)
        if account is None or account.disabled is not None:
            return _NO_ACCOUNT
        token = self._sealing.seal(told.token, _bound(account.id))
        by = FromDirectory(told.subject, told.session, token, self._now())
        return await self._enter(account, address, directory=by) or _NO_ACCOUNT

    async def _still_there(self, token: str, found: Open) -> bool:
        """Does the directory that let a session in still know him? Asked at most once in so many seconds."""
        by, now = found.directory, self._now()
        assert by is not None
        if self.directory is not None:
            settings = self.directory.settings
            if now - by.asked < settings.check_s:
                return True
            given = self._sealing.open(by.token, _bound(found.account))
            try:
                if given is not None and await self.directory.is_there(given):
                    await self.sessions.is_there(token)
                    return True
            except DirectoryError as error:
                log.warning("the staff directory does not answer", fault=str(error))
                if now - by.asked < settings.grace_s:
                    return True
        await self.sessions.end(token, why="the staff directory knows him no more")
        return False

    async def _enter(
        self,
        account: Account,
        address: str,
        *,
        kept: tuple[str, str] = ("", ""),
        typed: str = "",
        directory: FromDirectory | None = None,
        shown: Shown | None = None,
    ) -> Session | None:
        """A session for whoever was let in; None where he was disabled, or the password changed, at this moment.

        ``kept`` is the hash by which he came, and the one to keep from now on.
        """
        now, how = self._now(), "by the staff directory, " if directory else ""
        if shown is not None:
            how = f"with passkey {shown.name}, "
        async with self._store.transaction() as connection:
            if shown is not None and not await self.passkeys.use(connection, shown):
                return None
            changed = await connection.execute(
                "update account set signed_in = ?1, password = case when ?2 = '' then password else ?3 end "
                "where id = ?4 and disabled is null and ?2 in ('', password)",
                (now, *kept, account.id),
            )
            if not changed.rowcount:
                return None
            if typed:
                await self._tries.give_back(connection, typed, address)
            begun = await self.sessions.begin(connection, account.id, address, directory)
            about, detail = ("account", account.name, "signed in"), f"{how}from {address}"
            stood = [await stands(connection, account.id)] if kept[0] != kept[1] else []  # kept in another way now
            after = "; ".join([*stood, begun.after])
            deed = chain.Deed(now, account.name, *about, detail=detail, before=begun.before, after=after)
            await chain.record(connection, [deed])
        return Session(begun.token, account.acts("page"), now + self.sessions.longest_s)

    async def sign_out(self, token: str) -> None:
        """Let this token open nothing any more."""
        await self.sessions.end(token)

    def allowed(self, actor: Actor, right: Right) -> bool:
        """May he?"""
        return right in actor.rights

    def ask(self, actor: Actor, right: Right) -> None:
        """NotAllowed, unless he may: who could is told."""
        ask_one_of(actor, [right])

    async def acting(self, *logins: str) -> Actor:
        """Who runs a command under one of these logins of the system, the first that an account acts under.

        NotAllowed for whoever has no account while others have.
        """
        if not await self.accounts.any():
            return everybody(logins[-1], "command line")
        for login in logins:
            account = await self.accounts.of_login(login)
            if account is None:
                continue
            if account.disabled is not None:
                raise NotAllowed("account", f"{account.name}, which {login} acts as, is disabled")
            return account.acts("command line")
        login = logins[0]
        raise NotAllowed(
            "account",
            f"{login} has none, and there are accounts: an admin makes one that acts under this login "
            f"(`ringfence people add NAME --login {login} --role ...`)",
        )

    async def with_key(self, named: str, source: str, scopes: frozenset[Right]) -> Actor:
        """Who acts with a key of the API that has these scopes: the account that it names, with the rights of both.

        A key that names no account acts as itself. NotAllowed where the account is disabled.
        """
        account = await self.accounts.maybe(named) or await self.accounts.of_login(named) if named else None
        if account is None:
            return Actor(named or source, frozenset(), scopes, "api")
        if account.disabled is not None:
            raise NotAllowed("account", f"{account.name}, as whom this key acts, is disabled")
        actor = account.acts("api")
        return actor._replace(rights=actor.rights & scopes)

    async def refuse_key(self, named: str, scopes: Collection[Right]) -> None:
        """PeopleError for a new key that acts as nobody and does what people do, or may more than its account."""
        if not named:
            if beyond := sorted(set(scopes) - OF_SOURCES):
                raise PeopleError(
                    "acts-as", f"{', '.join(beyond)}: name the account as which it acts; without one it only files"
                )
            return
        account = await self.accounts.named(named)
        if beyond := sorted(set(scopes) - rights_of(account.roles)):
            raise PeopleError(
                "scope", f"{account.name} may not {', '.join(beyond)} himself; give him a role for it first"
            )

    async def set_password(self, name: str, password: str, *, author: str) -> Account:
        """Let this password let him in, and nothing that was before."""
        account = await self.accounts.named(name)
        refuse_weak(password, account.name)
        return await self.accounts.set_password(account.name, await self.passwords.hash(password), author=author)

    async def deeds_of(self, name: str) -> list[chain.Deed]:
        """What was done with an account, oldest first; how it stood after, with prints, is for `audit verify`."""
        done = await chain.deeds_of(self._store.connection, "account", name)
        return [deed._replace(after="") for deed in done]

    async def _kept(self, name: str) -> tuple[str, Account | None]:
        """What is kept of a password, and whose; nothing of nobody's."""
        account = await self.accounts.maybe(name)
        if account is None or account.disabled is not None:
            return "", None
        return await self.accounts.kept_password(account.id), account

    def _lacks(self, account: Account) -> bool:
        """Does a role of the account take a second factor?"""
        return not account.roles.isdisjoint(self._settings.second_factor)


def _bound(account: int) -> str:
    """To whom a token of the directory belongs."""
    return f"account {account}"

"""Accounts: whom there is, what they are there for, under which login of the system they run commands."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from ringfence.people import session_rows, standing
from ringfence.people.actor import Actor, Door
from ringfence.people.faults import PeopleError
from ringfence.people.rights import ROLE_MEANING, Role, rights_of
from rules.audit import chain
from rules.audit.second import NO_SECOND, Second
from rules.storage.statements import Sql, sql
from rules.storage.store import Connection, Store

LANGUAGES = ("en", "zh")
OURSELVES = "ringfence"  # what the program itself does stands under this name
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@-]{0,63}|uid \d{1,10}")
_LONGEST = 100
_COLUMNS = sql(
    "id, name, display_name, language, login, created, author, signed_in, disabled, password <> '', "
    "(select group_concat(role, ' ') from account_role where account = id)"
)


class Account(NamedTuple):
    """Somebody, without what lets him in."""

    id: int
    name: str
    display_name: str
    language: str  # en, zh, or nothing: what the browser asks for
    login: str | None  # of the system
    created: float
    author: str
    signed_in: float | None  # last
    disabled: float | None
    password: bool = False  # is there one?
    roles: frozenset[Role] = frozenset()

    def acts(self, by: Door) -> Actor:
        """This account at work."""
        return Actor(self.name, self.roles, rights_of(self.roles), by, self.display_name, self.language)


class Wanted(NamedTuple):
    """What an account is to be."""

    name: str
    roles: frozenset[Role]
    display_name: str = ""
    language: str = ""
    login: str | None = None
    password: str = ""  # what is kept of it


class Accounts:
    """All accounts of an installation. Whoever changes one is named, and it is entered with the change."""

    def __init__(self, store: Store, now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self.second: Second = NO_SECOND

    async def any(self) -> bool:
        """Is there an account that works? While there is none, everything is open to whoever may read the files."""
        rows = await self._store.connection.execute_fetchall("select 1 from account where disabled is null limit 1")
        return bool(list(rows))

    async def listed(self) -> list[Account]:
        """All of them, by name; those that were removed are gone."""
        return await _accounts(self._store.connection, sql("removed is null order by folded"))

    async def named(self, name: str) -> Account:
        """The account of this name, whatever its case; PeopleError for none."""
        return await _named(self._store.connection, name)

    async def maybe(self, name: str) -> Account | None:
        """The account of this name, or None."""
        found = await _accounts(self._store.connection, sql("removed is null and folded = ?"), _fold(name))
        return found[0] if found else None

    async def by_id(self, account: int) -> Account | None:
        """The account of this number."""
        found = await _accounts(self._store.connection, sql("removed is null and id = ?"), account)
        return found[0] if found else None

    async def kept_password(self, account: int) -> str:
        """What is kept of the password; nothing where there is none."""
        query = "select password from account where id = ?"
        rows = list(await self._store.connection.execute_fetchall(query, (account,)))
        return str(rows[0][0]) if rows else ""

    async def of_login(self, login: str) -> Account | None:
        """Who runs commands under this login of the system."""
        found = await _accounts(self._store.connection, sql("removed is null and login = ?"), login)
        return found[0] if found else None

    async def add(self, wanted: Wanted, *, author: str) -> Account:
        """Make an account. The first one has to be an admin's: nobody else could make the others."""
        _check(wanted)
        told = {"do": "add", **wanted._asdict(), "roles": sorted(wanted.roles)}
        how = await self.second.ask("account", f"account {wanted.name}", told, actor=author)
        now = self._now()
        async with self._store.transaction() as connection:
            rows = list(
                await connection.execute_fetchall("select 1 from account where folded = ?", (_fold(wanted.name),))
            )
            if rows:
                raise PeopleError("name", f"there is an account {wanted.name}, or there was: choose another name")
            await _free(connection, wanted.login, wanted.name)
            values = (wanted.name, _fold(wanted.name), wanted.display_name, wanted.language, wanted.login)
            password_at = now if wanted.password else None
            cursor = await connection.execute(
                "insert into account (name, folded, display_name, language, login, password, password_at, created, "
                "author) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, wanted.password, password_at, now, author),
            )
            await _set_roles(connection, cursor.lastrowid, wanted.roles)
            await _refuse_without_admin(connection)
            detail = f"roles {_shown(wanted.roles)}" + (f"; login {wanted.login}" if wanted.login else "") + _also(how)
            about = ("account", wanted.name, "added")
            deed = chain.Deed(now, author, *about, detail=detail, after=await stands(connection, cursor.lastrowid))
            await chain.record(connection, [deed])
        return await self.named(wanted.name)

    async def set_roles(self, name: str, roles: Iterable[Role], *, author: str) -> Account:
        """Let somebody be there for this and nothing else; it holds from the next request on."""
        wanted = frozenset(roles)
        told = {"do": "set_roles", "roles": sorted(wanted)}
        async with self._changing(name, author, told=told) as change:
            if not wanted:
                raise PeopleError("roles", f"give at least one of {', '.join(Role)}, or disable the account")
            change.step, change.detail = "roles", f"{_shown(change.account.roles)} -> {_shown(wanted)}"
            await _set_roles(change.connection, change.account.id, wanted)
        return await self.named(name)

    async def set_login(self, name: str, login: str | None, *, author: str) -> Account:
        """Let somebody run commands under this login of the system, or under none."""
        _check_login(login)
        async with self._changing(name, author, told={"do": "set_login", "login": login}) as change:
            if login != change.account.login:
                await _free(change.connection, login, name)
            change.step, change.detail = "login", f"{change.account.login or 'none'} -> {login or 'none'}"
            await change.write(sql("update account set login = ? where id = ?"), login)
        return await self.named(name)

    async def set_password(self, name: str, kept: str, *, author: str) -> Account:
        """Let another password let him in; whoever came in by the one before is out."""
        told = {"do": "set_password", "kept": kept}
        async with self._changing(name, author, told=told if _fold(name) != _fold(author) else None) as change:
            change.step = "password"
            await change.write(sql("update account set password = ?, password_at = ? where id = ?"), kept, self._now())
            change.detail = f"sessions ended: {await change.end_sessions()}"
        return await self.named(name)

    async def disable(self, name: str, *, author: str, reason: str = "") -> Account:
        """Let an account open nothing from now on, until it is enabled again; its sessions end."""
        account = await self.named(name)
        told = {"do": "disable"} if Role.ADMIN in account.roles else None  # anybody else at once, by one
        async with self._changing(name, author, reason, told=told) as change:
            if change.account.disabled is not None:
                raise PeopleError("name", f"{change.account.name} is disabled already")
            change.step, change.detail = "disabled", f"sessions ended: {await change.end_sessions()}"
            await change.write(sql("update account set disabled = ? where id = ?"), self._now())
        return await self.named(name)

    async def enable(self, name: str, *, author: str, reason: str = "") -> Account:
        """Let it open again what its roles say."""
        async with self._changing(name, author, reason, told={"do": "enable"}) as change:
            if change.account.disabled is None:
                raise PeopleError("name", f"{change.account.name} is not disabled")
            change.step = "enabled"
            await change.write(sql("update account set disabled = null where id = ?"))
        return await self.named(name)

    async def remove(self, name: str, *, author: str, reason: str = "") -> Account:
        """Let an account be gone. Its name is never given again: the record tells of one person by it."""
        async with self._changing(name, author, reason, told={"do": "remove"}) as change:
            change.step, change.detail = "removed", f"sessions ended: {await change.end_sessions()}"
            await change.write(
                sql("update account set removed = ?1, disabled = ?1, login = null, password = '' where id = ?2"),
                self._now(),
            )
            await _set_roles(change.connection, change.account.id, frozenset())
        return change.account

    async def again(self, about: str, told: Mapping[str, Any], *, author: str, reason: str) -> None:
        """Do what was proposed of an account, now that it is confirmed."""
        name, how = about.removeprefix("account "), dict(told)
        match how.pop("do"):
            case "add":
                await self.add(Wanted(**{**how, "roles": read_roles(how["roles"])}), author=author)
            case "set_roles":
                await self.set_roles(name, read_roles(how["roles"]), author=author)
            case "set_login":
                await self.set_login(name, how["login"], author=author)
            case "set_password":
                await self.set_password(name, how["kept"], author=author)
            case "disable":
                await self.disable(name, author=author, reason=reason)
            case "enable":
                await self.enable(name, author=author, reason=reason)
            case "remove":
                await self.remove(name, author=author, reason=reason)
            case other:
                raise PeopleError("approval", f"nothing is known of {other!r}")

    @asynccontextmanager
    async def _changing(
        self, name: str, author: str, reason: str = "", *, told: Mapping[str, object] | None = None
    ) -> AsyncIterator[_Change]:
        """Change an account in one transaction, in which it is entered; somebody is left who can make others.

        ``told`` says what is done, where it takes another person.
        """
        how = ""
        if told is not None:
            about = f"account {(await self.named(name)).name}"
            how = await self.second.ask("account", about, told, actor=author, reason=reason)
        async with self._store.transaction() as connection:
            change = _Change(connection, await _named(connection, name))
            yield change
            await _refuse_without_admin(connection)
            what = ("account", change.account.name, change.step)
            after = await stands(connection, change.account.id)
            before = session_rows.ended(change.ended)
            deed = chain.Deed(
                self._now(), author, *what, reason, change.detail + _also(how), before=before, after=after
            )
            await chain.record(connection, [deed])


class _Change:
    """A change of one account that is under way."""

    def __init__(self, connection: Connection, account: Account) -> None:
        self.connection, self.account = connection, account
        self.step = self.detail = ""
        self.ended: list[str] = []  # prints of sessions

    async def write(self, statement: Sql, *values: Any) -> None:
        await self.connection.execute(statement, (*values, self.account.id))

    async def end_sessions(self) -> int:
        self.ended += await session_rows.end(self.connection, sql("account = ?"), self.account.id)
        return len(self.ended)


async def stands(connection: Connection, account: int | None) -> str:
    """What lets an account in and what it may, for its entry: `audit verify` holds the account against that."""
    query = (
        "select removed is not null, disabled is not null, login, password, "
        "(select group_concat(role, ' ') from account_role where account = id) from account where id = ?"
    )
    (row,) = await connection.execute_fetchall(query, (account,))
    removed, disabled, login, password, roles = row
    state = "removed" if removed else "disabled" if disabled else "enabled"
    told = {"state": state, "roles": _shown((roles or "").split()), "login": login or "none"}
    return standing.written(told | {"password": standing.print_of_secret(password.encode())})


def read_roles(words: Iterable[str]) -> frozenset[Role]:
    """Roles as people write them: several words, separated by commas or blanks."""
    found = [word for one in words for word in one.replace(",", " ").split()]
    if unknown := sorted(set(found) - set(Role)):
        choice = "\n".join(f"  {role}: {meaning}" for role, meaning in ROLE_MEANING.items())
        raise PeopleError("roles", f"{unknown[0][:40]!r} is none; choose from\n{choice}")
    return frozenset(map(Role, found))


async def _accounts(connection: Connection, condition: Sql, *values: object) -> list[Account]:
    query = sql("select {columns} from account where {condition}", columns=_COLUMNS, condition=condition)
    return [_account(*row) for row in await connection.execute_fetchall(query, values)]


def _account(*row: Any) -> Account:
    *columns, password, roles = row
    return Account._make((*columns, bool(password), frozenset(map(Role, (roles or "").split()))))


async def _named(connection: Connection, name: str) -> Account:
    found = await _accounts(connection, sql("removed is null and folded = ?"), _fold(name))
    if not found:
        raise PeopleError("name", f"there is no account {name[:64]!r}; `ringfence people list` shows all")
    return found[0]


async def _set_roles(connection: Connection, account: int | None, roles: frozenset[Role]) -> None:
    await connection.execute("delete from account_role where account = ?", (account,))
    await connection.executemany("insert into account_role values (?, ?)", [(account, role) for role in sorted(roles)])


async def _free(connection: Connection, login: str | None, name: str) -> None:
    """PeopleError if somebody else has this login."""
    if login is not None and (taken := await _accounts(connection, sql("login = ?"), login)):
        raise PeopleError("login", f"{login} is {taken[0].name}'s; one login acts as one account, not as {name}, too")


async def _refuse_without_admin(connection: Connection) -> None:
    query = "select count(*), sum(exists (select 1 from account_role where account = id and role = ?)) from account "
    rows = list(await connection.execute_fetchall(f"{query} where disabled is null", (Role.ADMIN,)))
    there, admins = rows[0]
    if not admins:
        said = "the first account is an admin's" if there else "nobody would be left"
        raise PeopleError("roles", f"{said}: without an admin nobody could make accounts; make one first")


def _check(wanted: Wanted) -> None:
    if not _NAME.fullmatch(wanted.name):
        raise PeopleError("name", "write 1 to 64 letters, digits, dots, dashes, underscores or @, no blanks")
    if _fold(wanted.name) == OURSELVES:
        raise PeopleError("name", f"{OURSELVES} is what the program calls itself; choose another")
    if not wanted.roles:
        raise PeopleError("roles", f"give at least one of {', '.join(Role)}")
    if len(wanted.display_name) > _LONGEST or not wanted.display_name.isprintable():
        raise PeopleError("display name", f"write at most {_LONGEST} characters in one line")
    if wanted.language not in ("", *LANGUAGES):
        raise PeopleError("language", f"write {' or '.join(LANGUAGES)}")
    _check_login(wanted.login)


def _check_login(login: str | None) -> None:
    if login is not None and not _LOGIN.fullmatch(login):
        raise PeopleError("login", "write a login name of the system, or `uid NUMBER` where it has no name")


def _shown(roles: Iterable[str]) -> str:
    return ", ".join(sorted(roles)) or "none"


def _also(how: str) -> str:
    return f"; {how}" if how else ""


def _fold(name: str) -> str:
    return name.casefold()

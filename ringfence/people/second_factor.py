"""The second factor: codes that a telephone shows (TOTP, RFC 6238), and codes on paper for when it is lost."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from secrets import choice

import pyotp

from ringfence.people import session_rows, standing
from ringfence.people.accounts import Account
from ringfence.people.faults import PeopleError
from ringfence.people.sealing import Sealing
from rules.audit import chain
from rules.storage.keys import Keys
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

ON_PAPER = 10  # codes
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no i l o 0 1: they are written down
_LENGTH = 16  # of 31 signs: 79 bits, so that a fast hash is enough
_STEP_S = 30
_NEAR = (0, -1, 1)  # steps: of the clock of a telephone
# Parts of an entry: of the secret that counts, of one that is begun, of the codes on paper, of the one that was used.
FACTOR, BEGUN, CODES, USED, NONE = "second factor", "begun", "codes", "code", "none"
_USE = b"ringfence second factors"
_ISSUER = "Ringfence"


class SecondFactors:
    """Those of all accounts. A secret lies encrypted: the database alone, or a copy of it, shows no code."""

    def __init__(self, store: Store, keys: Callable[[], Keys], now: Callable[[], float] = time.time) -> None:
        self._store, self._now = store, now
        self._sealing = Sealing(keys, _USE)

    async def is_there(self, account: Account) -> bool:
        """Has the account one?"""
        return (await self._kept(account))[0] is not None

    async def begin(self, account: Account, *, author: str) -> str:
        """Where the telephone reads its secret (otpauth URI); it counts once a code of it was given."""
        secret = pyotp.random_base32()
        async with self._store.transaction() as connection:
            await connection.execute(
                "update account set totp_begun = ? where id = ?", (self._encrypted(secret, account), account.id)
            )
            after = standing.written({BEGUN: _print(secret)})
            await _enter(connection, self._now(), author, account, "second factor begun", after=after)
        return pyotp.TOTP(secret).provisioning_uri(name=account.name, issuer_name=_ISSUER)

    async def confirm(self, account: Account, code: str, *, author: str) -> list[str]:
        """From now on it takes a code to get in; the codes for paper, told this once."""
        _, begun = await self._kept(account)
        if begun is None:
            raise PeopleError("code", f"no second factor of {account.name} was begun")
        secret = self._decrypted(begun, account)
        step = self._step_of(secret, code)
        if step is None:
            raise PeopleError("code", "it is not the one of this moment; is the clock of the telephone right?")
        codes = ["".join(choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(ON_PAPER)]
        async with self._store.transaction() as connection:
            await connection.execute(
                "update account set totp = totp_begun, totp_begun = null, totp_step = ? where id = ?",
                (step, account.id),
            )
            await connection.execute("delete from recovery where account = ?", (account.id,))
            kept = [_hash(one) for one in codes]
            await connection.executemany("insert into recovery values (?, ?)", [(account.id, one) for one in kept])
            before = session_rows.ended(await session_rows.end(connection, sql("account = ?"), account.id))
            after = standing.written(
                {FACTOR: _print(secret), CODES: codes_shown(map(print_of_code, kept)), BEGUN: NONE}
            )
            await _enter(connection, self._now(), author, account, "second factor", before, after)
        return ["-".join(one[at : at + 4] for at in range(0, _LENGTH, 4)) for one in codes]

    async def remove(self, account: Account, *, author: str) -> None:
        """The password alone lets him in again."""
        async with self._store.transaction() as connection:
            await connection.execute("update account set totp = null, totp_begun = null where id = ?", (account.id,))
            await connection.execute("delete from recovery where account = ?", (account.id,))
            after = standing.written({FACTOR: NONE, CODES: NONE, BEGUN: NONE})
            await _enter(connection, self._now(), author, account, "second factor removed", after=after)

    async def is_right(self, account: Account, code: str) -> bool:
        """Is it a code of this moment, or one on paper? It is used up by that. Who has no factor needs none."""
        kept, _ = await self._kept(account)
        if kept is None:
            return True
        step = self._step_of(self._decrypted(kept, account), code)
        async with self._store.transaction() as connection:
            if step is not None:
                used = await connection.execute(
                    "update account set totp_step = ?1 where id = ?2 and totp_step < ?1", (step, account.id)
                )
            else:
                used = await connection.execute(
                    "delete from recovery where account = ? and hash = ?", (account.id, _hash(code))
                )
                if used.rowcount:
                    before = standing.written({USED: print_of_code(_hash(code))})
                    await _enter(connection, self._now(), account.name, account, "code on paper used", before)
        return bool(used.rowcount)

    async def rewrite(self, accounts: Iterable[Account]) -> int:
        """Write the secrets of these under the newest key that are under another; how many accounts had such."""
        count = 0
        async with self._store.transaction() as connection:
            for account in accounts:
                kept = await self._kept(account)
                again = [self._sealing.under_newest(blob, _bound(account)) if blob else None for blob in kept]
                if any(again):
                    totp, begun = (new or old for new, old in zip(again, kept, strict=True))
                    values = (totp, begun, account.id)
                    await connection.execute("update account set totp = ?, totp_begun = ? where id = ?", values)
                    count += 1
        return count

    async def _kept(self, account: Account) -> tuple[bytes | None, bytes | None]:
        """The secret that counts, and the one that is begun."""
        query = "select totp, totp_begun from account where id = ?"
        rows = list(await self._store.connection.execute_fetchall(query, (account.id,)))
        return (rows[0][0], rows[0][1]) if rows else (None, None)

    def _step_of(self, secret: str, code: str) -> int | None:
        """Which step of time it is the code of, if of one near this moment."""
        typed, now = code.replace(" ", ""), int(self._now() // _STEP_S)
        found = None
        for near in _NEAR:
            at = datetime.fromtimestamp((now + near) * _STEP_S, UTC)
            if hmac.compare_digest(pyotp.TOTP(secret).at(at).encode(), typed.encode()):
                found = now + near
        return found

    def _encrypted(self, secret: str, account: Account) -> bytes:
        return self._sealing.seal(secret, _bound(account))

    def _decrypted(self, blob: bytes, account: Account) -> str:
        if (secret := self._sealing.open(blob, _bound(account))) is None:
            raise PeopleError("code", f"the second factor of {account.name} was made under another key file")
        return secret


def _bound(account: Account) -> str:
    """To whom a secret belongs: another's opens nothing in his place."""
    return f"account {account.id}"


def _hash(code: str) -> bytes:
    return sha256(code.strip().lower().replace("-", "").replace(" ", "").encode()).digest()


async def _enter(
    connection: Connection, now: float, author: str, account: Account, step: str, before: str = "", after: str = ""
) -> None:
    await chain.record(connection, [chain.Deed(now, author, "account", account.name, step, before=before, after=after)])


def _print(secret: str) -> str:
    return standing.print_of_secret(secret.encode())


def print_of_code(hashed: bytes) -> str:
    """What the entry of a code on paper holds of it: nobody finds the code by it, whose hash is of 79 bits."""
    return standing.print_of_secret(hashed)[:16]


def codes_shown(prints: Iterable[str]) -> str:
    """Those of an account, for its entry."""
    return " ".join(sorted(prints)) or NONE


async def factors(connection: Connection, keys: Callable[[], Keys]) -> dict[int, dict[str, str]]:
    """How the second factors stand, by account, as an entry tells it; a secret that cannot be read is another one."""
    sealing = Sealing(keys, _USE)
    codes: dict[int, list[str]] = {}
    for account, hashed in await connection.execute_fetchall("select account, hash from recovery"):
        codes.setdefault(account, []).append(print_of_code(hashed))

    def told(account: int, blob: bytes | None) -> str:
        if blob is None:
            return NONE
        secret = sealing.open(blob, f"account {account}")
        return "not readable" if secret is None else _print(secret)

    rows = list(await connection.execute_fetchall("select id, totp, totp_begun from account"))
    return {
        account: {FACTOR: told(account, kept), BEGUN: told(account, begun), CODES: codes_shown(codes.get(account, ()))}
        for account, kept, begun in rows
    }

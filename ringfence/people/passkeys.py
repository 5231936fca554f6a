"""Passkeys (WebAuthn level 3): made by the authenticator of a person for this console, and of no use anywhere else."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import structlog

from ringfence.people import session_rows, standing
from ringfence.people.accounts import Account
from ringfence.people.faults import PeopleError
from ringfence.people.sealing import Sealing
from rules.audit import chain
from rules.storage.keys import Keys
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

LONGEST_SAID = 20_000  # characters of what a browser hands over
LONGEST_NAME = 64
ADDED, REMOVED, PRINT = "passkey added", "passkey removed", "passkey"
_LASTS_S = 300.0  # a challenge: people look for their telephone
_AT_MOST = 10  # of an account
_MAKING, _SIGNING = "making", "signing"
log = structlog.get_logger("ringfence.people")


class Passkey(NamedTuple):
    """One of an account, as people see it."""

    id: int
    name: str
    created: float
    used: float | None


class Shown(NamedTuple):
    """A passkey that somebody has just signed with."""

    passkey: int
    account: int
    name: str
    signs: int
    verified: bool  # the authenticator asked for a PIN, a finger or a face
    challenge: bytes


class Passkeys:
    """Those of all accounts. ``console`` is where browsers find the console; none can be made or used without it."""

    def __init__(
        self, store: Store, keys: Callable[[], Keys], console: str, now: Callable[[], float] = time.time
    ) -> None:
        self._store, self._keys, self._now = store, keys, now
        self._sealing = Sealing(keys, b"ringfence passkey challenges")
        found = urlsplit(console)
        self._place, self._rp = found.netloc, found.hostname or ""
        self._origin = f"{found.scheme}://{found.netloc}"

    def offered_at(self, host: str) -> bool:
        """Did a browser come by the address that passkeys are made for?"""
        return bool(self._rp) and host == self._place

    async def listed(self, account: Account) -> list[Passkey]:
        """Those of an account, the oldest first."""
        query = "select id, name, created, used from passkey where account = ? order by id"
        return [Passkey(*row) for row in await self._store.connection.execute_fetchall(query, (account.id,))]

    async def begin_making(self, account: Account, session: str) -> str:
        """What a browser is asked for (JSON): good once, in this session, for five minutes."""
        from webauthn import generate_registration_options, options_to_json
        from webauthn.helpers.structs import (
            AuthenticatorSelectionCriteria,
            PublicKeyCredentialDescriptor,
            ResidentKeyRequirement,
        )

        self._refuse_without_place()
        query = "select credential from passkey where account = ?"
        there = list(await self._store.connection.execute_fetchall(query, (account.id,)))
        if len(there) >= _AT_MOST:
            raise PeopleError("passkey", f"{account.name} has {_AT_MOST}, as many as there may be; remove one first")
        asked = generate_registration_options(
            rp_id=self._rp,
            rp_name="Ringfence",
            user_id=self._handle(account),
            user_name=account.name,
            user_display_name=account.display_name or account.name,
            challenge=self._challenge(_MAKING, session),
            timeout=int(_LASTS_S * 1000),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=row[0]) for row in there],
            # Kept by the authenticator with the name, so that it signs in whose name was not typed.
            authenticator_selection=AuthenticatorSelectionCriteria(resident_key=ResidentKeyRequirement.REQUIRED),
        )
        return options_to_json(asked)

    async def add(self, account: Account, said: str, name: str, session: str, *, author: str) -> Passkey:
        """Let a passkey let somebody in, as a browser has made it; his other sessions end, which came without one."""
        named = name.strip()
        if not 1 <= len(named) <= LONGEST_NAME or not named.isprintable():
            raise PeopleError("name", f"write 1 to {LONGEST_NAME} characters in one line")
        made, challenge = self._made(said, session)
        now = self._now()
        async with self._store.transaction() as connection:
            there = await connection.execute_fetchall(
                "select count(*), coalesce(sum(credential = ?2), 0) from passkey where account = ?1 or credential = ?2",
                (account.id, made.credential_id),
            )
            ((count, same),) = there
            if not await self._answered(connection, challenge) or same or count >= _AT_MOST:
                raise PeopleError("passkey", "it is there already, or was made before; begin again")
            values = (account.id, made.credential_id, made.credential_public_key, made.sign_count, named, now)
            cursor = await connection.execute(
                "insert into passkey (account, credential, public_key, signs, name, created) values (?, ?, ?, ?, ?, ?)",
                values,
            )
            others = sql("account = ? and hash <> ?")
            gone = await session_rows.end(connection, others, account.id, sha256(session.encode()).digest())
            number = int(cursor.lastrowid or 0)
            after = standing.written({PRINT: print_of(made.credential_id, made.credential_public_key)})
            deed = chain.Deed(now, author, "account", account.name, ADDED, detail=named, after=after)
            deed = deed._replace(before=session_rows.ended(gone))
            await chain.record(connection, [deed])
        return Passkey(number, named, now, None)

    async def remove(self, account: Account, number: int, *, author: str) -> Passkey:
        """Let one let nobody in any more."""
        async with self._store.transaction() as connection:
            query = "select name, created, used, credential, public_key from passkey where account = ? and id = ?"
            rows = list(await connection.execute_fetchall(query, (account.id, number)))
            if not rows:
                raise PeopleError("passkey", f"{account.name} has none with the number {number}")
            name, created, used, credential, public_key = rows[0]
            await connection.execute("delete from passkey where id = ?", (number,))
            before = standing.written({PRINT: print_of(credential, public_key)})
            deed = chain.Deed(self._now(), author, "account", account.name, REMOVED, detail=name, before=before)
            await chain.record(connection, [deed])
        return Passkey(number, name, created, used)

    def begin_signing(self, browser: str) -> str:
        """What a browser is asked for when somebody signs in; it names nobody, so that it tells of nobody."""
        from webauthn import generate_authentication_options, options_to_json

        self._refuse_without_place()
        challenge = self._challenge(_SIGNING, browser)
        return options_to_json(
            generate_authentication_options(rp_id=self._rp, challenge=challenge, timeout=int(_LASTS_S * 1000))
        )

    async def shown(self, said: str, browser: str) -> Shown | None:
        """Whose passkey this browser has signed with; None for whatever does not fit."""
        from webauthn import verify_authentication_response
        from webauthn.helpers import parse_authentication_credential_json

        if not self._rp or len(said) > LONGEST_SAID:
            return None
        try:
            given = parse_authentication_credential_json(said)
            challenge = self._challenge_in(given.response.client_data_json, _SIGNING, browser)
            query = "select id, account, name, public_key, signs from passkey where credential = ?"
            rows = list(await self._store.connection.execute_fetchall(query, (given.raw_id,)))
            if challenge is None or not rows:
                return None
            number, account, name, public_key, signs = rows[0]
            found = verify_authentication_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origin,
                credential_public_key=public_key,
                credential_current_sign_count=signs,
            )
        except Exception as error:  # a browser may hand over anything, and its readers raise anything
            log.warning("a passkey let nobody in", fault=type(error).__name__)
            return None
        return Shown(number, account, name, found.new_sign_count, found.user_verified, challenge)

    async def use(self, connection: Connection, shown: Shown) -> bool:
        """Use it up, in the transaction of what it lets in: neither challenge nor count is good again."""
        if not await self._answered(connection, shown.challenge):
            return False
        done = await connection.execute(
            "update passkey set used = ?1, signs = ?2 where id = ?3 and (?2 > signs or (?2 = 0 and signs = 0))",
            (self._now(), shown.signs, shown.passkey),
        )
        return bool(done.rowcount)

    def _made(self, said: str, session: str) -> tuple[VerifiedRegistration, bytes]:
        """What the authenticator has made, and for which challenge; PeopleError for what does not fit."""
        from webauthn import verify_registration_response
        from webauthn.helpers import parse_registration_credential_json

        self._refuse_without_place()
        try:
            if len(said) > LONGEST_SAID:
                raise ValueError(said[:20])
            given = parse_registration_credential_json(said)
            challenge = self._challenge_in(given.response.client_data_json, _MAKING, session)
            if challenge is None:
                raise ValueError("challenge")
            made = verify_registration_response(
                credential=given,
                expected_challenge=challenge,
                expected_rp_id=self._rp,
                expected_origin=self._origin,
            )
        except Exception as error:
            log.warning("no passkey was made", fault=type(error).__name__)
            raise PeopleError("passkey", "it was not made for this page and this moment; begin again") from None
        return made, challenge

    def _challenge(self, purpose: str, whose: str) -> bytes:
        """A challenge that needs no place of its own: it says itself since when it is good, and for whom."""
        return self._sealing.seal(f"{self._now()} {token_hex(8)}", f"{purpose} {whose}")

    def _challenge_in(self, client_data: bytes, purpose: str, whose: str) -> bytes | None:
        """The challenge that is answered here, if we made it for this, for him, and not long ago."""
        from webauthn.helpers import parse_client_data_json

        challenge = parse_client_data_json(client_data).challenge
        made = self._sealing.open(challenge, f"{purpose} {whose}") if whose else None
        if made is None or not 0.0 <= self._now() - float(made.partition(" ")[0]) <= _LASTS_S:
            return None
        return challenge

    async def _answered(self, connection: Connection, challenge: bytes) -> bool:
        """Note that a challenge was answered; was it for the first time?"""
        now = self._now()
        await connection.execute("delete from passkey_answered where at < ?", (now - 2 * _LASTS_S,))
        done = await connection.execute(
            "insert into passkey_answered values (?, ?) on conflict do nothing", (sha256(challenge).digest(), now)
        )
        return bool(done.rowcount)

    def _handle(self, account: Account) -> bytes:
        """By which an authenticator knows the account, and nobody learns anything of the person (section 14.6.1)."""
        return hmac.digest(self._keys().pseudonym, f"ringfence passkeys {account.id}".encode(), "sha256")

    def _refuse_without_place(self) -> None:
        if not self._rp:
            raise PeopleError("passkey", "people.console says for which address they are made; it is not set")


def print_of(credential: bytes, public_key: bytes) -> str:
    """What the entry of a passkey holds of it."""
    return standing.print_of_secret(len(credential).to_bytes(2) + credential + public_key)

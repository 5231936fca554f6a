"""Accounts and proposals held against the entries of their chain: whoever writes the table lets himself in by it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ringfence.people import standing
from ringfence.people.accounts import stands
from ringfence.people.approvals import print_of, told_of
from ringfence.people.passkeys import ADDED, PRINT, REMOVED
from ringfence.people.passkeys import print_of as print_of_passkey
from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.storage.store import Connection

_FACTORS = {"second factor": True, "second factor removed": False}
_SAID = {
    "state": "it is {now}, and its entries say {then}",
    "roles": "the roles are {now}, and its entries say {then}",
    "login": "the login is {now}, and its entries say {then}",
    "password": "the password is another than its entries say",
    "second factor": "the second factor is not as its entries say",
    "passkeys": "the passkeys are not as its entries say",
}


async def people_by_entries(connection: Connection) -> Held:
    """Whatever lets somebody in, and whatever a second person agreed to, is as it was entered."""
    return Held([*await _accounts(connection), *await _approvals(connection)], {})


async def _accounts(connection: Connection) -> list[str]:
    deeds, _ = await every_deed(connection, "account")
    query = "select id, name, totp is not null from account order by id"
    rows = {name: (account, bool(factor)) for account, name, factor in await connection.execute_fetchall(query)}
    prints = await _passkeys(connection)
    entered = {name for name, done in deeds.items() if any(deed.step == "added" for deed in done)}
    faults = [f"account {name}: it is gone, and its entries are there" for name in sorted(entered - set(rows))]
    for name, (account, factor) in rows.items():
        if name not in entered:
            faults.append(f"account {name}: it has no entry")
            continue
        is_now = standing.read(await stands(connection, account)) | {"second factor": str(factor)}
        is_now["passkeys"] = _shown(prints.get(account, ()))
        told = _told(deeds[name])
        for part, said in _SAID.items():
            now, then = is_now[part], told.get(part, "nothing")
            faults += [f"account {name}: {said.format(now=now, then=then)}"] if now != then else []
    return faults


def _told(done: Iterable[Deed]) -> dict[str, str]:
    """How an account stands by its entries."""
    found, passkeys = {"second factor": str(False)}, set()
    for deed in done:
        if deed.step in _FACTORS:
            found["second factor"] = str(_FACTORS[deed.step])
        elif deed.step == ADDED:
            passkeys.add(standing.read(deed.after).get(PRINT, ""))
        elif deed.step == REMOVED:
            passkeys.discard(standing.read(deed.before).get(PRINT, ""))
        else:
            found |= standing.read(deed.after)
    return found | {"passkeys": _shown(passkeys)}


async def _passkeys(connection: Connection) -> dict[int, list[str]]:
    """Prints of the passkeys that there are, by account."""
    found: dict[int, list[str]] = {}
    query = "select account, credential, public_key from passkey"
    for account, credential, public_key in await connection.execute_fetchall(query):
        found.setdefault(account, []).append(print_of_passkey(credential, public_key))
    return found


def _shown(prints: Iterable[str]) -> str:
    return ", ".join(sorted(prints)) or "none"


async def _approvals(connection: Connection) -> list[str]:
    deeds, _ = await every_deed(connection, "approval")
    query = (
        "select id, kind, about, arguments, reason, proposer, lapses, decision, decider, why from approval order by id"
    )
    rows: dict[str, Any] = {str(row[0]): row[1:] for row in await connection.execute_fetchall(query)}
    faults = [f"proposal {number}: it is gone, and its entries are there" for number in sorted(set(deeds) - set(rows))]
    for number, row in rows.items():
        done = deeds.get(number, [])
        proposed = next((deed for deed in done if deed.step == "proposed"), None)
        if proposed is None:
            faults.append(f"proposal {number}: it has no entry")
            continue
        kind, about, arguments, reason, proposer, lapses, *decided = row
        same = (proposed.actor, proposed.detail) == (proposer, told_of(kind, about, proposer))
        if not same or proposed.reason != reason or proposed.after != print_of(arguments, lapses):
            faults.append(f"proposal {number}: what is proposed is another than its entry says")
        answers = [[deed.step, deed.actor, deed.reason] for deed in done if deed.step in ("confirmed", "refused")]
        if decided != (answers[-1] if answers else ["", "", ""]):
            faults.append(f"proposal {number}: what came of it is another than its entries say")
    return faults

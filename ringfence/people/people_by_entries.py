"""Accounts and proposals held against the entries of their chain: whoever writes the table lets himself in by it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ringfence.people import session_rows, standing
from ringfence.people.accounts import stands
from ringfence.people.approvals import DONE, print_of, told_of
from ringfence.people.passkeys import ADDED, PRINT, REMOVED
from ringfence.people.passkeys import print_of as print_of_passkey
from ringfence.people.second_factor import BEGUN, CODES, FACTOR, NONE, USED, codes_shown, factors
from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.storage.keys import Keys
from rules.storage.store import Connection

_OLD = "of before it was entered"
_SAID = {
    "state": "it is {now}, and its entries say {then}",
    "roles": "the roles are {now}, and its entries say {then}",
    "login": "the login is {now}, and its entries say {then}",
    "password": "the password is another than its entries say",
    "second factor": "the second factor is not as its entries say",
    BEGUN: "the second factor that is begun is not as its entries say",
    CODES: "the codes on paper are not as its entries say",
    "passkeys": "the passkeys are not as its entries say",
}


async def people_by_entries(connection: Connection, keys: Callable[[], Keys]) -> Held:
    """Whatever lets somebody in, and whatever a second person agreed to, is as it was entered."""
    deeds, _ = await every_deed(connection, "account")
    faults, older = await _accounts(connection, deeds, keys)
    faults += [*await _sessions(connection, deeds), *await _approvals(connection)]
    return Held(faults, {"second factors": older} if older else {})


async def _accounts(
    connection: Connection, deeds: Mapping[str, list[Deed]], keys: Callable[[], Keys]
) -> tuple[list[str], int]:
    """Faults, and how many second factors are of before it was entered which secret they have."""
    query = "select id, name from account order by id"
    rows = {name: account for account, name in await connection.execute_fetchall(query)}
    prints, seconds, older = await _passkeys(connection), await factors(connection, keys), 0
    entered = {name for name, done in deeds.items() if any(deed.step == "added" for deed in done)}
    faults = [f"account {name}: it is gone, and its entries are there" for name in sorted(entered - set(rows))]
    for name, account in rows.items():
        if name not in entered:
            faults.append(f"account {name}: it has no entry")
            continue
        is_now = standing.read(await stands(connection, account)) | seconds[account]
        is_now["passkeys"] = _shown(prints.get(account, ()))
        told = _told(deeds[name])
        if told[FACTOR] == _OLD and is_now[FACTOR] != NONE:
            older += 1  # which secret and codes these were nobody entered
            told |= {part: is_now[part] for part in (FACTOR, CODES)}
        for part, said in _SAID.items():
            now, then = is_now[part], told.get(part, "nothing")
            faults += [f"account {name}: {said.format(now=now, then=then)}"] if now != then else []
    return faults, older


def _told(done: Iterable[Deed]) -> dict[str, str]:
    """How an account stands by its entries."""
    found, passkeys = dict.fromkeys((FACTOR, BEGUN, CODES), NONE), set()
    for deed in done:
        after, before = standing.read(deed.after), standing.read(deed.before)
        if deed.step == "second factor" and not after:
            found[FACTOR] = _OLD
        elif deed.step == "second factor removed" and not after:
            found |= {FACTOR: NONE, CODES: NONE}
        elif deed.step == ADDED:
            passkeys.add(after.get(PRINT, ""))
        elif deed.step == REMOVED:
            passkeys.discard(before.get(PRINT, ""))
        elif USED in before:
            found[CODES] = codes_shown(set(found[CODES].split()) - {before[USED], NONE})
        else:
            found |= after
    return found | {"passkeys": _shown(passkeys)}


async def _sessions(connection: Connection, deeds: Mapping[str, list[Deed]]) -> list[str]:
    """Each was entered when its account signed in, and is not one that was ended: a row by hand is a way in."""
    names = {row[0]: row[1] for row in await connection.execute_fetchall("select id, name from account")}
    begun: dict[str, set[str]] = {}
    ended: set[str] = set()
    for name, done in deeds.items():
        begun[name] = {standing.read(deed.after).get(session_rows.BEGUN, "") for deed in done}
        ended |= {one for deed in done for one in standing.read(deed.before).get(session_rows.ENDED, "").split()}
    faults = []
    for shown, account, found in await session_rows.prints(connection):
        name = names.get(account, f"number {account}")
        if found not in begun.get(name, ()):
            faults.append(f"account {name}: session {shown} has no entry")
        elif found in ended:
            faults.append(f"account {name}: session {shown} was ended, and is there")
    return faults


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
        "select id, used is not null, kind, about, arguments, reason, proposer, lapses, decision, decider, why "
        "from approval order by id"
    )
    rows: dict[str, Any] = {str(row[0]): row[1:] for row in await connection.execute_fetchall(query)}
    faults = [f"proposal {number}: it is gone, and its entries are there" for number in sorted(set(deeds) - set(rows))]
    for number, row in rows.items():
        done = deeds.get(number, [])
        proposed = next((deed for deed in done if deed.step == "proposed"), None)
        if proposed is None:
            faults.append(f"proposal {number}: it has no entry")
            continue
        used, kind, about, arguments, reason, proposer, lapses, *decided = row
        if not used and any(deed.step == DONE for deed in done):
            faults.append(f"proposal {number}: it was done, and could be done again")
        same = (proposed.actor, proposed.detail) == (proposer, told_of(kind, about, proposer))
        if not same or proposed.reason != reason or proposed.after != print_of(arguments, lapses):
            faults.append(f"proposal {number}: what is proposed is another than its entry says")
        answers = [[deed.step, deed.actor, deed.reason] for deed in done if deed.step in ("confirmed", "refused")]
        if decided != (answers[-1] if answers else ["", "", ""]):
            faults.append(f"proposal {number}: what came of it is another than its entries say")
    return faults

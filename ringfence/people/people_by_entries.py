"""Accounts and proposals held against the entries of their chain: whoever writes the table lets himself in by it."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Any

from ringfence.people.accounts import stands
from ringfence.people.approvals import print_of, told_of
from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.storage.store import Connection

_STATES = {"disabled": "disabled", "enabled": "enabled", "removed": "removed"}
_FACTORS = {"second factor": True, "second factor removed": False}
_SAID = {
    "state": "it is {now}, and its entries say {then}",
    "roles": "the roles are {now}, and its entries say {then}",
    "login": "the login is {now}, and its entries say {then}",
    "password": "the password is another than its entries say",
    "second factor": "the second factor is not as its entries say",
}


async def people_by_entries(connection: Connection) -> Held:
    """Whatever lets somebody in, and whatever a second person agreed to, is as it was entered."""
    accounts = await _accounts(connection)
    return Held([*accounts.faults, *await _approvals(connection)], accounts.older)


async def _accounts(connection: Connection) -> Held:
    deeds, _ = await every_deed(connection, "account")
    query = "select id, name, totp is not null from account order by id"
    rows = {name: (account, bool(factor)) for account, name, factor in await connection.execute_fetchall(query)}
    # No number is given twice, so what was made before it was entered has smaller ones than all the others.
    entered = {name for name, done in deeds.items() if any(deed.step == "added" for deed in done)}
    first = min((rows[name][0] for name in entered if name in rows), default=inf)
    faults, older = [], 0
    for name in sorted(entered - set(rows)):
        faults.append(f"account {name}: it is gone, and its entries are there")
    for name, (account, factor) in rows.items():
        if name not in entered:
            older += account < first
            faults += [f"account {name}: it has no entry"] if account > first else []
        is_now = _read(await stands(connection, account)) | {"second factor": str(factor)}
        for part, then in _told(deeds.get(name, ())).items():
            if is_now[part] != then:
                faults.append(f"account {name}: {_SAID[part].format(now=is_now[part], then=then)}")
    return Held(faults, {"accounts": older} if older else {})


def _told(done: Iterable[Deed]) -> dict[str, str]:
    """How an account stands by its entries, as far as they tell: those of before say nothing of passwords."""
    found = {"second factor": str(False)}
    for deed in done:
        if deed.step in _FACTORS:
            found["second factor"] = str(_FACTORS[deed.step])
        elif deed.after:
            found |= _read(deed.after)
        else:
            found |= _told_before(deed)
            if deed.step == "password":
                found.pop("password", None)
    return found


def _told_before(deed: Deed) -> dict[str, str]:
    """What an entry tells that was written before it told how the account stands."""
    first, *others = deed.detail.split("; ")
    match deed.step:
        case "added":
            login = next((one.removeprefix("login ") for one in others if one.startswith("login ")), "none")
            return {"state": "enabled", "roles": first.removeprefix("roles "), "login": login}
        case "roles" | "login":
            return {deed.step: first.partition(" -> ")[2]}
        case "removed":
            return {"state": "removed", "roles": "none", "login": "none", "password": "none"}
        case step if step in _STATES:
            return {"state": _STATES[step]}
    return {}


def _read(told: str) -> dict[str, str]:
    """Parts of what `accounts.stands` says."""
    return {name: value for name, _, value in (part.partition(" ") for part in told.split("; "))}


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
        if not same or proposed.reason != reason or proposed.after not in ("", print_of(arguments, lapses)):
            faults.append(f"proposal {number}: what is proposed is another than its entry says")
        answers = [[deed.step, deed.actor, deed.reason] for deed in done if deed.step in ("confirmed", "refused")]
        if decided != (answers[-1] if answers else ["", "", ""]):
            faults.append(f"proposal {number}: what came of it is another than its entries say")
    return faults

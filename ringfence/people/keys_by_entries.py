"""Keys of the API held against the entries of their chain: whoever writes one into the table opens the API by it."""

from __future__ import annotations

from contextlib import suppress
from math import inf
from typing import Any

from ringfence.people import standing
from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.storage.store import Connection

_SAID = {
    "name": "the name is",
    "scopes": "the scopes are",
    "acts as": "acts-as is",
    "daily": "the allowance is",
    "secret": "the secret is",
}
_QUERY = "select id, name, scopes, acts_as, daily, secret_hash, expires, created, revoked is not null from access_key"


def made_so(name: str, scopes: str, acts_as: str, daily: int, secret_hash: bytes, expires: float | None) -> str:
    """What a key opens, for whom and how long, for the entry of its making: of the secret a print."""
    secret = standing.print_of_secret(secret_hash)
    told = {"name": name, "scopes": scopes, "acts as": acts_as, "daily": daily, "secret": secret, "expires": expires}
    return standing.written(told)


async def keys_by_entries(connection: Connection) -> Held:
    """Every key is as it was made, and works unless it was revoked. A key may end sooner: whoever renews it says so."""
    deeds, first = await every_deed(connection, "key")
    faults, older = [], 0
    rows: dict[str, Any] = {row[0]: row[1:] for row in await connection.execute_fetchall(_QUERY)}
    for key in sorted({*rows, *deeds}):
        done = deeds.get(key, [])
        made = next((deed for deed in done if deed.step in ("added", "renewed")), None)
        if key not in rows:
            faults.append(f"key {key}: it is gone, and its entries are there")
            continue
        *_, created, revoked = rows[key]
        if made is not None:
            told = made_so(*rows[key][:-2])
            faults += [f"key {key}: {what} another than its entries say" for what in _changed(made, told)]
        elif created < first:
            older += 1
        else:
            faults.append(f"key {key}: it has no entry")
        if revoked != any(deed.step == "revoked" for deed in done):
            faults.append(f"key {key}: it {'works no more' if revoked else 'works'}, against its entries")
    return Held(faults, {"keys": older} if older else {})


def _changed(made: Deed, told: str) -> list[str]:
    """What of a key is not as the entry of its making tells."""
    then, now = standing.read(made.after), standing.read(told)
    found = [said for part, said in _SAID.items() if now[part] != then.get(part)]
    if _end(now["expires"]) > _end(then.get("expires", "None")):
        found.append("its end is")
    return found


def _end(told: str) -> float:
    with suppress(ValueError):
        return float(told)
    return inf  # none

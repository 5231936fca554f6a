"""Keys of the API held against the entries of their chain: whoever writes one into the table opens the API by it."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

from rules.audit.chain import Deed, every_deed
from rules.audit.chains import Held
from rules.storage.store import Connection

_TOLD = re.compile(r"(?P<name>\S+): scopes (?P<scopes>[^;]*); (?P<daily>\d+) requests a day(; acts as (?P<acts>.+))?")
_QUERY = "select id, name, secret_hash, scopes, acts_as, daily, created, expires, revoked from access_key order by id"


def key_print(secret_hash: bytes, expires: float | None) -> str:
    """Of the secret, and until when it works, for the entry of a key that is made."""
    return f"secret {sha256(secret_hash).hexdigest()[:32]}; expires {expires!r}"


async def keys_by_entries(connection: Connection) -> Held:
    """Every key is as it was made, and works unless it was revoked. A key may end sooner: whoever renews it says so."""
    deeds, first = await every_deed(connection, "key")
    faults, older = [], 0
    rows = {row[0]: row for row in await connection.execute_fetchall(_QUERY)}
    for key in sorted({*rows, *deeds}):
        row, done = rows.get(key), deeds.get(key, [])
        made = next((deed for deed in done if deed.step in ("added", "renewed")), None)
        if row is None:
            faults.append(f"key {key}: it is gone, and its entries are there")
            continue
        if made is not None:
            faults += [f"key {key}: {what} another than its entries say" for what in _changed(made, row)]
        elif row[6] < first:
            older += 1
        else:
            faults.append(f"key {key}: it has no entry")
        if (row[8] is not None) != any(deed.step == "revoked" for deed in done):
            faults.append(f"key {key}: it {'works no more' if row[8] is not None else 'works'}, against its entries")
    return Held(faults, {"keys": older} if older else {})


def _changed(made: Deed, row: Any) -> list[str]:
    """What of a key is not as the entry of its making tells; older entries tell nothing of secret and end."""
    _, name, secret_hash, scopes, acts_as, daily, _, expires, _ = row
    found = []
    if told := _TOLD.fullmatch(made.detail):
        is_now = {"name": name, "scopes": scopes, "daily": str(daily), "acts": acts_as}
        words = {"name": "the name is", "scopes": "the scopes are", "daily": "the allowance is", "acts": "acts-as is"}
        found += [words[part] for part, value in is_now.items() if (told[part] or "") != value]
    if made.after:
        secret, _, end = made.after.partition("; expires ")
        if secret != key_print(secret_hash, None).partition(";")[0]:
            found.append("the secret is")
        if end != "None" and (expires is None or expires > float(end)):
            found.append("its end is")
    return found

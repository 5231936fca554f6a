"""Settings that guard people from whoever works here, kept with the storage: no other ringfence.yaml loosens them.

Whoever may run commands may name a file of his own (`--config`). So the first one that is used once there are accounts
stands in the chain of people, with its path, and each change of it there; another file may be stricter, not looser.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ringfence.people.faults import NotAllowed
from rules.audit.chain import Deed, record

if TYPE_CHECKING:
    from ringfence.configuration import Configuration
    from ringfence.installation import Installation

_MORE_IS_LOOSER: Final = (
    *("privacy.unmask_hour", "privacy.look_factor", "privacy.look_least", "privacy.night_least"),
    *("privacy.office_least", "privacy.office_share", "people.tries", "people.idle_minutes", "people.session_hours"),
)
_LESS_IS_LOOSER: Final = ("privacy.least_callers", "people.four_eyes", "people.second_factor")
_ANOTHER_IS_LOOSER: Final = ("privacy.night_hours",)
_SUBJECT: Final = ("settings", "guards")
_IN_FORCE, _REFUSED = "in force", "looser file refused"
_LAST = "select after, detail from step where subject = ? and subject_id = ? and step = ? order by id desc limit 1"


class Guards(NamedTuple):
    """What is in force, and out of which file."""

    settings: dict[str, Any]
    file: str


def guards_of(configuration: Configuration) -> dict[str, Any]:
    """The settings that guard people, each by its name in ringfence.yaml."""
    found: dict[str, Any] = {}
    for name in (*_MORE_IS_LOOSER, *_LESS_IS_LOOSER, *_ANOTHER_IS_LOOSER):
        part, _, key = name.partition(".")
        value = getattr(getattr(configuration, part), key)
        found[name] = sorted(value) if isinstance(value, list) else value
    desk = configuration.complaints
    found |= {"complaints.officers": sorted(desk.officers), "complaints.released_by": sorted(desk.released_by)}
    return found | {f"lists.{name}.changed_by": sorted(one.changed_by) for name, one in configuration.lists.items()}


def looser(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Which of these guard less now than they did, in words."""
    return [f"{name} is {_said(now[name])}, and {_said(then[name])} is in force" for name in _looser(then, now)]


def _looser(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    for name in then.keys() & now.keys():
        before, after = then[name], now[name]
        if name in _MORE_IS_LOOSER:
            worse = after > before
        elif name in _ANOTHER_IS_LOOSER:
            worse = after != before
        elif name == "people.second_factor":
            worse = not set(before) <= set(after)
        elif name in _LESS_IS_LOOSER:
            worse = after < before
        else:  # who may, of all that may by their roles; nobody named: all of them
            worse = bool(before) and (not after or not set(after) <= set(before))
        if worse:
            yield name


def _said(value: Any) -> str:
    return (", ".join(value) or "nothing") if isinstance(value, list) else json.dumps(value)


async def hold_to_guards(here: Installation) -> None:
    """NotAllowed where another file than the one in force guards people less; that it was tried is entered."""
    now, file = guards_of(here.configuration), str(await asyncio.to_thread(here.file.resolve))
    stands = await guards_in_force(here)
    if stands is None:
        await _enter(here, _IN_FORCE, file, after=now)
        return
    worse = looser(stands.settings, now)
    if not worse:
        if stands.file == file and stands.settings != now:
            await _enter(here, _IN_FORCE, file, before=stands.settings, after=now)
        return
    if stands.file == file:
        await _enter(here, _IN_FORCE, file, before=stands.settings, after=now)
        return
    await _enter(here, _REFUSED, file, before=stands.settings, after=now)
    raise NotAllowed(
        "settings",
        f"{here.file} guards people less than {stands.file}, which is in force: {'; '.join(sorted(worse))}. "
        "An admin takes it by `ringfence people guards --take --reason WHY`; that it was tried is on record",
    )


async def take_guards(here: Installation, reason: str) -> Guards:
    """Let those of this file be in force, whatever was."""
    now, file = guards_of(here.configuration), str(await asyncio.to_thread(here.file.resolve))
    stands = await guards_in_force(here)
    await _enter(here, _IN_FORCE, file, before=stands.settings if stands else {}, after=now, reason=reason)
    return Guards(now, file)


async def guards_in_force(here: Installation) -> Guards | None:
    """What holds for everybody; None: no account has done anything yet."""
    store = (await here.people()).store
    rows = list(await store.connection.execute_fetchall(_LAST, (*_SUBJECT, _IN_FORCE)))
    return Guards(json.loads(rows[0][0]), rows[0][1]) if rows else None


async def _enter(
    here: Installation,
    step: str,
    file: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
    reason: str = "",
) -> None:
    told = "" if before is None else json.dumps(before, ensure_ascii=False)
    deed = Deed(time.time(), here.actor, *_SUBJECT, step, reason, file)
    async with (await here.people()).store.transaction() as connection:
        await record(connection, [deed._replace(before=told, after=json.dumps(after, ensure_ascii=False))])

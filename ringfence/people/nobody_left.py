"""Steps that nobody can do by accounts and settings together, and settings that accounts have taken the place of."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ringfence.people.accounts import Account
from ringfence.people.door import by_account
from ringfence.people.rights import TAKES_TWO, Right, rights_of, roles_with
from rules.language.source import Fault

if TYPE_CHECKING:
    from ringfence.configuration import Configuration
    from ringfence.installation import Installation

ONE_IS_ENOUGH = "people.four_eyes is off: one person alone seals, releases, erases, and makes accounts and keys"
_SETTING = "accounts say who may since there are some; this goes on narrowing it for one version more"


class _Named(NamedTuple):
    """A setting that names who may do something, and the right that it takes besides."""

    where: tuple[str, ...]
    names: list[str]
    right: Right
    what: str


async def nobody_left(here: Installation) -> list[Fault]:
    """What `check` says of accounts; nothing while there is none. Asking makes no database."""
    if not await here.has_people():
        return []
    people = await here.people()
    accounts = [account for account in await people.accounts.listed() if account.disabled is None]
    if not accounts:
        return []
    return [*_found(here, accounts), *_of_two(here, accounts)]


async def alone_told(here: Installation) -> str:
    """That one person is enough here although there are accounts; empty where it takes two, or there are none."""
    if here.configuration.people.four_eyes or not await here.has_people():
        return ""
    return ONE_IS_ENOUGH if await (await here.people()).accounts.any() else ""


def _found(here: Installation, accounts: Collection[Account]) -> Iterator[Fault]:
    document = here.document
    for where, names, right, what in _named(by_account(here.configuration, accounts)):
        may = [account.name for account in accounts if right in rights_of(account.roles)]
        told = ", ".join(names)
        if set(may) & set(names):
            roles = " or ".join(roles_with(right))
            yield document.fault(where, _SETTING, f"leave it out, and give them the role {roles}", warning=True)
        elif may:
            said = f"nobody can {what}: of those who may by their roles ({', '.join(may)}) none stands here ({told})"
            yield document.fault(where, said, "leave it out, or name them here")
        else:
            said = f"nobody can {what}: no account of these ({told}) has a role for it"
            yield document.fault(where, said, f"`ringfence people roles NAME {roles_with(right)[0]}`")


def _of_two(here: Installation, accounts: Collection[Account]) -> Iterator[Fault]:
    """What takes two persons, where there is one."""
    where = ("people", "four_eyes")
    if not here.configuration.people.four_eyes:
        yield here.document.fault(where, ONE_IS_ENOUGH, "true, once there is a second person", warning=True)
        return
    for kind, rights in TAKES_TWO.items():
        may = [account.name for account in accounts if not rights_of(account.roles).isdisjoint(rights)]
        if len(may) == 1 and kind in ("seal", "release"):
            roles = " or ".join(dict.fromkeys(role for right in rights for role in roles_with(right)))
            what = f"nobody can {kind} a number: it takes two persons, and {may[0]} is the only one"
            yield here.document.fault(where, what, f"give another the role {roles}, or write four_eyes: false")


def _named(configuration: Configuration) -> Iterator[_Named]:
    desk = configuration.complaints
    found = [
        _Named(("complaints", "officers"), desk.officers, Right.CASES_WRITE, "work on cases"),
        _Named(("complaints", "released_by"), desk.released_by, Right.SEALS_RELEASE, "release a seal"),
    ]
    for name, policy in sorted(configuration.lists.items()):
        right = Right.SEALS_WRITE if policy.kind == "sealed" else Right.LISTS_WRITE
        found.append(_Named(("lists", name, "changed_by"), policy.changed_by, right, f"change list {name}"))
    yield from (one for one in found if one.names)

"""One door: as which account a command is run, and whether that may do what it asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import TYPE_CHECKING

from ringfence.people.actor import Actor, everybody
from ringfence.people.faults import NotAllowed
from ringfence.people.guards import hold_to_guards
from ringfence.people.rights import MEANING, Right, roles_with

if TYPE_CHECKING:
    from ringfence.configuration import Configuration
    from ringfence.installation import Installation
    from ringfence.people.accounts import Account


async def act_as(here: Installation, *, mending: bool = False) -> None:
    """Whoever runs this acts as his account from now on, in everything that is recorded; without accounts, as himself.

    NotAllowed for who has none while others have. Asking makes no database; one that was lost lets nobody in, but to
    put it back (``mending``): whoever reaches that could write the file himself.
    """
    from rules.storage.database_files import missed, restoring

    path = here.database_of("people")
    if not await asyncio.to_thread(path.exists):
        if not mending and path in await asyncio.to_thread(missed, here.database):
            raise NotAllowed("account", f"{path} is gone, so nobody knows who may do what; {restoring(path)}")
        here.who = everybody(here.actor, "command line")
        return
    people = await here.people()
    here.who = await people.acting(*here.logins)
    here.actor = here.who.name
    if here.who.roles:
        await hold_to_guards(here)
    here.configuration = by_account(here.configuration, await people.accounts.listed())


def ask_one_of(actor: Actor, rights: Collection[Right]) -> None:
    """NotAllowed, unless he has one of these rights: who could is told."""
    if not actor.roles and len(actor.rights) == len(Right):
        return  # there is no account
    if not actor.rights.intersection(rights):
        what = " or ".join(MEANING[right] for right in rights) or "do this"
        those = " or ".join(dict.fromkeys(role for right in rights for role in roles_with(right))) or "nobody"
        raise NotAllowed("right", f"{actor.name} may not {what}: that is for {those}")


def by_account(configuration: Configuration, accounts: Collection[Account]) -> Configuration:
    """The settings that name logins (`officers`, `released_by`, `changed_by`), with the accounts of these logins."""
    names = {account.login: account.name for account in accounts if account.login}

    def told(logins: list[str]) -> list[str]:
        return [*logins, *(names[login] for login in logins if login in names and names[login] not in logins)]

    desk = configuration.complaints
    complaints = desk.model_copy(update={"officers": told(desk.officers), "released_by": told(desk.released_by)})
    lists = {
        name: policy.model_copy(update={"changed_by": told(policy.changed_by)})
        for name, policy in configuration.lists.items()
    }
    return configuration.model_copy(update={"complaints": complaints, "lists": lists})

"""What lets people in is as it was entered: whoever writes the tables by hand is found by `audit verify`."""

import pytest

from ringfence.audits import verify
from ringfence.installation import Installation
from ringfence.people.accounts import Wanted, read_roles
from ringfence.people.faults import Waits
from ringfence.people.passkeys import Passkeys
from rules.audit.second import confirmed
from tests.ringfence.people.authenticator import Authenticator
from tests.ringfence.people.changed_by_hand import missed

BY_HAND = {  # what is done by hand, and what is said of it
    "insert into account_role select id, 'admin' from account where name = 'zhao'": "people: account zhao: the roles",
    "delete from account_role where account = (select id from account where name = 'wang')": "account wang: the roles",
    "update account set login = 'mallory' where name = 'zhao'": "people: account zhao: the login is mallory",
    "update account set password = (select password from account where name = 'wang') where name = 'zhao'": (
        "people: account zhao: the password is another"
    ),
    "update account set disabled = null where name = 'gone'": "people: account gone: it is enabled",
    "update account set totp = x'00' where name = 'zhao'": "account zhao: the second factor is not",
    "insert into passkey (account, credential, public_key, signs, name, created) "
    "select id, x'01', x'02', 0, 'mine', 0 from account where name = 'zhao'": "account zhao: the passkeys are not",
    "update passkey set public_key = x'00'": "people: account wang: the passkeys are not",
    "delete from passkey": "people: account wang: the passkeys are not",
    "update passkey set account = (select id from account where name = 'zhao')": "account zhao: the passkeys are not",
    "insert into account (name, folded, display_name, language, password, created, author) "
    "values ('mallory', 'mallory', '', '', 'x', 0, 'li')": "people: account mallory: it has no entry",
    "update account set name = 'other', folded = 'other' where name = 'zhao'": "account zhao: it is gone",
    "insert into approval (kind, about, arguments, reason, proposer, proposed, lapses, decided, decider, decision) "
    "values ('export', 'list sealed', '{}', '', 'wang', 0, 9e9, 1, 'zhao', 'confirmed')": "proposal 2: it has no entry",
    "update approval set decided = 1, decider = 'zhao', decision = 'confirmed'": "proposal 1: what came of it",
    'update approval set arguments = \'{"step": "seal", "case": 8}\'': "proposal 1: what is proposed is another",
    "update approval set lapses = 9e9": "proposal 1: what is proposed is another",
    "delete from approval": "proposal 1: it is gone",
}


async def peopled(here):
    """People who were made and changed, and a proposal that waits."""
    people = await here.people()
    accounts = people.accounts
    with confirmed("confirmed by another"):
        await accounts.add(Wanted("li", read_roles(["admin"]), login="li", password="$argon2id$li"), author="root")
        for name in ("wang", "zhao", "gone"):
            wanted = Wanted(name, read_roles(["complaint-officer"]), password=f"$argon2id${name}")
            await accounts.add(wanted, author="li")
        await accounts.set_roles("wang", read_roles(["complaint-officer", "list-keeper"]), author="li")
        await accounts.set_login("wang", "wang", author="li")
        await accounts.set_password("zhao", "$argon2id$again", author="zhao")
        await accounts.disable("gone", author="li")
    passkeys = Passkeys((await here.people())._store, lambda: here.keys, "https://ringfence.example.com")
    wang = await accounts.named("wang")
    for name in ("lost", "telephone"):
        said = Authenticator("https://ringfence.example.com").make(await passkeys.begin_making(wang, "a session"))
        one = await passkeys.add(wang, said, name, "a session", author="wang")
        if name == "lost":
            await passkeys.remove(wang, one.id, author="li")
    with pytest.raises(Waits):
        await people.approvals.ask("seal", "case 7", {"step": "seal", "case": 7}, actor="wang", reason="rings")


async def test_whatever_lets_somebody_in_and_was_changed_by_hand_is_found(file):
    async with Installation.open(file) as here:
        await peopled(here)
        assert (await verify(here)).broken == []
        path = here.database_of("people")
    assert await missed(file, path, BY_HAND) == []

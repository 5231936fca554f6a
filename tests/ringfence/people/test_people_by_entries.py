"""What lets people in is as it was entered: whoever writes the tables by hand is found by `audit verify`."""

import pyotp
import pytest

from ringfence.audits import verify
from ringfence.installation import Installation
from ringfence.people.accounts import Wanted, read_roles
from ringfence.people.faults import Waits
from ringfence.people.passkeys import Passkeys
from rules.audit.second import confirmed
from tests.ringfence.people.authenticator import Authenticator
from tests.ringfence.people.changed_by_hand import as_of_before, missed

BY_HAND = {  # what is done by hand, and what is said of it
    "insert into account_role select id, 'admin' from account where name = 'zhao'": "people: account zhao: the roles",
    "delete from account_role where account = (select id from account where name = 'wang')": "account wang: the roles",
    "update account set login = 'mallory' where name = 'zhao'": "people: account zhao: the login is mallory",
    "update account set password = (select password from account where name = 'wang') where name = 'zhao'": (
        "people: account zhao: the password is another"
    ),
    "update account set disabled = null where name = 'gone'": "people: account gone: it is enabled",
    "update account set totp = x'00' where name = 'zhao'": "account zhao: the second factor is not",
    "update account set totp = (select totp from account where name = 'li') where name = 'wang'": (
        "people: account wang: the second factor is not"
    ),
    "update account set totp_begun = totp where name = 'wang'": "wang: the second factor that is begun is not",
    "update account set totp = null where name = 'wang'": "people: account wang: the second factor is not",
    "insert into recovery select id, x'00' from account where name = 'wang'": "wang: the codes on paper are not",
    "insert into recovery select id, x'00' from account where name = 'zhao'": "zhao: the codes on paper are not",
    "delete from recovery where account = (select id from account where name = 'wang')": "the codes on paper are not",
    "insert into session (hash, account, created, seen, address) select x'0a', id, 9e9, 9e9, '' from account "
    "where name = 'li'": "people: account li: session 0a has no entry",
    "update session set account = (select id from account where name = 'li')": "people: account li: session",
    "update session set created = created + 40000": "people: account wang: session",
    "update session set directory_subject = 'wang'": "people: account wang: session",
    "insert into session (hash, account, created, seen, address) select hash, account, created, seen, address "
    "from ended": "was ended, and is there",
    "insert into passkey (account, credential, public_key, signs, name, created) "
    "select id, x'01', x'02', 0, 'mine', 0 from account where name = 'zhao'": "account zhao: the passkeys are not",
    "update passkey set public_key = x'00'": "people: account wang: the passkeys are not",
    "delete from passkey": "people: account wang: the passkeys are not",
    "update passkey set account = (select id from account where name = 'zhao')": "account zhao: the passkeys are not",
    "insert into account (name, folded, display_name, language, password, created, author) "
    "values ('mallory', 'mallory', '', '', 'x', 0, 'li')": "people: account mallory: it has no entry",
    "update account set name = 'other', folded = 'other' where name = 'zhao'": "account zhao: it is gone",
    "insert into approval (kind, about, arguments, reason, proposer, proposed, lapses, decided, decider, decision) "
    "values ('export', 'list sealed', '{}', '', 'wang', 0, 9e9, 1, 'zhao', 'confirmed')": "proposal 3: it has no entry",
    "update approval set decided = 1, decider = 'zhao', decision = 'confirmed'": "proposal 1: what came of it",
    'update approval set arguments = \'{"step": "seal", "case": 8}\'': "proposal 1: what is proposed is another",
    "update approval set lapses = 9e9": "proposal 1: what is proposed is another",
    "update approval set used = null": "proposal 2: it was done, and could be done again",
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
    await with_a_second_factor(people, wang)
    with pytest.raises(Waits):
        await people.approvals.ask("seal", "case 7", {"step": "seal", "case": 7}, actor="wang", reason="rings")
    shown = ("unmask", "numbers of two in full", {"asked": "x"})
    with pytest.raises(Waits) as waits:
        await people.approvals.ask(*shown, actor="wang")
    await people.approvals.confirm(waits.value.proposal, (await accounts.named("zhao")).acts("page"))
    assert await people.approvals.ask(*shown, actor="wang") == "confirmed by zhao"


async def with_a_second_factor(people, account):
    """Codes of a telephone, one on paper that is used, a session that goes on and one that was ended."""
    for name in ("li", account.name):
        one = await people.accounts.named(name)
        secret = pyotp.parse_uri(await people.second_factors.begin(one, author=name))
        codes = await people.second_factors.confirm(one, secret.now(), author=name)
    assert await people.second_factors.is_right(account, codes[0])
    store = people._store
    first = await people._enter(account, "192.0.2.1")
    await store.connection.execute("create table ended as select * from session")  # as somebody keeps a copy of it
    await store.connection.commit()
    await people.sign_out(first.token)
    assert await people._enter(account, "192.0.2.1")


async def test_whatever_lets_somebody_in_and_was_changed_by_hand_is_found(file):
    async with Installation.open(file) as here:
        await peopled(here)
        assert (await verify(here)).broken == []
        path = here.database_of("people")
    assert await missed(file, path, BY_HAND) == []


async def test_a_second_factor_of_before_its_secret_was_entered_is_counted_as_older(file):
    async with Installation.open(file) as here:
        await peopled(here)
        as_of_before(here, "people", "update step set after = '', before = '' where step like 'second factor%'")
    async with Installation.open(file) as here:
        found = await verify(here)
        assert (found.broken, found.older["second factors"]) == ([], 2)

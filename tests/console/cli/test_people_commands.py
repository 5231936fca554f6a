"""`ringfence people`: accounts are made, shown and changed by admins; a password is never an argument."""

import asyncio
import json

import pyotp
import pytest

from ringfence.installation import Installation
from ringfence.people.passkeys import Passkeys
from tests.ringfence.people.authenticator import Authenticator

GOOD = "four blue horses run\n"


@pytest.fixture
def people(under):
    """Run `ringfence people ...` under a login of the system."""

    def run(login, *words, typed=""):
        return under(login, "people", *words, typed=typed)

    return run


def test_the_first_admin_acts_under_the_login_that_made_him(people):
    made = people("li", "add", "boss", "--role", "admin,engineer", "--password", typed=GOOD)
    assert made.exit_code == 0, made.output
    assert "Commands under the login li act as boss. From now on whoever has no account may do nothing." in made.output
    (one,) = json.loads(people("li", "list", "--json").output)
    assert (one["name"], one["roles"], one["login"], one["password"]) == ("boss", ["admin", "engineer"], "li", True)
    refused = people("wang", "list")
    assert (refused.exit_code, "wang has none, and there are accounts" in refused.output) == (1, True)


def test_no_command_takes_a_password_as_an_argument(people):
    people("li", "add", "boss", "--role", "admin")
    assert people("li", "password", "boss", "four blue horses run").exit_code == 2
    assert people("li", "add", "wang", "--role", "viewer", "--password", "four blue horses run").exit_code == 2
    assert people("li", "password", "boss", typed="short\n").exit_code == 1
    done = people("li", "password", "boss", typed=GOOD)
    assert (done.exit_code, "horses" in done.output) == (0, False)


def test_an_admin_changes_accounts_and_others_only_their_own_password(people):
    people("li", "add", "boss", "--role", "admin")
    assert (
        people("li", "add", "wang", "--role", "viewer", "--login", "wang", "--display-name", "Wang Fang").exit_code == 0
    )
    for words in (
        ("list",),
        ("show", "wang"),
        ("add", "zhao", "--role", "admin"),
        ("roles", "wang", "admin"),
        ("login", "boss", "wang2"),
        ("disable", "boss"),
        ("enable", "wang"),
        ("remove", "boss"),
        ("password", "boss"),
        ("sessions",),
        ("sessions", "boss"),
        ("revoke", "boss"),
        ("passkeys", "boss"),
        ("passkeys", "wang", "--remove", "9"),
    ):
        refused = people("wang", *words, typed=GOOD)
        assert refused.exit_code == 1, words
        assert "wang may not make accounts" in refused.output, words
    assert people("wang", "password", "wang", typed=GOOD).exit_code == 0
    assert people("wang", "sessions", "wang").exit_code == 0
    assert people("wang", "passkeys", "wang").output == "wang has no passkey.\n"
    assert "wang has none with the number 9" in people("li", "passkeys", "wang", "--remove", "9").output
    assert people("wang", "revoke", "wang").output == "0 sessions of wang ended.\n"
    assert people("li", "roles", "wang", "list-keeper", "auditor").output == "wang: auditor, list-keeper.\n"
    assert people("li", "login", "wang").output == "No login acts as wang.\n"
    assert people("wang", "password", "wang", typed=GOOD).exit_code == 1
    assert "is disabled; who was signed in is out" in people("li", "disable", "wang", "--reason", "on leave").output
    assert people("li", "enable", "wang").output == "wang is enabled.\n"
    assert "the record goes on naming it" in people("li", "remove", "wang").output


def test_what_an_account_may_and_what_was_done_with_it_is_shown(people):
    people("li", "add", "boss", "--role", "admin")
    people("li", "add", "wang", "--role", "list-keeper")
    shown = people("li", "show", "wang").output
    assert "lists:write: add and remove entries" in shown
    assert "boss: added; roles list-keeper" in shown
    data = json.loads(people("li", "show", "wang", "--json").output)
    assert data["history"][0]["actor"] == "boss"
    assert "lists:write" in data["rights"]
    assert "password" not in json.dumps(data["history"])


def test_root_is_never_locked_out_and_is_recorded_as_such(people):
    people("li", "add", "boss", "--role", "admin")
    assert people("root", "login", "boss", "zhao").exit_code == 0
    assert "root: login; li -> zhao" in people("root", "show", "boss").output
    assert people("zhao", "list").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "wang", "--role", "king"), "viewer: looks at calls"),
        (("show", "nobody"), "`ringfence people list` shows all"),
        (("roles", "boss", "viewer"), "without an admin nobody could make accounts"),
        (("enable", "boss"), "boss is not disabled"),
    ],
)
def test_what_cannot_be_is_told_with_what_would_be_right(people, words, told):
    people("li", "add", "boss", "--role", "admin")
    refused = people("li", *words)
    assert (refused.exit_code, told in refused.output) == (1, True)


def test_asking_who_there_is_says_what_to_do_first(people):
    assert "Make the first with `people add`" in people("li", "list").output


def test_a_second_factor_is_begun_and_counts_with_its_first_code(people):
    people("li", "add", "boss", "--role", "admin")
    begun = people("li", "second-factor", "boss")
    telephone = pyotp.parse_uri(begun.output.splitlines()[-1])
    wrong = people("li", "second-factor", "boss", "--code", "000000")
    assert (wrong.exit_code, "clock of the telephone" in wrong.output) == (1, True)
    done = people("li", "second-factor", "boss", "--code", telephone.now())
    assert (done.exit_code, len(done.output.splitlines())) == (0, 11)
    people("li", "add", "wang", "--role", "viewer", "--login", "wang")
    assert people("wang", "second-factor", "wang").exit_code == 0
    assert people("wang", "second-factor", "wang", "--remove").exit_code == 1, "that is an admin's"
    assert people("li", "second-factor", "wang", "--remove").exit_code == 0


def test_passkeys_are_shown_and_one_is_removed(people, file):
    people("li", "add", "boss", "--role", "admin")

    async def make():
        async with Installation.open(file) as here:
            place = "https://ringfence.example.com"
            boss = await (await here.people()).accounts.named("boss")
            passkeys = Passkeys((await here.people())._store, lambda: here.keys, place)
            said = Authenticator(place).make(await passkeys.begin_making(boss, "a session"))
            await passkeys.add(boss, said, "my telephone", "a session", author="boss")

    asyncio.run(make())
    (one,) = json.loads(people("li", "passkeys", "boss", "--json").output)
    assert (one["name"], one["last"]) == ("my telephone", None)
    assert "my telephone" in people("li", "passkeys", "boss").output
    gone = people("li", "passkeys", "boss", "--remove", str(one["id"]))
    assert gone.output == "my telephone lets boss in no more.\n"
    assert "passkey removed; my telephone" in people("li", "show", "boss").output

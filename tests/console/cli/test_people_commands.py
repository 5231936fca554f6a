"""`ringfence people`: accounts are made, shown and changed by admins; a password is never an argument."""

import json

import pytest
from typer.testing import CliRunner

from console.cli.commands import app

GOOD = "four blue horses run\n"


@pytest.fixture
def under(monkeypatch, file):
    """Run a command under a login of the system."""

    def run(login, *words, typed=""):
        monkeypatch.setattr("ringfence.installation.login_name", lambda: login)
        return CliRunner().invoke(app, ["--config", str(file), "people", *words], input=typed)

    return run


def test_the_first_admin_acts_under_the_login_that_made_him(under):
    made = under("li", "add", "boss", "--role", "admin,engineer", "--password", typed=GOOD)
    assert made.exit_code == 0, made.output
    assert "Commands under the login li act as boss. From now on whoever has no account may do nothing." in made.output
    (one,) = json.loads(under("li", "list", "--json").output)
    assert (one["name"], one["roles"], one["login"], one["password"]) == ("boss", ["admin", "engineer"], "li", True)
    refused = under("wang", "list")
    assert (refused.exit_code, "wang has none, and there are accounts" in refused.output) == (1, True)


def test_no_command_takes_a_password_as_an_argument(under):
    under("li", "add", "boss", "--role", "admin")
    assert under("li", "password", "boss", "four blue horses run").exit_code == 2
    assert under("li", "add", "wang", "--role", "viewer", "--password", "four blue horses run").exit_code == 2
    assert under("li", "password", "boss", typed="short\n").exit_code == 1
    done = under("li", "password", "boss", typed=GOOD)
    assert (done.exit_code, "horses" in done.output) == (0, False)


def test_an_admin_changes_accounts_and_others_only_their_own_password(under):
    under("li", "add", "boss", "--role", "admin")
    assert (
        under("li", "add", "wang", "--role", "viewer", "--login", "wang", "--display-name", "Wang Fang").exit_code == 0
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
    ):
        refused = under("wang", *words, typed=GOOD)
        assert refused.exit_code == 1, words
        assert "wang may not make accounts" in refused.output, words
    assert under("wang", "password", "wang", typed=GOOD).exit_code == 0
    assert under("wang", "sessions", "wang").exit_code == 0
    assert under("wang", "revoke", "wang").output == "0 sessions of wang ended.\n"
    assert under("li", "roles", "wang", "list-keeper", "auditor").output == "wang: auditor, list-keeper.\n"
    assert under("li", "login", "wang").output == "No login acts as wang.\n"
    assert under("wang", "password", "wang", typed=GOOD).exit_code == 1
    assert "is disabled; who was signed in is out" in under("li", "disable", "wang", "--reason", "on leave").output
    assert under("li", "enable", "wang").output == "wang is enabled.\n"
    assert "the record goes on naming it" in under("li", "remove", "wang").output


def test_what_an_account_may_and_what_was_done_with_it_is_shown(under):
    under("li", "add", "boss", "--role", "admin")
    under("li", "add", "wang", "--role", "list-keeper")
    shown = under("li", "show", "wang").output
    assert "lists:write: add and remove entries" in shown
    assert "boss: added; roles list-keeper" in shown
    data = json.loads(under("li", "show", "wang", "--json").output)
    assert data["history"][0]["actor"] == "boss"
    assert "lists:write" in data["rights"]
    assert "password" not in json.dumps(data["history"])


def test_root_is_never_locked_out_and_is_recorded_as_such(under):
    under("li", "add", "boss", "--role", "admin")
    assert under("root", "login", "boss", "zhao").exit_code == 0
    assert "root: login; li -> zhao" in under("root", "show", "boss").output
    assert under("zhao", "list").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "wang", "--role", "king"), "viewer: looks at calls"),
        (("show", "nobody"), "`ringfence people list` shows all"),
        (("roles", "boss", "viewer"), "without an admin nobody could make accounts"),
        (("enable", "boss"), "boss is not disabled"),
    ],
)
def test_what_cannot_be_is_told_with_what_would_be_right(under, words, told):
    under("li", "add", "boss", "--role", "admin")
    refused = under("li", *words)
    assert (refused.exit_code, told in refused.output) == (1, True)


def test_asking_who_there_is_says_what_to_do_first(under):
    assert "Make the first with `people add`" in under("li", "list").output

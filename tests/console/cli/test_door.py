"""The door of the command line: every command asks for a right or tells nothing; the record names the account."""

import json

import pytest
import typer
from typer.main import get_command

from console.cli.commands import app
from console.cli.door import RIGHTS, entered, let_in, path_of
from ringfence.installation import Installation
from ringfence.people.faults import NotAllowed


def commands(found=None, names=()):
    """Every command of the command line, by what is typed; a group that does something by itself is one, too."""
    found = get_command(app) if found is None else found
    if not hasattr(found, "commands"):
        return {" ".join(names)}
    own = {" ".join(names)} if names and found.invoke_without_command else set()
    return own.union(*(commands(each, (*names, name)) for name, each in found.commands.items()))


def test_every_command_is_in_the_table_and_nothing_else():
    assert set(RIGHTS) == commands()


def test_a_command_is_called_by_what_is_typed(run):
    seen = []
    probe = typer.Typer()
    inner = typer.Typer()
    probe.add_typer(inner, name="cases")

    @inner.callback()
    def group(): ...

    @inner.command("hand-over")
    def hand_over(context: typer.Context):
        seen.append(path_of(context))

    typer.testing.CliRunner().invoke(probe, ["cases", "hand-over"])
    assert seen == ["cases hand-over"]


async def test_while_there_is_no_account_nobody_is_asked_and_no_database_is_made(file):
    async with Installation.open(file) as here:
        await let_in(here, "cases seal")
        await let_in(here, "a command that is in no table")
        assert not here.database_of("people").exists()


def test_a_command_that_is_in_no_table_is_for_nobody_once_there_are_accounts(file, under):
    under("li", "people", "add", "boss", "--role", "admin")
    here = Installation.open(file)
    here.logins = ("li",)
    with pytest.raises(NotAllowed, match="boss may not do this: that is for nobody"):
        here.run(lambda here: let_in(here, "a command that is in no table"))


def test_what_is_recorded_names_the_account_and_not_the_login(file, under):
    under("root", "people", "add", "boss", "--role", "admin")
    under("root", "people", "add", "wang.fang", "--role", "list-keeper", "--login", "wang")
    done = under("wang", "lists", "add", "blocked", "17012345678", "--reason", "rang at night")
    assert done.exit_code == 0, done.output
    (entry,) = json.loads(under("wang", "lists", "show", "blocked", "--json").output)
    assert "wang.fang" in json.dumps(entry)
    under("root", "people", "add", "zhao", "--role", "auditor", "--login", "zhao")
    told = json.loads(under("zhao", "audit", "show", "--json").output)
    deeds = [one for one in told if one["actor"] == "wang.fang"]
    assert deeds
    assert {(one["role"], one["door"]) for one in deeds} == {("list-keeper", "command line")}


def test_old_settings_that_name_logins_hold_for_the_accounts_of_these_logins(file, under):
    file.write_text(file.read_text().replace("blocked: {kind: block", "blocked: {kind: block, changed_by: [wang]"))
    under("root", "people", "add", "boss", "--role", "admin")
    for name in ("wang", "zhao"):
        under("root", "people", "add", f"{name}.x", "--role", "list-keeper", "--login", name)
    assert under("wang", "lists", "add", "blocked", "17012345678", "--reason", "x").exit_code == 0
    other = under("zhao", "lists", "add", "blocked", "17012345679", "--reason", "x")
    assert (other.exit_code, "wang, wang.x only (changed_by)" in other.output) == (1, True)


def test_accounts_that_are_gone_let_nobody_in(file, under):
    under("li", "people", "add", "boss", "--role", "admin")
    for left in file.parent.glob("ringfence-people.db*"):
        left.unlink()
    refused = under("li", "lists", "show", "blocked")
    assert refused.exit_code == 1
    assert "ringfence-people.db is gone, so nobody knows who may do what" in refused.output
    assert not (file.parent / "ringfence-people.db").exists(), "and they are not made anew, empty, by asking"
    assert "ringfence-people.db: the file is gone" in under("li", "db", "check").output


def test_a_command_that_asks_the_node_names_its_account_to_it(file, under, monkeypatch):
    asked = []
    monkeypatch.setattr("ringfence.control.ask", lambda *words, acting="", **more: asked.append(acting) or [])
    under("li", "bans", "lift", "--all")
    under("li", "people", "add", "boss", "--role", "admin,engineer")
    under("li", "bans", "lift", "--all")
    assert asked == ["", "boss"]


def test_a_configuration_that_cannot_be_read_still_knows_who_may(file, under):
    under("li", "people", "add", "boss", "--role", "admin")
    file.write_text(file.read_text() + "nonsense: 1\n")
    assert "boss may not drain peers" in under("li", "reload").output
    assert callable(entered)

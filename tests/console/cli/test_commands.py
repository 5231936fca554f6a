"""The command line as people type it: help, usage errors, where --config may stand, exit statuses."""

import json
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from console.cli.commands import app
from proxy.build import BUILD
from ringfence.configuration import load_configuration
from ringfence.health import Health


def typed(*words: str):
    return CliRunner().invoke(app, words)


def test_version():
    assert typed("version").stdout.strip() == f"{version('ringfence')} ({BUILD})"
    assert json.loads(typed("version", "--json").stdout) == {"ringfence": version("ringfence"), "build": BUILD}


@pytest.mark.parametrize(
    "words", [["chekc"], ["check", "--jsno"], ["lists", "add", "blocked"], ["call", "--from", "1"]]
)
def test_wrong_usage(words):
    assert typed(*words).exit_code == 2


def every_command(group=None, path=""):
    """Each command with its words, those of groups too."""
    for name, command in (group or get_command(app)).commands.items():
        words = f"{path}{name}"
        yield words, command
        if hasattr(command, "commands"):
            yield from every_command(command, f"{words} ")


@pytest.mark.parametrize(("words", "command"), [*every_command()])
def test_every_command_says_what_it_does_and_no_option_says_what_is_so_without_it(words, command):
    assert command.help, words
    assert [option.secondary_opts for option in command.params if option.secondary_opts] == [], words
    assert [option.name for option in command.params if not getattr(option, "help", "")] == [], words


COMMANDS = ["init", "serve", "check", "lists", "log", "explain", "call", "demo", "health", "version"]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_helps(command):
    help_text = typed(command, "--help")
    assert help_text.exit_code == 0
    assert "Usage: " in help_text.stdout


def test_help_names_every_command_and_the_exit_statuses():
    shown = typed("--help").stdout
    assert all(command in shown for command in COMMANDS)
    assert "0 done or yes, 1 faults or no, 2 wrong usage" in shown


def test_config_before_and_after_the_command(file):
    nearer = typed("--config", "/nowhere", "check", "--config", str(file))
    assert typed("--config", str(file), "check").stdout == nearer.stdout
    assert nearer.exit_code == 0
    group = typed("lists", "--config", str(file), "show", "--json")
    assert [one["list"] for one in json.loads(group.stdout)] == ["allowed", "blocked", "suspected"]


def test_a_missing_configuration_is_one_clear_line():
    found = typed("--config", "/nowhere/ringfence.yaml", "lists", "show")
    assert found.exit_code == 1
    assert found.stderr == "/nowhere/ringfence.yaml: there is no such file; check the spelling of its path\n"


def test_the_program_starts_by_its_module():
    done = subprocess.run(
        [sys.executable, "-m", "ringfence", "version"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stdout.strip() == f"{version('ringfence')} (pure Python)"


@pytest.mark.parametrize(
    ("answer", "words", "status"),
    [
        (Health(200), ["health"], 0),
        (Health(0), ["health"], 1),
        (Health(403, ("calls would be refused",)), ["health"], 0),
        (Health(403, ("calls would be refused",)), ["health", "--strict"], 1),
        (Health(200, ("office: nothing comes",)), ["health", "--json", "--strict"], 1),
        (Health(200), ["health", "--strict"], 0),
    ],
)
def test_health_tells_what_somebody_should_see_to(run, file, monkeypatch, answer, words, status):
    monkeypatch.setattr("ringfence.health.ask", lambda listener: answer)
    found = run(*words)
    assert found.exit_code == status
    for remark in answer.remarks:
        assert remark in found.output
    if "--json" in words:
        assert json.loads(found.stdout) == {"127.0.0.1:5060": answer.status}


@pytest.mark.parametrize("words", [["health"], ["health", "--json"]])
def test_what_answers_at_our_port_steers_no_terminal(run, file, monkeypatch, words):
    """Whatever listens there may write what it likes into a Warning."""
    monkeypatch.setattr("ringfence.health.ask", lambda listener: Health(200, ("\x1b[2J\x1b]0;owned\x07\u202eno",)))
    found = run(*words)
    assert "\\u001b[2J\\u001b]0;owned\\u0007\\u202eno" in found.output
    assert not {"\x1b", "\x07", "\u202e"} & {*found.output}


def test_nobody_home_is_a_no(run, file):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:  # held, so that nobody else answers there
        silent.bind(("127.0.0.1", 0))
        here = f"127.0.0.1:{silent.getsockname()[1]}"
        file.write_text(file.read_text().replace("127.0.0.1:5060", here))
        found = run("health", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout) == {here: 0}


def test_a_wheel_brings_an_example_to_begin_with(run, tmp_path):
    file = tmp_path / "own" / "ringfence.yaml"
    file.parent.mkdir()
    file.write_text(run("settings", "--example").stdout)
    assert load_configuration(file).pbxes[0].name == "pbx"


WORDS = [
    *(["lists", word] for word in ("import", "export", "imports", "undo", "stats", "top", "stale")),
    *(["ranges", word] for word in ("import", "show")),
    *(["subscribers", word] for word in ("add", "remove", "show")),
    *(["db", word] for word in ("check", "backup", "restore")),
    ["why"],
]


@pytest.mark.parametrize("words", WORDS)
def test_it_is_there_and_has_help(run, words):
    found = run(*words, "--help")
    assert found.exit_code == 0
    assert "Usage: " in found.stdout

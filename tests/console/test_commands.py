"""The command line as people type it: help, usage errors, the version."""

from importlib.metadata import version

from typer.testing import CliRunner

from console.commands import app


def run(*words: str):
    return CliRunner().invoke(app, words)


def test_version():
    assert run("version").stdout.strip() == version("ringfence")


def test_an_unknown_command_is_a_usage_error():
    assert run("chekc").exit_code == 2

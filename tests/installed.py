"""A configuration of its own for each test of the console, and commands run in this process."""

from functools import cache
from pathlib import Path

import pytest
import typer.testing
from typer.testing import CliRunner

from console.cli.commands import app
from tests.peers.loopback import new_endpoint

# The command line is built once for all tests: it takes longer than most commands take.
vars(typer.testing)["_get_command"] = cache(typer.main.get_command)

CONFIGURATION = """\
version: 1
time_zone: Asia/Shanghai
listen:
  - address: 127.0.0.1:5060
pbxes:
  - {name: pbx, addresses: [127.0.0.1:5080], probe: {every_s: 0}}
trunks:
  - {name: default, country: CN}
  - {name: carrier, country: CN, addresses: [192.0.2.1], identity: trusted, cli: screened}
lists:
  blocked: {kind: block}
  suspected: {kind: suspect}
  allowed: {kind: allow}
rules: [rules.d/*.yaml]
"""
RULES = """\
- rule: night-calls
  because: Nobody sells at night.
  when: {caller: {starts_with: [95012]}, hours: 21:00-08:00}
  then: reject
  catches: [{from: 95012345, to: 13800138000, at: 2026-11-24T22:10+08:00}]
  spares: [{from: 95012345, to: 13800138000, at: 2026-11-24T12:00+08:00}]
"""


@pytest.fixture
def file(tmp_path) -> Path:
    """A sound ringfence.yaml with one rule."""
    (tmp_path / "rules.d").mkdir()
    (tmp_path / "rules.d" / "own.yaml").write_text(RULES)
    path = tmp_path / "ringfence.yaml"
    path.write_text(CONFIGURATION)
    return path


@pytest.fixture
def run(file):
    """Run a command with that configuration."""

    def run(*words: str):
        return CliRunner().invoke(app, ["--config", str(file), *words])

    return run


@pytest.fixture
def ports(file) -> Path:
    """The configuration with addresses that nobody else uses."""
    text = file.read_text().replace("127.0.0.1:5060", str(new_endpoint()))
    file.write_text(text + f"metrics: {new_endpoint()}\n")
    return file


@pytest.fixture
def under(file, monkeypatch):
    """Run a command with that configuration under a login of the system."""

    def run(login: str, *words: str, typed: str = ""):
        monkeypatch.setattr("ringfence.installation.login_name", lambda: login)
        monkeypatch.setattr("ringfence.installation.logins", lambda: (login,))
        return CliRunner().invoke(app, ["--config", str(file), *words], input=typed)

    return run

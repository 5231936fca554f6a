"""`ringfence samples`: each file that is shipped for the machine around a node is listed, and printed as it is."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.commands import app
from console.cli.node.sample_files import find, listed

CONFIG = Path(__file__).resolve().parents[4] / "config"
FOLDERS = ("systemd", "prometheus", "grafana", "nftables")


def typed(*words: str):
    return CliRunner().invoke(app, ["samples", *words])


def test_all_of_them_are_listed():
    there = {str(file.relative_to(CONFIG)) for folder in FOLDERS for file in (CONFIG / folder).iterdir()}
    assert {each["name"] for each in listed()} == there
    assert json.loads(typed("--json").stdout) == listed()


@pytest.mark.parametrize("name", [each["name"] for each in listed()])
def test_one_is_printed_as_it_is(name):
    assert typed(name).stdout_bytes == find(name).read_bytes() == (CONFIG / name).read_bytes()


@pytest.mark.parametrize("name", ["../pyproject.toml", "systemd", "nothing"])
def test_nothing_else_is_printed(name):
    found = typed(name)
    assert found.exit_code == 1
    assert "lists what there is" in found.stderr

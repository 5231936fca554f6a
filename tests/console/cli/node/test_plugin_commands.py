"""`ringfence plugins`: what a node tells of them, and what is installed where none runs."""

import json
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from rules.judging import plugins

ROW: dict[str, Any] = {
    "group": "ringfence.numbers", "name": "reputation", "where": "a:B", "package": "a", "version": "1.0",
    "installed": True, "loaded": True, "asked": 9, "failed": 2, "p50_ms": 12.5, "p99_ms": 80.25, "rests_s": 0.0,
    "last_error": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "state"),
    [
        ({}, "loaded"),
        ({"last_error": "reputation: HTTPStatusError: 500"}, "reputation: HTTPStatusError: 500"),
        ({"rests_s": 12.5, "last_error": "reputation: late"}, "rests 12.5 s: reputation: late"),
        ({"installed": False}, "loaded, and uninstalled since"),
        ({"loaded": False}, "not loaded: restart the node"),
    ],
)
def test_each_is_shown_as_the_node_tells_it(run, monkeypatch, more, state):
    monkeypatch.setattr("ringfence.control.ask", lambda path, command, **_: [{**ROW, **more}])
    done = run("plugins", "--json")
    assert json.loads(done.stdout)[0]["state"] == state
    shown = run("plugins")
    for word in ("reputation", "1.0", "12.5", "80.25"):
        assert word in shown.stdout


def test_without_a_node_what_is_installed_is_shown(run, monkeypatch):
    assert "No plug-in is installed here" in run("plugins").stdout
    point = EntryPoint("mine", "a:B", plugins.ACTIONS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == plugins.ACTIONS else [])
    done = run("plugins")
    assert done.exit_code == 0
    assert "installed" in done.stdout
    assert "No node runs here" in done.stdout

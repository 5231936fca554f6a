"""`ringfence peers` on what a node answers, and where none runs."""

import json
import time
from typing import Any

import pytest

from console.cli.node.peer_commands import lasting

ROW: dict[str, Any] = {
    "peer": "office", "kind": "pbx", "address": "192.0.2.10:5060", "state": "down", "why": "no answer to OPTIONS",
    "last_status": 200, "calls": 3, "in_setup": 1, "probed": True, "responses": {"200": 5},
}  # fmt: skip


@pytest.fixture
def told(monkeypatch):
    """What a node would answer, and what it was asked."""
    asked = []
    row = {**ROW, "since": time.time() - 65.2, "last_at": time.time() - 7200}
    answers = {"peers": [row, {**row, "last_at": None, "state": "unknown"}], "peers-drain": {**row, "others": []}}

    def ask(path, command, arguments, **_):
        asked.append((command, arguments))
        return answers[command]

    monkeypatch.setattr("ringfence.control.ask", ask)
    return asked


def test_without_a_node_it_says_so(run):
    for words in (("peers",), ("peers", "drain", "office", "192.0.2.10"), ("peers", "undrain", "office", "192.0.2.10")):
        done = run(*words)
        assert done.exit_code == 1
        assert "no node runs here" in done.stderr


def test_each_address_has_a_line(run, told):
    done = run("peers")
    assert done.exit_code == 0
    for word in ("office", "192.0.2.10:5060", "down", "1 m ", "no answer to OPTIONS", "200, 2 h ago", "never"):
        assert word in done.stdout
    assert told == [("peers", {})]


def test_programs_get_all_of_it(run, told):
    [row, _] = json.loads(run("peers", "--json").stdout)
    assert (row["address"], row["responses"], row["in_setup"]) == ("192.0.2.10:5060", {"200": 5}, 1)


def test_an_address_is_drained_and_what_is_left_there_said(run, told):
    done = run("peers", "drain", "office", "192.0.2.10", "--anyway")
    assert done.stdout == "office 192.0.2.10:5060 has no new calls from now on; 3 calls left there.\n"
    assert told == [("peers-drain", {"peer": "office", "address": "192.0.2.10", "drained": True, "anyway": True})]


def test_it_has_calls_again_and_it_is_said_that_it_is_down(run, told):
    done = run("peers", "undrain", "office", "192.0.2.10")
    assert done.stdout == "office 192.0.2.10:5060 has new calls again; it is down: no answer to OPTIONS.\n"
    assert told[0][1]["drained"] is False
    assert json.loads(run("peers", "undrain", "office", "192.0.2.10", "--json").stdout)["calls"] == 3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (-3, "0 s"), (59.4, "59 s"), (60, "1 m"), (3661, "1 h 1 m"), (86_400, "1 d"), (200_000, "2 d 7 h")],
)
def test_a_duration_is_said_in_two_units(seconds: float, said: str):
    assert lasting(seconds) == said

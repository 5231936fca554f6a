"""`ringfence bans` on what a node answers, and where none runs."""

import json
import time
from typing import Any

import pytest

ROW: dict[str, Any] = {"source": "192.0.2.9", "why": "tried what was refused", "by": None, "dropped": 7}


@pytest.fixture
def told(monkeypatch):
    """What a node would answer, and what it was asked."""
    asked = []
    row = {**ROW, "since": time.time() - 65, "until": time.time() + 3605}
    by_hand = {**row, "source": "198.51.100.21", "by": "root", "why": "rang all night", "trunk": "carrier"}
    answers = {"bans": [row, by_hand], "bans-add": by_hand, "bans-lift": [row]}

    def ask(path, command, arguments, **_):
        asked.append((command, arguments))
        return answers[command]

    monkeypatch.setattr("ringfence.control.ask", ask)
    return asked


def test_without_a_node_it_says_so(run):
    for words in ((), ("list",), ("add", "192.0.2.9"), ("lift", "192.0.2.9")):
        done = run("bans", *words)
        assert done.exit_code == 1
        assert "no node runs here" in done.stderr


@pytest.mark.parametrize("words", [(), ("list",)])
def test_each_ban_has_a_line(run, told, words):
    done = run("bans", *words)
    assert done.exit_code == 0
    for word in ("192.0.2.9", "tried what was refused", "Ringfence", "1 m 5 s", "1 h", "root", "rang all night", "7"):
        assert word in done.stdout
    assert [row["dropped"] for row in json.loads(run("bans", *words, "--json").stdout)] == [7, 7]


def test_a_source_is_banned_for_as_long_as_is_said(run, told):
    done = run("bans", "add", "198.51.100.21", "--for", "1h", "--reason", "rang all night")
    assert done.stdout.startswith("198.51.100.21 is banned for 1 h. It belongs to trunk carrier")
    assert told == [("bans-add", {"source": "198.51.100.21", "seconds": 3600, "reason": "rang all night"})]
    assert run("bans", "add", "198.51.100.21", "--for", "soon").exit_code == 2


def test_a_ban_is_lifted_and_all_of_them(run, told):
    assert run("bans", "lift", "192.0.2.9").stdout == "192.0.2.9 is heard again.\n"
    assert run("bans", "lift", "--all").stdout == "1 lifted.\n"
    assert [words for _, words in told] == [{"source": "192.0.2.9", "every": False}, {"source": "", "every": True}]
    for words in ((), ("192.0.2.9", "--all")):
        assert run("bans", "lift", *words).exit_code == 2

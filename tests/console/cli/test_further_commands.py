"""Every group and command with a file of its own is on the command line."""

import pytest

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

"""Every group and command with a file of its own is on the command line."""

import pytest


@pytest.mark.parametrize("words", [["lists", "import"], ["lists", "export"], ["lists", "imports"], ["lists", "undo"]])
def test_it_is_there_and_has_help(run, words):
    found = run(*words, "--help")
    assert found.exit_code == 0
    assert "Usage: " in found.stdout

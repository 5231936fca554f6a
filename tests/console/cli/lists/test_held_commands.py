"""`ringfence lists held | release | drop`: what waits is shown, and a person decides."""

import json

import pytest


@pytest.fixture
def held(run, tmp_path):
    """A new version that waits: its import's answer."""
    run("lists", "add", "blocked", "17012345678")
    path = tmp_path / "new.txt"
    path.write_text("17012345679\n17012345680\n")
    found = run("lists", "import", "blocked", str(path), "--replace")
    path.unlink()
    return found


def test_it_says_under_which_number_it_waits(held, run):
    assert held.exit_code == 3
    assert held.stderr.startswith("held, nothing was changed: it changes 300% of the list (2 come, 1 go). `ringfence")
    assert "lists release 1 --reason" in held.stderr
    shown = run("lists", "held").stdout
    assert "new.txt" in shown
    assert "it changes 300%" in shown
    (one,) = json.loads(run("lists", "held", "--json").stdout)
    assert (one["id"], one["list"], one["why"]) == (1, "blocked", "it changes 300% of the list (2 come, 1 go)")


def test_released_although_the_file_is_gone(held, run):
    done = run("lists", "release", "1", "--reason", "I rang them")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("2 lines: 2 added to blocked, 0 changed, 1 removed, 0 refused (import 1).")
    assert "live after" in done.stdout
    (made,) = json.loads(run("lists", "imports", "--json").stdout)
    assert made["insisted"].endswith(": I rang them")
    assert run("lists", "held").stdout == "No import waits for a person.\n"
    assert "I rang them" in run("lists", "held", "--all").stdout
    again = run("lists", "release", "1", "--reason", "x")
    assert (again.exit_code, "was released as import 1" in again.stderr) == (1, True)


def test_dropped(held, run):
    assert run("lists", "drop", "1").stdout == "Held import 1 of new.txt into blocked is dropped.\n"
    assert json.loads(run("lists", "held", "--json").stdout) == []


def test_a_reason_is_asked_for(held, run):
    assert run("lists", "release", "1").exit_code == 2
    found = run("lists", "release", "1", "--reason", "fine", "--json")
    assert json.loads(found.stdout)["removed"] == 1

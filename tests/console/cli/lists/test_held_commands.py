"""`ringfence lists held | release | drop`: what waits is shown, and a person decides."""

import json
from datetime import UTC, datetime, timedelta

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


@pytest.fixture
def by_wang(monkeypatch):
    """Another person decides."""
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "wang")


def test_nobody_releases_his_own_import(held, run):
    refused = run("lists", "release", "1", "--reason", "I rang them")
    assert refused.exit_code == 1
    assert refused.stderr.endswith(" imported it, so another person has to release it\n")
    assert len(json.loads(run("lists", "held", "--json").stdout)) == 1


def test_released_although_the_file_is_gone(held, run, by_wang):
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


def test_a_reason_is_asked_for(held, run, by_wang):
    assert run("lists", "release", "1").exit_code == 2
    found = run("lists", "release", "1", "--reason", "fine", "--json")
    assert json.loads(found.stdout)["removed"] == 1


QUALIFIED = ("--licence", "B2", "--document", "sha256:0", "--purpose", "loans", "--owner", "Bank")


@pytest.fixture
def organisations(file):
    """A list whose entries are qualified."""
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  organisations: {kind: allow, qualified: true}\n"))


def test_an_organisation_passes_once_its_approver_has_released_it(run, organisations, monkeypatch):
    added = run("lists", "add", "organisations", "95588", *QUALIFIED, "--review", "90d", "--approver", "wang")
    assert added.exit_code == 3
    assert added.stderr == (
        "proposed for organisations, nothing was changed: wang has to agree, as approver, by "
        "`ringfence lists release 1 --reason ...`.\n"
    )
    assert json.loads(run("lists", "show", "organisations", "--json").stdout) == []
    assert "another person" in run("lists", "release", "1", "--reason", "fine").stderr
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "zhao")
    assert "its approver is wang, who has to release it" in run("lists", "release", "1", "--reason", "fine").stderr
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "wang")
    assert run("lists", "release", "1", "--reason", "I saw the licence").exit_code == 0
    (entry,) = json.loads(run("lists", "show", "organisations", "--json").stdout)
    assert (entry["entry"], entry["approver"]) == ("CN:95588", "wang")
    due = json.loads(run("lists", "reviews", "--within", "91d", "--json").stdout)
    assert [(one["entry"], one["off"]) for one in due] == [("CN:95588", False)]
    assert run("lists", "reviews", "organisations").stdout == "No review is due within 30d.\n"
    assert "CN:95588" in run("lists", "reviews", "--within", "13w").stdout


def test_an_import_of_organisations_waits_for_its_approver_whoever_insists(run, organisations, tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("number,licence,document,purpose,review,owner,approver\n95588,l,d,p,2099-01-01,o,wang\n")
    refused = run("lists", "import", "organisations", str(path), "--yes-really")
    assert "its review is due in more than 365 days (review_days)" in refused.stderr
    path.write_text(path.read_text().replace("2099-01-01", day_in(90)))
    held = run("lists", "import", "organisations", str(path), "--yes-really")
    assert (held.exit_code, "wang has to agree, as approver" in held.stderr) == (3, True)
    path.write_text("95588\n")
    bare = run("lists", "import", "organisations", str(path))
    assert "this list wants licence, document, purpose, review, owner and approver" in bare.stderr


def day_in(days):
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()

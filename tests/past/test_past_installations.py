"""Installations of earlier versions, made by their own commands: those of today open, read and change them."""

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.commands import app
from rules.records.privacy import mask

HERE = Path(__file__).parent
VERSIONS = ("2ffdd61", "fb87fac")
LOUD, SOLD, FORGED, BLOCKED = "+8617011112222", "+8617033334444", "+8617055556666", "+8617012345678"


@pytest.fixture(params=VERSIONS)
def house(request, tmp_path):
    """A copy of an installation as that version left it."""
    kept = HERE / request.param
    for name in ("ringfence.yaml", "rules.yaml", "ringfence.keys"):
        shutil.copy(kept / name, tmp_path / name)
    (tmp_path / "ringfence.keys").chmod(0o600)
    for name, lines in json.loads(gzip.decompress((kept / "databases.json.gz").read_bytes())).items():
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.executescript("\n".join(lines))
    return tmp_path


@pytest.fixture
def run(house):
    """A command of today on it; its output, and JSON where that is asked for."""

    def run(*words, code=0):
        done = CliRunner().invoke(app, [*words, "--config", str(house)])
        assert done.exit_code == code, f"{words}: {done.output}{done.stderr}"
        return json.loads(done.stdout) if "--json" in words else done.stdout

    return run


def rows(house, database, query):
    with closing(sqlite3.connect(house / database)) as connection:
        return connection.execute(query).fetchall()


def test_everything_is_read(run):
    run("check")
    assert {one["list"]: one["entries"] for one in run("lists", "show", "--json")} == {
        "allowed": 1,
        "blocked": 2,
        "bulk": 2,
        "sealed": 1,
        "suspected": 1,
    }
    for words in (
        ("lists", "history", BLOCKED),
        ("lists", "imports"),
        ("lists", "export", "allowed"),
        ("lists", "stats"),
        ("ranges", "show"),
        ("subscribers", "show", "+8613800138001"),
        ("rules", "history"),
        ("why", BLOCKED),
        ("log",),
        ("case", "1"),
        ("case", "2"),
        ("cases", "list"),
        ("complaints", "list"),
        ("appeals", "list"),
        ("ladder", "show"),
        ("letters", "list"),
        ("trunks",),
        ("audit", "show"),
        ("api", "keys", "list"),
        ("db", "check"),
    ):
        assert run(*words), words
    run("audit", "verify")


def test_records_say_what_stopped_a_call_and_whose_it_was(run, house):
    sealed, by_ladder, allowed = (
        rows(house, "ringfence-decisions.db", f"select id from decision where call_id = '{call}'")[0][0]
        for call in ("call-31", "call-33", "call-0")
    )
    assert [one["detail"] for one in run("explain", sealed, "--unmasked", "--reason", "why", "--json")["fired"]] == [
        f"{LOUD} (seal 1)",
        f"tag (number {LOUD})",
    ]
    assert run("explain", by_ladder, "--json")["fired"][0]["detail"] == "reject (owner Loan King)"
    assert (
        run("explain", allowed, "--unmasked", "--reason", "why", "--json")["fired"][0]["detail"] == f"{LOUD} (operator)"
    )
    assert "; 2 calls stopped since" in run("case", "1")


def test_what_stood_in_texts_stands_in_columns(run, house):
    run("cases", "list")
    run("log")
    ((granted,),) = rows(house, "ringfence-complaints.db", "select reference from appeal where state = 'granted'")
    assert rows(house, "ringfence.db", "select id, appeal from seal order by id") == [(1, ""), (2, granted)]
    assert rows(house, "ringfence.db", "select name, case_id from standing order by name") == [
        (LOUD, 1),
        (BLOCKED, None),
        ("Loan King", None),
    ]
    assert rows(house, "ringfence-complaints.db", "select attacks, whose, target from appeal order by id") == [
        ("seal", "", "2"),
        ("ladder", "owner", "Loan King"),
        ("seal", "", "1"),
    ]
    letters = rows(house, "ringfence-complaints.db", "select kind, about from letter order by id")
    assert sorted(set(letters)) == [
        ("answer", "complaint"),
        ("appeal", "appeal"),
        ("confirm", "appeal"),
        ("confirm", "complaint"),
        ("owner", "owner"),
    ]
    assert rows(house, "ringfence-decisions.db", "select distinct believed from decision") == [(1,)]


def test_everything_goes_on(run, house):
    """What was begun then is ended now: lists, appeals, seals, the ladder, letters, rules."""
    run("lists", "undo", "1", "--reason", "no longer")
    run("lists", "remove", "blocked", BLOCKED, "--reason", "its owner changed")
    run("lists", "add", "blocked", BLOCKED)
    by_ladder, by_seal = (
        rows(house, "ringfence-complaints.db", f"select reference from appeal where id = {id_}")[0][0] for id_ in (2, 3)
    )
    run("appeals", "grant", by_ladder, "--reason", "another business now")
    assert [one["name"] for one in run("ladder", "show", "--json")] == [mask(LOUD), mask(BLOCKED)]
    run("appeals", "grant", by_seal, "--reason", "a mix-up")
    assert [one["name"] for one in run("ladder", "show", "--json")] == [mask(BLOCKED)], (
        "what complaints alone did goes, too"
    )
    assert run("lists", "show", "sealed", "--json") == []
    run("complaints", "add", LOUD, "--by", "+8613800138008")
    run("ladder", "assign", FORGED, "--owner", "Somebody Else")
    run("cases", "list")
    run("letters", "owner", "North Contact", "new@example.com", "--ask")
    run("rules", "activate", "--reason", "the same again")
    run("audit", "verify")

"""`ringfence appeals`: filed, judged by its evidence pack, granted or refused."""

import json

from console.cli.desk.appeal_commands import clock_line
from desk.deadlines import Clock
from ringfence.login import login_name


def test_an_appeal_against_a_step(run, tmp_path):
    run("ladder", "climb", "number", "95012345", "--reason", "x", "--to", "reject")
    told = run("appeals", "file", "--number", "95012345", "--text", "we are a bank", "--contact", "a@example.com")
    reference = told.stdout.split()[0]
    assert told.stdout == f"{reference} against the ladder number CN:95****** is filed.\n"
    shown = run("appeals", "show", reference).stdout
    assert "answer: running, due " in shown
    assert "text: we are a bank" in shown
    words = json.loads(run("appeals", "show", reference, "--json").stdout)["words"]
    assert words == {"text": "we are a bank"}, "the desk writes to people; nobody needs to see their address"
    out = tmp_path / "pack.json"
    assert run("appeals", "pack", reference, "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["appeal"]["reference"] == reference
    assert json.loads(run("appeals", "pack", reference).stdout)["cases"] == []
    assert run("appeals", "grant", reference, "--reason", "wrong").stdout == f"{reference} is granted.\n"
    assert json.loads(run("ladder", "show", "--json").stdout) == []
    late = run("appeals", "refuse", reference, "--reason", "x")
    assert late.exit_code == 1
    assert late.stderr.startswith(f"appeal: {reference} is granted already; by {login_name()}, since 20")


def test_what_a_grant_leaves_to_do(run):
    filed = run("appeals", "file", "--number", "95012345", "--against", "rule", "--target", "night-calls", "--json")
    reference = json.loads(filed.stdout)["reference"]
    assert reference in run("appeals", "list").stdout
    granted = run("appeals", "grant", reference, "--reason", "x")
    assert granted.stdout == f"{reference} is granted; now change rule night-calls.\n"
    (row,) = json.loads(run("appeals", "list", "--json").stdout)
    assert row["state"] == "granted"


def test_refused(run):
    filed = run("appeals", "file", "--number", "95012345", "--against", "entry", "--target", "blocked", "--json")
    reference = json.loads(filed.stdout)["reference"]
    assert run("appeals", "refuse", reference, "--reason", "x").stdout == f"{reference} is refused.\n"
    assert run("appeals", "file").stderr.startswith("number: name a number")


def test_a_deadline_in_words():
    clock = Clock("answer", 0.0, 3_600.0, None)
    assert clock_line(clock, 0.0, "UTC") == "answer: running, due 1970-01-01 01:00"
    assert clock_line(clock, 9_000.0, "UTC").startswith("answer: overdue, due ")
    assert clock_line(clock._replace(met=60.0), 9_000.0, "UTC") == "answer: met 1970-01-01 00:01"

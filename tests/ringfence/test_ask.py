"""Explaining asks what the proxy asks: subscribers' own lists, the ladder, the range ledger."""

import json

import pytest

CALL = ("--from", "13912345678", "--to", "13800138000")


def asked(run, *words: str) -> dict:
    found = run("explain", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


@pytest.mark.parametrize(("kind", "verdict"), [("block", "reject"), ("allow", "forward")])
def test_the_list_of_the_called_subscriber(run, kind, verdict):
    run("subscribers", "add", "13800138000", kind, "13912345678")
    found = asked(run, *CALL)
    assert (found["verdict"], found["step"]) == (verdict, f"subscriber {kind} list")
    assert asked(run, "--from", "13912345678", "--to", "13800138001")["step"] == "no rule"


def test_the_ladder(run):
    run("ladder", "climb", "number", "13912345678", "--reason", "again", "--to", "reject")
    assert asked(run, *CALL)["step"] == "ladder"


def test_the_range_ledger(run, file, tmp_path):
    codes = tmp_path / "codes.csv"
    codes.write_text("code,holder\n1391,Firm\n")
    run("ranges", "import", str(codes))
    text = "- rule: firm\n  because: b\n  when: {fact: {holder: Firm}}\n  then: tag\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    assert asked(run, *CALL)["rule"] == "firm"


def test_subscriber_groups(run, file):
    file.write_text(file.read_text().replace("lists:\n", "lists:\n  homes: {kind: group}\n  shifts: {kind: group}\n"))
    text = "- rule: home\n  because: b\n  when: {called: {group: homes}}\n"
    text += "  unless: {called: {group: shifts}}\n  then: tag\n"
    (file.parent / "rules.d" / "own.yaml").write_text(text)
    shown = run("check").stdout
    assert "list 'homes' is empty" not in shown, "before the first entry there is no database to look into"
    run("lists", "add", "homes", "+86138*", "--range")
    assert "own.yaml:4:28: warning: list 'shifts' is empty" in run("check").stdout
    run("lists", "add", "shifts", "13800138001")
    assert asked(run, *CALL)["rule"] == "home"
    assert asked(run, "--from", "13912345678", "--to", "13800138001")["rule"] == ""
    assert asked(run, *CALL)["facts"] == {"group": "homes"}


def test_asking_makes_no_file(run, file):
    before = sorted(file.parent.iterdir())
    asked(run, *CALL)
    assert sorted(file.parent.iterdir()) == before

"""`ringfence explain --from --to`: what a call would get now, with the rules and lists as they are."""

import json

import pytest

NIGHT, NOON = ("--at", "2026-11-24T22:10+08:00"), ("--at", "2026-11-24T12:00+08:00")


def asked(run, *words: str) -> dict:
    found = run("explain", "--json", *words)
    assert found.exit_code == 0, found.stderr
    return json.loads(found.stdout)


def test_a_rule_and_its_hours(run):
    caught = asked(run, "--from", "95012345", "--to", "13800138000", *NIGHT)
    assert (caught["verdict"], caught["rule"], caught["step"]) == ("reject", "night-calls", "deciding rule")
    assert asked(run, "--from", "95012345", "--to", "13800138000", *NOON)["verdict"] == "forward"


def test_the_sentences(run):
    shown = run("explain", "--from", "95012345", "--to", "13800138000", *NIGHT).stdout
    assert "=> deciding rule" in shown
    assert "own.yaml:1)" in shown
    assert "the callee sees nothing" in shown


def test_lists(run):
    run("lists", "add", "suspected", "17012345678")
    found = asked(run, "--from", "sip:+8617012345678@example.com", "--to", "tel:+8613800138000")
    assert (found["verdict"], found["rule"], found["suspicion"]) == ("tag", "suspected", 5)


@pytest.mark.parametrize("called", ["110", "sip:110@example.com", "tel:110", "urn:service:sos", "+86110"])
def test_emergency_comes_first(run, called):
    run("lists", "add", "blocked", "17012345678")
    found = asked(run, "--from", "17012345678", "--to", called)
    assert (found["verdict"], found["step"]) == ("forward", "emergency")


def test_an_identity_counts_where_it_is_believed(run):
    run("lists", "add", "blocked", "17012345678")
    run("lists", "add", "allowed", "95588")
    words = ("--from", "17012345678", "--pai", "95588", "--to", "13800138000")
    assert asked(run, *words, "--trunk", "carrier")["rule"] == "allowed"
    assert asked(run, *words)["rule"] == "blocked"


def test_an_anonymous_caller(run):
    assert asked(run, "--from", "anonymous", "--to", "13800138000")["caller"] == "anonymous"


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--from", "1"],
        ["a" * 20, "--from", "1", "--to", "2"],
        ["--from", "1", "--to", "2", "--trunk", "other"],
        ["--from", "1", "--to", "2", "--header", "X-Score"],
        ["--from", "1", "--to", "2", "--at", "noon"],
    ],
)
def test_wrong_usage(run, words):
    assert run("explain", *words).exit_code == 2

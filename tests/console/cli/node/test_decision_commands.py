"""`ringfence log`: decisions as they were recorded, numbers masked unless asked otherwise."""

import asyncio
import json

import pytest

from ringfence.node_settings import Configuration
from rules.model import Action, Call, Fired, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.records.decisions import Decisions, decisions_path, row
from rules.records.retention import Keeping, Retention

CALLER = Number("+8617012345678", NumberClass.MOBILE, "CN", "17012345678")
CALLED = Number("+8613800138000", NumberClass.MOBILE, "CN", "13800138000")


def judged(decision: str, at: float, action: Action, rule: str) -> tuple:
    call = Call(
        caller=CALLER, called=CALLED, trunk=Trunk("default", country="CN"), at=at, call_id="c1", source="192.0.2.9"
    )
    fired = (Fired(rule, Step.OPERATOR_BLOCK, "reject", "+8617012345678 (operator)"),) if rule else ()
    step = Step.OPERATOR_BLOCK if rule else Step.DEFAULT
    verdict = Verdict(action, step, decision=decision, rule=rule, reason="on list blocked", fired=fired, revision="r1")
    return row(call, verdict, Outcome(603 if rule else 200, not rule, 3), b"k" * 16)


@pytest.fixture
def record(file):
    """Two recorded calls."""
    database = decisions_path(file.parent / Configuration.model_fields["storage"].default.database)

    async def write():
        decisions = await Decisions.open(database)
        rows = [
            judged("a" * 20, 1_795_500_000.0, Action.REJECT, "blocked"),
            judged("b" * 20, 1_795_500_060.0, Action.FORWARD, ""),
        ]
        await decisions.write(rows, [])
        await decisions.close()

    asyncio.run(write())


def test_nothing_recorded_yet(run):
    found = run("log")
    assert (found.exit_code, found.stdout) == (0, "No decision fits.\n")


@pytest.mark.usefixtures("record")
def test_oldest_first_and_masked(run):
    first, second = json.loads(run("log", "--json").stdout)
    assert (first["decision"], second["decision"]) == ("a" * 20, "b" * 20)
    assert (first["verdict"], first["rule"], first["status"], first["rang"]) == ("reject", "blocked", 603, False)
    assert first["caller"] == "+86170******78"
    assert first["called"] == "+86138"
    assert first["at"].endswith("+08:00")
    assert json.loads(run("log", "--json", "--unmasked", "--reason", "why").stdout)[0]["caller"] == "+8617012345678"


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--verdict", "reject"], ["a"]),
        (["--rule", "blocked"], ["a"]),
        (["--caller", "0086 170 1234 5678"], ["a", "b"]),
        (["--caller", "13912345678"], []),
        (["--trunk", "carrier"], []),
        (["--since", "2100-01-01"], []),
        (["-n", "1"], ["b"]),
    ],
)
def test_filters(run, words, expected):
    assert [one["decision"][0] for one in json.loads(run("log", "--json", *words).stdout)] == expected


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize(
    ("words", "cause"),
    [
        (["--caller", "alice"], "is no number (it reads as name)"),
        (["--caller", "Tel. 17012345678"], "has something beside its number; write +8617012345678"),
        (["--called", "13800138000, 13900139000"], "holds more than one number"),
    ],
)
def test_what_is_no_number_shows_nobodys_calls_instead_of_all(run, words, cause):
    shown = run("log", *words)
    assert (shown.exit_code, shown.stdout) == (1, "")
    assert cause in shown.stderr


@pytest.mark.usefixtures("record")
def test_as_a_table(run):
    shown = run("log").stdout
    assert "blocked" in shown
    assert "no rule" in shown
    assert "17012345678" not in shown


@pytest.mark.usefixtures("record")
def test_a_narrow_window_takes_two_lines_a_call(run, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, of 80 columns
    first, second, *others = run("log").stdout.splitlines()
    assert first.split()[2:] == ["reject", "+86170******78", "->", "+86138"]
    assert second == f"  {'a' * 20}  blocked; 603 after 3 ms; trunk default"
    assert len(others) == 2


@pytest.mark.usefixtures("record")
def test_a_record_is_explained(run):
    shown = run("explain", "a" * 20).stdout
    assert "+86170******78 (mobile) called a number of +86138 (mobile) by trunk default" in shown
    assert "=> block list             blocked: reject, +86170******78 (operator)" in shown
    assert "+8617012345678 (operator)" in run("explain", "a" * 20, "--unmasked", "--reason", "why").stdout
    assert "the call got 603 after 3 ms; the phone did not ring" in shown
    assert "judged by rule set r1, which is not among the stored revisions" in shown
    data = json.loads(run("explain", "a" * 20, "--json").stdout)
    assert data["fired"][0]["name"] == "blocked"


def test_an_unknown_decision(run):
    found = run("explain", "c" * 20)
    assert found.exit_code == 1
    assert "there is no decision cccccccccccccccccccc" in found.stderr


def tidied(file):
    """The whole records made room, as the running proxy lets them."""
    database = decisions_path(file.parent / Configuration.model_fields["storage"].default.database)

    async def work():
        decisions = await Decisions.open(database)
        await Retention(decisions.store, Keeping(days=30, mib=0, zone="Asia/Shanghai")).tidy(1_795_500_100.0)
        await decisions.close()

    asyncio.run(work())


@pytest.mark.usefixtures("record")
def test_what_is_left_of_a_call_is_told(file, run):
    tidied(file)
    rang = run("explain", "b" * 20)
    assert rang.exit_code == 1
    assert (
        "made room for newer ones; what is left: +86170******78 rang by trunk default on 2026-11-24 14:01:00"
        in rang.stderr
    )
    assert "there is no decision" in run("explain", "a" * 20).stderr


def test_nothing_counted_yet(run):
    assert run("log", "--by-day").stdout.startswith("No call is counted yet")


@pytest.mark.usefixtures("record")
def test_counts_by_day_outlive_the_records(file, run):
    tidied(file)
    assert json.loads(run("log", "--json").stdout) == []
    rows = json.loads(run("log", "--by-day", "--json").stdout)
    day = {"day": "2026-11-24", "range": "+86170", "class": "mobile"}
    assert rows == [
        {**day, "verdict": "forward", "calls": 1, "rang": 1},
        {**day, "verdict": "reject", "calls": 1, "rang": 0},
    ]
    assert len(json.loads(run("log", "--by-day", "--verdict", "reject", "--json").stdout)) == 1
    assert json.loads(run("log", "--by-day", "--since", "2026-11-25", "--json").stdout) == []
    assert "+86170" in run("log", "--by-day").stdout


def test_calls_to_a_number_are_found_by_its_pseudonym(run, record, file):
    keys = file.parent / "ringfence.keys"
    keys.write_text(f"token aa {'00' * 32}\npseudonym {(b'k' * 16).hex()}\n")
    keys.chmod(0o600)
    found = json.loads(run("log", "--called", CALLED.canonical, "--json").stdout)
    assert [one["decision"] for one in found] == ["a" * 20, "b" * 20]
    assert run("log", "--called", "13900139000").stdout == "No decision fits.\n"

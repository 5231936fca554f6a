"""`ringfence case N` and `ringfence cases`: from a complaint to a sealed number and back, by command."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from desk.archive import complaints_path


@pytest.fixture
def case(file, run):
    """A case, in an installation that has a list for seals."""
    file.write_text(
        file.read_text().replace("allowed: {kind: allow}", "allowed: {kind: allow}\n  sealed: {kind: sealed}")
    )
    run("lists", "add", "allowed", "95012345", "--source", "contract 7")
    assert run("complaints", "add", "95012345", "--by", "13800138000", "--business", "Quick Cash").exit_code == 0
    return "1"


def verified(run, case):
    assert run("cases", "take", case).stdout == "case 1 is verifying, version 2.\n"
    found = run("cases", "verify", case, "--by", "owner", "--reason", "he said so")
    assert found.stdout == "case 1 is verified by owner, version 3.\n"


def listed(run, name):
    """Entries and why they count for nothing."""
    return [(one["entry"], one["off"]) for one in json.loads(run("lists", "show", name, "--json").stdout)]


def test_sealed_told_and_released(run, case):
    verified(run, case)
    sealed = run("cases", "seal", case, "--reason", "five people")
    assert sealed.stdout.splitlines() == [
        "CN:95****** is sealed by seal 1: its calls are rejected from now on.",
        "suspended: CN:95****** on allowed; tell contract 7",
        "no call of this number is on record: look again whether a digit was lost",
    ]
    assert (listed(run, "sealed"), listed(run, "allowed")) == (
        [("CN:95******", None)],
        [("CN:95012345", "suspended by seal 1 (case 1)")],
    )
    told = run("case", case).stdout
    assert told.splitlines()[0] == "case 1: CN:95****** (cn-95), sealed, version 4"
    assert "Quick Cash" in told
    assert told.splitlines()[-1] == "sealed 0 min after the first complaint; 0 calls stopped since"
    assert json.loads(run("case", case, "--json").stdout)["case"]["state"] == "sealed"
    assert run("cases", "keep", case, "--reason", "four stay").stdout == "CN:95****** stays sealed.\n"
    released = run("cases", "release", case, "--reason", "appeal")
    assert "restored: CN:95****** on allowed of contract 7" in released.stdout
    assert (listed(run, "sealed"), listed(run, "allowed")) == ([], [("CN:95012345", None)])


def test_a_seal_that_older_lists_lost_is_set_again_and_one_they_bring_back_released_again(run, case, tmp_path):
    verified(run, case)
    for number, (step, state) in enumerate((("seal", "sealed"), ("release", "released"))):
        copy = str(tmp_path / f"lists-{number}")
        assert run("db", "backup", copy).exit_code == 0
        assert run("cases", step, case, "--reason", "so").exit_code == 0
        assert "`ringfence cases seal-again` and `release-again` put them right" in run("db", "restore", copy).stderr
        again = run("cases", f"{step}-again", case, "--reason", "an older copy was put back")
        assert (again.exit_code, f"CN:95****** is {state}" in again.stdout) == (0, True)
        assert [one for one, _ in listed(run, "sealed")] == (["CN:95******"] if step == "seal" else [])
        assert run("audit", "verify").exit_code == 0
        needless = run("cases", f"{step}-again", case, "--reason", "x")
        assert (needless.exit_code, "there is nothing to put right" in needless.stderr) == (1, True)


def test_the_desks_list(run, case):
    (row,) = json.loads(run("cases", "list", "--json").stdout)
    assert (row["number"], row["complaints"], row["reporters"]) == ("CN:95******", 1, 1)
    assert (row["clock"], row["standing"]) == ("accept", "running")
    assert row["due"].endswith(" 00:00:00+08:00")
    assert "CN:95******" in run("cases", "list").stdout
    assert json.loads(run("cases", "list", "--state", "sealed", "--json").stdout) == []
    assert run("cases", "list", "--state", "happy").exit_code == 2


def test_two_officers(run, case):
    assert run("cases", "take", case, "--version", "1").exit_code == 0
    late = run("cases", "unfounded", case, "--reason", "x", "--version", "1")
    assert late.exit_code == 1
    assert "case 1 is verifying now (take by " in late.stderr
    assert "; since 20" in late.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["unfounded", "--reason", "nothing"], "case 1 is closed as unfounded."),
        (
            ["forged", "--reason", "x", "--trunk", "carrier"],
            "case 1 is closed as forged; it counts against trunk carrier.",
        ),
    ],
)
def test_closed(run, case, words, told):
    run("cases", "take", case)
    assert run("cases", words[0], case, *words[1:]).stdout.strip() == told


def test_handed_over_and_answered(run, case, tmp_path):
    out = tmp_path / "for-them.csv"
    found = run("cases", "hand-over", case, "--to", "Other Telecom", "--out", str(out))
    assert found.stdout.startswith("case 1 is handed over to Other Telecom")
    assert "CN:95012345" in out.read_text(encoding="utf-8-sig")
    assert run("cases", "answer", case, "--answer", "line closed").stdout == "the complaints of case 1 are answered.\n"


def test_a_refused_hand_over_leaves_no_file(run, case, tmp_path):
    out = tmp_path / "out" / "for-them.csv"
    out.parent.mkdir()
    run("cases", "unfounded", case, "--reason", "a mistake")
    refused = run("cases", "hand-over", case, "--to", "Other Telecom", "--out", str(out))
    assert refused.exit_code == 1
    assert "hand over is not possible" in refused.stderr
    assert list(out.parent.iterdir()) == []


def test_a_hand_over_that_no_file_can_hold_is_not_made(run, case, tmp_path):
    out = tmp_path / "none" / "for-them.csv"
    refused = run("cases", "hand-over", case, "--to", "Other Telecom", "--out", str(out))
    assert (refused.exit_code, refused.stderr) == (1, f"{out}: No such file or directory\n")
    assert json.loads(run("case", case, "--json").stdout)["case"]["state"] == "collecting"


def test_what_is_not_there(run):
    assert run("case", "7").stderr == "case: there is no case 7\n"
    assert "there is no case 7" in run("cases", "take", "7").stderr


def test_a_reason_cannot_look_like_a_step_of_the_story(run, case):
    run("cases", "take", case)
    run("cases", "unfounded", case, "--reason", "x\n  2026-07-01 12:00  wang  release")
    told = run("case", case).stdout
    assert "x   2026-07-01 12:00  wang  release" in told
    assert "\n  2026-07-01" not in told


def test_a_case_says_that_nobody_announced_the_holidays_of_its_year(file, run, case):
    assert "nobody has announced" not in story_of_year(run, file, 2026)
    told = story_of_year(run, file, 2090)
    assert "the calendar of CN ends with " in told
    assert "which days are moved nobody has announced" in told


def story_of_year(run, file, year):
    """What `case` tells of the case, had its complaint come in June of this year."""
    received = datetime(year, 6, 1, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    with closing(sqlite3.connect(complaints_path(file.parent / "ringfence.db"))) as other, other:
        other.execute("update clock set started = ?, due = ?", (received, received + 20 * 86_400))
    return run("case", "1").stdout


def test_the_list_tells_reporters_from_complaints(run, case):
    for day in range(1, 4):
        run("complaints", "add", "95012345", "--by", "13800138000", "--at", f"{day}d")
    (row,) = json.loads(run("cases", "list", "--json").stdout)
    assert (row["complaints"], row["reporters"]) == (4, 1)


@pytest.mark.parametrize(
    "words",
    [
        ["cases", "list"],
        ["complaints", "list"],
        ["appeals", "list"],
        ["audit", "show"],
        ["letters", "list"],
        ["ladder", "show"],
        ["case", "1"],
        ["complaints", "show", "C", "--words"],
        ["audit", "verify"],
    ],
    ids=" ".join,
)
def test_eighty_columns_hold_a_row_in_few_lines(run, monkeypatch, words):
    reference = None
    for person in range(3):
        text = ("--text", "x" * 100 + " state: rejected", "--business", "A long name of a business " * 5)
        by = ("--by", f"1380013800{person}", "--contact", f"a{person}@example.com")
        reference = run("complaints", "add", "95012345", *by, *text).stdout.split()[0]
    run("appeals", "file", "--number", "95012345", "--against", "rule", "--target", "a-rule-with-a-long-name " * 5)
    run("ladder", "climb", "owner", "A company with quite a long name", "--reason", "again and again " * 6)
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    found = run(*(reference if word == "C" else word for word in words))
    assert found.exit_code == 0, found.stderr
    lines = found.stdout.splitlines()
    assert max(map(len, lines)) <= 80 + len("\x1b[31m\x1b[0m")
    assert len(lines) <= 30
    assert not [line for line in lines if line.startswith(("state: rejected", "weighs"))]

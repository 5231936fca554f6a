"""`ringfence check`: every fault with its place and its line, then the sum."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from console.cli.workbench.check import Findings, check, deadlines, quoted, standing_told
from desk.archive import complaints_path
from ringfence.candidates import ComparedWithPast
from ringfence.configuration import read_configuration
from rules.language.source import Fault, read_at_most

ROOT = Path(__file__).resolve().parents[4]


def test_a_sound_configuration(file):
    found = check(file, [])
    assert not found.refused
    assert len(found.checked) == 2
    assert found.as_text().splitlines()[-1].endswith("; yesterday: no calls; nothing is live yet")
    assert len(found.revision) == 12


def test_the_fault_the_line_and_the_mark(file, run):
    file.write_text(file.read_text().replace("country: CN}", "contry: CN}", 1))
    found = run("check")
    assert found.exit_code == 1
    first, line, mark, total = found.stdout.splitlines()
    assert first == f"{file}:8:21: unknown key 'contry'; did you mean 'country'?"
    assert line.index("contry") == mark.index("^")
    assert total == "1 fault"


def test_rule_files_alone(file, tmp_path):
    rules = tmp_path / "new.yaml"
    rules.write_text((tmp_path / "rules.d" / "own.yaml").read_text().replace("reject", "rejct"))
    found = check(file, [rules])
    assert found.refused
    assert found.checked == [str(rules)]
    assert str(found.faults[0]).startswith(f"{rules}:4:")


def test_a_broken_rule_refuses_the_whole(file, run):
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(
        rules.read_text().replace("95012345, to: 13800138000, at: 2026-11-24T12", "1, to: 2, at: 2026-11-24T22", 1)
    )
    rules.write_text(rules.read_text().replace("starts_with: [95012]", "on_list: nobody"))
    found = json.loads(run("check", "--json").stdout)
    assert found["revision"] is None
    assert any("nobody" in fault["what"] for fault in found["faults"])
    assert all(fault["file"] == str(rules) for fault in found["faults"])


@pytest.mark.parametrize("line", [0, 99])
def test_a_fault_without_a_line_quotes_none(file, line):
    assert quoted(Fault(str(file), line, 1, "what")) == []


def test_a_tab_before_the_mark_stays_a_tab(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a:\n\tb: 1\n")
    assert quoted(Fault(str(path), 2, 2, "what")) == ["    \tb: 1", "    \t^"]


@pytest.mark.parametrize("column", [1, 5_000, 9_999])
def test_of_a_long_line_the_part_around_the_fault_is_shown(tmp_path, column):
    file = tmp_path / "long.yaml"
    file.write_text("a" * (column - 1) + "X" + "a" * (9_999 - column))
    line, mark = quoted(Fault(str(file), 1, column, "wrong"))
    assert line.index("X") == mark.index("^")
    assert len(line) <= 210


def test_thousands_of_faults_read_a_file_once(tmp_path, monkeypatch):
    file = tmp_path / "many.yaml"
    file.write_text("a: 1\n" * 100)
    reads = []
    monkeypatch.setattr(
        "console.cli.workbench.check.read_at_most", lambda path: reads.append(path) or read_at_most(path)
    )
    faults = [Fault(str(file), line, 1, "wrong") for line in range(1, 101)]
    text = Findings([str(file)], 0, "", faults).as_text()
    assert text.count("    ^") == 100
    assert reads == [file]


def test_what_lies_among_rule_files_and_is_none_is_said_and_nobody_waits_for_it(file, tmp_path):
    kept = [line for line in file.read_text().splitlines() if not line.startswith(("rules:", "tests:"))]
    file.write_text("\n".join([*kept, "rules: [rules.d/*.yaml]", "tests: [none/*.yaml]", ""]))
    folder = tmp_path / "rules.d"
    folder.mkdir(exist_ok=True)
    (folder / "night.yaml").write_text("[]\n")
    (folder / "sub.yaml").mkdir()
    found = check(file, [])
    assert not found.refused
    told = found.as_text()
    assert "sub.yaml is a folder and is not read" in told
    assert "warning: no file matches 'none/*.yaml'" in told
    os.mkfifo(folder / "pipe.yaml")
    (folder / "round.yaml").symlink_to("round.yaml")
    (folder / "gb.yaml").write_bytes("- rule: a\n  because: 夜间\n".encode("gb18030"))
    told = check(file, []).as_text()
    assert "pipe.yaml: this is a FIFO, not a file" in told
    assert "round.yaml: the link leads round in a circle" in told
    assert "gb.yaml:2:12: this is GB18030 (or GBK), not UTF-8" in told
    assert "      because: 夜间" in told, "the line is shown as its author wrote it"


def test_a_year_without_a_calendar_into_which_deadlines_run_is_warned_of(file):
    configuration, document = read_configuration(file)
    november = datetime(2098, 11, 20, tzinfo=UTC).timestamp()
    assert not list(deadlines(configuration, document, file.parent, november)), "nobody complains here"
    complaints_path(file.parent / configuration.storage.database).touch()
    (warning,) = deadlines(configuration, document, file.parent, november)
    assert "deadlines of complaints: the calendar of CN ends with" in warning.what
    assert not list(deadlines(configuration, document, file.parent, datetime(2025, 6, 1, tzinfo=UTC).timestamp()))


def test_an_empty_setting_is_said(file):
    file.write_text(file.read_text() + "metrics:\n")
    found = check(file, [])
    assert not found.refused
    assert "warning: metrics: no value stands here, so it is as if the key was not there" in found.as_text()


def test_trunks_of_several_countries_without_a_home_are_warned_of(file):
    text = file.read_text().replace("{name: default, country: CN}", "{name: default, country: HK}")
    text = text.replace("rules: [rules.d/*.yaml]", "use: []")
    file.write_text(text)
    found = check(file, [])
    assert not found.refused
    assert "ringfence.yaml:8:3: warning: trunks have the countries CN and HK and none is home" in found.as_text()
    file.write_text("country: CN\n" + text)
    assert "none is home" not in check(file, []).as_text()


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        (ComparedWithPast(0, False, 0, 0, None, False), "yesterday: no calls; nothing is live yet"),
        (ComparedWithPast(9, False, 0, 0, 17, False), "yesterday: no call changes; not live, revision 17 is"),
        (
            ComparedWithPast(9, False, 1, 0, 17, False),
            "yesterday: 1 call changes, 0 from allow lists; not live, revision 17 is",
        ),
        (
            ComparedWithPast(900, False, 41, 3, 17, False),
            "yesterday: 41 calls change, 3 from allow lists; not live, revision 17 is",
        ),
        (
            ComparedWithPast(10_000, True, 41, 3, 17, False),
            "the last 10,000 calls: 41 calls change, 3 from allow lists; not live, revision 17 is",
        ),
        (ComparedWithPast(0, False, 0, 0, 17, True), "live as revision 17"),
        (
            ComparedWithPast(0, False, 0, 0, 17, False, True),
            "yesterday: no calls; not live, revision 17 is, which no longer fits ringfence.yaml",
        ),
    ],
)
def test_where_the_rules_stand_in_a_sentence(standing, said):
    assert standing_told(standing) == said


def test_the_process_ends_where_something_else_is_live(file, run):
    """What it compared with is closed: an open database kept the command alive for ever, and its exit status away."""
    assert run("rules", "activate", "--reason", "first").exit_code == 0
    own = file.parent / "rules.d" / "own.yaml"
    own.write_text(own.read_text().replace("Nobody sells at night.", "Nobody sells at night, nobody."))
    command = [sys.executable, "-m", "ringfence", "--config", str(file), "check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "not live, revision 1 is" in done.stdout

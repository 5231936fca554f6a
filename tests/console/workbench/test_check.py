"""`ringfence check`: every fault with its place and its line, then the sum."""

import json

import pytest

from console.workbench.check import check, quoted
from rules.language.source import Fault


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

"""`ringfence report` and `ringfence alerts`."""

import csv
import json

import pytest

from console.desk.report_commands import handling_lines, shown
from rules.complaints.reports import Handling, Row


@pytest.fixture
def month(run):
    """The month in which one complaint was received."""
    filed = run("complaints", "add", "13912345678", "--by", "13800138000", "--business", "=1+1", "--json")
    shown = run("complaints", "show", json.loads(filed.stdout)["reference"], "--json")
    return json.loads(shown.stdout)["received"][:7]


def test_as_table_json_and_csv(run, month, tmp_path):
    told = run("report", "--quarter", month)
    assert told.exit_code == 0, told.stderr
    assert "mobile" in told.stdout
    assert "cases decided: 0" in told.stdout
    found = json.loads(run("report", "--quarter", month, "--by", "prefix", "--json").stdout)
    assert [(row["key"], row["complaints"]) for row in found["rows"]] == [("+86139", 1)]
    assert found["total"]["complaints"] == 1
    out = tmp_path / "report.csv"
    told = run("report", "--quarter", month, "--by", "business", "--csv", str(out))
    assert told.stdout == f"{out} holds 1 lines and the total of {month}.\n"
    rows = list(csv.DictReader(out.read_text(encoding="utf-8-sig").splitlines()))
    printed = run("report", "--quarter", month, "--by", "business", "--csv", "-").stdout
    assert list(csv.DictReader(printed.splitlines())) == rows, "no mark of the encoding before the first name"
    assert [row["business"] for row in rows] == ["'=1+1", "total"]


def test_what_is_no_period_or_dimension(run):
    assert "write 2026Q3, 2026-07 or 2026-07-01" in run("report", "--quarter", "soon").stderr
    assert run("report", "--quarter", "2026Q3", "--by", "sex").exit_code == 2


def test_lines_for_people():
    row = Row("95/96", 0, 0, 38_541, None, 0, 0, 0, 0, 0, 28_465, 35.4, 0, None)
    assert (shown(row._asdict())["complaints"], shown(row._asdict())["growth"]) == ("38,541", "+35.4 %")
    lines = handling_lines(Handling(2, 10.0, 20.0, 0, None, None, 1, 1, 5.0, 1, 0))
    assert lines[0] == "cases decided: 2, median 10 h, 95 % within 20 h"
    assert lines[3] == "false positives: 1 seal released, after 5 h in the median"


def test_alerts(run):
    assert run("alerts").exit_code == 0
    for person in range(5):
        run("complaints", "add", "95012345", "--by", f"1380013800{person}", "--knew", "branch=Chaoyang")
    found = run("alerts", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout) == [{"kind": "leak", "subject": "Chaoyang", "complaints": 5, "usual": 5.0}]

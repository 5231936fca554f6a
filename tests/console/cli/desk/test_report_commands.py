"""`ringfence report` and `ringfence alerts`."""

import csv
import json

import pytest
from pypdf import PdfReader

from console.cli.desk.report_commands import handling_lines, print_report, shown
from desk.reports import Handling, Report, Row


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


def test_as_a_page_to_print_and_a_workbook(run, month, tmp_path):
    pdf, xlsx = tmp_path / "report.pdf", tmp_path / "report.xlsx"
    told = run("report", "--quarter", month, "--pdf", str(pdf), "--xlsx", str(xlsx), "--language", "en")
    assert told.stdout.splitlines() == [f"{path} holds the report of {month}." for path in (xlsx, pdf)]
    assert (pdf.read_bytes()[:5], xlsx.read_bytes()[:2]) == (b"%PDF-", b"PK")
    assert "Nuisance calls" in PdfReader(pdf).pages[0].extract_text()
    run("report", "--quarter", month, "--pdf", str(pdf))
    assert "骚扰电话" in PdfReader(pdf).pages[0].extract_text(), "complaints.language is zh"
    assert run("report", "--quarter", month, "--pdf", str(pdf), "--language", "fr").exit_code == 2
    refused = run("report", "--quarter", month, "--by", "branch", "--bank", "no bank")
    assert "the directory has no" in refused.stderr


def test_what_is_no_period_or_dimension(run):
    assert "write 2026Q3, 2026-07 or 2026-07-01" in run("report", "--quarter", "soon").stderr
    assert run("report", "--quarter", "2026Q3", "--by", "sex").exit_code == 2


def test_lines_for_people():
    row = Row("95/96", 0, 0, 38_541, 30_000, None, 0, 0, 0, 0, 0, 28_465, 35.4, 0, None)
    assert (shown(row._asdict())["complaints"], shown(row._asdict())["growth"]) == ("38,541", "+35.4 %")
    lines = handling_lines(Handling(2, 10.0, 20.0, 1, 0, None, None, 0, 1, 1, 5.0, 1, 0, 1))
    assert lines[0] == "cases decided: 2, median 10 h, 95 % within 20 h, 1 of them late"
    assert lines[4] == "appeals: 1 granted, 0 refused, 1 of them late"
    assert lines[3] == "false positives: 1 seal released, after 5 h in the median"


def test_a_sum_is_marked_and_what_reporters_named_a_business_looks_like_none(run, month):
    run("complaints", "add", "95012345", "--by", "13800138000", "--business", "= total")
    told = run("report", "--quarter", month).stdout
    assert "= 95/96" in told
    assert "= 95/96 is the sum of cn-95 + cn-96, which stand there, too" in told
    told = run("report", "--quarter", month, "--by", "business").stdout
    assert '"= total"' in told
    assert '"=1+1"' in told


def test_a_report_fits_into_eighty_columns(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr("rich.console.Console.is_terminal", True)
    row = Row("CN:95012", 1_234_567, 1_034_567, 38_541, 30_000, 372.5, 10, 9, 12, 3, 4_321, 28_465, 35.4, 20_000, 92.7)
    total = row._replace(key="all")
    handling = Handling(2, 10.0, 20.0, 1, 0, None, None, 0, 1, 1, 5.0, 1, 0, 1)
    print_report(Report("2026Q3", "code", [row], total, handling))
    told = capsys.readouterr().out
    assert "38,541 complaints of 30,000 reporters\n  372.5 per 10,000 of 1,034,567 calls that rang" in told
    assert max(map(len, told.splitlines())) <= 80


def test_alerts(file, run):
    assert run("alerts").exit_code == 0
    for person in range(5):
        run("complaints", "add", "95012345", "--by", f"1380013800{person}", "--knew", "branch=Chaoyang")
    assert run("alerts").exit_code == 0, "none of them is on record"
    file.write_text(file.read_text() + "complaints: {branch_untied: 1}\n")
    found = run("alerts", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout) == [
        {"kind": "leak", "subject": "Chaoyang", "reporters": 5.0, "complaints": 5, "usual": 5.0}
    ]

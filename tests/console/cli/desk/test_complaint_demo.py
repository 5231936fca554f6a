"""`ringfence demo --complaints`: exact sums out of generated complaints, small here, whole by command."""

import json
from datetime import date

import pytest
from typer.testing import CliRunner

from console.cli.commands import app
from console.cli.desk import complaint_demo
from console.cli.desk.complaint_demo import QUARTERS, Quarter, _by_day

SMALL = (
    Quarter("2018Q3", date(2018, 7, 1), 92, 2_010),
    Quarter("2019Q2", date(2019, 4, 1), 91, 2_850, filed_from=date(2019, 4, 1)),
    Quarter("2019Q3", date(2019, 7, 1), 92, 3_860, filed_from=date(2019, 7, 1)),
)


OLDER = (Quarter("2019Q3", date(2019, 7, 1), 92, 200),)


@pytest.mark.parametrize("quarter", QUARTERS, ids=lambda quarter: quarter.name)
def test_the_days_add_up(quarter):
    days = list(_by_day(quarter))
    assert sum(complaints for _, complaints in days) == quarter.complaints
    assert len(days) == quarter.days


def test_the_picture(tmp_path, monkeypatch):
    folder = tmp_path / "made"
    for quarters in (OLDER, SMALL):  # an older one of its own is replaced
        monkeypatch.setattr(complaint_demo.make_complaints, "__defaults__", (quarters,))
        made = CliRunner().invoke(app, ["demo", "--complaints", "--dir", str(folder)])
        assert made.exit_code == 0, made.output
    assert "+35.4 %" in made.output
    words = ["--config", str(folder), "report", "--quarter", "2019Q3", "--json"]
    found = json.loads(CliRunner().invoke(app, words).stdout)
    nines = next(row for row in found["rows"] if row["key"] == "95/96")
    assert (nines["complaints"], nines["before"], nines["growth"], nines["year_ago"]) == (3_860, 2_850, 35.4, 2_010)
    assert nines["per_10000"] > 0
    assert found["handling"]["decided"] > 10
    assert nines["reporters"] < nines["complaints"], "some come back, some take it back"
    assert nines["withdrawn"] > 0 < nines["rejected"]
    lines = made.output.splitlines()
    assert [line for line in lines if line.startswith("2019-08: ")], "it says how far it is"
    assert [line for line in lines if "alert, jump CN:95012*: " in line]
    assert [line for line in lines if "alert, leak chaoyang office: " in line.casefold()]
    for by, least in (("branch", 3), ("business", 6)):
        words = ["--config", str(folder), "report", "--quarter", "2019Q3", "--by", by, "--json"]
        rows = json.loads(CliRunner().invoke(app, words).stdout)["rows"]
        assert len(rows) >= least
        assert len({row["key"].casefold() for row in rows}) == len(rows), "one line for each"


def test_a_folder_with_something_else_stays(tmp_path):
    (tmp_path / "mine").write_text("x")
    refused = CliRunner().invoke(app, ["demo", "--complaints", "--dir", str(tmp_path)])
    assert refused.exit_code == 1
    assert "it holds something else" in refused.stderr
    assert (tmp_path / "mine").exists()

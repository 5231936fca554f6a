"""The desk as commands hold it."""

from typing import NamedTuple

import pytest

from console.cli.desk.opened_desk import clock_line, clock_time, field_lines, officer, opened_desk, plain
from desk.deadlines import Clock
from desk.faults import ComplaintError


def test_a_deadline_in_words():
    clock = Clock("answer", 0.0, 3_600.0, None)
    assert clock_line(clock, 0.0, "UTC") == "answer: running, due 1970-01-01 01:00"
    assert clock_line(clock, 9_000.0, "UTC").startswith("answer: overdue, due ")
    assert clock_line(clock._replace(met=60.0), 9_000.0, "UTC") == "answer: met 1970-01-01 00:01"


async def test_folders_are_made_where_they_lack(file):
    file.write_text(file.read_text() + "storage: {database: var/deep/ringfence.db, key_file: var/keys}\n")
    async with opened_desk(file) as (desk, zone):
        assert zone == "Asia/Shanghai"
        assert desk.archive.country == "CN"
    assert (file.parent / "var/deep/ringfence-complaints.db").exists()
    assert officer()


class Kept(NamedTuple):
    sealed: float | None
    verified: int
    knew: tuple[str, ...]
    clocks: list[Clock]


def test_whatever_the_desk_answers_for_programs():
    """Times with their offset, by the name of what they are; a count of the same name stays a count."""
    found = plain(Kept(0.0, 3, ("name", "plan"), [Clock("answer", 0.0, 60.0, None)]), "Asia/Shanghai")
    assert found == {
        "sealed": "1970-01-01 08:00:00+08:00",
        "verified": 3,
        "knew": ["name", "plan"],
        "clocks": [
            {
                "name": "answer",
                "started": "1970-01-01 08:00:00+08:00",
                "due": "1970-01-01 08:01:00+08:00",
                "met": None,
            }
        ],
    }
    assert plain(Kept(None, 0, (), []), "UTC")["sealed"] is None


def test_a_time_for_people():
    assert clock_time(0.0, "Asia/Shanghai") == "1970-01-01 08:00"
    assert clock_time(None, "UTC") == ""


async def test_a_complaint_names_no_number_that_two_countries_read_differently(file):
    file.write_text(file.read_text().replace("name: carrier, country: CN", "name: carrier, country: HK"))
    async with opened_desk(file) as (desk, _):
        with pytest.raises(ComplaintError, match=r"accused: '95588' is read differently in CN and HK; "):
            desk.archive.read_number("95588", "accused")
        assert desk.archive.read_number("CN:95588", "accused").canonical == "CN:95588"
    file.write_text("country: CN\n" + file.read_text())
    async with opened_desk(file) as (desk, _):
        assert desk.archive.read_number("95588", "accused").canonical == "CN:95588"


def test_what_people_wrote_looks_like_no_field():
    lines = field_lines({"state": "received", "text": "bad\nstate: rejected\x1b[2J", "business": "", "call_at": None})
    assert lines == ["state: received", "text:", "  | bad", "  | state: rejected\\u001b[2J"]


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

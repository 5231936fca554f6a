"""How commands answer: errors that people can mend are lines, all others stay errors."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from subprocess import PIPE
from typing import NamedTuple

import pytest
import typer
from rich.cells import cell_len

from console.cli.answers import (
    Answer,
    as_json,
    clear_errors,
    clock_time,
    fail,
    field_lines,
    plain,
    print_lines,
    print_table,
    table,
)
from desk.deadlines import Clock
from rules.language.source import Fault, RuleError
from rules.lists.admission import EntryError
from rules.storage.keys import KeyFileError
from rules.storage.store import DatabaseError

ROOT = Path(__file__).resolve().parents[3]


def locked() -> DatabaseError:
    """What SQLite reports while another process writes."""
    error = DatabaseError("database is locked")
    error.sqlite_errorname = "SQLITE_BUSY"
    return error


def test_failing_says_why(capsys):
    with pytest.raises(typer.Exit) as caught:
        fail("no such thing")
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == "no such thing\n"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuleError([Fault("a.yaml", 1, 2, "wrong", "right"), Fault("b.yaml", 3, 4, "bad")]),
            "a.yaml:1:2: wrong; right\nb.yaml:3:4: bad\n",
        ),
        (KeyFileError("keys: others may read it"), "keys: others may read it\n"),
        (EntryError("full", "the list is full"), "the list is full\n"),
        (
            DatabaseError("database is locked"),  # as if from elsewhere: one of SQLite's own has a code, see below
            "the database: database is locked; `ringfence db check` tells whether it is sound\n",
        ),
        (FileNotFoundError(2, "No such file or directory", "x.csv"), "x.csv: No such file or directory\n"),
        (OSError(98, "can't listen on 127.0.0.1 port 5060"), "can't listen on 127.0.0.1 port 5060\n"),
    ],
)
def test_errors_that_people_can_mend(capsys, error, said):
    with pytest.raises(typer.Exit) as caught, clear_errors():
        raise error
    assert caught.value.exit_code == 1
    assert capsys.readouterr().err == said


def test_a_locked_database_says_who_holds_it(capsys, tmp_path):
    with closing(sqlite3.connect(tmp_path / "a.db")) as first:
        first.execute("begin exclusive")
        second = sqlite3.connect(tmp_path / "a.db", timeout=0)
        with closing(second), pytest.raises(typer.Exit), clear_errors():
            second.execute("select * from sqlite_schema")
    said = capsys.readouterr().err
    assert (
        said
        == "the database: database is locked; another process is writing (an import?): try again when it has ended\n"
    )


def test_an_interrupt_ends_quietly():
    with pytest.raises(typer.Exit) as caught, clear_errors():
        raise KeyboardInterrupt
    assert caught.value.exit_code == 130


def test_a_fault_of_the_program_stays_one():
    with pytest.raises(ZeroDivisionError), clear_errors():
        raise ZeroDivisionError


def test_json_keeps_what_people_wrote(capsys):
    as_json({"reason": "夜间骚扰"})
    out = capsys.readouterr().out
    assert "夜间骚扰" in out
    assert json.loads(out) == {"reason": "夜间骚扰"}


def test_a_table(capsys):
    print_table(
        ("list", "entries"), [{"list": "blocked", "entries": 3, "kind": "block"}, {"list": "own", "entries": None}]
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["list", "entries"]
    assert lines[2:] == [["blocked", "3"], ["own"]]


def test_what_people_wrote_steers_no_table(capsys):
    print_table(("reason",), [{"reason": "[/bold] [red]off :bomb: \x1b[2J \u202ekcatta"}])
    out = capsys.readouterr().out
    assert "[/bold] [red]off :bomb: \\u001b[2J \\u202ekcatta" in out


def test_figures_stand_under_each_other(capsys):
    print_table(("key", "complaints"), [{"key": "95/96", "complaints": "38,541"}, {"key": "a", "complaints": 7}])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert [line.index(end) for line, end in ((lines[2], "1"), (lines[3], "7"))] == [len(lines[2]) - 1] * 2


def test_telephone_numbers_are_no_figures(capsys):
    print_table(("entry", "kind"), [{"entry": "+8613912345678", "kind": "block"}, {"entry": "+1", "kind": "allow"}])
    assert " +1 " in capsys.readouterr().out.splitlines()[4]


ROW = {
    "reference": "A-6CACT-FAZXZ",
    "received": "2026-11-26 03:09",
    "number": "CN:95012345",
    "standing": "overdue",
    "due": "2026-11-27 03:09",
    "decided_by": None,
    "reason": "the number was forged by somebody who called through another trunk",
}


@pytest.fixture
def a_terminal(monkeypatch):
    """A terminal of 80 columns that knows no colours."""
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")


@pytest.mark.usefixtures("a_terminal")
def test_a_narrow_window_breaks_sentences_and_nothing_else(capsys):
    print_table(("reference", "received", "reason"), [ROW])
    out = capsys.readouterr().out
    assert "A-6CACT-FAZXZ   2026-11-26 03:09   the number was forged" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.usefixtures("a_terminal")
def test_what_no_window_can_hold_is_told_one_value_a_line(capsys):
    print_table(tuple(ROW), [ROW, ROW])
    records = capsys.readouterr().out.strip().split("\n\n")
    assert len(records) == 2
    assert records[0].splitlines()[:2] == ["reference   A-6CACT-FAZXZ", "received    2026-11-26 03:09"]
    assert "decided_by" not in records[0]


SENTENCES = [
    "verdict  forward",
    "   deciding rule    marketing-at-night: does not hold: 09:00 is not within 21:00-08:00, and it is in no group",
    "No entry of any list of this installation covers the number that was asked for, or ever did.",
    "   " + "营销号码不得在夜间呼叫家庭用户" * 6,
    "",
]


@pytest.mark.usefixtures("a_terminal")
def test_a_sentence_goes_on_beneath_itself_and_loses_nothing(capsys):
    print_lines(SENTENCES)
    out = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, out)) <= 80
    assert out[0] == SENTENCES[0]
    assert out[1].startswith("   deciding rule    marketing-at-night")
    assert out[2].startswith(" " * 20)
    assert out[4].startswith("    ")
    assert "".join("".join(out).split()) == "".join("".join(SENTENCES).split())


def test_for_programs_each_sentence_stays_one_line(capsys):
    print_lines(SENTENCES)
    assert capsys.readouterr().out.splitlines() == SENTENCES


def test_an_empty_table_says_so(capsys):
    print_table(("number", "holder"), [])
    assert capsys.readouterr().out == "There is nothing to show.\n"


WRITES = """
import sys, typer
from console.cli.answers import clear_errors
app = typer.Typer()
@app.command()
def write() -> None:
    with clear_errors():
        while True:
            sys.stdout.write("x" * 9_999)
app()
"""


def test_a_reader_who_has_seen_enough_is_no_fault():
    with subprocess.Popen([sys.executable, "-c", WRITES], cwd=ROOT, stdout=PIPE, stderr=PIPE) as writer:
        writer.stdout.read(1)
        writer.stdout.close()
        assert (writer.stderr.read(), writer.wait(60)) == (b"", 0)


def test_what_peers_wrote_steers_no_terminal_and_begins_no_line(capsys):
    print_lines(["Call-ID \x1b]0;owned\x07\x1b[2J\u202e a\u2028b  　电话"])
    assert capsys.readouterr().out == "Call-ID \\u001b]0;owned\\u0007\\u001b[2J\\u202e a\\u2028b  　电话\n"


def test_a_line_that_is_emphasised_as_a_whole_stays_so_and_no_other(capsys):
    print_lines([typer.style("overdue", fg="red"), "a\x1b[31mb", "\x1b[31mx\x1b[2Jy\x1b[0m"])
    first, *others = capsys.readouterr().out.splitlines()
    assert first in ("overdue", typer.style("overdue", fg="red"))
    assert others == ["a\\u001b[31mb", "\\u001b[31mx\\u001b[2Jy\\u001b[0m"]


@pytest.mark.parametrize("style", [{}, {"bold": True}, {"fg": "red", "bold": True}, {"fg": "bright_red"}], ids=str)
def test_no_emphasis_of_ours_is_spelt_out(capsys, style):
    print_lines([typer.style("answer  running", **style)])
    assert "answer  running" in (said := capsys.readouterr().out)
    assert "u001b" not in said


def test_what_hides_text_is_no_emphasis(capsys):
    print_lines(["\x1b[8mhidden\x1b[0m"])
    assert capsys.readouterr().out == "\\u001b[8mhidden\\u001b[0m\n"


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


def test_what_people_wrote_looks_like_no_field():
    lines = field_lines({"state": "received", "text": "bad\nstate: rejected\x1b[2J", "business": "", "call_at": None})
    assert lines == ["state: received", "text:", "  | bad", "  | state: rejected\\u001b[2J"]


def test_an_answer_has_two_forms_and_one_end(capsys):
    answer = Answer({"created": 0.0}, "done", ["a.csv:3: bad"], status=3, why="held")
    with pytest.raises(typer.Exit) as ended:
        answer.give("Asia/Shanghai", json=False)
    assert ended.value.exit_code == 3
    assert capsys.readouterr() == ("done\n", "a.csv:3: bad\nheld\n")
    with pytest.raises(typer.Exit):
        answer.give("Asia/Shanghai", json=True)
    told = capsys.readouterr()
    assert json.loads(told.out) == {"created": "1970-01-01 08:00:00+08:00"}
    assert told.err == "held\n"


def test_rows_that_are_none_are_said_in_words(capsys):
    table(("a",), [], "UTC", none="Nothing waits.").give(json=False)
    table(("a",), [], "UTC").give(json=True)
    assert capsys.readouterr().out == "Nothing waits.\n[]\n"

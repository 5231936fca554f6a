"""The session that docs/rules.md shows is played again: every command, every line of its output."""

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from console.cli.commands import app

RULES = Path(__file__).resolve().parent.parent.parent / "docs" / "rules.md"
HEADING = "## From an empty file to a live rule, in ten steps\n"
# What differs from day to day: when it was, how long it took, which rules the packs held.
CHANGING = (
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+\d\d:\d\d", "TIME"),
    (r"\b[0-9a-f]{12}\b", "HASH"),
    (r"\d+\.\d s\b", "0.0 s"),
    (r"─+", "─"),
    (r" +", " "),
)


def steps() -> list[tuple[str, str]]:
    """Files and commands of the session, in order: (kind, text)."""
    text = RULES.read_text()
    section = text.partition(HEADING)[2].partition("\n## ")[0]
    return re.findall(r"```(yaml|csv|console)\n(.*?)```", section, re.DOTALL)


def as_recorded(text: str) -> list[str]:
    """The lines of an output, without what changes."""
    for pattern, word in CHANGING:
        text = re.sub(pattern, word, text)
    return [line.rstrip() for line in text.strip().splitlines()]


def played(command: str) -> str:
    """What a command of the session prints."""
    words = shlex.split(command)
    if words[0] == "touch":
        Path(words[1]).parent.mkdir(exist_ok=True)
        Path(words[1]).touch()
        return ""
    assert words[0] == "ringfence"
    return CliRunner().invoke(app, words[1:], env={"RINGFENCE_CONFIG": None}).output


def test_the_session_has_ten_steps():
    text = RULES.read_text().partition(HEADING)[2].partition("\n## ")[0]
    assert re.findall(r"^\*\*(\d+)\. ", text, re.MULTILINE) == [str(n) for n in range(1, 11)]


def test_every_line_of_the_session_is_still_true(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("rules.d", "tests.d"):
        Path(folder).mkdir()
    monkeypatch.setattr("ringfence.installation.login_name", lambda: "author")
    for kind, text in steps():
        if kind != "console":
            name, _, content = text.partition("\n")
            file = Path(name.removeprefix("# "))
            file.parent.mkdir(exist_ok=True)
            file.write_text(content)
            continue
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            assert as_recorded(played(command)) == as_recorded(output), command

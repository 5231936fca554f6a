"""docs/conformance.md is what `tools/conformance` makes: of each message, and of the tests that it names."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance import (
    ALONE,
    DOCUMENT,
    EXTRA,
    HEADS,
    TRANSPORTS,
    Seen,
    clauses,
    counts,
    document,
    is_right,
    rows,
    short,
)
from tests.torture import PUBLISHED, VECTORS, WILD

ROOT = DOCUMENT.parent.parent
TESTS = Path(__file__).resolve().parent


def committed() -> dict[str, list[str]]:
    """The cells of each message's line."""
    lines = DOCUMENT.read_text().partition("## Message by message")[2].splitlines()
    found = [line.strip("| ").replace("|  |", "| |").split(" | ") for line in lines if line.startswith("| `")]
    return {cells[0].strip("`"): cells for cells in found}


def shown(transport: str) -> dict[str, Seen]:
    """What the document says was seen on that transport; what is not said to be wrong was judged."""
    lines, column = committed(), HEADS.index(transport.upper())
    found = {}
    for each in (*VECTORS, *WILD):
        outcome, _, closed = lines[short(each.name)][column].partition(", ")
        found[each.name] = Seen(int(outcome) if outcome.isdigit() else outcome, True, bool(closed))
    return found


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_what_comes_of_each_message_is_what_the_document_says(transport: str):
    environment = {name: value for name, value in os.environ.items() if name != ALONE}
    run = subprocess.run(
        [sys.executable, "-m", "tests.conformance", transport],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    seen = {name: Seen(*each) for name, each in json.loads(run.stdout).items()}
    assert {name: str(each) for name, each in seen.items()} == {
        name: str(each) for name, each in shown(transport).items()
    }
    assert [vector.name for vector in VECTORS if not is_right(vector, transport, seen[vector.name])] == []


def test_the_rest_of_the_document_is_what_the_command_makes_too():
    if PUBLISHED.is_dir():
        assert DOCUMENT.read_text() == document({name: shown(name) for name in TRANSPORTS})
        return
    seen, text = {name: shown(name) for name in TRANSPORTS}, DOCUMENT.read_text()  # what is ours is here always
    assert all(line in text for line in (*clauses(), *rows(seen), counts(seen)[-1]))


def test_each_test_that_a_clause_names_is_there():
    for name in (name for each in EXTRA["clauses"] for name in each["tests"]):
        file, _, function = name.partition("::")
        tree = ast.parse((TESTS / file).read_text())
        found = [node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        assert function in found, name


def test_a_clause_without_a_test_says_why():
    assert all(each["tests"] or each["otherwise"] for each in EXTRA["clauses"])


def test_no_deviation_is_without_a_reason():
    assert "WRONG" not in DOCUMENT.read_text()

"""The demo as a stranger sees it: it ends well, its table tells each call, and what it names to try next works."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from console.phones.demo import STEPS, Seen
from console.phones.demo_table import TABLE_WIDTH, add_row, in_lines, new_table
from console.phones.processes import Placed

ROOT = Path(__file__).resolve().parents[3]


def ringfence(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ringfence", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def tagged() -> Seen:
    """The second call of the demo, before its decision is known."""
    placed = Placed(200, "OK", True, 31, {}, (100, 180, 200), 1.0, 100.0, "a")
    return Seen(STEPS[1], placed, {"took_ms": 0.2, "headers": {"x-ringfence-verdict": ["suspected"]}}, None, [])


def test_the_table_breaks_no_line(tagged):
    table = new_table()
    add_row(table, tagged)
    add_row(table, tagged._replace(step=STEPS[4]))
    console = Console(width=TABLE_WIDTH)
    assert len(console.render_lines(table, console.options)) == len(("blank", "head", "line", "call", "call", "blank"))


def test_a_narrow_window_gets_lines(tagged):
    lines = in_lines(tagged).splitlines()
    assert lines[0] == "a suspected number: +8617187654321 calls +8613800138000"
    assert max(map(len, lines)) < 80


@pytest.mark.live
def test_five_calls_and_what_to_try_next(tmp_path):
    done = ringfence("demo", "--dir", str(tmp_path / "demo"))
    assert done.returncode == 0, done.stdout + done.stderr
    for cells in (
        ("a listed number", "reject", "blocked", "nothing", "603 Decline"),
        ("a suspected number", "tag", "suspected", "X-Ringfence-Verdict: suspected", "200 OK"),
        ("an ordinary number", "forward", "an ordinary call", "200 OK"),
        ("an anonymous caller", "anonymous", "forward", "an ordinary call", "200 OK"),
        ("a listed number, to 110", "110", "tag", "emergency", "X-Ringfence-Verdict: suspected", "200 OK"),
    ):
        assert re.search(".*".join(map(re.escape, cells)), done.stdout), cells
    assert "5 calls, each as the rules say." in done.stdout
    named = re.findall(r"--config \S+ (explain [0-9a-f]{20}|explain --from \S+ --to \S+|log)\b", done.stdout)
    assert len(named) == 3
    for words in named:
        tried = ringfence("--config", str(tmp_path / "demo"), *shlex.split(words))
        assert tried.returncode == 0, tried.stderr

"""The table of files in docs/operating.md is true: what a whole installation writes stands in it, and nothing else."""

import re
import signal
from pathlib import Path

from rules.storage.store import databases
from tests.ringfence.test_serve import serving

ROOT = Path(__file__).resolve().parent.parent
TABLE = (ROOT / "docs" / "operating.md").read_text().partition("## Files\n")[2].partition("\n\n")[0]
ROWS = [row.split(" | ")[0].removeprefix("| ") for row in TABLE.splitlines()[2:]]


def named(database: Path) -> set[str]:
    """The names that the table speaks of, for a database of this name and key file and log as shipped."""
    found = set()
    for row in ROWS:
        if ending := re.search(r"same name with `([^`]+)`", row):
            suffix = ending[1]
            inside = suffix.startswith("-")
            found.add(f"{database.stem}{suffix}{database.suffix}" if inside else f"{database.name}{suffix}")
    return found


def test_every_database_and_what_lies_beside_it_stands_in_the_table():
    database = Path("ringfence.db")
    there = {path.name for path in databases(database).values()} - {database.name}
    beside = {"ringfence.db.good", "ringfence.db.known", "ringfence.db.bans", "ringfence.db.partners"}
    assert named(database) == there | beside


def test_what_a_whole_installation_writes_is_in_the_table(ports, run):
    """Served, filled, complained to, with keys of the API: each file that is there then is told in a row."""
    folder = ports.parent

    before = {path.name for path in folder.iterdir()}
    for words in (
        ("lists", "add", "blocked", "17012345678"),
        ("complaints", "add", "95012345", "--by", "13800138000"),
        ("api", "keys", "add", "app", "--scope", "lists:read"),
        ("people", "list"),
    ):
        done = run(*words)
        assert done.exit_code == 0, done.output
    with serving(ports) as (process, _):
        while_it_runs = {path.name for path in folder.iterdir()}
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    told = named(folder / "ringfence.db") | {"ringfence.db", "ringfence.keys", "ringfence.control"}
    assert any("`ringfence.control`" in row for row in ROWS)
    ours = {re.sub(r"-(wal|shm|journal)$", "", name) for name in while_it_runs - before}
    spools = {name for name in ours if ".spool" in name}
    assert any(".spool" in row for row in ROWS)
    assert ours - spools <= told

"""The bench's work: a list of numbers, the callers that SIPp plays, and the same list as Kamailio reads it."""

from __future__ import annotations

import csv
import random
import sqlite3
from pathlib import Path
from typing import NamedTuple

SHARE_REJECTED = SHARE_TAGGED = 0.1
CALLERS = 20_000
SEED = 20_261_124


class Workload(NamedTuple):
    """Files of one bench, and what a right proxy lets through."""

    folder: Path
    callers: list[str]  # in the order in which SIPp plays them, round and round

    @property
    def numbers(self) -> Path:
        """The list as CSV: number,action."""
        return self.folder / "numbers.csv"

    @property
    def injection(self) -> Path:
        """SIPp's file of callers."""
        return self.folder / "callers.csv"

    @property
    def table(self) -> Path:
        """Kamailio's database."""
        return self.folder / "kamailio.db"

    def ringing(self, calls: int) -> int:
        """How many of so many calls must reach the PBX."""
        return sum(not self.callers[i % len(self.callers)].startswith("+86170") for i in range(calls))


def make(folder: Path, size: int) -> Workload:
    """Write the files: half of the list rejects, half tags; nine of ten callers are on neither half."""
    half = size // 2
    listed = {"reject": [f"+86170{n:08d}" for n in range(half)], "tag": [f"+86171{n:08d}" for n in range(half)]}
    dice = random.Random(SEED)
    callers = [one_caller(dice, half) for _ in range(CALLERS)]
    work = Workload(folder, callers)
    with work.numbers.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("number", "action"))
        rows.writerows((number, action) for action, numbers in listed.items() for number in numbers)
    called = (f"+86138{dice.randrange(10**8):08d}" for _ in callers)
    lines = [f"{caller};{other};" for caller, other in zip(callers, called, strict=True)]
    work.injection.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
    make_table(work.table, listed)
    return work


def one_caller(dice: random.Random, half: int) -> str:
    """A caller: one in ten rejected, one in ten tagged, the rest from a range that nobody listed."""
    lot = dice.random()
    if half and lot < SHARE_REJECTED:
        return f"+86170{dice.randrange(half):08d}"
    if half and lot < SHARE_REJECTED + SHARE_TAGGED:
        return f"+86171{dice.randrange(half):08d}"
    return f"+86139{dice.randrange(10**8):08d}"


def make_table(file: Path, listed: dict[str, list[str]]) -> None:
    """The same list in the layout of Kamailio's htable module; 1 rejects, 2 tags."""
    file.unlink(missing_ok=True)
    database = sqlite3.connect(file)
    with database:
        database.execute("create table version (table_name text primary key, table_version int)")
        database.execute("insert into version values ('htable', 2)")
        database.execute(
            "create table htable (id integer primary key, key_name text, key_type int default 0,"
            " value_type int default 1, key_value text, expires int default 0)"
        )
        for value, action in (("1", "reject"), ("2", "tag")):
            rows = ((number, value) for number in listed[action])
            database.executemany("insert into htable (key_name, key_value) values (?, ?)", rows)
    database.close()

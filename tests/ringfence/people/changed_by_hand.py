"""Databases that were changed by hand, and one as an earlier version wrote it: without some entries."""

import sqlite3
from contextlib import closing

from ringfence.audits import verify
from ringfence.installation import Installation
from rules.audit.chain import BEGINNING, ChainKey, Deed

COLUMNS = "at, actor, subject, subject_id, step, reason, detail, role, door, before, after"


def as_of_before(here, chain, *statements):
    """Leave out what the statements take out; the chain is as it would have been made."""
    with closing(sqlite3.connect(here.database_of(chain))) as other, other:
        triggers = [row[0] for row in other.execute("select sql from sqlite_master where type = 'trigger'")]
        other.executescript("drop trigger step_is_final; drop trigger step_stays")
        for statement in statements:
            other.execute(statement)
        before = BEGINNING
        rows = other.execute(f"select id, {COLUMNS} from step order by id").fetchall()
        for number, (old, *deed) in enumerate(rows, 1):
            before = ChainKey(chain, here.keys.audit).hash(before, Deed(*deed))
            other.execute("update step set id = ?, hash = ? where id = ?", (number, before, old))
        other.execute("update sqlite_sequence set seq = (select max(id) from step) where name = 'step'")
        for trigger in triggers:
            other.execute(trigger)


async def missed(file, path, by_hand):
    """What of the statements done by hand, each by itself, `audit verify` does not name as it should."""
    sound, found = path.read_bytes(), []
    for statement, told in by_hand.items():
        path.write_bytes(sound)
        with closing(sqlite3.connect(path)) as other, other:
            other.execute(statement)
        async with Installation.open(file) as here:
            broken = (await verify(here)).broken
        if not any(told in one for one in broken):
            found.append((statement, broken))
    return found

"""A database as an earlier version wrote it: with entries that told less, and some that it did not make."""

import sqlite3
from contextlib import closing

from rules.audit.chain import BEGINNING, ChainKey, Deed

COLUMNS = "at, actor, subject, subject_id, step, reason, detail, role, door, before, after"


def as_of_before(here, chain, *statements):
    """Leave out how things stood, and what the statements take out; the chain is as it would have been made."""
    with closing(sqlite3.connect(here.database_of(chain))) as other, other:
        triggers = [row[0] for row in other.execute("select sql from sqlite_master where type = 'trigger'")]
        other.executescript("drop trigger step_is_final; drop trigger step_stays")
        for statement in ("update step set after = ''", *statements):
            other.execute(statement)
        before = BEGINNING
        rows = other.execute(f"select id, {COLUMNS} from step order by id").fetchall()
        for number, (old, *deed) in enumerate(rows, 1):
            before = ChainKey(chain, here.keys.audit).hash(before, Deed(*deed))
            other.execute("update step set id = ?, hash = ? where id = ?", (number, before, old))
        other.execute("update sqlite_sequence set seq = (select max(id) from step) where name = 'step'")
        for trigger in triggers:
            other.execute(trigger)

"""A database of complaints as an older Ringfence left it: its tables, and of their rows what it knew."""

import sqlite3
from contextlib import closing

from desk.archive import complaints_path
from rules.storage.store import _steps


async def laid_out_before(town, layout):
    """Close the desk, and put back the layout of this number."""
    path = complaints_path(town.desk.archive.database)
    await town.desk.close()
    older = path.with_suffix(".older")
    with closing(sqlite3.connect(older, isolation_level=None)) as connection:
        for number, script in _steps("complaints"):
            if number <= layout:
                connection.executescript(script)
        connection.execute("attach ? as newer", (str(path),))
        triggers = connection.execute("select name, sql from main.sqlite_master where type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"drop trigger {name}")
        tables = "select name from main.sqlite_master where type = 'table' and name not like 'sqlite%'"
        for (table,) in connection.execute(tables).fetchall():
            kept, known = (
                {row[1] for row in connection.execute(f"pragma {of}.table_info({table})")} for of in ("main", "newer")
            )
            if both := ", ".join(sorted(kept & known)):
                connection.execute(f"delete from main.{table}")
                connection.execute(f"insert into main.{table} ({both}) select {both} from newer.{table}")
        for _, trigger in triggers:
            connection.execute(trigger)
        connection.execute(f"pragma user_version={layout}")
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    older.replace(path)
    path.chmod(0o600)

"""The door to SQLite: layouts grow step by step, transactions are whole, the hot reader never waits."""

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from subprocess import PIPE

import pytest

from rules.storage.store import (
    CorruptDatabase,
    HotReader,
    ReadError,
    Store,
    StoreError,
    _opened,
    copy_database,
    database_path,
    databases,
    faults_of,
    migrate,
    one_value,
    put_in_place,
    refuse_foreign,
    snapshot_path,
    warm,
    what_to_do,
)

ROOT = Path(__file__).resolve().parents[3]


def version(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("pragma user_version").fetchone()[0]


@pytest.mark.parametrize("series", ["lists", "decisions"])
def test_a_database_is_made_and_then_left_alone(tmp_path, series):
    path = tmp_path / "a.db"
    migrate(path, series)
    assert version(path) >= 1
    before = path.stat().st_mtime_ns
    migrate(path, series)
    assert path.stat().st_mtime_ns == before


def test_each_layout_of_a_series_has_a_number_of_its_own():
    folder = ROOT / "rules" / "storage" / "migrations"
    for series in folder.iterdir():
        numbers = sorted(int(file.name[:4]) for file in series.glob("*.sql"))
        assert numbers == list(range(1, len(numbers) + 1)), f"{series.name}: two steps of one number, or one is missing"


def test_many_starts_at_once_migrate_once(tmp_path):
    path, faults = tmp_path / "a.db", []

    def start():
        try:
            migrate(path, "lists")
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


OPENS = """
import sys
from pathlib import Path
from rules.storage.store import migrate
print("ready", flush=True)
for line in sys.stdin:
    migrate(Path(line.strip()), "decisions")
    print("made", flush=True)
"""


def test_many_processes_make_one_database_at_once(tmp_path):
    command = [sys.executable, "-c", OPENS]
    started = [subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, text=True) for _ in range(6)]
    try:
        assert [process.stdout.readline() for process in started] == ["ready\n"] * 6
        for number in range(40):
            for process in started:
                process.stdin.write(f"{tmp_path / str(number)}\n")
                process.stdin.flush()
            assert [process.stdout.readline() for process in started] == ["made\n"] * 6
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_a_newer_layout_is_refused(tmp_path):
    path = tmp_path / "a.db"
    migrate(path, "lists")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma user_version=999")
    with pytest.raises(StoreError, match="layout 999 was made by a newer Ringfence"):
        migrate(path, "lists")


def test_what_is_no_database_is_refused_by_name(tmp_path):
    path = tmp_path / "a.db"
    path.write_bytes(b"this is not a database, it is a letter to a friend" * 100)
    with pytest.raises(StoreError, match=r"a\.db: file is not a database"):
        migrate(path, "lists")
    with pytest.raises(StoreError, match=r"none/a\.db: .*the folder must exist"):
        migrate(tmp_path / "none" / "a.db", "lists")


async def test_a_transaction_that_fails_leaves_nothing(tmp_path):
    store = await Store.open(tmp_path / "a.db", "lists", durable=True)

    async def fail():
        async with store.transaction() as connection:
            await connection.execute("update change set revision = 7")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.transaction() as connection:
        assert list(await connection.execute_fetchall("select revision from change")) == [(0,)]
    await store.close()


async def test_a_lock_and_a_full_disk_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr("rules.storage.store.WRITER_PATIENCE_S", 0.0)
    store = await Store.open(tmp_path / "a.db", "lists", durable=True)

    async def fill():
        async with store.transaction() as connection:
            await connection.execute("create table filler as select zeroblob(1000000) as bytes")

    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(StoreError, match=r"a\.db: database is locked; nothing was changed; another process"):
            await fill()
        other.execute("rollback")
    await store.connection.execute("pragma max_page_count=40")
    with pytest.raises(StoreError, match="full; nothing was changed; make room"):
        await fill()
    await store.connection.execute("pragma max_page_count=4000")
    await fill()
    await store.close()


def test_a_new_database_is_private(tmp_path):
    migrate(tmp_path / "a.db", "lists")
    assert stat.S_IMODE((tmp_path / "a.db").stat().st_mode) == 0o600
    warm(tmp_path / "a.db")


async def test_transactions_of_one_process_take_turns(tmp_path):
    store = await Store.open(tmp_path / "a.db", "lists", durable=False)

    async def count():
        async with store.transaction() as connection:
            rows = list(await connection.execute_fetchall("select revision from change"))
            await asyncio.sleep(0)
            await connection.execute("update change set revision = ?", (rows[0][0] + 1,))

    await asyncio.gather(*(count() for _ in range(20)))
    assert list(await store.connection.execute_fetchall("select revision from change")) == [(20,)]
    await store.close()


async def test_many_transactions_together_are_one_of_which_a_piece_that_fails_is_undone(tmp_path):
    store = await Store.open(tmp_path / "a.db", "lists", durable=False)
    seen = []

    async def add(by, *, fails=False):
        async with store.transaction() as connection:
            await connection.execute("update change set revision = revision + ?", (by,))
            if fails:
                raise ValueError("no")

    async def another():
        async with store.transaction() as connection:
            seen.append(next(iter(await connection.execute_fetchall("select revision from change")))[0])

    async with store.together():
        waits = asyncio.ensure_future(another())  # of another task: it is no part of it
        await add(1)
        with pytest.raises(ValueError, match="no"):
            await add(10, fails=True)
        async with store.together():
            await add(40)
            await add(60)
        assert version_of(tmp_path) == 0, "nothing is on the disk yet"
    await waits
    assert (seen, version_of(tmp_path)) == ([101], 101)

    async def none():
        async with store.together():
            await add(1)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await none()
    assert version_of(tmp_path) == 101
    await add(1)
    assert version_of(tmp_path) == 102
    await store.close()


def version_of(folder):
    with closing(sqlite3.connect(folder / "a.db")) as connection:
        return connection.execute("select revision from change").fetchone()[0]


def test_the_hot_reader_sees_commits_and_cannot_write(tmp_path):
    path = tmp_path / "a.db"
    migrate(path, "lists")
    reader = HotReader(path)
    before = reader.data_version()
    assert reader.data_version() == before
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update change set revision = 3")
    assert reader.data_version() != before
    assert reader.rows("select revision from change") == [(3,)]
    with pytest.raises(ReadError, match="readonly"):
        reader.rows("update change set revision = 4")
    reader.close()


def test_the_hot_reader_gives_up_at_its_deadline_and_at_a_lock(tmp_path):
    path = tmp_path / "a.db"
    migrate(path, "lists")
    reader = HotReader(path)
    reader.abort_when(lambda: True, steps=1)
    with pytest.raises(ReadError, match="interrupted"):
        reader.rows("select revision from change")
    reader.abort_when(lambda: False, steps=1)
    assert reader.rows("select revision from change") == [(0,)]
    reader.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=delete")
        locked = HotReader(path)
        connection.execute("begin exclusive")
        with pytest.raises(ReadError, match="locked"):
            locked.rows("select revision from change")
        with pytest.raises(ReadError, match="locked"):
            locked.data_version()
        locked.close()


def test_a_reader_of_nothing_is_refused(tmp_path):
    with pytest.raises(StoreError, match=r"none\.db: unable to open"):
        HotReader(tmp_path / "none.db")


def filled(path, revision):
    migrate(path, "lists")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update change set revision = ?", (revision,))


def damaged(path):
    """The same file with every page but the first overwritten."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def revision(path):
    return one_value(path, "select revision from change")


def test_a_copy_is_whole_private_and_one_file(tmp_path):
    path, copy = tmp_path / "a.db", tmp_path / "copies" / "a.db"
    copy.parent.mkdir()
    filled(path, 7)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("update change set revision = 8")  # still in the log
        copy_database(path, copy)
    assert revision(copy) == 7, "what was committed, and nothing else"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [file.name for file in copy.parent.iterdir()] == ["a.db"]
    assert faults_of(copy) == faults_of(path) == []


def test_what_is_damaged_is_told_and_not_copied(tmp_path):
    path = tmp_path / "a.db"
    filled(path, 7)
    damaged(path)
    assert faults_of(path)
    assert faults_of(tmp_path / "none.db") == ["unable to open database file"]
    with pytest.raises(CorruptDatabase, match="it was not copied"):
        copy_database(path, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
    assert one_value(path, "select revision from change") is None
    with pytest.raises(CorruptDatabase, match="malformed"):
        HotReader(path)
    with closing(sqlite3.connect(path)) as connection, pytest.raises(sqlite3.DatabaseError) as error:
        connection.execute("select * from list").fetchall()
    assert what_to_do(error.value).startswith("`ringfence db check` tells which file is damaged")


def test_a_reader_tells_damage_from_other_faults(tmp_path):
    path = tmp_path / "a.db"
    filled(path, 7)
    reader = HotReader(path)
    with pytest.raises(ReadError) as error:
        reader.rows("select nothing")
    assert not error.value.corrupt
    damaged(path)
    with pytest.raises(ReadError) as error:
        reader.rows("select revision from change")
    assert error.value.corrupt
    reader.close()


def test_a_copy_takes_the_place_of_a_database_and_of_its_log(tmp_path):
    path, copy, aside = tmp_path / "a.db", tmp_path / "copy.db", tmp_path / "old.db"
    filled(path, 7)
    copy_database(path, copy)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update change set revision = 9")
        connection.commit()
        put_in_place(copy, path, aside)  # while another process has it open, its log not yet in it
    assert revision(path) == 7
    assert revision(aside) == 9
    put_in_place(copy, tmp_path / "new.db", tmp_path / "unused.db")
    assert revision(tmp_path / "new.db") == 7


def test_every_database_of_an_installation_is_known_and_lies_beside_the_lists(tmp_path):
    found = databases(tmp_path / "own.sqlite")
    assert found["lists"].name == "own.sqlite"
    assert [path.name for series, path in found.items() if series != "lists"] == [
        *("own-decisions.sqlite", "own-rules.sqlite", "own-complaints.sqlite", "own-access.sqlite", "own-people.sqlite")
    ]
    for series, path in found.items():
        assert database_path(tmp_path / "own.sqlite", series) == path


async def test_what_is_written_after_a_copy_was_put_in_place_goes_to_the_copy(tmp_path):
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    store = await Store.open(path, "lists", durable=True)
    copy_database(path, copy)
    async with store.transaction() as connection:
        await connection.execute("update change set revision = 7")
    put_in_place(copy, path, tmp_path / "old.db")
    for _ in range(2):
        async with store.transaction() as connection:
            await connection.execute("update change set revision = revision + 1")
    assert list(await store.connection.execute_fetchall("select revision from change")) == [(2,)]
    await store.close()
    assert (revision(path), revision(tmp_path / "old.db")) == (2, 7)


def mode(path):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("pragma journal_mode").fetchone()[0]


def test_calls_are_judged_while_a_copy_that_was_put_in_place_is_written_to(tmp_path):
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    migrate(path, "lists")
    copy_database(path, copy)
    put_in_place(copy, path, tmp_path / "old.db")
    assert (mode(copy), mode(path)) == ("delete", "wal")
    reader = HotReader(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("begin exclusive")
        assert reader.rows("select revision from change") == [(0,)]
        connection.execute("rollback")
    reader.close()


def test_a_backup_that_somebody_copied_there_is_made_fit_for_that_too(tmp_path):
    path, copy = tmp_path / "a.db", tmp_path / "copy.db"
    migrate(path, "lists")
    copy_database(path, copy)
    copy.rename(path)
    migrate(path, "lists")
    assert mode(path) == "wal"
    copy_database(path, snapshot_path(path))
    before = snapshot_path(path).read_bytes()
    migrate(snapshot_path(path), "lists")
    assert snapshot_path(path).read_bytes() == before, "the last good copy is left as it is"


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
def test_lists_that_are_gone_are_not_begun_anew_while_their_copy_is_there(tmp_path, left):
    path = tmp_path / "a.db"
    migrate(path, "lists")
    copy_database(path, snapshot_path(path))
    path.unlink()
    if left != "nothing":
        path.touch()
    with pytest.raises(CorruptDatabase, match=r"lists are gone.*`ringfence db restore`.*move a\.db\.good away"):
        migrate(path, "lists")
    snapshot_path(path).unlink()
    migrate(path, "lists")
    assert version(path) >= 1


async def refused(store, kind, match, *statements):
    async def work():
        async with store.transaction() as connection:
            for statement in statements:
                await connection.execute(statement)

    try:
        with pytest.raises(kind, match=match):
            await work()
    except BaseException:
        await store.close()
        raise


async def test_nothing_is_acknowledged_that_goes_into_a_file_without_a_name(tmp_path):
    path = tmp_path / "a.db"
    store = await Store.open(path, "lists", durable=True)
    path.unlink()
    await refused(store, CorruptDatabase, "the file is gone; nothing was changed")
    await store.close()


async def test_room_that_a_full_disk_left_in_the_log_is_given_back(tmp_path):
    path = tmp_path / "a.db"
    store = await Store.open(path, "lists", durable=True)
    await store.connection.execute("pragma cache_size=10")  # so that it writes before it commits
    await store.connection.execute("pragma max_page_count=2000")
    one = "insert into held_import values (null, '', '', 0, '', '', '', zeroblob(99999), 0, '', '', null)"
    await refused(store, StoreError, "full; nothing was changed; make room on the disk", *[one] * 100)
    left = path.with_name("a.db-wal").stat().st_size
    await store.close()
    assert left == 0


async def test_damage_that_a_change_meets_is_told_with_the_file(tmp_path):
    path = tmp_path / "a.db"
    store = await Store.open(path, "lists", durable=True)
    await store.connection.execute("pragma wal_checkpoint(truncate)")
    damaged(path)
    told = r"a\.db: .*malformed; nothing was changed; `ringfence db restore`"
    await refused(store, CorruptDatabase, told, "update list set entries = 7", "update import set added = 7")
    await store.close()


def test_a_copy_of_something_else_or_of_a_newer_layout_is_refused(tmp_path):
    for series in databases(tmp_path / "a.db"):
        path = tmp_path / f"{series}.db"
        migrate(path, series)
        refuse_foreign(path, series)
        for other in databases(path):
            if other != series:
                with pytest.raises(StoreError, match=f"no copy of the {other}"):
                    refuse_foreign(path, other)
    with closing(sqlite3.connect(tmp_path / "lists.db")) as connection:
        connection.execute("pragma user_version=999")
    with pytest.raises(StoreError, match="layout 999 was made by a newer Ringfence"):
        refuse_foreign(tmp_path / "lists.db", "lists")


async def test_who_no_longer_waits_for_a_database_to_open_leaves_nothing_open(tmp_path):
    opened, begun = [], asyncio.Event()

    async def teaching(connection):
        opened.append(connection)
        begun.set()
        await asyncio.Event().wait()

    opening = asyncio.create_task(Store.open(tmp_path / "lists.db", "lists", durable=True, taught=teaching))
    await begun.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    with pytest.raises(ValueError, match="no active connection"):
        await opened[0].execute("select 1")


@pytest.mark.parametrize("folder", [".", "gone"])
async def test_who_stops_waiting_for_a_connection_stops_when_its_thread_has_ended(tmp_path, folder):
    before = set(threading.enumerate())
    opening = asyncio.create_task(_opened(tmp_path / folder / "lists.db"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)  # its thread is asked
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    for thread in set(threading.enumerate()) - before:
        if "_connection_worker" in thread.name:
            thread.join(60)
            assert not thread.is_alive()


async def test_who_has_to_wait_for_another_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("rules.storage.store._SOON_S", 0.0)
    store = await Store.open(tmp_path / "a.db", "lists", durable=True)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("begin immediate")
        store.waits = lambda: other.execute("rollback")
        async with store.transaction() as connection:
            await connection.execute("update change set revision = 7")
    await store.close()
    assert revision(tmp_path / "a.db") == 7


async def test_what_is_read_in_one_block_is_as_of_one_moment(tmp_path):
    store = await Store.open(tmp_path / "a.db", "lists", durable=True)
    query, found = "select revision from change", []
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        async with store.one_moment():
            found += await store.connection.execute_fetchall(query)
            other.execute("update change set revision = 7")
            found += await store.connection.execute_fetchall(query)
        found += await store.connection.execute_fetchall(query)
    await store.close()
    assert found == [(0,), (0,), (7,)]


@pytest.mark.parametrize("series", ["lists", "decisions", "revisions", "complaints", "access", "people"])
def test_a_database_whose_file_was_emptied_is_not_begun_anew_without_a_word(tmp_path, series):
    path = databases(tmp_path / "ringfence.db")[series]
    path.touch()
    os.utime(path, (0, 0))
    with pytest.raises(CorruptDatabase, match=r"what was in it is gone: .*restore.*; to begin anew, remove it"):
        migrate(path, series)
    path.touch()
    migrate(path, series)  # another process began it at this moment


def test_a_database_of_which_nothing_came_leaves_no_empty_file(tmp_path, monkeypatch):
    def full(_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("rules.storage.store._write_ahead", full)
    path = tmp_path / "decisions.db"
    with pytest.raises(StoreError, match="disk is full"):
        migrate(path, "decisions")
    assert not path.exists()

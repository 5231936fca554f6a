"""Where databases lie, and what is advised when one cannot be used: a restore only where the file is damaged."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from rules.storage.database_files import (
    OUT_OF_REACH,
    CorruptDatabase,
    StoreError,
    advice,
    database_path,
    databases,
    is_snapshot,
    known,
    known_path,
    missed,
    reaching,
    remember,
    restoring,
    snapshot_path,
    unusable,
)


def error_of(work):
    with pytest.raises(sqlite3.Error) as error:
        work()
    return error.value


def test_each_database_lies_beside_the_lists_and_their_copy_too():
    lists = Path("var/ringfence.db")
    assert database_path(lists, "complaints") == Path("var/ringfence-complaints.db")
    assert next(iter(databases(lists).values())) == lists
    assert snapshot_path(lists) == Path("var/ringfence.db.good")
    assert is_snapshot(snapshot_path(lists))
    assert not is_snapshot(lists)


def test_a_damaged_file_is_restored(tmp_path):
    path = tmp_path / "ringfence.db"
    path.write_bytes(b"a letter to a friend" * 1000)
    with closing(sqlite3.connect(path)) as connection:
        error = error_of(lambda: connection.execute("select * from list"))
    found = unusable(path, error)
    assert isinstance(found, CorruptDatabase)
    assert str(found) == f"{path}: file is not a database; `ringfence db restore` puts a copy in its place"
    assert "restore --all FOLDER" in restoring(database_path(path, "decisions"))
    assert restoring(snapshot_path(path)) == "remove it, the proxy makes another"


def test_what_only_cannot_be_reached_is_not(tmp_path):
    error = error_of(lambda: sqlite3.connect(tmp_path / "none" / "ringfence.db").execute("select 1"))
    found = unusable(tmp_path / "ringfence.db", error)
    assert type(found) is StoreError
    assert str(found).endswith(OUT_OF_REACH)


def test_who_waits_for_another_tries_again(tmp_path):
    path = os.fspath(tmp_path / "ringfence.db")
    with closing(sqlite3.connect(path)) as first, closing(sqlite3.connect(path, timeout=0)) as second:
        first.execute("begin exclusive")
        error = error_of(lambda: second.execute("begin immediate"))
    assert "try again when it has ended" in advice(error)


def test_a_full_disk_wants_room(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ringfence.db")) as connection:
        connection.execute("create table a (b)")
        connection.execute("pragma max_page_count=2")
        error = error_of(lambda: connection.execute("insert into a values (zeroblob(100000))"))
    assert advice(error) == "make room on the disk"


def test_of_anything_else_a_check_tells_more(tmp_path):
    with closing(sqlite3.connect(tmp_path / "ringfence.db")) as connection:
        error = error_of(lambda: connection.execute("select * from nothing"))
    assert advice(error) == "`ringfence db check` tells whether it is sound"


def test_which_databases_there_were_is_remembered_beside_that_of_the_lists(tmp_path):
    path = tmp_path / "own.sqlite"
    for series, file in databases(path).items():
        file.touch()
        remember(file, series)
        remember(file, series)
    assert known(path) == {*databases(path)}
    assert known_path(path).read_text().split() == [*databases(path)]
    assert missed(path) == []
    databases(path)["complaints"].unlink()
    assert missed(path) == [tmp_path / "own-complaints.sqlite"]


def test_a_copy_is_no_database_that_could_be_missed(tmp_path):
    remember(snapshot_path(tmp_path / "own.db"), "lists")
    assert known(tmp_path / "own.db") == frozenset()


def test_a_file_of_another_account_is_no_fault_of_its_folder():
    """Keys and databases are their owner's alone, so another officer works over HTTP."""
    told = reaching(PermissionError(13, "Permission denied"))
    assert told.startswith("it belongs to another account: run this as its owner (sudo -u), or work over HTTP")
    assert reaching(FileNotFoundError(2, "No such file")) == "the folder must exist and be ours to write"


def test_an_error_of_a_full_disk_is_called_so_however_sqlite_calls_it(tmp_path, monkeypatch):
    """No room for the index of the log is told as a disk I/O error."""
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_SHMSIZE"
    assert advice(error, tmp_path / "a.db").startswith("look at the disk")
    full = os.statvfs_result((4096, 4096, 9, 9, 0, 9, 9, 9, 0, 255))
    monkeypatch.setattr("os.statvfs", lambda _: full)
    assert advice(error, tmp_path / "a.db") == "make room on the disk"

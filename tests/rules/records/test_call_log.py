"""The file of calls: lines end up under its name, whatever was moved away meanwhile; a full disk tears no two lines."""

import os
import resource
import signal
from contextlib import contextmanager

import pytest

from rules.records.call_log import CallLog


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "calls.log"


@pytest.fixture
def log(path):
    path.parent.mkdir()
    log = CallLog(path)
    yield log
    log.close()


def test_lines_are_added_to_what_is_there(log, path):
    log.write("one\ntwo\n")
    again = CallLog(path)
    again.write("three\n")
    again.flush()
    again.close()
    assert path.read_text() == "one\ntwo\nthree\n"


def test_a_file_that_was_moved_away_is_made_again(log, path):
    log.write("one\n")
    path.rename(path.with_name("calls.log.1"))
    log.write("two\n")
    assert (path.read_text(), path.with_name("calls.log.1").read_text()) == ("two\n", "one\n")


def test_a_file_that_was_put_there_is_used(log, path):
    log.write("one\n")
    path.rename(path.with_name("calls.log.1"))
    path.touch(0o600)
    log.write("two\n")
    assert path.read_text() == "two\n"


def test_a_file_that_was_copied_and_emptied_is_written_from_its_start(log, path):
    log.write("one\n")
    os.truncate(path, 0)
    log.write("two\n")
    assert path.read_text() == "two\n"


def test_where_no_file_can_be_made_the_old_one_takes_the_lines(log, path, tmp_path):
    path.parent.rename(tmp_path / "elsewhere")
    log.write("one\n")
    assert (tmp_path / "elsewhere" / "calls.log").read_text() == "one\n"


@contextmanager
def room_for(size):
    """A file can grow to this size and no further; the signal that says so is not wanted."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    asked = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, asked)


def test_after_a_full_disk_the_next_line_begins_a_line(log, path):
    with room_for(6), pytest.raises(OSError, match="No space left"):
        log.write("one\ntwo\n")
    log.write("three\n")
    assert path.read_text() == "one\ntw\nthree\n"

"""Lines on a pipe that nobody reads are lost in bounded time; on one that is read none is."""

import io
import os
import resource
import signal
import threading
from contextlib import contextmanager
from time import monotonic

import pytest

from rules.records.outlet import CallLog, Outlet, standard_output


@contextmanager
def pipe():
    """A pipe: both ends, and what was read of it at the end."""
    reading, writing = os.pipe()
    try:
        yield reading, writing
    finally:
        os.close(reading)
        os.close(writing)


def test_lines_arrive_whole_however_many():
    text = "".join(f"line {number} of a call that rang 电话\n" for number in range(20_000))
    with pipe() as (reading, writing):
        got = bytearray()

        def read() -> None:
            while len(got) < len(text.encode()):
                got.extend(os.read(reading, 65_536))

        thread = threading.Thread(target=read)
        thread.start()
        assert Outlet(writing, patience_s=60).write(text) == len(text)
        thread.join()
    assert got.decode() == text


def test_where_nobody_reads_it_gives_up_and_says_so():
    with pipe() as (_, writing):
        outlet = Outlet(writing, patience_s=0.05)
        started = monotonic()
        with pytest.raises(OSError, match="nobody reads"):
            outlet.write("x" * 1_000_000)
        assert monotonic() - started < 30
        assert outlet.lost == 1


def test_after_a_line_that_broke_off_the_next_one_begins_anew():
    with pipe() as (reading, writing):
        outlet = Outlet(writing, patience_s=0.0)
        with pytest.raises(OSError, match="nobody reads"):
            outlet.write("x" * 1_000_000 + "\n")
        size = len(os.read(reading, 1_000_000))
        outlet.write("next\n")
        assert os.read(reading, 100) == b"\nnext\n"
    assert size >= 4096


def test_a_silent_one_raises_nothing_not_even_where_the_reader_has_gone():
    reading, writing = os.pipe()
    os.close(reading)
    outlet = Outlet(writing, silent=True)
    outlet.write("a line\n")
    os.close(writing)
    outlet.write("a line\n")
    assert outlet.lost == 2


def test_a_stream_without_descriptor_takes_lines_itself():
    stream = io.StringIO()
    assert standard_output(stream) is stream
    with pipe() as (_, writing), os.fdopen(os.dup(writing), "w") as file:
        assert isinstance(standard_output(file), Outlet)


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


def test_after_a_line_that_broke_off_the_next_process_begins_a_line(log, path):
    with room_for(6), pytest.raises(OSError, match="No space left"):
        log.write("one\ntwo\n")
    again = CallLog(path)
    again.write("three\n")
    again.close()
    assert path.read_text() == "one\ntw\nthree\n"


def test_whether_there_is_room_again_is_known_before_there_is_a_line(log, path):
    log.mend()
    with room_for(6):
        with pytest.raises(OSError, match="No space left"):
            log.write("one\ntwo\n")
        with pytest.raises(OSError, match="File too large"):
            log.mend()
    log.mend()
    log.write("three\n")
    assert path.read_text() == "one\ntw\nthree\n"
    path.unlink()
    log.mend()
    log.write("four\n")
    assert path.read_text() == "four\n"

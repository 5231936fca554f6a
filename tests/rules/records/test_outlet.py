"""Lines on a pipe that nobody reads are lost in bounded time; on one that is read none is."""

import io
import os
import threading
from contextlib import contextmanager
from time import monotonic

import pytest

from rules.records.outlet import Outlet, standard_output


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

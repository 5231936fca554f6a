"""A file for others is there, whole, once the step that it tells of stands; and not before."""

import os
import stat
from pathlib import Path

import pytest

from console.cli.desk.finished_file import finished_file


def refused_after(text, out):
    """Write some, then fail as a step does that is refused."""
    out.write(text)
    raise ValueError("refused")


def test_it_is_there_when_the_block_has_ended(tmp_path):
    path = tmp_path / "case.csv"
    with finished_file(path, encoding="utf-8-sig") as out:
        out.write("case\n")
        assert not path.exists()
    assert path.read_bytes() == b"\xef\xbb\xbfcase\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["case.csv"]


@pytest.mark.parametrize("before", [None, "as it was"])
def test_a_block_that_raises_leaves_what_was_there(tmp_path, before):
    path = tmp_path / "case.csv"
    if before:
        path.write_text(before)
    with pytest.raises(ValueError, match="refused"), finished_file(path) as out:
        refused_after("half of it", out)
    assert [file.read_text() for file in tmp_path.iterdir()] == ([before] if before else [])


def test_a_file_that_stood_there_keeps_its_mode_and_a_link_stays_one(tmp_path):
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("old")
    file.chmod(0o640)
    link.symlink_to(file)
    with finished_file(link) as out:
        out.write("new")
    assert (link.is_symlink(), file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (True, "new", 0o640)


def test_a_place_that_cannot_be_written_is_refused_before_the_block_begins(tmp_path):
    path = tmp_path / "none" / "case.csv"
    with pytest.raises(OSError, match=r"case\.csv") as error, finished_file(path):
        pytest.fail("the block began")
    assert error.value.filename == str(path)


def test_a_pipe_is_written_as_it_is():
    reading, writing = os.pipe()
    with finished_file(Path(f"/dev/fd/{writing}")) as out:
        out.write("case\n")
    os.close(writing)
    with open(reading) as pipe:
        assert pipe.read() == "case\n"

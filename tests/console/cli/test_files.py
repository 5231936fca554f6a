"""What people hand in and is no file is named at once, by every command that reads one."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.cli.files import finished_file


@pytest.mark.parametrize(
    "words",
    [
        ["lists", "import", "blocked"],
        ["ranges", "import"],
        ["complaints", "import"],
        ["complaints", "reject", "--reason", "x", "--file"],
        ["replay", "--file"],
    ],
)
def test_what_is_no_file_is_named_at_once(run, tmp_path, words):
    os.mkfifo(tmp_path / "fifo")
    done = run(*words, str(tmp_path / "fifo"))
    assert done.exit_code != 0
    assert "this is a FIFO, not a file; write the path of a file" in done.stderr
    assert "this is a device, not a file" in run(*words, "/dev/zero").stderr


READING = (
    ["lists", "import", "blocked", "-"],
    ["ranges", "import", "-"],
    ["complaints", "import", "/dev/stdin"],
    ["complaints", "reject", "--reason", "x", "--file", "/dev/stdin"],
    ["replay", "--file", "/dev/stdin"],
    ["check", "/dev/stdin"],
)
# Each command in a process that is forked once all is imported: its status, and what it says.
EACH = """
import json, os, sys
from ringfence.__main__ import main
for number, words in enumerate(json.loads(sys.argv[2])):
    if not (child := os.fork()):
        said = os.open(f"{sys.argv[1]}.{number}", os.O_WRONLY | os.O_CREAT)
        os.dup2(said, 1), os.dup2(said, 2)
        sys.argv = ["ringfence", *words]
        main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.parametrize("endless", ["y", "\\0"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(file, tmp_path, endless):
    """As from `yes | tr -d` or /dev/zero, with so little address space that it would show."""
    commands = json.dumps([["--config", str(file), *words] for words in READING])
    pipe = f"tr '\\\\0' '{endless}' </dev/zero | (ulimit -v 1500000; exec \"$@\")"
    process = [sys.executable, "-c", EACH, str(tmp_path / "said"), commands]
    done = subprocess.run(["sh", "-c", pipe, "sh", *process], capture_output=True, text=True, timeout=300, check=False)
    assert done.stdout.split() == ["1"] * len(READING), done.stderr
    for number, words in enumerate(READING):
        said = (tmp_path / f"said.{number}").read_text()
        assert "Memory" not in said, words
        assert "Traceback" not in said, words
        assert re.search("more than [0-9,]+ characters|larger than 5 MB|nothing but zeros|not allowed", said), words


def test_a_line_without_end_further_down_is_named_too(run, tmp_path):
    long = tmp_path / "long.csv"
    long.write_text(f"number\n13800138000\n{'y' * 1_100_000}\n")
    refused = run("lists", "import", "blocked", str(long))
    assert "long.csv:3: the line has more than 1,048,576 characters: is this a text file?" in refused.stderr
    assert "nothing was changed" in refused.stderr


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

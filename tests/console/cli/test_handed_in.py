"""What people hand in and is no file is named at once, by every command that reads one."""

import os

import pytest


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

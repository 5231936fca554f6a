"""What people hand in and is no file is named at once, by every command that reads one."""

import os
import re
import subprocess
import sys

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


@pytest.mark.parametrize(
    "words",
    [
        ["lists", "import", "blocked", "-"],
        ["ranges", "import", "-"],
        ["complaints", "import", "/dev/stdin"],
        ["complaints", "reject", "--reason", "x", "--file", "/dev/stdin"],
        ["replay", "--file", "/dev/stdin"],
        ["check", "/dev/stdin"],
    ],
)
@pytest.mark.parametrize("endless", ["y", "\\0"])
def test_a_line_without_end_is_refused_before_it_fills_the_memory(file, words, endless):
    """As from `yes | tr -d` or /dev/zero, with so little address space that it would show."""
    command = [sys.executable, "-m", "ringfence", "--config", str(file), *words]
    pipe = f"tr '\\\\0' '{endless}' </dev/zero | (ulimit -v 1500000; exec \"$@\")"
    done = subprocess.run(["sh", "-c", pipe, "sh", *command], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1, done.stderr
    assert "Memory" not in done.stderr
    assert "Traceback" not in done.stderr
    refused = "more than [0-9,]+ characters|larger than 5 MB|nothing but zeros|not allowed"
    assert re.search(refused, done.stderr + done.stdout)


def test_a_line_without_end_further_down_is_named_too(run, tmp_path):
    long = tmp_path / "long.csv"
    long.write_text(f"number\n13800138000\n{'y' * 1_100_000}\n")
    refused = run("lists", "import", "blocked", str(long))
    assert "long.csv:3: the line has more than 1,048,576 characters: is this a text file?" in refused.stderr
    assert "nothing was changed" in refused.stderr

"""Where the command begins: started by a supervisor that closed the standard streams."""

import subprocess
import sys

import pytest

from ringfence.__main__ import _open_standard_streams

FIRST = ("init", "--country", "CN", "--listen", "192.0.2.5", "--pbx", "192.0.2.6", "--carrier", "198.51.100.7")


@pytest.mark.parametrize("closed", ["<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_stop_no_command(tmp_path, closed):
    """Python has None for each of them: `None` can't be asked whether it is a terminal, nor be written to."""
    words = [sys.executable, "-m", "ringfence", *FIRST]
    done = subprocess.run(
        ["bash", "-c", f'exec "$@" {closed}', "bash", *words], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "ringfence.yaml").exists()


def test_a_program_begun_as_usual_keeps_its_streams():
    before = sys.stdin, sys.stdout, sys.stderr
    _open_standard_streams()
    assert (sys.stdin, sys.stdout, sys.stderr) == before

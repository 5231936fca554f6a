"""bench/flood.py: floods against the running product; here a short one, and however long anybody waits."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.live
FLOOD = Path(__file__).resolve().parents[2] / "bench" / "flood.py"


def test_emergency_calls_of_both_sides_and_good_calls_are_answered_while_somebody_forges_112():
    words = ["--seconds", "2", "--only", "4,000 forged", "--most-ms", "inf", "--patience", "90"]
    done = subprocess.run([sys.executable, FLOOD, *words], capture_output=True, text=True, timeout=600, check=False)
    print(done.stdout)  # how long they took is for whoever reads
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(re.findall(r"(?m)^  (?:emergency|good) calls of .* 20 of 20 answered", done.stdout)) == 6

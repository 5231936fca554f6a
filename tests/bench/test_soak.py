"""bench/soak.py: a short one, and what it calls good."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.soak import FLOWS, HERE, Soak


@pytest.mark.live
def test_calls_of_every_kind_are_as_they_should_be_though_packets_are_lost():
    words = ["--calls", "120", "--rate", "30", "--short"]
    run = [sys.executable, HERE / "soak.py", *words]
    done = subprocess.run(run, capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cells = [line.split() for line in done.stdout.splitlines() if line.startswith("all ")]
    assert [cell[-1] for cell in cells] == ["0"]


def soak(*memory: float) -> Soak:
    found = Soak(Path(), 0)
    found.memory = list(memory)
    return found


def test_what_stays_as_it_was_is_good():
    assert soak(60, 90, 100, 100, 101, 102).faults() == []


def test_memory_is_told_by_tenths():
    assert (
        soak(*range(100, 125))
        .lines(markdown=True)[-1]
        .endswith("by tenths 100, 102, 104, 106, 108, 110, 112, 114, 116, 118.")
    )


def test_what_grows_is_not():
    assert soak(60, 90, 100, 100, 106, 108).faults() == ["memory grew from 100 to 107 MiB"]


def test_a_lost_call_and_a_failed_reload_are_said():
    found = soak(60)
    found.lost, found.reloads, found.failed_reloads = ["12 s, busy, x@soak: 503"], 9, 1
    assert found.faults() == ["lost: 12 s, busy, x@soak: 503", "1 of 9 reloads failed"]


def test_each_kind_of_call_is_counted():
    lines = soak(60).lines(markdown=True)
    assert [line.split(" | ")[0][2:] for line in lines[2 : 3 + len(FLOWS)]] == [*FLOWS, "all"]

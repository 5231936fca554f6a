"""Ten generated weeks: planted leaks are told within days, and what one person or invented names plant is not."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """A desk runs as it is: no build is waited for."""


def test_ten_weeks_with_planted_leaks_and_slanders():
    run = subprocess.run(
        [sys.executable, "-m", "bench.leaks", "4"], cwd=ROOT, capture_output=True, text=True, timeout=300, check=True
    )
    days = {kind: int(day) for kind, day in re.findall(r"(.+): 1 of 1 alarmed, after (\d+) days", run.stdout)}
    assert days.pop("a leak, two customers a day") < 5
    assert days.pop("a leak, one a day") < 10
    assert days.pop("five friends who ring each other") == 1, "they are believed until somebody looks"
    for slander in (
        "one person, five names",
        "one person, daily, another caller each",
        "forty invented names, no calls",
    ):
        assert f"{slander}: 0 of 1 alarmed" in run.stdout
    assert "0 of 14 other offices alarmed" in run.stdout

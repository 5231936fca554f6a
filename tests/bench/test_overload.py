"""What the overload bench calls good, and that its calls are whole: a caller and a PBX that speak to each other."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.overload import FACTORS, HERE, Offer, Step, judge


def step(factor: float, completed: int, *, rang: int = 20) -> Step:
    return Step(factor, Offer(1000, completed, 0, 0, 1.0, 1, 2), 50, 20, rang, 5)


def test_a_flat_curve_is_good():
    steps = [step(factor, 1000 if factor < 2 else 950) for factor in FACTORS]
    assert judge(steps, step(0.5, 1000)) == []


@pytest.mark.parametrize(
    ("bad", "after", "why"),
    [
        (step(3, 880), step(0.5, 1000), "at 3 times its capacity it completes 88% of its most"),
        (step(2, 1000, rang=19), step(0.5, 1000), "at 2 1 emergency calls did not ring"),
        (step(3, 1000), step(0.5, 999), "1 calls were not completed five seconds after"),
    ],
)
def test_what_is_not_good_is_said(bad: Step, after: Step, why: str):
    assert judge([step(1, 1000), bad], after) == [why]


def test_below_its_capacity_fewer_calls_are_no_fault():
    assert judge([step(0.5, 500), step(1, 1000)], step(0.5, 1000)) == []


BETWEEN = """
import socket, subprocess, sys
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
wire.bind(("127.0.0.1", 5060))
wire.settimeout(0.2)
offer = subprocess.Popen([sys.argv[1], "m", "200", "0.5", "0.5", sys.argv[2]])
while offer.poll() is None:
    try:
        data, source = wire.recvfrom(65536)
    except TimeoutError:
        continue
    wire.sendto(data, ("127.0.0.6" if source[0] == "127.0.0.5" else "127.0.0.5", 5060))
"""


@pytest.mark.live
@pytest.mark.parametrize(("at_a_time", "least"), [("0", 90), ("5", 100)])
def test_its_calls_are_whole(tmp_path: Path, at_a_time: str, least: int):
    """What hands everything on unread sees each of them from its INVITE to the answer to its BYE."""
    subprocess.run(["cc", "-O2", "-Wall", "-Werror", "-o", tmp_path / "offer", HERE / "offer.c"], check=True)
    words = ["unshare", "--net", sys.executable, "-c", BETWEEN, tmp_path / "offer", at_a_time]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    offered, completed, refused, repeated = map(int, done.stdout.split()[:4])
    assert (refused, repeated) == (0, 0)
    assert completed >= least
    assert offered - completed <= int(at_a_time)

"""What the overload bench calls good, and that its calls are whole: a caller and a PBX that speak to each other."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bench"))

from overload import FACTORS, INVITE, Offer, Step, judge


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


def test_its_invite_says_how_long_its_body_is():
    head, _, body = (INVITE % {b"key": b"a.1", b"number": 1}).partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head

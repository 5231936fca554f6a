"""The number beside a name is found, a spoilt one is told, and what a source calls its people stays a name."""

from __future__ import annotations

import pytest

from desk.faults import ComplaintError
from desk.numbers_beside import is_odd_number, number_beside


@pytest.mark.parametrize(
    ("text", "home", "number"),
    [
        ("Bob (212) 555-9990", "US", "+12125559990"),
        ("Mario 347/1234567", "IT", "+393471234567"),
        ("0755 1234 5678p12", "CN", "+8675512345678"),
        ("0755 1234 5678abc", "CN", ""),
        ("customer 200412345678", "CN", ""),
        ("K 12 B 7", "CN", ""),
    ],
)
def test_the_number_beside_a_name(text: str, home: str, number: str):
    assert number_beside(text, home) == number


@pytest.mark.parametrize(
    ("text", "home", "cause"),
    [
        ("Bob 4915112345678", "DE", "lacks the 0 or the"),
        ("Bob 2125559990", "DE US", "is read differently in DE and US"),
        ("Bob 13800138000, 13900139000", "CN", "more than one number"),
    ],
)
def test_a_number_that_could_be_several_is_no_part_of_a_name(text: str, home: str, cause: str):
    with pytest.raises(ComplaintError, match=cause):
        number_beside(text, home)


@pytest.mark.parametrize(
    "text", ["13800138000.0", "13'800'138'000", "13800138000-12", "l38OO138OOO", "+008613800138000"]
)
def test_a_sign_too_many_makes_no_name_of_a_number(text: str):
    assert is_odd_number(text, "CN")


@pytest.mark.parametrize("text", ["2026-00123", "App-User 7", "#4711", "2026/00123", "Oil", "10.5"])
def test_a_file_number_is_a_name(text: str):
    assert not is_odd_number(text, "CN")

"""Digits of any width and with any separator are the same digits; addresses stay addresses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.numbering.spelling import fold, is_address, is_digits, without_separators


def test_full_width_and_other_decimal_digits_become_ascii():
    assert fold("＋８６ １３８") == "+86 138"
    assert fold("٠١٢") == "012"
    assert fold("＊９７＃") == "*97#"
    assert fold("张三") == "张三"


def test_separators_of_rfc_3966_and_of_people_go():
    assert without_separators("+86-(138).0013 8000") == "+8613800138000"
    assert without_separators("\u202a+86\u00a0138–0013－8000\u202c") == "+8613800138000"


def test_addresses_are_told_from_dotted_numbers():
    assert is_address("185.22.184.14")
    assert not is_address("138.0013.8000")
    assert not is_address("010.12.34.56")
    assert not is_address("1.2.3.256")
    assert not is_address("1.2.3")


@given(st.text(max_size=40))
def test_folding_is_stable_and_ascii_digits_are_exact(text: str):
    once = without_separators(fold(text))
    assert without_separators(fold(once)) == once
    assert is_digits(text) == (text != "" and all(c in "0123456789" for c in text))

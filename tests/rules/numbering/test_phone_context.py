"""A phone-context names a country by its digits, or by the domain of a mobile network."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.numbering.phone_context import context_digits, country_of_context, split_context


@pytest.mark.parametrize(
    ("context", "digits", "country"),
    [
        ("+86", "86", "CN"),
        ("+86-10", "8610", "CN"),
        ("+1", "1", "US"),
        ("＋８６", "86", "CN"),
        ("+", "", ""),
        ("+0", "", ""),
        ("+999", "999", ""),
        ("+800", "800", ""),
        ("+86x", "", ""),
        ("example.com", "", ""),
        ("ims.mnc000.mcc460.3gppnetwork.org", "", "CN"),
        ("IMS.mnc089.MCC724.3gppnetwork.org", "", "BR"),
        ("mcc460.3gppnetwork.org.example.com", "", ""),
        ("", "", ""),
    ],
)
def test_contexts(context: str, digits: str, country: str):
    assert context_digits(context) == digits
    assert country_of_context(context) == country


def test_the_context_is_found_among_other_parameters():
    assert split_context("noa=subscriber;Phone-Context=+86;isub=1") == "+86"
    assert split_context("tgrp=a;trunk-context=b") == ""


@given(st.text(max_size=40))
def test_no_context_raises(context: str):
    assert len(country_of_context(context)) in (0, 2)
    assert country_of_context("+" + context) in ("", country_of_context("+" + context_digits("+" + context)))

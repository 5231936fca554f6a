"""Of a text that marks turn it is known what is shown: by Unicode's own algorithm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.texts.turned import LONGEST, turned

ALEF = "\u05d0"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202eknaB", "Bank"),
        ("\u202eknaB\u202c of China", "Bank of China"),
        ("\u202ek\u2066an\u2069B", "Bank"),  # what is isolated within is not turned
        ("\u202ek\u202dan\u202cB", "Bank"),
        ("a\u202e1\u2069\u202cb2", "a1b2"),  # what ends nothing
        ("\u2067123 456\u2069", "456 123"),
        ("\u2067123-456\u2069", "123-456"),
        ("\u2067123\u2069456", "123456"),
        (f"\u2067{ALEF}12\u2069", f"12{ALEF}"),
        (f"\u2068{ALEF} 12\u2069", f"12 {ALEF}"),
        ("\u2068a 12\u2069", "a 12"),
        ("\u2067+12%\u2069", "12%+"),
        ("\u202b\u202a12 34\u202c 56\u202c", "12 34 56"),
        ("\u202e" * 200 + "21" + "\u202c" * 200 + "3", "123"),  # deeper than any level
    ],
)
def test_what_is_shown_of_a_text_that_marks_turn(text: str, shown: str):
    assert turned(text)[0] == shown


def test_a_line_that_begins_from_right_to_left_is_read_both_ways():
    assert turned("\u200f12 a 34") == ("12 a 34", "a 34 12")


@pytest.mark.parametrize("text", ["Bank", "1 2", f"{ALEF} 12", "\u202d12\u202c", "\u2066ab\u2069", "\u200b\u200e"])
def test_what_holds_no_such_mark_is_as_it_is(text: str):
    assert turned(text) == ()


@given(
    st.text(
        "12a +-.#%(\u05d0\u0663\u0301\u200b\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", max_size=60
    )
)
def test_no_text_raises_and_nothing_that_is_seen_is_lost(text: str):
    seen = sorted(sign for sign in text if sign in "12a +-.#%(\u05d0\u0663\u0301")
    for shown in turned(text):
        assert sorted(shown) == seen


def test_of_a_long_text_the_beginning_is_laid_out():
    assert len(turned("\u202e" + "1" * 2 * LONGEST)[0]) == LONGEST - 1

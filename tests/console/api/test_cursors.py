"""Cursors: what a page gave is read back, and nothing else is taken."""

import json
from base64 import urlsafe_b64encode
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.cursors import cursor_at, place_of, text_cursor, text_of, turn_cursor, turn_of
from console.api.problems import Problem
from desk.case_files import Turn


@given(st.integers(0, 2**53 - 1))
def test_a_place_comes_back(place):
    assert place_of(cursor_at(place)) == place


@given(st.booleans(), st.floats(0, 1e18), st.integers(0, 2**53 - 1))
def test_a_turn_comes_back(ordinary, due, case):
    assert turn_of(turn_cursor(Turn(ordinary, due, case))) == Turn(ordinary, due, case)


def test_no_cursor_is_the_beginning():
    assert (place_of(None), turn_of(None)) == (0, None)


@given(st.text(max_size=50))
def test_any_other_text_is_read_or_refused(text):
    for read in (place_of, turn_of):
        with suppress(Problem):
            read(text)


NOTHING = [[], [True], [-1], [2**53], ["1"], {}, None, [1, 2], [True, "x", 1], [True, 1e999, 1]]


@pytest.mark.parametrize(
    "value", [[], [True], [-1], [2**53], ["1"], {}, None, [1, 2], [True, "x", 1], [True, 1e999, 1]]
)
def test_what_no_page_gave(value):
    cursor = urlsafe_b64encode(json.dumps(value).encode()).decode()
    for read in (place_of, turn_of):
        with pytest.raises(Problem):
            read(cursor)


def test_a_text_comes_back_and_nothing_else_does():
    assert text_of(text_cursor("CN:95*")) == "CN:95*"
    assert text_of(None) == ""
    for wrong in (cursor_at(7), text_cursor("x" * 121), text_cursor("\0")):
        with pytest.raises(Problem):
            text_of(wrong)

"""A reason of blanks is none, however the blanks are written."""

import pytest

from rules.texts.blanks import is_blank


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000", "\u200b", "\ufeff \u2060", "\u00a0\u00ad", "\u0301"])
def test_what_nobody_sees_says_nothing(text):
    assert is_blank(text)


@pytest.mark.parametrize("text", ["x", " 夜间 ", ".", "\u200bx", "7"])
def test_anything_else_says_something(text):
    assert not is_blank(text)

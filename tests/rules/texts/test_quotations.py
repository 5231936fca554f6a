"""Digits right behind the quotation marks of a cell are seen, and nothing else is taken for them."""

import pytest

from rules.texts.quotations import slipped_out


@pytest.mark.parametrize("row", ['"0171 1"5,y', 'y, "0171 1"5', '"a\nb"5\n', '"a",b,"c"7,"d"'])
def test_a_digit_behind_the_marks_is_seen(row):
    assert slipped_out(row, ",")


@pytest.mark.parametrize(
    "row",
    [
        '"a","b"',
        '"a" ,"b" ',
        'x,"he said ""5"" ok",5',
        '"a""5",x',
        '5" pipe,7',
        '"x", 5',
        '="0171",x',
        '"Fred" Smith 5',
    ],
)
def test_nothing_else_is(row):
    assert not slipped_out(row, ",")

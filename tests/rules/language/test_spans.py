"""Do some bounds together take in every amount? Counts are whole numbers, shares end at 100."""

import pytest

from rules.language.spans import Span, all_amounts


@pytest.mark.parametrize(
    ("fact", "spans", "all_of_them"),
    [
        ("calls_1h", [Span(over=5), Span(under=6)], True),
        ("calls_1h", [Span(over=6), Span(under=6)], False),
        ("calls_1h", [Span(over=5), Span(over=2, under=6), Span(under=3)], True),
        ("calls_1h", [Span(over=5), Span(over=3, under=6), Span(under=3)], False),
        ("calls_1h", [Span(over=0)], True),
        ("calls_1h", [Span(over=1)], False),
        ("answered_1h", [Span(over=50), Span(under=50.5)], True),
        ("answered_1h", [Span(over=50), Span(under=50)], False),
        ("answered_1h", [Span(under=101)], True),
        ("answered_1h", [Span(under=100)], False),
        ("answered_1h", [Span(over=0)], False),
        ("score", [Span(over=5), Span(under=6)], True),
        ("score", [Span(over=5), Span(under=5)], False),
        ("score", [Span()], True),
        ("score", [], False),
    ],
)
def test_every_amount(fact, spans, all_of_them):
    assert all_amounts(fact, spans) is all_of_them

"""The words of reports as files: none lacks its Chinese, and a period says of itself what it is."""

import ast
import inspect
import string

import pytest

from desk import printed_report, report_words
from desk.report_words import _CHINESE, COLUMNS, DIMENSION, TITLE, say, spelled
from desk.reports import DIMENSIONS, Row


def said(source):
    """Every text that is said there."""
    for node in ast.walk(ast.parse(inspect.getsource(source))):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
            *("_say", "say", "say_", "_heading"),
        ):
            yield from (one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str))


def test_no_text_lacks_its_chinese():
    texts = {TITLE, *DIMENSION.values(), *COLUMNS.values(), *said(printed_report), *said(report_words)}
    assert {text for text in texts if text and text not in _CHINESE} == set()
    assert tuple(DIMENSION) == DIMENSIONS
    assert set(COLUMNS) == set(Row._fields) - {"key", "sum_of"}


def test_the_places_to_fill_are_the_same():
    def places(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    assert {text for text, chinese in _CHINESE.items() if places(text) != places(chinese)} == set()


@pytest.mark.parametrize(
    ("language", "period", "text"),
    [
        ("en", "2026Q3", "Third quarter of 2026: 1 July 2026 – 30 September 2026"),
        ("zh", "2026Q3", "2026年第三季度（2026年7月1日 – 2026年9月30日）"),
        ("en", "2028-02", "1 February 2028 – 29 February 2028"),
        ("zh", "2026-07-01", "2026年7月1日"),
    ],
)
def test_a_period_is_spelled_out(language, period, text):
    assert spelled(language, period) == text


def test_what_is_none_of_ours_stays():
    assert say("zh", "{0} %s somebody wrote") == "{0} %s somebody wrote"

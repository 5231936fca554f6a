"""Sentences of the desk in another language: what is known is translated, the rest stays whole."""

import pytest

from console.web.desk_words import ending, event
from console.web.translation import words_of


def say(text, **values):
    said = words_of("zh").gettext(text)
    return said % values if values else said


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("1,204 complaints", "1,204 件投诉"),
        ("1 complaint", "1 件投诉"),
        ("take", "受理"),
        ("verify (owner)", "核实 (owner)"),
        ("something else", "something else"),
        ("complaint C-7K3M9-2QF4T withdrawn", "投诉 C-7K3M9-2QF4T 已撤回"),
        ("appeal A-7K3M9-2QF4T against the seal filed", "申诉 A-7K3M9-2QF4T 已提出"),
        (
            "complaint C-7K3M9-2QF4T by api: loan, judged; weighs 1.00",
            "投诉 C-7K3M9-2QF4T：贷款，对应已判决通话; weighs 1.00",
        ),
    ],
)
def test_what_happened(what, expected):
    assert event(say, what) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("verifying for 34 days since the first complaint", "自首次投诉起 34 天"),
        (
            "sealed 6 h after the first complaint; 1,020 calls stopped since",
            "首次投诉后 6 小时封停，此后拦截 1,020 个来电",
        ),
        ("released 45 min after it was sealed", "封停后 45 分钟解除"),
        (
            "handed over to Other Telecom 5 days after the first complaint, no answer yet",
            "Other Telecom · 首次投诉后 5 天 · 尚无答复",
        ),
        ("unfounded 100 h after the first complaint", "首次投诉后 100 小时"),
        ("unknown", "unknown"),
    ],
)
def test_where_it_stands(text, expected):
    assert ending(say, text) == expected

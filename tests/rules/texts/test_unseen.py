"""What shows nothing goes from a text, and nothing else does."""

import pytest

from rules.texts.unseen import shows_nothing, spelt_out, turns_writing, without_unseen


@pytest.mark.parametrize(
    "sign", ["\u200b", "\u00ad", "\u202e", "\u0301", "\u20dd", "\u3164", "\u2800", "\ufeff", "\U000e0061"]
)
def test_what_nobody_sees_goes(sign: str):
    assert without_unseen(f"{sign}1{sign * 3}7{sign}") == "17"


@pytest.mark.parametrize("text", ["", "plain - text", "银行", "Ж ё", "１７０", "٣", "a\u00a0b"])
def test_what_is_seen_stays(text: str):
    assert without_unseen(text) == text


def test_what_shows_nothing_at_all_or_something_else():
    assert [shows_nothing(text) for text in ("\u200b", "\u202e ", "\u3164\u00a0", "a\u200b", "银")] == [
        *(True, True, True, False, False)
    ]
    assert [turns_writing(text) for text in ("a\u202eb", "\u2067a", "\u200fab", "银行")] == [True, True, False, False]


def test_what_is_not_to_be_seen_is_spelt_out():
    assert (
        spelt_out("Bank \u202e12\x1b[1m\U000e0041 银行 e\u0301") == "Bank \\u202e12\\u001b[1m\\U000e0041 银行 e\u0301"
    )
    assert spelt_out("plain") == "plain"

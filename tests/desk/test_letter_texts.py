"""Texts of letters: every language says all that the other says, and an old file of an operator's own still works."""

import string
from zoneinfo import ZoneInfo

import pytest

from desk.clock_profiles import TimeLimit
from desk.desk_settings import ComplaintSettings
from desk.faults import ComplaintError
from desk.letter_texts import LetterTexts, read_texts

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_782_878_400.0  # 2026-07-01


def names_in(text):
    return set(string.Template(text).get_identifiers())


def test_both_languages_say_the_same():
    english, chinese = read_texts("en", None), read_texts("zh", None)
    assert english.keys() == chinese.keys()
    for kind, texts in english.items():
        assert texts.keys() == chinese[kind].keys()
        for part, text in texts.items():
            assert names_in(text) == names_in(chinese[kind][part]), (kind, part)


def test_texts_of_before_there_was_a_letterhead_work_as_they_did(tmp_path):
    parts = "".join(f"{kind}: {{subject: S $number, body: B $reference $reason}}\n" for kind in ("confirm", "answer"))
    parts += "".join(f"{kind}: {{subject: S, body: $outcome}}\n" for kind in ("appeal", "owner"))
    (tmp_path / "own.yaml").write_text(parts + "outcomes: {sealed: It is shut.}\n")
    texts = LetterTexts(ComplaintSettings(language="en"), ZONE, tmp_path / "own.yaml")
    words = {"reference": "C-1", "number": "95012345", "reason": "x", "outcome": texts.outcome("sealed", "")}
    assert texts.written("answer", "sealed", words, NOON) == ("S 95012345", "B C-1 x\n")
    assert texts.written("owner", "sealed", words, NOON).body == "It is shut.\n"


@pytest.mark.parametrize("own", ["words: [a]", "words: {who: [x]}", "outcomes: {sealed: 3}"])
def test_what_is_no_text_is_refused(tmp_path, own):
    parts = "".join(f"{kind}: {{subject: S, body: B}}\n" for kind in ("confirm", "answer", "appeal", "owner"))
    (tmp_path / "own.yaml").write_text(parts + own)
    with pytest.raises(ComplaintError, match="are names and texts"):
        read_texts("en", tmp_path / "own.yaml")


@pytest.mark.parametrize(
    ("span", "english", "chinese"),
    [
        (TimeLimit(hours=24), "24 hours", "24小时"),
        (TimeLimit(hours=1), "1 hour", "1小时"),
        (TimeLimit(hours=120), "5 days", "5天"),
        (TimeLimit(working_days=20), "20 working days", "20个工作日"),
    ],
)
def test_how_soon_an_appeal_is_decided(span, english, chinese):
    for language, expected in (("en", f"within {english} of"), ("zh", f"后 {chinese} 内")):
        texts = LetterTexts(ComplaintSettings(language=language), ZONE, None)
        assert expected in texts.written("owner", "sealed", {}, NOON, span).body

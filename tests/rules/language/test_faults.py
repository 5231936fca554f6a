"""What pydantic says about a document becomes a sentence with a place, and the nearest known word."""

# ruff: noqa: E501 - a fault reads best in one line

import pytest
from pydantic import ValidationError

from rules.language.faults import Fault, RuleError, faults_of, nearest
from rules.language.source import read_document
from rules.settings.screening import ScreeningSettings


def said(text: str) -> list[str]:
    document = read_document(text, "f.yaml")
    with pytest.raises(ValidationError) as error:
        ScreeningSettings.model_validate(document.data)
    return [str(fault) for fault in faults_of(error.value, document, ScreeningSettings)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("loging: {}\n", "f.yaml:1:1: unknown key 'loging'; did you mean 'logging'?"),
        ("lists:\n  x: {kind: block, min_lenght: 3}\n", "f.yaml:2:20: unknown key 'min_lenght'; did you mean 'min_length'?"),
        ("lists: {x: {kind: blok}}\n", "f.yaml:1:19: kind: 'blok' is none of the words allowed here; did you mean 'block'?"),
        ("lists: {x: {kind: block, min_length:3}}\n", "f.yaml:1:26: unknown key 'min_length:3'; put a space after the colon"),
        ("lists: {x: {kind: block, min_length：3}}\n", "f.yaml:1:36: a full-width colon ： stands here; write an ordinary ':' and a blank"),
        ("lists: {x: {}}\n", "f.yaml:1:9: 'kind' is missing; add kind: ..."),
        ("lists: {x: {kind: suspect, suspicion: 99}}\n", "f.yaml:1:39: suspicion: '99' is out of bounds; write 10 or less"),
        ("storage: {decision_days: soon}\n", "f.yaml:1:26: decision_days: 'soon' is not what belongs here; write a whole number"),
        ("headers: X-A\n", "f.yaml:1:10: headers: 'X-A' is not what belongs here; write a list"),
        ("headers: [a, b, c, d, e, f, g, h, i]\n", "f.yaml:1:10: headers: there is too much here; write at most 8"),
        ("time_zone: Mars\n", "f.yaml:1:12: time_zone: 'Mars' is no time zone; write one such as Asia/Shanghai or UTC"),
        ("logging: {mask_numbers: perhaps}\n", "f.yaml:1:25: mask_numbers: 'perhaps' is not what belongs here; write true or false"),
        ("thresholds:\n", "f.yaml:1:12: thresholds: an empty value is not what belongs here; write keys with values"),
    ],
)  # fmt: skip
def test_each_fault_names_place_what_is_wrong_and_what_would_be_right(text, fault):
    assert said(text) == [fault]


def test_all_faults_come_at_once_in_the_order_of_the_file():
    assert [
        line.split(":")[1] for line in said("time_zone: Mars\nloging: 1\nthresholds: {tag: x}\nrulez: 1\n")
    ] == list("1234")


def test_numbers_and_truths_may_be_text():
    document = read_document("thresholds: {tag: 7}\nlogging: {mask_numbers: no}\n", "f")
    settings = ScreeningSettings.model_validate(document.data)
    assert (settings.thresholds.tag, settings.logging.mask_numbers) == (7, False)


def test_the_nearest_word_or_all_of_them():
    assert nearest("starts_wiht", ["starts_with", "exact"]) == "did you mean 'starts_with'?"
    assert nearest("qqq", ["b", "a"]) == "known here: a, b"
    assert nearest("qqq", []) == "there is none to choose from"


def test_a_fault_of_a_whole_file_has_no_line_and_a_warning_says_so():
    assert str(Fault("f", 0, 0, "it is gone")) == "f: it is gone"
    assert str(Fault("f", 1, 2, "old", "renew it", warning=True)) == "f:1:2: warning: old; renew it"
    assert str(RuleError([Fault("f", 0, 0, "a"), Fault("f", 0, 0, "b")])) == "f: a\nf: b"

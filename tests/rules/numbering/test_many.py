"""Prefix 95*, range 95500..95599, and nothing else: what looks like one of them says what would be right."""

import pytest

from rules.numbering.many import SpellingFault, Spelt, one_typed, read_spelling


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("95588", Spelt("95588")),
        ("+86 (10) 6555-1234", Spelt("+86 (10) 6555-1234")),
        ("95*", Spelt("95", prefix=True)),
        ("９５＊", Spelt("95", prefix=True)),
        ("+86 170*", Spelt("+86 170", prefix=True)),
        ("95500..95599", Spelt("95500", "95599")),
        (" 95500 .. 95599 ", Spelt("95500", "95599")),
        ("+8613800000000..+8613899999999", Spelt("+8613800000000", "+8613899999999")),
        ("EXT:200..EXT:299", Spelt("EXT:200", "EXT:299")),
        ("EXT:*70", Spelt("EXT:*70")),
        ("EXT:*7*", Spelt("EXT:*7", prefix=True)),
    ],
)
def test_numbers_prefixes_and_ranges_have_one_spelling(text, spelt):
    assert read_spelling(text, "CN") == spelt


@pytest.mark.parametrize(
    ("text", "country"),
    [
        ("010-65551234", "CN"),
        ("138-0013-8000", "CN"),
        ("400-612-3456", "CN"),
        ("955-88", "CN"),
        ("138.0013.8000", "CN"),
        ("2345-6789", "HK"),
        ("030-123456", "DE"),
        ("mary-ann", "CN"),  # no number: whoever reads numbers says so
    ],
)
def test_hyphens_and_dots_may_stand_inside_one_number(text, country):
    assert read_spelling(text, country) == Spelt(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("95500-95599", "95500..95599"),
        ("95500–95599", "95500..95599"),
        ("95500 - 95599", "95500..95599"),
        ("95500~95599", "95500..95599"),
        ("95500 to 95599", "95500..95599"),
        ("95500至95599", "95500..95599"),
        ("95500...95599", "95500..95599"),
        ("95500…95599", "95500..95599"),
        ("+8613800000000-+8613899999999", "+8613800000000..+8613899999999"),
        ("EXT:200-EXT:299", "EXT:200..EXT:299"),
        ("95500-99", "9550099 for one number, 95500..95599"),
        ("2001-2099", "20012099 for one number, 2001..2099"),
        ("955..", "955*"),
        ("..955", "955*"),
        ("95**", "95*, with one"),
        ("9*5", "9*"),
        ("*70", "EXT:*70"),
        ("*", "such as 95*"),
        ("95*..96*", "95* or 95500..95599"),
    ],
)
def test_whatever_else_has_such_signs_says_what_would_be_right(text, right):
    with pytest.raises(SpellingFault) as caught:
        read_spelling(text, "CN")
    assert right in str(caught.value).partition("; ")[2]


def test_where_one_number_belongs_a_prefix_is_refused():
    assert one_typed("95588", "CN").canonical == "CN:95588"
    for text in ("95*", "95500..95599", "95500-95599"):
        with pytest.raises(SpellingFault):
            one_typed(text, "CN")

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


@pytest.mark.parametrize("first", ["13912340018", "+8613912340018", "95588", "138*"])
@pytest.mark.parametrize(
    "between", [";", "; ", ";+86", "；", "、", "|", ",", "/", "&", " or ", "\n", ":", "@", " : ", ";;", ";sip:", "和"]
)
def test_two_numbers_in_one_text_are_never_taken_for_the_first_of_them(first, between):
    """The second one would ring, on a list that a person believes it on."""
    try:
        found = one_typed(f"{first}{between}13912340019", "CN")
    except SpellingFault:
        return
    assert not found.canonical


def test_two_numbers_are_named_as_such_wherever_numbers_are_typed():
    with pytest.raises(SpellingFault, match="'13912340018;carrier' holds more than one number; write each by itself"):
        read_spelling("13912340018;carrier")


@pytest.mark.parametrize(
    "text",
    [
        "tel:13912340018;phone-context=+86",
        "sip:13912340018@h;user=phone",
        "tel:+8613912340018;npdi;ext=12",
        "13912340018;phone-context=+86",
        "sip:+8613912340018@192.0.2.1:5060;lr",
        "13912340018@example.com:5060",
        "+8613912340018@127.0.0.1:15060",
    ],
)
def test_parameters_of_an_address_are_no_second_number(text):
    assert one_typed(text, "CN").canonical == "+8613912340018"

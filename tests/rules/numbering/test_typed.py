"""What people type is read in the home country's plan; where nobody chose one, only what all plans read alike."""

import pytest

from rules.numbering.typed import (
    SpellingFault,
    Spelt,
    UndecidedHome,
    decided,
    home_of,
    one_typed,
    prefix_typed,
    read_spelling,
    read_typed,
)
from rules.texts.bad_value import BadValue


def test_the_home_is_the_country_that_was_set_else_the_only_one_of_the_trunks():
    assert home_of("CN", ["HK", "US"]) == "CN"
    assert home_of("", ["CN", "", "CN"]) == "CN"
    assert home_of("", ["", ""]) == ""
    assert home_of("", ["HK", "CN"]) == "CN HK"
    assert [decided(home) for home in ("CN", "", "CN HK")] == ["CN", "", ""]


@pytest.mark.parametrize("home", ["CN HK", "CN US"])
@pytest.mark.parametrize("text", ["95588", "10086", "110", "01065551234", "13800138001", "12321", "9 5 5 8 8"])
def test_a_national_spelling_between_two_countries_is_refused(text, home):
    with pytest.raises(UndecidedHome, match=r"write it with its country code \(\+86\d+\) or with its plan \(CN:\d+\)"):
        read_typed(text, home)


def test_groups_of_a_number_between_two_countries_are_those_of_any_of_them():
    """`could be several numbers` would be the wrong cause, and its advice is refused next."""
    for text in ("(212) 555-0188", "212-555-7777", "(212) 555 0123"):
        with pytest.raises(UndecidedHome, match="is read differently in DE and US; write it with its country code"):
            one_typed(text, "DE US")


def test_the_two_ways_to_write_it_are_taken():
    with pytest.raises(UndecidedHome) as error:
        read_typed("13800138001", "CN HK")
    assert "'13800138001' is read differently in CN and HK" in str(error.value)
    assert "(+8613800138001)" in str(error.value)
    assert "(CN:13800138001)" in str(error.value)
    for text in ("+8613800138001", "CN:13800138001"):
        assert read_typed(text, "CN HK").canonical == "+8613800138001"
    for text in ("+8695588", "CN:95588", "cn:95588"):
        assert read_typed(text, "CN HK").canonical == "CN:95588"
    assert read_typed("CN:01065551234", "CN HK").canonical == "+861065551234"
    assert read_typed("HK:23456789", "").canonical == "+85223456789"


def test_what_begins_with_a_countrys_own_code_is_advised_with_its_plus_first():
    for home in ("DE IT", "IT DE"):
        with pytest.raises(BadValue, match=r"write \+4915123456789 or \+494915123456789"):
            read_typed("4915123456789", home)


def test_what_both_countries_read_alike_is_taken():
    assert read_typed("0085223456789", "CN HK").canonical == "+85223456789"
    assert read_typed("1001", "CN HK", called=True).canonical == "EXT:1001"
    assert read_typed("EXT:95588", "CN HK").canonical == "EXT:95588"


@pytest.mark.parametrize("text", ["138*", "95*", "0755*", "0*"])
def test_so_are_the_beginnings_of_numbers(text):
    with pytest.raises(ValueError, match=r"CN and HK|zeros alone"):
        prefix_typed(text, "CN HK")
    assert prefix_typed("+86138*", "CN HK") == "+86138"
    assert prefix_typed("CN:138*", "CN HK") == "+86138"
    assert prefix_typed("CN:95*", "CN HK") == "CN:95"
    assert prefix_typed("CN:10*", "CN") == "CN:10"
    assert prefix_typed("EXT:20*", "CN HK") == "EXT:20"


def test_a_plan_of_no_country_is_refused():
    for read in (read_typed, prefix_typed):
        with pytest.raises(ValueError, match="'XX' is no country"):
            read("XX:95588", "CN")


def test_without_any_country_bare_digits_are_e164():
    assert read_typed("8613800138001", "").canonical == "+8613800138001"
    assert read_typed("95588", "").canonical == "EXT:95588"


def test_the_advice_offers_what_each_country_reads_and_nothing_impossible():
    with pytest.raises(UndecidedHome) as error:
        read_typed("0512345678", "CN SA")
    assert "(+966512345678)" in str(error.value)
    assert "+86512345678" not in str(error.value)


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
        ("955-", "955 for one number, 955*"),
        ("0170-", "0170 for one number, 0170*"),
        ("+86 170 1234–", "+861701234 for one number, +861701234*"),
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


@pytest.mark.parametrize("text", ["FR:33612*", "DE:4930*", "IT:39347*"])
def test_a_beginning_of_a_named_plan_that_could_mean_two_things_is_refused_there_too(text: str):
    with pytest.raises(BadValue, match="could mean numbers that begin with"):
        prefix_typed(text, "CN")

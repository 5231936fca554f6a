"""What people type is read in the home country's plan; where nobody chose one, only what all plans read alike."""

import pytest

from rules.numbering.home import UndecidedHome, decided, home_of, prefix_typed, read_typed


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

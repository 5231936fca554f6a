"""Whole numbers that lost a 0 or a + in front are refused where they could be another one's, at every door."""

from __future__ import annotations

import phonenumbers
import pytest

from rules.lists.admission import EntryError, read_entry
from rules.model import Trunk
from rules.numbering.numbers import read_number
from rules.numbering.spoilt import SpoiltNumber, spoilt_readings
from rules.numbering.typed import one_typed
from rules.settings.screening import ListSettings
from rules.texts.bad_value import BadValue

BLOCK = ListSettings(kind="block", min_length=1)


@pytest.mark.parametrize(
    ("home", "text", "readings"),
    [
        ("DE", "4915123456789", ("+4915123456789", "+494915123456789")),  # a mobile without its +, or one in Leer
        ("DE", "18002220099", ("+4918002220099", "+18002220099")),  # shared cost, or free of charge in North America
        ("IT", "612345678", ("+390612345678", "EXT:612345678")),
        ("IT", "815512345", ("+390815512345", "EXT:815512345")),
        ("IT", "345123456", ("+39345123456", "+390345123456")),
        ("HU", "612345678", ("+3612345678", "EXT:612345678")),  # 06 1 234 5678 without its 0
        ("DE", "tel:4915123456789", ("+4915123456789", "+494915123456789")),
        ("DE", "sip:4915123456789@h", ("+4915123456789", "+494915123456789")),
        ("DE", "4915123456789;ext=12", ("+4915123456789", "+494915123456789")),
        ("IT", "DE:4915123456789", ("+4915123456789", "+494915123456789")),
        ("IT SM", "612345678", ("+390612345678", "EXT:612345678")),  # of two trunks, between which nobody chose
        ("CI", "723456789", ("+2250723456789", "EXT:723456789")),
        ("MX", "0445512345678", ("+525512345678", "EXT:0445512345678")),  # dialled so until 2019
        ("MX", "0455512345678", ("+525512345678", "EXT:0455512345678")),
        ("MX", "015512345678", ("+525512345678", "EXT:015512345678")),
        ("MX", "MX:0445512345678", ("+525512345678", "EXT:0445512345678")),
    ],
)
def test_what_could_be_two_numbers_is_refused_at_every_door_with_both(home: str, text: str, readings: tuple[str, ...]):
    with pytest.raises(SpoiltNumber) as refused:
        one_typed(text, home)
    assert refused.value.hint.endswith(" or ".join(readings))
    with pytest.raises(EntryError) as refused_by_list:
        read_entry(text, BLOCK, country=home)
    assert refused_by_list.value.name in ("lost-zero", "old-prefix")
    for each in readings:
        assert one_typed(each, home).canonical == each


@pytest.mark.parametrize(
    ("home", "text", "here", "there"),
    [
        ("US", "43 1 5883000", "+14315883000", "+4315883000"),
        ("US", "45 87 12 34 56", "+14587123456", "+4587123456"),
        ("US", "65-8858-3517", "+16588583517", "+6588583517"),
        ("US", "(65) 8858 3517", "+16588583517", "+6588583517"),
        ("MX", "49 3521 5648", "+524935215648", "+4935215648"),
    ],
)
def test_a_country_s_code_that_stands_as_a_group_by_itself_is_refused_with_both(home, text, here, there):
    with pytest.raises(SpoiltNumber) as refused:
        one_typed(text, home)
    assert refused.value.hint == f"write {there} or {here}"


@pytest.mark.parametrize(
    ("home", "texts"),
    [
        ("US", ("212 555 0123", "(212) 555-0123", "431-588-3000", "1 431 588 3000", "658.858.3517")),
        ("MX", ("55 1234 5678", "33 1234 5678", "493 521 5648")),
        ("BR", ("(34) 91123-4567", "11 91234 5678")),
        ("IN", ("1800 222 0099", "44 2345 6789", "98765 43210")),
        ("ES", ("91 123 45 67", "93 123 45 67")),
    ],
)
def test_groups_as_they_are_usual_are_of_the_country(home, texts):
    code = phonenumbers.country_code_for_region(home)
    for text in texts:
        assert one_typed(text, home).canonical.startswith(f"+{code}"), text


@pytest.mark.parametrize(
    ("home", "text", "here", "otherwise"),
    [
        ("US", "912125550123", "+12125550123", "+912125550123"),  # India's, as it stands
        ("US", "92125550123", "+12125550123", "EXT:92125550123"),
        ("CN", "913800138001", "+8613800138001", "+913800138001"),
        ("GB", "902079460958", "+442079460958", "EXT:902079460958"),
        ("JP", "909012345678", "+819012345678", "EXT:909012345678"),
        ("AU", "90412345678", "+61412345678", "EXT:90412345678"),
        ("US", "82125550123", "+12125550123", "+82125550123"),  # Korea's
    ],
)
def test_behind_the_digit_of_an_outside_line_stands_no_other_countrys_number(home, text, here, otherwise):
    with pytest.raises(SpoiltNumber, match=r"behind the [89] that a PBX dials out by") as refused:
        one_typed(text, home)
    assert refused.value.hint == f"write {here} or {otherwise}"
    with pytest.raises(EntryError) as refused_by_list:
        read_entry(text, BLOCK, country=home)
    assert refused_by_list.value.name == "outside-line"


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        ("US", "919876543210", "+919876543210"),  # +1 987 is nobody's
        ("CN", "91 98765 43210", "+919876543210"),  # set apart as a country code is
        ("US", "+912125550123", "+912125550123"),
        ("RU", "9161234567", "+79161234567"),
        ("DE", "1701234567", "+491701234567"),  # it can be nobody else's
        ("IT", "3471234567", "+393471234567"),
        ("IT", "3451234567", "+393451234567"),  # 0345 is Bergamo's, of fewer digits
        ("IT", "393471234567", "+393471234567"),
        ("IT", "61234", "EXT:61234"),
        ("IN", "9876543210", "+919876543210"),
        ("CN", "1088886666", "+861088886666"),
        ("CO", "3211234567", "+573211234567"),  # a 0 stands before no mobile there
        ("MX", "5512345678", "+525512345678"),
        ("MX", "0445", "EXT:0445"),
    ],
)
def test_what_can_be_one_number_only_is_that(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical


def _left_over(country: str, sort: int) -> list[tuple[str, str]]:
    """What is left of the example of a plan without its + or its 0, and what it was."""
    example = phonenumbers.example_number_for_type(country, sort)
    if example is None:
        return []
    canonical = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    spellings = {phonenumbers.national_significant_number(example), "".join(filter(str.isdigit, written))}
    whole = Trunk("", country=country)
    zeros = {each for each in spellings if each[0] == "0" and read_number(each, whole).canonical == canonical}
    return [(each, canonical) for each in sorted({canonical[1:]} | {each[1:] for each in zeros})]


def test_whatever_country_it_is_of_no_number_is_taken_for_anothers():
    wrong = []
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for text, canonical in (each for sort in (0, 1) for each in _left_over(country, sort)):
            try:
                found = read_entry(text, BLOCK, country=country).text
            except EntryError:
                found = canonical
            try:
                typed = one_typed(text, country).canonical
            except BadValue:
                typed = canonical
            if {found, typed} != {canonical}:
                wrong.append((country, text, canonical, found, typed))
    assert not wrong


def test_a_number_as_it_is_printed_in_its_country_is_that_number():
    """Of every sort; those that are refused are set apart where others end."""
    wrong, refused, count = [], 0, 0
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for example in filter(None, (phonenumbers.example_number_for_type(country, sort) for sort in range(11))):
            canonical = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
            count += 1
            try:
                found = one_typed(
                    phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL), country
                ).canonical
            except BadValue:
                refused += 1
                continue
            if found != canonical and country != "CN":
                wrong.append((country, canonical, found))
    assert refused * 50 < count, refused
    assert not wrong


def test_without_a_home_nothing_is_missed():
    assert spoilt_readings("4915123456789", read_number("4915123456789", Trunk("")), "") == ()

"""Two spellings of one number are one number, or one of them is refused with what to write: on lists and of callers."""

from __future__ import annotations

import phonenumbers
import pytest
from phonenumbers import PhoneMetadata, PhoneNumberFormat

from rules.lists.admission import EntryError, read_entry
from rules.model import NumberClass, Trunk
from rules.numbering.old_spellings import as_written_now
from rules.numbering.readings import readings
from rules.numbering.typed import one_typed, prefix_typed
from rules.settings.screening import ListSettings
from rules.texts.bad_value import BadValue

BLOCK = ListSettings(kind="block", min_length=1)
MEXICAN = "+525587654321"


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        *(("MX", text, MEXICAN) for text in ("+5215587654321", "5215587654321", "MX:5215587654321", "005215587654321")),
        *(("MX", text, MEXICAN) for text in ("+52 1 55 8765 4321", "52 1 55 8765 4321", "+52 1 (55) 8765-4321")),
        *(("MX", text, MEXICAN) for text in ("+52 01 55 8765 4321", "+52 044 55 8765 4321", "+52 045 55 8765 4321")),
        *(("US", text, MEXICAN) for text in ("+5215587654321", "0115215587654321")),
        ("AR", "+54 11 15 2345 6789", "+5491123456789"),
        ("AR", "54111523456789", "+5491123456789"),
        ("AR", "011 15 2345 6789", "+5491123456789"),
        ("AR", "AR:0111523456789", "+5491123456789"),
        ("BR", "0 15 11 96123 4567", "+5511961234567"),  # by the carrier 15
        ("BR", "+55 0 11 96123 4567", "+5511961234567"),
        ("BR", "BR:01511961234567", "+5511961234567"),
        ("BJ", "+22997123456", "+2290197123456"),
        ("BJ", "22997123456", "+2290197123456"),
    ],
)
def test_an_old_spelling_is_the_number_of_today_on_lists_and_of_callers(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical
    assert read_entry(text, BLOCK, country=home).text == canonical
    if ":" not in text and " " not in text:
        caller = readings(text, Trunk("", country=home, national=True, home=home))
        assert (caller.first.canonical, caller.differ) == (canonical, False)


@pytest.mark.parametrize(
    ("home", "text", "advice"),
    [
        ("MX", "15587654321", "write +525587654321"),
        ("MX", "MX:15587654321", "write +525587654321"),
        ("BR", "1181234567", "write +5511981234567"),  # a mobile without its ninth digit
        ("BR", "011 8123 4567", ""),
        ("BR", "551181234567", "write +5511981234567"),
        ("BR", "+551181234567", "+5511981234567"),
        ("BJ", "97123456", "write +2290197123456"),
        ("AR", "1523456789", "EXT:1523456789"),
        ("IT", "39612345678", "write +390612345678"),  # dialled so from abroad until 1998
        ("IT", "+39612345678", "+390612345678"),
    ],
)
def test_what_no_plan_has_is_no_extension_and_what_to_write_is_said(home: str, text: str, advice: str):
    with pytest.raises(EntryError) as refused:
        read_entry(text, BLOCK, country=home)
    assert advice in refused.value.reason
    if text[0] != "+":
        with pytest.raises(BadValue):
            one_typed(text, home)


def test_a_beginning_is_that_of_today():
    assert prefix_typed("+52155*", "MX") == "+5255"


def _spellings(country: str, sort: int) -> tuple[str, list[str]]:
    """A number of a plan, and in how many ways people and exports write it."""
    example = phonenumbers.example_number_for_type(country, sort)
    if example is None:
        return "", []
    canonical = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    code, nsn = str(example.country_code), phonenumbers.national_significant_number(example)
    national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
    digits = "".join(filter(str.isdigit, national))
    prefix = PhoneMetadata.metadata_for_region(country).national_prefix or ""
    found = [f"{head}{code}{rest}" for head in ("+", "", "00") for rest in (nsn, prefix + nsn)]
    found += [national, digits, nsn, prefix + nsn, "+00" + code + nsn, "000" + code + nsn]
    if prefix == "0":
        found += [f"+{code}(0){nsn}", f"+{code} (0) {nsn}", f"00{code} (0){nsn}"]
    return canonical, [*found, *(f"{country}:{each}" for each in (nsn, digits, prefix + nsn, code + nsn))]


def test_whatever_country_it_is_of_no_spelling_makes_another_person():
    """Of what is read the number is the one that was meant; an extension of a few digits is nobody else."""
    wrong = []
    for country in sorted(phonenumbers.SUPPORTED_REGIONS):
        for canonical, texts in (_spellings(country, sort) for sort in (0, 1)):
            for text in texts:
                try:
                    number = one_typed(text, country)
                except BadValue:
                    continue
                refused = number.kind in (NumberClass.IMPOSSIBLE, NumberClass.MALFORMED)
                short = number.kind is NumberClass.EXTENSION and len(number.canonical) < len("EXT:") + 9
                if not (refused or short or number.canonical == canonical):
                    wrong.append((country, text, canonical, number.canonical))
    assert not wrong


def test_a_number_of_today_is_in_no_old_spelling():
    for country in phonenumbers.SUPPORTED_REGIONS:
        for sort in range(11):
            example = phonenumbers.example_number_for_type(country, sort)
            digits = phonenumbers.format_number(example, PhoneNumberFormat.E164)[1:] if example else ""
            assert not as_written_now(digits)

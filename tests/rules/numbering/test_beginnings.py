"""The beginning of numbers that somebody typed covers what whole numbers that begin so are read as, or is refused."""

from __future__ import annotations

import re
from random import Random

import phonenumbers
import pytest
from phonenumbers.phonemetadata import PhoneMetadata

from rules.model import Trunk
from rules.numbering.beginnings import beginning_typed
from rules.numbering.numbers import read_number
from rules.numbering.plan_table import codes_of
from rules.numbering.typed import prefix_typed
from rules.texts.bad_value import BadValue
from tests.examples import is_fuzzing


@pytest.mark.parametrize(
    ("country", "text", "expected"),
    [
        ("LT", "8612*", "+370612"),  # 8 was dialled first until lately, and stands on every old list
        ("BY", "029*", "+37529"),
        ("BY", "8029*", "+37529"),
        ("RU", "8495*", "+7495"),
        ("RU", "89*", "+79"),
        ("AR", "0341155*", "+5493415"),  # a mobile of Rosario
        ("BO", "0112*", "+5912"),
        ("CR", "19002*", "+5062"),
        ("CO", "036*", "+576"),
        ("BR", "011*", "+5511"),
        ("US", "212*", "+1212"),
        ("US", "01186*", "+86"),
        ("GB", "07911*", "+447911"),
        ("GB", "8613*", "+8613"),
        ("IN", "1800*", "+911800"),
        ("AU", "1300*", "+611300"),
        ("BY", "+375029*", "+37529"),
        ("DE", "+49 0151", "+49151"),
        ("AU", "6141*", "+6141"),
        ("SM", "5498*", "+37805498"),
        ("CI", "707*", "+2250707"),
        ("IT", "347*", "+39347"),
        ("IT", "+3906*", "+3906"),
        ("US", "+999*", "+999"),  # called from, though no plan has it
    ],
)
def test_what_is_dialled_before_a_number_is_no_part_of_its_beginning(country: str, text: str, expected: str):
    assert beginning_typed(text, country) == expected
    assert beginning_typed(expected, country) == expected


@pytest.mark.parametrize(
    ("country", "text", "advice"),
    [
        ("BR", "02131*", "write +552131 or +5531"),  # Rio, or Belo Horizonte by a carrier
        ("AR", "01115*", "write +541115 or +54911"),
        ("AR", "011*", "write +5411 or +54911"),
        ("LT", "86*", "write +3706 or +86"),
        ("BY", "801", r"write +3751 or +375801"),
        ("GB", "7911*", "write +447911 or +7911"),  # a mobile, or Saint Petersburg's
        ("DE", "8613*", "write +498613 or +8613"),
        ("DE", "30*", "write +30 or +4930"),
        ("DE", "491512345*", "write +491512345 or +49491512345"),  # a mobile without its +, or Leer without its 0
        ("DE", "49151*", "write +49151 or +4949151"),
        ("DE", "4915123456*", "write +4915123456 or +494915123456"),
        ("DE", "491761234*", "write +491761234 or +49491761234"),
        ("IN", "9198*", "write +9198 or +919198"),
        ("IN", "91987654*", "write +91987654 or +9191987654"),
        ("PL", "4850*", "write +4850 or +484850"),
        ("HU", "612*", "write +3612 or +612"),  # 06 1 is Budapest
        ("IT", "61234*", "write +39061234 or +61234"),  # Rome without its 0, or Sydney
        ("IT", "8155*", "write +3908155 or +8155"),
        ("ES", "91*", "write +3491 or +91"),
        ("US", "91*", "write +191 or +91"),
        ("CN", "234*", "write +234 or +86234"),
        ("CN", "17951138*", "write +86138 or +8617951138"),
        ("CN", "100861*", "begins no number of CN"),
        ("CN", "+86101234556*", "begins no number of CN"),
        ("CN", "+8601*", "write one digit more"),
        ("CN", "+860*", "write +86"),
        ("GB", "44*", "write +44 if all of its numbers are meant"),
        ("CO", "0571*", "write +571 for another country"),
        ("BR", "0015*", "ends within what is dialled before a country code"),
        ("TH", "001*", "ends within what is dialled before a country code"),
    ],
)
def test_what_could_begin_several_numbers_or_none_is_refused(country: str, text: str, advice: str):
    with pytest.raises(BadValue, match=re.escape(advice)):
        beginning_typed(text, country)


@pytest.mark.parametrize(
    ("text", "expected"), [("CN:20*", "+8620"), ("CN:855", "+86855"), ("GB:7911", "+447911"), ("US:91", "+191")]
)
def test_whoever_names_the_country_means_no_other(text: str, expected: str):
    assert prefix_typed(text, "DE") == expected


_TRIED = 2  # cases of each plan, of up to fifty
# China's table has its own tests; and of North America a few are enough.
_ALIKE = {"CN"} | {*phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1]} - {"US", "BB", "AG"}


def _dialled_before(country: str) -> list[str]:
    """What is, was or may be dialled before national numbers there."""
    metadata = PhoneMetadata.metadata_for_region(country)
    trunk_prefix = (metadata.national_prefix or "") if metadata else ""
    parsing = metadata.national_prefix_for_parsing if metadata else None
    found = {"", trunk_prefix, "0", "8", "1"}
    for carrier in ("12", "14", "15", "21", "31", "41", "05", "07", "09", "03", "10", "1", "2", "99"):
        if parsing and re.match(parsing, trunk_prefix + carrier + "3132345678"):
            found.add(trunk_prefix + carrier)
    return sorted(found)


def _some(cases: set[tuple[str, str, int]], country: str) -> list[tuple[str, str, int]]:
    """The same few cases of each plan in each run; all of them under `make fuzz`."""
    every = sorted(cases)
    return every if is_fuzzing() else Random(country).sample(every, min(len(every), _TRIED))


def _dialled_nationally(country: str) -> set[tuple[str, str, int]]:
    """What examples of a plan are dialled as, what they mean, and where the beginning is cut."""
    found = set()
    for sort in (0, 1):
        example = phonenumbers.example_number_for_type(country, sort)
        if example is None:
            continue
        canonical = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        national = phonenumbers.national_significant_number(example)
        written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
        spellings = {(before, national) for before in _dialled_before(country)}
        spellings.add(("", "".join(filter(str.isdigit, written))))
        spellings.add(("00" + codes_of(country)[0], national))
        for before, digits in spellings:
            if read_number(before + digits, Trunk("", country=country)).canonical == canonical:
                found |= {(before + digits, canonical, len(before) + more) for more in (2, 4)}
    return found


@pytest.mark.hypothesis  # so that `make fuzz` tries it, too
@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_the_beginning_of_each_plans_numbers_covers_them_or_is_refused(letter: str):
    """Typed nationally, behind whatever is dialled there, and cut at any place behind that."""
    wrong = []
    for country in sorted(each for each in phonenumbers.SUPPORTED_REGIONS if each[0] == letter and each not in _ALIKE):
        for dialled, canonical, length in _some(_dialled_nationally(country), country):
            try:
                beginning = beginning_typed(dialled[:length], country)
            except BadValue:
                continue
            if not canonical.startswith(beginning):
                wrong.append((country, dialled[:length], beginning, dialled, canonical))
    assert not wrong


def _without_its_plus_or_zero(country: str, sort: int) -> list[tuple[str, str]]:
    """The example of a plan as a spreadsheet leaves it, with the number that was meant."""
    example = phonenumbers.example_number_for_type(country, sort)
    if example is None:
        return []
    canonical = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    national = phonenumbers.national_significant_number(example)
    written = "".join(filter(str.isdigit, phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)))
    spoilt = {canonical[1:]}
    for each in (national, written):
        if each[0] == "0" and read_number(each, Trunk("", country=country)).canonical == canonical:
            spoilt.add(each[1:])
    return [(each, canonical) for each in sorted(spoilt)]


@pytest.mark.hypothesis
@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_a_beginning_that_lost_its_plus_or_its_zero_covers_what_was_meant_or_is_refused(letter: str):
    wrong = []
    for country in sorted(each for each in phonenumbers.SUPPORTED_REGIONS if each[0] == letter and each not in _ALIKE):
        wholes = {each for sort in (0, 1) for each in _without_its_plus_or_zero(country, sort)}
        cases = {(*each, length) for each in wholes for length in (3, 5, len(each[0]) - 2)}
        for spoilt, canonical, length in _some(cases, country):
            try:
                beginning = beginning_typed(spoilt[:length], country)
            except BadValue:
                continue
            if not canonical.startswith(beginning):
                wrong.append((country, spoilt[:length], beginning, canonical))
    assert not wrong

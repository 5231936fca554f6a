"""A number that the North American plan allows is one, also where the library does not know its area code yet."""

from __future__ import annotations

import pytest

from rules.model import NumberClass, Trunk
from rules.numbering.numbers import read_number
from rules.numbering.readings import readings
from rules.numbering.typed import surely_typed

US = Trunk("carrier", country="US", home="US")
CA = Trunk("carrier", country="CA", home="CA")
LATELY = ("436", "861", "924", "679", "457", "624", "387", "729")  # area codes in service since 2023 or later


@pytest.mark.parametrize("trunk", [US, CA], ids=["US", "CA"])
@pytest.mark.parametrize("area", LATELY)
@pytest.mark.parametrize("before", ["+1", "1", "", "0111", "001"])
def test_an_area_code_that_the_library_lacks_is_read_in_the_plan_and_in_no_other_country(before, area, trunk):
    found = readings(f"{before}{area}2345678", trunk)
    assert found.first[:3] == (f"+1{area}2345678", NumberClass.FIXED, trunk.country)
    assert (found.others, found.resembled, found.differ) == ((), (), False)


@pytest.mark.parametrize("area", LATELY)
def test_such_a_number_can_be_typed_in_each_spelling(area):
    for spelt in (f"{area}2345678", f"+1{area}2345678", f"({area}) 234-5678", f"1-{area}-234-5678"):
        assert surely_typed(spelt, "US").canonical == f"+1{area}2345678"
    assert surely_typed(f"+1 {area} 234 5678", "DE").canonical == f"+1{area}2345678"


@pytest.mark.parametrize(
    "national",
    # N11, N9X, 37X and 96X; an area code that begins with 0 or 1; an exchange that does, or is N11; the length.
    [
        *("2112345678", "3912345678", "3702345678", "9602345678", "1362345678", "0362345678"),
        *("4361345678", "4360345678", "4364115678", "43623456789", "436234567"),
    ],
)
def test_what_the_plan_forbids_stays_impossible(national):
    assert read_number(f"+1{national}", US).kind is NumberClass.IMPOSSIBLE


def test_a_plan_that_knows_the_digits_keeps_them():
    """387 is Toronto's, and a Chinese mobile may begin with 1387; behind a country code Austria stays Austria."""
    for national in (True, False):
        assert read_number("13872345678", Trunk("t", "CN", national=national)).canonical == "+8613872345678"
    assert read_number("0043 6622345678", US).canonical == "+436622345678"
    assert read_number("011 43 6622345678", US).canonical == "+436622345678"


def test_without_its_plus_it_is_read_on_international_trunks_as_any_other_of_the_plan():
    for user, canonical in (("14362345678", "+14362345678"), ("12125551234", "+12125551234")):
        for trunk in (Trunk("t", "DE", national=False), Trunk("t"), Trunk("t", "US", national=False)):
            assert read_number(user, trunk).canonical == canonical
    assert read_number("+14362345678", Trunk("t", "DE")).region == "US"

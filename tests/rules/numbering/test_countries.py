"""A country is one of ISO 3166; any other two letters are named, with what was meant."""

import phonenumbers
import pytest

from rules.numbering.countries import COUNTRIES, known_country


@pytest.mark.parametrize("code", ["CN", "HK", "US", "GB", "AQ", "XK"])
def test_what_is_a_country(code):
    assert known_country(code) == code


@pytest.mark.parametrize(
    ("code", "advice"), [("UK", "did you mean GB?"), ("XX", "write one such as CN"), ("cn", "write one such as CN")]
)
def test_a_country_that_does_not_exist_is_named(code, advice):
    with pytest.raises(ValueError, match=f"'{code}' is no country of ISO 3166; ") as error:
        known_country(code)
    assert advice in str(error.value)


def test_whatever_the_library_calls_the_region_of_a_number_is_a_country():
    assert phonenumbers.SUPPORTED_REGIONS <= COUNTRIES
    assert len(COUNTRIES) == 249 + 3

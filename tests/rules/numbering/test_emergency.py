"""An emergency call is known in any spelling, and an ordinary number is never taken for one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import country_code_for_region as region_code
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.shortnumberinfo import SUPPORTED_SHORT_REGIONS

from rules.numbering.emergency import NO_EMERGENCIES, emergency_table, is_emergency, own_numbers

CN = emergency_table("CN")
OURS = ("AT", "BR", "CH", "FR", "JP")  # countries of which emergency.csv knows more than the library


@pytest.mark.parametrize("number", ["110", "119", "120", "122", "112", "911", "999", "000"])
@pytest.mark.parametrize(
    "spelling", ["{0}", "+86{0}", "0086{0}", "{0};phone-context=+86", "+86-{0}", "tel:{0}", "{0}:secret", " {0} "]
)
def test_the_numbers_of_a_chinese_trunk(number: str, spelling: str):
    scheme, _, user = spelling.format(number).rpartition("tel:")
    assert is_emergency("tel" if scheme else "sip", user, CN)


@pytest.mark.parametrize(
    ("scheme", "user"),
    [
        ("sip", "１１０"),
        ("sip", "%31%31%30"),
        ("tel", "1-1-0"),
        ("sip", "+112"),
        ("sip", "010110"),
        ("sip", "+867551 10"),
        ("sip", "00867551 20"),
        ("urn", "service:sos"),
        ("URN", "Service:SOS"),
        ("urn", "service:sos.police"),
        ("urn", "service:sos;x=y"),
        ("sip", "urn:service:sos.fire"),
        ("sip", "110;phone-context=+49"),
        ("sip", "110;phone-context=ims.mnc000.mcc460.3gppnetwork.org"),
    ],
)
def test_spellings_that_people_and_networks_use(scheme: str, user: str):
    assert is_emergency(scheme, user, CN)


@pytest.mark.parametrize(
    ("scheme", "user"),
    [
        ("sip", "13800138110"),
        ("sip", "11012345"),
        ("sip", "02088886110"),
        ("sip", "1100"),
        ("sip", "86110"),
        ("sip", "96110"),
        ("sip", "0110"),
        ("sip", "+8613800110110"),
        ("sip", "+11012345678"),
        ("sip", "alice110"),
        ("sip", "E1112"),
        ("sip", ""),
        ("sip", "1.1.0.1"),
        ("sip", "194"),
        ("sip", "190;phone-context=example.com"),
        ("sip", "101;phone-context=+91"),
        ("sip", "118;phone-context=+81"),
        ("sip", "191;phone-context=ims.mnc089.mcc724.3gppnetwork.org"),
        ("sip", "15;phone-context=+33"),
        ("sip", "*112"),
        ("sip", "#112#"),
        ("sip", "*31#1101"),
        ("sip", "1#12"),
        ("sip", "11,0"),
        ("sip", "1102,"),
        ("sip", "wp110"),
        ("sip", "sos"),
        ("sip", "service:sos"),
        ("urn", "service:sosx"),
        ("urn", "service:test.sos"),
        ("urn", "service:counseling"),
        ("sip", "1" + "-" * 100 + "101"),
        ("sip", "*" + "-" * 100 + "110"),
    ],
)
def test_ordinary_numbers_that_look_a_little_like_one(scheme: str, user: str):
    assert not is_emergency(scheme, user, CN)


@pytest.mark.parametrize(
    "spelling",
    [
        "{0}#",
        "{0}%00",
        "{0}%00x",
        "{0},",
        "{0},1",
        "{0}*",
        "{0}p1",
        "{0}W2",
        "{0};ext=1",
        "{0}%23",
        "{0}%3B7",
        "_{0}",
        "{0}/",
        "/{0}",
        "'{0}'",
        "{0}_",
        "++{0}",
        "+{0}#",
        "({0})",
        "{0}%0d%0a",
        "{0}\x00",
        "\u200e{0}\u200c#",
        "{0};phone-context=+91",
    ],
)
@pytest.mark.parametrize("number", ["112", "110"])
def test_decorated_digits_are_still_an_emergency(number: str, spelling: str):
    assert is_emergency("sip", spelling.format(number), CN)


@pytest.mark.parametrize("count", [62, 300, 8_000])
@pytest.mark.parametrize("sign", ["-", "\u200b", "\u3164", "%20", "\u00a0", "_", "/", "'", "()", ". "])
def test_however_much_decorates_it_it_is_still_one(sign: str, count: int):
    for spelling in ("{1}{0}", "{0}{1}", "{0}#{1}", "{0},{1}1", "{0}p{1}", "{0};{1}", "({1}{0})", "+{1}{0}"):
        for number in ("112", "110"):
            assert is_emergency("sip", spelling.format(number, sign * count), CN), spelling


@pytest.mark.parametrize(
    "user", ["+" * 300 + "112", "112#" + "1#" * 200, "110," + "111," * 300, "112p" + "1" * 900, "1" + "-" * 100 + "10"]
)
def test_whatever_follows_where_dialling_ends_it_is_still_one(user: str):
    assert is_emergency("sip", user, CN)


def test_no_caller_makes_an_extension_an_emergency_by_naming_a_country():
    for region in SUPPORTED_SHORT_REGIONS:
        code = region_code(region)
        for number in own_numbers(region) - CN.numbers:
            assert not is_emergency("tel", f"{number};phone-context=+{code}", CN), (region, number)


@pytest.mark.parametrize(
    ("country", "number"),
    [
        ("GB", "999"),
        ("US", "911"),
        ("DE", "110"),
        ("FR", "15"),
        ("AU", "106"),
        ("JP", "118"),
        ("IN", "108"),
        ("ZA", "10111"),
    ],
)
def test_other_countries_have_their_own(country: str, number: str):
    assert is_emergency("sip", number, emergency_table(country))


def test_every_country_that_the_library_knows_is_written_out_in_full():
    for region in SUPPORTED_SHORT_REGIONS:
        described = PhoneMetadata.short_metadata_for_region(region).emergency
        if region == "CN" or described is None:
            continue
        pattern = re.compile(described.national_number_pattern or "")
        lengths = {length for length in described.possible_length if length > 0}
        assert {len(number) for number in own_numbers(region)} >= lengths, region
        assert region in OURS or all(pattern.fullmatch(number) for number in own_numbers(region)), region
    six = re.compile(PhoneMetadata.short_metadata_for_region("ER").emergency.national_number_pattern)
    assert {f"{n:06}" for n in range(100_000, 300_000) if six.fullmatch(f"{n:06}")} <= own_numbers("ER")


@pytest.mark.parametrize(
    ("country", "numbers"),
    [
        ("AT", "112 122 128 133 140 141 142 144 147"),
        ("CH", "112 117 118 143 144 145 147 1414"),
        ("FR", "112 114 115 116000 116117 119 15 17 18 191 196 197"),
    ],
)
def test_what_a_regulator_calls_an_emergency_number_is_one_where_the_library_does_not_know_it(country, numbers):
    assert own_numbers(country) == frozenset(numbers.split())
    code = region_code(country)
    for number in numbers.split():
        for spelling in (number, f"+{code}{number}", f"00{code}{number}", f"{number}#"):
            assert is_emergency("sip", spelling, emergency_table(country)), spelling
        off = emergency_table(country, off=[number])
        assert not is_emergency("sip", number, off), "an extension of the PBX"
        assert number in emergency_table("DE").numbers or not is_emergency("sip", number, emergency_table("DE"))


def test_extensions_beside_the_numbers_of_a_regulator_stay_extensions():
    for country, users in (("FR", ("1150", "11", "116001", "190")), ("AT", ("14", "143", "1400")), ("CH", ("141",))):
        for user in users:
            assert not is_emergency("sip", user, emergency_table(country)), (country, user)


def test_a_trunk_adds_and_switches_off():
    table = emergency_table("CN", ["12110", "E1112", "+8695119"], ["999"])
    for user in ("12110", "+8612110", "e1112", "E-1112", "+8695119"):
        assert is_emergency("sip", user, table), user
    for user in ("999", "+86999", "+999", "999;phone-context=+44"):
        assert not is_emergency("sip", user, table), user
    assert is_emergency("sip", "110", table)


def test_nonsense_in_the_configuration_is_named():
    with pytest.raises(ValueError, match="write the digits as dialled"):
        emergency_table("CN", off=["-"])
    with pytest.raises(ValueError, match="write the digits as dialled"):
        emergency_table("CN", extra=["-"])


def test_an_extension_may_be_switched_off_that_is_no_emergency_number_anyway():
    assert emergency_table("CN", off=["101"]) == CN


def test_a_trunk_that_carries_no_emergency_calls_has_none_in_any_spelling():
    for scheme, user in (("sip", "112"), ("tel", "+112"), ("sip", "110#"), ("urn", "service:sos"), ("sip", "110%00")):
        assert is_emergency(scheme, user, CN)
        assert not is_emergency(scheme, user, NO_EMERGENCIES)


def test_a_trunk_without_country_has_the_numbers_known_everywhere():
    assert emergency_table("").numbers == {"112", "911", "999", "000"}


@given(st.text(max_size=80), st.sampled_from(["sip", "tel", "urn", "SIPS", ""]))
def test_no_text_raises(user: str, scheme: str):
    assert is_emergency(scheme, user, CN) in (True, False)


@given(st.text(alphabet="0123456789", min_size=7, max_size=15), st.sampled_from(["", "+"]))
def test_no_long_number_is_an_emergency(digits: str, plus: str):
    short = re.fullmatch(r"(00)?(86)?0?(10|2\d|\d{3})?(110|119|120|122|112|911|999|000)", digits)
    assert short or not is_emergency("sip", plus + digits, CN)


def test_trunks_of_one_country_share_a_table_and_so_does_the_configuration_after_a_reload():
    """Ten of one reload after the other held megabytes until they were collected."""
    first = emergency_table("CN", ["999", "1110"], ["911"])
    assert emergency_table("CN", ["1110", "999"], ["911"]) is first
    assert emergency_table("CN", ["1110"], ["911"]) is not first

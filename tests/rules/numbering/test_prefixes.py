"""What authors write as the beginning of numbers finds the canonical numbers that begin so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Trunk
from rules.numbering.numbers import canonical_prefix, read_number
from rules.texts.bad_value import BadValue


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("95012", "CN:95012"),
        ("95", "CN:95"),
        ("9558", "CN:9558"),
        ("+8695012", "CN:95012"),
        ("+8695588", "CN:95588"),
        ("008695012", "CN:95012"),
        ("96", "CN:96"),
        ("01096", "CN:96"),
        ("400", "CN:400"),
        ("+86400", "CN:400"),
        ("10086", "CN:10086"),
        ("+86100", "CN:100"),
        ("123", "CN:123"),
        ("+86138", "+86138"),
        ("+86 138", "+86138"),
        ("+86(0)138", "+86138"),
        ("0086138", "+86138"),
        ("86138", "+86138"),
        ("138", "+86138"),
        ("0138", "+86138"),
        ("138*", "+86138"),
        ("１３８", "+86138"),
        ("tel:+86-138", "+86138"),
        ("010", "+8610"),
        ("+8610", "+8610"),
        ("0755", "+86755"),
        ("755", "+86755"),
        ("0951", "+86951"),
        ("+86951", "+86951"),
        ("951", "CN:951"),
        ("+1212", "+1212"),
        ("001212", "+1212"),
        ("CN:9501", "CN:9501"),
        ("cn:9501", "CN:9501"),
        ("EXT:20", "EXT:20"),
        ("+86", "+86"),
    ],
)
def test_prefixes_on_a_chinese_trunk(text: str, expected: str):
    assert canonical_prefix(text, "CN") == expected
    assert canonical_prefix(expected, "CN") == expected


@pytest.mark.parametrize(
    ("text", "country", "expected"),
    [
        ("07", "GB", "+447"),
        ("212", "US", "+1212"),
        ("1212", "US", "+1212"),
        ("06", "IT", "+3906"),
        ("01186138", "US", "+86138"),
    ],
)
def test_prefixes_elsewhere(text: str, country: str, expected: str):
    assert canonical_prefix(text, country) == expected


@pytest.mark.parametrize(
    ("text", "country", "advice"),
    [
        ("8.61391E+12", "CN", "format the column as text"),
        ("8,6E+12", "CN", "format the column as text"),
        ("8613E9", "CN", "format the column as text"),
        ("0", "CN", "zeros alone"),
        ("00", "CN", "zeros alone"),
        ("000", "", "zeros alone"),
        ("", "CN", "no beginning of a number"),
        ("+", "CN", "no beginning of a number"),
        ("alice", "CN", "no beginning of a number"),
        ("13x", "CN", "no beginning of a number"),
        ("+0138", "CN", "no country code begins with 0"),
        ("+8613800138000123", "CN", "too long"),
        ("1", "CN", "write 010, 13"),
        ("10", "CN", "write 010, 13"),
        ("01", "CN", "one digit more"),
        ("095588", "CN", "CN:95588"),
        ("66666", "CN", "EXT:66666"),
        ("26", "CN", "EXT:26"),
        ("138", "", "no country is set"),
    ],
)
def test_what_could_mean_anything_is_refused_with_advice(text: str, country: str, advice: str):
    with pytest.raises(ValueError, match=advice.replace("+", r"\+")):
        canonical_prefix(text, country)


SPELLINGS = st.sampled_from(
    ["95588", "95012345", "96110", "961234", "4008123123", "10086", "12345", "13800138000", "1088886666", "75588886666"]
)


@given(SPELLINGS, st.sampled_from(["", "+86", "0086", "86", "0"]), st.integers(1, 14))
def test_a_prefix_of_a_spelling_covers_the_number_or_is_refused(digits: str, spelt: str, length: int):
    text = (spelt + digits)[:length]
    number = read_number(spelt + digits, Trunk("t", "CN"))
    try:
        prefix = canonical_prefix(text, "CN")
    except ValueError:
        return
    wide = len(prefix) < 6 or text.startswith(("+8695", "008695", "8695", "095"))  # Ningxia has 0951 to 0955
    assert wide or number.canonical.startswith((prefix, "EXT:")), (text, prefix)


@given(st.text(max_size=20), st.sampled_from(["CN", "US", "DE", ""]))
def test_the_answer_is_stable_or_a_value_error(text: str, country: str):
    try:
        prefix = canonical_prefix(text, country)
    except ValueError:
        return
    assert canonical_prefix(prefix, country) == prefix


@given(st.text(alphabet="0123456789+", min_size=1, max_size=16), st.sampled_from(["CN", "US", "DE"]))
def test_digits_are_stable_too(text: str, country: str):
    test_the_answer_is_stable_or_a_value_error.hypothesis.inner_test(text, country)


@pytest.mark.parametrize(
    ("country", "text", "both"),
    [
        ("FR", "33612*", ("+33612", "+3333612")),
        ("IN", "9198*", ("+9198", "+919198")),
        ("DE", "4930*", ("+4930", "+494930")),
        ("IT", "39347*", ("+39347", "+3939347")),
        ("RU", "7495*", ("+7495", "+77495")),
        ("NO", "4722", ("+4722", "+474722")),
        ("RU", "812*", ("+7812", "+712")),
        ("BY", "801", ("+375801", "+37501")),
    ],
)
def test_a_country_code_without_its_plus_could_begin_numbers_of_that_country_too(country: str, text: str, both):
    """A spreadsheet takes the + away: +33 612 became numbers of Normandy. An 8 is dialled first, or begins an area."""
    with pytest.raises(BadValue) as refused:
        canonical_prefix(text, country)
    assert str(refused.value).endswith(f"write {both[0]} or {both[1]}")
    assert [canonical_prefix(each, country) for each in both] == list(both)


@pytest.mark.parametrize(("country", "text"), [("FR", "06123456789*"), ("US", "1212555123456"), ("DK", "213456789")])
def test_a_beginning_that_is_longer_than_any_number_begins_none(country: str, text: str):
    with pytest.raises(BadValue, match="longer than any number"):
        canonical_prefix(text, country)


@pytest.mark.parametrize(
    ("country", "text", "expected"),
    [
        ("TH", "00186*", "+86"),
        ("TH", "009 44*", "+44"),
        ("SG", "00191", "+91"),
        ("KR", "00244*", "+44"),
        ("AU", "001161*", "+61"),
        ("CN", "00852*", "+852"),
        ("DE", "0044*", "+44"),
        ("US", "01144*", "+44"),
    ],
)
def test_the_international_prefix_of_a_country_goes_whole(country: str, text: str, expected: str):
    """Thailand's 001 86 is China, and none of North America."""
    assert canonical_prefix(text, country) == expected


@pytest.mark.parametrize("text", ["855*", "852*", "853*", "856", "886*"])
def test_an_area_of_china_without_its_0_may_be_another_country(text: str):
    with pytest.raises(BadValue, match="could be an area, or another country"):
        canonical_prefix(text, "CN")
    assert canonical_prefix(f"0{text}", "CN").startswith("+868")

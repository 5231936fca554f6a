"""Whatever somebody types is the number meant or refused, and never another number."""

from __future__ import annotations

import json
from io import BytesIO

import phonenumbers
import pytest

from rules.lists.field_formats import Writer, read_as
from rules.lists.list_files import ListFileError
from rules.model import NumberClass, Trunk
from rules.numbering.readings import readings
from rules.numbering.typed import one_typed, prefix_typed

# As it is dialled abroad from each home: behind 00 alone, behind a prefix that 00 begins, and behind others.
HOMES = {
    "AU": "0011",
    "HK": "001",
    "SG": "001",
    "KR": "002",
    "BR": "0014",
    "TH": "001",
    "CN": "00",
    "DE": "00",
    "US": "011",
    "JP": "010",
    "IT": "00",
    "CO": "009",
}
NOBODYS = (NumberClass.EXTENSION, NumberClass.NAME, NumberClass.MALFORMED)


def spellings(number: phonenumbers.PhoneNumber, home: str):
    code, national = str(number.country_code), phonenumbers.national_significant_number(number)
    grouped = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    abroad = HOMES[home]
    yield from (f"+{code}{national}", grouped, f"{grouped};", f"tel:{grouped}", f"{abroad}{code}{national}")
    yield from (f"{abroad} {grouped[1:]}", f"{abroad} {grouped[1:]}@pbx", f"sip:+{code}{national}@10.0.0.1;user=phone")
    yield f"+{code}/{national}"


@pytest.mark.parametrize("home", HOMES)
def test_a_number_of_any_country_is_read_as_itself_or_refused(home):
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)[sorted(HOMES).index(home) % 4 :: 4]
    wrong = []
    for region in regions:
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.FIXED_LINE)
        if number is None:
            continue
        meant = one_typed(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), home).canonical
        for text in spellings(number, home):
            try:
                read = one_typed(text, home)
            except ValueError:
                continue
            if read.canonical != meant and read.kind not in NOBODYS:
                wrong.append((text, read.canonical, meant))
    assert not wrong


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *[("AU", "0011 43 1 2345678"), ("AU", "0011 507 200 1234"), ("AU", "0011 45 87 12 34 56")],
        *[("AU", "tel:00114312345678"), ("CN", "95588 95599;"), ("FR", "49 78 01 49 78 02;")],
        *[("US", "57 3015551256;"), ("US", "57 3015551257@pbx"), ("US", "800-231-2923 4;"), ("DE", "0170-;")],
        *[("IT", "347 1234567 12;"), ("US", "sips:57 3015551257"), ("US", "sip:57 3015551257@10.0.0.1;user=phone")],
    ],
)
def test_what_could_be_two_numbers_is_refused_in_an_address_and_behind_two_prefixes_as_well(home, text):
    with pytest.raises(ValueError, match=r"could be|several|ends in a hyphen"):
        one_typed(text, home)


@pytest.mark.parametrize("text", ["0011507*", "0011507200*", "00114312*"])
def test_nor_does_a_beginning_choose_between_two_international_prefixes(text):
    with pytest.raises(ValueError, match=r"could mean numbers that begin with \+1[2-9][0-9]* or \+[2-9]"):
        prefix_typed(text, "AU")


@pytest.mark.parametrize("text", ["00114312345678", "0011-431-2345678"])
def test_in_a_call_both_numbers_are_looked_up(text):
    read = readings(text, Trunk("t", country="AU", national=True, home="AU"))
    assert {read.first.canonical, *(each.canonical for each in read.others)} >= {"+4312345678", "+14312345678"}


def test_a_national_number_of_an_event_gets_no_plus():
    event = {"Event": {"info": "scam", "Attribute": [{"type": "phone-number", "value": "5072341234"}]}}
    assert b'"number": "5072341234"' in read_as("misp", BytesIO(json.dumps(event).encode())).stream.read()


@pytest.mark.parametrize("line", ["1-800-555-0199", "8005550199", "+1 800 555 0199"])
def test_the_do_not_originate_list_is_of_north_america_whatever_the_home(line):
    assert b'"+18005550199"' in read_as("fcc-dno", BytesIO(f"TN\n{line}\n".encode())).stream.read()


@pytest.mark.parametrize("line", ["2024,2125550123", "28005550199", "0115551234"])
def test_what_is_no_number_of_ten_digits_refuses_the_file(line):
    with pytest.raises(ListFileError, match="ten digits"):
        read_as("fcc-dno", BytesIO(f"Date,Number\n{line}\n".encode()))


def test_a_prefix_that_would_be_read_back_as_a_number_is_counted_and_not_written():
    written: list[str] = []
    writer = Writer("kamailio", written.append, name="blocked", day="2026-12-01")
    for number in ("+4930123456*", "+4930*", "+4930123456"):
        writer.entry({"number": number})
    assert ("".join(written).split(), writer.left_out.total()) == (["4930,0,", "4930123456,0,"], 1)


def test_settings_of_freepbx_among_its_numbers_are_none():
    database = b"/blacklist/blocked : 0\n/blacklist/dest : app-blackhole\n/blacklist/13800138000 : 1\n"
    assert read_as("asterisk", BytesIO(database)).stream.read().count(b"number") == 1

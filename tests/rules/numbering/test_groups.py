"""Digits in groups are one number, or refused where they could be several."""

import re

import phonenumbers
import pytest

from rules.numbering.typed import SpellingFault, one_typed, prefix_typed, read_spelling
from rules.texts.bad_value import BadValue

E164, INTERNATIONAL, NATIONAL = 0, 1, 2  # how phonenumbers writes them
FIXED, MOBILE, FREE, SHARED = 0, 1, 3, 5  # and what kinds there are


@pytest.mark.parametrize("text", ["0612345678-9", "06 12345678-9", "011 1234567-8", "0321 123456-7"])
def test_two_lines_as_italians_write_them_are_no_third(text: str):
    with pytest.raises(SpellingFault):
        one_typed(text, "IT")


@pytest.mark.parametrize(
    "text",
    [
        *("95588 95599", "95588(95599)", "95588.95599", "13800138000 13900139000", "95012 95013 95015"),
        *("95588\u201095599", "200 100", "EXT:200 100"),
        *("70 71", "1001 12", "13800138000 1"),
        *("021-5888-1234-1235", "138-0013-8000-8001", "138-0013-8000 - 01"),
        *("12:30:45", "95588:pass@h", "138.0", "95588.0"),
    ],
)
def test_groups_of_digits_that_make_no_number_are_not_drawn_together(text: str):
    """A blank where a comma was meant: of 95588 95599 would become a number that nobody has, and neither is blocked."""
    with pytest.raises(SpellingFault):
        one_typed(text, "CN")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86 (10) 6555 1234", "+861065551234"),
        ("400 820 8820", "CN:4008208820"),
        ("sip:13800138000@pbx.example:5060", "+8613800138000"),
    ],
)
def test_those_that_make_one_are_one(text: str, canonical: str):
    assert one_typed(text, "CN").canonical == canonical


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *(("AT", text) for text in ("01 4020 01 5020", "(01) 4007 (01) 5007", "01-4008 01-5008", "+43 1 4011 01 5011")),
        *(("DE", text) for text in ("040 1234 040 1235", "+49 40 1236 040 1237", "+49 40 123856 0049 40 123857")),
        *(("AT", text) for text in ("01 4020 0316 5020", "014020 015020", "0316 4020 01 5020", "01 4020 1 5020")),
        *(("AT", text) for text in ("+43 1 4020 43 1 5020", "+43 1 4020 1 5020", "0043 1 4020 0316 5020")),
        *(("AT", text) for text in ("(01)4020 0316-5020", "01-4020-0316-5020", "01 58801 0316 873")),
        *(("DE", text) for text in ("030 1234 089 5678", "0301234 0895678", "+49 30 1234 30 5678", "030 115 089 116")),
        *(("DE", text) for text in ("0201 880 0211 890", "0049 30 1234 030 5678", "(030) 1234 089 5678")),
        *(
            ("AT", text)
            for text in ("01 4020 05 9133", "0512 5070 05 7171", "+43 1 4020 05 9133", "014021 0 316 87 31")
        ),
        *(("DE", text) for text in ("0301235 0 89 56 79", "030 1234 (0 89) 56 78", "+49 30 1234 (0 89) 56 78")),
        *(("DE", text) for text in ("49 30 1236 089 5670", "49 30 1234 0895678", "49 30 1234 (089) 5678")),
        *(("CN", text) for text in ("+49 30 1234 089 5678", "+43 1 4020 0316 5020", "0043 1 4020 0316 5020")),
    ],
)
def test_where_numbers_have_no_fixed_length_two_make_no_third(home: str, text: str):
    with pytest.raises(SpellingFault, match="could be several numbers"):
        one_typed(text, home)


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        ("FR", "01 42 68 01 53", "+33142680153"),
        ("FR", "+33 1 42 68 01 53", "+33142680153"),
        ("AT", "(01) 588 01-0", "+431588010"),
        ("DE", "+49 (0) 40 123456", "+4940123456"),
        ("GB", "+44 20 7946 0958", "+442079460958"),
        ("CN", "010 6555 0101", "+861065550101"),
    ],
)
def test_an_area_code_may_stand_within_a_number_too(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *(("LU", text) for text in ("49 78 01 49 78 02", "49 7801 49 7802", "26 25 10 1 26 25 10 2", "497801 497802")),
        *(("IS", text) for text in ("55 12 34 5 55 12 34 6", "43 1 58 80 43 1 58 81")),
        *(("DK", text) for text in ("22 33 44 55 66 77", "22334455 22334456")),
        *(("CN", text) for text in ("12 101", "100 86", "12-101", "110 12", "CN:12 101")),
        *(("CN", text) for text in ("+86 95588 95599", "+8695588 95599", "0086 955 88 955 99", "+86 10086 10010")),
        *(("CN", text) for text in ("96345-8", "96345 8", "0571-96345-8", "+86-571-96345-8", "95013-801", "95588 1")),
        *(("CN", text) for text in ("0571-12345-801", "010-12306-001", "010-96110-1")),
        *(("CN", text) for text in ("12345 13800138000", "12306 138 0013 8000", "12345-13800138000")),
        *(("CN", text) for text in ("12321 4008123123", "12345 0086 10086", "110 8613800138000")),
        *(("FR", text) for text in ("118 218 118 008", "118218 118008")),
        *(("GB", "116 123 116 000"), ("US", "511 711 8111")),
    ],
)
def test_two_numbers_without_area_codes_make_no_third(home: str, text: str):
    """Not one of another country either: of two of Luxembourg that begin with 49 came one of Germany."""
    with pytest.raises(SpellingFault, match=r"could be (several numbers|a number or a range)"):
        one_typed(text, home)


@pytest.mark.parametrize(
    "text",
    [
        *("1. 13800138101", "3.13800138101", "（3）13800138103", "1）95588", "4) 95588", "5 95588", "1-13800138101"),
        *("1. 4008123123", "（1）4008123123", "10. 61234567", "20. 010-61234567", "8\t13800138101", "12. 13800138101"),
    ],
)
def test_the_number_of_a_line_is_no_part_of_what_stands_on_it(text: str):
    """So lists come out of chats, texts and tables: 1. 4008123123 blocked somebody's mobile."""
    with pytest.raises(SpellingFault):
        one_typed(text, "CN")


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *(("US", text) for text in ("800-231-2923-4", "(800) 231-2923 3", "8002312926\t2", "2015577977 (2)")),
        *(("US", text) for text in ("4155551234 2", "7705551234 1", "57 3015551256", "128 3015551256")),
        *(("CN", text) for text in ("800-820-8388-2", "800 820 8389 (2)", "8001158683 3", "116114 1", "118114 3")),
        *(
            ("IN", text)
            for text in ("1409838067-4", "1409838070 5", "1800-180-1551 (2)", "1800 180 1551 2", "1930 (2)")
        ),
        *(("IT", text) for text in ("3123408377 (2)", "3150008063-4", "800-117-812 (12)", "(3) 800-449-786")),
        *(("IT", text) for text in ("4 800117812", "5-3123408377", "5-0212038836", "(3) 0212038836")),
        *(("IT", text) for text in ("(3) 312 345 6789", "(1) 312 345 6789", "(20) 02 1234 5678", "(66) 312 345 6789")),
        *(("IT", text) for text in ("347 1234567 12", "3471234500-99", "+39 347 1234567 12", "333 1234567-68")),
        *(("IT", text) for text in ("328 1234567 22", "338 7654321 3", "+39 3471234567-68")),
        *(("ES", text) for text in ("2 612345678", "4-912345679", "(31) 912345679")),
        *(("DE", text) for text in ("030 123544 (2)", "+49 30 123557 (2)", "+49 30 123557 2", "0800 1234567 (2)")),
        *(("DE", text) for text in ("0171 1234567 (2)", "0171 1234567 2", "0180 5 123456 (2)", "11833 (3)", "115 - 2")),
        *(("DE", text) for text in ("030/123546 24.11.", "030 123547 12.50", "030 123548 2026", "116117 (2)")),
        *(("DE", text) for text in ("0 01512 3868387", "0-0151 23868388", "0 030 123549")),
        *(("DE", text) for text in ("030 123457.0", "030 123453.00", "49 30 123451 .0")),
        *(("SV", text) for text in ("8001784. 8794",)),
        *(("FR", text) for text in ("212 0612345212", "213-0612345699", "254 0612345254")),
        *(("GB", text) for text in ("964-07404 771154", "234-0800 137 4516")),
        *(("NL", text) for text in ("212 0612345606", "312-08001230", "0906 1227 16")),
        *(("IN", text) for text in ("234-081234 56908", "1800 180 1551 22", "1800 10 9886 - 18", "1800 123 4567.7")),
        *(("BO", text) for text in ("49-22123450", "66 2 2123450")),
        *(("GR", "800 158 9328 38"), ("AE", "800 123732 91"), ("ID", "0812-349-281 - 87"), ("MN", "32-5312 3456")),
        *(("US", text) for text in ("003) 2015556348", "007) (800) 234-5152", "011. 2015550123", "003. 2015556303")),
        *(("CN", text) for text in ("001) 131 2565 0215", "021. 800 123 4519", "001. 131 2565 0201")),
        *(("FR", text) for text in ("006) 01 23 45 67 84", "004. 0801123456", "001) 01 23 45 67 01")),
        *(("DE", text) for text in ("058. 030 123457", "030 0171 1234567", "030/0171 1234567", "01. 030 123401")),
        *(("SE", text) for text in ("04) 08120340", "07. 08-12 34 57")),
        *(("IT", "06. 800 812 008"), ("GB", "023. 0800 1111"), ("IE", "01.02212395"), ("KR", "050) 02-212-3413")),
        *(("KR", text) for text in ("022123754 3", "15441093 (2)")),
        *(("AU", "1900934205-4"), ("BR", "0800-12-4389 (2)")),
    ],
)
def test_a_count_an_item_a_date_or_a_digit_to_dial_out_by_is_no_part_of_a_number(home: str, text: str):
    """Joined it is another holder's: what was meant would ring, and he would be stopped."""
    with pytest.raises(SpellingFault):
        one_typed(text, home)


BEFORE = (
    "1. ",
    "3) ",
    "(4) ",
    "12 ",
    "5-",
    "57\t",
    "7 - ",
    "101 ",
    "212 ",
    "254-",
    "964 ",
    "(31) ",
    "(66) ",
    "0 ",
    "9 ",
    "0-",
    "9-",
)
BEHIND = (
    " 2",
    " (2)",
    " (12)",
    " 12.50",
    " 24.11.",
    " 24.11.2026",
    " 2026",
    " x3",
    "\t15",
    "  17",
    " 1/2",
    " (3 calls)",
)


@pytest.mark.parametrize(
    "home", ["AT", "AU", "BR", "CN", "DE", "ES", "FR", "GB", "IN", "IT", "JP", "KR", "RU", "SE", "US"]
)
def test_a_number_with_anything_beside_it_is_itself_or_refused(home: str):
    """Whatever its kind is, and however it is set: never another number, and nothing but a refusal is raised."""
    for kind in (FIXED, MOBILE, FREE, SHARED):
        if (example := phonenumbers.example_number_for_type(home, kind)) is None:
            continue
        canonical = phonenumbers.format_number(example, E164)
        national, abroad = (phonenumbers.format_number(example, each) for each in (NATIONAL, INTERNATIONAL))
        for written in (national, abroad, canonical, re.sub(r"\D", "", national)):
            if taken(written, home) != canonical:
                continue
            for text in (*(each + written for each in BEFORE), *(written + each for each in BEHIND)):
                assert taken(text, home) in ("", canonical), text


def test_no_mailbox_or_pager_comes_of_a_number_and_what_stands_behind_it():
    wrong = []
    for home in sorted(phonenumbers.SUPPORTED_REGIONS):
        for example in filter(None, (phonenumbers.example_number_for_type(home, kind) for kind in (FIXED, MOBILE))):
            for written in (phonenumbers.format_number(example, each) for each in (NATIONAL, INTERNATIONAL, E164)):
                for text in (f"{written} 2", f"{written} 12", f"{written}-68", f"{written} - 99", f"{written} 101"):
                    found = taken(text, home)
                    kind = phonenumbers.number_type(phonenumbers.parse(found)) if found[:1] == "+" else FIXED
                    if kind not in (FIXED, MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE):
                        wrong.append((home, text, found))
    assert not wrong


def taken(text: str, home: str) -> str:
    """What a list would take this for; empty where it takes nothing."""
    try:
        return one_typed(text, home).canonical
    except BadValue:
        return ""


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        *(("DE", text, "+4930123450") for text in ("030 12345-0", "030/12345-0", "+49 (0)30 12345-0", "030 12345 0")),
        ("DE", "030 12345-678", "+493012345678"),
        ("AT", "01 23 45 67 98 3", "+431234567983"),
        ("US", "1 (212) 555-1234", "+12125551234"),
        ("US", "44 20 7946 0958", "+442079460958"),
        ("IN", "44 20 7946 0958", "+442079460958"),
        ("IN", "1 212 555 1234", "+12125551234"),
        ("CL", "(2) 2345 6789", "+56223456789"),
        ("AR", "+54 9 (11) 2345-6789", "+5491123456789"),
        ("RU", "8 (495) 123-45-67", "+74951234567"),
        ("IT", "39 312 345 6789", "+393123456789"),
        ("FR", "33 1 23 45 67 89", "+33123456789"),
        ("KR", "02-2123-7543", "+82221237543"),
    ],
)
def test_what_people_set_apart_within_one_number_is_part_of_it(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical


@pytest.mark.parametrize("text", ["9 13800138001", "9 138 0013 8001", "9-13800138001", "+9 13800138001"])
def test_what_a_pbx_dials_before_a_number_makes_none_of_another_country(text: str):
    with pytest.raises(SpellingFault, match=r"would be \+913800138001, whose country code stands in two groups"):
        one_typed(text, "CN")


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        ("LU", "49 78 01", "+352497801"),
        ("LU", "26 25 10 1", "+3522625101"),
        ("DK", "22 33 44 55", "+4522334455"),
        ("CN", "44 20 7946 0958", "+442079460958"),
        ("CN", "91 98765 43210", "+919876543210"),
        ("CN", "0 138 0013 8001", "+8613800138001"),
        ("CN", "955 88", "CN:95588"),
        ("CN", "12101", "CN:12101"),
        ("DE", "089 12 03 45 67", "+498912034567"),
        ("DE", "030 23 12 50 10", "+493023125010"),
        ("AT", "+43 1 58801 0", "+431588010"),
        ("GB", "0161 496 0018", "+441614960018"),
    ],
)
def test_one_number_without_an_area_code_is_one(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical


@pytest.mark.parametrize(
    ("home", "text", "canonical"),
    [
        *(
            ("DE", text, "+49891234567")
            for text in ("089/1234567", "089 / 123 45 67", "(089)/1234567", "０８９/1234567")
        ),
        *(("DE", text, "+49891234567") for text in ("+49 89/1234567", "+49 (0)89/1234567", "0049 89/1234567")),
        ("DE", "0170/1234567", "+491701234567"),
        ("DE", "089/123456-70", "+498912345670"),
        ("AT", "01/5880100", "+4315880100"),
        ("CH", "044/668 18 00", "+41446681800"),
        ("BE", "02/513 89 40", "+3225138940"),
        ("IT", "06/6982", "+39066982"),
        ("IT", "347/1234567", "+393471234567"),
        ("IT", "347/12 34 567", "+393471234567"),
        ("PL", "601/234567", "+48601234567"),
        ("US", "212/555-0123", "+12125550123"),
        ("CN", "010/65551234", "+861065551234"),
    ],
)
def test_a_slash_may_stand_behind_an_area_code(home: str, text: str, canonical: str):
    assert one_typed(text, home).canonical == canonical
    assert not read_spelling(text, home).prefix


@pytest.mark.parametrize(
    ("home", "text"),
    [
        ("DE", "089/1234567/8"),
        ("DE", "089/1234567 089/1234568"),
        ("DE", "089/1234567/089/1234568"),
        ("DE", "0891234567/0891234568"),
        ("DE", "+49 89 1234567/8"),
        ("DE", "110/112"),
        ("LU", "4978/4979"),
        ("CN", "138/00138000"),
        ("CN", "95588/95599"),
        ("CN", "13800138000/13900139000"),
        ("US", "911/4045550123"),
        ("US", "2125550123/2125550124"),
        ("DE", "2026/00123"),
    ],
)
def test_a_slash_between_two_numbers_makes_none(home: str, text: str):
    with pytest.raises(SpellingFault):
        one_typed(text, home)


@pytest.mark.parametrize(
    ("home", "text", "advice"),
    [
        ("MX", "044 55 1234 5675", "write each by itself; +525512345675 if it is one"),
        ("BR", "011 8123 4567", "write each by itself; +5511981234567 if it is one"),
        ("US", "9-212-555-0123", "write each by itself; +12125550123 if it is one"),
        ("AR", "+54 9 11 15 2345 6789", "write each by itself"),
        ("IT", "+39 (0) 347 1234567", "write each by itself; +393471234567 if it is one"),
        ("IT", "0347/1234567", "write each by itself; +393471234567 if it is one"),
        ("FR", "06 12 34 56 78 / 06 12 34 56 79", "write each by itself"),
        ("CN", "95588 95599", "write each by itself; 9558895599 if it is one"),
    ],
)
def test_no_digits_are_advised_that_would_be_refused_next(home: str, text: str, advice: str):
    with pytest.raises(SpellingFault) as refused:
        one_typed(text, home)
    assert refused.value.hint == advice


@pytest.mark.parametrize(
    ("home", "text"),
    [
        *(("CN", text) for text in ("138 139*", "95588 95599*", "+86 138 139*", "95588-95599*", "(138) 139*")),
        *(("AT", "01 4020 01 5020*"), ("DE", "030 1234 089*"), ("DE", "030 089*")),
        *(("CN", text) for text in ("95588 95599..95600", "95588..95599 95600")),
    ],
)
def test_beginnings_and_ends_of_ranges_are_not_drawn_together_either(home: str, text: str):
    with pytest.raises(SpellingFault, match="could be several numbers"):
        read_spelling(text, home)


@pytest.mark.parametrize(
    ("home", "text"), [("CN", "+86 138*"), ("DE", "089 1234*"), ("DE", "(089) 12*"), ("CN", "138*")]
)
def test_a_beginning_may_have_a_gap_behind_its_code(home: str, text: str):
    assert read_spelling(text, home).prefix


@pytest.mark.parametrize(
    ("text", "beginning"),
    [
        *(("+49 (0)151*", "+49151"), ("+49(0)151*", "+49151"), ("+490151*", "+49151"), ("+430664*", "+43664")),
        *(("+39 06*", "+3906"), ("+44 (0)20*", "+4420")),
    ],
)
def test_the_trunk_prefix_behind_a_country_code_begins_no_number(text: str, beginning: str):
    assert prefix_typed(read_spelling(text, "DE").first, "DE") == beginning


@pytest.mark.parametrize(
    "text",
    [
        *("sip:95588@h sip:95599@h", "sip:95588@h, sip:95599@h", "95588@h 95599@h", "95588@h 95599"),
        *("13800138000@h,13800138001", "sip:13800138000@13800138001", "1001@h 1002@h", "95588@h、95599"),
        *("13800138015@h/13800138016", "sip:95588@h/95599", "13800138017@h <95588>", "1380@h:13800138001"),
        *("（0755）8888 6666:13800138000", "（010）61234567：13800138000", "（+86）13800138000：13900139000"),
        *("tel:95588@h;95599", "008695588-95599", "+86-95588-95599", "+86(95588)95599"),
    ],
)
def test_of_two_addresses_none_is_dropped(text: str):
    with pytest.raises(SpellingFault):
        one_typed(text, "CN")


@pytest.mark.parametrize(
    "text", ["sip:13800138000@10.1.2.3:5060", "13800138000@h;user=phone", "sip:13800138000@pbx-100.example;x=12345"]
)
def test_one_address_is_one(text: str):
    assert one_typed(text, "CN").canonical == "+8613800138000"

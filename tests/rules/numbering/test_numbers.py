"""One number, however it is spelt, is one canonical form and one class; no text raises."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rules.model import NumberClass, Trunk
from rules.numbering.numbers import read_number

CN = Trunk("cn", "CN")
CN_INTERNATIONAL = Trunk("cn-international", "CN", national=False)
INTERNATIONAL = Trunk("international", national=False)
NOWHERE = Trunk("nowhere")
US = Trunk("us", "US")
TRUNKS = (CN, CN_INTERNATIONAL, INTERNATIONAL, NOWHERE, US, Trunk("de", "DE"), Trunk("it", "IT"), Trunk("jp", "JP"))


def canonical(user: str, trunk: Trunk = CN, *, context: str = "", called: bool = False) -> str:
    return read_number(user, trunk, context=context, called=called).canonical


def kind(user: str, trunk: Trunk = CN, *, context: str = "", called: bool = False) -> str:
    return read_number(user, trunk, context=context, called=called).kind.value


MOBILE_EVERYWHERE = [
    "+8613800138000",
    "+86-138-0013-8000",
    "+86 (138) 0013.8000",
    "+86(0)13800138000",
    "+８６１３８００１３８０００",
    "\u202a+86 138 0013 8000\u202c",
    "+8613800138000;tgrp=a;trunk-context=b",
    "+8613800138000;cpc=ordinary",
    "+8613800138000:secret",
    "tel:+86-138-0013-8000",
    "sip:+8613800138000@example.com",
    "+8613800138000@ims.example.com",
    "008613800138000",
    "0086 138 0013 8000",
]


@pytest.mark.parametrize("trunk", TRUNKS, ids=lambda t: t.name)
@pytest.mark.parametrize("user", MOBILE_EVERYWHERE)
def test_a_number_with_its_country_code_is_the_same_on_every_trunk(user: str, trunk: Trunk):
    number = read_number(user, trunk)
    assert number == ("+8613800138000", NumberClass.MOBILE, "CN", user, False)
    assert canonical(user, trunk, called=True) == "+8613800138000"


@pytest.mark.parametrize(
    "user", ["13800138000", "013800138000", "１３８００１３８０００", "138-0013-8000", "1790913800138000"]
)
def test_a_national_number_is_read_in_the_plan_of_the_trunk(user: str):
    assert canonical(user) == "+8613800138000"
    assert canonical(user, US, context="+86") == "+8613800138000"
    assert canonical(user + ";phone-context=+86", INTERNATIONAL) == "+8613800138000"


@pytest.mark.parametrize(
    ("user", "trunk", "expected"),
    [
        ("2125551234", US, "+12125551234"),
        ("12125551234", US, "+12125551234"),
        ("011 86 138 0013 8000", US, "+8613800138000"),
        ("0118695588", US, "CN:95588"),
        ("0011 86 138 0013 8000", Trunk("au", "AU"), "+8613800138000"),
        ("010 86 138 0013 8000", Trunk("jp", "JP"), "+8613800138000"),
        ("020 7946 0958", Trunk("gb", "GB"), "+442079460958"),
        ("+44 (0)20 7946 0958", CN, "+442079460958"),
        ("06 1963177", Trunk("it", "IT"), "+39061963177"),
        ("09582369046", Trunk("in", "IN"), "+919582369046"),
        ("01088886666", CN, "+861088886666"),
        ("1088886666", CN, "+861088886666"),
        ("0755-88886666", CN, "+8675588886666"),
        ("0951 8888888", CN, "+869518888888"),
        ("+869518888888", CN, "+869518888888"),
        ("88886666", Trunk("x"), "EXT:88886666"),
    ],
)
def test_national_spellings(user: str, trunk: Trunk, expected: str):
    assert canonical(user, trunk) == expected


@pytest.mark.parametrize(
    ("user", "expected", "expected_kind"),
    [
        ("95588", "CN:95588", "cn-95"),
        ("+8695588", "CN:95588", "cn-95"),
        ("0086-95588", "CN:95588", "cn-95"),
        ("01095588", "CN:95588", "cn-95"),
        ("95012", "CN:95012", "cn-95"),
        ("95012345", "CN:95012345", "cn-95"),
        ("8695012345", "CN:95012345", "cn-95"),
        ("950123", "CN:950123", "cn-9-odd"),
        ("952123", "CN:952123", "cn-95"),
        ("95212345", "CN:95212345", "cn-95"),
        ("95212", "CN:95212", "cn-9-odd"),
        ("95300", "CN:95300", "cn-95"),
        ("954123", "CN:954123", "cn-95"),
        ("956123", "CN:956123", "cn-95"),
        ("95700000", "CN:95700000", "cn-95"),
        ("955880", "CN:955880", "cn-9-odd"),
        ("+86955880", "CN:955880", "cn-9-odd"),
        ("95800", "CN:95800", "cn-9-odd"),
        ("96110", "CN:96110", "cn-96"),
        ("01096110", "CN:96110", "cn-96"),
        ("075596110", "CN:96110", "cn-96"),
        ("+861096110", "CN:96110", "cn-96"),
        ("008675596110", "CN:96110", "cn-96"),
        ("961234", "CN:961234", "cn-96"),
        ("9611", "CN:9611", "cn-9-odd"),
        ("9518888888", "CN:9518888888", "cn-9-odd"),
        ("0110", "EXT:0110", "extension"),
        ("966512345678", "CN:966512345678", "cn-9-odd"),
        ("4008123123", "CN:4008123123", "cn-400"),
        ("400-812-3123", "CN:4008123123", "cn-400"),
        ("+864008123123", "CN:4008123123", "cn-400"),
        ("8008108888", "+868008108888", "toll-free"),
        ("10086", "CN:10086", "service"),
        ("+8610086", "CN:10086", "service"),
        ("01010086", "CN:10086", "service"),
        ("12345", "CN:12345", "service"),
        ("12321", "CN:12321", "service"),
        ("114", "CN:114", "service"),
        ("110", "CN:110", "emergency"),
        ("+86110", "CN:110", "emergency"),
        ("021110", "CN:110", "emergency"),
        ("911", "CN:911", "emergency"),
        ("19912345678", "+8619912345678", "mobile"),
        ("1440012345678", "+861440012345678", "other"),
    ],
)
def test_the_plan_table_of_china_is_asked_first(user: str, expected: str, expected_kind: str):
    assert (canonical(user), kind(user)) == (expected, expected_kind)


def test_bare_95_and_96_are_chinese_on_a_chinese_trunk_only():
    assert canonical("966512345678", INTERNATIONAL) == "+966512345678"
    assert canonical("966512345678", CN_INTERNATIONAL) == "+966512345678"
    assert canonical("966512345678", US) == "+966512345678"
    assert canonical("95588", INTERNATIONAL) == "EXT:95588"
    assert canonical("95588", Trunk("hk", "HK")) == "EXT:95588"
    assert canonical("95588", CN_INTERNATIONAL) == "CN:95588"
    assert canonical("8695588", INTERNATIONAL) == "CN:95588"


def test_an_international_trunk_reads_bare_digits_as_e164():
    assert canonical("18012345678", CN_INTERNATIONAL) == "+18012345678"
    assert canonical("18012345678", CN) == "+8618012345678"
    assert canonical("13800138000", CN_INTERNATIONAL) == "+8613800138000"  # no number of North America
    assert canonical("380674606869", INTERNATIONAL) == "+380674606869"
    assert canonical("4311129", INTERNATIONAL) == "+4311129"
    assert canonical("214346", INTERNATIONAL) == "EXT:214346"
    assert kind("3315", INTERNATIONAL) == kind("86110", CN_INTERNATIONAL) == "extension"


def test_a_national_trunk_reads_e164_without_plus_where_no_national_number_fits():
    for trunk in (CN, CN_INTERNATIONAL, INTERNATIONAL, US, NOWHERE):
        assert canonical("8613800138000", trunk) == "+8613800138000"
        assert canonical("380674606869", trunk) == "+380674606869"
    assert (
        canonical("68223456") == "EXT:68223456"
    )  # a local number in Beijing, though +682 23456 is one of the Cook Islands
    assert canonical("8695588") == "EXT:8695588"


def test_phone_context():
    assert canonical("12345678901", context="+86") == "+8612345678901"
    assert canonical("95588", US, context="+86") == "CN:95588"
    assert canonical("8613800138000", US, context="+86") == "+8613800138000"
    assert canonical("88886666", US, context="+86-10") == "+861088886666"
    assert canonical("2125551234", CN, context="+1") == "+12125551234"
    assert canonical("2108", context="cdp.udp") == "EXT:2108"
    assert canonical("13800138000", context="example.com") == "+8613800138000"
    assert canonical("13800138000", INTERNATIONAL, context="ims.mnc000.mcc460.3gppnetwork.org") == "+8613800138000"
    assert canonical("13800138000", context="+") == "+8613800138000"
    assert canonical("+8613800138000", context="+1") == "+8613800138000"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("", "anonymous"),
        ("  ", "anonymous"),
        ("anonymous", "anonymous"),
        ("Anonymous", "anonymous"),
        ("UNAVAILABLE", "anonymous"),
        ("Restricted", "anonymous"),
        ("unknown", "anonymous"),
        ("Private", "anonymous"),
        ("withheld", "anonymous"),
        ("anonymous;cpc=payphone", "anonymous"),
        ("alice", "name"),
        ("user", "name"),
        ("MP114.FXS1", "name"),
        ("185.22.184.14", "name"),
        ("8t50q901", "name"),
        ("**", "extension"),
        ("0+8613800138000", "malformed"),
        ("_", "malformed"),
        ("1/2", "malformed"),
        ("张三", "name"),
        ("+441xxxxxxxxx", "malformed"),
        ("+", "malformed"),
        ("++8613800138000", "malformed"),
        ("+0138", "malformed"),
        ("+861380013800012345", "malformed"),
        ("-", "malformed"),
        ("al\x00ice", "malformed"),
        ("1" * 300, "malformed"),
        ("+10987654321", "impossible"),
        ("+8612", "impossible"),
        ("001234567890", "impossible"),
        ("5551234567;phone-context=+1", "impossible"),
        ("1001", "extension"),
        ("*97", "extension"),
        ("0", "extension"),
    ],
)
def test_classes_that_are_no_accident(user: str, expected: str):
    assert kind(user) == expected


def test_a_called_number_is_never_anonymous():
    assert kind("unknown", called=True) == "name"
    assert kind("", called=True) == "name"
    assert kind("9501", called=True) == "extension"
    assert kind("9501") == "cn-9-odd"


def test_region_kind_and_raw():
    assert read_number("+447400123456", CN)[:4] == ("+447400123456", NumberClass.MOBILE, "GB", "+447400123456")
    assert read_number("+12125551234", CN).kind is NumberClass.FIXED  # fixed or mobile: nobody can tell
    assert read_number("+18005551234", CN).kind is NumberClass.TOLL_FREE
    assert read_number("+19005551234", CN).kind is NumberClass.PREMIUM
    assert read_number("+14165551234", CN).region == "CA"
    assert read_number("+80012345678", CN).region == ""
    assert read_number("4008123123", CN).inbound_only
    assert not read_number("95588", CN).inbound_only


TEXT = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789+-.() *#;:=%@aA\u202a０９＋", max_size=30),
    st.builds(
        lambda p, d: p + d,
        st.sampled_from(["+", "+86", "00", "0", "95", "CN:", "EXT:", "tel:"]),
        st.from_regex(r"[0-9]{0,16}", fullmatch=True),
    ),
)


@given(TEXT, st.sampled_from(TRUNKS), st.one_of(st.just(""), TEXT), st.booleans())
@example("\ud800", CN, "", False)
@example("+86" + "9" * 5000, CN, "+" + "1" * 5000, True)
def test_any_text_gives_a_number_and_its_canonical_form_gives_itself(
    user: str, trunk: Trunk, context: str, called: bool
):
    number = read_number(user, trunk, context=context, called=called)
    assert number.raw == user
    assert len(number.canonical) <= 40
    if number.canonical:
        for other in TRUNKS:
            again = read_number(number.canonical, other)
            assert again.canonical == number.canonical
            assert again.kind is number.kind
            assert again.region == number.region


VALID = st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)).flatmap(
    lambda region: st.sampled_from(
        [
            number
            for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE)
            if (number := phonenumbers.example_number_for_type(region, kind))
        ]
    )
)


@given(VALID)
def test_spellings_of_valid_numbers_of_the_world_agree(number: phonenumbers.PhoneNumber):
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    region = phonenumbers.region_code_for_number(number) or ""
    spellings = [
        e164,
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.RFC3966),
        "00" + e164[1:],
    ]
    assert {canonical(spelling, INTERNATIONAL) for spelling in spellings} == {e164}
    assert canonical(e164[1:], INTERNATIONAL) == e164
    national = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert canonical(national, Trunk("home", region)) == e164


class Wild(NamedTuple):
    user: str
    caller_class: str
    e164: str | None = None
    region: str = ""  # where E.164 holds only if the trunk is there


OWN_WILD = [
    Wild("+12145550123", "number", "+12145550123"),
    Wild("919113100000", "number", "+919113100000"),
    Wild("4802310000", "number", "+14802310000", "US"),
    Wild("09582300000", "number", "+919582300000", "IN"),
    Wild("+441xxxxxxxxx", "malformed"),
    Wild("unavailable", "anonymous"),
    Wild("", "anonymous"),
    Wild("telephone1", "name"),
    Wild("12345678901;phone-context=+86;noa=subscriber", "number", "+8612345678901"),
    Wild("2108;phone-context=cdp.udp", "number"),
    Wild("73990000004", "number"),
]
WILD = Path(__file__).parents[4] / "shared" / "corpora" / "wild"
NO_NUMBER = {"anonymous": NumberClass.ANONYMOUS, "name": NumberClass.NAME, "malformed": NumberClass.MALFORMED}


def wild_callers() -> list[Wild]:
    """Callers of messages from real devices, where the collection lies beside the checkout; else our own."""
    if not WILD.is_dir():
        return OWN_WILD
    found = []
    for entry in YAML(typ="safe").load((WILD / "INDEX.yaml").read_text()):
        message = (WILD.parent / entry["file"]).read_text(errors="surrogateescape")
        sender = re.search(r"(?mi)^(?:from|f)[ \t]*:[ \t]*(?:.*?<)?(sips?|tel):([^>\r\n]*)", message)
        assert sender, entry["file"]
        user = sender[2] if sender[1] == "tel" else sender[2].rpartition("@")[0]
        national = entry.get("national", {})
        assumed = "e164" in national
        found.append(
            Wild(
                user,
                entry["caller_class"],
                national["e164"] if assumed else entry["caller_e164"],
                national["region"] if assumed else "",
            )
        )
    return found


@pytest.mark.parametrize("caller", [*OWN_WILD, *wild_callers()], ids=lambda c: c.user or "no user")
def test_callers_of_real_devices(caller: Wild):
    number = read_number(caller.user, Trunk("wild", caller.region, national=bool(caller.region)))
    expected = NO_NUMBER.get(caller.caller_class)
    assert number.kind is expected if expected else number.kind not in NO_NUMBER.values()
    if caller.e164:
        assert number.canonical == caller.e164


@given(
    st.text("0123456789", min_size=1, max_size=17),
    st.sampled_from(["", "+"]),
    st.sampled_from([Trunk("t", country="CN"), Trunk("t", country="cn", national=False), Trunk("t"), Trunk("t", "DE")]),
    st.booleans(),
)
def test_the_short_way_of_plain_digits_leads_where_the_long_one_does(digits, plus, trunk, called):
    plain, spaced = f"{plus}{digits}", f"{plus} {digits} "
    short, long = read_number(plain, trunk, called=called), read_number(spaced, trunk, called=called)
    assert short.raw == plain
    assert short._replace(raw="") == long._replace(raw="")

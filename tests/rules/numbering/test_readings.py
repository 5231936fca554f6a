"""Every way in which a number can be read: none of them is missed by a trick, none made up for an ordinary spelling."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import NumberClass, Trunk
from rules.numbering.readings import Readings, readings

CN = Trunk("carrier", country="CN", home="CN")
US = Trunk("abroad", country="US", home="CN")
HK = Trunk("harbour", country="HK", home="CN")
INTERNATIONAL = Trunk("transit", country="CN", national=False, home="CN")
UNDECIDED = Trunk("abroad", country="US", home="CN US")
LISTED = "+8617012345678"


def read(user: str, trunk: Trunk = CN, *contexts: str, called: bool = False) -> Readings:
    raw = user if "%" in user else ""
    return readings(unquote(user), trunk, contexts=contexts, raw=raw, called=called)


def shown(found: Readings) -> list[str]:
    return [number.canonical for number in (found.first, *found.others) if number.canonical]


def all_of(found: Readings) -> list[str]:
    return [*shown(found), *(number.canonical for number in found.resembled)]


@pytest.mark.parametrize(
    "user",
    [
        *("17012345678%23", "17012345678*", "17012345678p1", "17012345678w", "17012345678,1", "17012345678_"),
        *("17012345678;1", "17012345678%3B1", "17012345678x12", "17012345678ext12", "17012345678T", "17012345678~"),
        *("170_1234_5678", "170/1234/5678", "170,12345678", "170!1234!5678", "170'12345678", "170=1234=5678"),
        *("++8617012345678", "+86+17012345678", "86+17012345678", "0+8617012345678", "+%2B8617012345678"),
        *(
            "+86+17012345678ext12",
            "++86170~1234~5678%3Bphone-context=+49",
            "x170_1234_5678%3Bx=1",
            "+86+17012345678-1",
            "+86+17012345678+1",
        ),
        *("00017012345678", "+868617012345678", "08617012345678", "+0017012345678", "+017012345678"),
        *("*17012345678", "#17012345678", "_17012345678", "/17012345678", "*31%2317012345678", "[17012345678]"),
        *("17012345678%001", "17012345678%0D", "17012345678%091", "+8617012345678%00", "17012345678%20%001"),
        *("17012345678 1", "17012345678-1", "17012345678.1", "17012345678(1)", "17012345678%31", "17012345678%2531"),
        *("①⑦⓪12345678", "一七〇12345678", "¹⁷⁰12345678", "１７０１２３４５６７８＃", "17012345678⃣", "١٧٠١٢٣٤٥٦٧٨#"),
        *("17012345678" + "a" * 300, " " * 20 + "17012345678#", "1#2#3#4#5#6#7#8#9#17012345678"),
        *("17012345678%40x%20#", "17012345678&", "17012345678?", '"17012345678"', "<17012345678>", "'17012345678'"),
    ],
)
def test_whatever_stands_around_it_the_number_is_read_and_one_that_is_read_otherwise_is_marked(user: str):
    found = read(user)
    assert LISTED in shown(found)
    assert found.differ or found.first.canonical == LISTED


@pytest.mark.parametrize(
    "context",
    ["+49", "+1", "+852", "ims.mnc000.mcc310.3gppnetwork.org", "IMS.MNC001.MCC262.3gppnetwork.org", "+4930"],
)
def test_a_phone_context_hides_no_number_that_telephones_show_without_it(context: str):
    found = read("17012345678", CN, context)
    assert LISTED in shown(found)
    assert found.first.canonical != LISTED
    assert found.differ


UNSEEN = [
    "\u200b",
    "\u00ad",
    "\u00a0",
    "\u0301",
    "\u3164",
    "\u2003",
    "\ufe0f",
    "-",
    ".",
    " ",
    "%20",
    "%E2%80%8B",
    "(",
    "- ",
]


@pytest.mark.parametrize("count", [245, 256, 5_000])
@pytest.mark.parametrize("sign", UNSEEN)
def test_as_many_signs_as_one_likes_that_nobody_sees_hide_no_number(sign: str, count: int):
    for user in ("{0}17012345678", "17012345678{0}", "+86{0}17012345678", "170{0}1234{0}5678"):
        assert LISTED in all_of(read(user.format(sign * count))), user
    assert "CN:95588" in shown(read(sign * count + "95588"))
    assert LISTED in shown(read(sign * count + "17012345678", called=True))


@pytest.mark.parametrize(
    "user",
    [
        *("170" + "0" * 300 + "12345678", "0" * 300 + "17012345678x1x2", "170" + ";" * 300 + "12345678"),
        *(
            "a" * 300 + "17012345678",
            "a" * 300 + "一七〇12345678",
            "1#" * 200 + "17012345678",
            "9" * 40 + "17012345678",
        ),
        *("*31#" + "9" * 30 + "17012345678", "".join(f"{sign}{10**6 + at}" for at, sign in enumerate("abcdefg"))),
        "170" + "/" * 300 + "12345678",
    ],
)
@pytest.mark.parametrize("called", [False, True])
def test_what_is_left_unread_of_a_user_part_is_a_mark(user: str, called: bool):
    assert read(user, called=called).differ
    assert readings("170", CN, whole=user, called=called).differ


@pytest.mark.parametrize(
    ("user", "canonical"),
    [
        ("\u202e88559", "CN:95588"),
        ("\u202e87654321071", LISTED),
        ("%E2%80%AE87654321071", LISTED),
        ("170\u202e87654321", LISTED),
        ("\u202e8765\u2066234\u20691071\u202c", LISTED),
        ("\u202b5678 1234 170", LISTED),
        ("\u2067(5678) 1234 170\u2069", LISTED),
        ("\u200f5678 1234 170", LISTED),
        ("\u202e87654321071" + "\u0301" * 300, LISTED),
        ("\u202e" + "\u200b" * 300 + "87654321071;1", LISTED),
        ("１\u202e８７６５４３２１０７", LISTED),
    ],
)
@pytest.mark.parametrize("called", [False, True])
def test_marks_that_turn_the_direction_of_writing_hide_no_number(user: str, canonical: str, called: bool):
    found = read(user, called=called)
    assert found.differ
    assert canonical in shown(found)


@pytest.mark.parametrize("user", ["\u202d17012345678\u202c", "\u206617012345678\u2069", "\u200e17012345678"])
def test_marks_that_turn_nothing_are_no_trick(user: str):
    """Address books put them round each number that is copied."""
    assert (shown(read(user)), read(user).differ) == ([LISTED], False)


def test_an_escaped_semicolon_hides_none_either():
    found = read("17012345678%3Bphone-context=+49")
    assert (shown(found), found.differ) == (["+4917012345678", LISTED], True)


def test_each_of_several_phone_contexts_is_read():
    assert "+4917012345678" in shown(read("17012345678", CN, "+86", "+49"))
    assert LISTED in shown(read("17012345678", US, "+1", "+86"))


@pytest.mark.parametrize("context", ["+86", "+8610", "ims.mnc000.mcc460.3gppnetwork.org", "carrier.example", "+86170"])
def test_a_phone_context_of_the_trunks_own_country_changes_nothing(context: str):
    found = read("17012345678", CN, context)
    assert (shown(found), found.differ) == ([LISTED], False)


@pytest.mark.parametrize(
    ("user", "canonical"),
    [("95588", "CN:95588"), ("10086", "CN:10086"), ("110", "CN:110"), ("01065551234", "+861065551234")],
)
@pytest.mark.parametrize("trunk", [US, HK, UNDECIDED])
def test_bare_digits_from_abroad_are_read_as_people_at_home_read_them(user: str, canonical: str, trunk: Trunk):
    found = read(user, trunk)
    assert canonical in shown(found)
    assert found.differ


def test_a_number_of_the_trunks_own_plan_is_read_at_home_too_and_is_no_trick():
    found = read("17012345678", US)  # in North Dakota
    assert (shown(found), found.differ) == (["+17012345678", LISTED], False)
    assert (shown(read("95012345", HK)), read("95012345", HK).differ) == (["+85295012345", "CN:95012345"], False)
    assert shown(read("18012345678", INTERNATIONAL)) == ["+18012345678", "+8618012345678"]


def test_where_a_trunk_has_no_country_people_at_home_read_its_digits_and_that_is_no_trick():
    for user, canonical in (("13912345678", "+8613912345678"), ("95588", "CN:95588"), ("01065551234", "+861065551234")):
        found = read(user, Trunk("default", home="CN"))
        assert canonical in shown(found)
        assert not found.differ


@pytest.mark.parametrize("user", ["13912345678%23", "*31%2313912345678", "++8613912345678", "139_1234_5678"])
def test_a_trick_is_one_there_too(user: str):
    trunk = Trunk("default", home="CN")
    assert read(user, trunk).differ
    assert "+8613912345678" in shown(read(user, trunk))
    assert read("13912345678", trunk, "+49").differ


def test_what_is_an_extension_at_home_is_not_looked_up_for_a_number_from_abroad():
    assert shown(read("91234567", HK)) == ["+85291234567"]


def test_a_plus_before_a_short_number_makes_no_country_of_it():
    """+95588 would be in Myanmar, where no number is so short."""
    assert shown(read("+95588")) == ["+95588", "CN:95588"]


def test_zeros_before_a_number_are_looked_through_without_a_mark():
    """0017012345678 is how people here write a number in North Dakota, and looks like one of ours."""
    found = read("0017012345678")
    assert (shown(found), [each.canonical for each in found.resembled]) == (["+17012345678"], [LISTED])
    assert not found.differ
    assert "CN:95588" in all_of(read("8695588"))


@pytest.mark.parametrize("user", ["user17012345678", "a+086170%E2%80%8B1234%E2%80%8B5678(1)", "user-17012345678(1)"])
def test_of_a_name_every_run_of_digits_is_looked_up(user: str):
    assert LISTED in all_of(read(user))


@pytest.mark.parametrize("user", ["user17012345678", "line-17012345678-a", "EXT:17012345678", "a%4017012345678"])
def test_a_number_inside_a_name_is_looked_up_and_no_trick(user: str):
    found = read(user)
    assert LISTED in all_of(found)
    assert not found.differ


@pytest.mark.parametrize("user", ["user17012345678", "tel17012345678", "0017012345678", "h323:17012345678@h"])
def test_a_trunk_of_here_that_sends_whole_numbers_hides_none_of_here_in_a_name(user: str):
    assert LISTED in all_of(read(user, INTERNATIONAL))


@pytest.mark.parametrize(
    "user",
    [
        *("13912345678", "+8613912345678", "8613912345678", "008613912345678", "013912345678", "+86-139-1234-5678"),
        *("+86 (0)139 1234 5678", "010-8888 6666", "95588", "01095588", "4008123123", "10086", "1001", "*97", "*72"),
        *("+12125551234", "0012125551234", "+442079460000", "+441234", "+86100", "955880", "9501", "12345678"),
        *("alice", "alice1", "3com", "24h", "911rescue", "john.smith2", "anonymous", "", "unknown", "185.22.184.14"),
        *(
            "5f3b2c1d9e",
            "guest-1732960000",
            "13912345678%40ims.mnc000.mcc460.3gppnetwork.org",
            "8695588",
            "+",
            "a" * 300,
        ),
    ],
)
def test_an_ordinary_spelling_is_no_trick(user: str):
    assert not read(user).differ


@pytest.mark.parametrize("user", ["13912345678", "+8613912345678", "8613912345678", "95588", "1001", "*97", "alice"])
def test_an_ordinary_spelling_has_one_reading(user: str):
    found = read(user)
    assert (found.others, found.resembled) == ((), ())


@pytest.mark.parametrize(
    ("user", "canonical"),
    [
        ("13800138000%23", "+8613800138000"),
        ("13800138000%00x", "+8613800138000"),
        ("13800138000x", "+8613800138000"),
        ("*31%2313800138000", "+8613800138000"),
        ("*13800138000ext12", "+8613800138000"),
        ("%23138-0013-8000a", "+8613800138000"),
        ("1001%23", "EXT:1001"),
        ("1001,5", "EXT:1001"),
        ("*6713800138000", "+8613800138000"),
        ("*67+8613800138000", "+8613800138000"),
        ("**6713800138000#", "+8613800138000"),
        ("*6795588", "CN:95588"),
        ("#3113800138000", "+8613800138000"),
    ],
)
def test_a_called_number_goes_through_the_same_steps(user: str, canonical: str):
    found = read(user, called=True)
    assert canonical in shown(found)
    assert found.differ


@pytest.mark.parametrize(
    "user", ["1001", "*97", "*971001", "*67", "alice", "ext1001", "desk-2", "13800138000", "sos", "", "queue.12"]
)
def test_an_ordinary_called_name_is_no_trick(user: str):
    found = read(user, called=True)
    assert (found.others, found.differ) == ((), False)


def test_of_a_text_full_of_numbers_a_few_are_read_and_it_is_marked():
    found = read("#".join(str(10**9 + n) for n in range(20)))
    assert found.differ
    assert len(found.others) < 10


@given(st.text(max_size=60), st.lists(st.text(max_size=20), max_size=2), st.sampled_from([CN, US, UNDECIDED]))
def test_no_text_raises_and_no_reading_is_the_first(user: str, contexts: list[str], trunk: Trunk):
    found = readings(user, trunk, contexts=tuple(contexts), raw=user)
    assert found.first.canonical not in [number.canonical for number in (*found.others, *found.resembled)]
    assert all(number.canonical for number in (*found.others, *found.resembled))


SIGNS = st.sampled_from([*"#*,;pwPW_/!~'&=$|^:@ ", "%23", "%00", "ext", "++", "\u200b", "\u3000", "、"])


@given(
    st.sampled_from(["17012345678", "+8617012345678", "8617012345678", "017012345678"]),
    SIGNS,
    st.text("0123456789", max_size=3),
)
def test_whatever_follows_the_digits_of_a_number_it_is_read(number: str, sign: str, digits: str):
    assert LISTED in all_of(read(number + sign + digits))


@given(st.lists(st.sampled_from([*"_/!,'|~ ", "\u200b", "++"]), min_size=11, max_size=11))
def test_whatever_stands_between_its_digits_it_is_read(signs: list[str]):
    assert LISTED in all_of(read("".join(digit + sign for digit, sign in zip("17012345678", signs, strict=True))))


def test_a_name_without_digits_is_a_name():
    assert read("alice").first.kind is NumberClass.NAME


@pytest.mark.parametrize(
    ("country", "user"),
    [("GB", "+446463995776"), ("IN", "+913595198148"), ("JP", "+813640390242"), ("GR", "+304596265167")],
)
def test_beginnings_that_no_release_knows_yet_are_no_trick_though_they_are_a_number_abroad_without_the_code(
    country: str, user: str
):
    found = read(user, Trunk("carrier", country=country, home=country))
    assert found.first.kind is NumberClass.IMPOSSIBLE
    assert found.others  # looked up all the same
    assert not found.differ
    assert read(f"{user}#", Trunk("carrier", country=country, home=country)).differ

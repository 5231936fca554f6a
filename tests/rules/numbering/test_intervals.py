"""Numbers as ordered integers: order, prefixes and lengths come out right, and decoding gives the number back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.numbering.intervals import (
    EXACT,
    decode,
    encode,
    interval_of,
    narrowness,
    number_interval,
    prefix_interval,
    range_interval,
)

digits = st.text("0123456789", min_size=1, max_size=15)
plans = st.sampled_from(["+", "CN:", "EXT:", "AA:", "ZZ:"])
canonicals = st.builds(str.__add__, plans, digits)


@given(canonicals)
def test_decoding_gives_the_number_back(canonical):
    code = encode(canonical)
    assert code is not None
    assert 0 < code < 2**63
    assert decode(code) == canonical


@given(plans, digits, plans, digits)
def test_a_prefix_holds_what_begins_with_it_and_nothing_else(plan, prefix, other, number):
    interval, code = prefix_interval(plan + prefix), encode(other + number)
    assert interval is not None
    assert (interval.start <= code <= interval.stop) == (plan == other and number.startswith(prefix))


@given(st.integers(0, 10**12 - 1), st.integers(0, 10**12 - 1))
def test_numbers_of_one_length_keep_their_order(one, other):
    first, second = f"+{one:012d}", f"+{other:012d}"
    assert (encode(first) < encode(second)) == (one < other)


def test_an_exact_number_is_not_a_longer_one():
    assert encode("CN:95588") != encode("CN:955880")
    assert encode("+95588") != encode("CN:95588") != encode("EXT:95588")


@pytest.mark.parametrize(
    "text", ["", "+", "CN:", "EXT:12a", "+1_2", "+١٢", "+ 12", "+1234567890123456", "cn:95588", "USA:12", "12", "x"]
)
def test_what_is_no_canonical_number_has_no_code(text):
    assert encode(text) is None
    assert number_interval(text) is None
    assert prefix_interval(text) is None


def test_a_range_wants_one_plan_one_length_and_order():
    interval = range_interval("CN:95012000", "CN:95012999")
    assert interval is not None
    assert (interval.places, interval.text) == (8, "CN:95012000..CN:95012999")
    assert range_interval("CN:95012000", "+95012999") is None
    assert range_interval("CN:9501", "CN:95012") is None
    assert range_interval("CN:95013", "CN:95012") is None
    assert range_interval("CN:95012", "CN:95012").exact


def test_less_is_narrower():
    number, prefix = number_interval("+8613800138000"), prefix_interval("+86138")
    wide, part = prefix_interval("+861"), range_interval("+8613800000000", "+8613899999999")
    order = [narrowness(i.start, i.stop) for i in (number, part, prefix, wide)]
    assert order == sorted(order, reverse=True)
    assert order[0] == EXACT
    assert len(set(order)) == 4


@pytest.mark.parametrize("text", ["+8613800138000", "CN:9558*", "+8613800000000..+8613899999999", "EXT:12"])
def test_what_people_read_is_read_back(text):
    assert interval_of(text).text == text
    assert interval_of(text).exact is (text[-1] != "*" and ".." not in text)


@pytest.mark.parametrize("text", ["", "*", "12", "+1..CN:2", "+12..+1", "+1..", "+12-+13"])
def test_what_is_no_entry_is_not_read_back(text):
    with pytest.raises(ValueError, match="is no entry of a list"):
        interval_of(text)

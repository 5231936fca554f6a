"""Masks, pseudonyms and areas."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.model import Number, NumberClass
from rules.records.privacy import area, mask, mask_within, mask_words, pseudonym


@pytest.mark.parametrize(
    ("canonical", "shown"),
    [
        ("+8613800138000", "+86138******00"),
        ("+862162345678", "+8621******78"),
        ("+3545551234", "+35******34"),
        ("CN:95012345", "CN:95******"),
        ("CN:95588", "CN:95***"),
        ("EXT:1001", "EXT:10**"),
        ("EXT:7", "EXT:*"),
        ("", ""),
    ],
)
def test_a_mask_hides_the_digits_that_tell(canonical, shown):
    assert mask(canonical) == shown


@given(st.text("0123456789", min_size=1, max_size=15), st.sampled_from(["+", "CN:", "EXT:"]))
def test_a_mask_always_hides_and_keeps_the_length(digits, plan):
    shown = mask(plan + digits)
    assert len(shown) == len(plan + digits)
    assert shown.count("*") >= (6 if len(digits) >= 7 else (len(digits) + 1) // 2), "a million numbers are left"
    assert all(s in ("*", c) for s, c in zip(shown, plan + digits, strict=True))


@given(st.from_regex(r"(\+|00|0|)[1-9](-?\d){6,14}", fullmatch=True), st.sampled_from(["", "x-", "call "]))
def test_no_text_shows_more_of_a_number_than_leaves_a_million(number, before):
    digits = len(re.sub(r"\D", "", number))
    for shown in (mask_within(f"{before}{number}@h"), mask_words(f"{before}{number}")):
        assert len(re.sub(r"\D", "", shown)) <= digits - 6


def test_a_pseudonym_is_the_same_for_one_key_only():
    one, other = b"1" * 32, b"2" * 32
    assert pseudonym(one, "+8613800138000") == pseudonym(one, "+8613800138000")
    assert len(pseudonym(one, "+8613800138000")) == 32
    assert pseudonym(one, "+8613800138000") != pseudonym(other, "+8613800138000")
    assert pseudonym(one, "+8613800138000") != pseudonym(one, "+8613800138001")
    assert pseudonym(one, "") == ""


@pytest.mark.parametrize(
    ("canonical", "kind", "expected"),
    [
        ("+8613800138000", NumberClass.MOBILE, "+86138"),
        ("+861062345678", NumberClass.FIXED, "+8610"),
        ("+8675512345678", NumberClass.FIXED, "+86755"),
        ("+442071234567", NumberClass.FIXED, "+4420"),
        ("+12125550123", NumberClass.FIXED, "+1212"),
        ("+4915112345678", NumberClass.MOBILE, "+491511"),
        ("+493012345678", NumberClass.FIXED, "+4930"),
        ("+35312345678", NumberClass.FIXED, "+3531"),
        ("+862", NumberClass.IMPOSSIBLE, "+862"),
        ("+99", NumberClass.IMPOSSIBLE, "+99"),
        ("CN:95588", NumberClass.CN_95, "CN:955"),
        ("EXT:1001", NumberClass.EXTENSION, "EXT:"),
        ("", NumberClass.ANONYMOUS, ""),
    ],
)
def test_an_area_is_told_and_no_more(canonical, kind, expected):
    assert area(Number(canonical, kind)) == expected


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13800138000@192.0.2.7", "138******00@192.0.2.7"),
        ("out-138-0013-8000-17", "out-138-****-****-17"),
        ("8613800138000.1732519834@h", "861********00.17******34@h"),
        ("atLjd6QudKSNSJBP423GonpLb.q5IPQD", "atLjd6QudKSNSJBP423GonpLb.q5IPQD"),
        ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6@h", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6@h"),
        ("call-1001-7f@h", "call-10**-7f@h"),
        ("%313800138000-x", "%313*******00-x"),
        ("call-%31%33%38%30%30%31%33%38%30%30%30@h", "call-%31%33%38******%30%30@h"),
        ("call-11001-7f@h", "call-11001-7f@h"),
    ],
)
def test_numbers_within_a_call_id_are_hidden_and_the_rest_stays_as_it_was(written, shown):
    assert mask_within(written, "+8617012345678", "EXT:1001") == shown


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("13800138000", "138******00"),
        ("%31%33%38%30%30%31%33%38%30%30%30", "%31%33%38******%30%30"),
        ("call me: +86 138 0013-8000!", "call me: +86 1** ****-**00!"),
        ("(010) 6555 1234", "(010) **** **34"),
        ("１３８００１３８０００", "１３８******００"),
        ("Yealink SIP-T46S 66.86.0.15", "Yealink SIP-T46S 66.86.0.15"),
        ("中国银行95588", "中国银行95588"),
        ("192.168.100.200", "192.168.100.200"),
        ("", ""),
    ],
)
def test_numbers_in_words_for_people_are_hidden_however_they_are_grouped(written, kept):
    assert mask_words(written) == kept


@pytest.mark.parametrize(
    ("written", "country", "kept"),
    [
        ("Anna 22 33 44", "LU", "Anna ** ** **"),
        ("(01) 4020 Huber", "AT", "(**) **** Huber"),
        ("49781", "LU", "*****"),
        ("+352 22 33 44", "LU", "+352 ** ** **"),
        ("Room 2026", "LU", "Room 2026"),
        ("Bank 95588, 223344", "CN", "Bank 95588, 223344"),
        ("Anna 223344", "", "Anna 223344"),
    ],
)
def test_a_name_hides_shorter_numbers_where_the_country_has_them(written, country, kept):
    assert mask_words(written, country) == kept


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("223344.f7@h", "******.f7@h"),
        ("x-014020-f7@h", "x-******-f7@h"),
        ("49781@h", "*****@h"),
        ("12233445-f7@h", "12******-f7@h"),
        ("f-122334.f7@h", "f-122334.f7@h"),
    ],
)
def test_a_call_id_hides_the_short_numbers_of_the_call_as_dialled_at_home(written, shown):
    assert mask_within(written, "+352223344", "+4314020", "+35249781") == shown

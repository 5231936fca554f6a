"""The plan tables load, every row says where it comes from, and they agree with themselves."""

from __future__ import annotations

import csv

import phonenumbers
import pytest

from rules.model import NumberClass
from rules.numbering.plan_table import PLANS, calling_code, codes_of, international_prefix, plan_of


@pytest.mark.parametrize("path", sorted(PLANS.glob("*.csv")), ids=lambda p: p.name)
def test_every_row_has_a_source(path):
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, strict=True))
    assert rows
    for row in rows:
        assert row["source"].strip(), row
        assert None not in row, row
        assert None not in row.values(), row


@pytest.mark.parametrize(
    ("digits", "kind"),
    [
        ("95588", NumberClass.CN_95),
        ("955880", None),
        ("950123", None),
        ("95012345", NumberClass.CN_95),
        ("121", NumberClass.SERVICE),
        ("12121", NumberClass.SERVICE),
        ("1212", None),
        ("13800138000", NumberClass.MOBILE),
        ("1380013800", None),
        ("4001234567", NumberClass.CN_400),
        ("", None),
    ],
)
def test_only_listed_lengths_are_members(digits, kind):
    row = plan_of("CN").listed(digits)
    assert (row.kind if row else None) is kind


def test_areas_and_local_numbers():
    plan = plan_of("CN")
    assert plan.area("1088886666") == "10"
    assert plan.area("75588886666") == "755"
    assert plan.area("26") == ""
    assert plan.fixed("1088886666")
    assert not plan.fixed("108888666")
    assert not plan.fixed("1018886666")
    assert not plan.fixed("")


def test_no_area_code_begins_with_another():
    areas = plan_of("CN").areas
    assert not [(a, b) for a in areas for b in areas if a != b and b.startswith(a)]


def test_area_codes_agree_with_the_library_where_it_knows_any():
    plan = plan_of("CN")
    for area, lengths in plan.areas.items():
        for length in lengths:
            number = phonenumbers.parse("+86" + area + "5" * length)
            if phonenumbers.is_valid_number(number):
                return
    pytest.fail("the library knows none of our areas")


def test_codes_of_countries():
    assert codes_of("CN") == ("86", "0")
    assert codes_of("US") == ("1", "1")
    assert codes_of("IT") == ("39", "")
    assert codes_of("") == codes_of("XX") == ("", "")
    assert plan_of("US") is None
    assert calling_code("8613800138000") == "86"
    assert calling_code("3801") == "380"
    assert calling_code("") == calling_code("0") == calling_code("999") == ""
    assert international_prefix("US").match("01186")
    assert international_prefix("CN").match("0086")
    assert international_prefix("GB") is None

"""Lines ranked by the rate that is certain: one complaint of two calls proves less than a hundred of ten thousand."""

import pytest

from desk.rates import ranked, rate_of
from desk.reports import Row


def row(key, rang, complaints, **more):
    rest = dict.fromkeys(Row._fields, 0) | {"growth": None, "year_growth": None, "per_10000": None, "sum_of": ""}
    return Row(**(rest | {"key": key, "rang": rang, "complaints": complaints} | more))


def test_few_calls_prove_little():
    rows = [
        row("few", 3, 1),
        row("many", 10_000, 1_000),
        row("none", 100, 0),
        row("sum", 9, 9, sum_of="all"),
        row("?", None, 5),
    ]
    assert [one.row.key for one in ranked(rows)] == ["many", "few"]
    many = rate_of(rows[1])
    assert (many.rate, round(many.low), round(many.high)) == (1_000, 943, 1_060)


@pytest.mark.parametrize(("rang", "complaints"), [(5, 9), (0, 3)])
def test_more_complaints_than_calls_are_all_of_them(rang, complaints):
    assert rate_of(row("x", rang, complaints)).high == 10_000

"""Lines of other operators are read strictly: as we would write them, or not at all."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.sharing.entries import Reader, Rubbish, SharedEntry, Withdrawal, day_of, days_after, is_operator, start_of

NOON = 1_796_126_400.0  # 2026-12-01 12:00 UTC
GOOD = SharedEntry("+8617012345678", "fraud", "verified", "2026-11-01", "2026-12-01", "2027-03-01", "a.example", 3, 0)
BACK = Withdrawal("+8617012345678", "a.example", 3, "appeal", "2026-12-01")


def test_what_is_written_is_read():
    for one in (GOOD, GOOD._replace(number="+861701230*"), GOOD._replace(number="CN:95588", hop=2)):
        assert list(Reader(NOON).entries([one.line])) == [one]
    assert list(Reader(NOON).withdrawals([BACK.line])) == [BACK]


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "+86"},
        {"number": "+86*"},
        {"number": "+8*"},
        {"number": "CN:110"},
        {"number": "CN:12321"},
        {"number": "CN:12*"},
        {"number": "112"},
        {"number": "8617012345678"},
        {"number": "+86 170 1234 5678"},
        {"number": "+000000000"},
        {"number": ""},
        {"number": 8617012345678},
        {"number": "+8617012345678" * 40},
        {"reason": "his neighbour Li complained"},
        {"strength": "0.93"},
        {"strength": None},
        {"first": "2026-11-31"},
        {"first": 20261101},
        {"last": "2026-12-03"},
        {"last": "2026-10-31"},
        {"expires": "2099-01-01"},
        {"expires": "never"},
        {"origin": "A Example"},
        {"origin": None},
        {"version": 0},
        {"version": True},
        {"version": 1e3},
        {"hop": -1},
        {"hop": 99},
        {"hop": True},
        {"reporter": "+8613800138000"},
    ],
)
def test_a_line_that_no_operator_may_send_refuses_all(changed):
    line = json.dumps(GOOD._asdict() | changed)
    with pytest.raises(Rubbish, match="line 2: ") as refused:
        list(Reader(NOON).entries([GOOD.line, line]))
    assert "170" not in str(refused.value)  # it is logged


@pytest.mark.parametrize("line", ["", "[]", "null", "{}", "{", "[" * 399, '{"number": "+8617012345678"}', "\x00"])
def test_what_is_no_entry_at_all_refuses_all(line):
    for read in (Reader(NOON).entries, Reader(NOON).withdrawals):
        with pytest.raises(Rubbish, match="line 1: "):
            list(read([line]))


@pytest.mark.parametrize("changed", [{"why": "he paid"}, {"on": "today"}, {"version": "3"}, {"number": "+86"}])
def test_a_withdrawal_is_read_as_strictly(changed):
    with pytest.raises(Rubbish):
        list(Reader(NOON).withdrawals([json.dumps(BACK._asdict() | changed)]))


def test_a_clock_that_is_a_day_ahead_is_taken_and_one_of_two_days_is_not():
    assert list(Reader(NOON).entries([GOOD._replace(last="2026-12-02").line]))


def test_days_are_of_utc_and_end_with_the_calendar():
    assert day_of(NOON) == "2026-12-01"
    assert days_after("2026-12-01", 31) == "2027-01-01"
    assert days_after("9999-12-30", 900) == "9999-12-31"
    assert start_of("2026-12-01") == NOON - 43_200


def test_an_operator_is_named_by_a_domain():
    assert [name for name in ("a", "a.example", "A", "-a", "a_b", "a" * 64, "") if is_operator(name)] == [
        *("a", "a.example"),
    ]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from(SharedEntry._fields), ANYTHING)
def test_whatever_stands_in_a_field_it_is_an_entry_or_rubbish(field, value):
    line = json.dumps(GOOD._asdict() | {field: value})
    try:
        (read,) = Reader(NOON).entries([line])
    except Rubbish:
        return
    assert json.loads(read.line) == json.loads(line)

"""What is said of two conditions is true for every call: one covers the other, or they exclude each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.language.domain import DAY, WEEK, DomainReader, Numbers, week_mask
from rules.language.grammar import When
from tests.rules.calls import CN, EVENING, LISTS, TRUSTED, call, hit, holds

KINDS = {name: str(listed.kind) for name, listed in LISTS.items()}
NAMED = {"bank": When.model_validate({"caller": ["95588", "95599"]})}


def domain(when):
    return DomainReader("CN", KINDS, NAMED).read(When.model_validate(when), ("when",))


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"caller": {"starts_with": "95"}}, {"caller": "95588"}),
        (
            {"caller": {"starts_with": ["95", "96"]}},
            {"caller": {"starts_with": ["95012", "96110"]}, "diverted": "true"},
        ),
        ({"caller": {"starts_with": "95"}}, {"caller": {"range": "95000..95099"}}),
        ({"caller": {"range": "95000..95599"}}, {"caller": {"range": "95010..95019"}}),
        ({"caller": {"range": "95000..95599"}}, {"caller": "95588"}),
        ({"caller": {"class": ["cn-95", "cn-96"]}}, {"caller": {"class": "cn-95"}}),
        ({"caller": {"class": "cn-95"}}, {"caller": ["95588", "95599"]}),
        ({"caller": {"on_list": ["blocked", "allowed"]}}, {"caller": {"on_list": "blocked"}}),
        ({"caller": {"list_kind": "block"}}, {"caller": {"on_list": "blocked"}}),
        ({"caller": {"class": "anonymous"}}, {"anonymous": "true"}),
        ({"trunk": ["a", "b"]}, {"trunk": "a", "hours": "10:00-12:00"}),
        ({"hours": "20:00-08:00"}, {"hours": ["21:00-23:00", "23:30-01:00"]}),
        ({"hours": "20:00-08:00", "days": "sat"}, {"hours": "00:30-01:00", "days": "sun"}),
        ({"days": "mon-fri"}, {"days": "tue", "hours": "10:00-11:00"}),
        ({"user_agent": "x"}, {"user_agent": "x", "caller": "95588"}),
        ({"condition": "bank"}, {"caller": "95599"}),
        ({"all": [{"caller": {"starts_with": "95"}}]}, {"any": [{"caller": "95588"}]}),
    ],
)
def test_one_covers_the_other(wide, narrow):
    assert domain(wide).covers(domain(narrow))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"caller": "95588"}, {"caller": {"starts_with": "95588"}}),
        ({"user_agent": "x"}, {"user_agent": "y"}),
        ({"called": {"starts_with": "95"}}, {"caller": {"starts_with": "95588"}}),
        ({"days": "working"}, {"days": "mon"}),
        ({"caller": {"range": "95000..95599"}}, {"caller": {"starts_with": "9501"}}),
        ({"condition": "bank"}, {"caller": ["95588", "95012345"]}),
    ],
)
def test_one_does_not_cover_the_other(one, other):
    assert not domain(one).covers(domain(other))


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"caller": {"starts_with": "95", "exact": "13912345678"}}, ("caller.exact", "caller.starts_with")),
        ({"caller": {"exact": "95588", "class": "mobile"}}, ("caller.exact", "caller.class")),
        ({"hours": "09:00-12:00", "all": [{"hours": "13:00-14:00"}]}, ("hours", "hours")),
        ({"trunk": "a", "all": [{"trunk": ["b", "c"]}]}, ("trunk", "trunk")),
        ({"anonymous": "true", "caller": {"class": "mobile"}}, ("caller.class", "anonymous")),
        ({"caller": {"range": "95000..95099", "starts_with": "9588"}}, ("caller.starts_with", "caller.range")),
    ],
)
def test_conditions_that_exclude_each_other(when, said):
    found = domain(when).contradiction()
    assert found is not None
    assert {one.said for one in found} == set(said)


def test_what_is_not_analysed_is_named():
    asked = {"caller": {"length": "5", "calls": {"over": "3", "within": "1h"}, "starts_with": "95"}, "user_agent": "x"}
    assert domain(asked).opaque == ["caller.calls", "caller.length", "user_agent"]


def test_a_window_across_midnight_belongs_to_the_day_it_begins():
    assert week_mask([(23 * 60, 60)], [6]) == (((1 << 60) - 1) << (WEEK - 60)) | ((1 << 60) - 1)
    assert week_mask([(0, DAY)], range(7)) == (1 << WEEK) - 1


def test_numbers_meet_when_one_could_be_both():
    prefix = Numbers(prefixes=frozenset({"+8613"}))
    assert prefix.meets(Numbers(prefixes=frozenset({"+86139"})))
    assert prefix.meets(Numbers(whole=frozenset({"+8613900000000"})))
    assert not prefix.meets(Numbers(prefixes=frozenset({"+8615"})))


NUMBERS = st.sampled_from(["95588", "95012345", "13912345678", "13800138000"])
PREFIXES = st.sampled_from(["95", "955", "95012", "13", "139", "1380013"])
SOME_NUMBER = st.fixed_dictionaries(
    {},
    optional={
        "exact": st.lists(NUMBERS, min_size=1, max_size=3),
        "starts_with": st.lists(PREFIXES, min_size=1, max_size=3),
        "range": st.sampled_from(["95000..95599", "13900000000..13999999999", "13912345670..13912345679"]),
        "class": st.lists(st.sampled_from(["mobile", "cn-95"]), min_size=1, max_size=2),
        "on_list": st.lists(st.sampled_from(["blocked", "consented"]), min_size=1, max_size=2),
        "list_kind": st.sampled_from(["block", "plain"]),
    },
).filter(bool)
WHENS = st.fixed_dictionaries(
    {},
    optional={
        "caller": SOME_NUMBER,
        "trunk": st.sampled_from(["carrier", "trusted", ["carrier", "trusted"]]),
        "hours": st.sampled_from(["21:00-08:00", "09:00-18:00", "22:00-23:00"]),
        "days": st.sampled_from(["tue", "mon-fri", "sat", "working"]),
        "diverted": st.sampled_from(["true", "false"]),
    },
).filter(bool)
CALLS = st.builds(
    lambda number, hours, trunk, diverted, listed: (
        made := call(number, at=EVENING + hours * 3600, trunk=trunk, diverted=diverted),
        [hit(name, KINDS[name], made) for name in listed],
    ),
    NUMBERS,
    st.integers(0, 167),
    st.sampled_from([CN, TRUSTED]),
    st.booleans(),
    st.sets(st.sampled_from(["blocked", "consented"])),
)


def text(when) -> str:
    return str(when).replace("'", "")


@given(WHENS, WHENS, CALLS)
def test_what_is_said_is_true_for_every_call(one, other, made):
    made_call, hits = made
    first, second = domain(one), domain(other)

    def fits(when):
        return holds(text(when), made_call, hits, trunks=(CN, TRUSTED, CN._replace(name="third")))

    if first.contradiction():
        assert not fits(one)
    if first.covers(second) and fits(other):
        assert fits(one)

"""Evidence: the vectors, and what must never matter."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.evidence import DAY_S, Said, Tie, one_each, score, weigh, wilson

NOW = 100 * DAY_S
people = st.integers(0, 8).map(str)
said = st.builds(Said, people, people, st.sampled_from(Tie), st.floats(0, NOW))


@pytest.mark.parametrize(
    ("weight", "rang", "per_10000"), [(5, 20, 1118.6), (20, 1_000, 129.8), (100, 1_000_000, 0.8), (0, 20, 0.0)]
)
def test_vectors(weight, rang, per_10000):
    assert round(score(weight, rang), 1) == per_10000


def test_n_is_at_least_twenty_and_four_times_w():
    assert score(5, 0) == score(5, 20)
    assert score(50, 10) == 10_000 * wilson(50, 200)


def test_a_complaint_halves_every_thirty_days():
    one = [Said("a", "a", Tie.JUDGED, NOW - 60 * DAY_S)]
    assert weigh(one, rang=20, now=NOW).weight == pytest.approx(0.25)
    assert weigh(one, rang=20, now=NOW, half_life_days=60).weight == pytest.approx(0.5)


@pytest.mark.parametrize(("tie", "weight"), [(Tie.JUDGED, 1.0), (Tie.UNWANTED, 0.5), (Tie.UNTIED, 0.25)])
def test_what_a_tie_is_worth(tie, weight):
    assert weigh([Said("a", "a", tie, NOW)], rang=20, now=NOW).weight == weight


def test_thirty_reporters_behind_one_company_line_count_as_one():
    crowd = [Said(str(person), "line", Tie.JUDGED, NOW) for person in range(30)]
    found = weigh(crowd, rang=500, now=NOW)
    assert (found.complaints, found.counted, found.weight, found.subscribers) == (30, 1, 1.0, 500.0)


def test_one_reporter_with_thirty_lines_counts_as_one():
    assert weigh([Said("a", str(line), Tie.JUDGED, NOW) for line in range(30)], rang=20, now=NOW).weight == 1.0


def test_a_light_complaint_takes_no_place_of_a_heavy_one():
    """Who names other people's lines without having been called weakens nobody."""
    victims = [Said(str(n), str(n), Tie.JUDGED, NOW - DAY_S) for n in range(5)]
    flood = [Said("friend", str(n), Tie.UNTIED, NOW) for n in range(5)]
    assert weigh([*victims, *flood], rang=20, now=NOW).weight == pytest.approx(weigh(victims, rang=20, now=NOW).weight)


@given(st.lists(said, max_size=40), st.randoms())
def test_order_never_matters(complaints, rand: random.Random):
    shuffled = list(complaints)
    rand.shuffle(shuffled)
    assert weigh(shuffled, rang=7, now=NOW) == weigh(complaints, rang=7, now=NOW)


@given(st.lists(said, max_size=40), said)
def test_withdrawal_restores_exactly(complaints, one):
    before = weigh(complaints, rang=7, now=NOW)
    later = [*complaints, one]
    weigh(later, rang=7, now=NOW)
    later.remove(one)
    assert weigh(later, rang=7, now=NOW) == before


@given(st.lists(said, max_size=40))
def test_each_reporter_and_each_line_once(complaints):
    counted = [one for _, one in one_each(complaints, NOW, 30)]
    assert len({one.reporter for one in counted}) == len({one.line for one in counted}) == len(counted)
    assert weigh(complaints, rang=0, now=NOW).weight <= len(counted)


@given(st.integers(1, 400), st.integers(0, 30))
def test_a_flood_by_one_reporter_weighs_one_complaint(times, rang):
    flood = [Said("a", str(line), Tie.JUDGED, NOW) for line in range(times)]
    assert weigh(flood, rang=rang, now=NOW).score == score(1, rang)

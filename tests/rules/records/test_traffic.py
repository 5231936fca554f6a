"""The made-up traffic is the same each time; on it campaigns are found early and hardly anybody else is met."""

from rules.records.traffic import KINDS, measured, traffic


def test_it_is_the_same_each_time_and_holds_each_kind():
    made = list(traffic(1, 500))
    assert made == list(traffic(1, 500))
    assert {kind for _, kind in made} == {"", *KINDS}
    assert [seen.at for seen, _ in made] == sorted(seen.at for seen, _ in made)


def test_campaigns_are_found_within_fifty_calls_and_no_innocent_is_met():
    found = measured(2, 4_000)
    assert (found.found, found.innocents) == (len(KINDS), 0)
    assert found.until < 50
    assert found.share > 80

"""People and not complaints: each reporter and line once, and what they weigh."""

from desk.leak_people import Speaker, counted_once, weighed


def test_a_crowd_that_nobody_can_tie_to_a_call_is_worth_half_an_alert_at_most():
    crowd = [Speaker(f"r{n}", f"l{n}", tied=False) for n in range(100)]
    assert weighed(*counted_once(crowd), worth=0.2, enough=5) == (0, 100, 2.5)
    tied = [Speaker(f"t{n}", f"k{n}", tied=True) for n in range(3)]
    assert weighed(*counted_once([*crowd, *tied]), worth=0.2, enough=5) == (3, 100, 5.5)
    again = [Speaker("t0", "k9", tied=True), Speaker("x", "k1", tied=True)]
    assert counted_once([*tied, *again]) == (3, 0)

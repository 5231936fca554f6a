"""People and not complaints: each reporter and line once, and what they weigh."""

from desk.leak_people import Speaker, people_of


def test_a_crowd_that_nobody_can_tie_to_a_call_is_worth_half_an_alert_at_most():
    crowd = [Speaker(f"r{n}", f"l{n}", tied=False) for n in range(100)]
    assert people_of(crowd, untied=0.2, enough=5) == (0, 100, 2.5)
    tied = [Speaker(f"t{n}", f"k{n}", tied=True) for n in range(3)]
    assert people_of([*crowd, *tied], untied=0.2, enough=5) == (3, 100, 5.5)
    assert (
        people_of([*tied, Speaker("t0", "k9", tied=True), Speaker("x", "k1", tied=True)], untied=0.2, enough=5)[0] == 3
    )

"""Causes that were only counted before: told at once, then seldom, and without numbers of anybody."""

from rules.records.troubles import EVERY_S, Troubles


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_cause_is_told_at_once_then_once_a_minute_with_how_often():
    said, clock = [], Clock()
    troubles = Troubles(lambda *what: said.append(what), clock)
    for _ in range(5):
        troubles.happened("records could not be written", OSError(28, "No space left on device"))
    troubles.happened("something else", "because")
    assert said == [
        ("records could not be written", "[Errno 28] No space left on device", 1),
        ("something else", "because", 1),
    ]
    clock.now += EVERY_S
    troubles.happened("records could not be written", "again", 3)
    assert said[-1] == ("records could not be written", "again", 7)


def test_a_clock_set_back_silences_nobody():
    said, clock = [], Clock()
    troubles = Troubles(lambda *what: said.append(what), clock)
    troubles.happened("a", "b")
    clock.now -= 3600
    troubles.happened("a", "b")
    assert len(said) == 2


def test_a_number_in_a_cause_is_masked():
    said = []
    troubles = Troubles(lambda *what: said.append(what), Clock())
    troubles.happened("a call could not be judged", ValueError("no plan for +8613800138000"))
    assert said[0][1] == "ValueError: no plan for +861********00"

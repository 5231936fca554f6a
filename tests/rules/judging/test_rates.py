"""What a caller did lately: rolling windows that include the call itself, per trunk, within bounds."""

from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.judging.rates import Rates
from rules.model import Call, Number, NumberClass, Outcome
from rules.settings.screening import RateSettings
from tests.rules.calls import ABROAD, CN, EVENING, call

HOUR = 3600
ALL = frozenset((name, HOUR) for name in ("calls", "called_numbers", "short_calls", "answered"))
ANSWERED, REJECTED = Outcome(200, True, 1000), Outcome(603, False, 1)


def measured(rates, decision="d", caller="13912345678", called="13800138000", *, at=EVENING, trunk=CN, call_id=""):
    made = call(caller, called, at=at, trunk=trunk, call_id=call_id)
    rates.count(made, decision)
    return made.facts


def played(rates, count, *, outcome=ANSWERED, lasts=None, at=EVENING, every=1.0, **more):
    """Calls one after the other, each with its end."""
    for number in range(count):
        decision, begun = f"{at}-{number}", at + number * every
        measured(rates, decision, at=begun, **more)
        rates.ended(decision, outcome)
        if lasts is not None:
            rates.hung_up(decision, begun + outcome.setup_ms / 1000 + lasts)


def test_a_window_includes_the_call_and_rolls():
    rates = Rates({("calls", HOUR), ("called_numbers", HOUR), ("calls", 60)})
    assert measured(rates) == {"calls_1h": 1, "called_numbers_1h": 1, "calls_1m": 1}
    assert measured(rates, called="13800138001", at=EVENING + 59) == {
        "calls_1h": 2,
        "called_numbers_1h": 2,
        "calls_1m": 2,
    }
    assert measured(rates, at=EVENING + 60) == {"calls_1h": 3, "called_numbers_1h": 2, "calls_1m": 2}
    assert measured(rates, at=EVENING + HOUR + 59) == {"calls_1h": 2, "called_numbers_1h": 1, "calls_1m": 1}


def test_facts_that_others_measured_stay():
    made = call(facts={"group": "homes"})
    Rates({("calls", HOUR)}).count(made, "d")
    assert made.facts == {"group": "homes", "calls_1h": 1}


def test_each_trunk_counts_for_itself_and_nobody_counts_for_none():
    rates = Rates({("calls", HOUR)})
    measured(rates)
    assert measured(rates, caller="+8613912345678", trunk=ABROAD) == {"calls_1h": 1}
    assert measured(rates, caller="anonymous") is None
    assert measured(rates) == {"calls_1h": 2}


def test_shares_need_twenty_calls():
    rates = Rates(ALL)
    played(rates, 19, lasts=2)
    assert "short_calls_1h" not in measured(rates)
    played(rates, 1, lasts=60, at=EVENING + 20)
    facts = measured(rates, at=EVENING + 90)
    assert facts["short_calls_1h"] == 95.0
    assert facts["answered_1h"] == 100.0


def test_a_call_is_short_up_to_six_seconds_after_the_answer():
    rates = Rates(ALL, RateSettings(ratio_calls=1))
    played(rates, 1, lasts=6.0)
    played(rates, 1, lasts=6.1, at=EVENING + 10)
    assert measured(rates, at=EVENING + 20)["short_calls_1h"] == 50.0


def test_the_end_may_be_known_before_the_answer():
    rates = Rates(ALL, RateSettings(ratio_calls=1))
    measured(rates, "a")
    rates.hung_up("a", EVENING + 3)
    rates.ended("a", ANSWERED)
    assert measured(rates)["short_calls_1h"] == 100.0


def test_rejected_calls_count_and_are_not_answered():
    rates = Rates(ALL)
    played(rates, 15)
    played(rates, 5, outcome=REJECTED, at=EVENING + 20)
    facts = measured(rates, at=EVENING + 30)
    assert (facts["calls_1h"], facts["answered_1h"]) == (21, 75.0)


def test_what_is_said_twice_or_of_no_call_counts_once_or_not():
    rates = Rates(ALL, RateSettings(ratio_calls=1))
    measured(rates, "a")
    for _ in range(2):
        rates.ended("a", ANSWERED)
        rates.hung_up("a", EVENING + 2)
        rates.ended("none", ANSWERED)
        rates.hung_up("none", EVENING)
    facts = measured(rates)
    assert (facts["answered_1h"], facts["short_calls_1h"]) == (100.0, 100.0)


@pytest.mark.parametrize("status", [401, 407, 415, 420, 422])
def test_a_call_that_was_challenged_and_comes_again_with_credentials_is_one_call(status):
    """RFC 3261 8.1.3.5, 22; RFC 4028 7.4: the same Call-ID, judged again, counted once; its end is the second's."""
    rates = Rates(ALL, RateSettings(ratio_calls=1))
    measured(rates, "asked", call_id="one@wren")
    rates.ended("asked", Outcome(status, False, 5))
    again = measured(rates, "again", at=EVENING + 1, call_id="one@wren")
    assert again == {"calls_1h": 1, "called_numbers_1h": 1}
    rates.ended("again", ANSWERED)
    rates.hung_up("again", EVENING + 60)
    assert measured(rates, at=EVENING + 90) == {
        "calls_1h": 2,
        "called_numbers_1h": 1,
        "answered_1h": 100.0,
        "short_calls_1h": 0.0,
    }
    assert len(rates) == 2


def test_a_challenge_that_nobody_answers_is_a_call_that_was_not():
    rates = Rates(ALL, RateSettings(ratio_calls=1))
    measured(rates, "asked", call_id="one@wren")
    rates.ended("asked", Outcome(407, False, 5))
    assert measured(rates, call_id="two@wren") == {"calls_1h": 2, "called_numbers_1h": 1, "answered_1h": 0.0}


def test_a_call_that_is_challenged_and_then_wants_another_session_timer_is_one_call():
    """As Asterisk does it: 401, then 422, then 200."""
    rates = Rates({("calls", HOUR), ("answered", HOUR)}, RateSettings(ratio_calls=1))
    for number, status in enumerate((401, 422, 200)):
        assert measured(rates, str(number), at=EVENING + number, call_id="one@wren")["calls_1h"] == 1
        rates.ended(str(number), Outcome(status, False, 5))
    assert measured(rates) == {"calls_1h": 2, "answered_1h": 100.0}


def test_whoever_guesses_passwords_under_one_call_id_is_counted():
    rates = Rates({("calls", HOUR)})
    seen = []
    for number in range(6):
        seen.append(measured(rates, str(number), at=EVENING + number, call_id="one@wren")["calls_1h"])
        rates.ended(str(number), Outcome(401, False, 5))
    assert seen == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize(
    "other", [{"caller": "13912345679"}, {"called": "13800138001"}, {"trunk": ABROAD, "caller": "+8613912345678"}]
)
def test_the_call_id_of_another_s_challenge_hides_no_call(other):
    rates = Rates(ALL)
    measured(rates, "asked", call_id="one@wren")
    rates.ended("asked", Outcome(407, False, 5))
    measured(rates, "other", call_id="one@wren", **other)
    assert len(rates) == 2


def test_credentials_that_come_after_the_shortest_window_are_another_call():
    rates = Rates({("calls", HOUR), ("calls", 60)})
    measured(rates, "asked", call_id="one@wren")
    rates.ended("asked", Outcome(407, False, 5))
    assert measured(rates, at=EVENING + 60, call_id="one@wren") == {"calls_1h": 2, "calls_1m": 1}


def test_challenges_are_forgotten_with_their_calls():
    rates = Rates({("calls", HOUR)}, RateSettings(remembered_calls=100))
    for number in range(300):
        measured(rates, str(number), call_id=f"{number}@wren", at=EVENING + number / 10)
        rates.ended(str(number), Outcome(407, False, 5))
    assert len(rates._amendable) == len(rates) == 100
    rates.ask(())
    assert not rates._tables


def test_an_end_after_the_window_changes_nothing():
    rates = Rates({("answered", 60), ("calls", HOUR)}, RateSettings(ratio_calls=1))
    measured(rates, "a")
    measured(rates, "b", at=EVENING + 100)
    rates.ended("a", ANSWERED)
    rates.ended("b", REJECTED)
    assert measured(rates, at=EVENING + 100)["answered_1m"] == 0.0


def test_nothing_is_measured_that_no_rule_asks_for():
    rates = Rates(())
    assert measured(rates) is None
    rates.ended("d", ANSWERED)
    assert len(rates) == 0


def test_another_rule_set_uses_what_is_remembered():
    rates = Rates({("calls", HOUR)})
    played(rates, 3, lasts=1)
    rates.ask({("called_numbers", HOUR), ("calls", 60), ("short_calls", HOUR)})
    assert measured(rates, at=EVENING + 61) == {"called_numbers_1h": 1, "calls_1m": 2}
    rates.ask(())
    assert len(rates) == 0


def test_the_table_is_bounded_oldest_out():
    rates = Rates({("calls", HOUR), ("called_numbers", 60)}, RateSettings(remembered_calls=100))
    for number in range(150):
        measured(rates, str(number), caller=f"139123{number % 3:05d}", at=EVENING + number / 10)
    assert (len(rates), rates.forgotten) == (100, 50)
    assert measured(rates, "last", caller="13912300000", at=EVENING + 20)["calls_1h"] in (34, 35)
    played(rates, 60, caller="13700137000", at=EVENING + 2 * HOUR)
    assert len(rates) == 60
    assert len(rates._tables[()].commons) == 1


def test_a_clock_that_is_set_back_harms_nobody():
    rates = Rates(ALL)
    measured(rates, at=EVENING)
    assert measured(rates, at=EVENING - 7200)["calls_1h"] == 2
    assert measured(rates, at=EVENING + 10 * HOUR)["calls_1h"] == 1


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2"]),  # caller
        st.sampled_from(["1", "2", "3"]),  # called
        st.integers(0, 40),  # seconds since the call before
        st.sampled_from([None, 200, 407, 603, 487]),  # how it ended
        st.sampled_from([None, 2, 30]),  # seconds after the answer
    ),
    max_size=60,
)


@given(EVENTS, st.sampled_from([0, 10, 30]))
def test_sums_are_those_of_a_plain_count(events, changed_at):
    asked = {
        (name, seconds) for name in ("calls", "called_numbers", "short_calls", "answered") for seconds in (60, 120)
    } | {(f"{name}_per_caller", s) for name in ("unanswered", "concurrent", "ring_time") for s in (60, 120)}
    rates = Rates({("calls", 120)} if changed_at else asked, RateSettings(ratio_calls=1))
    at, past = EVENING, []
    for number, (caller, called, later, status, lasts) in enumerate(events):
        if number == changed_at:
            rates.ask(asked)
        at += later
        facts = measured(rates, str(number), f"1391234567{caller}", f"1380013800{called}", at=at)
        past.append((caller, called, at, status, lasts))
        if number >= changed_at:
            for seconds in (60, 120):
                mine = [one for one in past if one[0] == caller and one[2] > at - seconds]
                ended = [one for one in mine[:-1] if one[3]]
                answered = [one for one in ended if one[3] == 200]
                short = [one for one in answered if one[4] == 2]
                name = f"{seconds // 60}m"
                assert facts[f"calls_{name}"] == len(mine)
                assert facts[f"called_numbers_{name}"] == len(Counter(one[1] for one in mine))
                assert facts.get(f"answered_{name}") == (100 * len(answered) / len(ended) if ended else None)
                assert facts.get(f"short_calls_{name}") == (100 * len(short) / len(answered) if answered else None)
                if not changed_at:
                    given_up = [one for one in ended if one[3] == 487]
                    going_on = [one for one in mine if not one[3] or (one[3] == 200 and one[4] is None)]
                    assert facts[f"unanswered_per_caller_{name}"] == len(ended) - len(answered)
                    assert facts[f"concurrent_per_caller_{name}"] == len(going_on) + (mine[-1] not in going_on)
                    assert facts.get(f"ring_time_per_caller_{name}") == (2.0 if given_up else None)
        if status:
            rates.ended(str(number), Outcome(status, True, 2000 if status == 487 else 0))
        if lasts is not None:
            rates.hung_up(str(number), at + lasts)


CONSTANT, OTHER = "LoanQ", "\u202eQnaoL"
TRUSTED = CN._replace(identity_trusted=True)


def shown(number: int, **more: object) -> Call:
    """A call whose first number and texts are another each time."""
    texts: dict[str, object] = {
        "at": EVENING + number,
        "display_name": f"x{number}",
        "domain": f"h{number}",
        "user_agent": f"agent {number}",
    }
    return call(f"139123{number:05}", trunk=TRUSTED, **{**texts, **more})


NUMBER = Number("+8617012345678", NumberClass.MOBILE)


def with_another(number: int) -> Call:
    made = shown(number)
    made.callers = (made.caller, NUMBER)
    return made


def spelt_otherwise(number: int) -> Call:
    made = with_another(number)
    made.asserted = made.callers
    made.mark_unread()
    return made


@pytest.mark.parametrize(
    ("per", "each"),
    [
        ("display_name", lambda number: shown(number, more_texts={"display_name": (f"y{number}", CONSTANT)})),
        ("display_name", lambda number: shown(number, display_name=CONSTANT if number % 2 else OTHER)),
        ("display_name", lambda number: shown(number, display_name="Lo\u00a0anQ" if number % 2 else CONSTANT)),
        ("domain", lambda number: shown(number, more_texts={"domain": ("loanq.example",)})),
        ("user_agent", lambda number: shown(number, more_texts={"user_agent": ("Dialer/1",)})),
        ("caller", with_another),
        ("caller", spelt_otherwise),
        ("caller_block_100", with_another),
        ("caller_and_display_name", with_another),
        ("", with_another),
    ],
)
def test_a_call_counts_under_each_name_and_number_that_a_telephone_may_show(per: str, each: Callable[[int], Call]):
    name = f"calls_per_{per}" if per else "calls"
    rates = Rates({(name, HOUR)})
    for number in range(6):
        made = each(number)
        if "_and_" in per:
            made.display_name = CONSTANT
        first = made.caller
        rates.count(made, f"d{number}")
        assert made.facts[f"{name}_1h"] == number + 1
        assert made.caller is first
    for number in range(6):
        rates.ended(f"d{number}", REJECTED)


def test_several_readings_of_one_ordinary_number_are_one_number():
    rates = Rates({("calls_per_caller", HOUR)})
    for number in range(3):
        made = with_another(number)
        made.asserted = made.callers
        rates.count(made, f"d{number}")
        assert made.facts == {"calls_per_caller_1h": 1}


def test_calls_that_show_many_names_take_no_more_room_than_others():
    asked = {("calls_per_display_name", HOUR), ("calls_per_caller", HOUR)}
    rates = Rates(asked, RateSettings(remembered_calls=1000))
    for number in range(3000):
        rates.count(
            shown(number, more_texts={"display_name": tuple(f"{number}-{each}" for each in range(60))}), f"{number}"
        )
    tables = rates._all
    assert sum(len(table.commons) for table in tables) <= 2 * 1000
    assert 50 <= len(rates) <= 65
    for number in range(3000, 3000 + 1000):
        rates.count(shown(number), f"{number}")
    assert len(rates) > 900
    for number in range(10):
        rates.count(shown(number, at=EVENING + 10 * HOUR), f"e{number}")

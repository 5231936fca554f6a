"""What counting may take in memory: told before, kept, and refused where there is not so much."""

import gc
import tracemalloc

import pytest

from rules.judging.counting_memory import mib_of, octets_a_call
from rules.judging.rates import Rates
from rules.model import Call, Number, NumberClass
from rules.settings.screening import RateSettings
from tests.rules.calls import CN, EVENING, compiled, faults, rule

HOUR = 3600
KINDS = ("called", "trunk", "source", "domain", "display_name", "user_agent", "holder", "list")


@pytest.mark.parametrize(
    "asked",
    [
        [("calls", HOUR)],
        [("calls_per_caller_and_called", HOUR)],
        [("called_numbers", HOUR), ("called_numbers", 86_400), ("calls", 600)],
        [(f"callers_per_{per}", HOUR) for per in KINDS],
        [(f"concurrent_per_{per}", HOUR) for per in KINDS],
    ],
)
@pytest.mark.parametrize("alike", [1, 2, 20])
def test_counting_takes_no_more_memory_than_is_told(asked, alike):
    many = 3000
    rates = Rates(asked, RateSettings(remembered_calls=many))
    gc.collect()
    tracemalloc.start()
    for number in range(many):
        which = f"{number // alike:08d}"
        texts = {"source": which, "domain": f"{which}.example", "display_name": "x" * 5000 + which}
        texts |= {"call_id": f"{number:020d}@host", "user_agent": f"dialler/{which}"}
        caller = Number(f"+86139{which}", NumberClass.MOBILE, "CN")
        called = Number(f"+86138{number:08d}", NumberClass.MOBILE, "CN")
        made = Call(caller=caller, called=called, trunk=CN, at=EVENING, facts={"holder": f"H {which}"}, **texts)
        rates.count(made, f"{number:020x}", [f"list-{which}"])
    gc.collect()
    taken = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert taken <= octets_a_call(asked) * many + 200_000, "the rest is for empty tables"
    assert mib_of(asked, many) * 2**20 >= octets_a_call(asked) * many
    assert rates.octets == octets_a_call(asked) * many


def test_counts_that_take_more_memory_than_there_may_be_are_named_with_figure_and_rule():
    text = "".join(
        rule(f"{{count: {{of: callers, per: {each}, within: 1h, over: 3}}}}", name=f"by-{each}") for each in KINDS[:4]
    )
    settings = {"facts": {"memory_mib": 500}}
    (fault,) = faults(text, settings=settings)
    assert fault == (
        "rules.yaml:7:17: with this count of rule 'by-trunk' counting may take 609 MiB for 500,000 remembered calls, "
        "and facts.memory_mib allows 500; count by fewer things, lower facts.remembered_calls or raise "
        "facts.memory_mib in ringfence.yaml"
    )
    assert compiled(text, settings={"facts": {"memory_mib": 500, "remembered_calls": 100_000}})[0] is not None


def test_a_hundred_counts_in_a_file_are_refused_with_what_would_be_right():
    text = "".join(
        rule(f"{{count: {{of: callers, per: called, within: {n}m, over: 3}}}}", name=f"r{n}") for n in range(1, 101)
    )
    (fault,) = faults(text)
    assert "with this count of rule 'r" in fault
    assert "count by fewer things" in fault

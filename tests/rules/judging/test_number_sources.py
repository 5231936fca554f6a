"""What others know of a number: asked beside the calls, remembered; whatever a plug-in does, no call waits for it."""

import asyncio
import sys
import threading
import time

import pytest

from rules.judging import number_sources, plugins
from rules.judging.fact_sources import FactSources
from rules.judging.number_sources import AtOnce
from tests.rules.calls import call

LONG = 60.0
WAITING = AtOnce(deadline_s=LONG, wait_s=LONG)


class Asked:
    """A plug-in that does something with a number."""

    names = ("score", "label")

    def __init__(self, answer):
        self.answer, self.numbers = answer, []

    async def look_up(self, number):
        self.numbers.append(number)
        found = self.answer(number) if callable(self.answer) else self.answer
        return await found if asyncio.iscoroutine(found) else found


@pytest.fixture
def sources():
    made = []

    def make(answer, bounds=WAITING):
        source = Asked(answer)
        made.append(FactSources(numbers={"a": source}, at_once=bounds))
        made[-1].ask({"score"})
        return made[-1], source

    yield make
    for one in made:
        one.close()


def facts_of(sources, caller="13912345678", **more):
    made = call(caller, **more)
    sources.measure(made)
    return made.facts


def until(held):
    end = time.monotonic() + LONG
    while not held():
        assert time.monotonic() < end
        time.sleep(0.002)


def figures(sources):
    return sources.figures()["ringfence.numbers", "a"]


def test_a_call_does_not_wait_and_the_next_one_knows(sources):
    go = threading.Event()

    async def answer():
        await asyncio.to_thread(go.wait, LONG)
        return {"score": 7, "label": "loans"}

    several, source = sources(lambda number: answer(), AtOnce(deadline_s=LONG))
    assert facts_of(several) is None
    assert facts_of(several) is None
    go.set()
    until(lambda: figures(several)["cached"])
    assert facts_of(several, facts={"group": "homes"}) == {"group": "homes", "score": 7, "label": "loans"}
    assert source.numbers == ["+8613912345678"], "a number is asked about once"
    assert several.failures == 0
    assert figures(several)["hits"] == 1
    assert figures(several)["p99_ms"] > 0


def test_the_operator_may_let_a_call_wait(sources):
    waiting, _ = sources({"score": 3})
    assert facts_of(waiting) == {"score": 3}
    nothing, source = sources(None)
    assert [facts_of(nothing), facts_of(nothing)] == [None, None]
    assert len(source.numbers) == 1, "that nothing is known is remembered, too"


def test_who_shows_no_number_is_not_asked_about_nor_is_anybody_whose_facts_no_rule_reads(sources):
    one, source = sources({"score": 3})
    assert facts_of(one, "anonymous") is None
    one.ask({"other"})
    assert not one.wanted
    assert facts_of(one) is None
    assert source.numbers == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (7, "TypeError: int is no mapping"),
        ({"other": 1}, "'other': int is none of the facts that it names"),
        ({"score": [1]}, "'score': list is none of the facts"),
        (lambda number: 1 / 0, "ZeroDivisionError"),
        (lambda number: sys.exit(3), "RuntimeError: SystemExit: 3"),
        ({"label": "x" * 1001}, "'label' has 1,001 characters"),
        ({f"f{n}": n for n in range(65)}, "65 values, of which there may be 64"),
        (lambda number: asyncio.sleep(LONG), "no answer within 0.01 s"),
    ],
)
def test_one_that_fails_lies_or_is_late_leaves_the_fact_lacking_and_rests(sources, answer, why, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(plugins, "monotonic", lambda: now[0])
    bounds = AtOnce(deadline_s=0.01 if "within" in why else LONG, wait_s=LONG)
    one, source = sources(answer, bounds)
    for n in range(5):
        assert facts_of(one, f"1391234567{n}") is None
        until(lambda: not figures(one)["under_way"])
    assert one.failures == 5
    assert why in one.last_errors[0]
    assert facts_of(one) is None
    assert len(source.numbers) == 5, "it rests"
    assert why in one.last_errors[0], "and the reason stays"
    assert one.failures == 6
    assert figures(one)["rests_s"] == 30.0
    now[0] += 31.0
    facts_of(one)
    assert len(source.numbers) == 6


def test_an_answer_is_forgotten_after_a_while_and_only_so_many_are_kept(sources, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(number_sources, "monotonic", lambda: now[0])
    one, source = sources({"score": 3}, AtOnce(deadline_s=LONG, wait_s=LONG, cached=2, kept_s=60))
    for n in (1, 2, 3):
        facts_of(one, f"1391234567{n}")
    assert figures(one)["cached"] == 2
    facts_of(one, "13912345673")
    assert len(source.numbers) == 3
    now[0] += 61
    facts_of(one, "13912345673")
    assert len(source.numbers) == 4


def test_one_that_hangs_holds_no_more_than_it_may_and_is_named(sources, monkeypatch):
    now, go = [1000.0], threading.Event()
    monkeypatch.setattr(number_sources, "monotonic", lambda: now[0])
    one, _ = sources(lambda number: go.wait(LONG), AtOnce(deadline_s=2.0, at_once=3))
    try:
        for n in range(10):
            assert facts_of(one, f"1391234567{n}") is None
        assert figures(one)["under_way"] == 3
        assert one.last_errors == ["a: is asked too much at once"]
        now[0] += 10.0
        facts_of(one, "13912345679")
        assert one.last_errors == ["a: does not come back from what it was asked"]
        assert one.failures == 8
    finally:
        go.set()


def test_one_that_does_not_heed_its_end_keeps_its_place(sources):
    go = threading.Event()

    async def stubborn():
        while not go.is_set():
            try:
                await asyncio.sleep(0.005)
            except asyncio.CancelledError:
                continue
        return {"score": 1}

    one, _ = sources(lambda number: stubborn(), AtOnce(deadline_s=0.01, at_once=1, wait_s=LONG))
    assert facts_of(one) is None
    assert one.last_errors == ["a: no answer within 0.01 s"]
    assert figures(one)["under_way"] == 1
    go.set()
    until(lambda: not figures(one)["under_way"])


def test_one_that_stops_its_loop_costs_its_facts_and_no_call_and_begins_anew(sources):
    stopped = []

    async def stop():
        if not stopped:
            stopped.append(True)
            asyncio.get_running_loop().stop()
        return {"score": 1}

    one, _ = sources(lambda number: stop(), AtOnce(deadline_s=LONG))
    assert facts_of(one) is None
    until(lambda: one._numbers[0]._loop.is_closed())
    assert facts_of(one, "13912345679") is None
    assert one.last_errors == ["a: its thread has ended"]
    assert one._numbers[0].rests
    one._numbers[0].rests_until = 0.0
    until(lambda: facts_of(one, "13912345670") == {"score": 1})

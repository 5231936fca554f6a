"""Plug-ins: what their packages tell, what each did, and that none of them ends the process or holds a call."""

from importlib.metadata import EntryPoint

import pytest

from rules.judging import plugins
from rules.judging.plugins import FACTS, Worker, Wrong, loaded
from rules.language.faults import RuleError


def work(question):
    if isinstance(question, BaseException):
        raise question
    return question


def test_a_worker_answers_and_is_measured():
    worker = Worker("a", work)
    assert [worker.ask(n, 60) for n in (1, "x", None)] == [1, "x", None]
    figures = worker.figures()
    assert (figures["asked"], figures["failed"], figures["last_error"]) == (3, 0, "")
    assert 0 <= figures["p50_ms"] <= figures["p99_ms"]
    worker.close()


class Mute(Exception):
    """It can't be shown."""

    def __str__(self):
        raise Mute


@pytest.mark.parametrize("raised", [ValueError("none"), SystemExit(1), KeyboardInterrupt(), Mute()])
def test_what_one_raises_is_counted_and_the_next_question_answered(raised):
    worker = Worker("a", work)
    assert worker.ask(raised, 60) is None
    assert worker.failures == 1
    assert worker.last_error.startswith("a: ")
    assert worker.ask(5, 60) == 5
    worker.close()


def test_an_error_of_any_length_is_told_shortly():
    worker = Worker("a", work)
    worker.ask(ValueError("x" * 10_000), 60)
    assert len(worker.last_error) == 200
    worker.close()


def test_what_went_wrong_shows_nobodys_number():
    worker = Worker("a", work)
    worker.ask(ValueError("500 for http://a.example/%2B8613912345678"), 60)
    assert worker.last_error == "a: ValueError: 500 for http://a.example/%2B***"
    worker.close()


def test_two_of_one_name_and_those_of_no_use_are_named(monkeypatch):
    points = [EntryPoint("a", "builtins:dict", FACTS), EntryPoint("a", "builtins:list", FACTS)]
    points += [EntryPoint("b", "builtins:set", FACTS)]
    monkeypatch.setattr(plugins, "entry_points", lambda group: points)
    with pytest.raises(RuleError) as error:
        loaded(FACTS, lambda name, made: [Wrong("it is a set", "write a dict")] if made == set() else [], "a book")
    assert [fault.what for fault in error.value.faults] == ["another plug-in has that name, too", "it is a set"]
    points[1:] = []
    assert loaded(FACTS, lambda name, made: [], "a book") == {"a": {}}

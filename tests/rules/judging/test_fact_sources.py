"""Plug-ins give facts; whatever they do, it costs a fact and never a call."""

import os
import re
import subprocess
import sys
import threading
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from rules.judging import plugins
from rules.judging.fact_sources import FactSources, installed_sources
from rules.language.compile import Known
from rules.language.faults import RuleError
from tests.rules.calls import call, compiled, rule, rules

ROOT = Path(__file__).resolve().parent.parent.parent.parent


class Source:
    def __init__(self, answer, names=("risk",)):
        self.answer, self.names, self.calls = answer, names, 0

    def measure(self, call):
        self.calls += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer(call) if callable(self.answer) else self.answer


@pytest.fixture
def sources():
    """FactSources of these plug-ins, closed at the end."""
    made = []

    def make(wait_s=60.0, **plugins):
        made.append(FactSources(plugins, wait_s=wait_s))
        made[-1].ask({"risk", "score"})
        return made[-1]

    yield make
    for one in made:
        one.close()


def facts_of(sources, **more):
    made = call(**more)
    sources.measure(made)
    return made.facts


def test_a_call_gets_the_facts_that_rules_read(sources):
    several = sources(a=Source({"risk": 3}), b=Source(lambda call: {"score": call.caller.canonical}, ("score",)))
    assert facts_of(several, facts={"group": "homes"}) == {"group": "homes", "risk": 3, "score": "+8613912345678"}
    assert several.names == {"risk", "score"}
    assert several.failures == 0


def test_a_plug_in_is_asked_only_when_a_rule_reads_its_facts(sources):
    source = Source({"risk": 3})
    one = sources(a=source)
    one.ask({"other"})
    assert not one.wanted
    assert facts_of(one) is None
    assert source.calls == 0


NO_NUMBERS = [{"risk": value} for value in (float("nan"), float("inf"), -float("inf"), 10**5000, "a\ud800")]


@pytest.mark.parametrize(
    "answer", [None, {}, {"other": 1}, {"risk": [1]}, 7, ValueError("none"), SystemError(), *NO_NUMBERS]
)
def test_one_that_knows_nothing_fails_or_lies_leaves_the_fact_lacking(sources, answer):
    one = sources(a=Source(answer))
    assert not facts_of(one)
    assert not facts_of(one)
    assert one.failures == (0 if answer in (None, {}) else 2)
    assert len(one.last_errors) == (0 if answer in (None, {}) else 1)


def spoil(call):
    call.facts["readings_differ"] = True
    call.caller, call.callers, call.trunk, call.facts = call.called, (), call.trunk._replace(country="DE"), {}
    return {"risk": 3}


def test_one_that_writes_into_the_call_changes_none(sources):
    made = call(facts={"calls_1h": 2})
    caller, trunk = made.caller, made.trunk
    sources(a=Source(spoil)).measure(made)
    assert (made.caller, made.callers, made.trunk) == (caller, (caller,), trunk)
    assert made.facts == {"calls_1h": 2, "risk": 3}


def test_a_slow_one_is_left_alone_until_it_has_answered_and_rested(sources, monkeypatch):
    now, go, gone = [100.0], threading.Event(), threading.Event()
    monkeypatch.setattr(plugins, "monotonic", lambda: now[0])

    def wait(call):
        go.wait(60)
        gone.set()
        return {"risk": 1}

    source = Source(wait)
    one = sources(wait_s=0.001, a=source)
    assert facts_of(one) is None
    assert one.last_errors == ["a: no answer within 1 ms"]
    assert facts_of(one) is None
    assert one.last_errors == ["a: still busy with an earlier call"]
    go.set()
    assert gone.wait(60)
    one._workers[0]._answered.acquire(timeout=60)
    one._workers[0]._answered.release()
    assert facts_of(one) is None
    assert one.last_errors == ["a: was slow and rests"]
    assert source.calls == 1
    now[0] += 1.0
    one._wait_s = 60.0
    assert facts_of(one) == {"risk": 1}
    assert one.failures == 3


def points(monkeypatch, **values):
    found = [EntryPoint(name, value, "ringfence.facts") for name, value in values.items()]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == "ringfence.facts" else [])


class Good:
    names = ("risk",)

    def measure(self, call):
        return {"risk": 1}


class Taken(Good):
    names = ("group", "calls_1h")


class NoNames:
    names = "risk"

    def measure(self, call):
        return None


def test_installed_ones_are_loaded_or_named_with_what_is_wrong(monkeypatch):
    here = "tests.rules.judging.test_fact_sources"
    points(monkeypatch, good=f"{here}:Good")
    assert list(installed_sources()) == ["good"]
    points(monkeypatch, a=f"{here}:Good", b=f"{here}:Good", c=f"{here}:Taken", d=f"{here}:NoNames", e="none:Such")
    with pytest.raises(RuleError) as error:
        installed_sources()
    assert [str(fault).partition("): ")[2].partition(";")[0] for fault in error.value.faults] == [
        "fact 'risk' comes from plug-in a too",
        "fact 'group' is measured by Ringfence itself",
        "fact 'calls_1h' is measured by Ringfence itself",
        "it can't be used: TypeError: `names` is a collection of names, and `measure` takes a call",
        "it can't be used: ModuleNotFoundError: No module named 'none'",
    ]


def test_a_rule_set_says_which_facts_it_reads():
    ruleset = rules(rule("{fact: {risk: {over: 3}, calls_1h: {over: 60}}}"))
    assert ruleset.facts == {"risk"}
    assert ruleset.rates == {("calls", 3600)}


def test_a_fact_that_nobody_measures_is_warned_of():
    ruleset, faults = compiled(
        rule("{fact: {rsik: {over: 3}}}", catches="[{from: 1, facts: {rsik: 4}}]"), known=Known(facts={"risk"})
    )
    assert ruleset is not None
    assert [str(fault) for fault in faults] == [
        "rules.yaml:3:23: warning: nobody measures fact 'rsik' here, so every call lacks it; "
        "a plug-in may give it (docs/facts.md); did you mean 'risk'?"
    ]


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (ROOT / "docs" / "facts.md").read_text(), re.DOTALL)


def test_the_plug_in_of_the_documentation_installs_and_judges(tmp_path):
    package = tmp_path / "risk-facts"
    package.mkdir()
    (package / "pyproject.toml").write_text(blocks("toml")[0])
    (package / "risk_facts.py").write_text(blocks("python")[0])
    (tmp_path / "rules.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "ringfence.yaml").write_text(
        "listen: [{address: 127.0.0.1:5060}]\npbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]\n"
        "trunks: [{name: default, country: CN}]\nrules: [rules.yaml]\n"
    )
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "-q", "--python", sys.executable, "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", tmp_path / "installed", package], check=True, timeout=300)
    ringfence = [sys.executable, "-m", "ringfence", "--config", tmp_path / "ringfence.yaml"]
    call = ["explain", "--to", "13800138000", "--from"]

    def run(*words, plugin):
        paths = os.pathsep.join([str(ROOT), *([str(tmp_path / "installed")] if plugin else [])])
        environment = {**os.environ, "PYTHONPATH": paths}
        return subprocess.run(
            [*ringfence, *words],
            capture_output=True,
            text=True,
            env=environment,
            timeout=300,
            check=False,
            cwd=tmp_path,
        )

    assert "nobody measures fact 'risk'" in run("check", plugin=False).stdout
    assert "nobody measures" not in run("check", plugin=True).stdout
    assert "tag by risky-caller" in run(*call, "13912345679", plugin=True).stdout
    assert "fact risk is over 7? 1" in run(*call, "13912345671", plugin=True).stdout

"""The plug-ins of a node: loaded, asked by the core, told to whoever looks, closed."""

import threading
from http import HTTPStatus
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import ClassVar

import pytest

from ringfence.node_settings import Configuration
from ringfence.opinions import Opinions, Question
from ringfence.plug_ins import PlugIns, rows
from rules.judging import plugins
from rules.judging.fact_sources import FactSources
from rules.language.faults import RuleError
from tests import wire
from tests.playbook import REJECT, TAG, Playbook, only

HERE = "tests.ringfence.test_plug_ins"


class Busy:
    def reply(self, judged):
        return 486, "Busy", {}


class Hangs:
    go = threading.Event()

    def lines(self, judged):
        self.go.wait(60)


class Odd(dict):
    """A mapping that can be told to fail at each way to read it."""

    def items(self):
        raise SystemExit


class Own(str):
    """A text whose class has code of its own."""

    def encode(self, *args):
        raise RuntimeError

    def __str__(self):
        raise RuntimeError

    def __format__(self, spec):
        raise RuntimeError


class Changing:
    """Gives one answer after the other."""

    answers: ClassVar[list] = []

    def reply(self, judged):
        return self.answers.pop()

    lines = reply


class Nothing:
    pass


def another(turn):
    return wire.invite(call_id=f"another-{turn}", via=f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{turn}")


@pytest.fixture
def made(monkeypatch):
    """A core with these plug-ins, by kind and name."""
    opened = []
    Hangs.go.clear()

    def make(play, **points):
        found = {
            f"ringfence.{kind}": [EntryPoint(name, f"{HERE}:{value}", f"ringfence.{kind}")]
            for kind, (name, value) in points.items()
        }
        monkeypatch.setattr(plugins, "entry_points", lambda group: found.get(group, []))
        opened.append(PlugIns(play.core, SimpleNamespace(sources=FactSources())))
        return opened[-1]

    yield make
    Hangs.go.set()
    for each in opened:
        each.close()


def test_one_that_replies_is_asked_and_shown(made):
    play = Playbook()
    play.screening._plugin_wait_s = 60.0
    trunk_profile = {"trunks": [{"name": "carrier", "addresses": ["198.51.100.0/24"], "profile": "busy"}]}
    play.reload(**trunk_profile)
    play.screening._plugin_wait_s = 60.0
    loaded = made(play, replies=("busy", "Busy"))
    play.verdict = REJECT
    assert b" 486 Busy" in only(play.trunk(wire.invite()))
    (row,) = rows(loaded.figures())
    assert (row["name"], row["group"], row["where"]) == ("busy", "ringfence.replies", f"{HERE}:Busy")
    assert (row["loaded"], row["installed"], row["asked"], row["failed"]) == (True, True, 1, 0)
    assert row["p99_ms"] >= row["p50_ms"] >= 0


async def test_whoever_asks_by_http_gets_its_word_too(made, tmp_path):
    text = {
        "listen": [{"address": "192.0.2.1:5060"}],
        "pbxes": [{"name": "office", "addresses": ["203.0.113.10"]}],
        "trunks": [{"name": "sbc", "addresses": ["192.0.2.6"], "answer": "redirect", "profile": "busy"}],
        "facts": {"plugin_ms": 60_000},
    }
    configuration = Configuration.model_validate(text)
    loaded = made(Playbook(), replies=("busy", "Busy"))
    screen = SimpleNamespace(judge=lambda call: REJECT, ended=lambda *_: None, secure=lambda: None)
    opinions = Opinions(screen, lambda: configuration, plug=loaded.plug)
    opinion = opinions.ask(Question(caller="+8613912345678", called="+8613800138000"))
    assert (opinion.status, opinion.phrase) == (486, "Busy")


def test_one_that_hangs_costs_its_lines_is_counted_rests_and_is_told(made):
    play = Playbook(actions={"hangs": ["tag"]})
    loaded = made(play, actions=("hangs", "Hangs"))
    play.verdict = TAG
    for n in range(3):
        via = f"SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bK{n}"
        down = play.forwarded(via=via, call_id=str(n))
        assert wire.header(down, "X-Ringfence-Verdict") == "suspected"
    (row,) = rows(loaded.figures())
    assert (row["asked"], row["failed"]) == (3, 3)
    assert row["last_error"] == "hangs: still busy with an earlier call"
    assert row["rests_s"] > 0
    told = []
    troubles = SimpleNamespace(happened=lambda *words: told.append(words))
    loaded.tell(troubles)
    loaded.tell(troubles)
    assert told == [("plug-ins gave nothing that could go out", row["last_error"], 3)]


@pytest.mark.parametrize("kind", ["replies", "actions"])
def test_one_without_its_method_stops_the_start(made, kind):
    with pytest.raises(RuleError, match="takes what was judged"):
        made(Playbook(), **{kind: ("nothing", "Nothing")})


def test_what_was_uninstalled_while_the_node_ran_is_shown(monkeypatch):
    monkeypatch.setattr(plugins, "entry_points", lambda group: [])
    (row,) = rows({("ringfence.facts", "old"): {"asked": 1}})
    assert (row["name"], row["installed"], row["loaded"], row["asked"]) == ("old", False, True, 1)


@pytest.mark.parametrize(
    "lines", [Odd({"X-A": "b"}), {Odd: "b"}, {10**5000: "b"}, {"X-A": object()}, {"X-A": 10**5000}]
)
def test_what_can_not_be_read_costs_no_call(made, lines):
    play = Playbook(actions={"act": ["forward"]})
    loaded = made(play, replies=("decline", "Changing"), actions=("act", "Changing"))
    play.screening._plugin_wait_s = 60.0
    Changing.answers = [lines]
    assert b"X-A" not in play.forwarded()
    play.verdict = REJECT
    for turn, reply in enumerate(((10**5000, "Busy", {}), (486, "Busy", lines), (Odd(), "Busy", {}))):
        Changing.answers = [reply]
        assert b" 603 " in only(play.trunk(another(turn)))
    assert sum(row["failed"] for row in rows(loaded.figures())) == 4


def test_texts_of_a_class_of_its_own_go_out_as_what_they_are(made):
    play = Playbook(actions={"act": ["forward"]})
    made(play, replies=("decline", "Changing"), actions=("act", "Changing"))
    play.screening._plugin_wait_s = 60.0
    Changing.answers = [{Own("X-A"): Own("b")}]
    assert b"X-A: b" in play.forwarded()
    play.verdict = REJECT
    Changing.answers = [(HTTPStatus.FORBIDDEN, Own("Not now"), {})]
    assert b" 403 Not now" in only(play.trunk(another(1)))

"""What `ringfence top` asks of the node."""

import pytest

from proxy.metrics import Metrics
from ringfence.control import Question, Refused
from ringfence.instruments import Instruments, memory_mib
from rules.model import Action
from tests.playbook import Playbook
from tests.wire import TRUNK, invite

COUNTERS = {f"verdict_{action.value}": 3 for action in Action} | {
    "emergency": 1,
    "judge_errors": 1,
    "judge_unknown": 2,
}


def instruments(playbook: Playbook) -> Instruments:
    return Instruments(playbook.core, lambda: COUNTERS, lambda: ["the disk is full"], clock=iter((5.0, 65.5)).__next__)


async def test_it_shows_what_is_counted_and_what_is_held(play):
    shown = instruments(play)
    play.receive(invite(), TRUNK)
    metrics = Metrics(play.core, lambda: COUNTERS)
    metrics.latencies.took(0.0003)
    shown.begin(metrics)
    told = await shown._show(Question("figures", {}, "root"))
    assert told["up_s"] == 60.5
    assert told["verdicts"] == {"forward": 3, "tag": 3, "reject": 3, "divert": 3}
    assert told["unjudged"] == 3
    assert told["in_setup"] == 1
    assert sum(told["added"]["times"]) == 1
    assert len(told["added"]["times"]) == len(told["added"]["up_to_s"]) + 1
    assert told["remarks"] == ["the disk is full"]
    assert told["memory_mib"] > 10


async def test_before_it_serves_it_says_so(play):
    with pytest.raises(Refused, match="still starting"):
        await instruments(play)._show(Question("figures", {}, "root"))


def test_where_the_system_does_not_tell_memory_is_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr("ringfence.instruments._STATM", tmp_path / "statm")
    assert memory_mib() == 0.0

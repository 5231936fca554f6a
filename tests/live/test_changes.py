"""The configuration changes while calls come: none is lost, none refused, none judged by half of it."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.control import ControlError, ask
from tests.peers.lanes import Lane, new_lane
from tests.peers.loopback import listening, new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.peers.sipp import Sipp
from tests.peers.telephone import Telephone

pytestmark = pytest.mark.live
RATE, SECONDS = 40, 12


class Load:
    """Calls through one lane, so many a second: both ends, to the end."""

    def __init__(self, lane: Lane, calls: int = RATE * SECONDS) -> None:
        self.calls = calls
        values: dict[str, Any] = {"folder": lane.folder, "hops": 1, "calls": calls, "rate": RATE}
        assert lane.proxy is not None
        self.callee = Sipp("callee_answers", at=lane.pbx, to=lane.proxy, **values).listens()
        self.caller = Sipp("caller_hangs_up", at=lane.trunk, to=lane.proxy, **values)

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *_: object) -> None:
        self.caller.stop()
        self.callee.stop()

    def all_went_well(self) -> None:
        """No call was lost, refused or ended otherwise than the scenario has it."""
        for peer in (self.caller, self.callee):
            if peer.failed():
                raise AssertionError(peer.story()[-20_000:])
        assert len(self.caller.received("SIP/2.0 200")) == 2 * self.calls


@pytest.fixture
def own(tmp_path: Path):
    at = new_endpoint()
    lanes = [new_lane(f"lane{i}", tmp_path / f"lane{i}", proxy=at) for i in range(2)]
    return tmp_path / "proxy", settings([at], lanes, metrics=str(new_endpoint())), *lanes


def save(proxy: Ringfence, configuration: dict[str, Any]) -> None:
    proxy.file.write_text(json.dumps(configuration, indent=1))


def others(configuration: dict[str, Any]) -> list[dict[str, Any]]:
    """Four configurations that differ in everything that may change while calls come."""
    further, pbx = new_endpoint(), new_endpoint()
    first = {**configuration, "listen": [{"address": str(further)}, *configuration["listen"]], "label": "[?]"}
    second = {
        **configuration,
        "pbxes": [{"name": "further", "addresses": [str(pbx)]}, *configuration["pbxes"]],
        "trunks": [{"name": "default", "country": "CN"}, *configuration["trunks"]],
        "limits": {"timer_c_s": 200, "max_transactions": 20_000},
    }
    third = {
        **configuration,
        "lists": {**configuration["lists"], "more": {"kind": "suspect"}},
        "thresholds": {"tag": 3, "reject": 7},
        "profiles": {"decline": {"status": 486, "phrase": "Busy"}},
        "use": ["baseline"],
    }
    return [first, second, third, configuration]


def test_a_reload_every_second_under_load_loses_no_call(own):
    folder, configuration, lane, _ = own
    with Ringfence(folder, configuration) as proxy, Load(lane) as load:
        control, reloads = folder / "ringfence.control", 0
        changes = others(configuration)
        while load.caller.process.poll() is None:
            save(proxy, changes[reloads % len(changes)])
            told = ask(control, "reload")
            assert told["done"], told
            assert told["changed"]
            reloads += 1
            time.sleep(1)
        load.all_went_well()
        assert reloads >= 5
        calls = proxy.calls()
        assert len(calls) >= load.calls - 100  # the last are still on their way
        assert {call["verdict"] for call in calls} == {"forward"}


def test_a_bad_file_under_load_changes_nothing_and_is_said(own):
    folder, configuration, lane, _ = own
    with Ringfence(folder, configuration) as proxy, Load(lane, calls=2 * RATE) as load:
        sound = proxy.file.read_text()
        proxy.file.write_text(sound.replace('"country": "CN"', '"country": "XX"', 1))
        told = ask(folder / "ringfence.control", "reload")
        assert not told["done"]
        assert told["faults"][0].startswith(f"{proxy.file}:")
        proxy.process.send_signal(signal.SIGHUP)
        until(lambda: proxy.said.count("not reloaded: what was live stays") >= 2, "a line about each")
        load.all_went_well()


def test_sighup_reloads(own):
    folder, configuration, lane, _ = own
    further = new_endpoint()
    with Ringfence(folder, configuration) as proxy:
        save(proxy, {**configuration, "listen": [*configuration["listen"], {"address": str(further)}]})
        proxy.process.send_signal(signal.SIGHUP)
        until(lambda: listening(further), "the further listener")
        lane._replace(proxy=further).call("caller_hangs_up", "callee_answers")


def test_a_call_that_talks_while_its_trunk_is_taken_out_ends_as_it_should(own):
    folder, configuration, lane, other = own
    with (
        Ringfence(folder, configuration) as proxy,
        lane.pbx_side("callee_answers").listens() as pbx,
        lane.trunk_side("caller_talks_on", talk="1500") as caller,
    ):
        until(lambda: pbx.received("ACK"), "the call is answered")
        without = {**configuration, "trunks": configuration["trunks"][1:], "pbxes": configuration["pbxes"][1:]}
        save(proxy, without)
        assert ask(folder / "ringfence.control", "reload")["changed"] == [f"pbxes[{lane.name}]", f"trunks[{lane.name}]"]
        caller.done()
        pbx.done()
        other.call("caller_hangs_up", "callee_answers")


def test_a_restart_under_load_loses_no_call(own):
    """And a second one, by the process that took over."""
    folder, configuration, lane, _ = own
    with Ringfence(folder, configuration) as proxy, Load(lane) as load:
        control, pids = folder / "ringfence.control", []
        for _ in range(2):
            time.sleep(2)
            pids.append(ask(control, "restart")["pid"])
        load.all_went_well()
        until(lambda: proxy.said.count("handed over") == 2, "both have handed over")
        assert len({proxy.process.pid, *pids}) == 3
        assert len(proxy.calls()) >= load.calls - 100
        proxy.process.send_signal(signal.SIGTERM)  # to the first, which has become the keeper of the last
        assert proxy.wait() == 0
    assert not listening(lane.proxy)


def test_a_call_that_rings_during_a_restart_is_answered_and_one_that_talks_goes_on(own):
    folder, configuration, lane, other = own
    with (
        Ringfence(folder, configuration) as proxy,
        other.pbx_side("callee_answers").listens() as pbx,
        other.trunk_side("caller_talks_on", talk="4000") as caller,
        Telephone(lane.pbx) as callee,
        lane.trunk_side("caller_hangs_up") as ringing,
    ):
        until(lambda: pbx.received("ACK"), "the other call is answered")
        invite = callee.hears("INVITE")
        callee.says("180 Ringing", invite, lane.proxy)
        until(lambda: ringing.received("SIP/2.0 180"), "the call rings")
        proxy.command("restart")
        callee.says("200 OK", invite, lane.proxy)
        until(lambda: ringing.sent("ACK"), "the answered call is acknowledged")
        callee.says("200 OK", callee.hears("BYE"), lane.proxy)
        ringing.done()
        caller.done()
        pbx.done()
        until(lambda: "the process before this one has ended" in proxy.said, "the first process ends")
        lane.alone("asks", method="OPTIONS", uri=f"sip:{lane.proxy}", extra="", status="200")


def test_a_process_that_could_not_take_over_changes_nothing(own):
    folder, configuration, lane, _ = own
    with Ringfence(folder, configuration) as proxy:
        sound = proxy.file.read_text()
        proxy.file.write_text(sound.replace('"country": "CN"', '"country": "XX"', 1))
        with pytest.raises(ControlError, match=r"ringfence\.yaml:\d+:\d+: "):
            ask(folder / "ringfence.control", "restart")
        proxy.process.send_signal(signal.SIGUSR2)
        until(lambda: proxy.said.count("not restarted: this process goes on") == 2, "a line about each")
        lane.call("caller_hangs_up", "callee_answers")

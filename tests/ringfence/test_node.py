"""A node as a process: what it says of itself, and another configuration for all of its parts."""

import json
import signal
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest

from ringfence import node
from ringfence.configuration import load_configuration
from ringfence.control import ask
from ringfence.installation import Installation
from ringfence.node import Node
from tests.peers.loopback import new_endpoint
from tests.peers.process import until
from tests.ringfence.test_serve import serving

pytestmark = pytest.mark.live


def read(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=60) as page:
            return page.status, page.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def reload(file, *, old="", new=""):
    file.write_text(file.read_text().replace(old, new) if old else file.read_text() + new)
    return ask(Installation.open(file).control, "reload")


def test_it_says_that_it_is_alive_and_ready(ports):
    metrics = load_configuration(ports).metrics
    with serving(ports):
        assert read(metrics, "/healthz") == (200, "alive\n")
        assert read(metrics, "/readyz")[0] == 200
        assert "ringfence_reload_failed 0.0" in read(metrics, "/metrics")[1]


def test_all_its_parts_go_by_another_configuration(ports):
    metrics = load_configuration(ports).metrics
    with serving(ports) as (process, _):
        more = "label: '[?]'\nlogging: {level: warning}\ncomplaints: {feature_code: '*33'}\nthresholds: {tag: 4}\n"
        told = reload(ports, new=more)
        assert (told["done"], told["changed"]) == (
            True, ["complaints.feature_code", "label", "logging.level", "thresholds.tag"],
        )  # fmt: skip
        assert 'ringfence_reloads_total{result="done"} 1.0' in read(metrics, "/metrics")[1]
        further = new_endpoint()
        assert reload(ports, old=f"metrics: {metrics}", new=f"metrics: {further}")["done"]
        assert read(further, "/healthz")[0] == 200

        def gone():
            try:
                return not read(metrics, "/healthz")
            except OSError:
                return True

        until(gone, "the port of before is closed")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert "reloaded" not in errors  # from `warning` on


def test_what_can_not_be_had_leaves_all_as_it_was(ports):
    metrics = load_configuration(ports).metrics
    with serving(ports):
        sound = ports.read_text()
        for line, what in (
            ("  - address: 192.0.2.1:5060\n", "192.0.2.1 port 5060"),
            ("  - address: 127.0.0.1:1\n    side: nowhere\n", "side"),
        ):
            ports.write_text(sound.replace("pbxes:", line + "pbxes:"))
            told = ask(
                Installation.open(ports).control if "192" in line else ports.parent / "ringfence.control", "reload"
            )
            assert not told["done"]
            assert told["faults"][0].startswith(f"{ports}:5:") or told["faults"][0].startswith(f"{ports}:6:")
            assert what in told["faults"][0]
        assert "ringfence_reload_failed 1.0" in read(metrics, "/metrics")[1]
        assert "the last reload was refused" in read(metrics, "/readyz")[1]
        assert "the last reload was refused" in json.dumps(read(metrics, "/readyz"))
        ports.write_text(sound)
        assert ask(ports.parent / "ringfence.control", "reload")["done"]
        assert "ringfence_reload_failed 0.0" in read(metrics, "/metrics")[1]


@pytest.fixture
def alone(monkeypatch):
    """A node that is asked for its state, without anything that runs."""
    alone = SimpleNamespace(
        _server=SimpleNamespace(last_tick=time.monotonic()),
        _core=SimpleNamespace(draining=False, pbx_lives=lambda now: True),
        _screen=SimpleNamespace(lookup=SimpleNamespace(absent="")),
        _ailments=list,
    )
    alone._alive = lambda: Node._alive(alone)
    return alone


def test_a_loop_that_stands_still_is_not_alive(alone):
    assert Node._alive(alone).hindered == ""
    alone._server.last_tick -= 2 * node.STUCK_S
    assert "stood still for 10 s" in Node._alive(alone).hindered
    assert "stood still for 10 s" in Node._fit_for_calls(alone).hindered


def test_it_is_not_ready_while_it_stops_or_has_no_pbx_or_no_lists(alone):
    assert Node._fit_for_calls(alone).hindered == ""
    alone._screen.lookup.absent = "no such file"
    assert "the lists cannot be read" in Node._fit_for_calls(alone).hindered
    alone._core.pbx_lives = lambda now: False
    assert Node._fit_for_calls(alone).hindered == "no PBX answers"
    alone._core.draining = True
    assert Node._fit_for_calls(alone).hindered.startswith("stopping")

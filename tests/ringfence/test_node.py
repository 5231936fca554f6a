"""A node as a process: what it says of itself, and another configuration for all of its parts."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxy.proxy_settings import HostPort
from ringfence import node
from ringfence.configuration import load_configuration
from ringfence.control import ask
from ringfence.health import options
from ringfence.installation import Installation
from ringfence.node import Node
from tests.peers.loopback import Endpoint, listening, new_endpoint
from tests.peers.nsd import Nsd
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
        _core=SimpleNamespace(draining=False, pbx_lives=lambda now: True, why_no_calls=lambda now: "no PBX answers"),
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


def words_of(sock: socket.socket) -> list[str]:
    """All that was told the supervisor until now."""
    found = []
    with contextlib.suppress(BlockingIOError):
        while True:
            found += sock.recv(1000).decode().splitlines()
    return found


def test_systemd_is_told_of_its_life_and_of_who_takes_over(ports, tmp_path, monkeypatch):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(path)
        supervisor.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "8000000")
        told: list[str] = []

        def heard(word: str) -> bool:
            told.extend(words_of(supervisor))
            return word in told

        with serving(ports) as (process, _):
            until(lambda: heard("READY=1") and heard("WATCHDOG=1"), "it is ready, and alive")
            told.clear()
            answer = ask(ports.parent / "ringfence.control", "restart")
            until(lambda: heard(f"MAINPID={answer['pid']}") and heard("READY=1"), "another process is the service's")
            try:
                assert "STOPPING=1" not in told
                assert process.wait(60) == 0  # no keeper: systemd knows
                told.clear()
            finally:
                os.kill(answer["pid"], signal.SIGTERM)
            until(lambda: heard("STOPPING=1"), "it stops")
            until(lambda: not alive(answer["pid"]), "it has ended")


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    return False


def test_sockets_that_systemd_holds_are_taken(ports):
    """As its own tool hands them over (systemd-socket-activate(1))."""
    listener = load_configuration(ports).listen[0]
    at = listener.address
    command = ["systemd-socket-activate", "--datagram", f"--listen={at}", "--fdname=sip"]
    command += [
        f"--setenv=PATH={os.environ['PATH']}",
        sys.executable,
        "-m",
        "ringfence",
        "serve",
        "--config",
        str(ports),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
                asking.settimeout(60)
                asking.connect((at.host, at.port))
                until(lambda: listening(Endpoint(at.host, at.port)), "systemd listens")
                asking.send(options(at, HostPort(host=at.host, port=asking.getsockname()[1])))  # waits until it runs
                assert asking.recv(65_535).startswith(b"SIP/2.0 ")
        finally:
            process.terminate()
            _, said = process.communicate(timeout=60)
    assert "is no listener of the configuration" not in said
    assert '"event": "stopped"' in said


def test_a_restart_refuses_no_connection_either(ports):
    """The listening socket of a stream is handed over as well."""
    at = load_configuration(ports).listen[0].address
    ports.write_text(ports.read_text().replace("pbxes:", f"  - {{address: '{at}', transport: tcp}}\npbxes:"))
    with serving(ports) as (process, _):
        assert asked_by_tcp(at).startswith(b"SIP/2.0 ")
        stop, refused, answered = threading.Event(), [], []

        def ask_on():
            while not stop.is_set():
                try:
                    answered.append(asked_by_tcp(at))
                except ConnectionError as error:
                    refused.append(error)

        asking = threading.Thread(target=ask_on)
        asking.start()
        try:
            assert ask(ports.parent / "ringfence.control", "restart")["done"]
            until(lambda: keeps(process.pid), "the first has become the keeper")
            before = len(answered)
            until(lambda: len(answered) > before + 10, "the second answers")
        finally:
            stop.set()
            asking.join()
        assert [error for error in refused if isinstance(error, ConnectionRefusedError)] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def keeps(pid: int) -> bool:
    return b"keeper.py" in Path(f"/proc/{pid}/cmdline").read_bytes()


def asked_by_tcp(at: HostPort) -> bytes:
    """What an OPTIONS on a connection of its own gets."""
    with socket.create_connection((at.host, at.port), timeout=60) as asking:
        host, port = asking.getsockname()
        asking.sendall(options(at, HostPort(host=host, port=port)).replace(b"SIP/2.0/UDP", b"SIP/2.0/TCP"))
        return asking.recv(65_535)


@pytest.mark.parametrize("lasts", [False, True])
async def test_in_overload_no_circles_are_looked_for_and_afterwards_what_came_then_in_a_quiet_moment(
    monkeypatch, lasts: bool
):
    """To go over each call that is held costs an eighth of the loop, which is lacking then."""
    for name in ("SPARE_LOOK_S", "LOOK_S", "COLLECT_S"):
        monkeypatch.setattr(node, name, 0)
    told: list[str] = []
    for name in ("enable", "disable", "freeze", "unfreeze", "collect"):
        monkeypatch.setattr(node.gc, name, lambda name=name: told.append(name))
    monkeypatch.setattr(node.gc, "isenabled", lambda: told[-1:] != ["disable"])
    it = object.__new__(node.Node)
    it._core = SimpleNamespace(shedding=SimpleNamespace(on=False), load=SimpleNamespace(held=node.FEW_HELD + 1))
    it._spared = False
    tasks = [asyncio.create_task(each) for each in (it._spare_collections(), it._collect())]

    async def looks() -> list[str]:
        for _ in range(5):
            await asyncio.sleep(0)
        return told

    assert await looks() == []
    it._core.shedding.on = True
    assert await looks() == ["disable"]
    if lasts:
        monkeypatch.setattr(node, "SPARED_S", 0)  # somebody may open connections all the while
    else:
        it._core.shedding.on = False
    assert await looks() == ["disable", "freeze", "enable"]
    it._core.load.held = 0
    assert (await looks())[3:7] == ["unfreeze", "collect", "freeze", "collect"]
    for task in tasks:
        task.cancel()


@pytest.mark.parametrize(("held", "collected"), [(0, True), (node.FEW_HELD, True), (node.FEW_HELD + 1, False)])
async def test_what_holds_itself_in_circles_is_freed_in_quiet_moments(monkeypatch, held: int, collected: bool):
    """A collection among 200,000 held calls stops the loop for so long that the kernel drops datagrams."""
    monkeypatch.setattr(node, "LOOK_S", 0)
    monkeypatch.setattr(node, "COLLECT_S", 0)
    done = asyncio.Event()
    monkeypatch.setattr(node.gc, "collect", done.set)
    it = object.__new__(node.Node)
    it._core = SimpleNamespace(load=SimpleNamespace(held=held))
    it._spared = False
    task = asyncio.create_task(it._collect())
    for _ in range(3):
        await asyncio.sleep(0)
    task.cancel()
    assert done.is_set() == collected


def test_a_restart_keeps_drains_and_where_names_lead_though_dns_is_silent(ports):
    """No call would find its PBX otherwise, and the one under work would have calls again."""
    at = new_endpoint()
    text = ports.read_text().replace("addresses: [127.0.0.1:5080]", 'addresses: ["office.rook.example:5080"]')
    ports.write_text(text + f"dns: {{servers: ['{at}']}}\n")
    control = ports.parent / "ringfence.control"
    zones = {"rook.example": "office A 127.0.0.61\noffice A 127.0.0.62\n"}

    def known() -> dict[str, str]:
        return {row["address"]: row["state"] for row in ask(control, "peers")}

    with Nsd(at, zones, folder=ports.parent / "nsd") as names, serving(ports) as (process, _):
        names.stop()
        drained = ask(control, "peers-drain", {"peer": "pbx", "address": "127.0.0.62", "drained": True})
        assert drained["state"] == "drained"
        assert ask(control, "restart")["done"]
        until(lambda: keeps(process.pid), "the first has become the keeper")
        assert known() == {"127.0.0.61:5080": "unknown", "127.0.0.62:5080": "drained"}
        ports.write_text(ports.read_text().replace("office.rook", "ofice.rook"))
        assert "pbx: ofice.rook.example leads to no address" in ask(control, "reload")["warnings"]
        assert known() == {"ofice.rook.example": "down"}
        ports.write_text(ports.read_text().replace("ofice.rook.example", "pbx.invalid"))
        refused = ask(control, "reload")
        assert (refused["done"], known()) == (False, {"ofice.rook.example": "down"}), "silence is no fault of the file"
        assert "pbx 'pbx' would have no address: DNS knows none of pbx.invalid" in refused["faults"][0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0

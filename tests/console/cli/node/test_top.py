"""`ringfence top`: rates and delays are those of the time between looks, and it ends well."""

import asyncio
import copy
import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import threading

import pytest
from rich.console import Console

from console.cli.node import top
from console.cli.node.top import drawn, lasting
from ringfence.control import Control, ControlError
from ringfence.watching import Seen, Watching
from tests.ringfence.test_serve import serving
from tests.wire import invite

FIGURES = {
    "process": 1,
    "build": "pure Python",
    "clock_s": 100.0,
    "up_s": 3725.0,
    "stopping": False,
    "verdicts": {"forward": 1000, "tag": 10, "reject": 5, "divert": 0},
    "emergency": 2,
    "unjudged": 0,
    "in_setup": 12_345,
    "calls": 4_120,
    "transactions": 50_000,
    "most_transactions": 200_000,
    "answered": {"403": 7},
    "bans": 1234,
    "no_room": 0,
    "queue": 9_999,
    "queue_most": 10_000,
    "queue_lost": 0,
    "stalls": 3,
    "faults": 0,
    "added": {"up_to_s": [0.001, 0.002, 0.5], "times": [100, 0, 0, 0]},
    "judging": {"up_to_s": [1e-5, 2e-5, 0.05], "times": [0, 0, 0, 0]},
    "memory_mib": 212.4,
    "remarks": [],
}
PEER = {"peer": "pbx", "address": "192.0.2.6:5060", "state": "up", "since": 0.0, "why": "", "calls": 4120}


def later(seconds=2.0, **changed):
    figures = copy.deepcopy(FIGURES)
    figures["clock_s"] += seconds
    return {**figures, **changed}


def shown(seen, watching=None):
    """As lines of a terminal of 80 columns."""
    out = io.StringIO()
    Console(file=out, width=80, highlight=False, markup=False).print(drawn(seen, (watching or Watching()).saw(seen)))
    return out.getvalue()


def test_it_can_be_read_on_80_columns():
    long = {**PEER, "peer": "p" * 60, "address": "[2001:db8:1:2:3:4:5:6]:50600;tls", "state": "down", "why": "w" * 60}
    remarks = ["the disk of /var/lib/ringfence has less than 100 MiB left, and somebody should see to it soon"]
    figures = later(remarks=remarks, stopping=True, queue_lost=5000, answered={str(500 + n): 90 for n in range(12)})
    watching = Watching()
    watching.saw(Seen(FIGURES, [], 0.0))
    lines = shown(Seen(figures, [PEER, long], 3600.0), watching).splitlines()
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for words in (
        "stopping",
        "in set-up 12,345",
        "talking 4,120",
        "pbx",
        "down",
        "1h 0m",
        "less than 100 MiB",
        "lost",
        "bans 1,234",
    ):
        assert words in text


def test_many_peers_are_cut():
    assert "and 70 more" in shown(Seen(FIGURES, [PEER] * 100, 10.0))


def test_what_a_remark_says_steers_no_terminal():
    assert "\x1b" not in shown(Seen(later(remarks=["\x1b[2J"]), [], 0.0))


@pytest.mark.parametrize(
    ("seconds", "text"), [(5, "5s"), (65, "1m 5s"), (3725, "1h 2m"), (200_000, "2d 7h"), (0, "0s")]
)
def test_a_time_in_two_units(seconds, text):
    assert lasting(seconds) == text


class Node(threading.Thread):
    """A node of which only the control socket is there; it answers so often."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.ready, self.over, self.asked = path, threading.Event(), threading.Event(), 0

    def run(self):
        asyncio.run(self.answer())

    async def answer(self):
        control = Control(self.path)

        async def figures(_):
            self.asked += 1
            return later(self.asked)

        async def peers(_):
            return [PEER]

        control.register("figures", figures)
        control.register("peers", peers)
        await control.open()
        self.ready.set()
        await asyncio.to_thread(self.over.wait)
        await control.close()


@pytest.fixture
def node(tmp_path):
    node = Node(tmp_path / "node.control")
    node.start()
    node.ready.wait(60)
    yield node
    node.over.set()
    node.join(60)


def test_once_prints_one_picture(node, capsys):
    assert top.watch(node.path, 0.01, once=True, as_json=False) == ""
    assert capsys.readouterr().out.count("Ringfence pure Python") == 1
    assert node.asked == 2


def test_programs_get_an_object_a_line(node, capsys, monkeypatch):
    monkeypatch.setattr(top.time, "sleep", lambda _: node.over.set() or node.join(60) if node.asked == 3 else None)
    why = top.watch(node.path, 1, once=False, as_json=True)
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["a_second"]["calls"] for line in lines] == [0.0, 0.0]
    assert "no node runs here" in why, "and hear why there are no more"


def test_one_look_may_fail(node, capsys, monkeypatch):
    real, failed = top.look, []

    def look(control):
        if node.asked == 2 and not failed:
            failed.append(True)
            raise ControlError("another process takes over")
        if node.asked == 4:
            raise ControlError("it is gone")
        return real(control)

    monkeypatch.setattr(top, "look", look)
    assert top.watch(node.path, 0.01, once=False, as_json=False) == "it is gone"
    assert capsys.readouterr().out.count("Ringfence pure Python") == 3


def test_where_no_node_runs_it_is_said(run):
    found = run("top", "--once")
    assert found.exit_code == 1
    assert "no node runs here" in found.stderr


def test_a_shorter_time_than_a_second_is_refused(run):
    assert run("top", "--every", "0s").exit_code == 2


@pytest.mark.live
def test_a_real_node_shows_a_call(ports):
    from ringfence.configuration import load_configuration

    listen = load_configuration(ports).listen[0].address
    with serving(ports), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        caller.sendto(invite(uri=f"sip:13800138000@{listen}"), (listen.host, listen.port))
        words = [sys.executable, "-m", "ringfence", "--config", str(ports), "top", "--once", "--json"]
        found = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=120).stdout)
        assert found["verdicts"]["forward"] == 1
        assert sum(found["added"]["times"]) == 1


@pytest.mark.live
def test_ctrl_c_ends_it_with_the_last_picture_and_so_does_the_end_of_the_node(ports):
    with serving(ports) as (process, _):
        for end in (None, process):
            said, status = on_a_terminal(ports, end)
            assert status == (1 if end else 0), said
            assert "\x1b[?1049h" in said, "in a screen of its own"
            assert "\x1b[?25h" in said, "and the cursor is back"
            last = said.rpartition("\x1b[?1049l")[2]
            assert "Ringfence" in last
            assert "Traceback" not in said
            assert ("no node runs here" in last) == bool(end)


def on_a_terminal(file, node):
    """What `top` writes on a terminal until Ctrl-C, or until this node is ended; and its exit status."""
    main, other = pty.openpty()
    words = [sys.executable, "-m", "ringfence", "--config", str(file), "top"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80", "LINES": "24"}
    said = b""
    with subprocess.Popen(words, stdin=other, stdout=other, stderr=other, env=environment) as looking:
        os.close(other)
        ended = False
        while True:
            try:
                said += os.read(main, 65_536)
            except OSError:  # nobody writes any more
                break
            if not ended and said.count(b"talking") >= 2:
                ended = True
                (looking if node is None else node).send_signal(signal.SIGINT)
        looking.wait(60)
    os.close(main)
    return said.decode(), looking.returncode

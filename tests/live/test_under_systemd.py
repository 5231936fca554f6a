"""The shipped units under a real systemd: started, reloaded, restarted, fallen, stuck and stopped."""

from pathlib import Path

import pytest

from tests.peers.process import until
from tests.peers.systemd import Machine, machine

UNIT = "ringfence.service"
PROGRAM = (
    "runuser",
    "-u",
    "ringfence",
    "--",
    "/opt/ringfence/bin/ringfence",
    "--config",
    "/etc/ringfence/ringfence.yaml",
)
SETTINGS = """\
version: 1
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: office, addresses: [127.0.0.2:5060]}]
trunks: [{name: carrier, addresses: [127.0.0.3], country: CN}]
use: [baseline]
storage: {database: /var/lib/ringfence/ringfence.db, key_file: /var/lib/ringfence/ringfence.keys}
logging: {file: /var/lib/ringfence/calls.log}
control: /var/lib/ringfence/ringfence.control
"""
WATCHDOG_S = 2
DROP_IN = f"[Service]\\nWatchdogSec={WATCHDOG_S}\\nRestartSec=100ms\\n"


def main_pid(there: Machine) -> str:
    state, pid = there.shows(UNIT, "ActiveState", "MainPID")
    return pid if state == "active" else ""


def another(there: Machine, before: str) -> str:
    return until(lambda: (pid := main_pid(there)) != before and pid, "another process serves")


@pytest.mark.live
def test_the_unit_as_it_is_starts_reloads_restarts_and_stops_a_node(tmp_path: Path):
    with machine(tmp_path, SETTINGS) as there:
        there.run("systemctl", "start", UNIT)  # Type=notify: once it serves
        first = main_pid(there)
        assert "not answered" not in there.run(*PROGRAM, "health", check=False)

        there.run("systemctl", "reload", UNIT)
        assert main_pid(there) == first

        there.run(*PROGRAM, "restart")
        second = another(there, first)
        there.run("systemctl", "kill", "--signal=USR2", "--kill-whom=main", UNIT)
        third = another(there, second)
        assert there.shows(UNIT, "NRestarts", "Result") == ["0", "success"]

        there.run("systemctl", "kill", "--signal=KILL", "--kill-whom=main", UNIT)
        fourth = another(there, third)
        there.run(
            "sh",
            "-c",
            f"mkdir -p /run/systemd/system/{UNIT}.d; printf '{DROP_IN}' >/run/systemd/system/{UNIT}.d/x.conf",
        )
        there.run("systemctl", "daemon-reload")
        there.run("systemctl", "restart", UNIT)
        fifth = another(there, fourth)
        there.run("systemctl", "kill", "--signal=STOP", "--kill-whom=main", UNIT)
        another(there, fifth)  # the watchdog ended it

        there.run("systemctl", "stop", UNIT)
        assert there.shows(UNIT, "ActiveState", "Result") == ["inactive", "success"]


ASK = """
import socket, sys
trunk = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
trunk.bind(("127.0.0.3", 0))
trunk.settimeout(60)
trunk.connect(("127.0.0.1", 5060))
trunk.send(b"OPTIONS sip:127.0.0.1 SIP/2.0\\r\\nVia: SIP/2.0/UDP 127.0.0.3:%d;branch=z9hG4bKa\\r\\n"
    b"Max-Forwards: 70\\r\\n"
    b"From: <sip:a@127.0.0.3>;tag=1\\r\\nTo: <sip:127.0.0.1>\\r\\nCall-ID: a\\r\\nCSeq: 1 OPTIONS\\r\\n\\r\\n"
    % trunk.getsockname()[1])
print(trunk.recv(4096).decode())
"""


@pytest.mark.live
def test_with_its_socket_what_comes_while_there_is_no_node_waits_and_starts_one(tmp_path: Path):
    with machine(tmp_path, SETTINGS) as there:
        there.run("systemctl", "start", "ringfence.socket")
        assert main_pid(there) == ""
        assert there.run("/usr/bin/python3", "-c", ASK).startswith("SIP/2.0 ")  # sent once, and not lost
        first = main_pid(there)
        there.run("systemctl", "restart", UNIT)
        assert another(there, first)
        there.run("systemctl", "stop", UNIT)
        assert there.run("/usr/bin/python3", "-c", ASK).startswith("SIP/2.0 ")

"""The units for systemd: it finds nothing wrong with them, a node could do little to the machine, and they fit it."""

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from proxy.proxy_settings import LimitSettings

pytestmark = pytest.mark.live
UNITS = Path(__file__).resolve().parent.parent / "config" / "systemd"
LEAST_EXPOSED = 1.1  # of 10, as `systemd-analyze security` counts


def settings(name: str, section: str) -> dict[str, str]:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(UNITS / name)
    return dict(parser[section])


@pytest.fixture
def units(tmp_path) -> list[Path]:
    """The units, for a machine on which the program lies where they say."""
    program = tmp_path / "ringfence"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/ringfence/bin/ringfence", str(program))
        (tmp_path / unit.name).write_text(text)
    return sorted(path for path in tmp_path.iterdir() if path != program)


def analyze(*words: str) -> str:
    assert shutil.which("systemd-analyze"), "tools/setup test installs systemd"
    done = subprocess.run(
        ["systemd-analyze", *words], capture_output=True, text=True, check=False, env={**os.environ, "LANG": "C"}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_systemd_finds_nothing_wrong_with_them(units):
    said = analyze("verify", "--man=no", *map(str, units))
    assert not [line for line in said.splitlines() if "ringfence" in line], said


def test_a_node_could_do_little_to_the_machine(units):
    services = [unit for unit in units if unit.suffix == ".service"]
    assert len(services) == 2
    for service in services:
        said = analyze("security", "--offline=true", "--no-pager", str(service))
        exposed = float(re.search(r"exposure level for .*: ([0-9.]+) ", said)[1])
        assert exposed <= LEAST_EXPOSED, said


def test_the_supervisor_is_told_and_lets_calls_end():
    service = settings("ringfence.service", "Service")
    assert (service["Type"], service["NotifyAccess"], service["KillMode"]) == ("notify", "main", "mixed")
    assert int(service["WatchdogSec"]) >= 10
    # The node asks for more time while it drains (ringfence/supervisor.py); before it first does, this has to last.
    assert int(service["TimeoutStopSec"]) > LimitSettings().drain_s
    assert service["ExecReload"].split()[1] == "reload"


def test_the_socket_holds_what_the_shipped_configuration_listens_on():
    socket = settings("ringfence.socket", "Socket")
    shipped = (UNITS.parent / "ringfence.yaml").read_text()
    assert f"address: {socket['ListenDatagram']}" in shipped

"""The bench itself, short: it measures, names who judges wrongly, and its work is the same each time."""

import contextlib
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from console.phones.processes import free_port

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--rounds", "1", "--calls", "200", "--rate", "200", "--list-size", "2000", "--settle", "0.5")


def free_ports() -> int:
    """A port that is free, as are the ones ten and twenty above it."""
    while True:
        first = free_port("127.0.0.1")
        with contextlib.suppress(OSError, OverflowError), contextlib.ExitStack() as probes:
            for port in (first, first + 1, first + 2, first + 10, first + 20):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    probes.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", port))
            return first


def bench(*words: str, port: int | None = None) -> subprocess.CompletedProcess[str]:
    port = port or free_ports()
    command = [sys.executable, ROOT / "bench" / "cost_per_call.py", *SHORT, "--port", str(port), *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


def test_this_checkout_beside_kamailio_and_the_floor():
    done = bench("--markdown")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split(" | ")[0].strip("| "): line for line in done.stdout.splitlines() if line.startswith("|")}
    assert set(rows) >= {"floor", "kamailio-bare", "kamailio", "ringfence"}
    assert " | 1.00 | " in rows["kamailio"]
    assert "ringfence, round 1: loop stalls over 50 ms: " in done.stdout


def test_who_lets_everybody_ring_is_named():
    port = free_ports()
    relay = f"cc -O2 -o relay2 {ROOT}/bench/relay.c && exec ./relay2 {port} {port + 20}"
    done = bench("--without", "kamailio", f'open=bash -c "{relay}"', port=port)
    assert done.returncode == 1
    assert "open: wrong verdicts: 200 calls rang, " in done.stdout


def test_callers_come_by_tls(tmp_path):
    own = f"{ROOT}/bench/contender --pure --listen {{listen}} --upstream {{upstream}} --numbers {{numbers}}"
    done = bench("--transport", "tls", "--without", "kamailio", f"own={own} --dir {tmp_path} --tls {{certificate}}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("tls, 200 calls/s")
    assert "transport: tls" in (tmp_path / "ringfence.yaml").read_text()

"""`ringfence serve` as a process: it starts, shows its figures, answers, and ends in order; or it refuses clearly."""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from ringfence.configuration import load_configuration
from ringfence.control import ControlError, listening
from ringfence.control import ask as ask_node
from ringfence.health import ask
from ringfence.installation import Installation
from rules.storage.store import databases

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(file: Path, *said: str):
    """The running proxy, from the line that says it serves; these come before it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ringfence", "serve", "--config", str(file)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        before = []
        while (first := json.loads(process.stderr.readline()))["event"] != "serving":
            before.append(first)
            if len(before) > len(said):
                pytest.fail(f"{before}\n{process.stderr.read()}")
        assert [line["event"] for line in before] == list(said)
        yield process, first
    finally:
        process.kill()
        process.communicate()


def test_from_start_to_end(ports):
    configuration = load_configuration(ports)
    with serving(ports) as (process, first):
        assert first["listen"] == [str(configuration.listen[0].address)]
        assert len(first["rules"]) == 12
        assert ask(configuration.listen[0], wait_s=60).status == 200
        with urllib.request.urlopen(f"http://{configuration.metrics}/metrics", timeout=60) as page:
            figures = page.read().decode()
        assert 'ringfence_calls_total{verdict="reject"} 0.0' in figures
        assert "ringfence_loop_stalls_total" in figures
        control = Installation.open(ports).control
        assert oct(control.stat().st_mode & 0o777) == "0o600"
        ports.write_text(ports.read_text() + "\nnonsense: [\n")  # it goes on by what it read
        assert [each.shown for each in listening(ports)] == [each.shown for each in configuration.listen]
        with pytest.raises(ControlError, match="this node knows no 'anything'"):
            ask_node(control, "anything")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not control.exists()
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["draining", "stopped"]
    assert oct((ports.parent / "ringfence.keys").stat().st_mode & 0o777) == "0o600"


def test_it_serves_without_usable_storage_and_says_so(ports):
    """After a crash or a reboot there must be telephony, whatever became of the disk."""
    configuration = load_configuration(ports)
    for path in databases(ports.parent / configuration.storage.database).values():
        path.write_bytes(b"a letter to a friend" * 1000)
    said = (
        "the database of lists cannot be written to",
        "the database of decisions cannot be opened: records wait in memory",
        "complaints of phones are not filed",
        "check",
    )
    with serving(ports, *said) as (process, _):
        health = ask(configuration.listen[0], wait_s=60)
        assert health.status == 200
        assert any("the lists cannot be read" in remark for remark in health.remarks)
        assert any("decision records wait in memory" in remark for remark in health.remarks)
        with urllib.request.urlopen(f"http://{configuration.metrics}/metrics", timeout=60) as page:
            figures = page.read().decode()
        for part in ("lists", "records", "rules", "complaints"):
            assert f'ringfence_storage_unusable{{part="{part}"}} 1.0' in figures
        for part in ("keys", "call-log", "disk"):
            assert f'ringfence_storage_unusable{{part="{part}"}} 0.0' in figures
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Traceback" not in errors


def refused(file: Path) -> str:
    """What a start that must fail says."""
    command = [sys.executable, "-m", "ringfence", "serve", "--config", str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_broken_rules_file_refuses_with_its_place(ports):
    rules = ports.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace("then: reject", "then: rejekt"))
    assert refused(ports).startswith(f"{rules}:4:9: ")


def test_an_address_in_use_is_named(ports):
    with serving(ports):
        said = refused(ports)
        assert f"port {load_configuration(ports).listen[0].address.port}" in said
        assert "stopped" not in said, "it has not begun"


def test_keys_that_others_may_read_refuse(ports):
    keys = ports.parent / "ringfence.keys"
    keys.touch()
    os.chmod(keys, 0o644)
    assert f"chmod 600 {keys}" in refused(ports)

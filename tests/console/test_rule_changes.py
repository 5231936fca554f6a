"""Rules while the proxy runs: what is live judges, what is saved waits, what can't be loaded changes nothing."""

import json
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from console.phones import free_port
from console.rule_changes import stamps, starting_rules
from rules.source import RuleError
from tests.console.test_serve import serving

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ports(file) -> Path:
    """The configuration with free ports."""
    text = file.read_text().replace("127.0.0.1:5060", f"127.0.0.1:{free_port('127.0.0.1')}")
    file.write_text(text + f"metrics: 127.0.0.1:{free_port('127.0.0.1')}\n")
    return file


def change(file: Path, old: str, new: str) -> None:
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace(old, new))


def ringfence(file: Path, *words: str) -> str:
    command = [sys.executable, "-m", "console", "--config", str(file), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def next_event(process) -> dict:
    """The next line of the service log; a proxy that says nothing is ended."""
    patience = threading.Timer(15, process.kill)
    patience.start()
    try:
        return json.loads(process.stderr.readline())
    finally:
        patience.cancel()


def figure(file: Path, name: str) -> float:
    address = file.read_text().rpartition("metrics: ")[2].strip()
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as page:
        lines = page.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_the_whole_way(ports):
    with serving(ports) as (process, first):
        assert first["revision"] == 1
        assert "nothing was live" in first["rules_from"]
        change(ports, "then: reject", "then: tag")
        ringfence(ports, "rules", "activate", "--reason", "milder")
        done = time.monotonic()
        event = next_event(process)
        assert time.monotonic() - done < 1.0
        assert (event["event"], event["revision"], event["reason"]) == ("rules changed", 2, "milder")
        assert event["rules"] != first["rules"]
        assert figure(ports, "ringfence_rules_revision") == 2
        ringfence(ports, "rules", "rollback", "--reason", "too mild")
        event = next_event(process)
        assert (event["revision"], event["rules"]) == (3, first["rules"])
    with serving_after_warning(ports) as (warning, again):
        assert "not live, revision 3 is" in warning["fault"]
        assert (again["revision"], again["rules"]) == (3, first["rules"])


class serving_after_warning:  # noqa: N801 - reads like the one it wraps
    """A start that first says that the disk differs."""

    def __init__(self, file):
        command = [sys.executable, "-m", "console", "serve", "--config", str(file)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return next_event(self.process), next_event(self.process)

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def test_saving_changes_nothing_and_watching_changes_at_once(ports):
    command = [sys.executable, "-m", "console", "serve", "--watch", "--config", str(ports)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert next_event(process)["event"] == "serving"
        change(ports, "then: reject", "then: rejekt")
        event = next_event(process)
        assert event["event"] == "what was saved is not live"
        assert ":4:9: " in event["fault"]
        change(ports, "then: rejekt", "then: tag")
        assert next_event(process)["event"] == "rules changed"
    finally:
        process.kill()
        process.communicate()


def test_a_revision_that_no_longer_fits_is_named(ports):
    change(ports, "starts_with: [95012]", "on_list: suspected")
    change(ports, "  catches:", "  # catches:")
    change(ports, "  spares:", "  # spares:")
    ringfence(ports, "rules", "activate", "--reason", "by list")
    ports.write_text(ports.read_text().replace("  suspected: {kind: suspect}\n", ""))
    with pytest.raises(RuleError, match=r"revision 1:rules.d/own.yaml:3:.*there is no list 'suspected'"):
        starting_rules(ports)


def test_a_broken_disk_does_not_keep_what_is_live_from_starting(ports):
    ringfence(ports, "rules", "activate", "--reason", "first")
    change(ports, "then: reject", "then: rejekt")
    start = starting_rules(ports)
    assert start.number == 1
    assert start.warnings == ["the disk has 1 faults, see ringfence check; revision 1 is live"]


def test_stamps_tell_what_was_saved(file):
    before = stamps(file)
    assert len(before) == 2
    change(file, "because: ", "because:  ")
    assert stamps(file) != before

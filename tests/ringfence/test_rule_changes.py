"""Rules while the proxy runs: what is live judges, what is saved waits, what can't be loaded changes nothing."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from proxy.proxy_settings import HostPort
from ringfence.configuration import load_configuration
from ringfence.rule_changes import RuleChanges, stamps, starting_rules
from rules.language.source import RuleError
from rules.records.false_positives import Alarm
from tests.peers.loopback import new_endpoint
from tests.peers.process import SOON_S, until
from tests.ringfence.test_serve import serving
from tests.rules.calls import rule
from tests.wire import invite, request

pytestmark = pytest.mark.live
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def ports(file) -> Path:
    """The configuration with addresses that nobody else uses.

    A busy machine may stop a process for longer than usual: no call is refused or let through unjudged for it.
    """
    text = file.read_text().replace("127.0.0.1:5060", str(new_endpoint()))
    file.write_text(text + f"limits: {{shed_ms: 0, judge_ms: 60000}}\nmetrics: {new_endpoint()}\n")
    return file


def change(file: Path, old: str, new: str) -> None:
    rules = file.parent / "rules.d" / "own.yaml"
    rules.write_text(rules.read_text().replace(old, new))


def ringfence(file: Path, *words: str) -> str:
    command = [sys.executable, "-m", "ringfence", "--config", str(file), *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def next_event(process) -> dict:
    """The next line of the service log but for those about the PBX, which nobody plays; a silent proxy is ended."""
    patience = threading.Timer(SOON_S, process.kill)
    patience.start()
    try:
        while "does not answer" in (event := json.loads(process.stderr.readline()))["event"]:
            pass
        return event
    finally:
        patience.cancel()


def figure(file: Path, name: str) -> float:
    address = file.read_text().rpartition("metrics: ")[2].strip()
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=60) as page:
        lines = page.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def test_the_whole_way(ports):
    with serving(ports) as (process, first):
        assert first["revision"] == 1
        assert "nothing was live" in first["rules_from"]
        change(ports, "then: reject", "then: tag")
        ringfence(ports, "rules", "activate", "--reason", "milder")
        event = next_event(process)  # nothing is said before it; how often it looks: tests/proxy/test_server.py
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
        command = [sys.executable, "-m", "ringfence", "serve", "--config", str(file)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return next_event(self.process), next_event(self.process)

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class Callers(threading.Thread):
    """Calls every few milliseconds until told to stop; ACKs what is rejected, and keeps the answers.

    Not more at once than lie in a socket's buffer while the proxy is kept waiting.
    """

    AT_ONCE = 50

    def __init__(self, proxy: HostPort):
        super().__init__()
        self.proxy, self.sent, self.rejected, self.done = (proxy.host, proxy.port), set(), set(), threading.Event()

    def run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
            wire.bind(("127.0.0.1", 0))
            wire.settimeout(0.004)
            own = f"127.0.0.1:{wire.getsockname()[1]}"
            last_words = None
            while last_words is None or (self.sent != self.rejected and time.monotonic() < last_words):
                if not self.done.is_set() and len(self.sent) - len(self.rejected) < self.AT_ONCE:
                    name = f"call-{len(self.sent)}"
                    self.sent.add(name)
                    via, from_ = f"SIP/2.0/UDP {own};branch=z9hG4bK{name}", f"<sip:+8613912345678@{own}>;tag=t"
                    wire.sendto(invite(uri=f"sip:+8613800138000@{own}", via=via, from_=from_, call_id=name), self.proxy)
                elif self.done.is_set() and last_words is None:
                    last_words = time.monotonic() + SOON_S
                with suppress(TimeoutError):
                    answer = wire.recv(65_535).decode()
                    assert answer.startswith("SIP/2.0 603 "), answer
                    name = re.search("^Call-ID: (.*)\r$", answer, re.MULTILINE)[1]
                    to = re.search("^To: (.*)\r$", answer, re.MULTILINE)[1]
                    via, from_ = f"SIP/2.0/UDP {own};branch=z9hG4bK{name}", f"<sip:+8613912345678@{own}>;tag=t"
                    uri = f"sip:+8613800138000@{own}"
                    wire.sendto(request("ACK", uri=uri, via=via, from_=from_, to=to, call_id=name), self.proxy)
                    self.rejected.add(name)


def recorded(file: Path, calls: int) -> list[dict]:
    """The decisions on record once they are as many as the calls; nothing before."""
    shown = json.loads(ringfence(file, "log", "--json", "--limit", "100000"))
    assert len(shown) <= calls
    return shown if len(shown) == calls else []


def test_no_call_is_lost_and_each_is_judged_by_one_whole_set(ports):
    """Two sets that reject alike, the second one large: every call in between is rejected by one of them."""
    ports.write_text(ports.read_text().replace("metrics: ", "logging: {file: calls.log}\nmetrics: "))
    rules, proof = ports.parent / "rules.d" / "own.yaml", {"catches": "[{from: 13912345678, to: 13800138000}]"}
    rules.write_text(rule("{caller: {class: mobile}}", "reject", "all", **proof))
    with serving(ports) as (process, first):
        callers = Callers(load_configuration(ports).listen[0].address)
        callers.start()
        rules.write_text(
            "".join(rule(f"{{caller: +86139{n:08d}}}", "tag", f"r{n}") for n in range(2_000))
            + rule("{caller: {class: mobile}}", "reject", "all-of-them", **proof)
        )
        ringfence(ports, "rules", "activate", "--reason", "while it rings")
        second = next_event(process)
        while "rules" not in second:  # what else a slow machine makes it say
            second = next_event(process)
        so_far = len(callers.sent)
        until(lambda: len(callers.sent) >= so_far + 50, "calls judged by the new rules")
        callers.done.set()
        callers.join()
        assert callers.sent == callers.rejected
        shown = until(lambda: recorded(ports, len(callers.sent)), "all calls on record")
    old, new = (first["rules"], "all"), (second["rules"], "all-of-them")
    when = {old: [], new: []}  # ids begin with the time, in 1/256 s
    for one in shown:
        when[one["revision"], one["rule"]].append(one["decision"][:10])
    assert max(when[old]) <= min(when[new])


def test_saving_changes_nothing_and_watching_changes_at_once(ports):
    command = [sys.executable, "-m", "ringfence", "serve", "--watch", "--config", str(ports)]
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


SCREEN = SimpleNamespace(journal=SimpleNamespace(observed={"gone": 3}))


def test_a_rule_that_passes_its_budget_is_named_once(file):
    changes = RuleChanges(file, starting_rules(file), SCREEN, watch=False)
    alarm = Alarm("night-calls", 25.0, 5, 200)
    with capture_logs() as said:
        changes.tell([alarm])
        changes.tell([alarm._replace(per_thousand=30.0)])
    passed = "a rule passes its budget of false positives"
    assert [(one["event"], one["rule"]) for one in said] == [(passed, "night-calls")]
    (gauge,) = [family for family in changes.collect() if family.name.endswith("per_thousand")]
    assert [(sample.labels, sample.value) for sample in gauge.samples] == [({"rule": "night-calls"}, 30.0)]
    changes.tell([])
    assert not next(family for family in changes.collect() if family.name.endswith("per_thousand")).samples


def test_what_rules_observed_is_a_figure_from_the_start(file):
    change(file, "  then: reject", "  mode: observe\n  then: reject")
    changes = RuleChanges(file, starting_rules(file), SCREEN, watch=False)
    (family,) = [family for family in changes.collect() if family.name == "ringfence_rule_observed"]
    found = {sample.labels["rule"]: sample.value for sample in family.samples}
    assert found.pop("gone") == 3
    assert list(found.values()) == [0]


def test_stamps_tell_what_was_saved(file):
    before = stamps(file)
    assert len(before) == 2
    change(file, "because: ", "because:  ")
    assert stamps(file) != before

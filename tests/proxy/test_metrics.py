"""What Prometheus reads: every family the operator is promised, and never a number."""

import re
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from proxy.core import DROPPED, REFUSED
from proxy.metrics import Metrics
from tests import wire
from tests.playbook import REJECT, Playbook

ROOT = Path(__file__).resolve().parents[2]


def exposed(play: Playbook, counters: dict[str, int] | None = None) -> dict[str, float]:
    """Each sample by its name and labels."""
    text = generate_latest(Metrics(play.core, lambda: counters or {}).registry).decode()
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_dropped_and_answered_messages_are_counted_by_reason():
    play = Playbook()
    play.trunk(b"\r\n\r\n")
    play.trunk(b"nonsense")
    play.trunk(wire.request("OPTIONS", max_forwards="0"))
    found = exposed(play)
    assert found['ringfence_messages_dropped_total{reason="keep-alive"}'] == 1
    assert found['ringfence_messages_dropped_total{reason="not-sip"}'] == 1
    assert found['ringfence_requests_answered_total{status="483"}'] == 1


def test_calls_are_counted_by_verdict():
    found = exposed(Playbook(), {"verdict_reject": 3, "verdict_tag": 2, "lookups_hit": 5, "decisions_waiting": 7})
    assert found['ringfence_calls_total{verdict="reject"}'] == 3
    assert found['ringfence_calls_total{verdict="tag"}'] == 2
    assert found['ringfence_calls_total{verdict="forward"}'] == 0
    assert found["ringfence_lookups_hit_total"] == 5
    assert found["ringfence_decisions_waiting"] == 7


def test_feature_codes_are_counted_by_what_became_of_them():
    play = Playbook(code="*33")
    via = "SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKpbx"
    play.pbx(wire.invite(uri="sip:*33@office.example", via=via))
    assert exposed(play)['ringfence_feature_codes_total{filing="taken"}'] == 1


def test_what_is_held_is_shown():
    play = Playbook()
    play.forwarded()
    play.verdict = REJECT
    play.trunk(wire.invite(via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKtwo", call_id="two"))
    found = exposed(play)
    assert found['ringfence_transactions{role="server"}'] == 2
    assert found['ringfence_transactions{role="client"}'] == 1
    assert found["ringfence_unacknowledged_rejections"] == 1


@pytest.mark.parametrize("family", ["messages_dropped_total", "requests_answered_total", "feature_codes_total"])
def test_a_counter_is_there_before_its_first_event(family: str):
    """Else `increase()` sees nothing of the first one, which is the one that matters."""
    values = [value for name, value in exposed(Playbook()).items() if name.startswith(f"ringfence_{family}{{")]
    assert len(values) > 3
    assert set(values) == {0}


def test_every_family_has_a_figure_from_the_start():
    registry = Metrics(Playbook().core, dict).registry
    assert [family.name for family in registry.collect() if not family.samples] == []


def test_no_reason_and_no_status_comes_up_that_was_not_there_before():
    sources = [path.read_text() for path in (ROOT / "proxy").glob("*.py")]
    reasons = {each for text in sources for each in re.findall(r'\bdropped\["([^"]+)"\]', text)}
    assert len(reasons) > 5
    assert reasons <= set(DROPPED)
    statuses = {int(each) for text in sources for each in re.findall(r"Refusal\((\d+)", text)}
    assert len(statuses) > 5
    assert statuses <= set(REFUSED)
    gentle = Playbook(profiles={"gentle": {"status": 480}})
    assert {480, 603} <= gentle.core.statuses


def test_who_is_silent_is_a_gauge_by_name_and_there_before_anybody_is():
    play = Playbook()
    assert exposed(play)['ringfence_silent_addresses{peer="office"}'] == 0
    assert exposed(play)['ringfence_silent_addresses{peer="carrier"}'] == 0
    play.forwarded()
    play.wait(4)
    assert exposed(play)['ringfence_silent_addresses{peer="office"}'] == 1


def test_each_address_of_a_peer_has_a_figure_for_its_state_its_calls_and_what_it_answered():
    play = Playbook()
    play.answered()
    play.trunk(wire.invite(via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bKtwo", call_id="two"))
    first, second = play.core.peers.of("pbx", "office")
    second.is_silent(play.now)
    found = exposed(play)
    assert found['ringfence_peer_up{address="203.0.113.10:5060",peer="office"}'] == 1
    assert found['ringfence_peer_up{address="203.0.113.11:5060",peer="office"}'] == 0
    assert found['ringfence_peer_calls{address="203.0.113.10:5060",peer="office"}'] == 2
    assert found['ringfence_peer_responses_total{peer="office",status="200"}'] == 1
    assert found['ringfence_peer_responses_total{peer="office",status="503"}'] == 0
    first.drained = True
    assert exposed(play)['ringfence_peer_up{address="203.0.113.10:5060",peer="office"}'] == 0


def test_no_number_and_no_address_but_those_of_the_configuration_stands_in_a_label():
    play = Playbook()
    play.forwarded()
    play.trunk(wire.invite(), wire.STRANGER)
    play.pbx(wire.invite(uri="sip:1@192.0.2.77", via="SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKout"))
    names = " ".join(exposed(play))
    for each in play.core.peers:
        names = names.replace(each.shown, "")
    assert not re.search(r"\d{5,}|\d+\.\d+\.\d+\.\d+", re.sub(r'le="[^"]*"', "", names))


def test_added_latency_is_a_histogram():
    metrics = Metrics(Playbook().core, dict)
    for seconds in (0.00005, 0.0001, 0.0003, 9.0):
        metrics.latencies.took(seconds)
    lines = dict(line.rsplit(" ", 1) for line in generate_latest(metrics.registry).decode().splitlines() if "{" in line)
    counts = {name.split('"')[1]: float(value) for name, value in lines.items() if "latency_seconds_bucket" in name}
    assert (counts["0.0001"], counts["0.0002"], counts["0.0005"], counts["0.5"], counts["+Inf"]) == (2, 2, 3, 3, 4)
    assert "ringfence_added_latency_seconds_count 4.0" in generate_latest(metrics.registry).decode()

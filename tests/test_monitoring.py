"""What is shipped for monitoring and firewalls works: promtool plays the alerts, figures exist, nft takes the rules."""

import json
import re
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
import yaml

from ringfence.configuration import load_configuration
from tests.peers.loopback import new_endpoint
from tests.peers.process import Peer, until
from tests.ringfence.test_serve import serving
from tests.test_documented import metric_names

ROOT = Path(__file__).resolve().parent.parent
ALERTS = ROOT / "config" / "prometheus" / "ringfence.rules.yml"
PLAYED = [ROOT / "tests" / "prometheus" / name for name in ("alerts.yml", "alerts_over_days.yml")]
DASHBOARD = ROOT / "config" / "grafana" / "ringfence.json"
FIREWALL = ROOT / "config" / "nftables" / "ringfence.nft"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}


def run(*words: str | Path) -> str:
    """The output of a program that must succeed."""
    assert shutil.which(words[0]), f"{words[0]}: tools/setup test installs it"
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def figures(ports) -> str:
    """What a node tells Prometheus."""
    metrics = load_configuration(ports).metrics
    with serving(ports), urllib.request.urlopen(f"http://{metrics}/metrics", timeout=60) as page:
        return page.read().decode()


def names_in(figures: str) -> set[str]:
    """Every name that a query may use."""
    kinds = re.findall(r"^# TYPE (\w+?)(?:_total)? (counter|gauge|histogram)$", figures, re.MULTILINE)
    assert len(kinds) > 40
    # Those of certificates are told where there is one.
    return {name + suffix for name, kind in kinds for suffix in SUFFIXES[kind]} | metric_names()


def used(text: str) -> set[str]:
    return set(re.findall(r"\bringfence_\w+", text))


def alerts() -> list[dict]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def queries() -> list[str]:
    """Every query of the dashboard."""
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [each["expr"] for each in board["annotations"]["list"]]
    return found + [each["definition"] for each in board["templating"]["list"] if "definition" in each]


def test_promtool_finds_nothing_wrong_with_the_alerts():
    assert "SUCCESS" in run("promtool", "check", "rules", ALERTS)


def test_each_alert_fires_when_it_should_and_is_silent_else():
    assert "SUCCESS" in run("promtool", "test", "rules", *PLAYED)
    played = "".join(file.read_text() for file in PLAYED)
    assert [rule["alert"] for rule in alerts() if f'alertname="{rule["alert"]}"' not in played] == []
    assert {rule["labels"]["severity"] for rule in alerts()} == {"critical", "warning", "info"}
    assert all(rule["annotations"]["summary"] for rule in alerts())


@pytest.mark.live
def test_every_figure_that_alerts_and_dashboard_ask_for_exists(figures):
    known = names_in(figures)
    asked = used(ALERTS.read_text().partition("groups:")[2]) | {name for query in queries() for name in used(query)}
    assert len(asked) > 40
    assert asked - known == set()
    counters = {name for name in asked if name.removesuffix("_total") + "_total" in known}
    assert [name for name in counters if not name.endswith("_total")] == []


@pytest.mark.live
def test_promtool_finds_nothing_wrong_with_the_figures(figures, tmp_path):
    file = tmp_path / "figures"
    file.write_text(figures)
    with file.open() as given:
        done = subprocess.run(
            ["promtool", "check", "metrics"], stdin=given, capture_output=True, text=True, timeout=60, check=False
        )
    # It wishes names that we cannot change: everybody's alerts use them.
    assert done.returncode in (0, 3), done.stderr
    assert "error while linting" not in done.stderr


def test_each_query_of_the_dashboard_can_be_read(tmp_path):
    """All in one file, of which promtool names each line that it cannot read."""
    asked = [query for query in queries() if not query.startswith("label_values(")]
    rules = [{"record": f"asked_{place}", "expr": readable(query)} for place, query in enumerate(asked)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "asked", "rules": rules}]}))
    assert f"SUCCESS: {len(asked)} rules found" in run("promtool", "check", "rules", file)


def readable(query: str) -> str:
    """With what Grafana would put in."""
    return query.replace("$__rate_interval", "5m").replace("$__range", "6h").replace("$instance", ".*")


# What a node without a call, a certificate, an alert or a refusal has no sample of yet.
NOTHING_YET = re.compile(
    r"rule_observed|requests_answered|peer_responses|connections|limits_reached|over_rate|bans_begun|complaint_alerts"
    r"|feature_codes|certificate_ends|changes\(|storage_unusable|messages_dropped"
)


@contextmanager
def prometheus(folder: Path, target: object) -> Iterator[str]:
    """A real one that asks this target for its figures; its address."""
    scrape = {"job_name": "ringfence", "scrape_interval": "200ms", "static_configs": [{"targets": [str(target)]}]}
    (folder / "prometheus.yml").write_text(json.dumps({"scrape_configs": [scrape]}))
    at = str(new_endpoint())
    words = [
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/kept",
        f"--web.listen-address={at}",
    ]
    with Peer(["prometheus", *words], output=folder / "prometheus.log"):
        yield at


def evaluated(at: str, query: str) -> list[dict]:
    """What a query gives now."""
    url = f"http://{at}/api/v1/query?{urlencode({'query': query})}"
    with urllib.request.urlopen(url, timeout=60) as page:
        answer = json.load(page)
    assert answer["status"] == "success", query
    return answer["data"]["result"]


def filled(query: str, instance: str) -> str:
    """As Grafana asks it."""
    for name, value in (("$__rate_interval", "1m"), ("$__range", "1m"), ("$instance", instance)):
        query = query.replace(name, value)
    return query


@pytest.mark.live
def test_a_real_prometheus_answers_each_query_of_the_dashboard_with_the_labels_that_it_shows(ports, tmp_path):
    board = json.loads(DASHBOARD.read_text())
    metrics = load_configuration(ports).metrics
    with serving(ports), prometheus(tmp_path, metrics) as at:
        known = "count_over_time(ringfence_build_info[1m]) >= 3"  # a rate wants two

        def is_scraped() -> bool:
            try:
                return bool(evaluated(at, known))
            except OSError:
                return False

        until(is_scraped, "figures are scraped")
        instance = evaluated(at, "ringfence_build_info")[0]["metric"]["instance"]
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                query = target["expr"]
                found = evaluated(at, filled(query, instance))
                assert found or NOTHING_YET.search(query), f"{panel['title']}: {query}"
                for label in re.findall(r"{{(\w+)}}", target.get("legendFormat", "")):
                    assert all(label in each["metric"] for each in found), f"{panel['title']}: {label}"
        for each in board["annotations"]["list"]:
            evaluated(at, filled(each["expr"], instance))


def test_the_panels_of_the_dashboard_overlap_nowhere():
    board = json.loads(DASHBOARD.read_text())
    taken = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= cells
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


def test_nft_takes_the_firewall_twice_and_drops_what_it_should(tmp_path):
    """In a network of its own; loaded again it replaces itself."""
    said = run(
        *("unshare", "-n", "bash", "-euc"),
        f"nft -c -f {FIREWALL}; nft -f {FIREWALL}; nft -f {FIREWALL}; nft list ruleset; "
        "nft add element inet ringfence banned4 '{ 203.0.113.9 timeout 10m }'; nft list set inet ringfence banned4",
    )
    assert "policy drop" in said
    assert said.count("chain input") == 1
    assert "203.0.113.9 timeout 10m" in said


OUTSIDE = '''
ip netns add outside; ip link add eth0 type veth peer name out netns outside; ip link set eth0 up; ip link set lo up
ip addr add 198.51.100.1/24 dev eth0; ip addr add 192.0.2.5/32 dev eth0
for a in 198.51.100.7/24 203.0.113.9/32 192.0.2.6/32; do ip -n outside addr add $a dev out; done
ip -n outside link set out up; ip -n outside link set lo up; ip -n outside route add 192.0.2.5 dev out
ip route add 203.0.113.9 dev eth0; ip route add 192.0.2.6 dev eth0
nft -f FIREWALL
python3 - <<'END'
import socket, subprocess, sys
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind(("192.0.2.5", 5060))
here.settimeout(1)
send = """import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 0))
s.sendto(b'x', ('192.0.2.5', 5060))"""
for source in ("198.51.100.7", "203.0.113.9", "192.0.2.6"):
    subprocess.run(["ip", "netns", "exec", "outside", sys.executable, "-c", send, source], check=True)
    try:
        print(source, "passes", here.recv(9))
    except TimeoutError:
        print(source, "is dropped")
END
'''


@pytest.mark.live
def test_the_firewall_lets_the_carrier_in_and_nobody_else():
    """A stranger is dropped, and so is whoever writes the PBX's address from outside."""
    script = OUTSIDE.replace("FIREWALL", str(FIREWALL))
    said = run("unshare", "-n", "-m", "bash", "-euc", f"mount -t tmpfs none /run; {script}")
    assert said.splitlines() == ["198.51.100.7 passes b'x'", "203.0.113.9 is dropped", "192.0.2.6 is dropped"]

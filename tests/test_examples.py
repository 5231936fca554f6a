"""The example plug-ins of the documents: each passes its own tests, installs, and does in a node what it is for.

One environment for all of them, since building three wheels and starting a node takes seconds.
"""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from proxy.reply_profiles import DEFAULT_PROFILE
from rules.judging.plugins import ACTIONS, NUMBERS, REPLIES
from tests import wire
from tests.peers.loopback import new_endpoint
from tests.peers.process import until
from tests.peers.ringfence import Ringfence, settings
from tests.playbook import REJECT, TAG, Playbook, only

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.parent for path in (ROOT / "docs" / "examples").glob("*/pyproject.toml"))


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """All of them, installed into a folder."""
    there = tmp_path_factory.mktemp("examples") / "installed"
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "-q", "--python", sys.executable, "--no-deps", "--no-build-isolation"]
    subprocess.run([*install, "--target", there, *EXAMPLES], check=True, timeout=300)
    return there


def run(there: Path, *words: str | Path, at: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(there), str(ROOT)])}
    command, options = [sys.executable, "-m", *words], {"env": environment, "timeout": 300, "cwd": at}
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_each_passes_its_own_tests(installed):
    folders = [each / "tests" for each in EXAMPLES]
    options = ["-q", "-p", "no:cacheprovider", "--import-mode=importlib", "-o", "addopts=", "-n0"]
    told = run(installed, "pytest", *options, "--rootdir", installed, *folders, at=installed)
    assert "passed" in told
    assert len(EXAMPLES) == 3


def test_check_and_plugins_know_them(installed, tmp_path):
    (tmp_path / "ringfence.yaml").write_text(
        "listen: [{address: 127.0.0.1:5060}]\npbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]\n"
        "trunks: [{name: default, country: CN, profile: spoken}]\nactions: {tenant: [tag]}\nrules: [rules.yaml]\n"
    )
    (tmp_path / "rules.yaml").write_text(
        "- rule: bad-reputation\n  because: A service says so.\n  when: {fact: {reputation: {over: 80}}}\n"
        "  then: {reject: spoken}\n  catches: [{from: 13912345678, to: 13800138000, facts: {reputation: 90}}]\n"
    )
    assert " 0 faults" in run(installed, "ringfence", "check", at=tmp_path)
    rows = {row["name"]: row for row in json.loads(run(installed, "ringfence", "plugins", "--json", at=tmp_path))}
    assert {name: row["group"] for name, row in rows.items()} == {
        "reputation": NUMBERS,
        "spoken": REPLIES,
        "tenant": ACTIONS,
    }
    assert (rows["tenant"]["package"], rows["tenant"]["version"]) == ("tenant-lines", "1.0")
    assert rows["tenant"]["where"] == "tenant_lines:Tenant"
    assert {row["state"] for row in rows.values()} == {"installed"}


def test_one_that_is_of_no_use_is_named_and_stops_the_start(tmp_path):
    told = tmp_path / "broken-1.0.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (told / "entry_points.txt").write_text("[ringfence.replies]\nbad = broken:Bad\n")
    (tmp_path / "broken.py").write_text("class Bad:\n    pass\n")
    (tmp_path / "ringfence.yaml").write_text(
        "listen: [{address: 127.0.0.1:5060}]\npbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]\n"
        "trunks: [{name: default, country: CN}]\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    command, options = [sys.executable, "-m", "ringfence", "serve"], {"env": environment, "cwd": tmp_path}
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)
    assert done.returncode == 1
    assert "plug-in bad (broken:Bad): it can't be used" in done.stderr


def test_what_they_give_goes_out(installed, monkeypatch):
    monkeypatch.syspath_prepend(str(installed))
    from spoken_reply import Spoken  # type: ignore[import-not-found]
    from tenant_lines import Tenant  # type: ignore[import-not-found]

    from rules.judging.plugins import Worker

    spoken, tenant = Worker("spoken", Spoken().reply), Worker("tenant", Tenant().lines)
    play = Playbook(actions={"tenant": ["tag"]})
    play.screening._plugin_wait_s = 60.0
    play.screening.plug({DEFAULT_PROFILE: spoken}, {"tenant": tenant})
    play.verdict = TAG
    down = play.forwarded(uri=f"sip:+8613800138000@{wire.US}")
    assert wire.header(down, "X-Ringfence-Tenant") == "north"
    assert wire.header(down, "X-Ringfence-Suspicion") == "5"
    play.verdict = REJECT
    assert b" 603 Decline" in only(
        play.trunk(wire.invite(call_id="2", via="SIP/2.0/UDP 198.51.100.21;branch=z9hG4bK2"))
    )
    assert (spoken.asked, spoken.failures, tenant.failures) == (1, 0, 0)
    for each in (spoken, tenant):
        each.close()


@pytest.mark.live
def test_a_node_loads_them_and_asks_them(installed, tmp_path, monkeypatch):
    """One that looks numbers up for a rule, one that writes lines into a suspected call, one that answers."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(installed), str(ROOT)]))
    monkeypatch.syspath_prepend(str(installed))  # of the commands that are run here
    monkeypatch.setenv("REPUTATION_URL", "http://127.0.0.1:9")  # nobody is there: the call goes on without it
    at, pbx, trunk = new_endpoint(), new_endpoint(), new_endpoint()
    (tmp_path / "rules.yaml").write_text(
        "- rule: bad\n  because: A service says so.\n  when: {fact: {reputation: {over: 80}}}\n  then: reject\n"
        "  catches: [{from: 13912345678, to: 13800138000, facts: {reputation: 90}}]\n"
    )
    more = {
        "pbxes": [{"name": "pbx", "addresses": [str(pbx)], "probe": {"every_s": 0}}],
        "trunks": [{"name": "default", "country": "CN", "profile": "spoken"}],
        "actions": {"tenant": ["tag"]},
        "rules": [str(tmp_path / "rules.yaml")],
        "facts": {"plugin_ms": 60_000},
    }
    with (
        Ringfence(tmp_path, settings([at], [], **more), numbers={"suspects": ["+8613912345678"]}) as proxy,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as office,
    ):
        phone.bind(trunk)
        office.bind(pbx)
        office.settimeout(60)
        via = f"SIP/2.0/UDP {trunk};branch=z9hG4bK1"
        call = wire.invite(uri=f"sip:+8613800138000@{at}", via=via, from_="<sip:+8613912345678@a.example>;tag=a")
        phone.sendto(call, at)
        down = office.recv(65_535)
        assert wire.header(down, "X-Ringfence-Tenant") == "north"
        assert wire.header(down, "X-Ringfence-Suspicion") == "5"

        def shown() -> dict[str, dict[str, Any]]:
            return {row["name"]: row for row in json.loads(proxy.command("plugins", "--json"))}

        rows = until(lambda: (found := shown())["reputation"]["failed"] and found, "the failed look-up")
    assert {row["loaded"] for row in rows.values()} == {True}
    assert rows["tenant"]["asked"] == 1
    assert rows["tenant"]["p99_ms"] >= 0
    assert "ConnectError" in rows["reputation"]["state"]

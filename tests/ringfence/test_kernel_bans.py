"""The set of nftables that the kernel drops by: filled as bans begin and end, never in the way of an emergency call."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy.bans import BY_TRIES
from ringfence import kernel_bans
from ringfence.kernel_bans import KernelBans, run_nft
from tests.playbook import SETTINGS, Playbook

ROOT = Path(__file__).resolve().parent.parent.parent
SET = {"nftables": "inet ringfence banned"}
CARRIER = SETTINGS["trunks"][0]
ALONE = "RINGFENCE_TEST_ALONE"


class Nft:
    """Stands for the program."""

    def __init__(self) -> None:
        self.scripts: list[str] = []
        self.fault = ""

    async def __call__(self, script: str) -> str:
        self.scripts.append(script)
        return self.fault


async def settled(play: Playbook, nft: Nft) -> KernelBans:
    kernel = KernelBans(play.core, nft)
    play.core.bans.told = kernel.note
    return kernel


async def test_what_begins_and_what_is_lifted_goes_into_the_set():
    play, nft = Playbook(bans=SET), Nft()
    kernel = await settled(play, nft)
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now, seconds=60)
    play.core.bans.add("2001:db8::/64", BY_TRIES, play.now, seconds=61)
    assert await kernel.settle()
    play.core.bans.lift("192.0.2.9")
    assert await kernel.settle()
    first, second = nft.scripts
    assert "add element inet ringfence banned4 { 192.0.2.9 timeout 60s }\n" in first
    assert "add element inet ringfence banned6 { 2001:db8::/64 timeout 61s }\n" in first
    assert second.endswith("delete element inet ringfence banned4 { 192.0.2.9 }\n")


@pytest.mark.parametrize(
    ("trunks", "filled"),
    [
        ([CARRIER], True),
        ([CARRIER, {"name": "default", "country": "CN"}], False),
        ([CARRIER, {"name": "default", "emergency": "off"}], True),
        ([{"name": "certy", "names": ["sip.carrier.example"]}], False),
    ],
)
async def test_nobody_is_dropped_by_the_kernel_whose_emergency_calls_would_go_on(trunks, filled):
    play, nft = Playbook(trunks=trunks, bans=SET), Nft()
    kernel = await settled(play, nft)
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now)
    await kernel.settle()
    assert ("192.0.2.9" in "".join(nft.scripts)) is filled
    play.core.bans.add("198.51.100.21", "by hand", play.now, by="root")
    await kernel.settle()
    assert "198.51.100.21" not in "".join(nft.scripts)


async def test_nothing_is_run_where_no_set_is_named():
    play, nft = Playbook(), Nft()
    kernel = await settled(play, nft)
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now)
    assert await kernel.settle()
    assert nft.scripts == []


async def test_a_fault_is_told_once_and_stands_where_health_reads_it():
    play, nft = Playbook(bans=SET), Nft()
    kernel = await settled(play, nft)
    nft.fault = "Operation not permitted"
    with capture_logs() as logs:
        for number in range(3):
            play.core.bans.add(f"192.0.2.{number}", BY_TRIES, play.now)
            assert not await kernel.settle()
    assert [each["cause"] for each in logs] == ["Operation not permitted"]
    assert kernel.without.endswith("Operation not permitted")
    nft.fault = ""
    kernel.renew()
    assert await kernel.settle()
    assert kernel.without == ""


async def test_a_program_that_says_nothing_is_ended(monkeypatch, tmp_path):
    nft = tmp_path / "nft"
    nft.write_text("#!/bin/sh\nexec sleep 60\n")
    nft.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(kernel_bans, "DEADLINE_S", 0.1)
    assert await asyncio.wait_for(run_nft("list tables\n"), 20) == "nft said nothing within 0.1 s"
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    assert (await run_nft("")).startswith("nft: No such file")


def test_the_sample_drops_what_is_banned_and_nothing_else():
    """In a network of its own: the documented set, filled as the node does it, and datagrams that pass or do not."""
    if ALONE not in os.environ:
        as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        inside = ["unshare", *as_root, "--net", sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider"]
        test = f"{__file__}::test_the_sample_drops_what_is_banned_and_nothing_else"
        done = subprocess.run(
            [*inside, test], cwd=ROOT, env={**os.environ, ALONE: "1"}, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return
    sample = re.search(r"```nftables\n(.*?)```", (ROOT / "docs" / "operating.md").read_text(), re.DOTALL)
    assert sample is not None
    subprocess.run(["nft", "-f", "-"], input=sample[1], text=True, check=True, timeout=30)
    for words in (
        "link set lo up", "address add 192.0.2.9/32 dev lo", "address add 192.0.2.10/32 dev lo",
        "address add 203.0.113.1/32 dev lo", "address add 2001:db8::7/128 dev lo nodad",
    ):  # fmt: skip
        subprocess.run(["ip", *words.split()], check=True, timeout=30)
    asyncio.run(fill_and_try())


async def fill_and_try() -> None:
    play = Playbook(bans=SET)
    kernel = KernelBans(play.core)
    play.core.bans.told = kernel.note
    assert arrives("192.0.2.9")
    assert arrives("2001:db8::7", "2001:db8::7")
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now, seconds=3600)
    play.core.bans.add("2001:db8::/64", BY_TRIES, play.now, seconds=3600)
    assert await kernel.settle(), kernel.without
    assert not arrives("192.0.2.9")
    assert not arrives("2001:db8::7", "2001:db8::7")
    assert connects("192.0.2.9"), "a datagram proves no address: what it earned stops no connection"
    assert arrives("192.0.2.10")
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now, seconds=7200)
    assert await kernel.settle(), "again, while it is there"
    play.core.bans.lift("192.0.2.9")
    play.core.bans.lift("192.0.2.9")
    assert await kernel.settle(), kernel.without
    assert arrives("192.0.2.9")
    play.core.bans.add("192.0.2.9", BY_TRIES, play.now, seconds=1)
    await kernel.settle()
    for _ in range(100):
        if arrives("192.0.2.9"):
            break
        await asyncio.sleep(0.1)
    assert arrives("192.0.2.9"), "the kernel ends it by itself"
    play.core.bans.lift("192.0.2.9")
    assert await kernel.settle(), "and it is no fault that it is gone"


def arrives(source: str, to: str = "203.0.113.1") -> bool:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as taking, socket.socket(family, socket.SOCK_DGRAM) as sending:
        taking.bind((to, 5060))
        taking.settimeout(0.2)
        sending.bind((source, 0))
        sending.sendto(b"x", (to, 5060))
        try:
            return taking.recv(10) == b"x"
        except TimeoutError:
            return False


def connects(source: str, to: str = "203.0.113.1") -> bool:
    with socket.socket() as taking, socket.socket() as calling:
        taking.bind((to, 5060))
        taking.listen()
        calling.settimeout(2)
        calling.bind((source, 0))
        try:
            calling.connect((to, 5060))
        except TimeoutError:
            return False
        return True

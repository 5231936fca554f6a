"""Calls of every kind for hours against the running product, alone on loopback, while all around it goes wrong.

Between it and its neighbours relays lose one packet in fifty, both ways; it is reloaded with another configuration
every ten seconds; of two PBXes one is killed and started again, by turns with and without its relay: refused, or
silent. Ends with 1 where a call is lost by its fault, a reload fails, or memory grows from the middle to the end. What
was at a PBX when that was killed is lost with it, and counted apart. PYTHONPATH=$(tools/compile) before it: compiled.

    bench/soak.py [--calls 200000] [--rate 50] [--markdown]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median

from bench.flood import go_on_alone
from bench.meter import memory_mib
from bench.parties import BODY, Call, Lost, Message, Party

HERE = Path(__file__).resolve().parent
LOST_OF_1000 = "20"
RELOAD_S, KILL_S, DEAD_S = 10.0, 45.0, 15.0
TALK_S, RING_S, UNANSWERED_S, HUNG_S = 2.0, 0.5, 4.0, 90.0
COUNTED_S = "30"
MOST_GROWTH = 1.05  # of memory, from the middle third to the last
BLOCKED, SUSPECTED = "+8617000000001", "+8617100000001"
CALLED, EMERGENCY = "+8613800138000", "112"
TRUNK, PBXES = 5070, (5081, 5082)  # the ports of the relays

SETTINGS = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes:
  - {name: office, addresses: [127.0.0.1:5081, 127.0.0.1:5082], weights: [50, 50], outbound_trunk: carrier}
trunks:
  - {name: carrier, addresses: [127.0.0.1], country: CN, send_to: [127.0.0.1:5070]}
lists: {blocked: {kind: block}, suspected: {kind: suspect}}
use: [baseline]
storage: {database: ringfence.db, key_file: ringfence.keys}
logging: {file: calls.log}
emergency: {callback_minutes: 0}  # the called number is the same: nobody would be rejected for a while
"""
# Bounds that a carrier's day reaches and a short run does not: what fills up to them is no leak. So there are few
# callers, too. And what else the machine does is no overload.
SMALL = """\
limits: {trunk_percent: 100, source_percent: 100, remembered_calls: 4000, shed_ms: 5000}
facts: {remembered_calls: 4000}
"""
CALLERS_IN_ALL = 2000
OTHER = "label: '[suspected]'\n"  # every second reload has it
FLOWS = {
    "answered": 30,
    "hung up by the callee": 15,
    "busy": 10,
    "rejected": 10,
    "tagged": 5,
    "cancelled": 8,
    "not answered": 5,
    "re-INVITE of the caller": 4,
    "re-INVITE of the callee": 4,
    "MESSAGE and INFO within": 4,
    "emergency, from a blocked caller": 1,
    "emergency, from the PBX": 2,
    "out": 2,
}
FROM_PBX = {"emergency, from the PBX", "out"}
MARKED = {"tagged", "emergency, from a blocked caller"}
CALLERS = {"rejected": BLOCKED, "tagged": SUSPECTED, "emergency, from a blocked caller": BLOCKED}


async def heard(call: Call, method: str) -> None:
    """Wait until the other end has sent that."""
    try:
        while await asyncio.wait_for(call.heard.get(), HUNG_S / 2) != method:
            pass
    except TimeoutError:
        raise Lost(f"{method} of the other end never came") from None


async def called(call: Call, message: Message) -> None:
    """What the end that is called does; the caller says which kind of call it is."""
    flow = message.one("X-Flow")
    call.say("180 Ringing")
    if flow == "cancelled":
        await asyncio.wait_for(call.was_cancelled.wait(), HUNG_S)
        call.say("487 Request Terminated")
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(call.was_cancelled.wait(), UNANSWERED_S if flow == "not answered" else RING_S)
        call.say("487 Request Terminated")  # another PBX has it
        return
    if refusal := {"busy": "486 Busy Here", "not answered": "480 Temporarily Unavailable"}.get(flow):
        call.say(refusal)
        return
    if bool(message.one("X-Ringfence-Verdict")) != (flow in MARKED):
        call.say("488 Not Acceptable Here")  # which the caller takes for a fault
        return
    call.say("200 OK", BODY)
    if flow == "re-INVITE of the callee":
        await asyncio.sleep(TALK_S / 2)
        await call.within("INVITE")
    elif flow == "MESSAGE and INFO within":
        await asyncio.sleep(TALK_S / 2)
        await call.within("MESSAGE")
    elif flow == "hung up by the callee":
        await asyncio.sleep(TALK_S)
        await call.within("BYE")
        return
    await heard(call, "BYE")


def wanted(got: Message, status: int) -> None:
    if got.status != status:
        raise Lost(f"{got.start}, not {status}")


async def calls(call: Call, flow: str) -> None:
    """What the caller does; raises Lost where it does not go as it should."""
    extra = f"X-Flow: {flow}\r\n"
    if flow == "cancelled":
        ringing = asyncio.ensure_future(call.ring(extra))
        try:
            await asyncio.sleep(RING_S * 2)
            wanted(await call.cancel(), 487)
        finally:
            ringing.cancel()
        return
    got = await call.ring(extra)
    if status := {"busy": 486, "not answered": 480, "rejected": 603}.get(flow):
        wanted(got, status)
        return
    wanted(got, 200)
    if flow == "hung up by the callee":
        await heard(call, "BYE")
        return
    if flow == "re-INVITE of the callee":
        await heard(call, "INVITE")
    elif flow == "MESSAGE and INFO within":
        await heard(call, "MESSAGE")
        await call.within("INFO")
    elif flow == "re-INVITE of the caller":
        await asyncio.sleep(TALK_S / 2)
        await call.within("INVITE")
    await asyncio.sleep(TALK_S)
    await call.within("BYE")


class Soak:
    """One run: the parties, the relays, and what became of the calls."""

    def __init__(self, folder: Path, proxy: int, *, short: bool = False) -> None:
        self.folder, self.proxy, self.short = folder, proxy, short
        self.relays: dict[int, subprocess.Popen[bytes]] = {}
        self.trunk = self._party(TRUNK, "t")
        self.pbxes = [self._party(port, f"p{number}") for number, port in enumerate(PBXES)]
        self.hit: set[str] = set()
        self.made: Counter[str] = Counter()
        self.good: Counter[str] = Counter()
        self.with_pbx: Counter[str] = Counter()
        self.lost: list[str] = []
        self.reloads = self.failed_reloads = self.kills = 0
        self.memory: list[float] = []
        self.began = time.monotonic()

    @staticmethod
    def _party(port: int, mark: str) -> Party:
        return Party(("127.0.0.1", port + 10), ("127.0.0.1", port), f"{mark}{os.getpid()}x", called)

    def relay(self, port: int) -> None:
        """Start one; that of the trunk has the proxy where others have a PBX."""
        behind = 5060 if port == TRUNK else port + 10
        command = [str(self.folder / "relay"), str(port), str(behind), LOST_OF_1000]
        self.relays[port] = subprocess.Popen(command)

    async def open(self) -> None:
        for party in (self.trunk, *self.pbxes):
            self.relay(party.to[1])
            await party.open()

    def close(self) -> None:
        for party in (self.trunk, *self.pbxes):
            party.close()
        for relay in self.relays.values():
            relay.kill()
            relay.wait()

    async def one(self, flow: str) -> None:
        """A call from its first packet to its end."""
        alive = [pbx for pbx in self.pbxes if pbx.is_alive]
        party = random.choice(alive) if flow in FROM_PBX else self.trunk
        number = CALLERS.get(flow, f"+86139{random.randrange(CALLERS_IN_ALL):08d}")
        call = party.new_call(number, EMERGENCY if flow.startswith("emergency") else CALLED, "soak.example")
        self.made[flow] += 1
        try:
            await asyncio.wait_for(calls(call, flow), HUNG_S)
            self.good[flow] += 1
        except (Lost, TimeoutError, asyncio.CancelledError) as error:
            if call.call_id in self.hit:
                self.with_pbx[flow] += 1
            else:
                passed = time.monotonic() - self.began
                self.lost.append(f"{passed:.0f} s, {flow}, {call.call_id}: {str(error) or type(error).__name__}")
                print(f"LOST {self.lost[-1]}", file=sys.stderr, flush=True)
        party.forget(call)

    async def play(self, count: int, rate: float) -> None:
        """All calls at that rate, and the last of them to its end."""
        dice, began, under_way = random.Random(20261130), time.monotonic(), set()
        kinds, weights = list(FLOWS), list(FLOWS.values())
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            task = asyncio.ensure_future(self.one(dice.choices(kinds, weights)[0]))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)

    async def reload(self) -> None:
        """Another configuration every ten seconds."""
        while True:
            await asyncio.sleep(RELOAD_S / 5 if self.short else RELOAD_S)
            self.reloads += 1
            write(self.folder, other=self.reloads % 2 == 1)
            words = ("--config", "ringfence.yaml", "reload", "--reason", "soak")
            pipe = asyncio.subprocess.PIPE
            run = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ringfence", *words),
                cwd=self.folder,
                stdout=pipe,
                stderr=asyncio.subprocess.STDOUT,
            )
            said, _ = await run.communicate()
            if run.returncode:
                self.failed_reloads += 1
                print(f"reload: {said.decode()}", file=sys.stderr, flush=True)

    async def kill(self) -> None:
        """One PBX after the other, now silent, now refusing."""
        while True:
            await asyncio.sleep(0 if self.short else KILL_S - DEAD_S)
            pbx = self.pbxes[self.kills % 2]
            port, refuses = pbx.to[1], self.kills // 2 % 2 == 1
            self.kills += 1
            self.hit |= pbx.stop()
            if refuses:
                self.relays[port].kill()
                self.relays[port].wait()
            await asyncio.sleep(DEAD_S)
            if refuses:
                self.relay(port)
            pbx.start()

    async def watch(self) -> None:
        """Memory, and a line a minute."""
        while True:
            await asyncio.sleep(5.0)
            self.memory.append(memory_mib(self.proxy))
            if len(self.memory) % 12 == 0:
                passed = time.monotonic() - self.began
                print(f"{passed:.0f} s: {sum(self.made.values()):,} calls, {len(self.lost)} lost, "
                      f"{self.memory[-1]:.0f} MiB", file=sys.stderr, flush=True)  # fmt: skip

    async def run(self, count: int, rate: float) -> None:
        await self.open()
        beside: list[Callable[[], Awaitable[None]]] = [self.reload, self.kill, self.watch]
        tasks = [asyncio.ensure_future(each()) for each in beside]
        try:
            await self.play(count, rate)
        finally:
            for task in tasks:
                task.cancel()
            self.close()

    def thirds(self) -> tuple[float, float, float]:
        """Memory at the start, in the middle and at the end."""
        third = max(1, len(self.memory) // 3)
        kept = self.memory or [0.0]
        return median(kept[:third]), median(kept[third : 2 * third] or kept), median(kept[-third:])

    def tenths(self) -> list[float]:
        """Memory in each tenth of the run."""
        step = max(1, len(self.memory) // 10)
        return [median(self.memory[at : at + step]) for at in range(0, len(self.memory) - step + 1, step)][:10]

    def faults(self) -> list[str]:
        """What is not as it should be."""
        _, middle, end = self.thirds()
        found = [f"lost: {each}" for each in self.lost]
        if self.failed_reloads:
            found.append(f"{self.failed_reloads} of {self.reloads} reloads failed")
        if end > middle * MOST_GROWTH and not self.short:
            found.append(f"memory grew from {middle:.0f} to {end:.0f} MiB")
        return found

    def lines(self, *, markdown: bool) -> list[str]:
        """What is printed of it."""
        heads = ("calls", "made", "as they should", "lost with their PBX", "lost")
        missing = {flow: self.made[flow] - self.good[flow] - self.with_pbx[flow] for flow in FLOWS}
        counts = {flow: [self.made[flow], self.good[flow], self.with_pbx[flow], missing[flow]] for flow in FLOWS}
        counts["all"] = [sum(column) for column in zip(*counts.values(), strict=True)]
        if markdown:
            table = ["| " + " | ".join(heads) + " |", "|---|" + "--:|" * 4]
            table += [f"| {flow} | " + " | ".join(f"{each:,}" for each in row) + " |" for flow, row in counts.items()]
        else:
            rows = [(heads[0], heads[1:]), *counts.items()]
            table = [f"{flow:34}" + "".join(f"{each!s:>21}" for each in row) for flow, row in rows]
        parties = (self.trunk, *self.pbxes)
        start, middle, end = self.thirds()
        return [
            *table,
            "",
            f"{time.monotonic() - self.began:,.0f} s; {self.reloads} reloads, {self.kills} times a PBX killed; "
            f"{sum(each.sent for each in parties):,} messages of the telephones, "
            f"{sum(each.repeated for each in parties):,} of them repeated.",
            f"Memory (PSS): {start:.0f} MiB in the first third, {middle:.0f} in the second, {end:.0f} in the last; "
            f"by tenths {', '.join(f'{each:.0f}' for each in self.tenths())}.",
        ]


def write(folder: Path, *, other: bool) -> None:
    (folder / "ringfence.yaml").write_text(SETTINGS + SMALL + (OTHER if other else ""))


def proxy_in(folder: Path, counts: Path | None = None) -> subprocess.Popen[bytes]:
    """The product with its two listed numbers, serving; what it holds is counted into that file."""
    write(folder, other=False)
    program = [sys.executable, "-m", "ringfence", "--config", "ringfence.yaml"]
    for name, number in (("blocked", BLOCKED), ("suspected", SUSPECTED)):
        words = [*program, "lists", "add", name, number, "--reason", "soak"]
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    said = folder / "said"
    with said.open("wb") as out:
        if counts is not None:
            program[1:3] = [str(HERE / "counted.py"), str(counts.resolve()), COUNTED_S]
        proxy = subprocess.Popen([*program, "serve"], cwd=folder, stdout=subprocess.DEVNULL, stderr=out)
    while b"serving" not in said.read_bytes():
        if proxy.poll() is not None:
            sys.exit(said.read_text())
        time.sleep(0.1)
    return proxy


def main() -> int:
    """All calls against one proxy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=50.0, help="new calls a second")
    parser.add_argument("--markdown", action="store_true", help="as a table of docs/performance.md")
    parser.add_argument("--short", action="store_true", help="reload and kill at once, and say nothing of memory")
    parser.add_argument("--counts", type=Path, help="a file for what the proxy holds, counted every 30 s")
    parser.add_argument("--keep", type=Path, help="a folder for what the node writes; default: a temporary one")
    words = parser.parse_args()
    go_on_alone(__file__)
    with tempfile.TemporaryDirectory() as made:
        folder = (words.keep or Path(made)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        proxy = proxy_in(folder, words.counts)
        try:
            subprocess.run(["cc", "-O2", "-o", folder / "relay", HERE / "relay.c"], check=True)
            soak = Soak(folder, proxy.pid, short=words.short)
            asyncio.run(soak.run(words.calls, words.rate))
            died = proxy.poll() is not None or b"Traceback" in (folder / "said").read_bytes()
        finally:
            proxy.kill()
            proxy.wait()
        faults = soak.faults() + (["the proxy died, or said a Traceback"] if died else [])
    print("\n".join(soak.lines(markdown=words.markdown)))
    for fault in faults:
        print(f"NOT GOOD: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

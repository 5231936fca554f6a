"""Offer the running product more calls than it can take, alone on loopback: how many does it complete?

First its capacity: as many calls as it completes with 50 under way at a time. Then half of that up to three times as
many, --seconds each, with emergency calls from both sides beside; then, five seconds after the last, half of it again.
A call is INVITE, 100, 180, 200, ACK, BYE, 200, and an INVITE is repeated as RFC 3261 has it. Ends with 1 where less
than nine tenths of the most calls are completed at any offer from the capacity on, an emergency call does not ring, or
it is not itself again. PYTHONPATH=$(tools/compile) before it: compiled.

    bench/overload.py [--seconds 10] [--markdown]
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench.flood import CALM, PBX, Callee, Series, cpu_of, go_on_alone

HERE = Path(__file__).resolve().parent
FACTORS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0)
AT_A_TIME = 50  # calls under way while the capacity is found
REST_S = 5.0  # between the last offer and the one that shows that it is itself again
WAIT_S = 4.0  # for the last calls of an offer
LEAST = 0.9  # of the most calls

SETTINGS = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes:
  - {name: office, addresses: [127.0.0.4:5060], outbound_trunk: calm}
  - {name: busy, addresses: [127.0.0.6:5060]}
trunks:
  - {name: calm, addresses: [127.0.0.2], country: CN, send_to: [127.0.0.2:5060]}
  - {name: load, addresses: [127.0.0.5], country: CN, pbx: busy, max_transactions: 500000}
limits: {max_transactions: 700000}  # each call holds two for half a minute: not what is measured here
lists: {blocked: {kind: block}}
use: [baseline]
"""


class Offer(NamedTuple):
    """What came of one."""

    offered: int
    completed: int
    refused: int
    repeated: int
    seconds: float
    half_ms: float
    most_ms: float

    @property
    def goodput(self) -> float:
        return self.completed / self.seconds


async def offer(folder: Path, mark: str, rate: float, seconds: float, at_a_time: int) -> Offer:
    """The load, by a process in C (`offer.c`): both ends of it, each INVITE repeated as RFC 3261 has it."""
    words = [str(folder / "offer"), mark, f"{rate:.3f}", str(seconds), str(WAIT_S), str(at_a_time)]
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    said, _ = await asyncio.wait_for(process.communicate(), seconds + 60)
    offered, completed, refused, repeated, half_ms, most_ms = said.decode().split()
    return Offer(
        *(int(offered), int(completed), int(refused), int(repeated), seconds, float(half_ms), float(most_ms)),
    )


class Proxy(NamedTuple):
    """The process that is measured, and where its files and the load's program are."""

    pid: int
    folder: Path


class Step(NamedTuple):
    """An offer, and what became of the emergency calls beside it."""

    factor: float
    offer: Offer
    cpu: float
    made: int
    rang: int
    slowest_ms: float


async def measure(mark: str, factor: float, rate: float, seconds: float, process: Proxy, at_a_time: int = 0) -> Step:
    calm, pbx = Callee(CALM), Callee(PBX)
    help_of_trunk, help_of_pbx = Series("trunk", "112", calm), Series("PBX", "112", pbx)
    calm.heard, pbx.heard = help_of_trunk.heard, help_of_pbx.heard
    for callee in (calm, pbx):
        await callee.listen()
    used, began = cpu_of(process.pid), time.monotonic()
    loading = asyncio.ensure_future(offer(process.folder, mark, rate, seconds, at_a_time))
    await asyncio.gather(*(each.play(seconds, mark, 1.5) for each in (help_of_trunk, help_of_pbx)))
    cpu = (cpu_of(process.pid) - used) * 100 / (time.monotonic() - began)
    got = await loading
    calm.transport.close()
    pbx.transport.close()
    await asyncio.sleep(0.1)  # they are closed in the loop's next turn
    took = [*help_of_trunk.took.values(), *help_of_pbx.took.values()]
    made = len(help_of_trunk.sent) + len(help_of_pbx.sent)
    return Step(factor, got, cpu, made, len(took), max(took, default=0.0))


def line(step: Step, *, markdown: bool) -> str:
    found = step.offer
    cells = (
        f"{step.factor:g}", f"{found.offered / found.seconds:,.0f}", f"{found.goodput:,.0f}",
        f"{found.refused / found.seconds:,.0f}", f"{found.repeated:,}", f"{found.half_ms:.0f}", f"{found.most_ms:.0f}",
        f"{step.rang} of {step.made}", f"{step.slowest_ms:.0f}", f"{step.cpu:.0f}",
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |" if markdown else "  ".join(each.rjust(10) for each in cells)


COLUMNS = (
    "x capacity",
    "offered/s",
    "completed/s",
    "refused/s",
    "repeated",
    "p50 ms",
    "p99 ms",
    "112 rang",
    "slowest",
    "cpu %",
)


def judge(steps: list[Step], after: Step) -> list[str]:
    """What is not as it should be."""
    most = max(step.offer.goodput for step in steps)
    faults = [
        f"at {step.factor:g} times its capacity it completes {step.offer.goodput / most:.0%} of its most"
        for step in steps
        if step.factor >= 1 and step.offer.goodput < LEAST * most
    ]
    faults += [
        f"at {step.factor:g} {step.made - step.rang} emergency calls did not ring"
        for step in (*steps, after)
        if step.rang < step.made
    ]
    if after.offer.completed < after.offer.offered:
        faults.append(f"{after.offer.offered - after.offer.completed} calls were not completed five seconds after")
    return faults


async def play(seconds: float, process: Proxy, *, markdown: bool) -> list[str]:
    print(line_of_heads(markdown=markdown), flush=True)
    await measure("w", 0, 0, 3.0, process, AT_A_TIME)  # it warms up
    found = await measure("c", 0, 0, seconds, process, AT_A_TIME)
    capacity = found.offer.goodput
    steps = []
    for factor in FACTORS:
        steps.append(await measure(f"s{factor}", factor, capacity * factor, seconds, process))
        print(line(steps[-1], markdown=markdown), flush=True)
    await asyncio.sleep(max(0.0, REST_S - WAIT_S))
    after = await measure("after", 0.5, capacity / 2, seconds, process)
    print(line(after, markdown=markdown), flush=True)
    print(f"Capacity: {capacity:,.0f} calls a second, with {AT_A_TIME} under way; the last line is {REST_S:g} s after.")
    return judge(steps, after)


def line_of_heads(*, markdown: bool) -> str:
    if markdown:
        return "| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS)
    return "  ".join(each.rjust(10) for each in COLUMNS)


def main() -> int:
    """The whole curve against one proxy."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--markdown", action="store_true", help="as a table of docs/performance.md")
    words = parser.parse_args()
    go_on_alone(__file__)
    with tempfile.TemporaryDirectory() as folder:
        configuration, said = Path(folder) / "ringfence.yaml", Path(folder) / "said"
        configuration.write_text(SETTINGS)
        subprocess.run(["cc", "-O2", "-o", Path(folder) / "offer", HERE / "offer.c"], check=True)
        command = [sys.executable, "-m", "ringfence", "--config", str(configuration), "serve"]
        with said.open("wb") as out:
            proxy = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=out)
        try:
            while b"serving" not in said.read_bytes():
                if proxy.poll() is not None:
                    sys.exit(said.read_text())
                time.sleep(0.1)
            faults = asyncio.run(play(words.seconds, Proxy(proxy.pid, Path(folder)), markdown=words.markdown))
        finally:
            proxy.kill()
            proxy.wait()
        told = [each for each in said.read_text().splitlines() if "overload" in each]
    print(f"{len(told)} lines of the log about it.")
    for fault in faults:
        print(f"NOT GOOD: {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""What ten million listed numbers cost: memory, start, verdicts while calls come and a file is imported; and kill -9.

python -m bench.lists                      ten million numbers, thirty seconds of calls at each stage
python -m bench.lists --numbers 1000000    smaller
python -m bench.lists --kills 50           fifty random kills during imports and edits, nothing else

The compiled build: PYTHONSAFEPATH=1 PYTHONPATH=$(tools/compile):. python -m bench.lists
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter

import uvloop

from proxy.build import BUILD
from ringfence.rulebook import load_rulebook
from rules.lists.editing import Lists, Origin
from rules.lists.imports import Wishes, import_rows
from rules.lists.list_files import FileLine
from rules.model import Call, Outcome, Trunk
from rules.numbering.numbers import read_number
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings

CONFIGURATION = """\
version: 1
time_zone: Asia/Shanghai
listen: [{address: 127.0.0.1:5060}]
pbxes: [{name: pbx, addresses: [127.0.0.1:5080]}]
trunks: [{name: default, country: CN}]
lists: {nuisance: {kind: block}, bank: {kind: allow}}
use: [baseline, cn]
logging: {file: calls.log}
"""
POLICIES = {"nuisance": ListSettings(kind="block"), "bank": ListSettings(kind="allow")}
MILLION = 1_000_000
RATE = 1_500
TRUNK = Trunk("default", country="CN")
KNOWN = 2_000  # callers that call again and again


def number(rng: random.Random) -> str:
    """A mobile number of China."""
    return f"+861{'3589'[rng.randrange(4)]}{rng.randrange(10**9):09d}"


def rows(seed: int, count: int) -> Iterator[tuple[int, str, dict[str, str]]]:
    """So many rows in random order."""
    rng = random.Random(seed)
    return ((line, number(rng), {}) for line in range(1, count + 1))


async def fill(folder: Path, seed: int, count: int) -> float:
    """Import a file of so many numbers; seconds."""
    lists = await Lists.open(folder / "ringfence.db", POLICIES)
    file = list(rows(seed, count))
    started = perf_counter()
    await import_rows(lists, "nuisance", file, Origin(f"file {seed}"), Wishes("CN", insist=True))
    took = perf_counter() - started
    await lists.close()
    return took


def rss_mib() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


class Stage:
    """Calls at a steady rate through a real screen, each timed, and the loop's longest stall."""

    def __init__(self, screen: Screen, seed: int) -> None:
        self.screen, self.rng = screen, random.Random(seed)
        self.known = [number(self.rng) for _ in range(KNOWN)]
        self.new: list[float] = []
        self.cached: list[float] = []
        self.whole: list[float] = []
        self.stall = 0.0

    def judge(self, caller: str) -> float:
        """Microseconds that the verdict took, lists, rules, counts and record; reading two numbers is timed apart."""
        called = self.known[self.rng.randrange(KNOWN)]
        started = perf_counter()
        call = Call(
            caller=read_number(caller, TRUNK),
            called=read_number(called, TRUNK, called=True),
            trunk=TRUNK,
            at=time.time(),
            call_id="bench@host",
            source="192.0.2.1",
        )
        reading = perf_counter()
        verdict = self.screen.judge(call)
        ended = perf_counter()
        self.screen.ended(verdict.decision, Outcome(200, True, 20))
        self.whole.append((ended - started) * 1e6)
        return (ended - reading) * 1e6

    async def run(self, seconds: float) -> None:
        """Half of the calls from callers never seen, half from callers that were heard before."""
        for caller in self.known:
            self.judge(caller)
        await asyncio.sleep(0)
        begun = last = polled = asyncio.get_running_loop().time()
        done = 0
        while (now := asyncio.get_running_loop().time()) - begun < seconds:
            self.stall = max(self.stall, now - last - 0.005)
            if now - polled >= 0.25:
                polled = now
                self.screen.poll()
            while done < (now - begun) * RATE:
                if done & 1:
                    self.new.append(self.judge(number(self.rng)))
                else:
                    self.cached.append(self.judge(self.known[self.rng.randrange(KNOWN)]))
                done += 1
            last = asyncio.get_running_loop().time()
            await asyncio.sleep(0.005)

    def figures(self) -> dict[str, object]:
        """What was measured since the last time."""
        found = {"new": percentiles(self.new), "cached": percentiles(self.cached), "whole": percentiles(self.whole)}
        stall = self.stall * 1000
        self.new, self.cached, self.whole, self.stall = [], [], [], 0.0
        return {**found, "stall_ms": stall}


def percentiles(times: list[float]) -> dict[str, float]:
    """p50 and p99."""
    ordered = sorted(times)
    return {"p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)]}


async def serve(folder: Path, seconds: float) -> dict[str, object]:
    """The child: opens everything as the proxy does, judges, and tells its figures."""
    started = perf_counter()
    book = load_rulebook(folder / "ringfence.yaml")
    screen = await Screen.open(book.configuration, book.ruleset, folder)
    stage = Stage(screen, 99)
    stage.judge(number(stage.rng))
    ready = perf_counter() - started
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    await stage.run(seconds)
    quiet = stage.figures()
    rss = rss_mib()
    print("quiet", flush=True)
    await stage.run(seconds)
    busy = stage.figures()
    await screen.close()
    return {
        "build": BUILD,
        "ready_s": ready,
        "rss_mib": rss,
        "rss_end_mib": rss_mib(),
        "quiet": quiet,
        "importing": busy,
        "unknown": screen.counters["lookup_unknown"],
        "dropped": screen.counters["decisions_dropped"],
    }


def measure(folder: Path, numbers: int, seconds: float) -> None:
    """Fill the lists, run the child, import beside it, print the table."""
    (folder / "ringfence.yaml").write_text(CONFIGURATION)
    took = 0.0
    for seed in range(max(numbers // MILLION, 1)):
        took = asyncio.run(fill(folder, seed, min(numbers, MILLION)))
    start = perf_counter()
    command = [sys.executable, "-m", "bench.lists", "--serve", str(folder), "--seconds", str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip() == "quiet"
        beside = asyncio.run(fill(folder, 1_000, MILLION))
        found = json.loads(child.stdout.read())
    quiet, busy = found["quiet"], found["importing"]
    table = [
        ("resident memory at 1,500 calls/s", f"{found['rss_mib']:.0f} MiB", "200"),
        ("first call judged after start (without Python's own)", f"{found['ready_s']:.2f} s", "2"),
        (f"import of {min(numbers, MILLION):,} in random order into the list", f"{took:.1f} s", "5"),
        ("never-seen caller p50 / p99", f"{quiet['new']['p50']:.1f} / {quiet['new']['p99']:.1f} us", "p99 60"),
        ("cached caller p50 / p99", f"{quiet['cached']['p50']:.1f} / {quiet['cached']['p99']:.1f} us", "10"),
        (
            "verdict with two numbers read p50 / p99",
            f"{quiet['whole']['p50']:.1f} / {quiet['whole']['p99']:.1f} us",
            "",
        ),
        ("longest stall of the loop", f"{quiet['stall_ms']:.0f} ms", "50"),
        (f"while 1,000,000 are imported ({beside:.1f} s): never-seen p99", f"{busy['new']['p99']:.1f} us", "2x quiet"),
        ("  cached p99", f"{busy['cached']['p99']:.1f} us", "2x quiet"),
        ("  longest stall of the loop", f"{busy['stall_ms']:.0f} ms", "50"),
        ("  resident memory at the end", f"{found['rss_end_mib']:.0f} MiB", "200"),
        ("look-ups unknown, records dropped", f"{found['unknown']}, {found['dropped']}", "0"),
    ]
    size = (folder / "ringfence.db").stat().st_size / 2**20
    print(
        f"{numbers:,} listed numbers, {size:.0f} MiB on disk, {perf_counter() - start:.0f} s, "
        f"{found['build']}, {sys.version.split()[0]}"
    )
    for what, value, limit in table:
        print(f"| {what} | {value} | {limit} |")


async def change(folder: Path, seed: int) -> None:
    """The victim: imports and edits by turns, each told once it is acknowledged."""
    lists = await Lists.open(folder / "ringfence.db", POLICIES)
    rng = random.Random(seed)
    for turn in range(100_000):
        if rng.random() < 0.3:
            made: list[FileLine] = [(line, f"+86{139}{seed:02d}{turn % 1000:03d}{line:03d}", {}) for line in range(200)]
            print(f"begin {made[0][1]}", flush=True)
            await import_rows(lists, "nuisance", made, Origin(f"{seed}-{turn}"), Wishes("CN", insist=True))
            print(f"import {made[0][1]}", flush=True)
        else:
            text = f"+86138{seed:02d}{turn:06d}"
            print(f"try {text}", flush=True)
            await lists.add("nuisance", text)
            print(f"add {text}", flush=True)


def kill_often(folder: Path, times: int) -> None:
    """Kill the victim at random moments; every acknowledged change must be there, no other one by half."""
    rng = random.Random(5)
    acknowledged = lost = halves = 0
    for seed in range(times):
        command = [sys.executable, "-m", "bench.lists", "--victim", str(folder), "--seed", str(seed)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            told = [child.stdout.readline()]
            time.sleep(rng.uniform(0.0, 0.8))
            os.kill(child.pid, signal.SIGKILL)
            told += child.stdout.readlines()
        there = listed(folder)
        for line in told:
            word, _, text = line.strip().partition(" ")
            if not line.endswith("\n"):
                continue
            if word in ("add", "import"):
                acknowledged += 1
                wanted = {text} if word == "add" else {f"{text[:-3]}{n:03d}" for n in range(200)}
                lost += not wanted <= there
            elif word == "begin":
                have = sum(f"{text[:-3]}{n:03d}" in there for n in range(200))
                halves += have not in (0, 200)
    with closing(sqlite3.connect(folder / "ringfence.db")) as connection:
        sound = connection.execute("pragma integrity_check").fetchone()[0]
        counted, really = connection.execute(
            "select (select entries from list), (select count(*) from exact)"
        ).fetchone()
    print(
        f"{times} kills: {acknowledged} acknowledged changes, {lost} lost, {halves} halves; {sound}, {counted - really}"
    )
    sys.exit(bool(lost or halves or sound != "ok" or counted != really))


def listed(folder: Path) -> set[str]:
    """Everything that is on the list."""
    from rules.numbering.intervals import decode

    with closing(sqlite3.connect(folder / "ringfence.db")) as connection:
        return {decode(row[0]) for row in connection.execute("select code from exact")}


def in_folder(work: Callable[[Path], None]) -> None:
    """Do it in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="ringfence-lists-"))
    try:
        work(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--numbers", type=int, default=10 * MILLION)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--victim", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=0, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.serve:
        print(json.dumps(uvloop.run(serve(words.serve, words.seconds))))
    elif words.victim:
        asyncio.run(change(words.victim, words.seed))
    elif words.kills:
        in_folder(lambda folder: kill_often(folder, words.kills))
    else:
        in_folder(lambda folder: measure(folder, words.numbers, words.seconds))


if __name__ == "__main__":
    main()

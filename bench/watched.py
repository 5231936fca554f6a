"""What the console costs the calls: the delay that the proxy adds, with and without fifty people who watch it live.

A node and its `api serve` run alone on loopback under a steady load (the program of bench/overload.py). By turns nobody
looks; fifty have the live view open; fifty have it open and each opens another page every ten seconds. The delay is
the node's own figure, summed over all turns of a kind. PYTHONPATH=$(tools/compile) before it: compiled. Ends with 1
where the 99th of a hundred grows by a tenth under the open views, a call is not completed, or a view shows nothing.

    bench/watched.py [--rate 200] [--seconds 8] [--rounds 4]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx

from bench.flood import go_on_alone
from bench.overload import HERE, SETTINGS, offer
from ringfence.control import ask
from ringfence.watching import quantiles

USERS = 50
EVERY_S = 10.0  # one opens another page
PAGES = ("calls", "queue", "leaks", "reports", "check", "live")
MOST = 1.1  # of the delay that nobody's looking leaves
CONSOLE = "http://127.0.0.1:8607/console"
NOBODY, LIVE, BUSY = "nobody looks", "50 live views", "50 live views, and 5 pages a second"


class Turns(NamedTuple):
    """What all turns of a kind added up to."""

    bounds: list[float]
    times: Counter[int]
    seen: Counter[str]

    def delay_ms(self) -> tuple[float, float]:
        """What half, and 99 of a hundred, took at most."""
        now = {"up_to_s": self.bounds, "times": [self.times[place] for place in range(len(self.bounds) + 1)]}
        found = quantiles({"times": [0] * (len(self.bounds) + 1)}, now)
        return (found.half or 0.0) * 1e3, (found.nearly_all or 0.0) * 1e3


async def watch(browser: httpx.AsyncClient, seen: Counter[str]) -> None:
    """One live view."""
    async with browser.stream("GET", f"{CONSOLE}/live/events", timeout=None) as events:
        events.raise_for_status()
        async for line in events.aiter_lines():
            seen["events"] += line.startswith("data:")


async def click(browser: httpx.AsyncClient, seen: Counter[str], person: int) -> None:
    """One who goes from page to page."""
    await asyncio.sleep(EVERY_S * person / USERS)
    for place in range(person, 1_000_000):
        answer = await browser.get(f"{CONSOLE}/{PAGES[place % len(PAGES)]}", timeout=30)
        answer.raise_for_status()
        seen["pages"] += 1
        await asyncio.sleep(EVERY_S)


@contextlib.asynccontextmanager
async def looking(kind: str, seen: Counter[str]) -> AsyncIterator[None]:
    """Those who look, until the turn is over; one who is refused ends the bench."""
    if kind == NOBODY:
        yield
        return
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=None)) as browser:
        tasks = [asyncio.ensure_future(watch(browser, seen)) for _ in range(USERS)]
        if kind == BUSY:
            tasks += [asyncio.ensure_future(click(browser, seen, person)) for person in range(USERS)]
        await asyncio.sleep(2.0)
        yield
        for task in tasks:
            if task.done():
                task.result()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def play(folder: Path, rate: float, seconds: float, rounds: int) -> dict[str, Turns]:
    """All turns, one kind after the other."""
    control, found = folder / "ringfence.control", dict[str, Turns]()
    await offer(folder, "warm", rate, 3.0, 0)
    for turn in range(rounds):
        for place, kind in enumerate((NOBODY, LIVE, BUSY)):
            before = (await asyncio.to_thread(ask, control, "figures"))["added"]
            turns = found.setdefault(kind, Turns(before["up_to_s"], Counter(), Counter()))
            async with looking(kind, turns.seen):
                before = (await asyncio.to_thread(ask, control, "figures"))["added"]
                made = await offer(folder, f"{turn}k{place}", rate, seconds, 0)
                after = (await asyncio.to_thread(ask, control, "figures"))["added"]
            for bound, (was, now) in enumerate(zip(before["times"], after["times"], strict=True)):
                turns.times[bound] += now - was
            turns.seen["lost"] += made.offered - made.completed
            turns.seen["calls"] += made.offered
    return found


def told(found: dict[str, Turns]) -> list[str]:
    """The table."""
    base = found[NOBODY].delay_ms()[1]
    rows = ["| | calls | added, p50, ms | p99, ms | change of p99 | events | pages |", "|---|--:|--:|--:|--:|--:|--:|"]
    for kind, turns in found.items():
        half, most = turns.delay_ms()
        seen, change = turns.seen, f"{most / base - 1:+.1%}" if base else "-"
        rows.append(
            f"| {kind} | {seen['calls']:,} | {half:.2f} | {most:.2f} | {change} | {seen['events']:,} "
            f"| {seen['pages']} |"
        )
    return rows


def faults(found: dict[str, Turns]) -> list[str]:
    """What is not as it should be."""
    base, live = found[NOBODY].delay_ms()[1], found[LIVE].delay_ms()[1]
    bad = [f"{turns.seen['lost']} calls lost, {kind}" for kind, turns in found.items() if turns.seen["lost"]]
    bad += [f"no view showed anything, {kind}" for kind in (LIVE, BUSY) if not found[kind].seen["events"]]
    if live >= MOST * base:
        bad.append(f"the open views add {live / base - 1:.0%} to the delay")
    return bad


@contextlib.contextmanager
def started(folder: Path, *words: str) -> Iterator[None]:
    """A command of the product, once it serves."""
    said = folder / f"{words[0]}.said"
    with said.open("wb") as out:
        command = [sys.executable, "-m", "ringfence", "--config", str(folder / "ringfence.yaml"), *words]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=out)
    try:
        while b"serving" not in said.read_bytes():
            if process.poll() is not None:
                sys.exit(said.read_text())
            time.sleep(0.1)
        yield
    finally:
        process.kill()
        process.wait()


def main() -> int:
    """Node and console, and all turns against them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=200.0, help="new calls a second")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each turn")
    parser.add_argument("--rounds", type=int, default=4)
    words = parser.parse_args()
    go_on_alone(__file__)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "ringfence.yaml").write_text(
            SETTINGS + "storage: {database: ringfence.db, key_file: ringfence.keys}\n"
        )
        subprocess.run(["cc", "-O2", "-o", folder / "offer", HERE / "offer.c"], check=True)
        with started(folder, "serve"), started(folder, "api", "serve"):
            found = asyncio.run(play(folder, words.rate, words.seconds, words.rounds))
    print("\n".join(told(found)))
    bad = faults(found)
    print("\n".join(f"NOT GOOD: {one}" for one in bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

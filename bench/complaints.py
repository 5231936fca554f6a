"""A million complaints: how fast they come in, and how long a score, a report and the desk's list take then."""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path

from desk.archive import Premises
from desk.desk import Desk
from desk.desk_settings import DeskSettings
from desk.reading import NewComplaint
from desk.reports import report
from desk.story import story_of
from desk.weighing import evidence_of
from rules.settings.screening import ListSettings

SCREENING = DeskSettings(time_zone="Asia/Shanghai", lists={"sealed": ListSettings(kind="sealed")})
START = 1_782_878_400.0  # 2026-07-01 12:00 in Shanghai
DAYS = 90
TRIES = 9


def said(rand: random.Random, numbers: list[str], loudest: float) -> NewComplaint:
    """One complaint of somebody about some number, one of them far more often than others."""
    accused = numbers[0] if rand.random() < loudest else numbers[int(len(numbers) * rand.random() ** 3)]
    return NewComplaint(accused, f"+86138{rand.randrange(10**8):08}", category="marketing", text="again and again")


async def measure(complaints: int, loudest_share: float, folder: Path) -> None:
    """Print each figure."""
    clock = [START]
    desk = await Desk.open(Premises(folder, SCREENING, "CN", lambda: clock[0]))
    rand = random.Random(1)
    numbers = [f"95012{n:03}" for n in range(1_000)] + [f"+86139{n:08}" for n in range(19_000)]
    started, left = time.perf_counter(), complaints
    while left:
        count = min(left, 5_000)
        clock[0] = START + DAYS * 86_400.0 * (1 - left / complaints)
        await desk.complaints.file_many([said(rand, numbers, loudest_share) for _ in range(count)])
        left -= count
    took = time.perf_counter() - started
    print(f"{complaints:,} complaints filed in {took:.1f} s: {took / complaints * 1e6:.0f} us each")
    singles = []
    for person in range(200):
        started = time.perf_counter()
        await desk.complaints.file(NewComplaint("95012001", f"+86137{person:08}"))
        singles.append(time.perf_counter() - started)
    p50, p99 = (sorted(singles)[place] * 1e3 for place in (100, 197))
    print(f"one more, alone and on disk: p50 {p50:.1f} ms, p99 {p99:.1f} ms")
    loudest = max(await desk.cases.pressing(limit=50), key=lambda one: one.complaints).case
    for name, work in (
        ("score of the loudest number", lambda: evidence_of(desk.archive, loudest)),
        ("report by class", lambda: report(desk.archive, "2026Q3", "class")),
        ("report by prefix", lambda: report(desk.archive, "2026Q3", "prefix")),
        ("report by code of a month", lambda: report(desk.archive, "2026-08", "code")),
        ("the desk's list", lambda: desk.cases.pressing(limit=50)),
        ("the story of the loudest number", lambda: story_of(desk.archive, loudest.id)),
    ):
        times = []
        for _ in range(TRIES):
            started = time.perf_counter()
            found = await work()
            times.append((time.perf_counter() - started) * 1e3)
        print(f"{name}: {min(times):.0f} ms at best, {sorted(times)[TRIES // 2]:.0f} in the median")
        if name.startswith("score"):
            print(f"  {found}")
    await desk.close()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--loudest", type=float, default=0.1, help="share of the complaints that are about one number")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(chosen.complaints, chosen.loudest, Path(folder)))
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        print(f"on disk: {size:.0f} MiB")


if __name__ == "__main__":
    main()

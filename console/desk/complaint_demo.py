"""`ringfence demo --complaints`: the picture of 2019 out of generated data, every complaint filed as a real one is."""

from __future__ import annotations

import asyncio
import random
import shutil
import time as clock
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from console.desk.report_commands import print_report
from console.phones.demo import MARK

if TYPE_CHECKING:
    from rules.complaints.desk import Desk

CONFIGURATION = f"""{MARK}version: 1
time_zone: Asia/Shanghai
listen: [{{address: 127.0.0.1:5060}}]
pbxes: [{{name: pbx, addresses: [127.0.0.1:5080]}}]
trunks: [{{name: default, country: CN}}]
lists: {{sealed: {{kind: sealed}}}}
storage: {{database: ringfence.db, key_file: ringfence.keys}}
"""
HOLDERS = ("North Contact", "Loan King", "Silver Home", "Happy Insurance", "Quick Cash", "East Marketing", "Blue Shop")
CATEGORIES = ("marketing", "loan", "property", "insurance", "fraud", "ring-once", "other")
WEIGHTS = (40, 22, 14, 9, 8, 4, 3)
FRIDAY = 4
OTHERS = 0.12  # complaints about numbers of other kinds, for each about a 95 or 96 number
RANG_FOR_ONE = (180, 520)  # calls that rang for each complaint
WORKED_ON = 3  # numbers that the desk takes up each Friday, the loudest ones
TIDIED = (1, 11, 21)  # days of the month on which the desk closes what came to nothing
_AT_ONCE = 2_000


class Quarter(NamedTuple):
    """So many complaints about 95 and 96 numbers in a quarter."""

    name: str
    first: date
    days: int
    complaints: int


# 38,541 after 28,465 is what the campaign against nuisance calls reported; the year before is made up.
QUARTERS = (
    Quarter("2018Q3", date(2018, 7, 1), 92, 24_873),
    Quarter("2019Q2", date(2019, 4, 1), 91, 28_465),
    Quarter("2019Q3", date(2019, 7, 1), 92, 38_541),
)


def make_complaints(folder: Path, quarters: tuple[Quarter, ...] = QUARTERS) -> None:
    """Make the folder anew, fill it, and print the report of the last quarter."""
    _clear(folder)
    started = clock.perf_counter()
    count = asyncio.run(fill(folder, quarters))
    typer.echo(f"{count:,} complaints filed in {clock.perf_counter() - started:.0f} s.")
    asyncio.run(_show(folder, quarters[-1].name))
    typer.echo(f"Look further: ringfence --config {folder} report --quarter {quarters[-1].name} --by holder")


def _clear(folder: Path) -> None:
    """Only what an earlier demo made is replaced."""
    file = folder / "ringfence.yaml"
    if folder.exists() and any(folder.iterdir()) and not (file.exists() and file.read_text().startswith(MARK)):
        raise FileExistsError(17, "it holds something else; name another folder with --dir", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file.write_text(CONFIGURATION)


async def fill(folder: Path, quarters: tuple[Quarter, ...]) -> int:
    """File every complaint on the day to which it belongs; how many there were."""
    from console.configuration import load_configuration
    from rules.complaints.desk import Desk

    now = [0.0]
    configuration = load_configuration(folder / "ringfence.yaml")
    desk = await Desk.open(folder, configuration, country="CN", now=lambda: now[0])
    rand = random.Random(2019)  # noqa: S311 - a demonstration that looks the same each time
    count = 0
    try:
        await _write_ledger(desk)
        numbers = _numbers(rand)
        for quarter in quarters:
            for day, complaints in _by_day(quarter):
                now[0] = datetime.combine(day, time(10), desk.archive.zone).timestamp()
                count += await _a_day(desk, rand, numbers, complaints, count)
                if day.weekday() == FRIDAY:
                    await _work(desk, now)
                if day.day in TIDIED:
                    await _tidy(desk, older_days=10)
            await _tidy(desk, older_days=0)
    finally:
        await desk.close()
    return count


async def _write_ledger(desk: Desk) -> None:
    from rules.lists.ledger import import_ledger

    lines = [(n, f"950{n:02}", {"holder": HOLDERS[n % len(HOLDERS)]}) for n in range(10, 40)]
    lines += [(n, f"96{n}", {"holder": HOLDERS[n % len(HOLDERS)]}) for n in range(200, 240)]
    await import_ledger(desk.archive.lists.store, lines, source="demo", now=0.0, country="CN")


def _numbers(rand: random.Random) -> tuple[list[str], list[str]]:
    """95 and 96 numbers, the loudest first, and others."""
    nines = [f"950{n:02}{rand.randrange(1_000):03}" for n in range(10, 40) for _ in range(12)]
    nines += [f"96{n}{rand.randrange(10)}" for n in range(200, 240)]
    rand.shuffle(nines)
    others = [f"1{rand.choice((3, 5, 7, 8))}{rand.randrange(10**9):09}" for _ in range(300)]
    return list(dict.fromkeys(nines)), others


def _by_day(quarter: Quarter) -> Iterator[tuple[date, int]]:
    """The complaints of a quarter spread over its days, fewer at the weekend; they add up exactly."""
    days = [quarter.first + timedelta(days=n) for n in range(quarter.days)]
    weights = [5 if day.weekday() < 5 else 3 for day in days]
    whole, before, passed = sum(weights), 0, 0
    for day, weight in zip(days, weights, strict=True):
        passed += weight
        until = quarter.complaints * passed // whole
        yield day, until - before
        before = until


async def _a_day(desk: Desk, rand: random.Random, numbers: tuple[list[str], list[str]], nines: int, first: int) -> int:
    """The complaints of a day, and in the sums the calls that rang."""
    from rules.complaints.reading import NewComplaint

    news = []
    for n in range(nines + int(nines * OTHERS)):
        kind = numbers[0] if n < nines else numbers[1]
        accused = kind[int(len(kind) * rand.random() ** 3)]
        reporter = f"+861{(first + n) * 7_919 % 10**10:010}"  # another one each time: nothing is a duplicate
        news.append(NewComplaint(accused, reporter, category=rand.choices(CATEGORIES, WEIGHTS)[0], source="demo"))
    for start in range(0, len(news), _AT_ONCE):
        await desk.complaints.file_many(news[start : start + _AT_ONCE])
    rang = Counter[str]()
    for new in news:
        rang[new.accused] += rand.randint(*RANG_FOR_ONE)
    await _count_calls(desk, rang)
    return len(news)


async def _count_calls(desk: Desk, rang: Counter[str]) -> None:
    """Calls as if their records had been counted."""
    from rules.complaints import tallies

    sums = tallies.Sums()
    periods = desk.archive.periods(desk.archive.now())
    numbers = {accused: desk.archive.read_number(accused, "accused") for accused in rang}
    places = await tallies.places_of(desk.archive, numbers.values())
    for accused, calls in rang.items():
        keys = places[numbers[accused].canonical].keys()
        tallies.add(sums, keys, periods, "rang", calls)
        tallies.add(sums, keys, periods, "calls", calls + calls // 6)
    async with desk.archive.store.transaction() as connection:
        await tallies.write(connection, sums)


async def _work(desk: Desk, now: list[float]) -> None:
    """The desk takes up the loudest numbers, seals two of them, and finds one forged; one in a while is let go."""
    from rules.complaints.states import CaseState, FoundBy

    listed = await desk.cases.pressing(state=CaseState.COLLECTING, limit=5_000)
    for place, one in enumerate(sorted(listed, key=lambda one: -one.complaints)[:WORKED_ON]):
        now[0] += 3_600.0
        case = one.case.id
        await desk.cases.take(case, actor="demo")
        if place == WORKED_ON - 1:
            await desk.cases.close_forged(case, actor="demo", reason="the holder did not call", trunk="carrier")
            continue
        await desk.cases.verify(case, actor="demo", found_by=FoundBy.OWNER, reason="the owner admitted it")
        await desk.cases.seal(case, actor="demo", reason="verified, and it went on")
        if case % 10 == 0:
            appeal = await desk.appeals.file(number=one.case.number)
            now[0] += 7_200.0
            await desk.appeals.grant(appeal.reference, actor="demo", reason="the contract was ended")


async def _tidy(desk: Desk, *, older_days: int) -> None:
    """Cases that came to nothing are closed; at the end of a quarter nothing is left over."""
    from rules.complaints.states import CaseState

    before = desk.archive.now() - older_days * 86_400.0
    for one in await desk.cases.pressing(state=CaseState.COLLECTING, limit=5_000):
        if one.case.first_complaint > before:
            continue
        await desk.cases.close_unfounded(one.case.id, actor="demo", reason="too little to go on")


async def _show(folder: Path, quarter: str) -> None:
    from console.desk.opened_desk import opened_desk
    from rules.complaints.reports import report

    async with opened_desk(folder / "ringfence.yaml") as (desk, _):
        found = await report(desk.archive, quarter)
    print_report(found)

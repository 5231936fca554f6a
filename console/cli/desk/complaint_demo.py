"""`ringfence demo --complaints`: the picture of 2019 out of generated data, every complaint filed as a real one is."""

from __future__ import annotations

import asyncio
import random
import shutil
import time as clock
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from console.cli.desk.desk_demo import Lately
from console.cli.desk.report_commands import print_report
from console.cli.lists.import_commands import progress_bar
from console.phones.demo import MARK
from rules.storage.statements import put

if TYPE_CHECKING:
    from desk.desk import Desk
    from desk.reading import NewComplaint

CONFIGURATION = f"""{MARK}version: 1
time_zone: Asia/Shanghai
listen: [{{address: 127.0.0.1:5060}}]
pbxes: [{{name: pbx, addresses: [127.0.0.1:5080]}}]
trunks: [{{name: default, country: CN}}]
lists: {{sealed: {{kind: sealed}}, allowed: {{kind: allow}}}}
storage: {{database: ringfence.db, key_file: ringfence.keys}}
"""
HOLDERS = ("North Contact", "Loan King", "Silver Home", "Happy Insurance", "Quick Cash", "East Marketing", "Blue Shop")
CATEGORIES = ("marketing", "loan", "property", "insurance", "fraud", "ring-once", "other")
WEIGHTS = (40, 22, 14, 9, 8, 4, 3)
FRIDAY = 4
OTHERS = 0.12  # complaints about numbers of other kinds, for each about a 95 or 96 number
RANG_FOR_ONE = (180, 520)  # calls that rang for each complaint
WORKED_ON = 3  # numbers that the desk takes up each Friday, the loudest ones
BUSINESSES = ("Quick Cash", "Loan King", "Silver Home", "Happy Insurance", "Blue Shop", "East Fitness", "quick cash")
OFFICES = ("Chaoyang office", "Haidian office", "Pudong office", "Tianhe office", "Wuhou office", "CHAOYANG OFFICE")
NAMES_BUSINESS, NAMES_OFFICE = 0.3, 0.01  # how many reporters name one
COMES_BACK = 9  # each so many complaints one is of a reporter who complained some days before
BEFORE = 2_500  # complaints, more than any day has
OUTLIER, OUTLIER_SHARE = 44, 0.5  # on this day of a quarter half of the complaints are about one code
LEAK = range(50, 56)  # on these days several customers of one office are called, and say so
LEAKED = 2  # each day
TAKEN_BACK = 3  # complaints each Friday that are withdrawn, and as many that are rejected
TIDIED = (1, 11, 21)  # days of the month on which the desk closes what came to nothing
_AT_ONCE = 2_000


class Quarter(NamedTuple):
    """So many complaints about 95 and 96 numbers in a quarter."""

    name: str
    first: date
    days: int
    complaints: int
    filed_from: date = (
        date.max
    )  # before that only sums: nobody reads these one by one, they are there to be compared with


# 38,541 after 28,465 is what the campaign against nuisance calls reported; the year before is made up.
QUARTERS = (
    Quarter("2018Q3", date(2018, 7, 1), 92, 24_873),
    Quarter("2019Q2", date(2019, 4, 1), 91, 28_465, filed_from=date(2019, 6, 17)),
    Quarter("2019Q3", date(2019, 7, 1), 92, 38_541, filed_from=date(2019, 7, 1)),
)


def make_complaints(folder: Path, quarters: tuple[Quarter, ...] = QUARTERS) -> None:
    """Make the folder anew, fill it, and print the report of the last quarter."""
    _clear(folder)
    started = clock.perf_counter()
    with progress_bar("complaints filed") as (told,):
        count = asyncio.run(fill(folder, quarters, say=typer.echo, filed=told))
    typer.echo(f"{count:,} complaints filed in {clock.perf_counter() - started:.0f} s.")
    asyncio.run(_show(folder, quarters[-1].name))
    typer.echo("Look at the desk of these weeks in a browser, at http://127.0.0.1:8607/console/ once this runs:")
    typer.echo(f"ringfence --config {folder} api serve")
    typer.echo("Look further, by holder, business or branch:")
    typer.echo(f"ringfence --config {folder} report --quarter {quarters[-1].name} --by holder")


def _clear(folder: Path) -> None:
    """Only what an earlier demo made is replaced."""
    file = folder / "ringfence.yaml"
    if folder.exists() and any(folder.iterdir()) and not (file.exists() and file.read_text().startswith(MARK)):
        raise FileExistsError(17, "it holds something else; name another folder with --dir", str(folder))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    file.write_text(CONFIGURATION)


async def fill(
    folder: Path,
    quarters: tuple[Quarter, ...],
    say: Callable[[str], None],
    filed: Callable[[int], None] = lambda _: None,
) -> int:
    """File every complaint on the day to which it belongs; how many there were."""
    from desk.archive import Premises
    from desk.desk import Desk
    from ringfence.configuration import load_configuration

    now = [0.0]
    configuration = load_configuration(folder / "ringfence.yaml")
    desk = await Desk.open(Premises(folder, configuration, "CN", lambda: now[0]))
    town = _Town(desk, random.Random(2019), say)  # noqa: S311 - a demonstration that looks the same each time
    try:
        await _write_ledger(desk)
        town.draw_numbers()
        for number, quarter in enumerate(quarters):
            for day, complaints in _by_day(quarter):
                now[0] = datetime.combine(day, time(10), desk.archive.zone).timestamp()
                if day < quarter.filed_from:
                    await town.count_only(complaints)
                    continue
                async with desk.archive.store.together():
                    await town.a_day(complaints, (day - quarter.first).days, code=f"950{10 + number}")
                    if day.weekday() == FRIDAY:
                        await town.end_some()
                        await _work(desk, now)
                    if day.day in TIDIED:
                        await _tidy(desk, older_days=10)
                filed(town.count)
                if (day + timedelta(days=1)).month != day.month:
                    say(f"{day:%Y-%m}: {town.count:,} complaints filed so far")
            async with desk.archive.store.together():
                await _tidy(desk, older_days=0)
        lately = await Lately(desk, now, say).fill()
        say(f"These weeks: {lately:,} complaints, and officers at work")
    finally:
        await desk.close()
    return town.count + lately


async def _write_ledger(desk: Desk) -> None:
    from rules.lists.ledger_imports import LedgerWishes, import_ledger

    lines = [(n, f"950{n:02}", {"holder": HOLDERS[n % len(HOLDERS)]}) for n in range(10, 40)]
    lines += [(n, f"96{n}", {"holder": HOLDERS[n % len(HOLDERS)]}) for n in range(200, 240)]
    await import_ledger(desk.archive.lists.store, lines, LedgerWishes("demo", country="CN"), now=0.0)


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


class _Town:
    """Who complains about whom, drawn day by day."""

    def __init__(self, desk: Desk, rand: random.Random, say: Callable[[str], None]) -> None:
        self.desk, self.rand, self.say = desk, rand, say
        self.count = 0
        self.nines: list[str] = []
        self.others: list[str] = []
        self.filed: list[str] = []  # references of the last day
        self.told: set[tuple[str, str]] = set()

    def draw_numbers(self) -> None:
        """95 and 96 numbers, the loudest first, and others."""
        rand = self.rand
        nines = [f"950{n:02}{rand.randrange(1_000):03}" for n in range(10, 40) for _ in range(5)]
        nines += [f"96{n}{rand.randrange(10)}" for n in range(200, 240)]
        rand.shuffle(nines)
        self.nines = list(dict.fromkeys(nines))
        self.others = [f"1{rand.choice((3, 5, 7, 8))}{rand.randrange(10**9):09}" for _ in range(100)]

    async def count_only(self, nines: int) -> None:
        """The sums of a day that is only compared with."""
        from desk import tallies

        sums, archive = tallies.Sums(), self.desk.archive
        drawn = Counter(self.nines[int(len(self.nines) * self.rand.random() ** 3)] for _ in range(nines))
        drawn += Counter(
            self.others[int(len(self.others) * self.rand.random() ** 3)] for _ in range(int(nines * OTHERS))
        )
        numbers = {accused: archive.read_number(accused, "accused") for accused in drawn}
        places = await tallies.places_of(archive, numbers.values())
        for accused, count in drawn.items():
            keys = places[numbers[accused].canonical].keys()
            tallies.add(sums, keys, archive.periods(archive.now()), "complaints", count)
        async with archive.store.transaction() as connection:
            await tallies.write(connection, sums)
        self.count += drawn.total()

    async def a_day(self, nines: int, day: int, *, code: str) -> None:
        """The complaints of a day, and in the sums the calls that rang; ``code`` is the one that stands out once."""
        from desk.intake import Filed

        loud = [number for number in self.nines if number.startswith(code)]
        news = []
        for n in range(nines + int(nines * OTHERS)):
            kind = self.nines if n < nines else self.others
            if n < nines * OUTLIER_SHARE and day == OUTLIER:
                kind = loud
            news.append(self._one(n, kind[int(len(kind) * self.rand.random() ** 3)], leaks=day in LEAK and n < LEAKED))
        await self._ring([new for new in news if new.knew.get("plan")])
        self.filed.clear()
        for start in range(0, len(news), _AT_ONCE):
            found = await self.desk.complaints.file_many(news[start : start + _AT_ONCE])
            self.filed += [one.reference for one in found if isinstance(one, Filed)]
        rang = Counter[str]()
        for new in news:
            rang[new.accused] += self.rand.randint(*RANG_FOR_ONE)
        await _count_calls(self.desk, rang)
        self.count += len(news)
        if day == OUTLIER or day in LEAK:
            await self._tell_alerts()

    def _one(self, n: int, accused: str, *, leaks: bool) -> NewComplaint:
        """One complaint; nothing is filed twice on a day."""
        from desk.reading import NewComplaint

        rand, index = self.rand, self.count + n
        if index % COMES_BACK == 0 and index >= BEFORE:
            index -= BEFORE
        knew = {"branch": rand.choice(OFFICES)} if rand.random() < NAMES_OFFICE else {}
        if leaks:
            knew = {"branch": OFFICES[-(n % 2)], "plan": "199 a month", "name": "mine"}
        return NewComplaint(
            accused,
            f"+8613{index * 7_919 % 10**9:09}" if leaks else _somebody(index),
            category=rand.choices(CATEGORIES, WEIGHTS)[0],
            business=rand.choice(BUSINESSES) if rand.random() < NAMES_BUSINESS else "",
            knew=knew,
            source="demo",
        )

    async def _ring(self, news: list[NewComplaint]) -> None:
        """Let their calls be on record."""
        archive = self.desk.archive
        rows = [
            (
                archive.read_number(new.accused, "accused").canonical,
                archive.secrecy.pseudonym(new.reporter),
                *(archive.now() - 3_600.0, f"{self.count + place:020x}", 1),
            )
            for place, new in enumerate(news)
        ]
        async with archive.store.transaction() as connection:
            await connection.executemany(put("rang", "caller line", "last decision believed"), rows)

    async def end_some(self) -> None:
        """Some are taken back, and some are found to be none."""
        from desk.states import ComplaintState

        some = self.rand.sample(self.filed, min(2 * TAKEN_BACK, len(self.filed) // 2 * 2))
        for place, state in enumerate((ComplaintState.WITHDRAWN, ComplaintState.REJECTED)):
            await self.desk.complaints.end_many(some[place::2], state, actor="demo", reason="it was another number")

    async def _tell_alerts(self) -> None:
        from desk.alerts import alerts

        found = {(one.kind, one.subject): one for one in await alerts(self.desk.archive)}
        day = self.desk.archive.periods(self.desk.archive.now())[0]
        for one in (found[key] for key in found.keys() - self.told):
            usual = f", usually {one.usual:g}" if one.kind == "jump" else ""
            self.say(f"{day}: alert, {one.kind} {one.subject}: {one.reporters:g} reporters{usual}")
        self.told = set(found)


def _somebody(index: int) -> str:
    """A steady name, as a complaint centre knows its reporters by: a telephone number is read for far longer."""
    name = ""
    while index:
        index, letter = divmod(index, 26)
        name += chr(ord("a") + letter)
    return f"reporter {name or 'a'}"


async def _count_calls(desk: Desk, rang: Counter[str]) -> None:
    """Calls as if their records had been counted."""
    from desk import tallies

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
    from desk.states import CaseState, FoundBy

    on_top = [one for one in await desk.cases.pressing(state=CaseState.SEALED, limit=50) if one.case.on_top]
    for one in on_top[1:]:  # one is left for whoever looks
        await desk.cases.keep(one.case.id, actor="demo", reason="the others stay")
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
    from desk.states import CaseState

    before = desk.archive.now() - older_days * 86_400.0
    for one in await desk.cases.pressing(state=CaseState.COLLECTING, limit=5_000):
        if one.case.first_complaint <= before:
            await desk.cases.close_unfounded(one.case.id, actor="demo", reason="too little to go on")


async def _show(folder: Path, quarter: str) -> None:
    from desk.reports import report
    from ringfence.installation import Installation

    async with Installation.open(folder / "ringfence.yaml") as here:
        found = await report((await here.desk()).archive, quarter)
    print_report(found)

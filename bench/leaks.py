"""Ten generated weeks of complaints with planted leaks and planted slanders: what the leak board tells, and when.

python -m bench.leaks [SEED...]: one line for each planted thing of each seed, and sums. The figures stand in
docs/complaints.md; `tests/bench/test_leaks.py` holds them for one seed.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from desk.archive import Premises
from desk.desk import Desk
from desk.desk_settings import ComplaintSettings, DeskSettings
from desk.intake import Filed
from desk.offices import NewOffice
from desk.reading import NewComplaint
from rules.settings.screening import ListSettings
from rules.storage.statements import put

DAYS = 70
DAY_S = 86_400.0
BEGIN = 1_775_016_000.0  # 2026-04-01 12:00 in Shanghai
BANKS = 4
BRANCHES = 6  # each
BACKGROUND = 60  # complaints a day that name no office
GUESSES = 0.008  # of all complaints name an office though nothing leaked there: "they must have it from my bank"
TIED = 0.7  # of reporters' calls are on record
SPELLINGS = (
    "{bank} {branch}",
    "{bank}, {branch} branch",
    "{branch} branch of {bank}",
    "{bank}{branch}",
    "{BANK} {branch}",
)


class Planted(NamedTuple):
    """Something that is no chance."""

    kind: str
    office: str
    first: int  # day
    days: int
    daily: float
    leak: bool  # else a slander


class Told(NamedTuple):
    """What the board said of it."""

    what: Planted
    day: int | None  # of the alarm, counted from the first day; None: none
    people: float
    callers: int


class Weeks(NamedTuple):
    """Ten weeks."""

    told: list[Told]
    others: list[str]  # offices that alarmed though nothing was planted there
    alarms: int


class World:
    """One desk, its people and callers."""

    def __init__(self, desk: Desk, clock: list[float], seed: int) -> None:
        self.desk, self.clock = desk, clock
        self.rand = random.Random(seed)
        self.offices = [f"Bank {b} / Branch{n}" for b in range(BANKS) for n in range(BRANCHES)]
        self._decisions = 0
        self._rang: list[tuple[object, ...]] = []

    def spelled(self, office: str) -> str:
        """An office as somebody types it."""
        bank, _, branch = office.partition(" / ")
        form = self.rand.choice(SPELLINGS)
        return form.format(bank=bank, branch=branch, BANK=bank.upper())

    def person(self) -> str:
        """Somebody out of a hundred million."""
        return f"+861{self.rand.randrange(30, 90)}{self.rand.randrange(10**8):08}"

    def caller(self) -> str:
        """One of some hundred nuisance callers."""
        return f"950{self.rand.randrange(10, 40)}{self.rand.randrange(40):03}"

    def planted(self) -> list[Planted]:
        """Leaks, plain to see and slow, and slanders of four kinds, on offices of their own."""
        offices = self.rand.sample(self.offices, 10)
        days = [self.rand.randrange(14, 45) for _ in offices]
        kinds = [
            ("a leak, two customers a day", 7, 2.0, True),
            ("a leak, one a day", 14, 1.0, True),
            ("a leak, one in two days", 21, 0.5, True),
            ("a leak, two a week", 24, 0.28, True),
            ("one person, five names", 1, 5.0, False),
            ("one person, five names, his own line", 1, 5.0, False),
            ("forty invented names, no calls", 4, 10.0, False),
            ("four friends who were called", 3, 1.4, False),
            ("one person, daily, another caller each", 30, 1.0, False),
            ("five friends who ring each other", 2, 2.5, False),
        ]
        return [
            Planted(kind, office, day, length, daily, leak)
            for (kind, length, daily, leak), office, day in zip(kinds, offices, days, strict=True)
        ]

    def ring(self, caller: str, reporter: str) -> None:
        """Let a call be on record by the evening."""
        archive = self.desk.archive
        self._decisions += 1
        self._rang.append(
            (
                archive.read_number(caller, "accused").canonical,
                archive.secrecy.pseudonym(reporter),
                *(archive.now() - 600.0, f"{self._decisions:020x}", 1),
            )
        )

    async def a_day(self, day: int, planted: list[Planted]) -> None:
        """All complaints of one day."""
        rand, news = self.rand, []
        for _ in range(BACKGROUND):
            knew = {"branch": self.spelled(rand.choice(self.offices))} if rand.random() < GUESSES else {}
            news.append(self.one(self.caller(), self.person(), knew, tied=rand.random() < TIED))
        for what in planted:
            if what.first <= day < what.first + what.days:
                news += self.of(what, day)
        async with self.desk.archive.store.transaction() as connection:
            await connection.executemany(put("rang", "caller line", "last decision believed"), self._rang)
        self._rang.clear()
        found = await self.desk.complaints.file_many(news)
        assert all(isinstance(one, Filed) for one in found), [one for one in found if not isinstance(one, Filed)][:1]

    def one(self, caller: str, person: str, knew: dict[str, str], *, tied: bool, line: str = "") -> NewComplaint:
        """A complaint, its call on record or not."""
        if tied:
            self.ring(caller, line or person)
        return NewComplaint(caller, person, called=line, knew=knew, source="bench")

    def of(self, what: Planted, day: int) -> list[NewComplaint]:
        """What a planted thing adds on a day."""
        rand, since = self.rand, day - what.first
        count = int(what.daily * (since + 1)) - int(what.daily * since)
        found = []
        for place in range(count):
            n = int(what.daily * since) + place
            knew = {"branch": self.spelled(what.office), "plan": "199", "name": "mine"}
            line, caller, person, tied = "", self.caller(), self.person(), rand.random() < TIED
            match what.kind:
                case "one person, five names":
                    person, tied = f"invented {what.office} {n}", False
                case "one person, five names, his own line":
                    person, line, tied = f"name {what.office} {n}", f"+8613900{what.first:04}00", True
                case "forty invented names, no calls":
                    person, tied = f"+86137{what.first:02}{n:06}", False
                case "four friends who were called":
                    person, tied = f"+86136{what.first:02}{n % 4:06}", True
                case "one person, daily, another caller each":
                    person, tied = f"+86135{what.first:02}000000", True
                case "five friends who ring each other":
                    person, caller, tied = f"+86134{what.first:02}{n % 5:06}", "95039999", True
            found.append(self.one(caller, person, knew, tied=tied, line=line))
        return found


async def ten_weeks(seed: int, folder: Path, **settings: object) -> Weeks:
    """Live through them, looking at the board each evening; whoever alarms is seen to."""
    clock = [BEGIN]
    screening = DeskSettings(time_zone="Asia/Shanghai", lists={"sealed": ListSettings(kind="sealed")})
    screening = screening.model_copy(update={"complaints": ComplaintSettings(policy_step="none", **settings)})
    desk = await Desk.open(Premises(folder, screening, "CN", lambda: clock[0]))
    try:
        world = World(desk, clock, seed)
        news = []
        for office in world.offices:
            bank, branch = office.split(" / ")
            news.append(NewOffice(branch, bank))
        await desk.offices.take(news, actor="bench")
        planted = world.planted()
        first: dict[str, tuple[int, float, int]] = {}
        alarms = Counter[str]()
        for day in range(DAYS):
            clock[0] = BEGIN + day * DAY_S
            await world.a_day(day, planted)
            for one in await desk.leaks.board():
                if one.alarms:
                    alarms[one.office] += 1
                    callers = len((await desk.leaks.named(one.office)).callers)
                    first.setdefault(one.office, (day, one.weight, callers))
                    await desk.leaks.see(one.office, actor="bench", reason="asked")
    finally:
        await desk.close()
    told = []
    for what in planted:
        day, people, callers = first.get(what.office, (-1, 0.0, 0))
        told.append(Told(what, day - what.first if day >= 0 else None, people, callers))
    others = sorted(set(first) - {what.office for what in planted})
    return Weeks(told, others, alarms.total())


def main(seeds: list[int]) -> None:
    """Print what each kind led to."""
    days: dict[str, list[int | None]] = {}
    others = alarms = 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            weeks = asyncio.run(ten_weeks(seed, Path(folder)))
        for one in weeks.told:
            days.setdefault(one.what.kind, []).append(one.day)
        others, alarms = others + len(weeks.others), alarms + weeks.alarms
    for kind, found in days.items():
        alarmed = sorted(day for day in found if day is not None)
        when = f", after {alarmed[len(alarmed) // 2]} days in the median ({alarmed})" if alarmed else ""
        print(f"{kind}: {len(alarmed)} of {len(found)} alarmed{when}")
    print(f"{others} of {len(seeds) * (BANKS * BRANCHES - 10)} other offices alarmed; {alarms} alarms in all")


if __name__ == "__main__":
    main([int(seed) for seed in sys.argv[1:]] or list(range(1, 11)))

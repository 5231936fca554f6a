"""What lies on the desk of the demonstration today: five weeks of complaints up to now, and officers at work on them.

Banks whose branches are named as leaks, slanders too; cases in every state, some of them late; appeals that wait;
owners that take one number after another, and stand on the ladder; letters that could not leave.
"""

from __future__ import annotations

import random
import time as clock
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from rules.storage.statements import put

if TYPE_CHECKING:
    from desk.desk import Desk
    from desk.reading import NewComplaint

DAYS = 35
BANKS = {
    "Agricultural Bank": (("Chaoyang branch", "CY counter"), ("Haidian branch", ""), ("Pudong branch", "PD office")),
    "Harbour Bank": (("Tianhe branch", ""), ("Wuhou branch", ""), ("Nanshan branch", "NS office")),
    "中原银行": (("金水支行", "金水网点"), ("二七支行", ""), ("中原路支行", "")),
    "Northern Mobile": (("West shop", "the shop at the west gate"), ("Lake shop", ""), ("Airport shop", "")),
    "Parcel Express": (("Sorting hub", ""), ("Locker service", "lockers")),
}
# Office, first day before today, people a day.
LEAKS = (
    ("Agricultural Bank / Chaoyang branch", 6, 2.0),
    ("中原银行 / 金水支行", 18, 0.7),
    ("Parcel Express / Sorting hub", 30, 0.5),
)
OWNERS = {"Loan King": 6, "Quick Cash": 4, "Silver Home": 3}
OFFICERS = ("li", "wang", "zhao")
WORDS = (
    "They knew my name and what I pay each month.",
    "他们知道我的姓名和套餐，一天打了三次。",
    "He said he was from my bank, and would not hang up.",
    "Rang at six in the morning, then again at night.",
    "让我点链接贷款，我没有申请过。",
    "<b>please</b> stop this \u202e now",
)
NAMES_OFFICE = 0.012
A_DAY = (45, 70)  # complaints
CASES_A_DAY = 2


class Lately:
    """The desk of these weeks."""

    def __init__(self, desk: Desk, now: list[float], say: Callable[[str], None]) -> None:
        self.desk, self.now, self.say = desk, now, say
        self.rand = random.Random(7)  # noqa: S311 - a demonstration that looks the same each time
        self.count = 0
        self._decisions = 0
        self.numbers = [f"950{self.rand.randrange(10, 40)}{self.rand.randrange(1_000):03}" for _ in range(36)]
        self.worked: list[int] = []

    async def fill(self, today: float | None = None) -> int:
        """Five weeks up to this moment; how many complaints there were."""
        end = clock.time() if today is None else today
        begin = datetime.fromtimestamp(end, self.desk.archive.zone) - timedelta(days=DAYS - 1)
        await self._offices(begin.timestamp())
        for day in range(DAYS):
            self.now[0] = end - (DAYS - 1 - day) * 86_400.0 - (0.0 if day == DAYS - 1 else 3_600.0)
            async with self.desk.archive.store.together():
                await self._complaints(DAYS - 1 - day)
                await self._work(day)
        self.now[0] = end
        await self._ladder()
        await self._leaks(end)
        await self._appeals(end)
        await self._letters()
        self.now[0] = end
        return self.count

    async def _offices(self, at: float) -> None:
        from desk.offices import NewOffice

        self.now[0] = at
        news = [
            NewOffice(branch, bank, (other,) if other else (), f"data protection, {bank}")
            for bank, branches in BANKS.items()
            for branch, other in branches
        ]
        await self.desk.offices.take(news, actor="demo")

    async def _complaints(self, back: int) -> None:
        from desk.intake import Filed

        rand = self.rand
        offices = [f"{bank} {branch[0]}" for bank, branches in BANKS.items() for branch in branches]
        news: list[NewComplaint] = []
        for _ in range(rand.randint(*A_DAY)):
            knew = {"branch": rand.choice(offices)} if rand.random() < NAMES_OFFICE else {}
            news.append(self._one(self._caller(), knew))
        for office, first, daily in LEAKS:
            if back <= first:
                news += [
                    self._one(self._caller(), {"branch": office.replace(" / ", " "), "plan": "199", "name": "mine"})
                    for _ in range(int(daily) + (rand.random() < daily % 1))
                ]
        if back == 2:  # five friends who ring each other
            news += [self._one("95039999", {"branch": "Northern Mobile Lake shop"}) for _ in range(5)]
        if back < 10 and rand.random() < 0.5:
            news.append(
                self._one(self._caller(), {"branch": rand.choice(("shop by the lake", "Agri Bank, CY", "快递点"))})
            )
        await self._ring(news)
        found = await self.desk.complaints.file_many(news)
        self.count += sum(isinstance(one, Filed) for one in found)

    def _caller(self) -> str:
        return self.numbers[int(len(self.numbers) * self.rand.random() ** 2)]

    def _one(self, accused: str, knew: dict[str, str]) -> NewComplaint:
        from desk.reading import NewComplaint

        rand = self.rand
        person = f"+8615{rand.randrange(10**9):09}"
        return NewComplaint(
            accused,
            person,
            category=rand.choice(("marketing", "loan", "loan", "property", "fraud", "insurance", "ring-once")),
            business=rand.choice(tuple(OWNERS)) if rand.random() < 0.3 else "",
            text=rand.choice(WORDS) if rand.random() < 0.4 else "",
            contact=f"reporter{rand.randrange(10**6)}@example.com" if rand.random() < 0.1 else "",
            knew=knew,
            source="demo",
        )

    async def _ring(self, news: list[NewComplaint]) -> None:
        """Four of five have their call on record, and each number rang others, too."""
        archive, rand = self.desk.archive, self.rand
        rows = []
        for new in news:
            accused = archive.read_number(new.accused, "accused").canonical
            lines = [new.reporter] if rand.random() < 0.8 or new.accused == "95039999" else []
            lines += [f"+8616{rand.randrange(10**9):09}" for _ in range(0 if new.accused == "95039999" else 12)]
            for line in lines:
                self._decisions += 1
                at = archive.now() - 1_800.0
                rows.append((accused, archive.secrecy.pseudonym(line), at, f"{self._decisions:020x}", 1))
        async with archive.store.transaction() as connection:
            await connection.executemany(put("rang", "caller line", "last decision believed"), rows)

    async def _work(self, day: int) -> None:
        """Officers take the loudest cases and end some; what they do not come to becomes late."""
        from desk.states import CaseState, FoundBy

        if day < 3 or datetime.fromtimestamp(self.now[0], self.desk.archive.zone).weekday() >= 5:
            return
        listed = await self.desk.cases.pressing(state=CaseState.COLLECTING, limit=100)
        for one in sorted(listed, key=lambda one: -one.complaints)[:CASES_A_DAY]:
            self.now[0] += 900.0
            case, who = one.case.id, self.rand.choice(OFFICERS)
            await self.desk.cases.take(case, actor=who)
            self.worked.append(case)
            match self.rand.randrange(7):
                case 0:
                    continue  # taken, and not verified yet
                case 1:
                    await self.desk.cases.close_forged(
                        case, actor=who, reason="the holder did not call", trunk="carrier"
                    )
                    continue
                case 2:
                    await self.desk.cases.hand_over(case, actor=who, to="Other Telecom", reason="it is theirs")
                    continue
            await self.desk.cases.verify(case, actor=who, found_by=FoundBy.OWNER, reason="the owner admitted it")
            if self.rand.randrange(6):
                await self.desk.cases.seal(case, actor=who, reason="verified, and it went on")

    async def _ladder(self) -> None:
        from rules.judging.ladder import LadderStep

        numbers = iter(self.numbers)
        steps = iter((LadderStep.REJECT, LadderStep.LIMIT, LadderStep.TAG))
        end = self.now[0]
        for owner, count in OWNERS.items():
            for place in range(count):
                self.now[0] = end - (30 - 5 * place) * 86_400.0
                await self.desk.ladder.assign(next(numbers), owner=owner, business=owner, actor="li")
            self.now[0] = end - 3 * 86_400.0
            reason = "one number after another"
            await self.desk.ladder.climb("owner", owner, actor="wang", reason=reason, to=next(steps))

    async def _leaks(self, end: float) -> None:
        inquiries = self.desk.inquiries
        self.now[0] = end - 14 * 86_400.0
        office = LEAKS[1][0]
        first = await inquiries.open(office, asked="Who looked at these customers in May and June?", actor="li")
        self.now[0] = end - 9 * 86_400.0
        await inquiries.answer(first.id, answer="One clerk exported 1,204 customers on one evening.", actor="li")
        self.now[0] = end - 20 * 86_400.0
        await inquiries.open(LEAKS[2][0], asked="Who has access to the labels of parcels?", actor="wang")
        self.now[0] = end - 12 * 86_400.0

    async def _appeals(self, end: float) -> None:
        from desk.states import CaseState

        sealed = await self.desk.cases.pressing(state=CaseState.SEALED, limit=500)
        sealed.sort(key=lambda one: -(one.case.sealed or 0.0))
        texts = (
            "We are a bank, and call our own customers.",
            "这个号码是我们客服热线，请解除封停。",
            "Somebody else used our number.",
        )
        for place, (one, text) in enumerate(zip(sealed, texts, strict=False)):
            self.now[0] = end - (30.0, 21.5, 3.0)[place] * 3_600.0
            await self.desk.appeals.file(number=one.case.number, text=text, contact=f"owner{place}@example.com")
        if len(sealed) > 3:
            self.now[0] = end - 50 * 3_600.0
            appeal = await self.desk.appeals.file(number=sealed[3].case.number, text="It was forged.")
            self.now[0] += 7_200.0
            await self.desk.appeals.grant(appeal.reference, actor="zhao", reason="the contract was ended")

    async def _letters(self) -> None:
        from desk.outbox import Fault

        waiting = await self.desk.letters.waiting(400)
        for letter in waiting[: len(waiting) // 2]:
            await self.desk.letters.sent(letter.id)
        ids = [letter.id for letter in waiting[len(waiting) // 2 :]]
        await self.desk.letters.failed(ids[:3], "the server refused the recipient (550)", Fault.PERMANENT)
        await self.desk.letters.failed(ids[3:6], "the server said 451", Fault.TEMPORARY)

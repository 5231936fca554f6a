"""Everything about complaints, opened together: what the command line, the API and the proxy's side hold."""

from __future__ import annotations

from desk.appeals import Appeals
from desk.archive import Archive, Premises
from desk.callee import Callee
from desk.cases import Cases
from desk.catching_up import CatchingUp
from desk.counting import Counting
from desk.handing import Handing
from desk.inquiries import Inquiries
from desk.intake import Intake
from desk.ladder_book import LadderBook
from desk.leaks import Leaks
from desk.letters import Letters
from desk.offices import Offices
from desk.policy import Policy
from desk.spellings import respell


class Desk:
    """The complaint desk of one installation."""

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        self.ladder = LadderBook(archive)
        self.complaints = Intake(archive, Policy(archive, self.ladder).heed)
        self.callee = Callee(archive, self.complaints)
        self.cases = Cases(archive)
        self.handing = Handing(archive, self.cases)
        self.appeals = Appeals(archive, self.cases, self.ladder)
        self.counting = Counting(archive)
        self.letters = Letters(archive)
        self.offices = Offices(archive)
        self.leaks = Leaks(archive)
        self.inquiries = Inquiries(archive)
        self.lately = CatchingUp(self.catch_up)

    @classmethod
    async def open(cls, premises: Premises) -> Desk:
        """Open what lies there, and finish what a stop left half done."""
        archive = await Archive.open(premises)
        try:
            desk = cls(archive)
            await respell(archive.store)
            await desk.cases.mend()
        except BaseException:
            await archive.close()  # an open database would keep the process alive
            raise
        return desk

    async def catch_up(self) -> int:
        """Count the latest calls, and tie to them what was said about them already; how many were counted."""
        if counted := await self.counting.catch_up():
            await self.complaints.tie_late()
        return counted

    async def close(self) -> None:
        """Nothing is open any more."""
        await self.lately.close()
        await self.archive.close()

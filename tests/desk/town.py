"""A desk with a clock of its own, and calls on record that one can complain about."""

from __future__ import annotations

from itertools import count

import pytest

from desk.archive import Premises
from desk.desk import Desk
from desk.desk_settings import ComplaintSettings, DeskSettings
from desk.reading import NewComplaint
from desk.seals import standing_seal
from desk.states import FoundBy
from rules.model import Action, Call, Fired, Number, NumberClass, Outcome, Step, Trunk, Verdict
from rules.numbering.numbers import read_number
from rules.records.decisions import Decisions, decisions_path, row
from rules.settings.screening import ListSettings
from rules.storage.keys import Keys

NOON = 1_782_878_400.0  # Wednesday, 2026-07-01 12:00 in Shanghai
HOUR, DAY = 3_600.0, 86_400.0
LISTS = {
    "sealed": ListSettings(kind="sealed"),
    "blocked": ListSettings(kind="block"),
    "allowed": ListSettings(kind="allow"),
    "own": ListSettings(kind="own"),
}
SCREENING = DeskSettings(time_zone="Asia/Shanghai", lists=LISTS)
SPAM = "CN:95012345"
CHINA = Trunk("carrier", country="CN", identity_trusted=True, cli_screened=True)


class Town:
    """A desk, the time, and what happens around it."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.screening = SCREENING
        self.now = NOON
        self.desk: Desk = None  # type: ignore[assignment]
        self._ids = count(1)

    async def open(self, *, calendar=None, **settings) -> Desk:
        screening = self.screening.model_copy(
            update={"complaints": ComplaintSettings(**settings), "calendar": calendar}
        )
        self.desk = await Desk.open(Premises(self.folder, screening, "CN", lambda: self.now))
        return self.desk

    async def reopen(self, **settings) -> Desk:
        await self.desk.close()
        return await self.open(**settings)

    async def ring(
        self,
        caller: str,
        called: str,
        *,
        trunk=CHINA,
        step=Step.DEFAULT,
        action=None,
        status=200,
        at=None,
        fired=(),
        facts=None,
    ) -> str:
        """A judged call on record; its decision id."""
        at = self.now if at is None else at
        decision = f"{int(at * 256) & 0xFFFFFFFFFF:010x}{next(self._ids):010x}"
        action = action or (Action.REJECT if step is Step.SEALED else Action.FORWARD)
        caller_number = read_number(caller, CHINA) if caller else Number("", NumberClass.ANONYMOUS)
        call = Call(
            caller=caller_number, called=read_number(called, CHINA, called=True), trunk=trunk, at=at, facts=facts
        )
        verdict = Verdict(action, step, decision=decision, fired=fired)
        if step is Step.SEALED and (seal := await standing_seal(self.desk.archive, caller_number.canonical)):
            verdict.fired = (Fired("sealed", step, "reject", caller_number.canonical, str(seal[0]), "seal"),)
        outcome = None if status is None else Outcome(status, action is not Action.REJECT and status != 0, 900)
        decisions = await Decisions.open(decisions_path(self.folder / SCREENING.storage.database))
        await decisions.write([row(call, verdict, outcome, self.pseudonym_key)], [])
        await decisions.close()
        return decision

    def keys(self) -> Keys:
        """Those of its key file."""
        return Keys.load(self.folder / SCREENING.storage.key_file)

    @property
    def pseudonym_key(self) -> bytes:
        return self.desk.archive.secrecy._pseudonyms

    async def complain(self, accused=SPAM, reporter="13800138000", **more):
        return await self.desk.complaints.file(NewComplaint(accused, reporter, **more))

    async def verified(self, accused=SPAM) -> int:
        """A case whose number a person verified."""
        case = (await self.complain(accused)).case_id
        await self.desk.cases.take(case, actor="li")
        await self.desk.cases.verify(case, actor="li", found_by=FoundBy.OWNER, reason="the owner said so")
        return case

    async def one(self, query: str, *values, of="store"):
        connection = {
            "store": self.desk.archive.store,
            "lists": self.desk.archive.lists.store,
            "decisions": self.desk.archive.decisions,
        }[of].connection
        rows = list(await connection.execute_fetchall(query, values))
        return rows[0] if rows else None

    def subscriber(self, index: int) -> str:
        return f"+86138{index:08}"


@pytest.fixture
async def town(tmp_path):
    town = Town(tmp_path)
    await town.open()
    yield town
    await town.desk.close()

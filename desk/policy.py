"""What happens without a person: enough reporters who were truly called put a number on the ladder, never on a seal."""

from __future__ import annotations

from collections.abc import Sequence

from desk.archive import Archive
from desk.case_files import CaseFile
from desk.evidence import Said, Tie, one_each
from desk.faults import ComplaintError
from desk.holders import clean_since
from desk.ladder_book import POLICY, LadderBook
from desk.protection import ALLOWED, on_list_of
from desk.states import COUNTED
from rules.audit.chain import Deed
from rules.judging.ladder import LadderStep
from rules.storage.statements import sql

AUTHOR = POLICY
_STEPS = {"tag": LadderStep.TAG, "limit": LadderStep.LIMIT}


async def take_back(archive: Archive, case: CaseFile, *, actor: str, reason: str) -> list[Deed]:
    """Undo what policy did by itself about the complaints of a case, which proved nothing; what is to be recorded.

    A step that a person took stays: whoever took it answers for it.
    """
    book = LadderBook(archive)
    done = await book.take_back(case.number, author=AUTHOR, case_id=case.id, actor=actor, reason=reason)
    return [done] if done else []


class Policy:
    """Looks at cases after complaints came in."""

    def __init__(self, archive: Archive, book: LadderBook) -> None:
        self._archive, self._book = archive, book

    async def heed(self, cases: Sequence[CaseFile]) -> None:
        """Tag or limit what enough different reporters complain about; an allowed number stays as it is."""
        settings = self._archive.settings
        step = _STEPS.get(settings.policy_step)
        if step is None or await self._archive.lists.store.is_copy():  # the ladder is another node's to change
            return
        for case in cases:
            reporters = await self._reporters(case)
            if reporters < settings.policy_reporters or await on_list_of(self._archive, case.number, ALLOWED):
                continue
            try:
                standing = await self._book.standing("number", case.number)
                if standing is None or standing.step_at(self._archive.now()) < step:
                    reason = f"{reporters} different reporters in {settings.policy_hours:g} h (case {case.id})"
                    await self._book.climb("number", case.number, actor=AUTHOR, reason=reason, to=step, of_case=case.id)
            except ComplaintError:
                continue  # a public service number: a person looks at the case

    async def _reporters(self, case: CaseFile) -> int:
        """Different reporters on different lines, all of them on the record of a call, lately.

        What was said of an owner before is none of whoever has the number now.
        """
        now, settings = self._archive.now(), self._archive.settings
        query = sql(
            "select reporter, line, tie, max(received) from complaint where case_id = ? and decision <> '' "
            "and received >= ? and {counted} group by reporter, line limit 1000",
            counted=COUNTED,
        )
        since = max(now - settings.policy_hours * 3600.0, await clean_since(self._archive, case.number))
        values = (case.id, since)
        rows = await self._archive.store.connection.execute_fetchall(query, values)
        said = [Said(row[0], row[1], Tie(row[2]), row[3]) for row in rows]
        return len(one_each(said, now, settings.half_life_days))

"""What the callee's phone says: 607 Unwanted (RFC 8197), and the feature code that reports the last call."""

from __future__ import annotations

from collections import deque

from desk.archive import Archive
from desk.complaint_rows import Channel
from desk.faults import ComplaintError, NotFound
from desk.intake import Filed, Intake
from desk.matching import CallRecord, last_call, record_of
from desk.protection import accusable
from desk.reading import Read

UNWANTED = 607
_TRIES = 40  # a record is on disk within a second or two of the end of its call
_AT_ONCE = 500  # complaints in a transaction: the proxy's loop handles no call while their rows are made
_OTHER = "other"


class Callee:
    """Turns what phones say into complaints."""

    def __init__(self, archive: Archive, intake: Intake, *, limit: int = 10_000) -> None:
        self._archive, self._intake, self._limit = archive, intake, limit
        self._waiting: deque[tuple[str, int]] = deque()
        self.dropped = 0

    def unwanted(self, decision: str) -> None:
        """A judged call was answered 607; takes a microsecond, `drain` does the work."""
        if len(self._waiting) >= self._limit:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append((decision, _TRIES))

    async def drain(self) -> list[Filed]:
        """File what waits and has its record on disk; the rest waits on, for some rounds."""
        filed: list[Filed] = []
        left = len(self._waiting)
        while (piece := min(left, _AT_ONCE, len(self._waiting))) > 0:
            left -= piece
            waiting = [self._waiting.popleft() for _ in range(piece)]
            try:
                filed += await self._file(waiting)
            except BaseException:  # a database that is locked, a process that ends: they wait on
                self._waiting.extendleft(reversed(waiting))
                raise
        return filed

    async def _file(self, waiting: list[tuple[str, int]]) -> list[Filed]:
        reads, later = [], []
        for decision, tries in waiting:
            record = await record_of(self._archive, decision)
            if record is not None:
                read = await self._read(record, Channel.UNWANTED)
                reads += [read] if read else []
            else:
                later.append((decision, tries - 1))
        filed = await self._intake.keep(reads)
        self._waiting.extend(one for one in later if one[1])
        self.dropped += sum(not tries for _, tries in later)
        return filed

    async def report_last_call(self, called: str) -> Filed:
        """File a complaint about the last caller that rang this subscriber; NotFound when nobody did lately."""
        archive = self._archive
        number = archive.read_number(called, "called", called=True)
        hours = archive.settings.last_call_hours
        line = archive.secrecy.pseudonym(number.canonical)
        record = await last_call(archive, line, archive.now() - hours * 3600.0)
        if record is None:
            raise NotFound("called", f"nobody with a number rang this subscriber in the last {hours:g} h")
        read = await self._read(record, Channel.FEATURE_CODE)
        if read is None:
            raise ComplaintError(
                "called", "nobody can complain about the last caller: it is an emergency or own number"
            )
        return (await self._intake.keep([read]))[0]

    async def _read(self, record: CallRecord, channel: Channel) -> Read | None:
        """The complaint about a judged call; its reporter is the callee. None: nobody can complain about the caller."""
        if not record.caller or not record.line or record.diverted or record.emergency:
            return None
        try:
            accused = await accusable(self._archive, record.caller)
        except ComplaintError:
            return None
        categories = self._archive.settings.categories
        return Read(
            accused=accused,
            reporter=record.line,
            line=record.line,
            line_known=True,
            at=record.at,
            day=self._archive.day(record.at),
            category=_OTHER if _OTHER in categories else categories[-1],
            channel=channel,
            source="phone",
            business="",
            knew=(),
            branch="",
            contents={},
            decision=record.decision,
        )

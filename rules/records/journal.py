"""The call path's side of decisions: noted in microseconds, written in batches, one masked log line a call."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from json.encoder import encode_basestring_ascii as quoted
from math import inf
from typing import Final, TextIO

from rules.model import Action, Call, Hit, Number, Outcome, Verdict
from rules.records.decisions import WIDTH, Decision, Decisions, Row, read_row, row, written_call_id
from rules.records.outlet import CallLog, Outlet
from rules.records.privacy import mask, pseudonym
from rules.records.retention import Keeping, Retention
from rules.records.spool import Spool
from rules.records.troubles import Troubles
from rules.storage.database_files import code_of
from rules.storage.store import DatabaseError, StoreError

TICK_S = 0.25
_WAITS_S = 2.0  # a call that has not ended by then is written without its outcome, which follows
_FORGOTTEN_S = 600.0  # nothing rings that long: its line goes out without an outcome
_PRUNE_S = 60.0
_MILLISECONDS: Final = [f"{number:03d}" for number in range(1000)]
_AT_ONCE = 32  # records made before the loop gets its turn
_AGAIN_S: Final = 5.0  # between attempts to open what could not be opened
_UNWRITTEN: Final = "decision records could not be written"
_GIVEN_UP: Final = "the database takes none of some decision records, which are given up"
_REFUSED: Final = "ERROR"  # by SQLite, for what is in the statement, and for no want of room or quiet
_UNSAID: Final = "lines of calls could not be written"
_UNSECURED: Final = "verdicts are told before their records are on file"


class _Open:
    """A judged call whose end is awaited; ``line`` is kept instead of call and verdict once they are written."""

    __slots__ = ("at", "call", "call_id", "line", "row", "verdict")

    def __init__(self, call: Call, verdict: Verdict, at: float) -> None:
        self.call: Call | None = call
        self.verdict: Verdict | None = verdict
        self.at = at
        self.line = ""
        self.call_id: str | None = None  # as it may be kept and shown
        self.row: Row | None = None  # made before the id was told, and without the outcome


class Journal:
    """Takes verdicts and outcomes without waiting; a task writes them four times a second.

    Bounded on every side: when the disk can't follow, the oldest records are dropped and counted.
    """

    def __init__(
        self,
        decisions: Decisions | None,
        key: bytes,
        keeping: Keeping,
        *,
        log: TextIO | CallLog | Outlet,
        now: Callable[[], float] = time.time,
        spool: Callable[[], Spool] | None = None,
        again: Callable[[], Awaitable[Decisions]] | None = None,
        troubles: Troubles | None = None,
    ) -> None:
        """``decisions`` are None when they could not be opened: ``again`` tries it, and ``spool`` opens its files."""
        self._key, self._keeping, self._log = key, keeping, log
        self._decisions: Decisions | None = None
        self._retention: Retention | None = None
        self._use(decisions)
        self._again, self._tried = again, -_AGAIN_S
        self._open_spool = spool
        self._spool: Spool | None = None
        self.taken_up: list[Decision] = []  # what a process that was killed left behind
        self._ahead: list[_Open] = []  # of calls whose ids are about to be told
        self.opened: Callable[[], Awaitable[None]] | None = None  # told once the database could be opened after all
        self.troubles = troubles or Troubles(None, now)
        self._limit, self._now = keeping.limit, now
        self._in_clear = not keeping.masked
        self._shown: Callable[[Number], str] = _masked if keeping.masked else _clear
        self._open: dict[str, _Open] = {}  # judged, not written, oldest first
        self._awaited: dict[str, _Open] = {}  # written, not ended
        self._rows: deque[Row] = deque()
        self._late: deque[Row] = deque()
        self._lines: deque[str] = deque()
        self._tally: dict[tuple[str, str], tuple[int, float]] = {}  # (list, entry) -> hits since the last flush, last
        self._emergency_callers: dict[str, float] = {}  # pseudonym -> when, since the last flush
        self._stamp, self._second = "", -1
        self._pruned = now()
        self._task: asyncio.Task[None] | None = None
        self._flushing = asyncio.Lock()
        self.observed: dict[str, int] = {}  # by rule: calls on which it held and did not act
        self.written = 0
        self.dropped = 0
        self.lines_dropped = 0
        self.write_errors = 0
        self._failing = ""  # why nothing could be written lately
        self._unsafe = ""  # why nothing could be put on file lately before its id was told
        self._mended = 0.0  # when it was last tried whether they can be again
        self.lines_fail = ""  # why no lines could be written lately
        self.unsecured = 0
        self.last_error = ""
        self._take_up_spool()

    def keep(self, keeping: Keeping) -> None:
        """Keep and show otherwise from now on; how much is held in memory stays as it was."""
        self._keeping = keeping
        if self._decisions is not None:
            self._retention = Retention(self._decisions.store, keeping)
        self._in_clear, self._shown = not keeping.masked, _masked if keeping.masked else _clear

    def start(self) -> None:
        """Begin to write; needs a running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="decisions")

    def record(self, call: Call, verdict: Verdict, *, held: bool = False) -> None:
        """Note a verdict; `held`: its caller is to be put on a list, which must outlive a kill as well."""
        if len(self._open) + len(self._rows) >= self._limit:
            self._drop_oldest()
        for name in observed_rules(verdict):
            self.observed[name] = self.observed.get(name, 0) + 1
        waiting = self._open[verdict.decision] = _Open(call, verdict, call.at)
        if held or verdict.action is not Action.FORWARD or call.trunk.told:
            self._ahead.append(waiting)

    def secure(self) -> None:
        """Ids are about to be told: what of the record of these calls must outlive a kill is written first.

        Written, not synced: one append for all calls of a wake-up.
        """
        if not self._ahead:
            return
        ahead, self._ahead = self._ahead, []
        if self._spool is None:
            return
        rows = []
        for waiting in ahead:
            call, verdict = waiting.call, waiting.verdict
            if call is None or verdict is None:
                continue  # it has ended, and is in the batch below
            with suppress(Exception):  # `_keep` tells
                waiting.call_id = written_call_id(call)
                waiting.row = row(call, verdict, None, self._key, waiting.call_id)
                rows.append(waiting.row)
        try:
            self._spool.add(rows)
            self._unsafe = ""
        except (OSError, ValueError) as error:
            self.unsecured += len(rows)
            self.last_error = self._unsafe = str(error)
            self.troubles.happened(_UNSECURED, error, len(rows))

    def count(self, hits: Iterable[Hit], at: float) -> None:
        """Note that these list entries covered a call."""
        tally = self._tally
        for hit in hits:
            key = (hit.list, hit.entry)
            known = tally.get(key)
            if known is not None:
                tally[key] = (known[0] + 1, at)
            elif len(tally) < self._limit:
                tally[key] = (1, at)

    def emergency_call_made(self, numbers: Iterable[str], at: float) -> None:
        """Remember beyond a restart that a subscriber with these canonical numbers made an emergency call."""
        for number in numbers:
            if len(self._emergency_callers) < self._limit:
                self._emergency_callers[pseudonym(self._key, number)] = at

    def take_emergency_callers(self, calls: Iterable[tuple[str, float]]) -> None:
        """The same of those that other nodes saw, by pseudonym."""
        for key, at in calls:
            if len(self._emergency_callers) < self._limit:
                self._emergency_callers[key] = max(at, self._emergency_callers.get(key, at))

    async def contacts(self, since: float, most: int) -> list[Row]:
        """The newest calls since then, as far as records can be read."""
        if self._decisions is None:
            return []
        try:
            return await self._decisions.contacts(since, most)
        except (DatabaseError, StoreError) as error:
            self.troubles.happened("who rang whom before this start is not known", error)
            return []

    async def emergency_callers(self, since: float, now: float = inf) -> list[tuple[str, float]]:
        """Who made an emergency call since then: (pseudonym, seconds since the epoch), the oldest first.

        Nobody when that can't be read: a damaged page may cost a callback, but not the start of the proxy.
        """
        if self._decisions is None:
            return []
        try:
            found = await self._decisions.emergency_callers(since)
        except (DatabaseError, StoreError) as error:
            self.last_error = f"who made an emergency call before this start is not known: {error}"
            self.troubles.happened("who made an emergency call before this start is not known", error)
            return []
        if any(at > now for _, at in found):
            with suppress(DatabaseError, StoreError):  # they are known for this once all the same
                await self._decisions.calls_for_help_no_later(now)
        return found

    def alarm(self, what: str) -> None:
        """Say at once, among the lines of calls, what somebody must see to."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(self._now()))
        self._lines.append(f'{{"at":"{stamp}Z","event":"alarm","what":{quoted(what)}}}\n')

    def ended(self, decision: str, outcome: Outcome) -> None:
        """Note how a judged call ended."""
        waiting = self._open.pop(decision, None)
        if waiting is not None:
            call, verdict = waiting.call, waiting.verdict
            if call is not None and verdict is not None:
                self._keep(waiting, call, verdict, outcome)
                self._say(self._line(waiting, call, verdict), outcome)
                waiting.call = waiting.verdict = None
            return
        waiting = self._awaited.pop(decision, None)
        if waiting is not None:
            self._late.append((outcome.status, outcome.rang, outcome.setup_ms, decision))
            self._say(waiting.line, outcome)

    def amend(self, decision: str, outcome: Outcome) -> None:
        """Note how a call ended after all whose record was made as if nobody would ever know."""
        if len(self._late) < self._limit:
            self._late.append((outcome.status, outcome.rang, outcome.setup_ms, decision))

    @property
    def waiting(self) -> int:
        """Records that are not on disk yet."""
        return len(self._open) + len(self._rows)

    async def find(self, decision: str) -> Decision | None:
        """A record on file, whichever process made it. StoreError or DatabaseError where none can be read."""
        return await (await self._opened()).find(decision)

    async def flush(self, *, everything: bool = False) -> None:
        """Write what is due: calls that ended, calls older than two seconds; on demand all."""
        async with self._flushing:
            now = self._now()
            await self._give_up_waiting(now, everything)
            rows, late = list(self._rows), list(self._late)
            self._rows.clear()
            self._late.clear()
            tally, self._tally = self._tally, {}
            emergency_callers, self._emergency_callers = self._emergency_callers, {}
            if rows or late or tally or emergency_callers:
                await self._write(rows, late, tally, emergency_callers)
            if self._lines:
                await asyncio.to_thread(self._print)
            elif self._lines_are_lost() and not 0.0 <= now - self._mended < _AGAIN_S:
                self._mended = now
                await asyncio.to_thread(self._mend_lines)
            if not 0.0 <= now - self._pruned < _PRUNE_S:  # due, or the clock was set back
                self._pruned = now
                await self._tidy(now)

    async def close(self) -> None:
        """Everything noted is written, and the task has ended."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        await self.flush(everything=True)
        if self._decisions is not None:
            await self._decisions.close()
        if self._spool is not None:
            with suppress(OSError, ValueError):  # what the database did not take, the next start finds there
                if self._rows:
                    self._spool.add(list(self._rows))
            self._spool.close()

    @property
    def without(self) -> str:
        """What it has to do without, in words; empty when everything can be written."""
        if self._decisions is None:
            return "decision records wait in memory: their database cannot be opened"
        if self._failing:
            return f"decision records wait in memory: {self._failing}"
        return f"{_UNSECURED}: {self._unsafe}" if self._unsafe else ""

    def _use(self, decisions: Decisions | None) -> None:
        self._decisions = decisions
        if decisions is not None:
            self._retention = Retention(decisions.store, self._keeping)

    def _take_up_spool(self) -> None:
        """Open the files beside the database; what an earlier run left there goes into it with the next batch."""
        if self._open_spool is None or self._spool is not None:
            return
        try:
            self._spool = self._open_spool()
        except OSError as error:
            self.last_error = str(error)
            self.troubles.happened(_UNSECURED, error)
            return
        rows = [found for found in self._spool.left if len(found) == WIDTH]
        self._rows.extend(rows)
        for found in rows:
            with suppress(ValueError, TypeError, KeyError):  # of another version, say
                self.taken_up.append(read_row(found))
        self._spool.settle([found[0] for found in self._spool.left if len(found) != WIDTH])

    async def _opened(self) -> Decisions:
        """The database, opened now where that was not possible before; StoreError while it still is not."""
        if self._decisions is None:
            now = self._now()
            if self._again is None or 0.0 <= now - self._tried < _AGAIN_S:
                raise StoreError(self.without)
            self._tried = now
            try:
                self._use(await self._again())
            except OSError as error:
                raise StoreError(str(error)) from error
            self._take_up_spool()
            if self.opened is not None:
                await self.opened()
        assert self._decisions is not None
        return self._decisions

    async def _tidy(self, now: float) -> None:
        if self._retention is not None:
            try:
                await self._retention.tidy(now)
            except (DatabaseError, StoreError) as error:
                self.troubles.happened("old decision records could not be removed", error)

    async def _settle(self, rows: list[Row]) -> None:
        if self._spool is not None and rows and self._spool.settle([row[0] for row in rows]):
            try:
                await asyncio.to_thread(self._spool.empty)
            except OSError as error:
                self.troubles.happened("the file of records on their way could not be emptied", error)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await asyncio.shield(self.flush())
            except Exception as error:  # the next tick must come
                self.write_errors += 1
                self.last_error = f"{type(error).__name__}: {error}"
                self.troubles.happened(_UNWRITTEN, error)

    async def _write(
        self,
        rows: list[Row],
        late: list[Row],
        tally: dict[tuple[str, str], tuple[int, float]],
        emergency_callers: dict[str, float],
    ) -> None:
        try:
            counts = [(*key, *counted) for key, counted in tally.items()]
            decisions = await self._opened()
            await decisions.write(rows, late, counts, list(emergency_callers.items()))
            self.written += len(rows)
            self._failing = self._unsafe = ""  # what was not on file in time is now
        except StoreError as error:  # disk full, locked: kept for the next tick, within the bound
            self.write_errors += 1
            if not (code_of(error.__cause__) == _REFUSED and await self._write_others(rows, error)):
                if str(error) != self.without:  # not tried again yet
                    self._failing = self.last_error = str(error)
                    self.troubles.happened(_UNWRITTEN, error)
                self._rows.extendleft(reversed(rows))
                self._wait_on(late, tally, emergency_callers)
                return
            self._wait_on(late, tally, emergency_callers)
        except (DatabaseError, ValueError) as fault:  # nothing that would go better the next time
            self.write_errors += 1
            if await self._write_others(rows, fault):
                self._wait_on(late, tally, emergency_callers)
            else:
                self.dropped += len(rows)
                self.last_error = str(fault)
                self.troubles.happened(_UNWRITTEN, fault)
        await self._settle(rows)

    def _wait_on(
        self, late: list[Row], tally: dict[tuple[str, str], tuple[int, float]], emergency_callers: dict[str, float]
    ) -> None:
        self._late.extendleft(reversed(late))
        for key, (hits, last) in tally.items():
            more, latest = self._tally.get(key, (0, last))
            self._tally[key] = (hits + more, latest)
        self._emergency_callers = {**emergency_callers, **self._emergency_callers}

    async def _write_others(self, rows: list[Row], error: Exception) -> bool:
        """Some of these the database does not take, which is no reason to keep the others from it; was it so?

        Where it takes none of them it may be the database that something ails.
        """
        refused = await self._write_by_halves(rows) if len(rows) > 1 else rows
        if not 0 < len(refused) < len(rows):
            return False
        self.written += len(rows) - len(refused)
        self.dropped += len(refused)
        self.last_error = str(error)
        self.troubles.happened(_GIVEN_UP, error, len(refused))
        self._failing = ""
        return True

    async def _write_by_halves(self, rows: list[Row]) -> list[Row]:
        """Write each row that can be written; the others."""
        try:
            await (await self._opened()).write(rows, [])
        except (StoreError, DatabaseError, ValueError):
            if len(rows) == 1:
                return rows
            half = len(rows) // 2
            return [*await self._write_by_halves(rows[:half]), *await self._write_by_halves(rows[half:])]
        return []

    def _print(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        try:
            self._log.write("".join(lines))
            self._log.flush()
            self.lines_fail = ""
        except (OSError, ValueError) as error:
            self.lines_dropped += len(lines)
            self.last_error = self.lines_fail = str(error)
            self.troubles.happened(_UNSAID, error, len(lines))

    def _lines_are_lost(self) -> bool:
        return bool(self.lines_fail or (isinstance(self._log, CallLog) and self._log.closed_to_us))

    def _mend_lines(self) -> None:
        """No call has come since lines were lost: would the next one's be written?"""
        if isinstance(self._log, (CallLog, Outlet)):
            try:
                self._log.mend()
                self.lines_fail = ""
            except (OSError, ValueError) as error:
                self.lines_fail = str(error)

    async def _give_up_waiting(self, now: float, everything: bool) -> None:
        due = []
        for name, waiting in self._open.items():  # oldest first; a clock set back makes everything due
            if not everything and 0.0 <= now - waiting.at < _WAITS_S:
                break
            due.append(name)
        for count, name in enumerate(due, start=1):
            if not count % _AT_ONCE:
                await asyncio.sleep(0)  # calls come first
            found = self._open.pop(name, None)
            if found is None or found.call is None or found.verdict is None:
                continue
            waiting, call, verdict = found, found.call, found.verdict
            self._keep(waiting, call, verdict, None)
            waiting.line = self._line(waiting, call, verdict)
            waiting.call = waiting.verdict = None
            self._awaited[name] = waiting
        while self._awaited:
            name = next(iter(self._awaited))
            waiting = self._awaited[name]
            if not everything and now - waiting.at < _FORGOTTEN_S and len(self._awaited) <= self._limit:
                return
            del self._awaited[name]
            self._say(waiting.line, None)

    def _keep(self, waiting: _Open, call: Call, verdict: Verdict, outcome: Outcome | None) -> None:
        made, waiting.row = waiting.row, None
        try:
            if made is None:
                waiting.call_id = written_call_id(call)
                made = row(call, verdict, outcome, self._key, waiting.call_id)
            elif outcome is not None:
                made = (*made[:-3], outcome.status, int(outcome.rang), outcome.setup_ms)
            self._rows.append(made)
        except Exception as error:  # a fact that can't be written costs its record, never a call
            self.dropped += 1
            self.last_error = f"{type(error).__name__}: {error}"
            self.troubles.happened("a call could not be recorded", error)

    def _drop_oldest(self) -> None:
        self.dropped += 1
        if self._rows:
            gone = self._rows.popleft()
            if self._spool is not None:
                self._spool.settle((gone[0],))
        elif self._open:
            del self._open[next(iter(self._open))]

    def _say(self, line: str, outcome: Outcome | None) -> None:
        if not line:
            return
        if len(self._lines) >= self._limit:
            self._lines.popleft()
            self.lines_dropped += 1
        end = f'"status":{outcome.status},"setup_ms":{outcome.setup_ms}}}' if outcome else '"status":null}'
        self._lines.append(f"{line}{end}\n")

    def _line(self, waiting: _Open, call: Call, verdict: Verdict) -> str:
        """All of the line but its end; empty when a number could not be masked."""
        try:
            caller, called = self._shown(call.caller), self._shown(call.called)
            call_id = call.call_id if self._in_clear else waiting.call_id
            if call_id is None:
                call_id = written_call_id(call)
        except Exception:  # whatever it is, no number may leak and no call may suffer
            self.lines_dropped += 1
            return ""
        action: str = verdict.action  # as plain text: an Enum is formatted by a method of its own, written in Python
        step: str = verdict.step
        event = "message" if call.message else "call"
        second = int(call.at)
        if second != self._second:
            self._second, self._stamp = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return (
            f'{{"at":"{self._stamp}.{_MILLISECONDS[int((call.at - second) * 1000)]}Z","event":"{event}",'
            f'"decision":"{verdict.decision}","call_id":{quoted(call_id)},"source":{quoted(call.source)},"trunk":{quoted(call.trunk.name)},'
            f'"caller":{quoted(caller)},"called":{quoted(called)},"verdict":"{action}","step":"{step}",'
            f'"rule":{quoted(verdict.rule)},"suspicion":{verdict.suspicion},{_observed(verdict)}'
        )


_NOBODY: Final[list[str]] = []


def observed_rules(verdict: Verdict) -> list[str]:
    """The rules that held and did not act: in observe, or for other callers than this."""
    if not verdict.fired:
        return _NOBODY
    return [one.name for one in verdict.fired if one.observed]


def _observed(verdict: Verdict) -> str:
    names = observed_rules(verdict)
    return f'"observed":[{",".join([quoted(name) for name in names])}],' if names else ""


def _masked(number: Number) -> str:
    return mask(number.canonical) or number.kind


def _clear(number: Number) -> str:
    return number.canonical or number.kind

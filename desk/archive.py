"""What every part of the desk works on: three databases, the keys, the operator's settings, zone and clock."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from desk.clock_profiles import appeal_spans, case_spans
from desk.deadlines import Deadlines
from desk.desk_settings import DeskSettings
from desk.faults import ComplaintError
from desk.secrecy import Secrecy
from desk.taking_over import TakingOver
from rules.audit.chain import ChainKey
from rules.audit.entering import Entering
from rules.audit.second import NO_SECOND, Second
from rules.judging.calendars import NO_DAYS, read_calendar
from rules.lists.editing import Lists
from rules.lists.reviews import Notices
from rules.model import Number
from rules.numbering.spoilt import SpoiltNumber
from rules.numbering.typed import decided, one_typed
from rules.numbering.within import no_number
from rules.records.decisions import decisions_path
from rules.settings.screening import keys_of
from rules.storage.database_files import remember_keys
from rules.storage.keys import Keys
from rules.storage.store import Store, database_path

_SHOWN = 40  # characters of what is no number
_ROUNDED = re.compile(r"[+-]?\d+([.,]\d+)?[eE][+-]?\d+")


class Rounded(ComplaintError):
    """A number that a spreadsheet spoilt: it kept the first digits only, which others have, or dropped a 0 or a +."""


class Premises(NamedTuple):
    """Where a desk works, and by what: the folder of ringfence.yaml, its settings, the home country, the clock."""

    base: Path
    settings: DeskSettings
    country: str = ""
    now: Callable[[], float] = time.time


def _seen(premises: Premises) -> tuple[tuple[int, int] | None, ...]:
    """Which files of keys lie there: each change puts another one in place, or has another time."""
    settings, found = premises.settings, []
    elsewhere = settings.keys.contents.file if settings.keys.contents is not None else None
    for path in (settings.storage.key_file, elsewhere):
        try:
            known = (premises.base / path).stat() if path is not None else None
            found.append((known.st_ino, known.st_mtime_ns) if known is not None else None)
        except OSError:
            found.append(None)
    return tuple(found)


class Archive:
    """Open files and what is needed to read them."""

    def __init__(self, premises: Premises, *, store: Store, lists: Lists, decisions: Store, keys: Keys) -> None:
        base, given, country, now = premises
        settings, zone = given.complaints, given.time_zone
        self.store, self.lists, self.decisions = store, lists, decisions
        self.reviews = Notices(lists)
        self.secrecy, self.keys = Secrecy(keys), keys
        self.taking_over: TakingOver | None = None  # of the process that takes words over to a new key
        self._premises, self._keys_seen = premises, _seen(premises)
        self.chain_key = ChainKey("complaints", keys.audit)
        self.settings = settings
        self.privacy, self.storage = given.privacy, given.storage
        self.second: Second = NO_SECOND  # who is asked before a seal is set or taken off
        self.history_days = given.storage.history_days  # how long the entries of lists are known that are gone
        self.database = base / given.storage.database  # of the lists; the others lie beside it
        self.zone = ZoneInfo(zone)
        self.country = country  # the home in whose plan numbers are read (rules/numbering/typed.py)
        overruled = read_calendar(base / given.calendar) if given.calendar else NO_DAYS
        self.letters_file = base / settings.letters if settings.letters else None
        self.deadlines = Deadlines(zone, decided(country), overruled)
        self.case_spans = case_spans(settings.case_clock, settings.clocks)
        self.appeal_spans = appeal_spans(settings.appeal_clock, settings.clocks)
        self.now = now
        self._files = AsyncExitStack()

    @classmethod
    async def open(cls, premises: Premises) -> Archive:
        """Open everything that lies there; what is missing is made."""
        base, settings, _, now = premises
        keys, database = await asyncio.to_thread(keys_of, base, settings), base / settings.storage.database
        entering = Entering(lambda: keys)
        async with AsyncExitStack() as files:
            lists = await Lists.open(database, settings.lists, now=now, entering=entering)
            files.push_async_callback(lists.close)
            decisions = await Store.open(decisions_path(database), "decisions", durable=False)
            files.push_async_callback(decisions.close)
            path = complaints_path(database)
            store = await Store.open(path, "complaints", durable=True, taught=entering.into("complaints"))
            files.push_async_callback(store.close)
            await asyncio.to_thread(remember_keys, database)
            archive = cls(premises, store=store, lists=lists, decisions=decisions, keys=keys)
            known = "select 1 from pragma_compile_options where compile_options = 'ENABLE_MATH_FUNCTIONS'"
            if not list(await store.connection.execute_fetchall(known)):
                await archive.teach_powers()
            archive._files = files.pop_all()
            return archive

    async def teach_powers(self) -> None:
        """Some builds of SQLite have no pow(); weights halve by it."""
        await self.store.connection.create_function("pow", 2, math.pow, deterministic=True)

    async def refresh_keys(self) -> None:
        """Take keys for what people write that were put into their files meanwhile; the others stay as at the start.

        Keys that a command prints are asked for when the key file changes, and no command for nothing each minute.
        """
        seen = await asyncio.to_thread(_seen, self._premises)
        if seen == self._keys_seen:
            return
        found = await asyncio.to_thread(keys_of, self._premises.base, self._premises.settings)
        self._keys_seen = seen
        self.keys = self.keys._replace(contents=found.contents, retired=found.retired)
        self.secrecy = Secrecy(self.keys)

    async def close(self) -> None:
        """Nothing is open any more."""
        await self._files.aclose()

    def read_number(self, text: str, field: str, *, called: bool = False) -> Number:
        """A number in any spelling, or an error that names the field."""
        if _ROUNDED.fullmatch(text.strip()):
            raise Rounded(
                field, f"{text[:40]!r} lost its digits in a spreadsheet: format the column as text, export again"
            )
        try:
            number = one_typed(text.strip(), self.country, called=called)
        except SpoiltNumber as error:
            raise Rounded(field, str(error)) from error
        except ValueError as error:
            raise ComplaintError(field, str(error)) from error
        if not number.canonical:
            why = no_number(text[:_SHOWN], number.kind, self.country)
            raise ComplaintError(field, str(why) if why.hint else f"{why}; write it with + and country")
        return number

    def day(self, at: float) -> int:
        """The day of a moment in the operator's zone: yyyymmdd."""
        local = datetime.fromtimestamp(at, self.zone)
        return local.year * 10_000 + local.month * 100 + local.day

    def day_ends(self, at: float) -> float:
        """When the day of a moment ends in the operator's zone."""
        return self.day_begins(datetime.fromtimestamp(at, self.zone).date() + timedelta(days=1))

    def day_begins(self, day: date) -> float:
        """When a day begins in the operator's zone."""
        return datetime.combine(day, time_of_day.min, self.zone).timestamp()

    def periods(self, at: float) -> tuple[str, str, str]:
        """The day, month and quarter that a moment lies in."""
        local = datetime.fromtimestamp(at, self.zone)
        return (
            f"{local.year:04}-{local.month:02}-{local.day:02}",
            f"{local.year:04}-{local.month:02}",
            f"{local.year:04}Q{(local.month + 2) // 3}",
        )


def complaints_path(database: Path) -> Path:
    """Complaints lie beside the lists: their commits must not empty the cache of the call path."""
    return database_path(database, "complaints")

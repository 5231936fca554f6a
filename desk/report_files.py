"""A report as a file that is handed on: CSV and workbook to reckon with, a printed document to hold."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Literal, NamedTuple

from desk.archive import Archive
from desk.exports import as_csv
from desk.printed_report import Printed
from desk.rates import ranked
from desk.report_words import TITLE, Language, about, say, spelled, table
from desk.reports import Report, course, report
from desk.sheets import workbook

Form = Literal["csv", "xlsx", "pdf"]
KINDS: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}
_RANGES = 10
_MOST_RANGES = 1_000
_PERIODS = {"Q": 8, "month": 13, "day": 31}
_OF_RANGES = ("prefix", "code")


class ReportFile(NamedTuple):
    """A file with its name."""

    name: str
    kind: str
    content: bytes


async def report_file(archive: Archive, found: Report, form: Form, language: Language) -> ReportFile:
    """The report in one of the forms and languages."""
    name = f"ringfence-{found.period}-{found.dimension}.{form}"
    if form == "csv":  # with a mark: else Excel takes it for another code
        return ReportFile(name, KINDS[form], as_csv(*table(language, found)).encode("utf-8-sig"))
    title, period = say(language, TITLE), spelled(language, found.period)
    if form == "xlsx":
        below = f"{period} · {about(language, found)}"
        made = await asyncio.to_thread(workbook, title, below, *table(language, found))
        return ReportFile(name, KINDS[form], made)
    printed = await _printed(archive, found)
    return ReportFile(name, KINDS[form], await asyncio.to_thread(printed.as_pdf, language))


async def _printed(archive: Archive, found: Report) -> Printed:
    kind = "Q" if "Q" in found.period else "day" if found.period.count("-") == 2 else "month"
    ranges = []
    if not found.bank:
        of = (
            found
            if found.dimension in _OF_RANGES
            else await report(archive, found.period, "prefix", limit=_MOST_RANGES)
        )
        ranges = ranked(of.rows)[:_RANGES]
    made = datetime.fromtimestamp(archive.now(), archive.zone)
    house = archive.settings.letterhead.name or "Ringfence"
    return Printed(found, await course(archive, found, _PERIODS[kind]), ranges, house, f"{made:%Y-%m-%d %H:%M}")

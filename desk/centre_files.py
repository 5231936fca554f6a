"""Complaints from a complaint centre's CSV file: columns by name, in English or Chinese; every bad line is named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from desk.complaint_rows import Channel
from desk.csv_records import BrokenFile, TooLong, records
from desk.faults import ComplaintError
from desk.intake import Filed, Intake
from desk.reading import NewComplaint

COLUMNS = {
    "accused": ("accused", "number", "caller", "被举报号码", "被叫举报号码", "主叫号码"),
    "reporter": ("reporter", "complainant", "举报人", "举报号码"),
    "called": ("called", "callee", "被叫号码"),
    "at": ("at", "time", "call time", "通话时间", "来电时间"),
    "category": ("category", "类别", "类型"),
    "text": ("text", "description", "内容", "描述"),
    "contact": ("contact", "email", "联系方式"),
    "business": ("business", "company", "企业", "商户"),
    "decision": ("decision",),
    "knew_name": ("knew name", "knew_name"),
    "knew_plan": ("knew plan", "knew_plan"),
    "knew_branch": ("knew branch", "knew_branch", "branch", "营业厅"),
    "knew_purchase": ("knew purchase", "knew_purchase"),
}
_KNOWN = {spelling: name for name, spellings in COLUMNS.items() for spelling in spellings}
_NEEDED = ("accused", "reporter")
_AT_ONCE = 5_000
_HELD = re.compile(r"""'[^']*'|"[^"]*"|[+\w:]*\d[\w,]*""")  # what a reason repeats of its line


class BadLine(NamedTuple):
    """A line that was not taken."""

    line: int
    field: str
    reason: str


class CentreReport(NamedTuple):
    """What came of a file."""

    lines: int
    filed: int
    duplicates: int
    bad: list[BadLine]


async def file_centre(
    intake: Intake, lines: Iterable[str], *, source: str, zone: ZoneInfo, channel: Channel = Channel.CENTRE
) -> CentreReport:
    """File each line that is sound; the same file again adds nothing."""
    count = filed = duplicates = 0
    bad: list[BadLine] = []
    batch: list[tuple[int, NewComplaint]] = []

    async def flush() -> None:
        nonlocal filed, duplicates
        for (line, _), one in zip(batch, await intake.file_many([new for _, new in batch]), strict=True):
            if isinstance(one, Filed):
                filed, duplicates = filed + (not one.duplicate), duplicates + one.duplicate
            else:
                bad.append(BadLine(line, one.field, one.reason))
        batch.clear()

    try:
        for line, row in read_rows(lines):
            count += 1
            try:
                if isinstance(row, TooLong):
                    raise row
                batch.append((line, _complaint(row, source, zone, channel)))
            except ComplaintError as error:
                bad.append(BadLine(line, error.field, error.reason))
            if len(batch) >= _AT_ONCE:
                await flush()
    except BrokenFile as error:
        bad.append(BadLine(error.line, error.field, error.reason))
    await flush()
    return CentreReport(count, filed, duplicates, sorted(bad))


def read_rows(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, str] | TooLong]]:
    """Each record, by the line on which it begins, with its columns by our names."""
    rows = records(lines)
    try:
        _, first = next(rows)
    except StopIteration:
        raise ComplaintError("file", "it is empty; the first line names the columns") from None
    if isinstance(first, TooLong):
        raise first
    header = [name.strip().lstrip("\ufeff").casefold() for name in first]
    names = [_KNOWN.get(name, "") for name in header]
    if missing := [name for name in _NEEDED if name not in names]:
        raise ComplaintError("file", f"there is no column {missing[0]!r}; the first line names the columns")
    for line, row in rows:
        if isinstance(row, TooLong):
            yield line, row
        elif any(cell.strip() for cell in row):
            yield line, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}


class Kind(NamedTuple):
    """Lines that were not taken for the same reason."""

    field: str
    reason: str  # without what each of them holds
    lines: int
    first: int


def kinds(bad: Iterable[BadLine]) -> list[Kind]:
    """What was wrong, counted; the most frequent first."""
    found: dict[tuple[str, str], list[int]] = {}
    for line, field, reason in bad:
        found.setdefault((field, _HELD.sub("...", reason)), []).append(line)
    several = [Kind(field, reason, len(lines), min(lines)) for (field, reason), lines in found.items()]
    return sorted(several, key=lambda kind: (-kind.lines, kind.first))


def _complaint(row: dict[str, str], source: str, zone: ZoneInfo, channel: Channel) -> NewComplaint:
    knew = {name.removeprefix("knew_"): cell for name, cell in row.items() if name.startswith("knew_") and cell}
    return NewComplaint(
        accused=row.get("accused", "").removeprefix("'"),  # as spreadsheets keep what looks like a formula
        reporter=row.get("reporter", "").removeprefix("'"),
        called=row.get("called", "").removeprefix("'"),
        at=_moment(row.get("at", ""), zone),
        category=row.get("category", "") or "other",
        text=row.get("text", ""),
        contact=row.get("contact", ""),
        business=row.get("business", ""),
        knew=knew,
        decision=row.get("decision", ""),
        channel=channel,
        source=source,
    )


def _moment(text: str, zone: ZoneInfo) -> float | None:
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text.replace("/", "-"))
    except ValueError:
        raise ComplaintError("at", f"{text[:40]!r} is no time; write 2026-07-01 12:00") from None
    return (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp()

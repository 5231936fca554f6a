"""Complaints from a complaint centre's CSV file: columns by name, in English or Chinese; every bad line is named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from desk.complaint_rows import Channel
from desk.faults import ComplaintError
from desk.intake import Filed, Intake
from desk.reading import NewComplaint
from rules.lists.list_files import unmarked_number
from rules.texts.lines import TooLongLine, lines_of
from rules.texts.quotations import SLIPPED_OUT, slipped_out

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
_MOST_REMARKS = 100  # lines before the one that names the columns
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
    left_out: Sequence[str] = ()  # columns that nobody knows
    unkept: Sequence[BadLine] = ()  # said again by one reporter about one number and day, in other words


async def file_centre(
    intake: Intake, lines: Iterable[str], *, source: str, zone: ZoneInfo, channel: Channel = Channel.CENTRE
) -> CentreReport:
    """File each line that is sound; the same file again adds nothing."""
    count = filed = duplicates = 0
    bad: list[BadLine] = []
    unknown: list[str] = []
    batch: list[tuple[int, NewComplaint]] = []
    said: dict[str, tuple[int, int]] = {}  # by reference: the line that said it first, and a hash of its words
    unkept: list[BadLine] = []

    async def flush() -> None:
        nonlocal filed, duplicates
        for (line, new), one in zip(batch, await intake.file_many([new for _, new in batch]), strict=True):
            if isinstance(one, Filed):
                filed, duplicates = filed + (not one.duplicate), duplicates + one.duplicate
                words = hash((new.category, new.text, new.contact, new.business, new.decision, *new.knew.items()))
                first, before = said.setdefault(one.reference, (line, words))
                if words != before:
                    same = f"the same reporter, number and day as line {first}: one complaint, which keeps the words"
                    unkept.append(BadLine(line, "text", f"{same} of that line and not of this one"))
            else:
                bad.append(BadLine(line, one.field, one.reason))
        batch.clear()

    try:
        for line, row in read_rows(lines, unknown):
            count += 1
            try:
                if isinstance(row, ComplaintError):
                    raise row
                batch.append((line, _complaint(row, source, zone, channel)))
            except ComplaintError as error:
                bad.append(BadLine(line, error.field, error.reason))
            if len(batch) >= _AT_ONCE:
                await flush()
    except BrokenFile as error:
        bad.append(BadLine(error.line, error.field, error.reason))
    await flush()
    return CentreReport(count, filed, duplicates, sorted(bad), unknown, unkept)


def read_rows(
    lines: Iterable[str], unknown: list[str] | None = None
) -> Iterator[tuple[int, dict[str, str] | ComplaintError]]:
    """Each record, by the line on which it begins, with its columns by our names; `unknown` gets all others."""
    rows = (row for row in records(lines) if not _is_remark(row[1]))
    try:
        _, first = next(rows)
    except StopIteration:
        raise ComplaintError("file", "it is empty; the first line names the columns") from None
    if isinstance(first, ComplaintError):
        raise first
    header = [name.strip().lstrip("\ufeff").casefold() for name in first]
    names = [_KNOWN.get(name, "") for name in header]
    if twice := [name for name in _KNOWN.values() if names.count(name) > 1]:
        both = " and ".join(first[at].strip() for at, name in enumerate(names) if name == twice[0])
        raise ComplaintError("file", f"the columns {both} both hold {twice[0]!r}: take one of them out")
    if missing := [name for name in _NEEDED if name not in names]:
        raise ComplaintError("file", f"there is no column {missing[0]!r}; the first line names the columns")
    if unknown is not None:
        unknown += [shown.strip()[:40] for shown, name in zip(first, names, strict=True) if shown.strip() and not name]
    for line, row in rows:
        if isinstance(row, ComplaintError):
            yield line, row
        elif any(cell.strip() for cell in row[len(names) :]):  # words behind a comma would be lost
            what = f"it has {len(row)} cells, and the first line names {len(names)}"
            yield line, ComplaintError("line", f"{what}: put what holds a separator in quotation marks")
        elif any(cell.strip() for cell in row):
            yield line, {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}


def _is_remark(row: list[str] | ComplaintError) -> bool:
    """Is it a line for people, as files of lists have them: `# from the hotline, July`? #4711 may be somebody."""
    if isinstance(row, ComplaintError) or not row or not row[0].lstrip("\ufeff ").startswith("#"):
        return False
    return row[0].lstrip("\ufeff ")[1:2] in ("", " ", "#") or not any(cell.strip() for cell in row[1:])


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
        accused=unmarked_number(row.get("accused", "")),  # as spreadsheets keep what looks like a formula
        reporter=unmarked_number(row.get("reporter", "")),
        called=unmarked_number(row.get("called", "")),
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


class BrokenFile(ComplaintError):
    """From this line on nobody can tell where records begin and end: a quotation mark that is never closed."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__("file", f"line {line}: {reason}; nothing from there on was read")
        self.line = line


class TooLong(ComplaintError):
    """A record with a cell that is longer than any that could be taken."""

    def __init__(self) -> None:
        super().__init__("line", f"a cell has over {csv.field_size_limit():,} characters")


def records(lines: Iterable[str]) -> Iterator[tuple[int, list[str] | ComplaintError]]:
    """Each record with the line on which it begins. Raises BrokenFile behind the last one that is whole."""
    lines = _bounded(lines) if isinstance(lines, io.TextIOWrapper) else iter(lines)
    head = []
    for line in islice(lines, _MOST_REMARKS):
        head.append(line)
        if not line.startswith(("#", "\ufeff#")):
            break
    delimiter = max(",;\t", key=head[-1].count if head else "".count)  # as spreadsheets save a file here and there
    source = _Lines(chain(head, lines), delimiter)
    rows = csv.reader(source, delimiter=delimiter)
    while True:
        source.begin()
        try:
            row: list[str] | ComplaintError = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "field larger" not in str(error):
                raise BrokenFile(source.first, str(error)) from error
            row, rows = TooLong(), csv.reader(source, delimiter=delimiter)
            if not source.skip_record():
                raise BrokenFile(source.first, "a quotation mark is never closed") from error
        if source.ended and source.inside():  # else the rest of the file would be one cell
            raise BrokenFile(source.first, "a quotation mark is never closed")
        if source.is_spoilt(delimiter):
            row = ComplaintError("line", SLIPPED_OUT)
        yield source.first, row


def _bounded(text: io.TextIOWrapper) -> Iterator[str]:
    try:
        yield from lines_of(text)
    except TooLongLine as error:
        raise BrokenFile(error.line, str(error)) from error


class _Lines:
    """Gives lines to csv.reader, and knows where its record began and what it has read of it."""

    def __init__(self, lines: Iterable[str], delimiter: str) -> None:
        self._lines, self._opening = iter(lines), f'{delimiter}"'
        self._read: list[str] = []  # of the record at hand
        self._number = 0
        self.first = 1
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        try:
            line = next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self._number += 1
        self._read.append(line)
        return line

    def begin(self) -> None:
        """A record begins with the next line."""
        self._read.clear()
        self.first = self._number + 1

    def is_spoilt(self, delimiter: str) -> bool:
        """Do digits stand behind the quotation marks of a cell?"""
        return any('"' in line for line in self._read) and slipped_out("".join(self._read), delimiter)

    def inside(self) -> bool:
        """Does what was read of the record end inside quotation marks?"""
        inside = False
        for line in self._read:
            inside = _inside_after(line, inside, self._opening)
        return inside

    def skip_record(self) -> bool:
        """Read on to the end of the record; False: the file ends before it."""
        inside = self.inside()
        self._read.clear()
        while inside:
            try:
                line = next(self)
            except StopIteration:
                return False
            self._read.clear()
            inside = _inside_after(line, inside, self._opening)
        return True


def _inside_after(line: str, inside: bool, opening: str) -> bool:
    """Is the end of this line inside quotation marks, as csv reads it, when its beginning is or is not?"""
    place = 0
    if not inside and line.startswith('"'):
        inside, place = True, 1
    while True:
        if inside:
            place = line.find('"', place) + 1
            if not place:
                return True
            if line.startswith('"', place):  # two of them are one that belongs to the text
                place += 1
                continue
            inside = False
        place = line.find(opening, place)  # a quotation mark opens at the beginning of a cell only
        if place < 0:
            return False
        inside, place = True, place + 2

"""Files of numbers: CSV in any column order, encoding and delimiter, JSON lines, plain text; lines come out."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

# What columns are called, in what we have seen; compared in lower case without blanks, hyphens and underscores.
COLUMNS = {
    "number": (
        *("number", "entry", "code", "prefix", "phone", "phonenumber", "tel", "telephone", "msisdn", "caller"),
        *("号码", "电话", "电话号码", "主叫号码", "码号", "号段"),
    ),
    "reason": ("reason", "why", "category", "原因", "类别"),
    "source": ("source", "来源"),
    "expires": ("expires", "until", "有效期"),
    "evidence": ("evidence", "reference", "证据"),
    "holder": ("holder", "使用单位", "持有单位"),
    "host": ("host", "hostingoperator", "operator", "运营商", "接入运营商"),
    "valid_until": ("validuntil", "valid", "有效期至"),
    "trunks": ("trunks", "trunk", "中继"),
    "licence": ("licence", "license", "许可证"),
    "document": ("document", "documenthash"),
    "purpose": ("purpose", "用途"),
    "hours": ("hours", "时段"),
    "review": ("review", "reviewdate", "复核日期"),
    "owner": ("owner", "责任人"),
    "approver": ("approver", "审批人"),
    "except": ("except", "exceptions", "例外"),
    "note": ("note", "comment", "remark", "remarks", "备注"),
}
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_LOOKED_AT = 65_536
_LONGEST_LINE = 65_536
_MOST_LINES = 20  # of one cell; more stand between the quotation marks of two
_NO_TEXT = {
    b"PK\x03\x04": "it is an Excel workbook or another zip archive: save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "it is an Excel workbook: save it as CSV (UTF-8)",
    b"\x1f\x8b": "it is packed: unpack it, with `zcat FILE | ringfence lists import LIST -`",
    b"%PDF": "it is a PDF: save what it was made from as CSV (UTF-8)",
    b"SQLite format 3": "it is a database; `ringfence lists export` writes what can be imported",
}
FAULT = ""  # stands in place of a column when the line cannot be read, and says why

Line = tuple[int, str, Mapping[str, str]]  # number of the line, the entry as written, the other columns


class ListFileError(ValueError):
    """A file of numbers that cannot be read; the message names the line and what would be right."""


def read_lines(stream: BinaryIO, *, column: str = "", faults: bool = False) -> Iterator[Line]:
    """Each line's entry and further columns.

    ``column`` names columns whose header is unusual or missing, by header or place: ``Anruf``, ``number=2,reason=Why``.
    With ``faults``, a line of JSON that cannot be read comes as it is, with why under `FAULT`; else it ends it all.
    """
    head = stream.read(_LOOKED_AT)
    encoding = _encoding(head)
    whole = _Rejoined(head, stream)
    text = io.TextIOWrapper(io.BufferedReader(whole, _PIECE), encoding=encoding, newline="")
    count = 0
    try:
        first = text.readline(_LONGEST_LINE)
        lines = _Again(first, text)
        found = _json_lines(lines, faults) if first.lstrip().startswith("{") else _table(lines, first, column)
        for line in found:
            count = line[0]
            yield line
    except UnicodeDecodeError as error:
        at = whole.lines - error.object[error.start :].count(b"\n") + 1 if encoding in _BY_BYTES else count + 1
        wrong = "neither UTF-8 nor GB18030" if encoding == "gb18030" else f"not {encoding} throughout"
        raise ListFileError(f"line {at}: it is {wrong}; save the file as UTF-8") from error
    except csv.Error as error:
        raise ListFileError(f"line {count + 1}: {error}") from error


_PIECE = 8192  # as TextIOWrapper asks for: so what it fails to decode ends with what was read last
_BY_BYTES = ("utf-8", "utf-8-sig", "gb18030")  # in which a byte 10 is the end of a line and nothing else


def _encoding(head: bytes) -> str:
    for beginning, what in _NO_TEXT.items():
        if head.startswith(beginning):
            raise ListFileError(f"line 1: {what}")
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.count(0) > len(head) // 4:  # UTF-16 without a mark: every other byte of digits and commas is 0
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _table(lines: Iterator[str], first: str, column: str) -> Iterator[Line]:
    said = _SEPARATOR.fullmatch(first.strip().strip('"'))  # the first line of files that Excel shall open
    delimiter = said[1] if said else max(",;\t", key=first.count)
    ended = False

    def end() -> Iterator[str]:
        nonlocal ended
        ended = True
        yield _END

    rows = csv.reader(chain(lines, end()), delimiter=delimiter, skipinitialspace=True)
    if said:
        next(rows)
    fields: list[tuple[int, str]] = []
    at, started, before = 0, False, rows.line_num
    for row in rows:
        if (ended and row != [_END]) or rows.line_num > before + _MOST_LINES:
            raise ListFileError(f"line {before + 1}: a quotation mark is opened there and not closed")
        before = rows.line_num
        if not row or not (row[0].strip() or len(row) > 1) or row[0].startswith("#"):
            continue
        if not started:
            started = True
            at, fields, heads = _header(row, column)
            if heads:
                continue
        if at >= len(row):
            yield rows.line_num, "", {}
            continue
        number = row[at]
        if number[:1] in _MARKS:
            number = _unmarked_number(number)
        if fields:
            others = {name: row[i].strip() for i, name in fields if i < len(row) and row[i].strip()}
            yield rows.line_num, number, {name: _unmarked(cell) for name, cell in others.items()}
        else:
            yield rows.line_num, number, _NOTHING


_END = "#"  # as a line of its own it is skipped; in an open quotation it becomes part of a cell
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_MARKS = frozenset("='")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def _unmarked_number(cell: str) -> str:
    """A number without what keeps spreadsheets from reading it as one: ="0755...", '0755..."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell.removeprefix("'")


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection); `read_lines` gives it back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unmarked(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


_NOTHING: Mapping[str, str] = {}


def _header(row: list[str], column: str) -> tuple[int, list[tuple[int, str]], bool]:
    """Which column holds the numbers, which what else, and whether the row says so itself or is the first entry."""
    names = [name.strip() for name in row]
    known = [_FIELD_OF.get(name.lower().translate(_BLANKS), "") for name in names]
    given, named = _given(names, column)
    if "number" in given or "number" in known:
        at = given["number"] if "number" in given else known.index("number")
    elif any(known) or given:
        raise ListFileError(f"line 1: which column holds the numbers? Name it; there are {', '.join(names)}")
    elif len(row) > 1 and not any(any(c.isdigit() for c in cell) for cell in row):
        raise ListFileError(f"line 1: no column is known; name that of the numbers (--column): {', '.join(names)}")
    else:
        return 0, [], False
    heads = named or "number" in known or not any(c.isdigit() for c in names[at])
    fields = {name: i for i, name in enumerate(known) if name and heads} | given
    return at, [(i, name) for name, i in fields.items() if name != "number" and i != at], heads


def _given(names: list[str], column: str) -> tuple[dict[str, int], bool]:
    """The columns that a person named: ``Anruf``, ``2`` or ``number=Anruf,reason=3``; was one named by its header?"""
    found: dict[str, int] = {}
    named = False
    for part in [column] if column in names else filter(None, column.split(",")):
        field, _, where = part.rpartition("=")
        if part in names:
            field, where = "", part
        field = field.strip() or "number"
        if field not in COLUMNS:
            raise ListFileError(f"line 1: no column is called {field!r} here; there are {', '.join(COLUMNS)}")
        if where.strip() in names:
            found[field], named = names.index(where.strip()), True
        elif where.strip().isdecimal() and 0 < int(where) <= len(names):
            found[field] = int(where) - 1
        else:
            raise ListFileError(f"line 1: there is no column {where!r}; it has {', '.join(names)}")
    return found, named


_BLANKS = str.maketrans("", "", " -_")


def _json_lines(lines: Iterator[str], faults: bool) -> Iterator[Line]:
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        fault = ""
        try:
            found = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            fault = f"no JSON object ({getattr(error, 'msg', error)})"
        else:
            if not isinstance(found, dict) or not isinstance(found.get("number"), str):
                fault = 'expected an object such as {"number": "+86138..."}, the number as text'
        if fault and not faults:
            raise ListFileError(f"line {count}: {fault}")
        if fault:
            yield count, line.strip()[:_SHOWN], {FAULT: fault}
            continue
        others = {name: str(found[name]) for name in COLUMNS if name != "number" and found.get(name)}
        yield count, found["number"], others


_SHOWN = 80  # characters of a line that cannot be read


class _Again:
    """The first line once more, then the others."""

    def __init__(self, first: str, rest: Iterator[str]) -> None:
        self._first: str | None = first
        self._rest = rest

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self._first is not None:
            first, self._first = self._first, None
            if first:
                return first
        return next(self._rest)


class _Rejoined(io.RawIOBase):
    """A stream whose beginning was read already, from the beginning."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head, self._rest = head, rest
        self.lines = 0  # ends of lines that were read so far

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._head[: len(view)] or self._rest.read(len(view))
        self._head = self._head[len(data) :]
        view[: len(data)] = data
        self.lines += data.count(b"\n")
        return len(data)

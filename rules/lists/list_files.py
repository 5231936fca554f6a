"""Files of numbers: CSV in any column order, encoding and delimiter, JSON lines, plain text; lines come out."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
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

Line = tuple[int, str, Mapping[str, str]]  # number of the line, the entry as written, the other columns


class ListFileError(ValueError):
    """A file of numbers that cannot be read; the message names the line and what would be right."""


def read_lines(stream: BinaryIO, *, column: str = "") -> Iterator[Line]:
    """Each line's entry and further columns; ``column`` names the column of numbers if its header is unusual."""
    head = stream.read(_LOOKED_AT)
    encoding = _encoding(head)
    text = io.TextIOWrapper(io.BufferedReader(_Rejoined(head, stream)), encoding=encoding, newline="")
    count = 0
    try:
        first = text.readline(_LONGEST_LINE)
        lines = _Again(first, text)
        found = _json_lines(lines) if first.lstrip().startswith("{") else _table(lines, first, column)
        for line in found:
            count = line[0]
            yield line
    except UnicodeDecodeError as error:
        raise ListFileError(f"line {count + 1}: it is not {encoding} throughout; save the file as UTF-8") from error
    except csv.Error as error:
        raise ListFileError(f"line {count + 1}: {error}") from error


def _encoding(head: bytes) -> str:
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
    rows = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
    if said:
        next(rows)
    fields: list[tuple[int, str]] = []
    at, started = 0, False
    for row in rows:
        if not row or not (row[0].strip() or len(row) > 1) or row[0].startswith("#"):
            continue
        if not started:
            started = True
            header = _header(row, column)
            if header is not None:
                at, fields = header
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


def _header(row: list[str], column: str) -> tuple[int, list[tuple[int, str]]] | None:
    """Which column holds what; None when the row is no header."""
    names = [name.strip() for name in row]
    known = [_FIELD_OF.get(name.lower().translate(_BLANKS), "") for name in names]
    if column:
        if column not in names:
            raise ListFileError(f"line 1: there is no column {column!r}; it has {', '.join(names)}")
        at = names.index(column)
    elif "number" in known:
        at = known.index("number")
    elif any(known):
        raise ListFileError(f"line 1: which column holds the numbers? Name it; there are {', '.join(names)}")
    elif len(row) > 1 and not any(any(c.isdigit() for c in cell) for cell in row):
        raise ListFileError(f"line 1: no column is known; name that of the numbers (--column): {', '.join(names)}")
    else:
        return None
    return at, [(i, name) for i, name in enumerate(known) if name not in ("", "number") and i != at]


_BLANKS = str.maketrans("", "", " -_")


def _json_lines(lines: Iterator[str]) -> Iterator[Line]:
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            raise ListFileError(f"line {count}: no JSON object ({error.msg})") from error
        if not isinstance(found, dict) or not isinstance(found.get("number"), str):
            raise ListFileError(
                f'line {count}: expected an object such as {{"number": "+86138..."}}, the number as text'
            )
        others = {name: str(found[name]) for name in COLUMNS if name != "number" and found.get(name)}
        yield count, found["number"], others


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

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._head[: len(view)] or self._rest.read(len(view))
        self._head = self._head[len(data) :]
        view[: len(data)] = data
        return len(data)

"""Files of numbers: CSV in any column order, encoding and delimiter, JSON lines, plain text; lines come out."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from rules.numbering.spelling import fold, is_digits, without_separators
from rules.texts.encodings import encoding_of
from rules.texts.lines import TooLongLine, lines_of
from rules.texts.quotations import SLIPPED_OUT, slipped_out

# Columns of beginnings: each cell stands for all numbers that begin so.
_BEGINNINGS = (
    *("prefix", "prefixes", "prefixe", "prefixo", "prefijo", "numberprefix", "range", "ranges", "numberrange"),
    *("号段", "码段", "号码段", "前缀", "号码前缀", "字冠", "冠字", "號段", "前綴"),
)
_AREAS = ("areacode", "npa", "npanxx", "vorwahl", "区号", "區號")  # likewise, where a person names that column
# What columns are called, in what we have seen; compared in lower case without blanks, hyphens and underscores.
COLUMNS = {
    "number": (
        *("number", "entry", "code", "phone", "phonenumber", "tel", "telephone", "msisdn", "caller"),
        *("号码", "电话", "电话号码", "手机号", "手机号码", "主叫号码", "码号", "代码"),
        *_BEGINNINGS,
    ),
    "reason": ("reason", "why", "category", "原因", "理由", "类别"),
    "source": ("source", "来源"),
    "expires": ("expires", "until", "有效期", "到期", "到期日", "到期日期", "失效日期"),
    "evidence": ("evidence", "reference", "证据"),
    "holder": ("holder", "使用单位", "持有单位", "使用者", "持有者", "持有人", "单位名称", "企业名称"),
    "host": ("host", "hostingoperator", "operator", "运营商", "接入运营商", "接入商", "归属运营商", "电信企业"),
    "valid_until": ("validuntil", "valid", "有效期至", "有效期截止", "使用期限", "截止日期"),
    "trunks": ("trunks", "trunk", "中继"),
    "licence": ("licence", "license", "许可证"),
    "document": ("document", "documenthash"),
    "purpose": ("purpose", "用途", "使用用途", "业务用途", "业务类型"),
    "hours": ("hours", "时段"),
    "review": ("review", "reviewdate", "复核日期"),
    "owner": ("owner", "责任人"),
    "approver": ("approver", "审批人"),
    "except": ("except", "exceptions", "例外"),
    "note": ("note", "comment", "remark", "remarks", "备注"),
}
_FIELD_OF = {name: field for field, names in COLUMNS.items() for name in names}
_LOOKED_AT = 65_536
_LONGEST_LINE = 1 << 20  # characters: a row has some hundreds
_MOST_BEFORE = 1_000  # blank lines and comments before the first row
_MOST_LINES = 20  # of one cell; more stand between the quotation marks of two
_NO_TEXT = {
    b"PK\x03\x04": "it is an Excel workbook or another zip archive: save it as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "it is an Excel workbook: save it as CSV (UTF-8)",
    b"\x1f\x8b": "it is packed: unpack it, with `zcat FILE | ringfence lists import LIST -`",
    b"%PDF": "it is a PDF: save what it was made from as CSV (UTF-8)",
    b"SQLite format 3": "it is a database; `ringfence lists export` writes what can be imported",
}
FAULT = ""  # stands in place of a column when the line cannot be read, and says why

FileLine = tuple[int, str, Mapping[str, str]]  # number of the line, the entry as written, the other columns


class ListFileError(ValueError):
    """A file of numbers that cannot be read; the message names the line and what would be right."""

    def __init__(self, reason: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.reason, self.line = reason, line


# What an entry of a list can have; the others belong to codes of the range ledger.
OF_ENTRIES = frozenset(COLUMNS) - {"holder", "host", "valid_until"}
_MEANT = {"valid_until": "expires"}  # in a file without a column of that name
_NAMED = 20  # columns that are not understood, by name


@dataclass(slots=True)
class Seen:
    """What a file holds beside the rows that come out: it is told, so that nothing is dropped in silence."""

    not_understood: list[str] = field(default_factory=list)  # columns, by header or place
    comments: int = 0  # lines that begin with #

    def column(self, name: str, *, once: str = "") -> None:
        """A column that nothing was done with; of those that begin with ``once`` the first is enough."""
        told = any(one.startswith(once) for one in self.not_understood) if once else name in self.not_understood
        if not told and len(self.not_understood) < _NAMED:
            self.not_understood.append(name)


def read_lines(
    stream: BinaryIO,
    *,
    column: str = "",
    faults: bool = False,
    encoding: str = "",
    wanted: Collection[str] = frozenset(COLUMNS),
    seen: Seen | None = None,
    stars: bool = False,
) -> Iterator[FileLine]:
    """Each line's entry and further columns, of those that are ``wanted``; ``seen`` learns what else there was.

    With ``stars``, what stands in a column of beginnings (`号段`, `prefix`) gets the star that it lacks.

    ``column`` names columns whose header is unusual or missing, by header or place: ``Anruf``, ``number=2,reason=Why``.
    With ``faults``, a line of JSON that cannot be read comes as it is, with why under `FAULT`; else it ends it all.
    """
    seen = Seen() if seen is None else seen
    head = stream.read(_LOOKED_AT)
    given, encoding = encoding, _encoding(head, encoding)
    whole = _Rejoined(head, stream)
    text = io.TextIOWrapper(io.BufferedReader(whole, _PIECE), encoding=encoding, newline="")
    count = 0
    try:
        rest = lines_of(text, _LONGEST_LINE)
        before = [first := next(rest, "")]
        while (first.lstrip().startswith("#") or (first and not first.strip())) and len(before) < _MOST_BEFORE:
            before.append(first := next(rest, ""))
        lines = chain(before if first else before[:-1], rest)
        if first.lstrip().startswith("{"):
            found = _json_lines(lines, faults, wanted, seen, stars)
        else:
            said = _SEPARATOR.fullmatch(before[0].strip().strip('"'))
            found = _table(lines, before[0] if said else first, column, wanted, seen, faults=faults, stars=stars)
        for line in found:
            count = line[0]
            yield line
    except UnicodeDecodeError as error:
        at = whole.lines - error.object[error.start :].count(b"\n") + 1 if encoding in _BY_BYTES else count + 1
        wrong = (
            "neither UTF-8 nor GB18030"
            if encoding == "gb18030" and not given
            else f"not {encoding.removesuffix('-sig')} throughout"
        )
        raise ListFileError(f"it is {wrong}; save the file as UTF-8, or say its --encoding", at) from error
    except TooLongLine as error:
        raise ListFileError(str(error), error.line) from error
    except csv.Error as error:
        raise ListFileError(str(error), count + 1) from error


_PIECE = 8192  # as TextIOWrapper asks for: so what it fails to decode ends with what was read last
_BY_BYTES = ("utf-8", "utf-8-sig", "gb18030")  # in which a byte 10 is the end of a line and nothing else


def _encoding(head: bytes, given: str) -> str:
    for beginning, what in _NO_TEXT.items():
        if head.startswith(beginning):
            raise ListFileError(what, 1)
    if given:
        return _named(given)
    if len(head) > 1 and not head.strip(b"\0"):
        raise ListFileError("it holds nothing but zeros: it is no text", 1)
    if found := encoding_of(head, whole=False):
        return found
    beyond = next(at for at, byte in enumerate(head) if byte >= 128)
    what = "it is neither UTF-8 nor GB18030; save the file as UTF-8, or say its --encoding (latin-1, big5 ...)"
    raise ListFileError(what, head.count(b"\n", 0, beyond) + 1)


def _named(encoding: str) -> str:
    """The encoding that a person named, if it is one of text."""
    try:
        found = codecs.lookup(encoding)
        if not found._is_text_encoding:  # hex, zip and the like
            raise LookupError
    except LookupError as error:
        raise ListFileError(f"no encoding is called {encoding!r}; write one such as utf-8, gb18030, big5", 1) from error
    return "utf-8-sig" if found.name == "utf-8" else found.name


def _table(
    lines: Iterator[str],
    first: str,
    column: str,
    wanted: Collection[str],
    seen: Seen,
    *,
    faults: bool,
    stars: bool,
) -> Iterator[FileLine]:
    fields: list[tuple[int, str]] = []
    at, width, started, behind_a_sign, begun = 0, 0, False, False, False
    for line, row, fault in _rows(lines, first):
        if row[0].startswith("#") and not (started and at and _CASE.match(row[0])):
            if started or not _is_header(uncovered := [row[0].lstrip("# "), *row[1:]]):
                seen.comments += 1
                continue
            row, behind_a_sign = uncovered, True  # columns #, number, reason: the first has the numbers of the rows
        elif behind_a_sign and _is_header(row):
            started = behind_a_sign = False  # that was a comment on the columns, after all
        if not started:
            started = True
            at, fields, heads = _header(row, column, wanted, seen)
            width = len(row)
            begun = stars and heads and _plain(row[at]) in (*_BEGINNINGS, *_AREAS)
            if heads:
                continue
        behind_a_sign = False
        if len(row) > width and any(map(str.strip, row[width:])):
            seen.column(f"cells beyond column {width} (line {line})", once="cells beyond")
        if fault and not faults:
            raise ListFileError(fault, line)
        number = row[at] if at < len(row) else ""
        if number[:1] in _MARKS:
            number = unmarked_number(number)
        if fault:
            yield line, number, {FAULT: fault}
            continue
        if begun:
            number = _with_star(number)
        if fields:
            others = {name: row[i].strip() for i, name in fields if i < len(row) and row[i].strip()}
            yield line, number, {name: _unmarked(cell) for name, cell in others.items()} if at < len(row) else _NOTHING
        else:
            yield line, number, _NOTHING


def _rows(lines: Iterator[str], first: str) -> Iterator[tuple[int, list[str], str]]:
    """The line at which each row ends that holds something, the row, and what is wrong with how it is written."""
    said = _SEPARATOR.fullmatch(first.strip().strip('"'))  # the first line of files that Excel shall open
    delimiter = said[1] if said else max(",;\t", key=first.count)
    raw: list[str] = []  # the lines of the row that is read
    ended = False

    def noted() -> Iterator[str]:
        nonlocal ended
        for line in lines:
            raw.append(line)
            yield line
        ended = True
        yield _END

    rows = csv.reader(noted(), delimiter=delimiter, skipinitialspace=True)
    if said:
        next(rows)
    before = rows.line_num
    for row in rows:
        if (ended and row != [_END]) or rows.line_num > before + _MOST_LINES:
            raise ListFileError("a quotation mark is opened there and not closed", before + 1)
        before = rows.line_num
        spoilt = any('"' in line for line in raw) and slipped_out("".join(raw), delimiter)
        raw.clear()
        if not ended and row and (row[0].strip() or len(row) > 1):
            yield before, row, SLIPPED_OUT if spoilt else ""


_END = "#"  # as a line of its own it is skipped; in an open quotation it becomes part of a cell
_SEPARATOR = re.compile(r"sep=(.)", re.IGNORECASE)
_MARKS = frozenset("='")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")


def unmarked_number(cell: str) -> str:
    """A number without what keeps spreadsheets from reading it as one: ="0755...", '0755..."""
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') else cell.removeprefix("'")


def harmless(cell: str) -> str:
    """Text that no spreadsheet takes for a formula (OWASP, CSV injection); `read_lines` gives it back."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _unmarked(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and _FORMULA.match(cell) else cell


_CASE = re.compile(r"#[0-9]")  # in a column of its own, #4711 is no comment
_DECIMAL = re.compile(r".*\.\s*[0-9]{0,2}\s*")


def _with_star(cell: str) -> str:
    """A cell of a column of beginnings with its star: ``1380013`` means all that begin so.

    Whoever reads entries says what is wrong with anything else, and takes what has its star, or is a range.
    """
    folded = fold(cell).strip()
    one, hyphen, other = folded.partition("-")
    if hyphen and len(one.strip()) == len(other.strip()) and "-" not in other:  # 95500-95599 is no range as we write it
        return cell
    digits = without_separators(folded).removeprefix("+")
    if not is_digits(digits.rpartition(":")[2]) or ".." in folded or _DECIMAL.fullmatch(folded):
        return cell
    return f"{cell}*"


_NOTHING: Mapping[str, str] = {}


def _plain(name: str) -> str:
    return _IN_BRACKETS.sub("", fold(name)).strip().lower().translate(_BLANKS)


def _field(name: str) -> str:
    """What a column of this name holds; nothing where that is not known."""
    return _FIELD_OF.get(_plain(name), "")


def _is_header(row: list[str]) -> bool:
    """Does it name the column of the numbers, beside others?"""
    return len(row) > 1 and "number" in map(_field, row)


def _header(
    row: list[str], column: str, wanted: Collection[str], seen: Seen
) -> tuple[int, list[tuple[int, str]], bool]:
    """Which column holds the numbers, which what else, and whether the row says so itself or is the first entry."""
    names = [name.strip() for name in row]
    known = [_field(name) for name in names]
    free = {*wanted} - {*known}
    known = [_MEANT[name] if name not in wanted and _MEANT.get(name) in free else name for name in known]
    known = [name if name in wanted else "" for name in known]
    given, named = _given(names, column)
    if "number" in given or "number" in known:
        at = given["number"] if "number" in given else known.index("number")
    elif any(known) or given:
        raise ListFileError(f"which column holds the numbers? Name it; there are {', '.join(names)}", 1)
    elif len(row) > 1 and not any(any(c.isdigit() for c in cell) for cell in row):
        raise ListFileError(f"no column is known; name that of the numbers (--column): {', '.join(names)}", 1)
    else:
        for place in range(2, len(names) + 1):
            seen.column(f"column {place}")
        return 0, [], False
    said = "number" in known and "number" not in given  # a place was given: what another cell says names no columns
    heads = named or said or not any(c.isdigit() for c in names[at])
    if heads:
        _refuse_doubled(names, known, given)
    fields = {name: i for i, name in enumerate(known) if name and heads} | given
    used = {at, *fields.values()}
    for i, name in enumerate(names):
        if i not in used and (name or not heads):
            seen.column(name if heads else f"column {i + 1}")
    return at, [(i, name) for name, i in fields.items() if name != "number" and i != at], heads


def _refuse_doubled(names: list[str], known: list[str], given: Mapping[str, int]) -> None:
    """Two columns of one meaning: one of them would be lost."""
    for name in dict.fromkeys(filter(None, known)):
        places = [i for i, one in enumerate(known) if one == name]
        if len(places) > 1 and name not in given:
            which = " and ".join(f"column {i + 1} ({names[i]})" for i in places)
            raise ListFileError(f"{which} both hold {name}: say which counts (--column {name}={places[0] + 1})", 1)


def _given(names: list[str], column: str) -> tuple[dict[str, int], bool]:
    """The columns that a person named: ``Anruf``, ``2`` or ``number=Anruf,reason=3``; was one named by its header?"""
    found: dict[str, int] = {}
    named = False
    for part in [column] if column and column in names else filter(None, column.split(",")):
        field, _, where = part.rpartition("=")
        if part in names:
            field, where = "", part
        field = field.strip() or "number"
        if field not in COLUMNS:
            raise ListFileError(f"no column is called {field!r} here; there are {', '.join(COLUMNS)}", 1)
        if where.strip() in names:
            found[field], named = names.index(where.strip()), True
        elif where.strip().isdecimal() and 0 < int(where) <= len(names):
            found[field] = int(where) - 1
        else:
            raise ListFileError(f"there is no column {where!r}; it has {', '.join(names)}", 1)
    return found, named


_BLANKS = str.maketrans("", "", " -_*:：\u3000")  # a star and a colon stand beside names in forms
_IN_BRACKETS = re.compile(r"[(（\[【].*?[)）\]】]")


def _json_lines(
    lines: Iterator[str], faults: bool, wanted: Collection[str], seen: Seen, stars: bool
) -> Iterator[FileLine]:
    for count, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line.lstrip().startswith("#"):
            seen.comments += 1
            continue
        fault = ""
        try:
            found = json.loads(line, object_pairs_hook=_once)
        except _TwiceError as error:
            fault = str(error)
        except (json.JSONDecodeError, RecursionError) as error:
            fault = f"no JSON object ({getattr(error, 'msg', error)})"
        else:
            try:
                found = _by_field(found, wanted, seen, stars) if isinstance(found, dict) else found
            except _TwiceError as error:
                fault = str(error)
            if not fault and (not isinstance(found, dict) or not isinstance(found.get("number"), str)):
                fault = 'expected an object such as {"number": "+86138..."}, the number as text'
        if fault and not faults:
            raise ListFileError(fault, count)
        if fault:
            yield count, line.strip()[:_SHOWN], {FAULT: fault}
            continue
        others = {name: str(value) for name, value in found.items() if name != "number" and value not in _UNSAID}
        yield count, found["number"], others


_UNSAID: tuple[object, ...] = (None, "", [], {})  # a 0 or false says something, which its field reads or refuses


class _TwiceError(ValueError):
    """A value that is given twice: one of them would be lost."""


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TwiceError(f"the key {twice!r} stands in it twice: leave one of them out")
    return found


def _by_field(found: Mapping[str, object], wanted: Collection[str], seen: Seen, stars: bool) -> dict[str, object]:
    """The values by what they are, under whatever name; a name that is not understood is told if it has a value."""
    read: dict[str, object] = {}
    names: dict[str, str] = {}
    for name, value in found.items():
        field_ = _field(name)
        if field_ not in wanted:
            field_ = _MEANT.get(field_, "")
        if field_ and field_ in wanted:
            if field_ in names and value not in (None, "") and read[field_] not in (None, ""):
                raise _TwiceError(f"{names[field_]!r} and {name!r} both hold {field_}: leave one of them out")
            if field_ not in names or value not in (None, ""):
                read[field_], names[field_] = value, name
        elif value not in (None, "", [], {}):
            seen.column(name)
    number = read.get("number")
    if isinstance(number, str) and number[:1] in _MARKS:
        read["number"] = number = unmarked_number(number)
    if stars and isinstance(number, str) and _plain(names["number"]) in _BEGINNINGS:
        read["number"] = _with_star(number)
    return read


_SHOWN = 80  # characters of a line that cannot be read


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

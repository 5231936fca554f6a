"""An office directory as a CSV file: columns office, and if wished bank, aliases (parted by |) and answers."""

from __future__ import annotations

import csv
import io

from desk.faults import ComplaintError
from desk.offices import NewOffice
from rules.texts.bad_value import BadValue
from rules.texts.encodings import decoded

COLUMNS = ("office", "bank", "aliases", "answers")
_LONGEST = 16 << 20  # bytes
_CHINESE = {
    **dict.fromkeys(("网点", "机构", "营业厅", "分支机构"), "office"),
    **dict.fromkeys(("银行", "平台", "总机构"), "bank"),
    **dict.fromkeys(("别名", "其他名称"), "aliases"),
    **dict.fromkeys(("负责人", "负责部门"), "answers"),
}


def read_offices(raw: bytes) -> list[NewOffice]:
    """The offices of a file; ComplaintError names what is wrong with it."""
    if len(raw) > _LONGEST:
        raise ComplaintError("file", f"it has more than {_LONGEST:,} bytes: is this a directory?")
    try:
        rows = csv.reader(io.StringIO(decoded(raw), newline=""), strict=True)
        header = next(rows, None)
        if not header:
            raise ComplaintError("file", "it is empty; the first line names the columns")
        columns = [_CHINESE.get(name.strip(), name.strip().casefold()) for name in header]
        if unknown := next((name for name in columns if name not in COLUMNS), None):
            raise ComplaintError(
                "file", f"there is no column {unknown[:40]!r}; the first line names {', '.join(COLUMNS)}"
            )
        if "office" not in columns:
            raise ComplaintError("file", "there is no column 'office'; the first line names the columns")
        found = []
        for row in rows:
            if any(cell.strip() for cell in row[len(columns) :]):
                what = f"it has {len(row)} cells, and the first line names {len(columns)}; aliases are parted by |"
                raise ComplaintError("file", f"line {rows.line_num}: {what}")
            if any(cell.strip() for cell in row):
                found.append(_office(dict(zip(columns, row, strict=False))))
        return found
    except BadValue as error:
        raise ComplaintError("file", str(error)) from None
    except csv.Error as error:
        raise ComplaintError("file", f"it is no CSV: {error}") from None


def _office(cells: dict[str, str]) -> NewOffice:
    names = tuple(one.strip() for one in cells.get("aliases", "").split("|") if one.strip())
    return NewOffice(cells["office"], cells.get("bank", ""), names, cells.get("answers", ""))

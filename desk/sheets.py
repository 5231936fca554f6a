"""A report as a workbook: one sheet with title, period and figures; text that no spreadsheet takes for a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.properties import PageSetupProperties

from desk.reading import shown_text

_WIDEST = 40


def workbook(title: str, subtitle: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """The sheet as a file."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ringfence"
    for place, (text, font) in enumerate(((title, Font(bold=True, size=14)), (subtitle, Font(color="666666"))), 1):
        sheet.cell(place, 1, text).font = font
    for place, name in enumerate(columns, 1):
        cell = sheet.cell(4, place, name)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="EEEAE2")
        cell.alignment = Alignment(horizontal="left" if place == 1 else "right", wrap_text=True)
    widths = [len(name) for name in columns]
    for line, row in enumerate(rows, 5):
        for place, value in enumerate(row, 1):
            _write(sheet.cell(line, place), value)
            widths[place - 1] = max(widths[place - 1], len(str("" if value is None else value)))
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = min(width + 3, _WIDEST)
    sheet.freeze_panes = "B5"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _write(cell: Any, value: Any) -> None:
    """Text stays text, also where it begins with an equals sign."""
    if not isinstance(value, str):
        cell.value = value
        return
    try:
        cell.value = value
    except IllegalCharacterError:
        cell.value = shown_text(value)
    cell.data_type = "s"

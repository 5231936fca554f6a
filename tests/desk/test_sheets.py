"""A report as a workbook: figures are figures, and no text is a formula."""

import io

from openpyxl import load_workbook

from desk.sheets import workbook


def test_a_workbook_holds_what_it_was_given():
    made = workbook(
        "Title", "2026年第三季度", ["key", "complaints"], [["=HYPERLINK(1)", 3], ["a\x07b", None], ["中", 2.5]]
    )
    sheet = load_workbook(io.BytesIO(made)).active
    assert [cell.value for cell in sheet["A"]] == [
        "Title",
        "2026年第三季度",
        None,
        "key",
        "=HYPERLINK(1)",
        "a\\u0007b",
        "中",
    ]
    assert sheet["A5"].data_type == "s"
    assert [sheet["B5"].value, sheet["B6"].value, sheet["B7"].value] == [3, None, 2.5]

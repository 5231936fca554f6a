"""A report as a file in each form, out of a desk on which something lies."""

import io

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from desk.report_files import KINDS, report_file
from desk.reports import report
from tests.desk.town import SPAM


async def test_the_same_figures_in_each_form_and_language(town):
    for person in range(3):
        await town.ring(SPAM, town.subscriber(person))
        await town.complain(reporter=town.subscriber(person), knew={"branch": f"Shop 1380013800{person}"})
    await town.desk.counting.catch_up()
    archive = town.desk.archive
    found = await report(archive, "2026Q3", "prefix")
    made = {
        (form, language): await report_file(archive, found, form, language)
        for form in KINDS
        for language in ("en", "zh")
    }
    assert {one.name for one in made.values()} == {f"ringfence-2026Q3-prefix.{form}" for form in KINDS}
    assert made["csv", "zh"].content.decode("utf-8-sig").splitlines()[1].startswith("CN:950,3,3,3,")
    sheet = load_workbook(io.BytesIO(made["xlsx", "en"].content)).active
    assert [cell.value for cell in sheet[5]][:4] == ["CN:950", 3, 3, 3]
    assert sheet["A2"].value == "Third quarter of 2026: 1 July 2026 – 30 September 2026 · by prefix"
    page = PdfReader(io.BytesIO(made["pdf", "en"].content)).pages[0].extract_text()
    assert "Ranges ranked by rate" in page
    assert "10,000.00" in page


@pytest.mark.parametrize("period", ["2026-07", "2026-07-01", "2020Q1"])
async def test_any_period_and_line(town, period):
    await town.complain(knew={"branch": "Shop 13800138000"}, business="call 13800138000")
    for by in ("all", "bank", "branch", "business", "category"):
        file = await report_file(town.desk.archive, await report(town.desk.archive, period, by), "pdf", "zh")
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(file.content)).pages)
        assert "13800138000" not in text

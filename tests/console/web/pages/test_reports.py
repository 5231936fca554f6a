"""Reports: a period spelled out, in both languages, as a page and as files."""

import io
from datetime import datetime

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from ringfence.people import Role
from tests.console.web.pages.desk_house import furnish, planted_in


async def test_a_quarter_as_page_csv_and_workbook(house):
    await furnish(house)
    viewer = await house.visitor(Role.VIEWER)
    shown = await viewer.get("/console/reports", params={"by": "branch"})
    assert shown.status_code == 200
    assert "ABC Bank / Chaoyang" in shown.text
    assert f"of {datetime.now().year}" in shown.text
    assert planted_in(shown.text) == []
    csv = await viewer.get("/console/reports", params={"format": "csv", "by": "branch"})
    assert csv.text.lstrip("\ufeff").startswith("bank and branch,Calls,")
    file = await viewer.get(
        "/console/reports", params={"format": "xlsx", "by": "branch"}, headers={"accept-language": "zh"}
    )
    sheet = load_workbook(io.BytesIO(file.content)).active
    assert (sheet["A1"].value, sheet["A4"].value) == ("骚扰电话投诉及处理情况", "银行与网点")
    made = await viewer.get("/console/reports", params={"format": "pdf", "by": "business"})
    assert (made.headers["content-type"], made.content[:5]) == ("application/pdf", b"%PDF-")
    assert made.headers["content-disposition"].endswith('-business.pdf"')
    assert (await viewer.get("/console/reports", params={"period": "2026Q9"})).status_code == 404
    for by in ("all", "bank", "class", "code", "holder", "prefix", "category", "business", "nonsense"):
        assert (await viewer.get("/console/reports", params={"by": by, "period": "2026-07"})).status_code == 200


async def test_a_bank_leads_to_its_branches_and_its_own_report(house):
    await furnish(house)
    viewer = await house.visitor(Role.VIEWER)
    banks = await viewer.get("/console/reports", params={"by": "bank"})
    assert "bank=ABC+Bank" in banks.text
    own = await viewer.get("/console/reports", params={"bank": "ABC Bank"})
    assert "ABC Bank / Chaoyang" in own.text
    assert "at</b> the lake" not in own.text
    made = await viewer.get("/console/reports", params={"bank": "abc bank", "format": "pdf"})
    assert "branches of ABC Bank" in PdfReader(io.BytesIO(made.content)).pages[0].extract_text()
    assert (await viewer.get("/console/reports", params={"bank": "no bank"})).status_code == 404


@pytest.mark.parametrize("by", ["branch", "business"])
async def test_what_reporters_wrote_is_no_part_of_the_page(house, by):
    """The name of a business is among texts of ours that are translated: markup in it acted for whoever looked."""
    await furnish(house)
    viewer = await house.visitor(Role.VIEWER)
    for language in ("en", "zh"):
        shown = await viewer.get("/console/reports", params={"by": by}, headers={"accept-language": language})
        assert shown.status_code == 200, "a per cent sign of a stranger is no place to fill"
        assert planted_in(shown.text) == []
        assert not any(raw in shown.text for raw in ("<script>alert(1)", "<b>at</b>"))
        assert ("%s" if by == "business" else "the lake") in shown.text

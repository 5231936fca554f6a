"""Nobody is one person: a cell that names none, or hides whom it names, is no reporter."""

from __future__ import annotations

import pytest

from desk.faults import ComplaintError
from desk.nobody import says_nobody
from desk.reading import NewComplaint, read_complaint
from rules.model import Number, NumberClass
from tests.desk.town import SPAM

ACCUSED = Number(SPAM, NumberClass.CN_95)
EMPTY = ("#N/A", "N/A", "n. a.", "-", "—", "?", "...", "NULL", "None", "nan", "unknown", "Unknown Caller", "anonymous")
OF_OTHERS = ("#NV", "#REF!", "#DIV/0!", "#NOMBRE?", "unbekannt", "keine Angabe", "k.A.", "匿名", "неизвестно", "なし")
MASKED = ("138****8000", "030123****", "+4930XXXX", "(212) 555-xxxx", "xxx-xxx-9990", "张**", "138••••8000")
SOMEBODY = ("App-User 7", "Max Xx", "Müller", "Nina", "2026-00123", "AXX-12", "+8613800138001", "1001")


@pytest.mark.parametrize("text", [*EMPTY, *OF_OTHERS, *MASKED, "110", "+86110"])
async def test_nobody_is_no_reporter(town, text):
    with pytest.raises(ComplaintError, match=r"reporter: .*say who complains"):
        read_complaint(town.desk.archive, NewComplaint(SPAM, text), ACCUSED)


@pytest.mark.parametrize("text", SOMEBODY)
async def test_somebody_is(town, text):
    assert not says_nobody(text)
    assert read_complaint(town.desk.archive, NewComplaint(SPAM, text), ACCUSED).reporter

"""Reports: a period in figures, with its trend, ranges ranked by rate; printed as one page, or taken out as a file."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from desk import report_words as words
from desk.faults import ComplaintError
from desk.offices import banks_of
from desk.rates import ranked
from desk.report_files import report_file
from desk.report_periods import earlier
from desk.reports import DIMENSIONS, WRITTEN, Dimension, report
from ringfence.people import Right

PAGE = Page("reports", mark("Reports"), Right.REPORTS_READ, Section.DESK, key="o", order=60)
router = APIRouter()
_QUARTERS = 8
_LINES = 200
BY = {
    "all": mark("all together"),
    "class": mark("kind of number"),
    "code": mark("code"),
    "holder": mark("holder"),
    "bank": mark("bank"),
    "branch": mark("bank and branch"),
    "prefix": mark("prefix"),
    "category": mark("subject"),
    "business": mark("business"),
}
Wanted = Literal["", "csv", "xlsx", "pdf"]


@router.get("")
async def figures(
    visit: Annotated[Visit, PAGE.visited],
    period: Annotated[str, Query(max_length=10)] = "",
    by: Annotated[str, Query(max_length=10)] = "class",
    bank: Annotated[str, Query(max_length=700)] = "",
    form: Annotated[Wanted, Query(alias="format")] = "",
) -> Response:
    """The figures of a period."""
    archive = visit.desk.archive
    await visit.keep_up()
    now = archive.periods(archive.now())[2]
    period = period.strip() or now
    bank = bank.strip()
    dimension: Dimension = "branch" if bank else next((one for one in DIMENSIONS if one == by), "class")
    try:
        found = await report(archive, period, dimension, limit=_LINES, bank=bank)
    except ComplaintError as error:
        raise NotThere(error.reason) from None
    language = words.known(visit.language)
    if form:
        file = await report_file(archive, found, form, language)
        headers = {"content-disposition": f'attachment; filename="{file.name}"'}
        return Response(file.content, media_type=file.kind, headers=headers)
    rates = ranked(found.rows)[:30]
    return visit.show(
        "reports.html",
        found=found,
        period=period,
        by=dimension,
        dimensions=BY,
        written=WRITTEN,
        banks=set((await banks_of(archive.store.connection)).values()) if dimension == "bank" else (),
        title=words.say(language, words.TITLE),
        spelled=words.spelled(language, period),
        rates=rates,
        widest=max((one.high for one in rates), default=1.0),
        quarters=_quarters(now),
        most=max((row.complaints for row in found.rows), default=1) or 1,
        made=archive.now(),
    )


def _quarters(now: str) -> list[str]:
    found = [now]
    while len(found) < _QUARTERS:
        found.append(earlier(found[-1]))
    return found

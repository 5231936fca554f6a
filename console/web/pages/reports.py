"""Reports: a period in figures, with its trend, ranges ranked by rate; printed as one page, or taken out as a file."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response

from console.web.frame import NotThere, Page, Section, Visit
from console.web.translation import mark
from desk.disclosure import without_numbers
from desk.exports import as_csv
from desk.faults import ComplaintError
from desk.rates import ranked
from desk.reports import DIMENSIONS, Report, Row, earlier, first_day, last_day, report
from desk.sheets import workbook
from ringfence.people import Right

PAGE = Page("reports", mark("Reports"), Right.REPORTS_READ, Section.DESK, key="r", order=60)
router = APIRouter()
_QUARTERS = 8
_LINES = 200
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
BY = {
    "all": mark("all together"),
    "class": mark("kind of number"),
    "code": mark("code"),
    "holder": mark("holder"),
    "branch": mark("bank and branch"),
    "prefix": mark("prefix"),
    "category": mark("what about"),
    "business": mark("business"),
}
WRITTEN = ("branch", "business", "holder")  # names that reporters or others wrote, which are none of ours to translate
COLUMNS = {
    "calls": mark("Calls"),
    "rang": mark("Calls that rang"),
    "complaints": mark("Complaints"),
    "reporters": mark("Reporters"),
    "per_10000": mark("Per 10,000 that rang"),
    "verified": mark("Verified"),
    "sealed": mark("Sealed"),
    "withdrawn": mark("Withdrawn"),
    "rejected": mark("Rejected"),
    "stopped": mark("Calls stopped"),
    "before": mark("Complaints of the period before"),
    "growth": mark("Growth in percent"),
    "year_ago": mark("Complaints a year ago"),
    "year_growth": mark("Growth on a year ago"),
}
QUARTERS = (mark("First quarter"), mark("Second quarter"), mark("Third quarter"), mark("Fourth quarter"))
Form = Literal["", "csv", "xlsx"]


@router.get("")
async def figures(
    visit: Annotated[Visit, PAGE.visited],
    period: Annotated[str, Query(max_length=10)] = "",
    by: Annotated[str, Query(max_length=10)] = "class",
    form: Annotated[Form, Query(alias="format")] = "",
) -> Response:
    """The figures of a period."""
    archive = visit.desk.archive
    await visit.keep_up()
    now = archive.periods(archive.now())[2]
    period = period.strip() or now
    dimension = by if by in DIMENSIONS else "class"
    try:
        found = await report(archive, period, dimension, limit=_LINES)
    except ComplaintError as error:
        raise NotThere(error.reason) from None
    title, spelled = visit.say(mark("Nuisance calls: complaints and what came of them")), _spelled(visit, period)
    if form == "csv":
        table = as_csv(*_table(visit, found)).encode("utf-8-sig")  # with a mark: else Excel takes it for another code
        return _file(table, "text/csv; charset=utf-8", f"{period}-{dimension}.csv")
    if form == "xlsx":
        return _file(workbook(title, spelled, *_table(visit, found)), _XLSX, f"{period}-{dimension}.xlsx")
    rates = ranked(found.rows)[:30]
    return visit.show(
        "reports.html",
        found=found,
        period=period,
        by=dimension,
        dimensions=BY,
        written=WRITTEN,
        title=title,
        spelled=spelled,
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


def _spelled(visit: Visit, period: str) -> str:
    """The period with its first and last day: nobody should have to know what a quarter is."""
    first, last = first_day(period), last_day(period)
    days = f"{_day(visit, first)} – {_day(visit, last)}" if first != last else _day(visit, first)
    if "Q" not in period:
        return days
    quarter = visit.say(QUARTERS[int(period[-1]) - 1])
    return visit.say(mark("%(quarter)s of %(year)s: %(days)s"), quarter=quarter, year=first.year, days=days)


def _day(visit: Visit, day: date) -> str:
    if visit.language == "zh":
        return f"{day.year}年{day.month}月{day.day}日"
    return f"{day.day} {day:%B} {day.year}"


def _table(visit: Visit, found: Report) -> tuple[list[str], list[list[Any]]]:
    """Heads and lines in the language of whoever looks, the total last."""
    heads = [visit.say(BY[found.dimension]), *(visit.say(name) for name in COLUMNS.values())]
    written = found.dimension in WRITTEN
    rows = [
        _cells(row, without_numbers(row.key, visit.here.home) if written or not row.key else visit.say(row.key))
        for row in found.rows
    ]
    return heads, [*rows, _cells(found.total, visit.say(mark("Total")))]


def _cells(row: Row, name: str) -> list[Any]:
    return [name + (" =" if row.sum_of else ""), *(getattr(row, column) for column in COLUMNS)]


def _file(content: bytes, kind: str, name: str) -> Response:
    return Response(
        content, media_type=kind, headers={"content-disposition": f'attachment; filename="ringfence-{name}"'}
    )

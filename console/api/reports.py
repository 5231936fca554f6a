"""Figures over HTTP: reports of a period, alerts, and the trunks that forged numbers come from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from console.api.authentication import Caller
from console.api.parts import Counted, Moment, Shape, TheDesk, Utc, moment, needs, paths
from desk.alerts import alerts
from desk.report_files import KINDS, report_file
from desk.reports import Dimension, ranked_trunks, report
from ringfence.people.rights import Right

router = paths("/v1", "reports")
Reader = Annotated[Caller, needs(Right.REPORTS_READ)]
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {"schema": {"type": "string"}}, KINDS["xlsx"]: _BYTES, KINDS["pdf"]: _BYTES}}
}


class RowShape(Shape):
    """One line of a report."""

    key: str
    calls: int | None = Field(description="null: by category, business, bank and branch no calls are known.")
    rang: int | None
    complaints: int
    reporters: int = Field(description="Different ones, without those whose complaint was withdrawn or rejected.")
    per_10000: float | None = Field(description="Complaints for each 10,000 calls that rang.")
    verified: int
    sealed: int
    withdrawn: int
    rejected: int
    stopped: int | None = Field(description="Calls that seals stopped.")
    before: int = Field(description="Complaints of the period before.")
    growth: float | None = Field(description="On it, in percent; null: there was nothing to grow from.")
    year_ago: int
    year_growth: float | None
    sum_of: str = Field(description="Of which lines this is the sum: all, or their keys; empty: of none.")


class HandlingShape(Shape):
    """How long things took, in hours."""

    decided: int
    decided_median: float | None
    decided_p95: float | None
    decided_late: int = Field(description="Of these, after the deadline.")
    answered: int
    answered_median: float | None
    answered_p95: float | None
    answered_late: int
    overdue: int = Field(description="Deadlines that ran out within the period, unmet.")
    released: int
    release_median: float | None
    appeals_granted: int
    appeals_refused: int
    appeals_late: int = Field(description="Appeals granted or refused after their deadline.")


class ReportShape(Shape):
    """A period in figures."""

    period: str
    by: str
    bank: str = Field(description="Whose branches these are; empty: of all.")
    rows: list[RowShape]
    total: RowShape
    handling: HandlingShape


class AlertShape(Shape):
    """One thing to see to."""

    kind: str = Field(description="jump, leak, unheld, review, letters, seals.")
    subject: str = Field(
        description="The code or prefix, the office, the code that nobody holds, the list, or what became of letters."
    )
    reporters: float = Field(description="Different ones; who named an office without a call on record counts less.")
    complaints: int = Field(description="Or letters, calls of a code that nobody holds, entries whose review is due.")
    usual: float = Field(
        description="Reporters of a usual day; for a leak and an unheld code how many raise the alert."
    )


class AlertsShape(BaseModel):
    """All that holds at this moment, the largest first."""

    alerts: list[AlertShape]


class TrunkShape(Shape):
    """A trunk and what was forged on it."""

    trunk: str
    forged: int = Field(description="Cases closed as forged.")
    complaints: int
    numbers: int
    last: Utc


class TrunksShape(BaseModel):
    """The trunks with most forged cases first."""

    trunks: list[TrunkShape]


@router.get("/reports/{period}", dependencies=[Counted], response_model=ReportShape, responses=_FILES)
async def show_report(
    period: Annotated[str, Path(max_length=10, description="2026Q3, 2026-07 or 2026-07-01.")],
    desk: TheDesk,
    _: Reader,
    by: Annotated[Dimension, Query(description="What the lines are.")] = "class",
    limit: Annotated[int, Query(ge=1, le=1_000, description="Lines at most.")] = 100,
    bank: Annotated[str, Query(max_length=700, description="Only the branches of this bank; with by=branch.")] = "",
    form: Annotated[
        Literal["json", "csv", "xlsx", "pdf"],
        Query(alias="format", description="csv: for programs; xlsx, pdf: to hand on, in a language."),
    ] = "json",
    language: Annotated[
        Literal["en", "zh"] | None, Query(description="Of xlsx and pdf; default: complaints.language.")
    ] = None,
) -> ReportShape | Response:
    """Calls, complaints and what came of them, with growth on the period before and a year ago."""
    found = await report(desk.archive, period, by, limit=limit, bank=bank)
    if form == "csv":
        return Response(found.as_csv(), media_type=KINDS["csv"])
    if form != "json":
        file = await report_file(desk.archive, found, form, language or desk.archive.settings.language)
        headers = {"content-disposition": f'attachment; filename="{file.name}"'}
        return Response(file.content, media_type=file.kind, headers=headers)
    return ReportShape.of(found, by=found.dimension, total=RowShape.of(found.total, sum_of="all"))


@router.get("/alerts", dependencies=[Counted])
async def show_alerts(desk: TheDesk, _: Reader) -> AlertsShape:
    """What somebody must see to: complaints that jump, offices named as a leak, unheld codes that call."""
    return AlertsShape(alerts=[AlertShape.of(one) for one in await alerts(desk.archive)])


@router.get("/trunks")
async def show_trunks(
    desk: TheDesk, _: Reader, since: Annotated[Moment | None, Query(description="Default: ever.")] = None
) -> TrunksShape:
    """The trunks ranked by the forged numbers that officers found on them."""
    found = await ranked_trunks(desk.archive, since=moment(since) if since else 0.0)
    return TrunksShape(trunks=[TrunkShape.of(one) for one in found])

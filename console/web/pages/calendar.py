"""Calendar: which days of a year are worked where deadlines are counted, how long each is, and when it would be due."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from console.web.frame import Page, Section, Visit
from console.web.translation import mark
from desk.clock_profiles import APPEAL_PROFILES, CASE_PROFILES, TimeLimit
from ringfence.people import Right
from ringfence.times import moment

_OTHERS = frozenset({Right.CASES_READ, Right.PEERS_READ})
PAGE = Page("calendar", mark("Calendar"), Right.REPORTS_READ, Section.HOUSE, key="d", order=40, others=_OTHERS)
router = APIRouter()
WEEKDAYS = (
    *(mark("Monday"), mark("Tuesday"), mark("Wednesday"), mark("Thursday"), mark("Friday")),
    *(mark("Saturday"), mark("Sunday")),
)
_LANGUAGES = {"zh": "zh_CN", "en": "en_US"}


class Counted(NamedTuple):
    """One deadline, and when it would be met if the matter came in at a moment."""

    name: str
    span: TimeLimit
    due: float


@router.get("")
async def year(
    visit: Annotated[Visit, PAGE.visited],
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
    received: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """A year, and the deadlines of what comes in now, or came in at another time."""
    archive, now, zone, wrong = visit.desk.archive, visit.ground.now(), visit.here.zone, ""
    try:
        at = moment(received, now=now, zone=zone, ahead=False) if received.strip() else now
    except ValueError as error:
        at, wrong = now, str(error)
    this = datetime.fromtimestamp(now, ZoneInfo(zone)).year
    shown = this if year is None else year
    days, warning = archive.deadlines.exceptions(shown)
    settings = archive.settings
    return visit.show(
        "calendar.html",
        year=shown,
        this=this,
        days=days,
        names=archive.deadlines.names(shown, _LANGUAGES[visit.language]),
        weekdays=WEEKDAYS,
        warning=warning,
        cases=_counted(visit, archive.case_spans, at),
        appeals=_counted(visit, archive.appeal_spans, at),
        sources=(CASE_PROFILES[settings.case_clock].source, APPEAL_PROFILES[settings.appeal_clock].source),
        own=settings.clocks,
        received=received,
        at=at,
        wrong=wrong,
        own_file=visit.here.configuration.calendar,
    )


def _counted(visit: Visit, spans: Mapping[str, TimeLimit], at: float) -> list[Counted]:
    return [Counted(name, span, visit.desk.archive.deadlines.due(at, span)) for name, span in spans.items()]

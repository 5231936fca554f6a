"""The complaint desk as commands hold it: opened for one command, and who is at it."""

from __future__ import annotations

import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from console.options import shown_time

if TYPE_CHECKING:
    from rules.complaints.case_files import CaseFile
    from rules.complaints.complaint_rows import Complaint
    from rules.complaints.deadlines import Clock
    from rules.complaints.desk import Desk


@asynccontextmanager
async def opened_desk(file: Path) -> AsyncIterator[tuple[Desk, str]]:
    """The desk of a configuration, the latest calls counted, and the zone that times are shown in."""
    from console.configuration import load_configuration
    from rules.complaints.desk import Desk

    configuration = load_configuration(file)
    for path in (configuration.storage.database, configuration.storage.key_file):
        (file.parent / path).parent.mkdir(parents=True, exist_ok=True)
    desk = await Desk.open(file.parent, configuration, country=configuration.country)
    try:
        await desk.counting.catch_up()
        yield desk, configuration.time_zone
    finally:
        await desk.close()


def officer() -> str:
    """Who does what is recorded: the login name."""
    return getpass.getuser()


def complaint_data(complaint: Complaint, zone: str) -> dict[str, Any]:
    """A complaint for programs, with readable times."""
    return complaint._asdict() | {
        "received": shown_time(complaint.received, zone),
        "call_at": shown_time(complaint.call_at, zone) or None,
        "state_at": shown_time(complaint.state_at, zone),
        "knew": list(complaint.knew),
    }


def case_data(case: CaseFile, zone: str) -> dict[str, Any]:
    """A case for programs, with readable times."""
    times = ("opened", "first_complaint", "verified", "sealed", "closed", "handed_at", "last_at")
    return case._asdict() | {name: shown_time(getattr(case, name), zone) or None for name in times}


def clock_line(clock: Clock, now: float, zone: str) -> str:
    """``answer: overdue since 2026-07-30 00:00``."""
    standing = clock.standing(now)
    when = {"met": "met", "met late": "met late"}.get(standing, f"{standing}, due")
    return f"{clock.name}: {when} {shown_time(clock.due if clock.met is None else clock.met, zone)}"

"""What somebody must see to at once: complaints that jump, an office named as a leak, unheld codes that call, letters.

Those about complaints count people: one who complains four hundred times, or under five names, is no alert.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from desk.archive import Archive
from desk.conduct import conduct
from desk.inquiries import overdue
from desk.leaks import board
from desk.outbox import given_up, waiting_for_server
from desk.seals_by_entries import odd_seals
from desk.showing import worded
from desk.states import COUNTED
from rules.lists.ledger import any_unheld
from rules.numbering.intervals import prefix_interval
from rules.storage.statements import name_of, sql

KINDS = ("jump", "leak", "inquiry", "unheld", "review", "letters", "seals", "conduct")
_WRITTEN = ("leak", "inquiry", "conduct")
_USUAL_DAYS = 28
_PATIENCE_S = 3_600.0  # a mail server may be started anew
_MOST_CASES = 10  # named in one alert
_ODD_SEALS = ("no list stops", "released, and a list still stops")


class Alert(NamedTuple):
    """One thing to see to."""

    kind: str  # one of KINDS
    # code or prefix, office (of an inquiry, too, that is overdue), code that nobody holds, list, letters, or seals
    subject: str
    reporters: float  # different ones; for a leak one who is tied to no call counts as a part of one
    complaints: int  # or numbers looked at, letters, cases, calls of a code that nobody holds, entries to be reviewed
    usual: float  # reporters of a usual day; the limit for a leak and for a code that nobody holds


async def alerts(archive: Archive) -> list[Alert]:
    """All that holds at this moment, the largest first."""
    found = [*await _jumps(archive, "code"), *await _jumps(archive, "prefix"), *await _leaks(archive)]
    found += await _unheld(archive)
    for name, due in sorted((await archive.reviews.due(archive.now())).items()):
        found.append(Alert("review", name, 0.0, due, 0.0))
    found += await _letters(archive)
    found += [Alert("conduct", f"{one.actor} {one.why}", 0.0, one.numbers, one.usual) for one in await conduct(archive)]
    for what, cases in zip(_ODD_SEALS, await odd_seals(archive), strict=True):
        if cases:
            subject = f"{what} " + ", ".join(f"case {one}" for one in cases[:_MOST_CASES])
            found.append(Alert("seals", subject, 0.0, len(cases), 0.0))
    # Told in logs, too: what reporters wrote may name an office by a number.
    found = [
        one._replace(subject=worded(one.subject, archive.country)) if one.kind in _WRITTEN else one for one in found
    ]
    return sorted(found, key=lambda alert: (-alert.reporters, -alert.complaints, alert.kind, alert.subject))


async def _jumps(archive: Archive, dimension: str) -> list[Alert]:
    """Codes that many times as many people complain about today as on a usual day of the last four weeks."""
    settings = archive.settings
    today = archive.periods(archive.now())[0]
    # A reporter has one complaint at least, so that the sums tell of most codes that there is nothing to count.
    query = (
        "select key, value from tally where dimension = ? and period = ? and measure = 'complaints' and value >= ? "
        "order by key"
    )
    values = (dimension, today, settings.jump_least)
    found = []
    for key, _ in list(await archive.store.connection.execute_fetchall(query, values)):
        reporters, complaints = await _spoke(archive, dimension, key, 0)
        if reporters < settings.jump_least:
            continue
        before = [(await _spoke(archive, dimension, key, back))[0] for back in range(1, _USUAL_DAYS + 1)]
        usual = sum(before) / _USUAL_DAYS
        if reporters >= settings.jump_factor * usual:
            found.append(Alert("jump", key, float(reporters), complaints, round(usual, 1)))
    return found


async def _spoke(archive: Archive, dimension: str, key: str, back: int) -> tuple[int, int]:
    """How many people complained about a code so many days ago, and how often; what was taken back is out."""
    day = datetime.fromtimestamp(archive.now(), archive.zone).date() - timedelta(days=back)
    query = sql(
        "select count(distinct c.reporter), count(*) from complaint c indexed by complaint_spoke "
        "join case_file f on f.id = c.case_id where c.received >= ? and c.received < ? and c.{counted} "
        "and f.{dimension} = ?",
        counted=COUNTED,
        dimension=name_of(dimension),
    )
    values = (archive.day_begins(day), archive.day_begins(day + timedelta(days=1)), key)
    (row,) = await archive.store.connection.execute_fetchall(query, values)
    return row[0], row[1]


async def _leaks(archive: Archive) -> list[Alert]:
    """Offices that different reporters name as the place where the caller had their data from, and nobody saw to."""
    limit = float(archive.settings.branch_complaints)
    found = [Alert("leak", one.office, one.weight, one.complaints, limit) for one in await board(archive) if one.alarms]
    return found + [Alert("inquiry", one.office, 0.0, 1, 0.0) for one in await overdue(archive)]


async def _unheld(archive: Archive) -> list[Alert]:
    """Codes that nobody holds, by the ledger of now, and that call today: forged numbers, or a gap in it."""
    least = archive.settings.unheld_calls
    if not least:
        return []
    query = (
        "select key, value from tally where dimension = 'unheld' and period = ? and measure = 'calls' and value >= ? "
        "order by key"
    )
    rows = await archive.store.connection.execute_fetchall(query, (archive.periods(archive.now())[0], least))
    found = []
    for code, calls in rows:
        interval = prefix_interval(code)
        if interval is not None and await any_unheld(archive.lists.store.connection, interval):
            found.append(Alert("unheld", code, 0.0, calls, float(least)))
    return found


async def _letters(archive: Archive) -> list[Alert]:
    """Letters that nobody gets unless somebody sees to it: given up, or kept by a mail server that is away."""
    found = []
    letters, people = await given_up(archive)
    if letters:
        found.append(Alert("letters", "given up", float(people), letters, 0.0))
    letters, since = await waiting_for_server(archive)
    if since is not None and archive.now() - since >= _PATIENCE_S:
        found.append(Alert("letters", "the mail server takes none", 0.0, letters, 0.0))
    return found

"""What the complaints of a case prove at this moment."""

from __future__ import annotations

from rules.complaints.archive import Archive
from rules.complaints.case_files import CaseFile
from rules.complaints.complaint_rows import said_in
from rules.complaints.evidence import Evidence, weigh
from rules.complaints.ties import rang_lately


async def evidence_of(archive: Archive, case: CaseFile) -> Evidence:
    """By the formula, from the complaints that count; `Counting` must have caught up for the latest calls."""
    now, settings = archive.now(), archive.settings
    return weigh(
        await said_in(archive.store.connection, case.id),
        rang=await rang_lately(archive, case.number, now),
        now=now,
        half_life_days=settings.half_life_days,
        fewest=settings.fewest_subscribers,
    )

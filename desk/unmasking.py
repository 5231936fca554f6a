"""One number in full: for a reason, so many in an hour, on record before; command line, API and pages ask here."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from desk.archive import Archive
from desk.desk_settings import DeskSettings
from desk.disclosure import UNMASKED, audit_apart
from desk.faults import ComplaintError, Refused
from desk.privacy_settings import PrivacySettings
from rules.audit import chain as audit
from rules.audit.second import how_confirmed
from rules.storage.store import Store
from rules.texts.blanks import is_blank

REFUSED = "unmasking refused"
_HOUR_S = 3_600.0
# A subscriber's data, told or erased, counts as a number that was seen.
_SEEN = (
    "select count(*) from step where actor = ? and step in ('unmasked', 'exported', 'erased') and at > ? "
    "and (step = 'unmasked' or subject = 'number')"
)
_BY_ANOTHER = "confirmed by "  # not: by one person alone
_LONGEST = 1_000  # characters of a reason


class Unmasking(NamedTuple):
    """What somebody wants to see in full."""

    subject: str  # number, call, complaint
    subject_ids: Sequence[str]  # pseudonyms, decisions or references: one for each number that is shown
    actor: str
    reason: str
    by: str = ""  # which command or page


async def unmask(archive: Archive, wanted: Unmasking) -> None:
    """Let it stand in the audit, or raise Refused: then nothing may be shown."""
    await unmask_in(archive.store, archive.privacy, wanted, archive.now())


async def unmask_in(store: Store, settings: PrivacySettings, wanted: Unmasking, now: float) -> None:
    """The same, for whoever has no desk open."""
    need_reason(wanted.reason)
    asked = list(dict.fromkeys(wanted.subject_ids))
    wanted = wanted._replace(reason=wanted.reason.strip()[:_LONGEST])
    by = "; ".join(filter(None, (wanted.by, how_confirmed())))
    deeds = [audit.Deed(now, wanted.actor, wanted.subject, one, UNMASKED, wanted.reason, by) for one in asked]
    await enter_within_the_hour(store, settings, wanted, deeds, now)


async def enter_within_the_hour(
    store: Store, settings: PrivacySettings, wanted: Unmasking, deeds: Sequence[audit.Deed], now: float
) -> None:
    """Enter these looks; or, where they are more than one may take in an hour, that he wanted to, and raise Refused."""
    asked = len(dict.fromkeys(wanted.subject_ids))
    async with store.transaction() as connection:
        ((seen,),) = await connection.execute_fetchall(_SEEN, (wanted.actor, now - _HOUR_S))
        # What a second person agreed to goes beyond the hour's number.
        allowed = how_confirmed().startswith(_BY_ANOTHER) or seen + asked <= settings.unmask_hour
        detail = f"{asked} more than {seen} in an hour; {wanted.by}"
        refused = audit.Deed(now, wanted.actor, wanted.subject, "", REFUSED, wanted.reason, detail)
        await audit.record(connection, deeds if allowed else [refused])
    if not allowed:
        raise Refused(
            "unmasked",
            f"{wanted.actor} saw {seen} numbers in full in this hour, and {settings.unmask_hour} is the most "
            "(privacy.unmask_hour); that this was asked for is on record",
        )


def need_reason(reason: str) -> None:
    """ComplaintError for none: it is asked before anything else is."""
    if is_blank(reason):
        raise ComplaintError("reason", "say why the number has to be seen in full; it stands in the audit")


async def unmask_apart(base: Path, settings: DeskSettings, wanted: Unmasking) -> None:
    """The same, for a command that opens no desk."""
    async with audit_apart(base, settings) as store:
        await unmask_in(store, settings.privacy, wanted, time.time())

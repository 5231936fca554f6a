"""Which numbers nobody may complain about, seal or put on the ladder, and who may do so with the others."""

from __future__ import annotations

from functools import cache

from desk.archive import Archive
from desk.faults import ComplaintError, Refused
from rules.model import Number, NumberClass
from rules.numbering.emergency import EVERYWHERE, own_numbers
from rules.numbering.intervals import digits_of
from rules.records.privacy import mask

_NOBODY = frozenset({NumberClass.EXTENSION, NumberClass.NAME, NumberClass.ANONYMOUS, NumberClass.MALFORMED})
ALLOWED = frozenset({"allow"})
OURS = frozenset({"own", "emergency"})


async def accusable(
    archive: Archive, text: str, field: str = "accused", cannot: str = "nobody can complain about it here"
) -> Number:
    """The number that a complaint names, if one can complain about it; ``cannot``: what is told of emergency calls."""
    number = archive.read_number(text, field)
    if _is_emergency(archive, number):
        raise Refused(field, f"{number.canonical} is an emergency number: {cannot}")
    if number.kind in _NOBODY:
        raise ComplaintError(field, f"{text[:40]!r} is no caller's number (it reads as {number.kind})")
    if name := await on_list_of(archive, number.canonical, OURS):
        raise Refused(field, f"{mask(number.canonical)} is on list {name}: it is one of our own numbers")
    return number


async def restrainable(archive: Archive, text: str, field: str = "number") -> Number:
    """The number, if it may be sealed or put on the ladder: no emergency, no public service, none of our own."""
    cannot = "it cannot be stopped"
    number = await accusable(archive, text, field, cannot)
    if number.kind is NumberClass.SERVICE:
        raise Refused(field, f"{number.canonical} is a public service number: {cannot}")
    return number


def may_work(archive: Archive, actor: str) -> None:
    """Refused, unless this is an officer."""
    officers = archive.settings.officers
    if not actor.strip():
        raise ComplaintError("actor", "say who does it")
    if officers and actor not in officers:
        raise Refused("actor", f"{actor} is no officer (complaints.officers)")


async def on_list_of(archive: Archive, canonical: str, kinds: frozenset[str]) -> str:
    """The list of one of these kinds that the number stands on; empty for none."""
    if not any(policy.kind in kinds for policy in archive.lists.settings.values()):
        return ""
    now = archive.now()
    for entry in await archive.lists.covering(canonical):
        policy = archive.lists.settings.get(entry.list)
        if policy is not None and policy.kind in kinds and not entry.off(now):
            return entry.list
    return ""


def _is_emergency(archive: Archive, number: Number) -> bool:
    if number.kind is NumberClass.EMERGENCY:
        return True
    return digits_of(number.canonical) in _emergency_numbers(archive.country)


@cache
def _emergency_numbers(home: str) -> frozenset[str]:
    return EVERYWHERE.union(*map(own_numbers, home.split()))

"""Who is shown numbers and words stands in the audit before he sees them; words without addresses, numbers masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from desk import audit
from desk.archive import Archive
from rules.records.privacy import mask

_NEVER = frozenset(
    {"contact", "knew name"}
)  # the desk writes to people by letters, whose addresses nobody needs to see
_DAY = r"(?!\d{4}-\d\d-\d\d(?!\d))"
_NUMBER = re.compile(rf"(?<![\w+]){_DAY}(?:[A-Z]{{2,3}}:)?\+?\d(?:[ ()/-]{{0,2}}\d){{6,}}(?!\w)")


LOOKED, LISTED, SEARCHED, EXPORTED, READ = "looked at", "listed", "searched", "exported", "words read"
UNMASKED = "unmasked"
LOOKS = frozenset({LOOKED, LISTED, SEARCHED, EXPORTED, READ, UNMASKED})  # nothing was done


async def note_look(
    archive: Archive, subject: str, subject_id: str = "", *, actor: str, step: str = LOOKED, detail: str = ""
) -> None:
    """Let it stand in the audit that somebody is shown this."""
    async with archive.store.transaction() as connection:
        await audit.record(connection, [audit.Deed(archive.now(), actor, subject, subject_id, step, "", detail)])


async def note_search(archive: Archive, number: str, *, actor: str, detail: str = "") -> None:
    """Let it stand in the audit that somebody looks a canonical number up, by its pseudonym."""
    await note_look(archive, "number", archive.secrecy.pseudonym(number), actor=actor, step=SEARCHED, detail=detail)


async def note_listing(
    archive: Archive, subject: str, shown: int, *, actor: str, number: str = "", **asked: object
) -> None:
    """Let it stand in the audit that somebody is shown a list with full numbers, and what he asked for."""
    words = [f"{shown} shown", *(f"{name}: {value}" for name, value in asked.items() if value)]
    if number:
        words.append(f"about: {archive.secrecy.pseudonym(number)}")
    if shown or number:
        await note_look(archive, subject, actor=actor, step=LISTED, detail="; ".join(words))


async def disclose(
    archive: Archive, subject: Literal["complaint", "appeal"], reference: str, words: Mapping[str, str], *, actor: str
) -> dict[str, str]:
    """The words of a complaint or appeal, once it stands in the chain of steps who reads them."""
    await note_reading(archive, subject, reference, actor=actor)
    return {name: without_numbers(text) for name, text in words.items() if name not in _NEVER}


async def note_reading(
    archive: Archive, subject: Literal["complaint", "appeal"], reference: str, *, actor: str
) -> None:
    """Let it stand in the chain of steps who reads what people wrote."""
    await note_look(archive, subject, reference, actor=actor, step=READ)


def without_numbers(text: str) -> str:
    """Free text in which no telephone number can be read."""
    return _NUMBER.sub(lambda found: hidden(found[0]), text)


def hidden(number: str) -> str:
    """A number as somebody wrote it, most of its digits hidden."""
    plain = re.sub(r"[^A-Z:+\d]", "", number)
    return mask(plain) if plain[:1] == "+" or ":" in plain else mask(f"+{plain}")[1:]

"""What people wrote is shown to who works on it: recorded first, without addresses and names, numbers masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from rules.complaints import audit
from rules.complaints.archive import Archive
from rules.records.privacy import mask

_NEVER = frozenset(
    {"contact", "knew name"}
)  # the desk writes to people by letters, whose addresses nobody needs to see
_DAY = r"(?!\d{4}-\d\d-\d\d(?!\d))"
_NUMBER = re.compile(rf"(?<![\w+]){_DAY}(?:[A-Z]{{2,3}}:)?\+?\d(?:[ ()/-]{{0,2}}\d){{6,}}(?!\w)")


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
    async with archive.store.transaction() as connection:
        deed = audit.Deed(archive.now(), actor, subject, reference, "words read")
        await audit.record(connection, [deed])


def without_numbers(text: str) -> str:
    """Free text in which no telephone number can be read."""
    return _NUMBER.sub(lambda found: hidden(found[0]), text)


def hidden(number: str) -> str:
    """A number as somebody wrote it, most of its digits hidden."""
    plain = re.sub(r"[^A-Z:+\d]", "", number)
    return mask(plain) if plain[:1] == "+" or ":" in plain else mask(f"+{plain}")[1:]

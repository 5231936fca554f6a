"""Who is shown numbers and words stands in the audit before he sees them; words without addresses, numbers masked.

Also of commands that need no desk (`note_lookup`), and what somebody asks the audit about (`subject_of`).
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from desk.archive import Archive, complaints_path
from desk.desk_settings import DeskSettings
from desk.faults import ComplaintError
from desk.secrecy import about_of, is_reference, read_reference
from rules.audit import chain as audit
from rules.audit.entering import Entering
from rules.numbering.spelling import fold_as_seen
from rules.records.privacy import mask, mask_within, pseudonym
from rules.settings.screening import keys_of
from rules.storage.store import Store

_NEVER = frozenset(
    {"contact", "knew name"}
)  # the desk writes to people by letters, whose addresses nobody needs to see
# In text as it is seen, in which no sign between two letters is a border: Chinese is written without blanks.
_DAY = r"(?<![\d+-])(?:19|20)\d\d([-/])(?:0\d|1[0-2])\1[0-3]\d(?:[ T]+[0-2]?\d:[0-5]\d(?::[0-5]\d)?)?(?![\d:-])"
_AT = r"(?:@|%40|&#0{0,4}64;|&#x0{0,4}40;|&commat;|[(\[{<]\s?at\s?[)\]}>])"
_DOT = r"(?:[.\u3002]|[(\[{<]\s?(?:dot|punkt)\s?[)\]}>])"
_MAIL = (
    r"(?:\"[^\"\n]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,64}?)\s{0,3}" + _AT + r"\s{0,3}"
    rf"(?:\[[\w.:]+\]|[\w-]+(?:\s{{0,2}}{_DOT}\s{{0,2}}[\w-]+)+)"
)
_NUMBER = r"(?:(?<![A-Z])[A-Z]{2,3}:)?\+?[0-9](?:[\W_]{0,15}[0-9]){6,}(?:[Xx](?!\w))?"
_TELLING = re.compile(rf"(?P<day>{_DAY})|(?P<mail>{_MAIL})|(?P<number>{_NUMBER})".replace(r"\1", r"\2"))
_BETWEEN_NUMBERS = re.compile(r"([,;\n\u3001]+)")
_FORMAL = str.maketrans("零壹贰叁肆伍陆柒捌玖貳參陸壱弐参", "0123456789236123")
_FILLERS = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0"))  # letters by their category that nobody sees
_HEAD = re.compile(r"[A-Z]{2,3}:|\+")
_SHORTEST_NUMBER = 7  # digits; what has less is a service, a price or a time
_LONGEST_NUMBER = 15  # digits (E.164); what has more is of a person, a card or an account


_CASE = re.compile(r"case\s*(\d{1,15})", re.IGNORECASE)
LOOKED, LISTED, SEARCHED, EXPORTED, READ = "looked at", "listed", "searched", "exported", "words read"
UNMASKED, TRACED = "unmasked", "traced"
LOOKS = frozenset({LOOKED, LISTED, SEARCHED, EXPORTED, READ, UNMASKED, TRACED})  # nothing was done


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
    """Free text in which nobody's number or mail address can be read."""
    seen = [_as_seen(sign) for sign in text]
    places = [place for place, signs in enumerate(seen) for _ in signs]  # of each sign seen, in what was written
    shown, behind = [], 0
    for found in _TELLING.finditer("".join(seen)):
        if found["day"]:
            continue
        shown += [text[behind : places[found.start()]], "(an address)" if found["mail"] else _all_hidden(found[0])]
        behind = places[found.end() - 1] + 1
    return "".join((*shown, text[behind:]))


def _as_seen(sign: str) -> str:
    return sign if sign.isascii() else fold_as_seen(sign.translate(_FORMAL).translate(_FILLERS))


def _all_hidden(numbers: str) -> str:
    """One number, or several that nothing but signs part."""
    parts = _BETWEEN_NUMBERS.split(numbers)
    if all(sum(map(str.isdigit, part)) >= _SHORTEST_NUMBER for part in parts[::2]):
        return "".join(part if odd % 2 else hidden(part) for odd, part in enumerate(parts))
    return hidden(numbers)


def hidden(number: str) -> str:
    """A number as somebody wrote it, most of its digits hidden."""
    plain = re.sub(r"[^A-Z:+\d]", "", number)
    head = _HEAD.match(plain)
    digits = re.sub(r"\D", "", plain)
    if len(digits) > _LONGEST_NUMBER:
        return "*" * len(digits)
    return mask(f"{head[0]}{digits}") if head else mask(f"+{digits}")[1:]


async def note_lookup(base: Path, screening: DeskSettings, number: str, *, actor: str, by: str = "why") -> None:
    """Let it stand in the audit that somebody looked a canonical number up, by its pseudonym."""
    keys = keys_of(base, screening, contents=False)
    hidden = pseudonym(keys.pseudonym, number)
    await _note_apart(base, screening, audit.Deed(time.time(), actor, "number", hidden, SEARCHED, "", by))


async def note_listed(base: Path, screening: DeskSettings, shown: int, *, actor: str, by: str) -> None:
    """Let it stand in the audit that somebody is shown so many entries of lists with full numbers."""
    deed = audit.Deed(time.time(), actor, "list", "", LISTED, "", f"{shown} shown; {by}")
    await _note_apart(base, screening, deed)


async def note_trace(
    base: Path, screening: DeskSettings, number: str, call_id: str, *, actor: str, reason: str, detail: str
) -> None:
    """Let it stand in the audit that somebody reads the messages of a number, by its pseudonym, or of a call."""
    keys = keys_of(base, screening, contents=False)
    what = ("number", pseudonym(keys.pseudonym, number)) if number else ("call", mask_within(call_id))
    await _note_apart(base, screening, audit.Deed(time.time(), actor, *what, TRACED, reason, detail))


async def _note_apart(base: Path, screening: DeskSettings, deed: audit.Deed) -> None:
    async with audit_apart(base, screening) as store, store.transaction() as connection:
        await audit.record(connection, [deed])


@asynccontextmanager
async def audit_apart(base: Path, screening: DeskSettings) -> AsyncIterator[Store]:
    """The audit of the desk, open to be added to by a command that needs no desk."""
    entering = Entering(lambda: keys_of(base, screening, contents=False))
    path = complaints_path(base / screening.storage.database)
    store = await Store.open(path, "complaints", durable=True, taught=entering.into("complaints"))
    try:
        yield store
    finally:
        await store.close()


def subject_of(archive: Archive, text: str) -> tuple[str, str]:
    """Subject and id; nothing for nothing."""
    text = text.strip()
    if not text:
        return "", ""
    if case := _CASE.fullmatch(text):
        return "case", case[1]
    if is_reference(text):
        reference = read_reference(text)
        return about_of(reference), reference
    try:
        return "number", archive.secrecy.pseudonym(archive.read_number(text, "about").canonical)
    except ComplaintError:
        raise ComplaintError("about", f"{text[:40]!r} is none; write case 1, C-..., A-... or a number") from None

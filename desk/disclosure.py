"""Who is shown numbers and words stands in the audit before he sees them; words without addresses, numbers masked.

Also of commands that need no desk (`note_lookup`), and what somebody asks the audit about (`subject_of`).
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache
from html import unescape
from itertools import accumulate
from pathlib import Path
from typing import Literal

from desk.archive import Archive, complaints_path
from desk.desk_settings import DeskSettings
from desk.faults import ComplaintError
from desk.secrecy import about_of, is_reference, read_reference
from rules.audit import chain as audit
from rules.audit.entering import Entering
from rules.numbering.plan_table import shortest_number
from rules.numbering.spelling import fold_as_seen
from rules.records.privacy import mask, mask_within, pseudonym
from rules.settings.screening import keys_of
from rules.storage.store import Store

_NEVER = frozenset(
    {"contact", "knew name"}
)  # the desk writes to people by letters, whose addresses nobody needs to see
# In text as it is seen, in which no sign between two letters is a border: Chinese is written without blanks.
_DAY = r"(?<![\d+-])(?:19|20)\d\d([-/])(?:0\d|1[0-2])\1[0-3]\d(?:[ T]+[0-2]?\d:[0-5]\d(?::[0-5]\d)?)?(?![\d:-])"
_AT = r"(?:@{1,4}|%40|[(\[{<]\s?(?i:at)\s?[)\]}>])"
_DOT = r"(?:[.\u3002]|[(\[{<]\s?(?i:dot|punkt)\s?[)\]}>]|[-_*](?i:dot|punkt)[-_*])"
_SLIP = r"[\w-]{1,63},[A-Za-z]{2,6}\b(?![\w.+-]{0,64}\s{0,3}@)"  # ex,at; not the comma before the next address
_DASHED = r"[-_*](?i:at)[-_*]\s{0,3}[^\W_]{1,63}(?:(?:\.|\s{0,3}[-_*](?i:dot|punkt)[-_*]\s{0,3})[^\W_]{1,63}){1,9}"
_MAIL = (
    r"(?:\"[^\"\n]{1,64}\"|[\w.!#$%&'*+/=?^`{|}~-]{1,64}?)\s{0,15}(?:" + _AT + r"\s{0,3}"
    rf"(?:\[[\w.:]{{1,64}}\]|[\w-]{{1,63}}(?:\s{{0,2}}{_DOT}\s{{0,2}}[\w-]{{1,63}}){{1,9}}|{_SLIP})|{_DASHED})"
)
_NUMBER = r"(?:(?<![A-Z])[A-Z]{2,3}:)?\+?[0-9](?:[\W_]{0,15}[0-9]){6,}(?:[Xx](?!\w))?"
# Where numbers of people have five or six digits as well, these are told from days, times and sums by how they stand.
_MONEY = r"(?:\u20ac|\$|\u00a3|\u00a5|EUR|Euro|CHF|USD|GBP|Fr\b|yuan|RMB|\u5143|\u5757)"
_SUM = r"\d{1,3}(?:[., '](?:\d{3}))?(?:[.,]\d\d?)?(?!\d)"
_PLAIN = (
    r"(?<![\d:])[0-2]?\d:[0-5]\d(?::[0-5]\d)?(?![\d:])"
    r"|(?<![\d.+/-])[0-3]?\d([./])(?:0?[1-9]|1[0-2])\2(?:19|20)\d\d(?![\d./-])"
    r"|(?<![\d.+/-])(?:19|20)\d\d-(?:0[1-9]|1[0-2])(?![\d-])"
    rf"|(?<![\d+])(?:{_SUM}|\d{{4,6}})\s?(?:{_MONEY}|%)|{_MONEY}\s?(?:{_SUM}|\d{{4,6}}(?!\d))"
)
_SHORT = r"(?:(?<![A-Za-z\d])|(?<=[Nn][ro])|(?<=[Tt][Ee][Ll]))\d(?:(?: ?[-\u2013/.)] ?| )?\d){%d,5}(?!\d)"
# What a browser makes of text is what is seen of it: `&#64;` is @, `<b>` is nothing. A tag in which somebody could
# have written an address or a number is text.
_MARKUP = re.compile(
    r"&(?:#\d{1,7}|#[Xx][0-9A-Fa-f]{1,6}|[A-Za-z]{2,31});"
    r"|<!--[^<>@&%(\[{\d]{0,200}-->"
    r"|</?(?!(?i:at|dot|punkt)\b)[A-Za-z][A-Za-z0-9]{0,9}(?:\s[^<>@&%(\[{\d]{0,200}\d{0,4}[^<>@&%(\[{\d]{0,200})?/?>|.",
    re.DOTALL,
)
_BETWEEN_NUMBERS = re.compile(r"([,;\n\u3001]+)")
_FORMAL = str.maketrans("零壹贰叁肆伍陆柒捌玖貳參陸壱弐参", "0123456789236123")
_FILLERS = dict.fromkeys(map(ord, "\u115f\u1160\u3164\uffa0"))  # letters by their category that nobody sees
_HEAD = re.compile(r"[A-Z]{2,3}:|\+")
_SHORTEST_NUMBER = 7  # digits; what has less is a service, a price or a time, unless homes have numbers that short
_LEAST_DIGITS = 5  # what has less is hidden nowhere: a year, an hour, a house
_COUNTRY_CODE = 3  # digits at most
_LONGEST_NUMBER = 15  # digits (E.164); what has more is of a person, a card or an account


_CASE = re.compile(r"case\s*(\d{1,15})", re.IGNORECASE)
LOOKED, LISTED, SEARCHED, EXPORTED, READ = "looked at", "listed", "searched", "exported", "words read"
UNMASKED, TRACED = "unmasked", "traced"
LOOKS = frozenset({LOOKED, LISTED, SEARCHED, EXPORTED, READ, UNMASKED, TRACED})  # nothing was done


async def note_look(
    archive: Archive,
    subject: str,
    subject_id: str = "",
    *,
    actor: str,
    step: str = LOOKED,
    detail: str = "",
    reason: str = "",
) -> None:
    """Let it stand in the audit that somebody is shown this."""
    async with archive.store.transaction() as connection:
        await audit.record(connection, [audit.Deed(archive.now(), actor, subject, subject_id, step, reason, detail)])


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


async def note_preview(archive: Archive, people: int, *, actor: str, detail: str) -> None:
    """Let it stand in the audit that somebody learns how often callers rang whom an entry or rule would hit."""
    await note_look(archive, "call", actor=actor, step=LISTED, detail=f"{people} shown; {detail}")


async def disclose(
    archive: Archive, subject: Literal["complaint", "appeal"], reference: str, words: Mapping[str, str], *, actor: str
) -> dict[str, str]:
    """The words of a complaint or appeal, once it stands in the chain of steps who reads them."""
    await note_reading(archive, subject, reference, actor=actor)
    return {name: without_numbers(text, archive.country) for name, text in words.items() if name not in _NEVER}


async def note_reading(
    archive: Archive, subject: Literal["complaint", "appeal"], reference: str, *, actor: str
) -> None:
    """Let it stand in the chain of steps who reads what people wrote."""
    await note_look(archive, subject, reference, actor=actor, step=READ)


def without_numbers(text: str, home: str = "") -> str:
    """Free text in which nobody's number or mail address can be read; ``home`` as `rules/numbering/typed.py` has it."""
    tokens = _MARKUP.findall(text)
    seen = [_as_seen(token) for token in tokens]
    begins = [0, *accumulate(map(len, tokens))]
    places = [at for at, signs in enumerate(seen) for _ in signs]  # of each sign seen, among the tokens
    shown, behind, least = [], 0, _least_digits(home)
    for found in _telling(least).finditer("".join(seen)):
        if found["plain"]:
            continue
        hid = "(an address)" if found["mail"] else _all_hidden(found[0], least)
        shown += [text[behind : begins[places[found.start()]]], hid]
        behind = begins[places[found.end() - 1] + 1]
    return "".join((*shown, text[behind:]))


@cache
def _least_digits(home: str) -> int:
    """The fewest digits of which a reporter's own number may consist."""
    known = [least for country in home.split() if (least := shortest_number(country))]
    return max(_LEAST_DIGITS, min([_SHORTEST_NUMBER, *known]))


@cache
def _telling(least: int) -> re.Pattern[str]:
    if least == _SHORTEST_NUMBER:
        return re.compile(rf"(?P<plain>{_DAY})|(?P<mail>{_MAIL})|(?P<number>{_NUMBER})".replace(r"\1", r"\2"))
    plain, short = f"{_DAY}|{_PLAIN}".replace(r"\2", r"\3").replace(r"\1", r"\2"), _SHORT % (least - 1)
    return re.compile(rf"(?P<plain>{plain})|(?P<mail>{_MAIL})|(?P<number>{_NUMBER})|(?P<short>{short})")


def _as_seen(token: str) -> str:
    if len(token) > 1:
        if token[0] == "<":
            return ""
        token = unescape(token)
    return token if token.isascii() else fold_as_seen(token.translate(_FORMAL).translate(_FILLERS))


def _all_hidden(numbers: str, least: int) -> str:
    """One number, or several that nothing but signs part."""
    parts = _BETWEEN_NUMBERS.split(numbers)
    if all(sum(map(str.isdigit, part)) >= least for part in parts[::2]):
        return "".join(part if odd % 2 else _hidden(part, least) for odd, part in enumerate(parts))
    return _hidden(numbers, least)


def _hidden(number: str, least: int) -> str:
    """Where numbers are short, ten digits may be two of them, of which neither the first nor the last may be seen."""
    count = sum(map(str.isdigit, number))
    two = 2 * least + (_COUNTRY_CODE if "+" in number else 0)
    return "*" * count if least < _SHORTEST_NUMBER and count >= two else hidden(number)


def hidden(number: str) -> str:
    """A number as somebody wrote it, most of its digits hidden."""
    plain = re.sub(r"[^A-Z:+\d]", "", number)
    head = _HEAD.match(plain)
    digits = re.sub(r"\D", "", plain)
    if len(digits) > _LONGEST_NUMBER or (len(digits) < _SHORTEST_NUMBER and not head):
        return "*" * len(digits)
    return mask(f"{head[0]}{digits}") if head else mask(f"+{digits}")[1:]


async def note_lookup(base: Path, screening: DeskSettings, number: str, *, actor: str, by: str = "why") -> None:
    """Let it stand in the audit that somebody looked a canonical number up, by its pseudonym."""
    keys = keys_of(base, screening, contents=False)
    hidden = pseudonym(keys.pseudonym, number)
    await _note_apart(base, screening, audit.Deed(time.time(), actor, "number", hidden, SEARCHED, "", by))


async def note_listed(
    base: Path, screening: DeskSettings, shown: int, *, actor: str, by: str, of: str = "list"
) -> None:
    """Let it stand in the audit that somebody is shown so many entries of lists with full numbers, or calls."""
    deed = audit.Deed(time.time(), actor, of, "", LISTED, "", f"{shown} shown; {by}")
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

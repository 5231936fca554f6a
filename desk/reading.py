"""What somebody says becomes a complaint that can be kept: checked field by field, people turned into pseudonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from desk.archive import Archive, Rounded
from desk.complaint_rows import Channel
from desk.faults import ComplaintError
from desk.nobody import says_nobody
from desk.numbers_beside import is_number_in, is_odd_number, number_beside
from rules.model import Number, NumberClass
from rules.numbering.old_spellings import could_be_now
from rules.numbering.spoilt import NoExtension
from rules.numbering.typed import UndecidedHome
from rules.records.decisions import is_decision
from rules.texts.unseen import without_unseen

KNOWN = ("name", "plan", "branch", "purchase")  # what a caller can know of a person
LONGEST_TEXT = 4_000  # characters of free text
LONGEST_NAME = 200
_CLOCKS_DIFFER_S = 300.0
_OLDEST_S = 400 * 86_400.0
_CONTACT = re.compile(r"[^\s@<>,;:\"\\]{1,64}@[A-Za-z0-9.-]{1,189}|\+?[0-9 ()/-]{5,30}")
_DIRECTION = (
    " \u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"  # which address books put around numbers
)
_FULL_WIDTH = {0xFF00 + sign: 0x20 + sign for sign in range(1, 0x5F)} | {0x3000: 0x20}  # as Chinese and Japanese type
_WITHIN_CHINESE = re.compile(r"(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])")
_CODE_AND_NUMBER = re.compile(r"EXT:(?=.*[*#])[*#0-9]*[0-9]{5}[*#0-9]*")
_WHO = "say who complains, by a number or a name that stays the same"
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """What somebody says; numbers in any spelling."""

    accused: str
    reporter: str  # a number, or whatever the source knows its reporters by
    called: str = ""  # the line that rang; default: the reporter's
    at: float | None = None  # when it rang, seconds since the epoch
    category: str = "other"
    text: str = ""
    contact: str = ""  # address for the answer
    business: str = ""  # on whose behalf the call was made
    knew: Mapping[str, str] = field(default_factory=dict)  # what the caller knew: name, plan, branch, purchase
    decision: str = ""
    channel: Channel = Channel.API
    source: str = ""  # API key, file or login that brings it


class Read(NamedTuple):
    """A complaint that can be kept."""

    accused: Number
    reporter: str  # keyed pseudonym
    line: str  # keyed pseudonym
    line_known: bool
    at: float | None
    day: int
    category: str
    channel: Channel
    source: str
    business: str
    knew: tuple[str, ...]
    branch: str
    contents: dict[str, str]  # to be encrypted
    decision: str
    heard: str = ""  # the office as the reporter wrote it, where it is kept by another name


def read_complaint(archive: Archive, new: NewComplaint, accused: Number) -> Read:
    """The complaint, or an error that names the field."""
    if new.category not in archive.settings.categories:
        raise ComplaintError(
            "category", f"{new.category[:40]!r} is none; choose from {', '.join(archive.settings.categories)}"
        )
    if len(new.text) > LONGEST_TEXT:
        raise ComplaintError("text", f"{len(new.text):,} characters; {LONGEST_TEXT:,} at most")
    decision = read_decision(new.decision)
    if unknown := sorted(set(new.knew) - set(KNOWN)):
        raise ComplaintError("knew", f"{unknown[0][:40]!r} is none; choose from {', '.join(KNOWN)}")
    reporter, called = _reporter(archive, new.reporter), _called(archive, new.called)
    if accused.canonical in (reporter, called):
        field = "reporter" if reporter == accused.canonical else "called"
        raise ComplaintError(field, "it is the accused number itself, which rings itself no more than it complains")
    knew = tuple(word for word in KNOWN if word in new.knew)
    contact = read_contact(new.contact)
    details = {f"knew {word}": new.knew[word][:LONGEST_NAME] for word in knew if word != "branch"}
    at = _moment(new.at, archive.now())
    return Read(
        accused=accused,
        reporter=archive.secrecy.pseudonym(reporter),
        line=archive.secrecy.pseudonym(called or reporter),
        line_known=bool(called) or reporter[:1] == "+",
        at=at,
        day=archive.day(archive.now() if at is None else at),
        category=new.category,
        channel=new.channel,
        source=one_line(new.source, "source"),
        business=one_line(new.business, "business"),
        knew=knew,
        branch=one_line(new.knew.get("branch", ""), "branch"),
        contents={"text": new.text, "contact": contact, **details},
        decision=decision,
    )


def read_decision(text: str) -> str:
    """A decision id, or nothing."""
    text = text.strip().lower()
    if text and not is_decision(text):
        raise ComplaintError("decision", "a decision id has 20 characters of 0-9 and a-f")
    return text


def read_contact(text: str) -> str:
    """Where an answer goes, or nothing: one address, since a letter must not reach whoever else is named behind it."""
    text = text.strip()
    if text and not _CONTACT.fullmatch(text):
        raise ComplaintError("contact", "write one e-mail address or one number")
    return text


def one_line(text: str, field: str, longest: int = LONGEST_NAME) -> str:
    """A name in one line, or an error: what goes into tables and headers has no control characters."""
    text = text.strip()
    if len(text) > longest:
        raise ComplaintError(field, f"{len(text):,} characters; {longest} at most")
    if _CONTROL.search(text):
        raise ComplaintError(field, "it holds control characters; write one line of plain text")
    return text


def shown_text(text: str) -> str:
    """Free text that can be printed: lines stay, what steers terminals or turns the direction of writing is shown."""
    return "\n".join(_CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", line) for line in text.splitlines())


def _reporter(archive: Archive, text: str) -> str:
    """The canonical number of the reporter, or the name that the source knows the person by."""
    text = one_line(text.strip(_DIRECTION), "reporter").translate(_FULL_WIDTH)
    if not text:
        raise ComplaintError("reporter", _WHO)
    if fault := says_nobody(text):
        raise ComplaintError("reporter", f"{text[:40]!r} {fault}: {_WHO}")
    try:
        number = archive.read_number(text, "reporter", called=True)
    except Rounded as error:
        if isinstance(error.__cause__, NoExtension) and error.__cause__.otherwise:
            return error.__cause__.otherwise  # a customer's number
        raise
    except ComplaintError as error:
        homes = archive.country.split()
        if isinstance(error.__cause__, UndecidedHome) and any(is_number_in(text, each) for each in homes):
            raise
        if found := number_beside(text, archive.country):
            return found
        if is_odd_number(text, archive.country):
            raise
        return f"name:{_same_name(text)}"
    _refuse_impossible(text, number, "reporter")
    if number.kind is NumberClass.EXTENSION and _CODE_AND_NUMBER.fullmatch(number.canonical):
        raise ComplaintError("reporter", f"{text[:40]!r} has a code beside its number; write the number alone")
    if number.kind is NumberClass.EMERGENCY:
        raise ComplaintError("reporter", f"{text[:40]!r} is an emergency number, which complains of nobody: {_WHO}")
    return number.canonical


def _same_name(text: str) -> str:
    """However its blanks, width and accents are typed, a name is one person; Chinese needs no blank within it."""
    seen = without_unseen(unicodedata.normalize("NFC", unicodedata.normalize("NFKC", text).casefold()))
    return _WITHIN_CHINESE.sub("", " ".join(seen.split()))


def _refuse_impossible(text: str, number: Number, field: str) -> None:
    """A number that no plan has is nobody's: in another spelling of his he would be another person."""
    if number.kind is NumberClass.IMPOSSIBLE:
        now = could_be_now(number.canonical[1:])
        hint = f"write +{now} if that is meant" if now else "was a digit lost?"
        raise ComplaintError(field, f"{text[:40]!r}: no plan has such a number; {hint}")


def _called(archive: Archive, text: str) -> str:
    if not text.strip():
        return ""
    number = archive.read_number(text, "called", called=True)
    _refuse_impossible(text, number, "called")
    return number.canonical


def _moment(at: float | None, now: float) -> float | None:
    if at is None:
        return None
    if at > now + _CLOCKS_DIFFER_S:
        raise ComplaintError("at", "this time has not come yet")
    if at < now - _OLDEST_S:
        raise ComplaintError("at", "this is more than 400 days ago: nothing about the call is known any more")
    return min(at, now)

"""What somebody names in one word or two, as it stands in the audit: a case, a complaint, an appeal, a number."""

from __future__ import annotations

import re

from desk.archive import Archive
from desk.faults import ComplaintError
from desk.secrecy import about_of, is_reference, read_reference

_CASE = re.compile(r"case\s*(\d{1,15})", re.IGNORECASE)


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

"""What the desk tells of a case in English, in the language of whoever looks; an unknown sentence stays as it is."""

from __future__ import annotations

import re
from collections.abc import Callable

from console.web.translation import mark

Say = Callable[..., str]
_SPAN = r"([\d,.]+ (?:min|h|days))"
_COMPLAINTS = re.compile(r"([\d,]+) complaints?")
_COMPLAINT = re.compile(r"complaint (C-\S+) by (\w[\w ]*): (\S+), (\w+)(.*)", re.DOTALL)
_ENDED = re.compile(r"complaint (C-\S+) (withdrawn|rejected)")
_APPEAL = re.compile(r"appeal (A-\S+) against the (\w+) (filed|granted|refused)")
_SEALED = re.compile(rf"sealed {_SPAN} after the first complaint; ([\d,]+) calls? stopped since(.*)")
_RELEASED = re.compile(rf"released {_SPAN} after it was sealed")
_RUNS = re.compile(rf"([\w ]+?) for {_SPAN} since the first complaint")
_OVER = re.compile(rf"([\w ]+?)(?: to (.+))? {_SPAN} after the first complaint(, no answer yet)?")
_UNITS = {"min": mark("%(n)s minutes"), "h": mark("%(n)s hours"), "days": mark("%(n)s days")}
_DECIDED = {"filed": mark("filed"), "granted": mark("granted"), "refused": mark("turned down")}
WHO = (mark("reporter"), mark("reporters"), mark("policy"), mark("appellant"))


def event(say: Say, what: str) -> str:
    """What happened."""
    if found := _COMPLAINTS.fullmatch(what):
        return say(mark("%(n)s complaints"), n=found[1])
    if found := _COMPLAINT.fullmatch(what):
        about = say(mark("Complaint %(reference)s: %(category)s, %(tie)s"), reference=found[1], **_said(say, found))
        return about + found[5]
    if found := _ENDED.fullmatch(what):
        return say(mark("Complaint %(reference)s %(state)s"), reference=found[1], state=say(found[2]))
    if found := _APPEAL.fullmatch(what):
        return say(mark("Appeal %(reference)s %(state)s"), reference=found[1], state=say(_DECIDED[found[3]]))
    head, bracket, detail = what.partition(" (")
    return say(head) + bracket + detail


def ending(say: Say, text: str) -> str:
    """Where a case stands."""
    if found := _SEALED.fullmatch(text):
        told = mark("sealed %(span)s after the first complaint; %(n)s calls stopped since")
        return say(told, span=_span(say, found[1]), n=found[2])
    if found := _RELEASED.fullmatch(text):
        return say(mark("released %(span)s after it was sealed"), span=_span(say, found[1]))
    if found := _RUNS.fullmatch(text):
        return say(mark("for %(span)s since the first complaint"), span=_span(say, found[2]))
    if found := _OVER.fullmatch(text):
        said = say(mark("%(span)s after the first complaint"), span=_span(say, found[3]))
        to = f"{found[2]} · " if found[2] else ""
        return to + said + (" · " + say(mark("no answer yet")) if found[4] else "")
    return text


def _said(say: Say, found: re.Match[str]) -> dict[str, str]:
    return {"category": say(found[3]), "tie": say(found[4])}


def _span(say: Say, text: str) -> str:
    number, _, unit = text.partition(" ")
    return say(_UNITS[unit], n=number)

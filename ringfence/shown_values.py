"""Decisions and list entries as programs are shown them, and as sentences: times readable, numbers masked."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ringfence.times import shown_time
from rules.texts.worded import joined, worded

if TYPE_CHECKING:  # commands that show none of these start sooner
    from rules.lists.history import Period
    from rules.lists.origins import Entry, Qualification
    from rules.records.decisions import Decision


_NOBODY = worded("nobody named")
_WAYS: dict[str, str] = {
    "removed": worded("removed"),
    "changed": worded("changed"),
}


def decision_data(decision: Decision, zone: str, *, masked: bool = True) -> dict[str, Any]:
    """A decision for programs: numbers masked, times readable."""
    from rules.records.privacy import mask

    return {
        "decision": decision.id,
        "at": shown_time(decision.at, zone),
        "call_id": decision.call_id,
        "source": decision.source,
        "trunk": decision.trunk,
        "caller": (mask(decision.caller) if masked else decision.caller) or decision.caller_class,
        "caller_class": decision.caller_class,
        "called": decision.called_area or decision.called_class,
        "called_class": decision.called_class,
        "verdict": str(decision.action),
        "step": str(decision.step),
        "rule": decision.rule,
        "observed": [one.name for one in decision.fired if one.observed],
        "reason": decision.reason,
        "suspicion": decision.suspicion,
        "destination": decision.profile if decision.action == "divert" else "",
        "status": decision.status,
        "rang": decision.rang,
        "setup_ms": decision.setup_ms,
        "revision": decision.revision,
    }


def entry_data(entry: Entry, zone: str, *, hide: bool = False) -> dict[str, Any]:
    """An entry for programs, with readable times. ``hide``: its numbers masked, for who keeps no lists."""
    from desk.showing import masked
    from desk.showing import worded as hidden_in

    origin, said = entry.origin, hidden_in if hide else str
    return {
        "list": entry.list,
        "entry": masked(entry.text) if hide else entry.text,
        "source": origin.source,
        "reason": said(origin.reason),
        "author": origin.author,
        "created": shown_time(entry.created, zone),
        "expires": shown_time(origin.expires, zone) or None,
        "evidence": said(origin.evidence),
        "note": said(origin.note),
        "trunks": list(origin.trunks),
        "except": [masked(one) for one in entry.exceptions] if hide else list(entry.exceptions),
        **({"sealed": [hidden_in(one) for one in entry.sealed]} if entry.sealed else {}),
        **({"changed": list(entry.changed)} if entry.before is not None else {}),
        **({"left_out_of": list(entry.cut)} if entry.cut else {}),
        **qualified(origin.qualification, zone),
        "off": entry.off(time.time()) or None,
    }


def qualified(qualification: Qualification | None, zone: str) -> dict[str, Any]:
    """What qualifies an allow entry; nothing for others."""
    if qualification is None:
        return {}
    return {**asdict(qualification), "review": shown_time(qualification.review, zone) or None}


def period_data(one: Period, zone: str) -> dict[str, Any]:
    """An entry as it stood for a while, for programs."""
    entry = {name: value for name, value in entry_data(one.entry, zone).items() if name not in ("off", "sealed")}
    return entry | {
        "since": shown_time(one.since, zone),
        "import": one.entry.import_id,
        "until": shown_time(one.until, zone) or None,
        "ended": one.how or None,
        "ended_by": one.author,
        "ended_why": one.reason,
        "ended_by_import": one.import_id,
    }


def period_told(one: Period, zone: str) -> str:
    """An entry as it stood, in a sentence: ``+86170* on blocked, added on ... by li (hotline): rang at night; ...``."""
    entry, origin = one.entry, one.entry.origin
    begun = worded("added")
    if one.undone is not None:
        begun = worded("put back by the undoing of import %(n)s", n=one.undone)
    source: str = origin.source
    if entry.import_id is not None:
        source = worded("%(source)s, import %(n)s", source=source, n=entry.import_id)
    text: str = worded(
        "%(entry)s on %(list)s, %(begun)s on %(at)s by %(by)s (%(source)s)",
        entry=entry.text,
        list=entry.list,
        begun=begun,
        at=shown_time(one.since, zone),
        by=one.begun_by or _NOBODY,
        source=source,
    )
    if origin.reason:
        text = joined(": ", [text, origin.reason])
    if origin.evidence:
        text = joined("; ", [text, worded("evidence: %(evidence)s", evidence=origin.evidence)])
    return joined("; ", [text, worded("it stands") if one.until is None else _ended(one, one.until, zone)])


def _ended(one: Period, until: float, zone: str) -> str:
    """How an entry left its list, when and by whom."""
    ways: dict[str, str] = {
        "import": worded("changed or removed by import %(n)s", n=one.import_id),
        "undo": worded("import %(n)s undone", n=one.import_id),
        "release": worded("seal released"),
    }
    how = ways.get(one.how) or _WAYS.get(one.how) or str(one.how)
    ended = worded("%(how)s on %(at)s by %(by)s", how=how, at=shown_time(until, zone), by=one.author or _NOBODY)
    return joined(": ", [ended, *([one.reason] if one.reason else [])])

"""What leaves the house: the file for the operator that holds a number, the evidence pack of an appeal, safe CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from desk.appeals import Appeal
from desk.archive import Archive
from desk.case_files import case_of, cases_of
from desk.complaint_rows import standing_in
from desk.disclosure import LOOKS, without_numbers
from desk.ladder_book import standings_of
from desk.showing import masked, worded
from desk.states import Attacks
from desk.weighing import evidence_of
from rules.audit.chain import deeds_of
from rules.lists.history import happenings, stood_behind
from rules.model import Action, Step
from rules.records.decisions import Decision, Decisions
from rules.screening.revisions import Revisions, revisions_path
from rules.storage.store import StoreError

_CALLS_READ = 1_000  # of a number, the newest
_STEPS = {  # at which what an appeal attacks stops calls
    Attacks.SEAL: frozenset({Step.SEALED}),
    Attacks.LADDER: frozenset({Step.LADDER}),
    Attacks.ENTRY: frozenset({Step.OPERATOR_BLOCK, Step.SHARED, Step.SUBSCRIBER_BLOCK}),
}
_NAMING = frozenset(
    {"name", "target", "subject_id", "detail", "holder", "handed_to", "their_answer", "their_reference"}
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> object:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe (OWASP)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def as_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table as CSV, every cell harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([harmless(column) for column in columns])
    writer.writerows([harmless("" if cell is None else cell) for cell in row] for row in rows)
    return out.getvalue()


async def handover(archive: Archive, case_id: int) -> str:
    """A case for the operator that holds its number, as CSV: what was complained about, and nothing about reporters."""
    connection = archive.store.connection
    case = await case_of(connection, case_id)
    columns = ("case", "complaint", "number", "received", "call at", "category", "business", "tie", "decision")
    rows = [
        (
            *(case.id, one.reference, one.accused, _time(one.received), _time(one.call_at)),
            *(one.category, worded(one.business, archive.country), str(one.tie), one.decision),
        )
        async for one in standing_in(connection, case_id)
    ]
    return as_csv(columns, rows)


async def evidence_pack(archive: Archive, appeal: Appeal, *, clear: bool = False) -> str:
    """What an appeal is judged by, as JSON: the call, the rule's text, list entries with their history, and cases.

    ``clear``: with the number in full, which was asked for and is on record (`desk.unmasking`).
    """
    connection = archive.store.connection
    pack: dict[str, Any] = {
        "appeal": appeal._asdict() | {"received": _time(appeal.received), "decided": _time(appeal.decided)},
        "call": None,
        "call_found_by": "",
        "rule": None,
        "stopped_by": [],
        "entries": [],
        "history": [one._asdict() | {"at": _time(one.at)} for one in await happenings(archive.lists, appeal.number)],
        "seals": await _seals(archive, appeal.number),
        "ladder": await _ladder(archive, appeal.number),
        "cases": [],
    }
    decision = await _call_of(archive, appeal)
    if decision is not None:
        call = asdict(decision)
        del call["called_key"], call["source"]
        pack["call_found_by"] = "decision" if appeal.decision else "number"
        pack["call"] = call | {"at": _time(decision.at)}
        pack["stopped_by"] = await _entries_behind(archive, decision)
        pack["rule"] = await _rule_text(archive, decision.rule, decision.revision, decision.at)
    for entry in await archive.lists.covering(appeal.number):
        shown = asdict(entry) | {"created": _time(entry.created), "off": entry.off(archive.now())}
        pack["entries"].append(shown)
    for case in await cases_of(connection, appeal.number):
        shown = {name: _time(one) if isinstance(one, float) else one for name, one in case._asdict().items()}
        shown["evidence"] = (await evidence_of(archive, case))._asdict()
        shown["steps"] = await _steps(archive, "case", str(case.id))
        pack["cases"].append(shown)
    told = _reasons_masked(pack, archive.country)
    if not clear:
        callers = {one: masked(one) for one in (appeal.number, *_callers(decision)) if one}
        told = _hidden(told, callers, archive.country)
    return json.dumps(told, ensure_ascii=False, indent=2, default=str)


def _callers(decision: Decision | None) -> list[str]:
    return [] if decision is None else [decision.caller, *decision.facts.get("callers", ())]


def _hidden(value: Any, masks: dict[str, str], home: str, name: str = "") -> Any:
    """The same with these numbers masked wherever they stand, and none in the name of an owner or a business."""
    if isinstance(value, dict):
        return {key: _hidden(one, masks, home, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(one, masks, home, name) for one in value]
    if isinstance(value, str) and not isinstance(value, Enum):
        for number, mask in masks.items():
            value = value.replace(number, mask)
        return worded(value, home) if name in _NAMING else value
    return value


def _reasons_masked(value: Any, home: str, name: str = "") -> Any:
    """What people of the house write for each other names others by their numbers; those stay here."""
    if isinstance(value, dict):
        return {key: _reasons_masked(one, home, key) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_reasons_masked(one, home, name) for one in value]
    if name == "sealed" and isinstance(value, str):  # which other numbers an allow entry does not pass
        return without_numbers(value, home)
    return without_numbers(value, home) if isinstance(value, str) and name.endswith(("reason", "why")) else value


async def _call_of(archive: Archive, appeal: Appeal) -> Decision | None:
    """The call whose decision it names; where it names a number only, the last call that what it attacks stopped."""
    records = Decisions(archive.decisions)
    if appeal.decision:
        return await records.find(appeal.decision)
    found = [
        one
        for one in await records.recent(_CALLS_READ, caller=appeal.number)
        if one.at <= appeal.received and one.action is not Action.FORWARD
    ]
    steps = _STEPS.get(appeal.attacks, frozenset())
    attacked = (
        one
        for one in found
        if one.step in steps or (appeal.attacks is Attacks.RULE and appeal.name in ("", one.rule) and one.rule)
    )
    return next(attacked, found[0] if found else None)


async def _entries_behind(archive: Archive, decision: Decision) -> list[dict[str, Any]]:
    """The entries that took part in the call as they stood then, and how they ended since."""
    callers = [decision.caller, *decision.facts.get("callers", ())]
    found = await stood_behind(archive.lists, dict.fromkeys(callers), decision.fired, decision.at)
    return [
        asdict(one.entry)
        | {
            "created": _time(one.entry.created),
            "since": _time(one.since),
            "until": _time(one.until),
            "ended": one.how,
            "ended_by": one.author,
            "ended_why": one.reason,
            "ended_by_import": one.import_id,
        }
        for one in found
    ]


async def _seals(archive: Archive, number: str) -> list[dict[str, Any]]:
    """Every seal that stands or stood on the number."""
    query = (
        "select id, case_id, author, reason, sealed, released, release_author, release_reason from seal "
        "where number = ? order by id"
    )
    names = ("id", "case", "author", "reason", "sealed", "released", "release_author", "release_reason")
    rows = await archive.lists.store.connection.execute_fetchall(query, (number,))
    return [
        {name: _time(one) if isinstance(one, float) else one for name, one in zip(names, row, strict=True)}
        for row in rows
    ]


async def _ladder(archive: Archive, number: str) -> list[dict[str, Any]]:
    """The steps of the number, its owner and its business, how they came to be, and until when they hold."""
    found = []
    for standing in await standings_of(archive.lists.store.connection, number):
        step, name = standing.step_at(archive.now()).name.lower(), f"{standing.kind} {standing.name}"
        times = {"since": _time(standing.since), "term_ends": _time(standing.term_ends)}
        found.append(standing._asdict() | times | {"step": step, "steps": await _steps(archive, "ladder", name)})
    return found


async def _steps(archive: Archive, subject: str, subject_id: str) -> list[dict[str, Any]]:
    deeds = await deeds_of(archive.store.connection, subject, subject_id)
    return [deed._asdict() | {"at": _time(deed.at)} for deed in deeds if deed.step not in LOOKS]


async def _rule_text(archive: Archive, rule: str, revision: str, at: float) -> dict[str, str] | None:
    """The rule as it stood when it judged, where its revision was kept."""
    path = revisions_path(archive.database)
    if not rule or not path.exists():
        return None
    try:
        revisions = await Revisions.open(path)
    except StoreError:
        return None
    try:
        found = await revisions.that_judged(revision, at)
    finally:
        await revisions.close()
    for file in found.texts.files if found else ():
        if text := rule_in(file.text, rule):
            return {"name": rule, "file": file.name, "text": text}
    return None


def rule_in(text: str, rule: str) -> str:
    """The lines of one rule in its file; empty when it is not there."""
    begins = re.compile(rf"-\s+(?:rule|name):\s*['\"]?{re.escape(rule)}['\"]?\s*(?:#.*)?$")
    lines = text.splitlines()
    for place, line in enumerate(lines):
        if not begins.match(line.strip()):
            continue
        depth = len(line) - len(line.lstrip())
        end = place + 1
        while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > depth):
            end += 1
        return "\n".join(lines[place:end]).rstrip()
    return ""


def _time(at: float | None) -> str:
    return "" if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")

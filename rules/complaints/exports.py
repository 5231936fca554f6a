"""What leaves the house: the file for the operator that holds a number, the evidence pack of an appeal, safe CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rules.complaints.appeals import Appeal
from rules.complaints.archive import Archive
from rules.complaints.audit import deeds_of
from rules.complaints.case_files import case_of, cases_of
from rules.complaints.complaint_rows import listed
from rules.complaints.weighing import evidence_of
from rules.records.decisions import Decisions
from rules.revisions import Revisions, revisions_path
from rules.store import StoreError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MOST = 100_000


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
    found = await listed(connection, case_id=case_id, limit=_MOST)
    rows = [
        (
            *(case.id, one.reference, one.accused, _time(one.received), _time(one.call_at)),
            *(one.category, one.business, str(one.tie), one.decision),
        )
        for one in reversed(found)
    ]
    return as_csv(columns, rows)


async def evidence_pack(archive: Archive, appeal: Appeal) -> str:
    """What an appeal is judged by, as JSON: the call, the text of the rule, list entries and cases of the number."""
    connection = archive.store.connection
    pack: dict[str, Any] = {
        "appeal": appeal._asdict() | {"received": _time(appeal.received), "decided": _time(appeal.decided)},
        "call": None,
        "rule": None,
        "entries": [],
        "cases": [],
    }
    decision = await Decisions(archive.decisions).find(appeal.decision) if appeal.decision else None
    if decision is not None:
        call = asdict(decision)
        del call["called_key"], call["source"]
        pack["call"] = call | {"at": _time(decision.at)}
        pack["rule"] = await _rule_text(archive, decision.rule, decision.revision, decision.at)
    for entry in await archive.lists.covering(appeal.number):
        shown = asdict(entry) | {"created": _time(entry.created), "off": entry.off(archive.now())}
        pack["entries"].append(shown)
    for case in await cases_of(connection, appeal.number):
        evidence = await evidence_of(archive, case)
        deeds = await deeds_of(connection, "case", str(case.id))
        pack["cases"].append(
            case._asdict()
            | {"evidence": evidence._asdict(), "steps": [deed._asdict() | {"at": _time(deed.at)} for deed in deeds]}
        )
    return json.dumps(pack, ensure_ascii=False, indent=2, default=str)


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

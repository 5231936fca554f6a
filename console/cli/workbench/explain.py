"""`ringfence explain` on a terminal: its options read, its sentences laid out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer

from console.cli.answers import FAULTS, Answer, counted, harmless, table, two_lines
from console.cli.noted import note_entries, note_question, sees_numbers
from ringfence import explanations
from ringfence.checks import FIELD_NAME
from ringfence.explanations import Explanation
from ringfence.explanations import Words as Words
from ringfence.explanations import what_is_left as what_is_left
from ringfence.installation import Installation
from ringfence.recorded_calls import SeveralCalls
from ringfence.rulebook import Rulebook
from rules.language.examples import Described
from rules.model import Trunk


def as_text(told: Explanation) -> str:
    """One sentence a line, the step before it, a mark at what decided."""
    width = max(len(line.step) for line in told.lines)
    return "\n".join(
        f"{'=>' if line.won else '  '} {line.step:{width}}  {harmless(line.text)}"
        f"{f'  ({line.place})' if line.place else ''}"
        for line in told.lines
    )


async def explain_decision(here: Installation, text: str, *, clear: bool) -> Explanation | None:
    """Why the recorded call that a text names got its verdict; None when there is no such record."""
    try:
        return await explanations.explain_decision(here, text, clear=clear, figures=sees_numbers(here))
    except SeveralCalls as error:
        raise typer.BadParameter(str(error)) from None


async def explain_call(here: Installation, described: Described, words: Words, *, saved: bool = False) -> Explanation:
    """What a call would get now; whoever asks stands in the audit."""
    try:
        return await explanations.explain_call(
            here, described, words, lambda number: note_question(here, number, "explain"), saved=saved
        )
    except explanations.BadWord as error:
        raise typer.BadParameter(str(error)) from None


_COLUMNS = ("line", "from", "to", "verdict", "rule", "step", "suspicion", "reason")


async def many_explained(here: Installation, file: Path, *, saved: bool) -> Answer:
    """What each call of a file would get; exit status 1 where its column `verdict` wishes another."""
    from ringfence.explained_files import explain_file

    most = None if sees_numbers(here) else here.configuration.privacy.unmask_hour
    found = await explain_file(here, file, saved=saved, most=most)
    rows = found.rows
    await note_entries(here, len(rows), "calls of a file: explain")
    for number in found.callers if most is not None else ():
        await note_question(here, number, "explain --file")
    wrong = [row for row in rows if row["as_wished"] is False]
    behind = _summed(rows)
    if found.by_rules_alone:
        behind += f"\nBy rules alone: of over {most} callers, who may not see numbers is told of no list, step or seal."
    shown = table(_COLUMNS, rows, here.zone, narrow=_in_lines, none="The file holds no calls.", behind=behind)
    told = [f"line {row['line']}: {row['verdict']}, and {row['wished']} was wished" for row in wrong]
    return shown._replace(faults=told, status=FAULTS if wrong else 0)


def _summed(rows: Sequence[Mapping[str, Any]]) -> str:
    verdicts = Counter(row["verdict"] for row in rows)
    each = ", ".join(f"{verdict} {number:,}" for verdict, number in verdicts.most_common())
    wished = [row["as_wished"] for row in rows if row["as_wished"] is not None]
    beside = f"; {sum(wished):,} of {len(wished):,} as the file wishes" if wished else ""
    return f"{counted(len(rows), 'call')}: {each}{beside}"


def _in_lines(row: dict[str, str]) -> str:
    return two_lines((row["line"], row["from"], row["to"], row["verdict"]), row["rule"], row["step"], row["reason"])


def headers_of(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """NAME: VALUE as typed."""
    found = []
    for text in texts:
        name, colon, value = text.partition(":")
        if not (colon and FIELD_NAME.match(name.strip())):
            raise typer.BadParameter(f"--header {text!r}: write NAME: VALUE")
        found.append((name.strip(), value.strip()))
    return tuple(found)


def trunk_named(book: Rulebook, name: str) -> Trunk:
    """The trunk of this name; without a name `default`, else the first."""
    try:
        return explanations.trunk_named(book, name)
    except explanations.BadWord as error:
        raise typer.BadParameter(str(error)) from None

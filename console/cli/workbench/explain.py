"""`ringfence explain` on a terminal: its options read, its sentences laid out."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from console.cli.answers import harmless
from console.cli.noted import note_question
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
        return await explanations.explain_decision(here, text, clear=clear)
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

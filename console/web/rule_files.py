"""The rule files as they lie on the disk, for the page of rules: their lines coloured, their faults in place.

They are compiled in a thread, and again only when a file has changed: examples are run each time that rules compile.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup
from pygments.lexers.data import YamlLexer
from pygments.token import Comment, Name, String, Token, _TokenType

from console.web.rendering import harmless
from ringfence.installation import Installation
from ringfence.node_settings import rule_files
from ringfence.rulebook import Rulebook, load_rulebook
from rules.language.faults import Fault
from rules.language.source import RuleError, load_document

LARGEST = 1_000_000  # octets of a file that is shown line by line


class Line(NamedTuple):
    """One line of a file."""

    number: int
    shown: Markup
    faults: list[Fault]


class OnDisk(NamedTuple):
    """What lies on the disk."""

    files: list[Path]
    book: Rulebook | None  # None: it does not compile
    faults: list[Fault]  # and warnings
    examples: int

    def named(self, name: str) -> Path | None:
        """The file of this name; nobody reads another one by it."""
        return next((one for one in self.files if one.name == name), None)

    def faults_of(self, file: Path) -> list[Fault]:
        """What is wrong in one file."""
        return [one for one in self.faults if Path(one.file).name == file.name]

    @property
    def sound(self) -> bool:
        """May it go live?"""
        return self.book is not None


class RuleFiles:
    """Keeps what was compiled last."""

    def __init__(self, here: Installation) -> None:
        self._here = here
        self._kept: tuple[object, OnDisk] | None = None
        self._turn = asyncio.Lock()

    async def now(self) -> OnDisk:
        """What lies on the disk at this moment."""
        async with self._turn:
            state = await asyncio.to_thread(self._state)
            if self._kept is None or self._kept[0] != state:
                self._kept = state, await asyncio.to_thread(self._read)
            return self._kept[1]

    def _files(self) -> list[Path]:
        found: dict[Path, None] = {}
        for pattern in self._here.configuration.rules:
            found |= dict.fromkeys(rule_files(self._here.base, pattern))
        return list(found)

    def _state(self) -> object:
        return [
            (str(file), found.st_mtime_ns, found.st_size)
            for file in (self._here.file, *self._files())
            if (found := _stat(file)) is not None
        ]

    def _read(self) -> OnDisk:
        files = self._files()
        try:
            book = load_rulebook(self._here.file)
        except RuleError as error:
            return OnDisk(files, None, list(error.faults), 0)
        read = book.compiled.files if book.compiled else []
        examples = sum(len(rule.catches) + len(rule.spares) for one in read for rule in one.content.rules)
        return OnDisk(files, book, list(book.warnings), examples)


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None


def lines_of(file: Path, faults: Sequence[Fault]) -> list[Line]:
    """A file line by line, with what is wrong beneath the line that it is in."""
    if file.stat().st_size > LARGEST:
        return []
    try:
        text = load_document(file).text
    except RuleError:
        text = file.read_text(encoding="utf-8", errors="replace")
    return [
        Line(number, shown, [one for one in faults if one.line == number])
        for number, shown in enumerate(coloured(text), 1)
    ]


def coloured(text: str) -> list[Markup]:
    """The lines of a YAML file, each part with what it is; nothing in it is anything but text."""
    lines: list[Markup] = []
    line = Markup()
    for kind, piece in YamlLexer(ensurenl=False, stripnl=False).get_tokens(text):
        for position, part in enumerate(piece.split("\n")):
            if position:
                lines.append(line)
                line = Markup()
            if part:
                name = _class_of(kind)
                shown = harmless(part)
                line += Markup('<span class="{}">{}</span>').format(name, shown) if name else Markup("{}").format(shown)
    return [*lines, line] if line or not lines else lines


def _class_of(kind: _TokenType) -> str:
    for one, name in ((Comment, "c"), (Name.Tag, "k"), (String, "s"), (Token.Literal.Scalar, "v")):
        if tuple(kind)[: len(one)] == tuple(one):
            return name
    return ""

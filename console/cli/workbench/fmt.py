"""`ringfence fmt`: rule files and test files laid out anew, each whole or not at all."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import Any, NamedTuple

from console.cli.answers import counted
from console.cli.files import finished_file
from ringfence.configuration import read_configuration
from ringfence.node_settings import rule_files
from rules.language.faults import Fault, RuleError
from rules.language.layout import laid_out
from rules.language.source import Document, load_document, read_document

STDIN = Path("-")


class Formatted(NamedTuple):
    """What became of the files."""

    files: list[str]
    changed: list[str]  # that were, or would be, written anew
    faults: list[Fault]
    diff: list[str]  # how they would change; empty where they were written
    text: str = ""  # of standard input

    def as_text(self) -> str:
        """The diff, or what was written, then one line of sum."""
        if self.text:
            return self.text.removesuffix("\n")
        lines = [*map(str, self.faults), *(self.diff or self.changed)]
        done = "would change" if self.diff else "laid out anew"
        refused = f", {len(self.faults)} refused" if self.faults else ""
        return "\n".join([*lines, f"{counted(len(self.files), 'file')}: {len(self.changed)} {done}{refused}"])

    def as_data(self) -> dict[str, Any]:
        """The same for programs."""
        faults = [fault._asdict() for fault in self.faults]
        return {"files": self.files, "changed": self.changed, "faults": faults, "diff": self.diff}


def files_named(configuration: Path) -> list[Path]:
    """The rule files and test files that a ringfence.yaml names."""
    settings, _ = read_configuration(configuration)
    patterns = (*settings.rules, *settings.tests)
    return [file for pattern in patterns for file in rule_files(configuration.parent, pattern)]


def fmt(files: list[Path], *, check: bool) -> Formatted:
    """Lay these files out; with `check` nothing is written. `-` is standard input, which is printed."""
    if files == [STDIN]:
        document = read_document(sys.stdin.read(), "standard input")
        laid = laid_out(document)
        changed = [document.file] if laid != document.text else []
        return Formatted([document.file], changed, [], _diff(document, laid) if check else [], "" if check else laid)
    found = Formatted(list(map(str, files)), [], [], [])
    for path in files:
        try:
            document = load_document(path)
            laid = laid_out(document)
        except RuleError as error:
            found.faults.extend(error.faults)
            continue
        if laid.encode() == path.read_bytes():
            continue
        found.changed.append(str(path))
        if check:
            found.diff.extend(_diff(document, laid))
        else:
            with finished_file(path) as out:
                out.write(laid)
    return found


def _diff(document: Document, laid: str) -> list[str]:
    before, after = document.text.splitlines(), laid.splitlines()
    names = (document.file, f"{document.file} (laid out)")
    if before == after:
        return [f"{document.file}: the ends of its lines"]
    return list(difflib.unified_diff(before, after, *names, lineterm=""))

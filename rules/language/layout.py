"""Lays a rule file out anew: the same values and comments in the same order, with one indentation and no long line.

ruamel.yaml does it; since it is known to lose a comment in odd places, what comes out is read again and compared.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import ScalarNode
from ruamel.yaml.resolver import VersionedResolver
from ruamel.yaml.scalarstring import ScalarString
from ruamel.yaml.tag import Tag

from rules.language.faults import Fault, RuleError
from rules.language.source import Document, read_document

WIDTH: Final = 120  # columns of a line, before a value in braces goes on lines of its own
_TEXT: Final = Tag(suffix="tag:yaml.org,2002:str")
_NOTHING: Final = Tag(suffix="tag:yaml.org,2002:null")
_REMARK: Final = re.compile(r"\s*#")
_BLANK_ENDS: Final = re.compile(r"\A(?:[ \t]*\n)+|\s+\Z")
_TABS: Final = re.compile(r"(?<=\S)[ ]*\t[ \t]*(?=#|$)", re.MULTILINE)


class _AsWritten(VersionedResolver):
    """Every plain value is the text that it is written as: 0950 is no octal number, 22:10 no time."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode:
            return _NOTHING if implicit and implicit[0] and value in ("", "~", "null", "Null", "NULL") else _TEXT
        return super().resolve(kind, value, implicit)


def laid_out(document: Document) -> str:
    """The text of a file as it should stand there. RuleError where it can't be laid out and mean the same."""
    text = document.text.removeprefix("\ufeff").replace("\r\n", "\n").strip("\n") + "\n"
    bare = _TABS.sub(" ", _BLANK_ENDS.sub("", text).lstrip("\n") + "\n")  # ruamel takes no tab behind a value
    text = bare if _reads_as(bare, document) else text
    if document.data is None:
        return text
    engine = YAML()
    engine.Resolver = _AsWritten
    engine.preserve_quotes = True
    engine.width = WIDTH
    engine.brace_single_entry_mapping_in_flow_sequence = True  # [{a: b}], not [a: b]
    engine.indent(mapping=2, sequence=2, offset=0)
    try:
        data = engine.load(text)
        _open_what_is_long(data, 0, "")
        out = io.StringIO()
        engine.dump(data, out)
    except (YAMLError, ValueError, AttributeError) as error:
        raise _refused(document, f"{type(error).__name__}: {str(error).splitlines()[0]}") from error
    laid = _remarks_in_line(out.getvalue())
    bare = "".join(f"{line.rstrip()}\n" for line in laid.split("\n")[:-1])  # folded text leaves blanks at its ends
    laid = next((one for one in (bare, laid) if _reads_as(one, document)), "")
    if not laid:
        raise _refused(document, "it would mean something else")
    if sorted(remarks(laid)) != sorted(remarks(text)):
        raise _refused(document, "a remark would be lost")
    return laid


def _reads_as(text: str, document: Document) -> bool:
    """Does the text say what the document says?"""
    try:
        return bool(read_document(text, document.file).data == document.data)
    except RuleError:
        return False


def _refused(document: Document, why: str) -> RuleError:
    hint = "it stays as it is; put remarks on lines of their own, above what they are about"
    return RuleError([Fault(document.file, 0, 0, f"the file cannot be laid out: {why}", hint)])


def remarks(text: str) -> Iterator[str]:
    """Every remark of a YAML text."""
    lines = text.splitlines()
    ends: dict[int, int] = {}  # by line: where the last part of its values ends
    for token in yaml.scan(text, Loader=yaml.CSafeLoader):
        if isinstance(token, yaml.ScalarToken):
            ends |= {line: len(lines[line]) for line in range(token.start_mark.line, token.end_mark.line)}
        ends[token.end_mark.line] = max(ends.get(token.end_mark.line, 0), token.end_mark.column)
    for number, line in enumerate(lines):
        if _REMARK.match(line, ends.get(number, 0)):
            yield line[ends.get(number, 0) :].strip()


def _open_what_is_long(data: Any, column: int, key: str) -> None:
    """Give a value in braces or brackets that goes beyond the line lines of its own, from the outside in."""
    if not isinstance(data, CommentedMap | CommentedSeq):
        return
    column += len(key) + 2 if key else 0
    if data.fa.flow_style():
        if column + _length(data) <= WIDTH and not _remarked(data):
            return
        data.fa.set_block_style()
    inner = column - len(key) if key else column
    if isinstance(data, CommentedMap):
        for name, value in data.items():
            _open_what_is_long(value, inner, str(name))
    else:
        for value in data:
            _open_what_is_long(value, inner + 2, "")


def _remarked(data: Any) -> bool:
    """Does a remark stand inside? Then it needs the end of a line."""
    if not isinstance(data, CommentedMap | CommentedSeq):
        return False
    below = data.values() if isinstance(data, CommentedMap) else data
    return any(part for parts in data.ca.items.values() for part in parts if part) or any(map(_remarked, below))


def _length(data: Any) -> int:
    """How many columns a value takes in one line."""
    if isinstance(data, CommentedMap):
        return 2 + sum(len(str(key)) + 2 + _length(value) for key, value in data.items()) + 2 * max(len(data) - 1, 0)
    if isinstance(data, CommentedSeq):
        return 2 + sum(map(_length, data)) + 2 * max(len(data) - 1, 0)
    return len(str(data)) + 2 * isinstance(data, ScalarString)


def _remarks_in_line(text: str) -> str:
    """Move a remark on a line of its own to the column of what follows it, where it stands in no column of the text."""
    lines = text.splitlines()
    following = 0
    for number in range(len(lines) - 1, -1, -1):
        line = lines[number]
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith("#"):
            before = next((one for one in reversed(lines[:number]) if one.strip() and one.lstrip()[0] != "#"), "")
            known = {0, following, len(before) - len(before.lstrip()), len(before) - len(before.lstrip("- "))}
            if indent not in known and not _in_a_text(lines, number):
                lines[number] = " " * following + line.lstrip()
        elif line.strip():
            following = indent
    return "\n".join(lines) + "\n"


def _in_a_text(lines: list[str], number: int) -> bool:
    """Is a line part of a text that begins with | or >? There a # is a sign like others."""
    indent = len(lines[number]) - len(lines[number].lstrip())
    above = (one for one in reversed(lines[:number]) if one.strip() and len(one) - len(one.lstrip()) < indent)
    return bool(re.search(r"[|>][-+0-9]*\s*$", next(above, "")))

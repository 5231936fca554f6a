"""YAML as its author wrote it: every scalar is text, every place is known, every fault is one clear line.

``load_document`` reads a file or raises ``RuleError``, which holds one or more ``Fault``; nothing else escapes.
PyYAML's C event parser does the reading: ten thousand rules in 0.6 s, where ruamel.yaml takes 14 s. Nothing is
constructed by tag, so a document can only become text, lists and mappings.
"""

from __future__ import annotations

import contextlib
import errno
import gc
import stat
import typing
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol

import yaml

from rules.language.faults import Fault, Location, RuleError, faults_of, nearest
from rules.language.full_width import Sign, in_syntax, in_value
from rules.texts.encodings import NotUtf8, decoded

__all__ = ["Document", "Fault", "RuleError", "faults_of", "load_document", "nearest", "read_document", "shipped"]

MAX_BYTES = 5_000_000
MAX_DEPTH = 40  # a rule needs ten
MAX_NODES = 2_000_000  # counted as if every alias were written out


class Mark(Protocol):
    """Where the parser met something, counted from 0."""

    line: int
    column: int


class NodeMarks:
    """Where a list or mapping begins, and where its keys and items begin."""

    __slots__ = ("items", "keys", "mark", "size")

    def __init__(self, mark: Mark) -> None:
        self.mark = mark
        self.keys: dict[str, Mark] = {}  # of a mapping
        self.items: dict[int | str, NodeMarks | Mark] = {}  # values of a mapping by key, items of a list by index
        self.size = 1  # nodes in it, aliases written out


class Document:
    """A YAML file as plain text, lists and mappings, with the place of each part."""

    def __init__(self, file: str, text: str, data: Any, place: NodeMarks | Mark) -> None:
        self.file = file
        self.text = text
        self.data = data
        self._place = place
        self._lines: list[str] | None = None  # empty: only ASCII

    def _descend(self, loc: Iterable[int | str]) -> Iterator[tuple[int | str, Mark | None, Mark]]:
        """Each part of `loc` that the document has, with the marks of its key and of its value."""
        place = self._place
        for part in loc:
            below = place.items.get(part) if isinstance(place, NodeMarks) else None
            if below is None or not isinstance(place, NodeMarks):
                continue  # the name of a choice inside the model, or what is missing
            yield part, place.keys.get(str(part)), below.mark if isinstance(below, NodeMarks) else below
            place = below

    def locate(self, loc: Iterable[int | str], *, value: bool = False) -> tuple[int, int]:
        """Line and column, 1-based, of the deepest part of `loc` that there is: of its key, or of its `value`."""
        mark = self._place.mark if isinstance(self._place, NodeMarks) else self._place
        for _, key_mark, value_mark in self._descend(loc):
            mark = value_mark if value or key_mark is None else key_mark
        return mark.line + 1, mark.column + 1

    def path(self, loc: Iterable[int | str]) -> Location:
        """The parts of `loc` that the document has."""
        return tuple(part for part, _, _ in self._descend(loc))

    def fault(self, loc: Iterable[int | str], what: str, hint: str = "", *, warning: bool = False) -> Fault:
        """A fault of the value that `loc` names; a full-width sign in it is what is wrong."""
        loc = tuple(loc)
        line, column = self.locate(loc, value=True)
        if not warning and (sign := self.sign(line, column, loc)):
            return Fault(self.file, sign.line, sign.column, *sign.sentence())
        return Fault(self.file, line, column, what, hint, warning)

    def sign(self, line: int, column: int, path: Location) -> Sign | None:
        """A full-width sign in the plain value or key at this place."""
        if self._lines is None:
            self._lines = [] if self.text.isascii() else self.text.splitlines()
        return in_value(self._lines, line, column, path) if self._lines else None

    def line(self, number: int) -> str:
        """The text of a line, counted from 1."""
        lines = self.text.splitlines()
        return lines[number - 1] if 0 < number <= len(lines) else ""


def shipped(path: str) -> Path:
    """A file that comes with Ringfence: in the checkout's ``config/``, or inside this package when installed."""
    package = Path(__file__).resolve().parent.parent
    checkout = package.parent
    if (checkout / "pyproject.toml").is_file():
        return checkout / "config" / path
    return package / "shipped" / path


def load_document(path: Path) -> Document:
    """The YAML document in a file; raises RuleError with one clear fault when it is none."""
    try:
        refuse_what_is_no_file(path)
        raw = read_at_most(path)
    except FileNotFoundError:
        if path.is_symlink():
            what = f"the link leads to {path.readlink()}, where no file is"
            raise RuleError([Fault(str(path), 0, 0, what, "put the file there, or remove the link")]) from None
        raise RuleError([Fault(str(path), 0, 0, "there is no such file", "check the spelling of its path")]) from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise RuleError([Fault(str(path), 0, 0, *CIRCLE)]) from None
        what = f"the file cannot be read ({error.strerror})"
        raise RuleError([Fault(str(path), 0, 0, what, "give the path of a readable file")]) from None
    try:
        text = decoded(raw)
    except NotUtf8 as error:
        raise RuleError([Fault(str(path), error.line, error.column, error.what, error.hint)]) from None
    return read_document(text, str(path))


CIRCLE = ("the link leads round in a circle", "remove it")


def leads_in_a_circle(path: Path) -> bool:
    """Is it a link that never arrives?"""
    try:
        path.resolve()
    except (OSError, RuntimeError):
        return True
    return False


Door = Callable[[Path, int], None]
_doors: list[Door] = []


def set_door(door: Door | None) -> None:
    """Ask this of each file once it is open, before anything of it is read; OSError: it is not to be read.

    A name may lead elsewhere from one moment to the next, an open file does not.
    """
    _doors[:] = [] if door is None else [door]


def ask_door(path: Path, descriptor: int) -> None:
    """OSError where the file that was opened under this name is not to be read."""
    for door in _doors:
        door(path, descriptor)


def read_at_most(path: Path, most: int = MAX_BYTES) -> bytes:
    """The bytes of a file; RuleError when it goes on beyond that, as what a shell hands over may do without end."""
    with path.open("rb") as stream:
        ask_door(path, stream.fileno())
        raw = stream.read(most + 1)
    if len(raw) > most:
        raise RuleError([_too_large(path)])
    return raw


def _too_large(path: Path) -> Fault:
    return Fault(str(path), 0, 0, "the file is larger than 5 MB", "put numbers into a list")


def refuse_what_is_no_file(path: Path, *, most: float = MAX_BYTES) -> None:
    """Raise RuleError for a folder, a FIFO on which reading would wait for ever, a device, and what is too large.

    Whatever people hand in is asked this before it is opened.
    """
    status = path.stat()
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        what, hint = "this is a folder, not a file", f"write the path of a file, or the pattern {path}/*.yaml"
    elif stat.S_ISREG(mode):
        if status.st_size <= most:
            return
        raise RuleError([_too_large(path)])
    elif str(path).startswith(_HANDED_OVER):
        return
    else:
        kind = "a FIFO" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        what, hint = f"this is {kind}, not a file", "write the path of a file"
    raise RuleError([Fault(str(path), 0, 0, what, hint)])


_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")  # what a shell opened for us: `check <(make-rules)`


def read_document(text: str, file: str) -> Document:
    """The YAML document in `text`; `file` names it in faults."""
    try:
        with without_collection():
            data, place = _Reader(file).read(text)
    except yaml.MarkedYAMLError as error:
        fault = _syntax_fault(error, text, file)
        if not text.isascii() and (sign := in_syntax(text.splitlines(), fault.line)):
            fault = Fault(file, sign.line, sign.column, *sign.sentence())
        raise RuleError([fault]) from None
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        what = (
            f"character {error.character if isinstance(error.character, str) else hex(error.character)} is not allowed"
        )
        raise RuleError([Fault(file, line, column, what, "the file may be damaged: save it again")]) from None
    return Document(file, text, data, place)


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Keep the garbage collector from walking a growing tree again and again (it takes half of the time)."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


Node = tuple[Any, NodeMarks | Mark]  # data, and where it stands
_NULLS = frozenset(("", "~", "null", "Null", "NULL"))


def _text(scalar: Any) -> str | None:
    """A scalar as written; only an empty or null one without quotes is no text."""
    return None if not scalar.style and scalar.value in _NULLS else str(scalar.value)


class _Reader:
    """Builds data and places from parser events, within bounds of depth and size."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.anchors: dict[str, tuple[Any, NodeMarks]] = {}
        self.open_anchors: set[str] = set()
        self.size = 0

    def read(self, text: str) -> Node:
        events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)
        result: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if result is not None:
                    self.refuse(event, "a second document begins here", "one file holds one document: remove the ---")
                result = self.node(next(events), events, 0)
        if result is None:
            start = yaml.Mark(self.file, 0, 0, 0, None, 0)
            return None, start
        return result

    def refuse(self, event: Any, what: str, hint: str) -> typing.NoReturn:
        mark = event.start_mark
        raise RuleError([Fault(self.file, mark.line + 1, mark.column + 1, what, hint)])

    def node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        start: Mark = event.start_mark
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None:
            if event.tag is not None:
                self.refuse(event, f"tag {event.tag} is not read here", "write the value without a tag")
            self.size += 1
            return _text(event), start
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        return self.container(event, events, depth)

    def alias(self, event: Any) -> tuple[Any, NodeMarks]:
        name = event.anchor
        if name in self.open_anchors:
            self.refuse(event, f"alias *{name} stands inside what it names", "write the part out where it is needed")
        if name not in self.anchors:
            self.refuse(event, f"alias *{name} names nothing", f"mark the part it means with &{name} further up")
        data, place = self.anchors[name]
        self.grow(event, place.size)
        here = NodeMarks(event.start_mark)
        here.keys, here.items, here.size = place.keys, place.items, place.size
        return data, here

    def grow(self, event: Any, size: int) -> None:
        self.size += size
        if self.size > MAX_NODES:
            self.refuse(event, "the document grows beyond all bounds", "use fewer aliases")

    def container(self, event: Any, events: Iterator[Any], depth: int) -> tuple[Any, NodeMarks]:
        if depth >= MAX_DEPTH:
            self.refuse(event, f"parts are nested more than {MAX_DEPTH} deep", "say it in fewer levels")
        tag, name = event.tag, event.anchor
        if tag is not None:
            self.refuse(event, f"tag {tag} is not read here", "write the value without a tag")
        place, before = NodeMarks(event.start_mark), self.size
        self.grow(event, 1)
        if name is not None:
            self.open_anchors.add(name)
        data: Any
        if isinstance(event, yaml.MappingStartEvent):
            data = self.mapping(place, events, depth + 1)
        elif isinstance(event, yaml.SequenceStartEvent):
            data = self.sequence(place, events, depth + 1)
        else:
            data = _text(event)
        place.size = self.size - before
        if name is not None:
            self.open_anchors.discard(name)
            self.anchors[name] = data, place
        return data, place

    def sequence(self, place: NodeMarks, events: Iterator[Any], depth: int) -> list[Any]:
        data: list[Any] = []
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value, place.items[len(data)] = self.node(event, events, depth)
            data.append(value)
        return data

    def mapping(self, place: NodeMarks, events: Iterator[Any], depth: int) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            start: Mark = event.start_mark
            if not isinstance(event, yaml.ScalarEvent):
                self.refuse(event, "a key must be plain text", "write KEY: VALUE")
            key = event.value
            if key in data:
                first = place.keys[key].line + 1
                self.refuse(event, f"key {key!r} stands here twice (first in line {first})", "keep one of the two")
            place.keys[key] = start
            data[key], place.items[key] = self.node(next(events), events, depth)
        return data


def _syntax_fault(error: yaml.MarkedYAMLError, text: str, file: str) -> Fault:
    """What the YAML parser stumbled over, said plainly."""
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.splitlines()
    here = lines[line] if line < len(lines) else ""
    problem = error.problem or "this is no YAML"
    start = here[: len(here) - len(here.lstrip())]
    what, hint = (
        f"YAML cannot be read here: {problem}",
        "check quotes, brackets and the spaces at the start of the line",
    )
    if "\t" in start or here[column : column + 1] == "\t":
        column = here.index("\t")
        what, hint = "a tab stands here", "indent with spaces"
    elif not "\n".join([here[column:], *lines[line + 1 :]]).strip():
        what, hint = "the file ends in the middle of something", "close the bracket or quote, or save the whole file"
        begins = error.context_mark.line if error.context_mark is not None else len(lines)
        if begins < len(lines):
            what += f" that begins in line {begins + 1}"
        if lines and line >= len(lines):  # the end of the last line can be shown, what follows it can't
            line, column = len(lines) - 1, len(lines[-1])
    elif "nesting depth" in problem:
        what, hint = "parts are nested too deep", "say it in fewer levels"
    elif "mapping values are not allowed" in problem:
        what, hint = "a second ': ' stands in this line", "put the value into quotes, or the key on a line of its own"
    elif "expected '-' indicator" in problem or "expected <block end>" in problem or "block mapping" in problem:
        what, hint = "this line does not line up with the ones above", "start it below the key or dash it belongs to"
    return Fault(file, line + 1, column + 1, what, hint)

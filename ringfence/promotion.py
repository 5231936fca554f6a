"""A rule from watching to acting and back: its mode is written into its file, where everything else stays as it is."""

from __future__ import annotations

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from ringfence.rulebook import Rulebook
from rules.language.compile import Built
from rules.language.faults import nearest
from rules.texts.bad_value import BadValue

OBSERVE, SHARE, LIVE = 0.0, 10.0, 100.0
_STEPS: Final = (OBSERVE, SHARE, LIVE)
_SCALAR: Final = re.compile(r"'[^']*'|\"[^\"]*\"|[^,}#\n\r]*?(?=\s*(?:[,}\n\r]|\s#|$))")


class Promotion(NamedTuple):
    """A change of one rule's mode in its file."""

    rule: str
    path: Path
    before: bytes  # the file as it is
    after: bytes
    was: float  # percent of callers on which it acts
    share: float

    def write(self) -> None:
        """Put the new text in the place of the old one, whole or not at all."""
        _replace(self.path, self.after)

    def take_back(self) -> None:
        """Put the old text back."""
        _replace(self.path, self.before)


def mode_named(share: float) -> str:
    """A share as authors write it: observe, 10%, live."""
    return "live" if share >= LIVE else "observe" if share <= OBSERVE else f"{share:g}%"


def promoted(book: Rulebook, rule: str, *, up: bool, to: float | None = None) -> Promotion:
    """The rule a step further, or back; `to` names the share. Raises BadValue where that can't be, with what can."""
    built = _built(book, rule)
    was = built.compiled.share
    further = [each for each in _STEPS if (each > was if up else each < was)]
    if not further:
        raise BadValue(f"rule {rule!r} is {mode_named(was)} already", "there is no further step")
    share = to if to is not None else further[0] if up else further[-1]
    if (share > was) is not up or share == was:
        way = "further than" if up else "back from"
        raise BadValue(f"{mode_named(share)} is no step {way} {mode_named(was)}", f"rule {rule!r} is {mode_named(was)}")
    path = Path(built.file.document.file)
    before = path.read_bytes()
    text = before.decode("utf-8")
    if text.removeprefix("\ufeff").splitlines() != built.file.document.text.removeprefix("\ufeff").splitlines():
        raise BadValue(f"{path} is being changed by somebody else", "try again")
    return Promotion(rule, path, before, _with_mode(text, built, mode_named(share)).encode(), was, share)


def _built(book: Rulebook, rule: str) -> Built:
    found = book.compiled.built if book.compiled is not None else []
    built = next((each for each in found if each.compiled.name == rule), None)
    if built is None:
        raise BadValue(f"there is no rule {rule!r}", nearest(rule, [each.compiled.name for each in found]))
    if built.file.pack:
        where = f"write `modes: {{{rule}: 10%}}` below it there"
        raise BadValue(f"rule {rule!r} is of pack {built.file.pack!r}, which `use` of ringfence.yaml turns on", where)
    return built


def _with_mode(text: str, built: Built, mode: str) -> str:
    """The text of the file with this mode of the rule, in its own line or before `then`."""
    document, lines = built.file.document, text.splitlines(keepends=True)
    if "mode" in built.rule.model_fields_set:
        number, column = document.locate((*built.loc, "mode"), value=True)
        line = lines[number - 1]
        begin = column - 1 + (line.startswith("\ufeff") and number == 1)
        found = _SCALAR.match(line, begin)
        end = found.end() if found else len(line)
        lines[number - 1] = line[:begin] + mode + line[end:]
        return "".join(lines)
    number, column = document.locate((*built.loc, "then"))
    line = lines[number - 1]
    begin = column - 1
    before, rest = line[:begin], line[begin:]
    ending = line[len(line.rstrip("\r\n")) :] or "\n"
    if before.strip(" \ufeff") in ("", "-"):
        lines[number - 1] = f"{before}mode: {mode}{ending}{' ' * len(before)}{rest}"
    else:
        lines[number - 1] = f"{before}mode: {mode}, {rest}"
    return "".join(lines)


def _replace(path: Path, content: bytes) -> None:
    path = path.resolve()  # a link stays one
    found = path.stat()
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.name, found.st_mode & 0o7777)
            with suppress(PermissionError):
                os.chown(file.name, found.st_uid, found.st_gid)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise

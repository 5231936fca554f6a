"""In which encoding a text was saved: UTF-8 is read; of any other it is said which it is, and how to save it."""

from __future__ import annotations

import codecs
import re
from typing import Final

from rules.texts.bad_value import BadValue

_UTF_16: Final = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SHOWN: Final = {"utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "gb18030": "GB18030 (or GBK)"}


class NotUtf8(BadValue):
    """The text was saved otherwise; where it first shows, and what helps."""

    def __init__(self, line: int, column: int, what: str, hint: str) -> None:
        super().__init__(what, hint)
        self.line = line
        self.column = column


def decoded(raw: bytes) -> str:
    """The text of a file in UTF-8, with or without a mark."""
    encoding = encoding_of(raw)
    if encoding == "utf-8-sig":
        return raw.decode(encoding)
    if encoding.startswith("utf-16"):
        raise NotUtf8(1, 1, *_advice(encoding))
    try:
        raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # Two bytes of GB18030 may be a sign of UTF-8 by chance: the first that is not ASCII is where it shows.
        first = next(at for at, byte in enumerate(raw) if byte >= 128) if encoding else error.start
        before = raw[:first]
        start = before.rfind(b"\n") + 1
        column = len(before[start:].decode("utf-8", errors="replace")) + 1
        raise NotUtf8(before.count(b"\n") + 1, column, *_advice(encoding)) from None
    raise AssertionError(encoding)  # it was no UTF-8


def encoding_of(raw: bytes, *, whole: bool = True) -> str:
    """What `raw` is encoded in, as Python calls it; nothing for what is no text that we know. Not `whole`: its head."""
    if raw[:2] in _UTF_16:
        return _UTF_16[raw[:2]]
    if raw.count(0) > len(raw) // 4:  # UTF-16 without a mark: every other byte of ASCII is 0
        return "utf-16-le" if raw[1::2].count(0) > raw[::2].count(0) else "utf-16-be"
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(raw, final=whole)
        except UnicodeDecodeError:
            continue
        return encoding if encoding != "gb18030" or not _rather_latin(raw) else ""
    return ""


def _rather_latin(raw: bytes) -> bool:
    """Do most signs beyond ASCII stand alone between letters? In GB18030 they come in pairs, and in words."""
    runs = [len(run) for run in _BEYOND.findall(raw)]
    return sum(run == 1 for run in runs) > len(runs) / 2


_BEYOND: Final = re.compile(rb"[\x80-\xff]+")


def _advice(encoding: str) -> tuple[str, str]:
    name = _SHOWN.get(encoding)
    if name is None:
        return "this is not UTF-8", "save the file as UTF-8"
    said = "GB18030" if encoding == "gb18030" else name
    return f"this is {name}, not UTF-8", f"save the file as UTF-8: iconv -f {said} -t UTF-8"


def readable(raw: bytes) -> str:
    """The text whatever it was saved in, for showing a line of it."""
    return raw.decode(encoding_of(raw) or "utf-8", errors="replace")

"""Where one message of a stream ends and the next begins (RFC 3261 18.3): bytes in, whole messages out; no I/O."""

from __future__ import annotations

import re
from typing import Final

_BLANK_LINE: Final = re.compile(rb"\r?\n\r?\n")
_LENGTHS: Final = re.compile(rb"\n(?:content-length|l)[ \t]*:((?:[^\n]|\n[ \t])*)", re.IGNORECASE)
_START: Final = re.compile(rb"SIP/|[^\r\n]+ SIP/", re.IGNORECASE)  # whatever else is wrong with it can be answered
_MAY_START: Final = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~/]+(?: |\Z)")
_LONGEST_METHOD: Final = 64  # octets before the first blank of a start line
_MARGIN: Final = 3  # of a blank line so many octets may have come before the rest of it
_KEEP_ALIVE: Final = b"\r\n\r\n"
_PONG: Final = b"\r\n"
_LINE_END: Final = (13, 10)
_MOST_PONGS: Final = 16  # to one piece of what came: who sends more of them than that wants no answer

# Why a stream can't be read any further.
NOT_SIP: Final = "not SIP"
NO_LENGTH: Final = "no Content-Length"
BAD_LENGTH: Final = "bad Content-Length"
TOO_LONG: Final = "too long"
UNFINISHED: Final = "unfinished"
UNFRAMED: Final = (NOT_SIP, NO_LENGTH, BAD_LENGTH, TOO_LONG, UNFINISHED)


class Unframed:
    """Where the next message begins can't be told any more: answer what came of this one, then close."""

    __slots__ = ("head", "phrase", "status", "why")

    def __init__(self, why: str, status: int = 0, phrase: str = "", head: bytes = b"") -> None:
        self.why = why
        self.status = status  # 0: nothing that could be answered
        self.phrase = phrase
        self.head = head  # what came of it


class Framer:
    """One stream, read as it comes; the same messages in whatever pieces."""

    __slots__ = ("_buffer", "_looked_at", "_most", "_wanted", "answer", "fault")

    def __init__(self, most: int) -> None:
        """`most` octets of one message are held."""
        self._most = most
        self._buffer = bytearray()
        self._looked_at = 0  # so far no blank line begins
        self._wanted = 0  # octets of the message whose header is read; 0: it is not yet
        self.answer = b""  # to be written back at once
        self.fault: Unframed | None = None

    @property
    def partial(self) -> bool:
        """Has a message begun that has not ended?"""
        return len(self._buffer) > 0 and self._buffer[0] not in _LINE_END and self.fault is None

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now, in their order. After a `fault` there are none."""
        found: list[bytes] = []
        self.answer = b""
        if self.fault is not None:
            return found
        buffer = self._buffer
        buffer += data
        while self.fault is None:
            if not self._wanted and not self._begin(found):
                break
            if self._wanted > len(buffer):
                break
            if self._wanted:
                self._cut(found, self._wanted)
        return found

    def give_up(self) -> Unframed | None:
        """The rest of what has begun does not come, in time or at all."""
        if self.partial:
            head, wanted = bytes(self._buffer), self._wanted
            phrase = "The Header Section Does Not End"
            if wanted and (blank := _BLANK_LINE.search(head)) is not None:
                came, length = len(head) - blank.end(), wanted - blank.end()
                phrase = f"The Body Is Shorter Than Content-Length: {came} of {length} Octets Came"
            self._fail(UNFINISHED, 400 if _may_start(head) else 0, phrase, head)
        return self.fault

    def relax(self) -> None:
        """A message without its length was taken with all that had come: go on behind it."""
        self.fault = None

    def wrap(self, message: bytes) -> bytes:
        """A message as it is written: as it is."""
        return message

    def end(self) -> bytes:
        """What is written last: nothing."""
        return b""

    def _begin(self, found: list[bytes]) -> bool:
        """Read on until the length of the next message is known; False: more has to come first."""
        buffer = self._buffer
        self._skip_keep_alives()
        if not buffer or buffer[0] in _LINE_END:
            return False
        blank = _BLANK_LINE.search(buffer, self._looked_at)
        if blank is None:
            self._looked_at = max(0, len(buffer) - _MARGIN)
            if not _may_start(buffer):
                self._fail(NOT_SIP)
            elif len(buffer) > self._most:
                self._fail(TOO_LONG, 513, "Message Too Large", bytes(buffer))
            return False
        head = bytes(buffer[: blank.start()])
        if not _START.match(head.partition(b"\n")[0]):
            self._fail(NOT_SIP)
            return False
        return self._take_length(head, blank.end())

    def _take_length(self, head: bytes, begins: int) -> bool:
        lengths = {each.strip() for each in _LENGTHS.findall(head)}
        if not lengths:
            self._fail(NO_LENGTH, 400, "Missing Content-Length", bytes(self._buffer))
            return False
        length = lengths.pop()
        if lengths or not length.isdigit():
            phrase = "Content-Length Is Repeated With Another Value" if lengths else "Malformed Content-Length"
            self._fail(BAD_LENGTH, 400, phrase, head + _KEEP_ALIVE)
            return False
        if len(length) > 9 or begins + int(length) > self._most:
            self._fail(TOO_LONG, 513, "Message Too Large", head + _KEEP_ALIVE)
            return False
        self._wanted = begins + int(length)
        return True

    def _skip_keep_alives(self) -> None:
        """Two line ends are asked to be answered with one, and one is such an answer (RFC 5626 3.5.1, 4.4.1)."""
        buffer = self._buffer
        end = 0
        while buffer[end : end + 1] == b"\r" or buffer[end : end + 1] == b"\n":
            end += 1
        if not end:
            return
        self._looked_at = 0
        at = 0
        pongs = 0
        while (next_one := buffer.find(_KEEP_ALIVE, at, end)) >= 0:
            at = next_one + len(_KEEP_ALIVE)
            pongs += 1
        self.answer += _PONG * min(pongs, _MOST_PONGS)
        # The beginning of another question may stay until the rest of it comes, or a message does.
        del buffer[: end if end < len(buffer) else max(at, end - _MARGIN)]

    def _cut(self, found: list[bytes], length: int) -> None:
        found.append(bytes(self._buffer[:length]))
        del self._buffer[:length]
        self._wanted = self._looked_at = 0

    def _fail(self, why: str, status: int = 0, phrase: str = "", head: bytes = b"") -> None:
        if head[:4].upper() == b"SIP/":
            status = 0  # nothing answers a response
        self.fault = Unframed(why, status, phrase, head)
        self._buffer.clear()
        self._wanted = self._looked_at = 0


def _may_start(begun: bytes | bytearray) -> bool:
    """Could what has come so far be the beginning of a message? An HTTP request or a TLS hello is told at once."""
    line, end, _ = begun.partition(b"\n")
    if end:
        return _START.match(line) is not None
    return _MAY_START.match(line[:_LONGEST_METHOD]) is not None and (len(line) <= _LONGEST_METHOD or b" " in line)

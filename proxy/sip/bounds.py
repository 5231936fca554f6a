"""How much of a message is read: more octets, header values or hops than anybody needs are refused unread."""

from __future__ import annotations

import re
from typing import Final

from proxy.sip.message import Request, TooManyLines, parse_request

SMALL: Final = 4096  # octets; of a request that is refused little more is read
# What an answer repeats (RFC 3261 8.2.6.2), with the lines that it is folded into.
_REPEATED: Final = re.compile(
    rb"\r\n(?:(v|via)|(f|from)|(t|to)|(i|call-id)|(cseq))[ \t]*:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE
)

TOO_MANY_VALUES: Final = 400
PERHAPS_TOO_MANY_HOPS: Final = 483
TOO_LARGE: Final = 513


class Bounds:
    """The most of each that a message may have."""

    __slots__ = ("octets", "small", "values", "vias")

    def __init__(self, *, octets: int, values: int, vias: int) -> None:
        self.octets = octets  # of the header section: the body is only handed on
        self.small = min(octets, SMALL)
        self.values = values  # header lines, and commas in them
        self.vias = min(vias, values)

    def read_small(self, data: bytes) -> Request | None:
        """A request of few octets, as nearly all are; None where its values have to be counted. Raises BadMessage.

        Its lines are counted once they are cut, so that it is gone through for commas only: by what `replace` leaves
        out, since that finds them five times faster than `count`.
        """
        try:
            request = parse_request(data, self.vias)
        except TooManyLines:
            return None
        values = len(request.lines) + len(data) - len(data.replace(b",", b""))
        return request if values <= self.vias else None

    def excess(self, data: bytes) -> int:
        """The status that a request is refused with for what it has too much of; 0 for none."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            end = len(data)
        start = data.find(b"\n", 0, end)  # a comma in the Request-URI parts no values
        values = data.count(b"\n", 0, end) + data.count(b",", max(start, 0), end)
        if values > self.values:
            return TOO_MANY_VALUES
        if end > self.octets:
            return TOO_LARGE
        return PERHAPS_TOO_MANY_HOPS if values > self.vias else 0

    def allow(self, data: bytes) -> bool:
        """May this response be read that is not `SMALL`? Its octets are what its sender needs; its values cost time."""
        end = data.find(b"\r\n\r\n")
        return data.count(b"\n", 0, end) + data.count(b",", 0, end) <= self.values

    def has_too_many_hops(self, request: Request) -> bool:
        """More Via values than a request may have; one hop each."""
        return sum(line.count(b",") + 1 for line in request.via_lines) > self.vias


def beginning(data: bytes) -> bytes:
    """What stands in the first octets of a request, as a message of its own, and further on what an answer repeats.

    A request line is read whole: whoever calls for help may have decorated the number with any signs.
    """
    end = data.find(b"\r\n\r\n")
    if 0 <= end <= SMALL:
        return data[:end] + b"\r\n\r\n"
    end = end if end >= 0 else len(data)
    cut = data.rfind(b"\r\n", 0, SMALL)
    while cut > 0 and data[cut + 2 : cut + 3] in (b" ", b"\t"):
        cut = data.rfind(b"\r\n", 0, cut)  # not within a line that is folded
    if cut < 0:
        cut = data.find(b"\n", 0, end)
        cut = SMALL if cut < 0 else cut - data[:cut].endswith(b"\r")
    known = {found.lastindex for found in _REPEATED.finditer(data, 0, cut)}
    lines = [data[:cut]]
    for found in _REPEATED.finditer(data, cut, end):
        if found.lastindex not in known:
            known.add(found.lastindex)
            lines.append(found[0])
            if len(known) == _REPEATED.groups:
                break
    return b"".join((*lines, b"\r\n\r\n"))

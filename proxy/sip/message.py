"""One SIP message over its own bytes: header fields are found at once, parsed when asked for, edited at send.

What nothing edits leaves byte for byte as it came: folded lines, odd spellings, order and body.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.sip.errors import BadHeader, BadMessage
from proxy.sip.headers import (
    Address,
    Via,
    parse_cseq,
    parse_number,
    parse_party,
    parse_single_address,
    parse_via,
)
from proxy.sip.uri import Uri, parse_uri

# Header fields that can be written in one letter (RFC 3261 7.3.3 and the IANA registry).
COMPACT: Final = {
    b"a": b"accept-contact", b"b": b"referred-by", b"c": b"content-type", b"d": b"request-disposition",
    b"e": b"content-encoding", b"f": b"from", b"i": b"call-id", b"j": b"reject-contact", b"k": b"supported",
    b"l": b"content-length", b"m": b"contact", b"n": b"identity-info", b"o": b"event", b"r": b"refer-to",
    b"s": b"subject", b"t": b"to", b"u": b"allow-events", b"v": b"via", b"x": b"session-expires",
    b"y": b"identity",
}  # fmt: skip
# Every header field that begins so is one to us: they are ours, and are removed together.
OWN_HEADERS: Final = b"x-ringfence-"
# Who somebody is, as he or a network before us says (RFC 3325, and its forerunner).
IDENTITIES: Final = frozenset((b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id"))
# What the network before says it verified (3GPP TS 24.229 7.2.18 and 7.2.19; P- and X- before it were custom earlier).
ATTESTED: Final = frozenset(
    (b"attestation-info", b"origination-id", b"p-attestation-indicator", b"p-attestation-info", b"p-origination-id")
)
_NOT_FOR_ALL: Final = IDENTITIES | ATTESTED | {OWN_HEADERS}
# Fields that a request may carry once; two of them could be read differently by the next hop (RFC 4475 3.3.8).
SINGLE: Final = (b"from", b"to", b"call-id", b"cseq")

METHODS: Final = frozenset(
    b"INVITE ACK CANCEL BYE OPTIONS REGISTER PRACK UPDATE REFER SUBSCRIBE NOTIFY MESSAGE INFO PUBLISH".split()
)
_USUAL_METHODS: Final = frozenset((b"INVITE", b"ACK", b"BYE", b"CANCEL", b"OPTIONS", b"REGISTER"))
_TOKEN: Final = re.compile(rb"[A-Za-z0-9\-.!%*_+`'~]+\Z")
_VERSION: Final = re.compile(rb"SIP/[0-9]+\.[0-9]+\Z", re.IGNORECASE)
_STATUS: Final = re.compile(rb"SIP/2\.0 ([1-6][0-9]{2})(?: |\Z)", re.IGNORECASE)
_STATUSES: Final = {b"%d" % status: status for status in range(100, 700)}
_AFTER_STATUS: Final = (b" ", b"\r")
_BLANKS: Final = (b" ", b"\t")
CR: Final = 13  # as numbers: `in` finds them in bytes five times faster than other bytes
LF: Final = 10
SPACE: Final = 32
TAB: Final = 9
QUOTE: Final = 34
SEMICOLON: Final = 59
_MOST_SPELLINGS: Final = 4000

# Spelling -> canonical name; bounded, since spellings come from the wire.
_canonical: Final[dict[bytes, bytes]] = {}


def canonical_name(line: bytes) -> bytes:
    """The lower-case long name of a header line; empty when it begins with no name."""
    spelling, colon, _ = line.partition(b":")
    name = spelling.strip(b" \t\r\n").lower()
    name = COMPACT.get(name, name)
    if name.startswith(OWN_HEADERS):
        name = OWN_HEADERS
    if not colon or not name or spelling[:1] in _BLANKS or b" " in name or b"\t" in name or b"\r" in name:
        return b""
    if len(spelling) < 64 and _TOKEN.match(name):
        if len(_canonical) >= _MOST_SPELLINGS:
            _canonical.clear()  # made-up names may not keep the usual ones out for good
            _layouts.clear()
        _canonical[spelling] = name
    return name


class _Layout:
    """Which header fields stand in which order; a sender's messages of one kind mostly have the same ones."""

    __slots__ = ("begins", "carries", "length", "names", "where")

    def __init__(self, begins: list[bytes], names: tuple[bytes, ...], where: dict[bytes, int]) -> None:
        self.begins = begins  # of each line: the name as it was spelt, and the colon
        self.names = names
        self.where = where
        # For responses: the last line of Content-Length, -1 for none; may one of the lines not go up?
        self.length = max((at for at, name in enumerate(names) if name == b"content-length"), default=-1)
        self.carries = not _NOT_FOR_ALL.isdisjoint(names)

    def fits(self, lines: list[bytes]) -> bool:
        """Do as many other lines begin in the same way?"""
        begins = self.begins
        for index, line in enumerate(lines):  # noqa: SIM110 - half the price of a generator
            if not line.startswith(begins[index]):
                return False
        return True


# Number of lines and first letter of the start line -> the layout seen last; bounded, since both come from the wire.
_layouts: Final[dict[int, _Layout]] = {}
_MOST_LINES: Final = 64
_MOST_LAYOUTS: Final = 500


def _layout_of(start: bytes, lines: list[bytes]) -> _Layout | None:
    """The layout of these header lines; None where one is spelt for the first time, folded, or no header field."""
    kind = len(lines) << 8 | (start[0] if start else 0)
    layout = _layouts.get(kind)
    if layout is not None and layout.fits(lines):
        return layout
    begins, names, known = [], [], _canonical
    where: dict[bytes, int] = {}
    for index, line in enumerate(lines):
        spelling, colon, _ = line.partition(b":")
        name = known.get(spelling)
        if name is None or not colon:
            return None
        begins.append(spelling + colon)
        names.append(name)
        where.setdefault(name, index)
    layout = _Layout(begins, tuple(names), where)
    if len(begins) <= _MOST_LINES:
        if len(_layouts) >= _MOST_LAYOUTS:
            _layouts.clear()
        _layouts[kind] = layout
    return layout


class Message:
    """What requests and responses share: start line, header lines as they came, body."""

    __slots__ = ("body", "fault", "lines", "names", "start", "where")

    def __init__(self, start: bytes, lines: list[bytes], body: bytes) -> None:
        self.start = start
        self.lines = lines  # one header field each, folded ones with their CRLF inside
        self.body = body
        self.fault = ""  # what is wrong with the framing; empty when nothing is
        # Both are shared by all messages of the layout, and stay as they are.
        self.names: tuple[bytes, ...] = ()
        self.where: dict[bytes, int] = {}  # canonical name -> index of its first line
        layout = _layout_of(start, lines)
        if layout is not None:
            self.names, self.where = layout.names, layout.where
        else:
            self._name_slowly()

    def _name_slowly(self) -> None:
        """Names of lines that are spelt for the first time, folded, or no header fields at all.

        A line whose name is no token (RFC 3261 7.3.1) goes: no two readers take it alike, and some drop the message.
        No layout ever holds one.
        """
        if any(line[:1] in _BLANKS for line in self.lines):
            self.lines[:] = _unfold(self.lines)
        names = [canonical_name(line) for line in self.lines]
        if not _TOKEN.match(b"".join(names)):
            self.lines[:] = [
                line for line, name in zip(self.lines, names, strict=True) if not name or _TOKEN.match(name)
            ]
            names = [name for name in names if not name or _TOKEN.match(name)]
        self.names = tuple(names)
        # Built from the end, so that the first one stays.
        self.where = dict(zip(reversed(self.names), range(len(self.names) - 1, -1, -1), strict=True))
        if b"" in self.names:
            self.fault = "a line of the header section is no header field"

    def is_repeated(self, name: bytes) -> bool:
        """Does it stand on more than one line? Asked for single names: for all of them the price is a square."""
        return self.names.count(name) > 1

    def line(self, name: bytes) -> bytes:
        """The first header line of that canonical name; empty where there is none."""
        index = self.where.get(name)
        return b"" if index is None else self.lines[index]

    def raw(self, name: bytes) -> bytes | None:
        """The value of the first header field of that canonical name, as written; None where it is absent."""
        index = self.where.get(name)
        return None if index is None else self.lines[index].partition(b":")[2].strip()

    def raw_all(self, name: bytes) -> list[bytes]:
        """The value of every header field of that name, in order."""
        first = self.raw(name)
        if first is None:
            return []
        if len(self.where) == len(self.names):  # no name stands on two lines
            return [first]
        return [
            line.partition(b":")[2].strip() for line, found in zip(self.lines, self.names, strict=True) if found == name
        ]

    def replace(self, lines: list[bytes]) -> None:
        """Take these header lines for the ones that came."""
        self.lines = lines
        self.names = ()
        self.where = {}
        self.fault = ""
        self._name_slowly()

    def relax(self) -> None:
        """Make of a message with faults in its framing what most readers would: nothing is refused any more.

        Lines end wherever one could; a line that is no header field goes; of fields that a request has once the first
        stays; the body has the length that it has.
        """
        self.replace(_split_at_any(b"\r\n".join(self.lines), _ANY_END)[0])
        kept: list[bytes] = []
        seen: set[bytes] = set()
        for line, name in zip(self.lines, self.names, strict=True):
            if name and not (name in seen and name in SINGLE) and name != b"content-length":
                kept.append(line)
                seen.add(name)
        self.replace([*kept, b"Content-Length: %d" % len(self.body)])

    def check_length(self) -> None:
        """Cut what follows the body (RFC 3261 18.3), and note a Content-Length that can't be right."""
        index = self.where.get(b"content-length")
        if index is None:
            return
        line = self.lines[index]
        if len(self.where) == len(self.names) and _says(line, len(self.body)):
            return
        value = line.partition(b":")[2]
        try:
            length = parse_number("Content-Length", value, 2**31)
            if self.is_repeated(b"content-length") and any(
                parse_number("Content-Length", other, 2**31) != length for other in self.raw_all(b"content-length")
            ):
                self.fault = "Content-Length is repeated with another value"
        except BadHeader:
            self.fault = "malformed Content-Length"
            return
        if length > len(self.body):
            self.fault = f"the body is shorter than Content-Length: {len(self.body)} of {length} octets came"
        elif length < len(self.body):
            self.body = self.body[:length]

    def to_bytes(self) -> bytes:
        """The message on the wire."""
        return b"\r\n".join((self.start, *self.lines, b"", self.body))


class Request(Message):
    """A request; properties parse on every call and raise BadHeader, so a malformed value never looks absent."""

    __slots__ = ("method", "room", "uri", "version")

    def __init__(self, start: bytes, lines: list[bytes], body: bytes) -> None:
        super().__init__(start, lines, body)
        self.room = 0  # octets that an answer of ours may have at most; 0: any number
        parts = start.split(b" ")
        if (
            len(parts) == 3
            and (parts[0] in _USUAL_METHODS or (_TOKEN.match(parts[0]) and not _is_misspelt(parts[0])))
            and (parts[2] == b"SIP/2.0" or _VERSION.match(parts[2]))
        ):
            self.method, self.uri, self.version = parts
        else:
            self.fault = "malformed request line"
            self.method, self.uri, self.version = _read_any_call(start) or (parts[0], b"", b"SIP/2.0")

    @property
    def request_uri(self) -> Uri:
        """The Request-URI in its parts."""
        return parse_uri(self.uri)

    @property
    def via(self) -> Via:
        """The top Via."""
        return parse_via(self.raw(b"via") or b"")  # an absent Via is as malformed as an empty one

    @property
    def via_lines(self) -> list[bytes]:
        """Every Via header line, in a list of its own."""
        at = self.where.get(b"via")
        if at is None:
            return []
        if len(self.where) == len(self.lines):
            return [self.lines[at]]
        return [line for line, name in zip(self.lines, self.names, strict=True) if name == b"via"]

    @property
    def from_(self) -> Address:
        """From; a second value is a fault."""
        return parse_single_address("From", self.raw(b"from") or b"")

    @property
    def to(self) -> Address:
        """To; a second value is a fault."""
        return parse_single_address("To", self.raw(b"to") or b"")

    @property
    def to_tag(self) -> bytes:
        """The To tag, empty where there is none or To can't be read."""
        try:
            return parse_party("To", self.raw(b"to") or b"").tag
        except BadHeader:
            return b""

    @property
    def cseq(self) -> tuple[int, bytes]:
        """CSeq number and method."""
        return parse_cseq(self.raw(b"cseq") or b"")

    @property
    def call_id(self) -> bytes:
        """Call-ID, empty where it is absent."""
        return self.raw(b"call-id") or b""


def _read_any_call(start: bytes) -> tuple[bytes, bytes, bytes] | None:
    """What lenient readers take for an INVITE: in small letters, or with other blanks; None for anything else.

    It has its fault all the same; but a call that is only asked about is judged, and an emergency call goes on.
    """
    words = start.replace(b"\0", b" ").split()
    if len(words) != 3 or words[0].upper() != b"INVITE" or not _VERSION.match(words[2]):
        return None
    return b"INVITE", words[1], words[2]


def _is_misspelt(method: bytes) -> bool:
    """A known method in other letters: to RFC 3261 7.1 it is another method, but pjsip rings for `invite`."""
    return method.upper() in METHODS and method not in METHODS


class Response(Message):
    """A response, parsed in full; most are forwarded without that (see `ResponseHead`)."""

    __slots__ = ("status",)

    def __init__(self, start: bytes, lines: list[bytes], body: bytes) -> None:
        super().__init__(start, lines, body)
        found = _STATUS.match(start)
        if found is None:
            raise BadMessage("malformed status line")
        self.status = int(found[1])

    @property
    def to_tag(self) -> bytes:
        """The To tag. Raises BadHeader."""
        return parse_single_address("To", self.raw(b"to") or b"").tag


def split(data: bytes) -> tuple[bytes, list[bytes], bytes, str]:
    """Start line, header lines, body and what is wrong with the framing. Raises BadMessage."""
    head, end, body = data.partition(b"\r\n\r\n")
    if not end and head.endswith(b"\r\n"):
        head = head[:-2]
    fault = "" if end else "the header section does not end"
    lines = head.split(b"\r\n")
    # A lone CR or LF is a line end to some parsers and not to others: what we judged must be what they read.
    if _holds_line_end(b"".join(lines)):
        lines, body, fault = _split_at_any(data, _BARE_LF)
    start = lines.pop(0)
    if SPACE not in start and TAB not in start:
        raise BadMessage("no SIP start line")
    return start, lines, body, fault


_BARE_LF: Final = re.compile(rb"\r?\n")
_ANY_END: Final = re.compile(rb"\r\n|\r|\n")


def _split_at_any(data: bytes, line_end: re.Pattern[bytes]) -> tuple[list[bytes], bytes, str]:
    """Header lines, body and fault of a message with other line ends than CRLF; it leaves with CRLF, as it was read."""
    lines: list[bytes] = []
    at = 0
    while True:
        found = line_end.search(data, at)
        lines.append(data[at : found.start() if found else len(data)])
        at = found.end() if found else len(data)
        if found is None or (not lines[-1] and len(lines) > 1):
            break
    body, fault = data[at:], "" if found else "the header section does not end"
    if not lines[-1]:
        lines.pop()
    if any(CR in line for line in lines):
        fault = "a line ends in a bare CR"
    return lines, body, fault


def _holds_line_end(text: bytes) -> bool:
    """Does a CR or LF stand in it? Asked as numbers, since `in` reads these five times faster than bytes."""
    return CR in text or LF in text


def _unfold(lines: list[bytes]) -> list[bytes]:
    """Join continuation lines to the field they belong to, bytes unchanged (RFC 3261 7.3.1)."""
    fields: list[list[bytes]] = []
    for line in lines:
        if line[:1] in _BLANKS and fields:
            fields[-1].append(line)
        else:
            fields.append([line])
    return [b"\r\n".join(field) for field in fields]  # at once: adding line by line copies the first ones each time


class TooManyLines(BadMessage):
    """More header lines than are read."""


def parse_request(data: bytes, most: int = 0) -> Request:
    """A request from a datagram. Faults of framing are noted in `fault`. Raises BadMessage when it is no SIP.

    Raises TooManyLines for one that has more than `most` header lines, before their names are read; 0 for no bound.
    """
    start, lines, body, fault = split(data)
    if not start.endswith(b" SIP/2.0") and b"SIP/" not in start.upper():
        raise BadMessage("no SIP version in the start line")
    if most and len(lines) > most:
        raise TooManyLines("too many header lines")
    request = Request(start, lines, body)
    if fault:
        request.fault = fault
    else:
        request.check_length()
    return request


def parse_response(data: bytes) -> Response:
    """A response from a datagram. Raises BadMessage for whatever can't be forwarded as it is."""
    start, lines, body, fault = split(data)
    response = Response(start, lines, body)
    response.check_length()
    if fault or response.fault:
        raise BadMessage(fault or response.fault)
    return response


class ResponseHead:
    """A response of which only the status and the top Via are read, and which is sent on without that Via."""

    __slots__ = ("_layout", "_lines", "branch", "forwarded", "status")

    def __init__(self, data: bytes) -> None:
        """Raises BadMessage or BadHeader for whatever can't be forwarded."""
        status = _STATUSES.get(data[8:11])
        if status is None or data[11:12] not in _AFTER_STATUS:
            raise BadMessage("malformed status line")
        self.status = status
        self._layout: _Layout | None = None  # of the lines as they came; None where nobody knows it
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            raise BadMessage("the header section does not end")
        lines = self._lines = head.split(b"\r\n")
        start = lines.pop(0)
        line = lines[0] if lines else b""
        if line.startswith(b"Via:") and QUOTE not in line and not _holds_line_end(start + b"".join(lines)):
            layout = self._layout = _layout_of(start, lines)
            if layout is None:
                self._name_slowly()
            at = layout.length if layout is not None else self._last_length()
            if self._lines[0] == line and at > 0 and _says(self._lines[at], len(body)):
                own, comma, others = line.partition(b",")
                kept = data[len(start) + len(line) + 2 :]
                self.forwarded = b"%b\r\nVia:%b%b" % (start, others, kept) if comma else start + kept
                self.branch = own.partition(b"branch=")[2].partition(b";")[0].rstrip()
                return
        self._layout = None
        response = parse_response(data)  # the general way: compact, folded, several values on one line
        value = response.raw(b"via") or b""
        via = parse_via(value)
        index = response.where[b"via"]
        rest = value[via.end :].lstrip()
        if rest:
            response.lines[index] = b"Via: " + rest
        else:
            del response.lines[index]
        self._lines = response.lines
        self.branch = via.branch
        self.forwarded = response.to_bytes()

    def _name_slowly(self) -> None:
        """Learn names that are spelt for the first time; a line that is no header field at all stays where it is."""
        self._lines = _unfold(self._lines)
        for line in self._lines:
            canonical_name(line)

    def _last_length(self) -> int:
        lines = self._lines
        return max((at for at, line in enumerate(lines) if line.startswith(b"Content-Length:")), default=-1)

    def line(self, name: bytes) -> bytes:
        """The first header line of that name, empty where there is none; not for Via."""
        if self._layout is not None:
            index = self._layout.where.get(name, -1)
        else:
            index = next((at for at, line in enumerate(self._lines) if canonical_name(line) == name), -1)
        return self._lines[index] if index >= 0 else b""

    def raw(self, name: bytes) -> bytes:
        """The value of the first header field of that name, empty where there is none; not for Via."""
        return self.line(name).partition(b":")[2].strip()

    @property
    def may_carry_identities(self) -> bool:
        """May there be one of `IDENTITIES` or `ATTESTED`, or a header field of ours?"""
        return self._layout is None or self._layout.carries


# Of usual bodies, so that nothing need be read of what nearly everybody writes.
_LENGTHS: Final = [b"Content-Length: %d" % length for length in range(4096)]


def _says(line: bytes, length: int) -> bool:
    """Is this the length that a line of Content-Length gives?"""
    usual = length < len(_LENGTHS) and line == _LENGTHS[length]
    return usual or int_or_none(line.partition(b":")[2]) == length


def int_or_none(digits: bytes) -> int | None:
    """The number, when it is one."""
    digits = digits.strip()
    return int(digits) if digits.isdigit() and len(digits) < 10 else None

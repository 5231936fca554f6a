"""Is this request fit to be forwarded? RFC 3261 section 16.3, in its order, with the answer it names."""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.sip.errors import BadHeader
from proxy.sip.headers import Party, Via, find_party, hides_control, parse_cseq, parse_number, parse_party, split_tokens
from proxy.sip.message import METHODS, SINGLE, SPACE, Request
from proxy.sip.uri import Uri, parse_uri, shown_users

MOST_FORWARDS: Final = 255
DEFAULT_FORWARDS: Final = 70  # RFC 3261 16.6 step 3
MOST_BREADTH: Final = 60  # RFC 5393 5.3.3
_ANY_NUMBER: Final = 10**20
_IDENTITIES: Final = (b"p-asserted-identity", b"remote-party-id")

_ASKED: Final = (b"from", b"to", b"call-id", b"cseq")
_SCHEMES: Final = frozenset((b"sip", b"sips", b"tel"))
_URN_SERVICE: Final = b"service:"  # RFC 5031; urn:service:sos is how phones dial an emergency number


NO_ANSWER: Final = 0


class Refusal(NamedTuple):
    """The response that a request gets in place of being forwarded; NO_ANSWER: none, and the phrase says why."""

    status: int
    phrase: str
    fields: tuple[bytes, ...] = ()


class Fields:
    """What the core needs of a valid request, parsed once."""

    __slots__ = ("call_id", "called", "control", "cseq", "forwards", "from_tag", "sender", "to_tag", "uri", "via")

    def __init__(self, uri: Uri, via: Via, sender: Party, to: Party, call_id: bytes, cseq: int, forwards: int) -> None:
        self.uri = uri
        self.via = via
        self.sender = sender
        self.from_tag = sender.tag
        self.to_tag = to.tag
        self.called = to.uri  # whom the caller asked for, whoever it has become on its way
        self.call_id = call_id
        self.cseq = cseq
        self.forwards = forwards  # Max-Forwards as it came; 70 where it was absent
        self.control = uri.control or sender.control or to.control  # one of them holds a control character


def read_fields(request: Request, via: Via) -> Fields | Refusal:
    """The parsed fields of a request of reasonable syntax, or how it is refused (16.3 steps 1 and 2)."""
    if request.fault:
        return Refusal(400, f"Bad Request: {request.fault}")
    where, lines = request.where, request.lines
    if len(where) != len(lines) and any(request.is_repeated(name) for name in SINGLE):
        return Refusal(400, "A Single Header Field Is Repeated")
    try:
        number, method = parse_cseq(lines[where[b"cseq"]].partition(b":")[2].strip())
        if method != request.method:
            # RFC 4475 3.1.2.18: for a method nobody knows, 501 tells more.
            return Refusal(400, "CSeq Method Mismatch") if request.method in METHODS else _NOT_IMPLEMENTED
        sender = parse_party("From", lines[where[b"from"]].partition(b":")[2].strip())
        to = parse_party("To", lines[where[b"to"]].partition(b":")[2].strip())
        call_id = lines[where[b"call-id"]].partition(b":")[2].strip()
        if not call_id or SPACE in call_id:
            return Refusal(400, "Malformed Call-ID")
        forwards = read_forwards(request)
        uri = _read_request_uri(request)
    except KeyError as missing:
        return Refusal(400, f"Missing {missing.args[0].decode().title()}")
    except BadHeader as error:
        return Refusal(400, f"Malformed {error.name}")
    if isinstance(uri, Refusal):
        return uri
    return Fields(uri, via, sender, to, call_id, number, forwards)


def read_emergency(request: Request, via: Via) -> Fields | None:
    """What an emergency call needs of a request that any other call would be refused for; None where it lacks that.

    It goes on whatever else is wrong with it. What can't be read stays as it came, for those behind us to read;
    only without a transaction, a dialog or a number to dial there is nothing that could go on.
    """
    request.relax()
    where, lines = request.where, request.lines
    try:
        number, method = parse_cseq(lines[where[b"cseq"]].partition(b":")[2].strip())
        sender = _read_any_party("From", lines[where[b"from"]].partition(b":")[2].strip())
        to = _read_any_party("To", lines[where[b"to"]].partition(b":")[2].strip())
        call_id = lines[where[b"call-id"]].partition(b":")[2].strip()
        if method != request.method or not call_id:
            return None
        return Fields(read_dialled(request.uri), via, sender, to, call_id, number, read_any_forwards(request))
    except (KeyError, BadHeader):
        return None


def read_asked(request: Request, via: Via) -> Fields | None:
    """What can be read of a call that is only asked about: nothing of it goes on, so that nothing has to be right.

    None where there is no number that anybody could dial.
    """
    request.relax()
    where, lines = request.where, request.lines
    found = {name: lines[where[name]].partition(b":")[2].strip() for name in _ASKED if name in where}
    try:
        number, _ = parse_cseq(found.get(b"cseq", b""))
    except BadHeader:
        number = 0
    try:
        uri = read_dialled(request.uri)
    except BadHeader:
        return None
    sender = _read_any_party("From", found.get(b"from", b""))
    to = _read_any_party("To", found.get(b"to", b""))
    return Fields(uri, via, sender, to, found.get(b"call-id", b""), number, read_any_forwards(request))


def _read_any_party(name: str, value: bytes) -> Party:
    try:
        return parse_party(name, value)
    except BadHeader:
        return find_party(value)


def read_any_forwards(request: Request) -> int:
    """Max-Forwards of an emergency call: what can't be read counts as none."""
    try:
        return read_forwards(request)
    except BadHeader:
        return DEFAULT_FORWARDS


def read_dialled(text: bytes) -> Uri:
    """A Request-URI, or what a telephone would dial of one that is none. Raises BadHeader."""
    try:
        return parse_uri(text)
    except BadHeader:
        if text[:4].lower() not in (b"sip:", b"sips", b"tel:"):
            raise
        return Uri(b"sip", shown_users(text)[0], b"", 0, b"")


def read_breadth(request: Request) -> int:
    """How many branches it may have at a time at most (RFC 5393 5.3): 60 where it says more; -1: nobody can tell."""
    if request.is_repeated(b"max-breadth"):
        return -1
    try:
        return min(parse_number("Max-Breadth", request.raw(b"max-breadth") or b"", _ANY_NUMBER), MOST_BREADTH)
    except BadHeader:
        return -1


def is_unread(uri: Uri) -> bool:
    """Is it what `read_dialled` made of a text that is no URI, or a number without a host? The PBX gets a whole one."""
    return (not uri.host and uri.scheme == b"sip") or (not uri.user and uri.host.isdigit())


_NO_BREADTH: Final = Refusal(440, "Max-Breadth Exceeded")
_NOT_IMPLEMENTED: Final = Refusal(501, "Not Implemented")
_UNSUPPORTED_SCHEME: Final = Refusal(416, "Unsupported URI Scheme")


def read_forwards(request: Request) -> int:
    """Max-Forwards as it came; 70 where it is absent (RFC 3261 16.6 step 3). Raises BadHeader.

    More than 255 is no value of RFC 3261 20.22, and counts as absent. Of two the smaller one counts.
    """
    at = request.where.get(b"max-forwards")
    if at is None:
        return DEFAULT_FORWARDS
    value = request.lines[at][-3:].lstrip()
    once = len(request.where) == len(request.names) or not request.is_repeated(b"max-forwards")
    if once and (value == b"70" or value == b"69"):
        return int(value)  # nearly always
    values = [parse_number("Max-Forwards", each, _ANY_NUMBER) for each in request.raw_all(b"max-forwards")]
    return min(each if each <= MOST_FORWARDS else DEFAULT_FORWARDS for each in values)


def _read_request_uri(request: Request) -> Uri | Refusal:
    uri = parse_uri(request.uri)
    return refuse_uri(uri) or uri


def refuse_uri(uri: Uri) -> Refusal | None:
    """Why this may not stand in a request line, or None when it may."""
    if uri.scheme not in _SCHEMES and not (uri.scheme == b"urn" and uri.user.lower().startswith(_URN_SERVICE)):
        return _UNSUPPORTED_SCHEME
    if uri.headers:
        return Refusal(400, "Header Fields in Request-URI")  # RFC 3261 19.1.1 forbids them there
    return None


def refuse_control(request: Request, fields: Fields, *, identities: bool) -> Refusal | None:
    """No URI of a number may hold a control character, once its escapes are decoded: some readers stop there.

    `identities`: asserted ones go on, so that they are asked, too.
    """
    if fields.control or (
        identities
        and any(name in request.where for name in _IDENTITIES)
        and any(hides_control(value) for name in _IDENTITIES for value in request.raw_all(name))
    ):
        return _CONTROL
    return None


_CONTROL: Final = Refusal(400, "Control Character In A URI")


def refuse_to_forward(request: Request, fields: Fields, *, looped: bool, onward: bool = True) -> Refusal | None:
    """Max-Forwards, loops and extensions that we don't know (16.3 steps 3 to 5), or None when it may go on.

    Where nothing goes `onward`, but is answered here, only a loop is one.
    """
    if not onward and not looped:
        return None
    if fields.forwards == 0:
        return Refusal(483, "Too Many Hops")
    if looped:
        return Refusal(482, "Loop Detected")
    if b"max-breadth" in request.where:
        breadth = read_breadth(request)
        if breadth <= 0:
            return _NO_BREADTH if breadth == 0 else Refusal(400, "Malformed Max-Breadth")
    if b"proxy-require" in request.where:
        unknown = [token for value in request.raw_all(b"proxy-require") for token in split_tokens(value)]
        if unknown:
            return Refusal(420, "Bad Extension", (b"Unsupported: " + b", ".join(unknown),))
    return None

"""Is this request fit to be forwarded? RFC 3261 section 16.3, in its order, with the answer it names."""

from __future__ import annotations

from typing import Final, NamedTuple

from proxy.sip.errors import BadHeader
from proxy.sip.headers import Party, Via, parse_cseq, parse_number, parse_party, split_tokens
from proxy.sip.message import METHODS, SINGLE, SPACE, Request
from proxy.sip.uri import Uri, parse_uri

MOST_FORWARDS: Final = 255
DEFAULT_FORWARDS: Final = 70  # RFC 3261 16.6 step 3

_SCHEMES: Final = frozenset((b"sip", b"sips", b"tel"))
_URN_SERVICE: Final = b"service:"  # RFC 5031; urn:service:sos is how phones dial for help


class Refusal(NamedTuple):
    """The response that a request gets in place of being forwarded."""

    status: int
    phrase: str
    fields: tuple[bytes, ...] = ()


class Fields:
    """What the core needs of a valid request, parsed once."""

    __slots__ = ("call_id", "cseq", "forwards", "from_tag", "sender", "to_tag", "uri", "via")

    def __init__(
        self, uri: Uri, via: Via, sender: Party, to_tag: bytes, call_id: bytes, cseq: int, forwards: int
    ) -> None:
        self.uri = uri
        self.via = via
        self.sender = sender
        self.from_tag = sender.tag
        self.to_tag = to_tag
        self.call_id = call_id
        self.cseq = cseq
        self.forwards = forwards  # Max-Forwards as it came; 70 where it was absent


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
        to_tag = parse_party("To", lines[where[b"to"]].partition(b":")[2].strip()).tag
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
    return Fields(uri, via, sender, to_tag, call_id, number, forwards)


_NOT_IMPLEMENTED: Final = Refusal(501, "Not Implemented")
_UNSUPPORTED_SCHEME: Final = Refusal(416, "Unsupported URI Scheme")


def read_forwards(request: Request) -> int:
    """Max-Forwards as it came; 70 where it is absent (RFC 3261 16.6 step 3). Raises BadHeader."""
    at = request.where.get(b"max-forwards")
    if at is None:
        return DEFAULT_FORWARDS
    value = request.lines[at][-3:].lstrip()
    if value == b"70" or value == b"69":
        return int(value)  # nearly always
    return parse_number("Max-Forwards", request.lines[at].partition(b":")[2], MOST_FORWARDS)


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


def refuse_to_forward(request: Request, fields: Fields, *, looped: bool) -> Refusal | None:
    """Max-Forwards, loops and extensions that we don't know (16.3 steps 3 to 5), or None when it may go on."""
    if fields.forwards == 0:
        return Refusal(483, "Too Many Hops")
    if looped:
        return Refusal(482, "Loop Detected")
    if b"proxy-require" in request.where:
        unknown = [token for value in request.raw_all(b"proxy-require") for token in split_tokens(value)]
        if unknown:
            return Refusal(420, "Bad Extension", (b"Unsupported: " + b", ".join(unknown),))
    return None

"""Reading header field values: Via, name-addr, CSeq and the plain numbers (RFC 3261 section 25)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from proxy.sip.errors import BadHeader
from proxy.sip.uri import holds_control

# Parameters after a value: each begins with ";", so the match is linear.
_PARAMS: Final = (
    rb"((?:\s*;\s*[^\s;=,\"<>]+(?:\s*=\s*"
    rb"(?:\"(?:[^\"\\]|\\.)*\"|[^\s;,\"<>]+))?)*)\s*"
)
_VIA: Final = re.compile(
    rb"\s*SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+"
    rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)(?:\s*:\s*([0-9]{1,5}))?" + _PARAMS + rb"(?:,|\Z)",
    re.IGNORECASE | re.DOTALL,
)
# What nearly everybody sends: one value, nothing quoted. Half the price, the same meaning.
_USUAL_VIA: Final = re.compile(
    rb"SIP/2\.0/(UDP|TCP|TLS|WSS?) ([A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{1,5}))?"
    rb"((;rport)?;branch=([A-Za-z0-9.\-_]+)(;rport)?)\Z"
)
_USUAL_PARTY: Final = re.compile(
    rb"(\"[^\"\\]*\"|[A-Za-z0-9.\-_]*) ?<([A-Za-z0-9+]+:[!#-$&-;=?-~]+)>(?:;tag=([A-Za-z0-9.\-_]+))?\Z"
)
# An unquoted display name is tokens; real phones also put UTF-8 there. A comma would start another value.
_NAMED: Final = re.compile(rb"(?:\s*(\"(?:[^\"\\]|\\.)*\")\s*|([A-Za-z0-9\-.!%*_+`'~\s\x80-\xff]*))(?=<)", re.DOTALL)
_IN_BRACKETS: Final = re.compile(rb"<([^<>\s]+)>" + _PARAMS + rb"(?:,|\Z)", re.DOTALL)
_ADDR_SPEC: Final = re.compile(rb"\s*([A-Za-z][A-Za-z0-9+.\-]*:[^\s<>,;?\"]+)" + _PARAMS + rb"(?:,|\Z)", re.DOTALL)
_LENIENT: Final = re.compile(rb"([^<>]*)<[ \t]*([^<>\s]+)[ \t]*>" + _PARAMS + rb"\Z", re.DOTALL)
_NAMES_A_URI: Final = re.compile(rb"(?:sips?|tel)\s*:", re.IGNORECASE)
# Whatever a reader of any care could take for an address: what stands in <>, closed or not, and a word without them.
_ANY_ADDRESS: Final = re.compile(rb"<([^<>]*)|([^\s<>,\"]+)")
BARE_NUMBER: Final = re.compile(rb"\+?[0-9](?:[-.()]?[0-9]){4,}(?:;.*)?")
_ANY_DIGIT: Final = re.compile(r"\d")
_FEWEST_DIGITS: Final = 5  # that could be somebody's number
_FOLDED: Final = re.compile(r"(?:\r\n|\r|\n)[ \t]*| +")  # RFC 3261 7.3.1
_TAG: Final = re.compile(rb";\s*tag\s*=\s*([^\s;,<>\"]+)", re.IGNORECASE)
_CSEQ: Final = re.compile(rb"\s*([0-9]{1,20})\s+([^\s]+)\s*\Z")
_PARAM: Final = re.compile(rb";((?:[^;\"]|\"(?:[^\"\\]|\\.)*\")*)", re.DOTALL)

_HIDDEN: Final = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|%(?:[01][0-9A-Fa-f]|7[Ff]|[Cc]2%[89][0-9A-Fa-f])", re.DOTALL
)
_MOST_URIS: Final = 32  # of a line that RFC 3261 can't read
MAGIC_COOKIE: Final = b"z9hG4bK"


class Via:
    """One Via value. A plain slots class, as is all that is made for each message: compiled, it costs a fifth of a
    NamedTuple, whose constructor stays Python.
    """

    __slots__ = ("branch", "end", "host", "params", "port", "transport", "wants_rport")

    def __init__(
        self, transport: bytes, host: bytes, port: int, params: bytes, branch: bytes, wants_rport: bool, end: int
    ) -> None:
        self.transport = transport
        self.host = host  # as written, IPv6 in brackets
        self.port = port  # 0 where none was written
        self.params = params
        self.branch = branch  # empty where there is none
        self.wants_rport = wants_rport  # did the sender ask for RFC 3581's rport?
        self.end = end  # where the next value on the same line begins, or the line's length


class Address(NamedTuple):
    """A name-addr or addr-spec with its header parameters."""

    display: bytes  # as written, with quotes
    uri: bytes
    params: bytes
    end: int  # where the next value on the same line begins, or the line's length

    @property
    def tag(self) -> bytes:
        """The tag parameter, empty where there is none."""
        return find_param(self.params, b"tag") if self.params else b""

    @property
    def display_name(self) -> str:
        """The display name as people read it: without quotes and escapes."""
        return read_display_name(self.display)


def read_display_name(display: bytes) -> str:
    """A display name as people read it: without quotes and escapes, plain blanks and folds as one blank.

    Others stay: telephones show little or nothing of them, so that rules read the name in several ways.
    """
    if display[:1] == b'"' and display[-1:] == b'"':
        display = display[1:][:-1]
        if b"\\" in display:
            display = b"\\".join([part.replace(b"\\", b"") for part in display.split(b"\\\\")])
    text = display.decode("utf-8", "replace")
    return " ".join(text.split()) if text.isascii() and text.isprintable() else _FOLDED.sub(" ", text).strip(" ")


def parse_via(value: bytes, start: int = 0) -> Via:
    """The Via value that begins there on a line, by default its first. Raises BadHeader."""
    found = _USUAL_VIA.match(value, start)
    if found is not None:
        transport, host, port, params, before, branch, after = found.groups()
        number = int(port) if port else 0
        if number <= 65535:
            wants_rport = before is not None or after is not None
            return Via(transport, host, number, params, branch, wants_rport, len(value))
    found = _VIA.match(value, start)
    if found is None or int(found[3] or 0) > 65535:
        raise BadHeader("Via", value)
    transport, host, port, params = found.groups()
    wants_rport = any(part.lower() == b"rport" for part in split_params(params))
    branch = find_param(params, b"branch")
    return Via(transport, host, int(port) if port else 0, params, branch, wants_rport, found.end())


def parse_address(name: str, value: bytes, start: int = 0) -> Address:
    """The name-addr or addr-spec that begins there in a From, To, Route or P-Asserted-Identity line. Raises BadHeader.

    Nothing is copied and nothing looked for beyond it: of many values each costs what it is long.
    """
    named = _NAMED.match(value, start)
    if named is not None:
        found = _IN_BRACKETS.match(value, named.end())
        if found is not None:
            return Address(named[1] or named[2].strip(), found[1], found[2], found.end())
    bare = _ADDR_SPEC.match(value, start)
    if bare is None:
        raise BadHeader(name, value)
    uri, params = bare[1], bare[2]
    if b"@" in params and b"@" not in uri:  # no parameter of a header field holds one: sip:138;phone-context=+86@h
        whole = uri + params
        end = (whole.find(b";", whole.find(b"@")) + 1 or len(whole) + 1) - 1
        uri, params = whole[:end], whole[end:]
    return Address(b"", uri, params, bare.end())


def parse_single_address(name: str, value: bytes) -> Address:
    """The address of a header field that holds only one. Raises BadHeader also for a second one.

    A name before the only `<` may be anything that names no URI itself: telephones write `O/Brien <sip:...>`, and
    `Smith, Bob <sip:...>` has one reading where no list is allowed.
    """
    try:
        address = parse_address(name, value)
    except BadHeader:
        address = None
    if address is not None and address.end == len(value) and not value.endswith(b","):
        return address
    found = _LENIENT.match(value)
    if found is None or found[1].count(b'"') % 2 or _NAMES_A_URI.search(found[1]) is not None:
        raise BadHeader(name, value)
    return Address(found[1].strip(), found[2], found[3], len(value))


class Party:
    """From or To: who, and in which dialog."""

    __slots__ = ("control", "display", "tag", "uri")

    def __init__(self, display: bytes, uri: bytes, tag: bytes, control: bool = False) -> None:
        self.display = display  # as written, with quotes
        self.uri = uri
        self.tag = tag  # empty where there is none
        self.control = control  # the URI holds a control character (`proxy.sip.uri.holds_control`)

    @property
    def display_name(self) -> str:
        """The display name as people read it: without quotes and escapes."""
        return read_display_name(self.display)


def parse_party(name: str, value: bytes) -> Party:
    """From or To. Raises BadHeader like `parse_single_address`, and for two tags."""
    found = _USUAL_PARTY.match(value)
    if found is not None:
        display, uri, tag = found.groups()
        return Party(display, uri, tag or b"")
    address = parse_single_address(name, value)
    if sum(part.partition(b"=")[0].rstrip().lower() == b"tag" for part in split_params(address.params)) > 1:
        raise BadHeader(name, value)  # two readers could take two different ones
    # A tel: URI without brackets has left its own parameters to the header field (RFC 3261 20).
    bare = address.uri[:4].lower() == b"tel:" and b"<" not in value
    uri = address.uri + address.params if bare else address.uri
    return Party(address.display, uri, address.tag, holds_control(uri))


def find_party(value: bytes) -> Party:
    """What can be found in a From or To that `parse_party` can't read: the first address, and the first tag."""
    uris, _ = find_uris("", value)
    tag = _TAG.search(value)
    return Party(b"", uris[0] if uris else b"", tag[1] if tag else b"")


def parse_addresses(name: str, value: bytes) -> list[Address]:
    """Every address of a line. Raises BadHeader when one of them is malformed."""
    found = []
    start = 0
    while start < len(value):
        address = parse_address(name, value, start)
        found.append(address)
        start = address.end
    return found


def find_uris(name: str, value: bytes) -> tuple[list[bytes], bool]:
    """The URI of each address that a line of P-Asserted-Identity or its like can be cut into, and whether by RFC 3261.

    Of a line outside its grammar they are whatever somebody could read there: telephones are lenient, each in its way.
    """
    try:
        found = [
            address.uri + (address.params if address.uri[:4].lower() == b"tel:" and b"<" not in value else b"")
            for address in parse_addresses(name, value)
        ]
        if value.count(b"<") <= len(found):
            return found, True
    except BadHeader:
        found = []
    bracketed = [at[1] for at in _ANY_ADDRESS.finditer(value) if at[1] is not None]
    words = [at[2] for at in _ANY_ADDRESS.finditer(value) if at[2]]
    bare = [word for word in words if b":" in word or b"@" in word or BARE_NUMBER.fullmatch(word)]
    for text in (*bracketed, *bare):  # names come without brackets, too: bob@x <sip:...>
        uri = text.strip()
        if uri and uri not in found:
            found.append(uri)
        if len(found) >= _MOST_URIS:
            break
    return found, False


def leaves_digits(value: bytes) -> bool:
    """Does a line outside RFC 3261's grammar hold a number beside the addresses that `find_uris` finds in it?"""
    uris, strict = find_uris("", value)
    if strict:
        return False
    rest = value
    for uri in uris:
        rest = rest.replace(uri, b" ", 1)
    return len(_ANY_DIGIT.findall(rest.decode("utf-8", "replace"))) >= _FEWEST_DIGITS


def hides_control(value: bytes) -> bool:
    """Is there a control character in a line of addresses, or an escape of one? Line ends and tabs are blanks there."""
    return _HIDDEN.search(value) is not None


def parse_cseq(value: bytes) -> tuple[int, bytes]:
    """Sequence number and method. Raises BadHeader, also for a number of over 32 bits."""
    parts = value.split(b" ")
    if len(parts) == 2 and parts[0].isdigit() and len(parts[0]) < 10:
        return int(parts[0]), parts[1]
    found = _CSEQ.match(value)
    if found is None or int(found[1]) >= 2**32:
        raise BadHeader("CSeq", value)
    return int(found[1]), found[2]


def parse_number(name: str, value: bytes, most: int) -> int:
    """A header field that is one number of at most `most`. Raises BadHeader."""
    digits = value.strip()
    if not digits.isdigit() or len(digits) > 20 or int(digits) > most:
        raise BadHeader(name, value)
    return int(digits)


def find_param(params: bytes, name: bytes) -> bytes:
    """The value of a parameter, empty where it is absent."""
    for part in split_params(params):
        key, _, value = part.partition(b"=")
        if key.rstrip().lower() == name:
            return value.lstrip()
    return b""


def split_params(params: bytes) -> list[bytes]:
    """The parameters of a value, each without its ";" and outer blanks; a quoted ";" separates nothing."""
    if ord('"') not in params:
        return [part.strip() for part in params.split(b";")[1:]]
    return [part.strip() for part in _PARAM.findall(params)]


def split_tokens(value: bytes) -> list[bytes]:
    """The comma-separated tokens of Proxy-Require and its like."""
    return [token.strip() for token in value.split(b",") if token.strip()]

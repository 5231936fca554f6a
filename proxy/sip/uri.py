"""Reading SIP, SIPS, tel and other URIs from their bytes (RFC 3261 section 19, RFC 3966)."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Final
from urllib.parse import unquote_to_bytes

from proxy.sip.errors import BadHeader

# The user part may hold almost anything but "@"; the host may not. RFC 5118 4.10 wants "[2001:db8:::192.0.2.1]" read.
_SIP: Final = re.compile(
    rb"(?i:(sips?)):"
    rb"(?:([^@<>\"\s]*)@)?"
    rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.\-]+)"
    rb"(?::0{0,32}([0-9]{1,5}))?"  # a port is 1*DIGIT (RFC 3261 25.1): 00005060 is one
    rb"((?:;[^;?@<>\"\s]*)*)"
    rb"(\?[^@<>\"\s]*)?\Z"
)
# What nearly everybody sends: no parameters, no brackets, no escapes. Half the price, the same meaning.
_USUAL: Final = re.compile(rb"sip:(?:([!#-$&-;=?A-~]*)@)?([A-Za-z0-9_.\-]+)(?::([0-9]{1,5}))?\Z")
_SCHEME: Final = re.compile(rb"([A-Za-z][A-Za-z0-9+.\-]*):([^<>\"\s]+)\Z")

# As numbers: `in` finds them in bytes five times faster than other bytes.
_SEMICOLON: Final = 59
_PERCENT: Final = 37
_COLON: Final = 58
_EQUALS: Final = 61

SIP_PORT: Final = 5060
SIPS_PORT: Final = 5061


_TRANSPORTS: Final = {b"udp": "UDP", b"tcp": "TCP", b"tls": "TLS", b"ws": "WS", b"wss": "WSS"}
_SECURE: Final = {"UDP": "TLS", "TCP": "TLS", "WS": "WSS"}  # what `sips` makes of them (RFC 3261 26.2.2)
_USUAL_PORTS: Final = {"UDP": SIP_PORT, "TCP": SIP_PORT, "TLS": SIPS_PORT, "WS": 80, "WSS": 443}


class Uri:
    """A URI in its parts, as bytes; escapes are left in.

    For other schemes than sip and sips `user` holds what stands between the scheme and the first ";",
    and `host` is empty.
    """

    __slots__ = ("control", "headers", "host", "params", "port", "scheme", "user")

    def __init__(
        self,
        scheme: bytes,
        user: bytes,
        host: bytes,
        port: int,
        params: bytes,
        headers: bytes = b"",
        control: bool = False,
    ) -> None:
        self.scheme = scheme  # lower case
        self.user = user  # with user parameters and password; empty where there is none
        self.host = host  # lower case, IPv6 without brackets; empty where there is none
        self.port = port  # 0 where none was written
        self.params = params  # with the leading ";", as written
        self.headers = headers  # with the leading "?", as written
        self.control = control  # it holds a control character (`holds_control`)

    @property
    def address(self) -> tuple[bytes, int]:
        """Host and port to compare with others; the port is that of its transport where none was written."""
        usual = not self.params and self.scheme == b"sip"
        return self.host, self.port or (SIP_PORT if usual else _USUAL_PORTS[self.transport])

    @property
    def transport(self) -> str:
        """How it is to be reached, as a Via names it; by UDP where it does not say (RFC 3263 4.1, RFC 7118 5)."""
        secure = self.scheme == b"sips"
        named = self.param(b"transport") if self.params else None
        if named is None:
            return "TLS" if secure else "UDP"
        transport = _TRANSPORTS.get(named.lower(), "UDP")
        return _SECURE.get(transport, transport) if secure else transport

    def param(self, name: bytes) -> bytes | None:
        """Value of a URI parameter (empty for a bare one), or None where it is absent."""
        for part in self.params.split(b";"):
            key, _, value = part.partition(b"=")
            if key.strip().lower() == name:
                return value.strip()
        return None


def parse_uri(text: bytes) -> Uri:
    """The parts of a URI.

    Raises BadHeader for anything that is no URI, or a sip: URI outside RFC 3261's grammar.
    """
    return _parse_known(text) if len(text) <= _LONGEST_KEPT else _parse(text)


def _parse(text: bytes) -> Uri:
    found = _USUAL.match(text)
    if found is not None:
        user, host, port = found.groups()
        number = int(port) if port else 0
        if number <= 65535:
            return Uri(b"sip", user or b"", host.lower(), number, b"")
    found = _SIP.match(text)
    if found is not None:
        scheme, user, host, port, params, headers = found.groups()
        number = int(port) if port else 0
        if number > 65535:
            raise BadHeader("URI", text)
        control = holds_control(text)
        return Uri(scheme.lower(), user or b"", _one_spelling(host), number, params, headers or b"", control)
    other = _SCHEME.match(text)
    if other is None or other[1].lower() in (b"sip", b"sips"):
        raise BadHeader("URI", text)
    opaque, semicolon, rest = other[2].partition(b";")
    return Uri(other[1].lower(), opaque, b"", 0, semicolon + rest, b"", holds_control(text))


def _one_spelling(host: bytes) -> bytes:
    """A host as it is compared: lower case, an IPv6 address without brackets in its shortest form."""
    if host[0] != 91:  # "["
        return host.lower()
    try:
        return str(IPv6Address(host[1:][:-1].decode("ascii"))).encode()
    except AddressValueError:
        return host[1:][:-1].lower()  # RFC 5118 4.10: read it all the same


# The URIs of Contact and Route come again and again; a hostile one must not fill the memory.
_LONGEST_KEPT: Final = 200
_parse_known: Final = lru_cache(maxsize=4096)(_parse)


def user_part(text: bytes) -> bytes:
    """What stands before the host of a URI, as it is written; nothing of it is checked."""
    user, at, _ = text.partition(b"@")
    return user if at else text.partition(b";")[0]


# Of such a URI nobody reads more than what stands before its host.
_PLAIN: Final = re.compile(
    rb"sips?:[^@;:%?\s]+@(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?(?:;(?:user=[a-z]+|transport=[A-Za-z]+|lr|ob))*"
)


def named_part(text: bytes) -> bytes:
    """By what a URI names somebody: its user, or all of it where there is more that somebody could read as a number."""
    return user_part(text) if _PLAIN.fullmatch(text) else text


def read_user(uri: Uri) -> tuple[str, str]:
    """The user of a sip: or tel: URI and its phone-context (RFC 3966 5.1.5), wherever the two RFCs let it stand.

    The user is without parameters, escapes decoded once (RFC 3261 19.1.4); the context is empty where there is none.
    RFC 4904's trunk-group parameters and others like cpc are left out: they say nothing of the number.
    """
    found = read_spelling(uri)
    return found.user, found.contexts[0] if found.contexts else ""


def dialled_part(uri: Uri) -> bytes:
    """The user part, or a host that can only be one: no network has a host of digits alone."""
    return uri.user or (uri.host if uri.host.isdigit() else b"")


class Spelling:
    """A user part as it is read: what a number is made of, and what another reader could take for it."""

    __slots__ = ("contexts", "raw", "unread", "user", "whole")

    def __init__(
        self, user: str, contexts: tuple[str, ...] = (), raw: str = "", whole: str = "", unread: bool = False
    ) -> None:
        self.user = user  # without parameters and password, escapes decoded
        self.contexts = contexts  # every phone-context; RFC 3966 allows one, and the first counts
        self.raw = raw  # the same with its escapes, where there are some: not every reader decodes them
        self.whole = whole  # with what is no parameter and no password to who shows all of it: 170;1234;5678
        self.unread = unread  # there are more phone-contexts, which nobody writes who wants to be read


_MOST_CONTEXTS: Final = 4
_NAMED_PARAMETER: Final = re.compile(r";[A-Za-z][^;]*")
_GOES_ON: Final = re.compile(r"[;:][^A-Za-z=;:]*\d")  # digits, where a parameter has its name and a port its host


def read_spelling(uri: Uri) -> Spelling:
    """What stands in the user part of a sip: or tel: URI; of `sip:110` that is 110."""
    user = dialled_part(uri)
    plain = not uri.params or (_EQUALS not in uri.params and uri.scheme != b"tel")
    if plain and _SEMICOLON not in user and _PERCENT not in user and _COLON not in user:
        return Spelling(user.decode("utf-8", "replace"))
    head, _, tail = user.partition(b";")
    if uri.scheme != b"tel":
        head = head.partition(b":")[0]  # a password is no part of the number
    contexts: tuple[str, ...] = ()
    unread = False
    for part in (tail + b";" + uri.params).split(b";"):
        key, _, value = part.partition(b"=")
        if unquote_to_bytes(key).strip().lower() == b"phone-context":
            context = unquote_to_bytes(value).decode("utf-8", "replace").strip().strip('"')
            if context not in contexts:
                if len(contexts) >= _MOST_CONTEXTS:
                    unread = True
                    break
                contexts = (*contexts, context)
    raw = head.decode("utf-8", "replace") if _PERCENT in head else ""
    whole = unquote_to_bytes(user + uri.params if uri.scheme == b"tel" else user).decode("utf-8", "replace")
    whole = _NAMED_PARAMETER.sub("", whole) if _GOES_ON.search(whole) is not None else ""
    return Spelling(unquote_to_bytes(head).decode("utf-8", "replace"), contexts, raw, whole, unread)


def shown_users(text: bytes) -> list[bytes]:
    """The user parts that a telephone could show of a URI that is none to us; what stands around them is not asked."""
    rest = _ANY_SCHEME.sub(b"", text.strip(b' \t\r\n<>"'), count=1)
    if b"@" not in rest:
        return list(dict.fromkeys((_HOST_ENDS.split(rest, 1)[0], rest)))
    # Of several @ some readers take the first, others the last.
    return list(dict.fromkeys((rest.partition(b"@")[0], rest.rpartition(b"@")[0])))


def shown_host(text: bytes) -> bytes:
    """The host that somebody could read in a URI that is none to us, in lower case; empty where there is none."""
    rest = _ANY_SCHEME.sub(b"", text.strip(b' \t\r\n<>"'), count=1)
    found = _HOST_LEAD.match(rest.rpartition(b"@")[2])
    return found[0].lower() if found is not None else b""


_HOST_LEAD: Final = re.compile(rb"[A-Za-z0-9_.\-]+")
_ANY_SCHEME: Final = re.compile(rb"\A\s*[A-Za-z][A-Za-z+.\-]*\s*:\s*")  # digits are somebody's: user1701:pw@h
_HOST_ENDS: Final = re.compile(rb"[;?>]")
# In UTF-8 also those of U+0080 to U+009F.
_CONTROL: Final = re.compile(
    rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|%(?:[01][0-9A-Fa-f]|7[Ff]|[Cc]2%[89][0-9A-Fa-f])", re.DOTALL
)
_USUAL_CHARACTERS: Final = re.compile(rb"[!-$&-~]*\Z")


def holds_control(text: bytes) -> bool:
    """Is there a control character in it, as it stands or once its escapes are decoded?

    What follows one is read by some and cut off by others: %00 ends a text in C.
    """
    return _USUAL_CHARACTERS.match(text) is None and _CONTROL.search(text) is not None

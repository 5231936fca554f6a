"""How the callee sees a caller: with the label before his name, and without what a stranger says was verified.

A label stands wherever a telephone may take the name from: From, P-Asserted-Identity, Remote-Party-ID. It is never
carried back to the caller.

A display name is no part of what From and To are compared by (RFC 3261 19.3: URI and tag are), so that it may differ
between the two sides of a dialog. The token of the dialog says that its caller was labelled.
"""

from __future__ import annotations

import re
from typing import Final
from zlib import crc32

from proxy.sip.errors import BadHeader
from proxy.sip.headers import Address, parse_addresses, parse_party, parse_single_address
from proxy.sip.message import Request, canonical_name, parse_response
from proxy.token import LABELLED, Token

MARK: Final = 8  # characters by which a token names a label
_SHOWN: Final = frozenset((b"p-asserted-identity", b"remote-party-id"))


def mark_of(label: str) -> bytes:
    """What stands for a label in tokens."""
    return b"%08x" % crc32(label.encode())


def dress(lines: list[bytes], request: Request, label: str | None, *, stranger: bool) -> tuple[bytes, ...]:
    """Edit From and the identities beside it; From as it came where it leaves otherwise, else nothing.

    `label` is None for none, and empty where nobody knows any more which one it was: then no name is shown.
    """
    line = shown = request.lines[request.where[b"from"]]
    if stranger and (line.count(b";") > 1 or b"%3" in line):  # one is that of the tag
        shown = without_verstat(line)
    if label is not None:
        shown = label_from(shown, label) if label else without_name(shown)
        _label_identities(lines, label)
    if shown == line or line not in lines:
        return ()
    lines[lines.index(line)] = shown
    return (line,)


def _label_identities(lines: list[bytes], label: str) -> None:
    """What can't be read with certainty is dropped: a telephone might find a name without the label in it."""
    for index in range(len(lines) - 1, -1, -1):
        if canonical_name(lines[index]) not in _SHOWN:
            continue
        name, _, value = lines[index].partition(b":")
        try:
            addresses = parse_addresses(name.decode("ascii", "replace"), value.strip())
        except BadHeader:
            addresses = []
        if not label or not addresses:
            del lines[index]
            continue
        lines[index] = b"%s: %s" % (name, b", ".join([_labelled(address, label) for address in addresses]))


def label_in_response(response: bytes, label: str) -> bytes:
    """A response of a labelled caller: telephones take the name of a call that is up from it as well."""
    parsed = parse_response(response)
    if _SHOWN.isdisjoint(parsed.where):
        return response
    lines = list(parsed.lines)
    _label_identities(lines, label)
    return b"\r\n".join((parsed.start, *lines, b"", parsed.body))


def _labelled(address: Address, label: str) -> bytes:
    shown = f"{label} {address.display_name}".strip().replace("\\", "\\\\").replace('"', '\\"')
    return b'"%s" <%s>%s' % (shown.encode(), address.uri, address.params)


def call_reason(label: str) -> bytes:
    """A label as telephones read it that know RFC 9796: why the call is made, beside a card that there is not."""
    return (
        b'Call-Info: <data:>;purpose=jcard;call-reason="%s"' % label.replace("\\", "\\\\").replace('"', '\\"').encode()
    )


def label_from(line: bytes, label: str) -> bytes:
    """A From line whose display name begins with the label; URI, tag and parameters stay as they are."""
    name, _, value = line.partition(b":")
    try:
        address = parse_single_address("From", value.strip())
    except BadHeader:
        return line
    return b"%s: %s" % (name, _labelled(address, label))


def without_verstat(line: bytes) -> bytes:
    """A From line without verstat (3GPP TS 24.229 7.2A.20): what was verified is not for a stranger to say."""
    start = max(line.find(b":"), line.rfind(b"<"))
    return line[:start] + VERSTAT.sub(b"", line[start:])


def _any_spelling(word: str) -> str:
    return "".join(f"(?:{c}|{c.upper()}|%{ord(c):02x}|%{ord(c.upper()):02x})" for c in word)


def without_name(line: bytes) -> bytes:
    """A To line without its display name."""
    name, _, value = line.partition(b":")
    try:
        address = parse_single_address("To", value.strip())
    except BadHeader:
        return line
    return b"%s: <%s>%s" % (name, address.uri, address.params) if address.display else line


def unlabel(lines: list[bytes], request: Request, token: Token) -> tuple[bytes, ...]:
    """Take the name off To in a callee's request if its dialog was labelled; To as it came, or nothing if it stays.

    What the caller called himself is kept nowhere, and he knows it.
    """
    if LABELLED not in token.flags:
        return ()
    line = request.lines[request.where[b"to"]]
    bare = without_name(line)
    if bare == line or line not in lines:
        return ()
    lines[lines.index(line)] = bare
    return (line,)


VERSTAT: Final = re.compile(
    rf"\s*(?:;|%3b)\s*{_any_spelling('verstat')}\s*(?:(?:=|%3d)\s*(?:\"[^\"]*\"|[^;>?@,\s\"]*))?(?=[;>?@,\s]|\Z)".encode(),
    re.IGNORECASE,
)


def restore(response: bytes, lines: tuple[bytes, ...]) -> bytes:
    """The response with From or To as its request had it (RFC 3261 8.2.6.2); the tag that its To was given stays."""
    parsed = parse_response(response)
    for line in lines:
        name = canonical_name(line)
        index = parsed.where.get(name)
        if index is None:
            continue
        if name == b"to" and not (parse_party("To", line.partition(b":")[2].strip())).tag and parsed.to_tag:
            line = line.rstrip() + b";tag=" + parsed.to_tag
        parsed.lines[index] = line
    return parsed.to_bytes()

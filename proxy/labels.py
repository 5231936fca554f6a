"""The label before a caller's display name: put there for the callee, and never carried back to the caller.

A display name is no part of what From and To are compared by (RFC 3261 19.3: URI and tag are), so that it may differ
between the two sides of a dialog. The token of the dialog says that its caller was labelled.
"""

from __future__ import annotations

from proxy.forwarding import Plan, find_flag
from proxy.sip.errors import BadHeader
from proxy.sip.headers import parse_address
from proxy.sip.message import Request, parse_response
from proxy.token import LABELLED, Tokens
from proxy.validation import Fields


def label_from(line: bytes, label: str) -> bytes:
    """A From line whose display name begins with the label; URI, tag and parameters stay as they are."""
    name, _, value = line.partition(b":")
    try:
        address = parse_address("From", value)
    except BadHeader:
        return line
    shown = f"{label} {address.display_name}".strip().replace("\\", "\\\\").replace('"', '\\"')
    return b'%s: "%s" <%s>%s' % (name, shown.encode(), address.uri, address.params)


def without_name(line: bytes) -> bytes:
    """A To line without its display name."""
    name, _, value = line.partition(b":")
    try:
        address = parse_address("To", value)
    except BadHeader:
        return line
    return b"%s: <%s>%s" % (name, address.uri, address.params) if address.display else line


def unlabel(lines: list[bytes], request: Request, plan: Plan, fields: Fields, tokens: Tokens) -> bytes:
    """Take the name off To in a callee's request if its dialog was labelled; To as it came, or nothing if it stays.

    What the caller called himself is kept nowhere, and he knows it.
    """
    if find_flag(LABELLED, plan, fields, tokens, from_pbx=True) is None:
        return b""
    line = request.lines[request.where[b"to"]]
    bare = without_name(line)
    if bare == line or line not in lines:
        return b""
    lines[lines.index(line)] = bare
    return line


def restore(response: bytes, line: bytes) -> bytes:
    """The response with From or To as its request had it (RFC 3261 8.2.6.2)."""
    parsed = parse_response(response)
    name = b"from" if line[:1] in b"Ff" else b"to"
    index = parsed.where.get(name)
    if index is not None:
        parsed.lines[index] = line
    return parsed.to_bytes()

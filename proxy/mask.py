"""A caller whose number nobody behind us is to see (`mask`): the label stands in its place, in the whole dialog.

From leaves with RFC 3323's anonymous URI, the user part of Contact enciphered, and every other header field in which
the caller could be read is left out. What the callee sends back is restored, so that the caller meets his own dialog.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from proxy.labels import call_reason
from proxy.sip.errors import BadHeader
from proxy.sip.headers import parse_addresses, parse_party
from proxy.sip.message import OWN_HEADERS, Request, canonical_name, parse_response
from proxy.sip.uri import parse_uri
from proxy.token import MASKED, WRAPPED, Tokens
from rules.numbering.spelling import fold_as_seen

NOBODY: Final = "Anonymous"  # where there is no label
_URI: Final = b"<sip:anonymous@anonymous.invalid>"  # RFC 3323 4.1.1.3
_CALLER: Final = b"caller "  # before what is wrapped here
_SAY_WHO: Final = frozenset(
    (
        *(b"p-asserted-identity", b"p-preferred-identity", b"remote-party-id", b"referred-by", b"reply-to"),
        *(b"identity", b"identity-info", b"p-charging-vector", b"p-served-user", b"p-associated-uri"),
        *(b"user-to-user", b"geolocation", b"call-info", b"organization", b"subject", b"attestation-info"),
    )
)
# What a dialog or a way lives by; a number in it is that of whoever wrote it there, and stays.
_NEEDED: Final = frozenset(
    (
        *(b"via", b"route", b"record-route", b"to", b"call-id", b"cseq", b"max-forwards", b"content-length"),
        *(b"content-type", b"content-encoding", b"content-disposition", b"replaces", b"rack", b"rseq", OWN_HEADERS),
    )
)
_NAME_HIM: Final = (b"p-asserted-identity", b"remote-party-id", b"contact")  # by each of them he may be judged
_TAG: Final = re.compile(rb";[ \t]*tag=[^; \t]*", re.IGNORECASE)
_HOST_ALONE: Final = re.compile(rb"[ \t]*sips?:([^@:;>?]*)(?:[:;>?][^@]*)?\Z", re.IGNORECASE)
_NO_DIGITS: Final = re.compile(rb"[^0-9]+")
_CONTEXT: Final = re.compile(rb"(?:;|%3b)phone-context=((?:\+|%2b)[^;@>?]+)", re.IGNORECASE)
_BEHIND_NUMBER: Final = re.compile(rb"[;,#*>]|%(?:3b|23|2c|00)", re.IGNORECASE)
_LEAST_DIGITS: Final = 7
_TELLING: Final = 8  # last digits by which a number is known in any spelling
# Hotlines and extensions are found as whole numbers alone, since so few digits stand among others everywhere.
_SHORT: Final = range(3, 10)  # digits of one, with what may be dialled before it
_LEAST_SHORT: Final = 5  # last digits by which one is known whatever is dialled before it
_BEFORE_SHORT: Final = 6  # digits that may be dialled before it: 0086 10 95588
_RUN: Final = re.compile(rb"[0-9](?:[-. ()/]{0,3}[0-9])*")
_CAUSE: Final = re.compile(rb";[ \t]*cause[ \t]*=[ \t]*[0-9]+", re.IGNORECASE)
# Numbers there are times, counts and names of extensions of the protocol, and calls need them.
_COUNTED: Final = frozenset(
    (
        *(b"supported", b"require", b"proxy-require", b"unsupported", b"session-expires", b"min-se", b"expires"),
        *(b"date", b"timestamp", b"max-breadth", b"retry-after", b"mime-version"),
    )
)


class _Numbers:
    """By what the numbers of a caller are known in any text."""

    __slots__ = ("short", "tails")

    def __init__(self) -> None:
        self.tails: list[bytes] = []  # the last digits of each
        self.short: list[bytes] = []  # those of which these are all


def is_masked(users: Sequence[bytes]) -> bool:
    """Does one of these tokens, verified or not, say that its caller is masked? Who lies about that masks himself."""
    return any(MASKED in user.split(b".")[2] for user in users if user.count(b".") == 3)


def hide(
    lines: list[bytes], request: Request, label: str, tokens: Tokens, known: Sequence[bytes] = ()
) -> tuple[bytes, ...]:
    """Show the label in place of the caller in a request towards the callee; From as it came.

    `known`: the other names of his that were read as the call began.
    """
    came = request.lines[request.where[b"from"]]
    value = came.partition(b":")[2].strip()
    try:
        party = parse_party("From", value)
        uri, tag = party.uri, party.tag
    except BadHeader:
        uri, tag = value, value.rpartition(b";tag=")[2]
    shown = (label or NOBODY).replace("\\", "\\\\").replace('"', '\\"').encode()
    own = call_reason(label) if label else b""
    reason = own in lines
    numbers = _numbers_of([uri, *_asserted(request), *known])
    _hide_in(lines, numbers, tokens)
    to = _hide_beside_called(lines, request, numbers)
    if reason:
        lines.append(own)
    lines[:] = [
        b'From: "%s" %s%s' % (shown, _URI, b";tag=" + tag if tag else b"") if canonical_name(line) == b"from" else line
        for line in lines
    ]
    return (came, *to)


def _hide_beside_called(lines: list[bytes], request: Request, numbers: _Numbers) -> tuple[bytes, ...]:
    """To without a name or parameters that tell who calls; as it came, where it is changed.

    Some telephones of several lines show its name.
    """
    at = request.where.get(b"to", -1)
    line = request.lines[at] if at >= 0 else b""
    try:
        party = parse_party("To", line.partition(b":")[2].strip())
    except BadHeader:
        return ()
    before, _, behind = line.partition(b":")[2].partition(party.uri)
    if line not in lines or not (_tells(before, numbers) or _tells(_TAG.sub(b"", behind), numbers)):
        return ()
    lines[lines.index(line)] = b"To: <%s>%s" % (party.uri, b";tag=" + party.tag if party.tag else b"")
    return (line,)


def hide_in_reasons(reasons: list[bytes], request: Request, known: Sequence[bytes] = ()) -> list[bytes]:
    """Why the caller of this INVITE gave up, without what tells who he is."""
    numbers = _numbers_of([*request.raw_all(b"from"), *_asserted(request), *known])
    return [reason for reason in reasons if not _tells(reason, numbers)]


def _asserted(request: Request) -> list[bytes]:
    return [value for field in _NAME_HIM for value in request.raw_all(field)]


def hide_in_response(response: bytes, known: Sequence[bytes], tokens: Tokens) -> bytes:
    """A response of the caller towards the callee, without what tells who he is; `known`: his names."""
    parsed = parse_response(response)
    lines = list(parsed.lines)
    told = [line.partition(b":")[2] for line in lines if canonical_name(line) in _NAME_HIM]
    _hide_in(lines, _numbers_of([*known, *told]), tokens, kept=b"from")
    return b"\r\n".join((parsed.start, *lines, b"", parsed.body))


def show(lines: list[bytes], request: Request, party: bytes) -> tuple[bytes, ...]:
    """Name the caller again in To of a callee's request; To as it came. His URI is empty where it was forgotten."""
    line = request.lines[request.where[b"to"]]
    try:
        tag = parse_party("To", line.partition(b":")[2].strip()).tag
    except BadHeader:
        return ()
    if line not in lines:
        return ()
    uri = b"<%s>" % party if party else _URI
    lines[lines.index(line)] = b"To: %s%s" % (uri, b";tag=" + tag if tag else b"")
    return (line,)


def shown_uri(uri: bytes, tokens: Tokens) -> bytes:
    """A caller's Contact as he wrote it, which stands in the Request-URI of what the callee sends him."""
    scheme, _, rest = uri.partition(b":")
    user, at, host = rest.partition(b"@")
    if not at or WRAPPED not in user:
        return uri
    found = tokens.unwrap(user)
    if found is None or not found.startswith(_CALLER):
        return uri
    return scheme + b":" + found[len(_CALLER) :] + at + host


def _hide_in(lines: list[bytes], numbers: _Numbers, tokens: Tokens, kept: bytes = b"") -> None:
    for index in range(len(lines) - 1, -1, -1):
        name = canonical_name(lines[index])
        if name in _NEEDED or name == b"from" or name == kept:
            continue
        if name == b"contact":
            lines[index] = _contact(lines[index], numbers, tokens)
        elif name in _SAY_WHO or _tells(lines[index], numbers, counted=name in _COUNTED):
            del lines[index]


def _contact(line: bytes, numbers: _Numbers, tokens: Tokens) -> bytes:
    """The same address with its user part enciphered; parameters that name the caller, and the name, are left out."""
    value = line.partition(b":")[2].strip()
    try:
        addresses = [address for address in parse_addresses("Contact", value) if parse_uri(address.uri)]
    except BadHeader:
        return b"Contact: " + _URI  # nobody can reach that: by the token the way back is known all the same
    found = []
    for address in addresses:
        scheme, _, rest = address.uri.partition(b":")
        user, at, host = rest.partition(b"@")
        reached = b"." in rest or b"[" in rest  # a host, in whose address few digits say nothing
        if not at and _tells(rest, numbers, counted=reached):
            return b"Contact: " + _URI
        if at:
            user = tokens.wrap(_CALLER + user)
        params = b"" if _tells(address.params, numbers) else address.params
        found.append(b"<%s:%s%s%s>%s" % (scheme, user if at else b"", at, host if at else rest, params))
    return b"Contact: " + b", ".join(found)


def _tells(text: bytes, numbers: _Numbers, *, counted: bool = False) -> bool:
    """Does a number of the caller stand in it, whatever is between its digits, and however they are written?

    `counted`: few digits are something else there.
    """
    text = _plain(text)
    digits = _NO_DIGITS.sub(b"", text)
    if any(tail in digits for tail in numbers.tails):
        return True
    if counted or not numbers.short:
        return False
    runs: set[bytes] = set()
    for run in _RUN.findall(_CAUSE.sub(b"", text)):
        parts = _NO_DIGITS.split(run)
        runs.update((*parts, b"".join(parts)))
    return any(_is_short(run, number) for run in runs for number in numbers.short)


def _is_short(run: bytes, number: bytes) -> bool:
    """Are these digits a short number of his, with or without what is dialled before it, on either side?"""
    if len(run) > len(number) + _BEFORE_SHORT:
        return False
    return run.endswith(number) or (len(number) >= _LEAST_SHORT and run.endswith(number[-_LEAST_SHORT:]))


def _plain(text: bytes) -> bytes:
    while b"%" in text and (plain := unquote_to_bytes(text)) != text:
        text = plain
    if not text.isascii():
        text = fold_as_seen(text.decode("utf-8", "replace")).encode("utf-8", "replace")
    return text


def _numbers_of(texts: Sequence[bytes]) -> _Numbers:
    """Those that the caller goes by."""
    numbers = _Numbers()
    for text in [piece for each in texts for piece in each.split(b"<")]:  # one line may hold several
        user = text.rpartition(b"@")[0] or text
        if (host := _HOST_ALONE.match(text)) is not None:
            user = host[1] if host[1].isdigit() else b""  # an address is no number, nor is a port
        plain = _plain(_BEHIND_NUMBER.split(user.rpartition(b":")[2] or user, 1)[0])
        spelt = [_NO_DIGITS.sub(b"", plain)]
        if (context := _CONTEXT.search(text)) is not None:  # how the number begins (RFC 3966 section 5.1.5)
            spelt.append(_NO_DIGITS.sub(b"", _plain(context[1])) + spelt[0])
        for digits in spelt:
            if len(digits) >= _LEAST_DIGITS and digits[-_TELLING:] not in numbers.tails:
                numbers.tails.append(digits[-_TELLING:])
            if len(digits) in _SHORT and digits not in numbers.short:
                numbers.short.append(digits)
    return numbers

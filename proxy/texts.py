"""The texts that a caller's side writes: names, hosts and header fields, of which none goes unread without a mark.

A next hop shows the name in P-Asserted-Identity, or reads the second of two fields of one name: rules read all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote_to_bytes

from proxy.sip.errors import BadHeader
from proxy.sip.headers import find_param, find_uris, parse_addresses, read_display_name
from proxy.sip.message import Request
from proxy.sip.uri import parse_uri, shown_host
from rules.model import Call
from rules.texts.unseen import without_unseen

LONGEST_TEXT: Final = 1000  # characters of a text that are judged and recorded: 60 kB a call would drive out the others
MOST_ASSERTED: Final = 10  # values looked at; RFC 3325 9.1 allows two, and each costs a look-up in every list
_MOST_TEXTS: Final = 2 * MOST_ASSERTED  # names or hosts of one call that are judged
IDENTITIES: Final = (b"p-asserted-identity", b"remote-party-id")

# RFC 4458 2, and TS 24.604 4.5.2.6.2 for the others
_DIVERTED: Final = frozenset((b"302", b"404", b"408", b"480", b"486", b"487", b"503"))

# One address, after a name in quotation marks or of plain words: nearly all of them.
_USUAL: Final = re.compile(
    rb'(?:("[^"\\]*" ?|[A-Za-z0-9. -]+))?<(?:sips?:[^<>@,"\s]*@([A-Za-z0-9.-]+)(?::[0-9]+)?|tel:[^<>@,"\s;]*)'
    rb'(?:;[^<>@,"\s?]*)?>(?:;[^<>,"]*)?\Z'
)


def read_names(request: Request, call: Call) -> None:
    """Names, hosts and User-Agent of a call where there may be more than one, or one is long.

    Those of P-Asserted-Identity and Remote-Party-ID stand beside those of From where the trunk is believed.
    """
    names, domains = [call.display_name], [call.domain]
    if call.trunk.identity_trusted:
        for field in IDENTITIES:
            if field in request.where:
                for value in request.raw_all(field):
                    _read_value(value, names, domains)
                    if max(len(names), len(domains)) > _MOST_TEXTS:
                        call.mark_unread()
                        break
    if len(names) > 1 or len(call.display_name) > LONGEST_TEXT:
        call.display_name = _enter(call, "display_name", names)
    if len(domains) > 1 or len(call.domain) > LONGEST_TEXT:
        call.domain = _enter(call, "domain", domains)
    if len(call.user_agent) > LONGEST_TEXT:
        call.user_agent = _enter(call, "user_agent", [call.user_agent])


def _read_value(value: bytes, names: list[str], domains: list[str]) -> None:
    """Add the names and hosts of a line, where they are not there already."""
    usual = _USUAL.match(value)
    if usual is not None:
        display, host = usual.groups()
        found_names = [read_display_name(display.strip())] if display else []
        found_hosts = [host_name(host.lower())] if host else []
    else:
        found_names = _names_in(value)
        found_hosts = [_host_of(uri) for uri in find_uris("", value)[0][:MOST_ASSERTED]]
    names += [name for name in found_names if name not in names]
    domains += [host for host in found_hosts if host not in domains]


def read_repeated(request: Request, call: Call, headers: Sequence[tuple[str, bytes]]) -> None:
    """User-Agent and the fields that rules ask for, where they stand on several lines."""
    if request.is_repeated(b"user-agent"):
        call.user_agent = _enter(call, "user_agent", _values(request, b"user-agent"))
    for name, key in headers:
        if call.headers and request.is_repeated(key):
            first, *others = list(dict.fromkeys(filter(None, _values(request, key)))) or [""]
            call.headers[name] = first
            _add(call, f"header.{name}", others)


def text_of(value: bytes) -> str:
    """A field's text; blanks, tabs and folds in a row are one blank (RFC 3261 7.3.1 and 25.1)."""
    if b"  " in value or b"\t" in value or b"\n" in value:
        value = b" ".join(value.split())
    return value.decode("utf-8", "replace")


def _values(request: Request, name: bytes) -> list[str]:
    return [text_of(value) for value in request.raw_all(name)]


def _enter(call: Call, about: str, texts: Sequence[str]) -> str:
    """Tell the call all of these that say anything but the first, which it gives back; what is too long is a mark.

    What nobody sees goes before a text is cut.
    """
    found: list[str] = []
    for text in texts:
        short = text if len(text) <= LONGEST_TEXT else " ".join(without_unseen(text).split())
        if len(short) > LONGEST_TEXT:
            call.mark_unread()
            short = short[:LONGEST_TEXT]
        if short and short not in found:
            found.append(short)
    _add(call, about, found[1:])
    return found[0] if found else ""


def _add(call: Call, about: str, others: Sequence[str]) -> None:
    if others:
        call.more_texts = {**(call.more_texts or {}), about: tuple(others)}


def _names_in(value: bytes) -> list[str]:
    """The display names of a line; of one outside RFC 3261's grammar whatever somebody could take for one."""
    try:
        addresses = parse_addresses("P-Asserted-Identity", value)
        if value.count(b"<") <= len(addresses):
            return [address.display_name for address in addresses[:MOST_ASSERTED]]
    except BadHeader:
        pass
    found = [piece.rpartition(b">")[2].strip(b" \t,;") for piece in value.split(b"<")[:-1]]
    found += value.split(b'"')[1::2]
    return [read_display_name(each) for each in list(dict.fromkeys(found))[: _MOST_TEXTS + 1]]


def _host_of(uri: bytes) -> str:
    try:
        return host_name(parse_uri(uri).host)
    except BadHeader:
        return host_name(shown_host(uri))


def host_name(host: bytes) -> str:
    """A host as rules ask for it: the dot that ends a name in DNS is no part of it."""
    return host.rstrip(b".").decode("ascii")


def tells_diversion(request: Request) -> bool:
    """Does History-Info say that somebody forwarded the call: mapped it to another user, or for a cause of RFC 4458?

    That a registrar found a contact of whom was called (`rc`, RFC 7044 4.1) is no diversion, nor is a plain entry.
    """
    left = False  # did the entry before this one end for such a cause?
    for value in request.raw_all(b"history-info"):
        try:
            entries = parse_addresses("History-Info", value)
        except BadHeader:
            continue
        for entry in entries:
            uri, _, headers = entry.uri.partition(b"?")
            if left or find_param(entry.params, b"mp") or _cause_in(unquote_to_bytes(uri)) in _DIVERTED:
                return True
            left = _reason_of(headers) in _DIVERTED
    return False


def _reason_of(headers: bytes) -> bytes:
    """The cause of a Reason that stands escaped in a URI, as RFC 4244 wrote why an entry was left."""
    for header in headers.split(b"&"):
        name, _, value = header.partition(b"=")
        if unquote_to_bytes(name).strip().lower() == b"reason":
            return _cause_in(unquote_to_bytes(value))
    return b""


def _cause_in(params: bytes) -> bytes:
    return find_param(params, b"cause").strip(b'" ')

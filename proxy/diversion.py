"""Diverted calls: a named destination becomes their Request-URI (the rest of their dialog: proxy/far_end.py)."""

from __future__ import annotations

import re
from typing import Final

from proxy.forwarding import Plan
from proxy.neighbours import Destination
from proxy.sip.errors import BadHeader
from proxy.sip.headers import find_param, parse_addresses
from proxy.sip.message import Request
from proxy.sip.uri import parse_uri

_INDEX: Final = re.compile(rb"[0-9]{1,5}(?:\.[0-9]{1,5}){0,69}\Z")


def divert(plan: Plan, destination: Destination) -> Plan:
    """The route of a diverted call: its Request-URI is the destination, and no Route that the caller chose is left."""
    changed = plan.changed or bool(plan.routes)
    return Plan(parse_uri(destination.uri), destination.uri, [], plan.users, plan.named_us, changed)


def diversion(called: bytes) -> bytes:
    """The header line that tells the destination who was called (RFC 5806); the topmost entry is the newest."""
    return b"Diversion: <%s>;reason=unconditional;counter=1" % called


def history(request: Request, called: bytes, destination: Destination) -> list[bytes]:
    """The header line that goes on with the call's History-Info (RFC 7044 10.3), or begins it; the newest is last.

    Nothing where the history that came can't be read: two entries of one index would tell the destination less.
    """
    entries: list[bytes] = []
    before = b"1"
    came = request.raw_all(b"history-info")
    if came:
        try:
            last = parse_addresses("History-Info", came[-1])[-1]
        except (BadHeader, IndexError):
            return []
        before = find_param(last.params, b"index")
        if not _INDEX.match(before):
            return []
    if not came or last.uri.partition(b"?")[0] != called:
        # Somebody changed the target and did not say so: a 0 stands for what is missing.
        before = before + b".0.1" if came else before
        entries.append(b"<%s>;index=%s" % (called, before))
    entries.append(b"<%s>;index=%s.1;mp=%s" % (destination.uri, before, before))
    return [b"History-Info: " + b", ".join(entries)]

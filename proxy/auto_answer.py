"""Requests that a phone should answer by itself: from an untrusted trunk they would open a subscriber's microphone.

There is no one way to ask for it. RFC 5373 has header fields of its own (they go by name, see `proxy/routing.py`);
phones obey parameters of Call-Info and Alert-Info, or of the Request-URI, each maker's in its own spelling.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.sip.message import Request

ALERT_INFO: Final = b"alert-info"
CALL_INFO: Final = b"call-info"
# Blanks and underscores read as hyphens: answer-after=0, alert-autoanswer, Auto Answer, RingAnswer, intercom=true.
_ASKS: Final = re.compile(rb"answer-?after|auto-?answer|ring-?answer|intercom|answer-?mode", re.IGNORECASE)
# As a word of its own, which is how Polycom's phones are told: RA and AA, ring and answer, or answer at once.
_NAMED: Final = re.compile(rb"(?:^|[\s:;,=<\"])(?:RA|AA|RAA|Answer)(?:$|[\s;,>\"])", re.IGNORECASE)
_BETWEEN: Final = re.compile(rb"[\s_]+|%20|%2d", re.IGNORECASE)
_PARAM: Final = re.compile(rb"(?:answer-?after|auto-?answer|intercom|answer-?mode)(?:=|\Z)", re.IGNORECASE)


def asks_for_it(value: bytes) -> bool:
    """Does this Alert-Info or Call-Info tell the phone to answer?"""
    return _ASKS.search(_BETWEEN.sub(b"-", value)) is not None or _NAMED.search(value) is not None


def without_auto_answer(lines: list[bytes], request: Request) -> list[bytes]:
    """The header lines without those that tell a phone to answer by itself."""
    gone = [
        line
        for line, name in zip(request.lines, request.names, strict=True)
        if name in (ALERT_INFO, CALL_INFO) and asks_for_it(line)
    ]
    return [line for line in lines if line not in gone] if gone else lines


def plain_uri(uri: bytes, params: bytes) -> bytes:
    """A Request-URI without those of its parameters that tell a phone to answer by itself."""
    parts = params.split(b";")
    kept = [part for part in parts if not _PARAM.match(part.strip())]
    return uri if len(kept) == len(parts) else uri[: len(uri) - len(params)] + b";".join(kept)

"""What a response may not carry to the other side: identities it may not see or can't believe, our own headers.

Requests lose them where they are forwarded; responses leave as they came, so that here only those are touched that hold
one (RFC 3325 sections 5 and 7: a proxy takes out what an untrusted node says or may not know, in responses, too).
"""

from __future__ import annotations

import re
from typing import Final

from proxy.neighbours import IDENTITY_HEADERS, Peer
from proxy.sip.message import ATTESTED, ResponseHead

_VALUE: Final = rb":(?:[^\r]|\r\n[ \t])*"
_BLANKS: Final = rb"(?:[ \t]|\r\n[ \t])*"
_OWN_NAME: Final = rb"x-ringfence-(?:[^:\r\n]|\r\n[ \t])*"
_OURS: Final = re.compile(rb"\r\n" + _OWN_NAME + _VALUE, re.IGNORECASE)
_WHO: Final = b"|".join(sorted(IDENTITY_HEADERS | ATTESTED))
_OURS_AND_IDENTITIES: Final = re.compile(
    rb"\r\n(?:" + _OWN_NAME + rb"|(?:" + _WHO + rb")" + _BLANKS + rb")" + _VALUE,
    re.IGNORECASE,
)
_PRIVACY: Final = re.compile(rb"\r\nprivacy" + _BLANKS + rb":((?:[^\r]|\r\n[ \t])*)", re.IGNORECASE)


def clean_response(response: ResponseHead, below: Peer | None, above: Peer) -> None:
    """Make it what may go up, given whose it is and whose the request was."""
    if not response.may_carry_identities:
        return  # as nearly all
    if below is not None and below.from_pbx and above.from_pbx:
        return
    forwarded = response.forwarded
    end = forwarded.find(b"\r\n\r\n")
    head = forwarded[:end]
    if below is None or not below.from_pbx:
        hidden = below is None or not below.trunk.identity_trusted
    else:
        hidden = not above.trunk.identity_trusted and _asks_for_privacy(head)
    response.forwarded = (_OURS_AND_IDENTITIES if hidden else _OURS).sub(b"", head) + forwarded[end:]


def _asks_for_privacy(head: bytes) -> bool:
    """Does it say `Privacy: id` (RFC 3325 section 9.3)?"""
    asked = b";".join(_PRIVACY.findall(head)).replace(b",", b";").split(b";")
    return any(part.strip().lower() == b"id" for part in asked)

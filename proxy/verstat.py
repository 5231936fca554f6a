"""What the PBX is told of a caller's signature: `verstat` (3GPP TS 24.229 7.2A.20), and what was attested."""

from __future__ import annotations

import re
from typing import Final

from proxy.context import Context
from proxy.labels import VERSTAT
from proxy.sip.message import canonical_name

OFF: Final = "off"
_ATTESTED: Final = frozenset(("A", "B", "C"))
_TOLD: Final = frozenset((b"from", b"p-asserted-identity"))
_REPLACED: Final = frozenset((b"attestation-info", b"origination-id"))
_BRACKETED: Final = re.compile(rb"<((?:sips?|tel):[^<>]*)>", re.IGNORECASE)


def tell(context: Context, place: str) -> tuple[bytes, ...]:
    """Put it into the lines that leave, in place of what came; From as it came where it leaves otherwise, else nothing.

    `place` is `uri`, for a parameter of the URI, or `user`, for one of its user part.
    """
    level, request, lines = context.attestation, context.request, context.lines
    value = b"TN-Validation-Passed" if level in _ATTESTED else b"No-TN-Validation"
    if level == "failed":
        value = b"TN-Validation-Failed"

    def put(found: re.Match[bytes]) -> bytes:
        return b"<%s>" % _with_parameter(VERSTAT.sub(b"", found[1]), b";verstat=" + value, in_user=place == "user")

    kept = [line for line in lines if canonical_name(line) not in _REPLACED]
    lines[:] = [_BRACKETED.sub(put, line) if canonical_name(line) in _TOLD else line for line in kept]
    if level in _ATTESTED:
        lines.append(b"Attestation-Info: " + level.encode())
    before = request.lines[request.where[b"from"]]
    return context.as_sent if before in lines else (before,)


def _with_parameter(uri: bytes, parameter: bytes, *, in_user: bool) -> bytes:
    user, at, host = uri.rpartition(b"@")
    if in_user and at:
        return user + parameter + at + host
    address, question, fields = uri.partition(b"?")
    return address + parameter + question + fields

"""503 to a new call by its octets alone, while overload lasts: what refusing costs, nobody can be served with.

Only for requests that are written as nearly all are; any other goes the usual way.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from proxy.flows import PeerFlow
from proxy.sip.errors import BadHeader
from proxy.sip.headers import parse_via
from proxy.sip.transaction import ServerKey
from proxy.sip.uri import SIP_PORT

_COPIED: Final = (b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")  # RFC 3261 8.2.6
_START: Final = b"SIP/2.0 503 Service Unavailable"
_END: Final = b"Retry-After: 1\r\nContent-Length: 0\r\n\r\n"
_LONGEST: Final = 4096


class EarlyRefusal:
    """Of one node; `salt` makes the tags of its answers its own, so that their ACKs are known."""

    __slots__ = ("_salt", "_tag")

    def __init__(self, salt: int) -> None:
        self._salt = salt
        self._tag = b";tag=rfo%x." % salt

    def acknowledges(self, data: bytes) -> bool:
        """Is this ACK for such an answer?"""
        return self._tag in data

    def of(self, data: bytes, flow: PeerFlow, servers: Container[ServerKey]) -> bytes | None:
        """The answer to an INVITE outside of dialogs; None: it goes the usual way, as does a repeat of one taken."""
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > _LONGEST or data.find(b"\n ", 0, end) >= 0 or data.find(b"\n\t", 0, end) >= 0:
            return None
        lines = [line for line in data[:end].split(b"\r\n") if line.startswith(_COPIED)]
        others = [line for line in lines if not line.startswith(b"Via:")]
        if len(others) != 4 or len(lines) < 5 or not lines[0].startswith(b"Via:"):
            return None
        try:
            via = parse_via(lines[0][4:].strip())
        except BadHeader:
            return None
        if via.host != flow.shown_host or len(via.branch) < 8 or b"," in lines[0]:
            return None
        if not flow.reliable and not via.wants_rport and (via.port or SIP_PORT) != flow.port:
            return None  # its answer goes elsewhere
        if (via.branch, via.host, via.port, flow.host, b"INVITE") in servers:
            return None
        to = next((at for at, line in enumerate(lines) if line.startswith(b"To:")), 0)
        if not to or b"tag" in lines[to]:
            return None
        lines[to] += b"%s%x" % (self._tag, hash((self._salt, others[2])) & 0xFFFFFFFF)
        if via.wants_rport:
            asked = lines[0].partition(b";rport")
            if not asked[1] or asked[2][:1] not in (b"", b";"):
                return None
            lines[0] = asked[0] + asked[2] + b";received=%s;rport=%d" % (flow.host.encode(), flow.port)
        return b"\r\n".join((_START, *lines, _END))

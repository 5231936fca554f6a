"""503 to a new call by its octets alone, while overload lasts: what refusing costs, nobody can be served with.

Only for requests that are written as nearly all are; any other goes the usual way.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import Final

from proxy.flows import PeerFlow
from proxy.sip.errors import BadHeader
from proxy.sip.headers import MAGIC_COOKIE, parse_via
from proxy.sip.transaction import ServerKey
from proxy.sip.uri import SIP_PORT

_START: Final = b"SIP/2.0 503 Service Unavailable\r\n"
_END: Final = b"\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n"
_LONGEST: Final = 4096
_SINGLE: Final = (b"From:", b"To:", b"Call-ID:", b"CSeq:")  # beside Via, what is copied (RFC 3261 8.2.6)
_MOST_LAYOUTS: Final = 64


class _Layout:
    """In which lines of a header section stands what is copied."""

    __slots__ = ("cseq", "sender", "to", "token", "vias")

    def __init__(self, vias: list[int], sender: int, to: int, token: int, cseq: int) -> None:
        self.vias = vias
        self.sender = sender
        self.to = to
        self.token = token  # Call-ID
        self.cseq = cseq

    def fits(self, lines: Sequence[bytes], vias: int) -> bool:
        """Does another header section with so many lines have it there, and so many lines of Via?"""
        return (
            vias == len(self.vias)
            and lines[self.vias[0]].startswith(b"Via:")
            and lines[self.vias[-1]].startswith(b"Via:")
            and lines[self.to].startswith(b"To:")
            and lines[self.sender].startswith(b"From:")
            and lines[self.token].startswith(b"Call-ID:")
            and lines[self.cseq].startswith(b"CSeq:")
        )


class EarlyRefusal:
    """Of one node; `salt` makes the tags of its answers its own, so that their ACKs are known."""

    __slots__ = ("_layouts", "_salt", "_tag")

    def __init__(self, salt: int) -> None:
        self._salt = salt
        self._tag = b";tag=rfo%x." % salt
        self._layouts: dict[int, _Layout] = {}  # of the last header section with so many lines

    def acknowledges(self, data: bytes) -> bool:
        """Is this ACK for such an answer?"""
        return data.find(self._tag) > 0

    def of(self, data: bytes, flow: PeerFlow, servers: Container[ServerKey]) -> bytes | None:
        """The answer to an INVITE outside of dialogs; None: it goes the usual way, as does a repeat of one taken."""
        end = data.find(b"\r\n\r\n")
        if end < 0 or end > _LONGEST or data.find(b"\n ", 0, end) >= 0 or data.find(b"\n\t", 0, end) >= 0:
            return None
        lines = data[:end].split(b"\r\n")
        layout = self._layout_of(lines, data.count(b"\r\nVia:", 0, end))
        if layout is None:
            return None
        first = lines[layout.vias[0]]
        via = first if self._is_answered_here(first, flow, servers) else self._stamped(first, flow, servers)
        to = lines[layout.to]
        if not via or to.find(b"tag") >= 0:
            return None
        token = lines[layout.token]
        copied = [via, *[lines[at] for at in layout.vias[1:]]] if len(layout.vias) > 1 else [via]
        copied += (
            lines[layout.sender],
            to + self._tag + b"%x" % (hash((self._salt, token)) & 0xFFFFFFFF),
            token,
            lines[layout.cseq],
        )
        return _START + b"\r\n".join(copied) + _END

    def _layout_of(self, lines: list[bytes], vias: int) -> _Layout | None:
        layout = self._layouts.get(len(lines))
        if layout is None or not layout.fits(lines, vias):
            layout = _read_layout(lines)
            if layout is not None:
                if len(self._layouts) >= _MOST_LAYOUTS:
                    self._layouts.clear()
                self._layouts[len(lines)] = layout
        return layout

    def _is_answered_here(self, line: bytes, flow: PeerFlow, servers: Container[ServerKey]) -> bool:
        """Is this Via written as nearly all are, of who sent it and with nothing behind the branch, and no repeat?"""
        begin = flow.via
        if not begin:
            where = flow.listener.transport.encode(), flow.shown_host, flow.port
            begin = flow.via = b"Via: SIP/2.0/%s %s:%d;branch=" % where + MAGIC_COOKIE
        if not line.startswith(begin):
            return False
        branch = line[len(begin) :]
        if len(branch) < 1 or not branch.isascii() or branch.find(b";") >= 0 or branch.find(b",") >= 0:
            return False
        if branch.find(b" ") >= 0 or branch.find(b"\t") >= 0:
            return False
        return (MAGIC_COOKIE + branch, flow.shown_host, flow.port, flow.host, b"INVITE") not in servers

    def _stamped(self, line: bytes, flow: PeerFlow, servers: Container[ServerKey]) -> bytes:
        """The same of any other Via, as it goes back; empty where its request goes the usual way."""
        try:
            via = parse_via(line[4:].strip())
        except BadHeader:
            return b""
        if via.host != flow.shown_host or len(via.branch) < 8 or b"," in line:
            return b""
        if not flow.reliable and not via.wants_rport and (via.port or SIP_PORT) != flow.port:
            return b""  # its answer goes elsewhere
        if (via.branch, via.host, via.port, flow.host, b"INVITE") in servers:
            return b""
        if not via.wants_rport:
            return line
        asked = line.partition(b";rport")
        if not asked[1] or asked[2][:1] not in (b"", b";"):
            return b""
        return asked[0] + asked[2] + b";received=%s;rport=%d" % (flow.host.encode(), flow.port)


def _read_layout(lines: list[bytes]) -> _Layout | None:
    """Where what is copied stands; None where a line of it is lacking, or there twice."""
    vias = [at for at, line in enumerate(lines) if line.startswith(b"Via:")]
    found = [[at for at, line in enumerate(lines) if line.startswith(name)] for name in _SINGLE]
    if not vias or any(len(places) != 1 for places in found):
        return None
    (sender,), (to,), (token,), (cseq,) = found
    return _Layout(vias, sender, to, token, cseq)

"""Which of the datagrams that wait goes first when many do: what the PBX says, and calls for help."""

from __future__ import annotations

from typing import Final

from proxy.outgoing import Outgoing
from proxy.routing import Peer
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Flow
from proxy.sip.uri import parse_uri

_LONGEST: Final = 200  # octets of a request line that are looked at: nobody dials for help in more


def goes_first(data: bytes, flow: Flow, outgoing: Outgoing) -> bool:
    """May it overtake the others? Never raises.

    The PBX speaks of calls that we have begun; its answers lost in a flood would cost every one of them. Of what the
    trunks send only an INVITE that dials for help goes before the others.
    """
    peer: Peer | None = flow.peer
    if peer is None:
        return False
    if peer.from_pbx:
        return True
    method, _, rest = data[:_LONGEST].partition(b" ")
    if method != b"INVITE":
        return False
    try:
        return outgoing.is_for_help(parse_uri(rest.partition(b" ")[0]), peer)
    except BadHeader:
        return False

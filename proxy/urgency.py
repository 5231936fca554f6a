"""Which of the datagrams that wait goes first when many do: calls for help, then what the PBX says."""

from __future__ import annotations

from typing import Final

from proxy.outgoing import Outgoing
from proxy.routing import Peer
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Flow
from proxy.sip.uri import parse_uri

IN_TURN: Final = 0
FIRST: Final = 1
AT_ONCE: Final = 2

_LONGEST: Final = 200  # octets of a request line that are looked at: nobody dials for help in more


def haste(data: bytes, flow: Flow, outgoing: Outgoing) -> int:
    """May it overtake the others? In turn, first, or at once: before those that go first, too. Never raises.

    The PBX speaks of calls that we have begun; its answers lost in a flood would cost every one of them. They are three
    to each call, so that an INVITE that dials for help would wait for thousands of them: it goes before them, from
    whichever side it comes. Nothing else of the trunks overtakes anybody.
    """
    peer: Peer | None = flow.peer
    if peer is None:
        return IN_TURN
    if data[:7] == b"INVITE " and _is_for_help(data, peer, outgoing):
        return AT_ONCE
    return FIRST if peer.from_pbx else IN_TURN


def _is_for_help(data: bytes, peer: Peer, outgoing: Outgoing) -> bool:
    try:
        return outgoing.is_for_help(parse_uri(data[7:_LONGEST].partition(b" ")[0]), peer)
    except BadHeader:
        return False

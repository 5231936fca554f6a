"""Which of the datagrams that wait goes first when many do: emergency calls, then what belongs to calls there are."""

from __future__ import annotations

import re
from typing import Final

from proxy.context import EMERGENCY_MARK
from proxy.flows import PeerFlow
from proxy.neighbours import Peer
from proxy.outgoing import Outgoing
from proxy.sip.headers import MAGIC_COOKIE

IN_TURN: Final = 0
FIRST: Final = 1
AT_ONCE: Final = 2

_LONGEST: Final = 200  # octets of a branch that are looked at
_LONGEST_LINE: Final = 65_535  # octets of a request line: any decoration may stand around an emergency number
_HEAD: Final = 500  # octets of a response within which its top Via begins
_BRANCH: Final = b";branch=" + MAGIC_COOKIE
_WITHIN: Final = frozenset((b"ACK ", b"BYE ", b"CANC", b"PRAC", b"UPDA", b"INFO"))  # requests that belong to a call
_TO_WITHIN: Final = 2000  # octets of a request within which its To and Route are looked for
_TO_TAG: Final = re.compile(rb"\n(?:to|t)[ \t]*:[^\r\n]*;[ \t]*tag[ \t]*=", re.IGNORECASE)
_ROUTED: Final = re.compile(rb"\nRoute[ \t]*:[^\r\n]*;lr", re.IGNORECASE)


def haste(data: bytes, flow: PeerFlow, outgoing: Outgoing) -> int:
    """May it overtake the others? In turn, first, or at once: before those that go first, too. Never raises.

    The PBX speaks of calls that we have begun; its answers lost in a flood would cost every one of them. They are three
    to each call, so that an emergency call would wait for thousands of them: its INVITE goes before them, from either
    side, and so do the answers to it, known by the mark in our branch. What belongs to calls that are there goes before
    new ones, from either side: what was begun has to end before more is begun. Of a stranger only what shows a Route is
    taken for that. Who forges such a thing goes first in his own line alone (`proxy/turns.py`).
    """
    peer = flow.peer
    pbx = peer if flow.pbx_side is None else flow.pbx_side.peer
    if pbx is not peer and pbx is not None and data[:7] == b"INVITE " and is_emergency_call(data, pbx, outgoing):
        return AT_ONCE
    if peer is None:
        return IN_TURN
    if data[:8] == b"SIP/2.0 ":
        branch = _branch_of(data)
        if EMERGENCY_MARK in branch:
            return AT_ONCE
        return FIRST if peer.from_pbx or branch else IN_TURN
    if data[:7] == b"INVITE ":
        if is_emergency_call(data, peer, outgoing):
            return AT_ONCE
        within = has_to_tag(data)
    else:
        within = peer.from_pbx or data[:4] in _WITHIN
    return FIRST if within and (peer.known or _ROUTED.search(data, 0, _TO_WITHIN) is not None) else IN_TURN


def owner(flow: PeerFlow) -> tuple[str, str]:
    """In whose line a datagram waits: that of its trunk or PBX, and there of its source, where no trunk names that.

    Whoever is nobody's waits in one line with all others of his kind.
    """
    return flow.line


def has_to_tag(data: bytes) -> bool:
    """Does a request show the tag of a callee? Read as nearly all write it, else by an expression."""
    at = data.find(b"\r\nTo:", 0, _TO_WITHIN)
    if at >= 0:
        line = data[at : data.find(b"\r", at + 2)]
        if line.find(b"tag") < 0 and line.lower().find(b"tag") < 0:
            return False
    return _TO_TAG.search(data, 0, _TO_WITHIN) is not None


def is_emergency_call(data: bytes, peer: Peer, outgoing: Outgoing) -> bool:
    """Does this INVITE dial an emergency number? Never raises."""
    return outgoing.is_dialled(data[7:_LONGEST_LINE].partition(b" ")[0], peer)


def _branch_of(data: bytes) -> bytes:
    """The branch of the topmost Via of a response; empty where there is none of RFC 3261."""
    at = data.find(_BRANCH, 0, _HEAD)
    if at < 0:
        return b""
    return data[at + len(_BRANCH) : at + _LONGEST].partition(b"\r")[0].partition(b";")[0]

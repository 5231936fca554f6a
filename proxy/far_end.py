"""Where a request inside a dialog goes: no stranger's Contact leads us, and who is behind translation is reached.

What a caller writes into Contact is an address of his own network, an inner one of ours, or a name whose server never
answers. His call came from somewhere, though, and the token of the dialog says from where: that is followed unless the
Contact (or the Record-Route of a proxy before us) names an address of the same trunk.
"""

from __future__ import annotations

from typing import Final

from proxy.forwarding import with_host_inside
from proxy.neighbours import Peer, Target, question_of
from proxy.routing import Topology
from proxy.sip.flow import read_place
from proxy.sip.message import Request
from proxy.sip.uri import Uri
from proxy.token import FROM_PBX, Token, Tokens

NO_ADDRESS: Final = ".invalid"  # whoever is in a browser knows none of his (RFC 7118 section 5)


def targets_in_dialog(
    topology: Topology, tokens: Tokens, token: Token | None, peer: Peer, next_hop: Uri
) -> list[Target]:
    """Where a request of this peer goes (RFC 3261 16.5), given its top Route or Request-URI, and its dialog's token."""
    if token is not None:
        if peer.from_pbx:
            found = _at_far_end(topology, token, tokens.unseal(token), next_hop)
            if found:
                return found
        elif topology.destinations and (mark := token.diverted_to):
            diverted = topology.targets_of_diverted(mark, next_hop)
            if diverted is not None:
                return diverted
        if not peer.from_pbx and (former := topology.former_targets(next_hop)):
            return former
    return topology.targets(peer, next_hop)


def _at_far_end(topology: Topology, token: Token, place: bytes, next_hop: Uri) -> list[Target]:
    """The trunk's end of a dialog: what its Contact names if that is the trunk's, else where the call came by.

    Empty where it is no trunk, as between two PBXes.
    """
    read = read_place(place)
    if read is None:
        return []
    number, host, port, serial = topology.standing(read)
    listener = topology.listener_numbered(number)
    trunk = topology.places.trunk_at(listener, host, port)
    if trunk is not None and trunk.from_pbx:
        return []
    came_by = Target(host, port, transport=listener.transport)
    came_by.listener, came_by.serial = listener, serial
    maddr = next_hop.param(b"maddr") if next_hop.params else None
    uri_host, uri_port = next_hop.address
    named = (maddr.strip(b"[]") if maddr else uri_host).decode("ascii", "replace")
    contact = Target(named, uri_port, question=question_of(named, next_hop), transport=next_hop.transport)
    contact.listener = listener
    came_by.trunk = contact.trunk = topology.host_of(trunk) if token.flags.startswith(FROM_PBX) else None
    if not named or named.endswith(NO_ADDRESS) or topology.places.is_pbx(contact) or topology.names_us(next_hop):
        return [came_by]
    if listener.reliable and contact.literal and _is_connection_meant(topology, trunk, came_by, contact):
        return [came_by]
    if contact.literal:
        if named != host and not topology.places.belongs(named, trunk):
            return [came_by]
        return [contact, came_by] if _stands(topology, came_by) else [contact]
    if not topology.places.is_named(trunk):
        return [came_by]
    contact.only = trunk
    return [contact, came_by]


def _stands(topology: Topology, came_by: Target) -> bool:
    """Is the connection there that a call came by?"""
    listener = came_by.listener
    return listener is not None and topology.is_connected(listener, came_by.host, came_by.port, came_by.serial)


def _is_connection_meant(topology: Topology, trunk: Peer | None, came_by: Target, contact: Target) -> bool:
    """The connection that a call came by stands: is it the way back, whatever address its Contact has?

    A stranger's is, who may be behind translation; a named trunk's, where its Contact says no transport of its own.
    Where it does, the connection is what is left if nobody listens there.
    """
    return _stands(topology, came_by) and (not topology.places.is_named(trunk) or contact.transport == "UDP")


def show_trunk_host(lines: list[bytes], request: Request, target: Target) -> tuple[bytes, ...]:
    """Write a trunk's host into From and To where it is set so; these lines as they came."""
    trunk = target.trunk
    if trunk is None or not (trunk.rewrite_from or trunk.rewrite_to):
        return ()
    changed: list[bytes] = []
    for name, wanted in ((b"from", trunk.rewrite_from), (b"to", trunk.rewrite_to)):
        line = request.lines[request.where[name]]
        shown = with_host_inside(line, trunk.shown)
        if wanted and shown != line and line in lines:
            lines[lines.index(line)] = shown
            changed.append(line)
    return tuple(changed)

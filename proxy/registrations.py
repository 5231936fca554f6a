"""REGISTER on its way through us: what it registers leads back here, so that calls to it are judged and find their way.

A registrar sends calls to the Contact that it was given, past us, and to nowhere where that is an address behind
translation. So it is given ours as well: in Path (RFC 3327) where whoever registers knows of it and the registrar keeps
it, else in place of the host of each Contact, whose own is put back in the answer and in each request that comes by
it. Both hold a wrapped text (`Tokens.wrap`) that says from where the REGISTER came. It leads there and nowhere else, so
that nothing of a registration need be remembered here: a restart or another node follows it as well.
"""

from __future__ import annotations

from typing import Final

from proxy.context import Context
from proxy.effects import PathNotKept
from proxy.flows import PeerFlow
from proxy.neighbours import Peer, Target
from proxy.next_hops import Hop
from proxy.routing import Topology
from proxy.sip.errors import BadHeader
from proxy.sip.flow import CameBy, Listener, read_place
from proxy.sip.headers import Address, find_param, parse_addresses, parse_via, split_params, split_tokens
from proxy.sip.message import Request, ResponseHead, canonical_name, int_or_none, parse_response
from proxy.sip.transaction import ClientTransaction
from proxy.sip.uri import Uri, parse_uri
from proxy.token import WRAPPED, Tokens
from proxy.validation import Refusal

PARAMETER: Final = b";rf="  # in the Contact that a registrar sees: what follows is wrapped
_NAME: Final = b"rf"
TO_PBX: Final = 1  # a PBX registered it with a trunk; else a telephone with a PBX
FLOW_ONLY: Final = 2  # it is reached by the flow that it registered by alone, whatever its Contact says
_LONGEST: Final = 512  # octets of a Contact's URI
_MOST: Final = 20  # Contacts in one REGISTER
_PATHLESS_S: Final = 86_400.0  # how long a registrar that keeps no Path is not given one again
_MOST_PATHLESS: Final = 10_000
_MOST_BOUND: Final = 20_000
_SOON_S: Final = 30  # how long a binding counts that leads past us, until it is made again
_FORBIDDEN: Final = Refusal(403, "Forbidden")
_FLOW_FAILED: Final = Refusal(430, "Flow Failed")  # RFC 5626 11.5


class Binding:
    """What a wrapped text says: who registered from where, and his Contact, all but its user part."""

    __slots__ = ("came_by", "flags", "rest")

    def __init__(self, flags: int, came_by: CameBy, rest: bytes) -> None:
        self.flags = flags
        self.came_by = came_by
        self.rest = rest  # a URI without its user part; empty in a Path


def write_binding(tokens: Tokens, flags: int, flow: PeerFlow, rest: bytes) -> bytes:
    """A binding, wrapped."""
    place = flow.place
    return tokens.wrap(bytes((flags, len(place))) + place + rest)


def read_binding(tokens: Tokens, text: bytes) -> Binding | None:
    """What a wrapped text says; None where it was not written here."""
    octets = tokens.unwrap(text)
    if octets is None or len(octets) < 2:
        return None
    end = 2 + octets[1]
    came_by = read_place(octets[2:end])
    return Binding(octets[0], came_by, octets[end:]) if came_by is not None else None


def refuse_contacts(request: Request, flow: PeerFlow, topology: Topology) -> Refusal | None:
    """Why a REGISTER can't be led back here, or None where it can."""
    found = 0
    for value in request.raw_all(b"contact"):
        if value == b"*":
            continue
        try:
            addresses = parse_addresses("Contact", value)
        except BadHeader:
            return Refusal(400, "Malformed Contact")
        found += len(addresses)
        if found > _MOST or any(len(each.uri) > _LONGEST for each in addresses):
            return Refusal(400, "Too Many Contacts" if found > _MOST else "Contact Too Long")
    here = Hop(flow.host, flow.port, flow.listener.transport)
    return _FORBIDDEN if found and topology.leads_back(here) else None


class Registration(Context):
    """A REGISTER on its way."""

    __slots__ = ("by_path", "sent", "to")

    by_path: bool  # Path leads back to us, and no Contact does
    sent: dict[int, bytes]
    to: Target  # where it was sent last

    def lines_for(self, listener: Listener, target: Target) -> list[bytes]:
        """Its header lines as they leave by this listener."""
        self.to, self.by_path, self.sent = target, False, {}
        between_pbxes = self.peer.from_pbx and self.topology.places.is_pbx(target)
        if between_pbxes or not self.flow.place or not self._registers():
            return self.lines
        until = self.core.pathless.get((target.host, target.port), 0.0)
        # A registrar without WebSocket sends nothing to a Contact that names it, whatever Path says (so does Asterisk).
        by_websocket = self.flow.listener.transport in ("WS", "WSS")
        self.by_path = not by_websocket and _knows_path(self.request) and until <= self.arrived
        if self.by_path:
            self._note({each: each for each in self._contacts()})
            return [self._path(listener), *self.lines]
        self._note({each: self._ours(each, listener) for each in self._contacts()})
        lines = [self._shown(line, listener) for line in self.lines]
        return [*lines, *self._undoing()]

    def _contacts(self) -> list[bytes]:
        values = [value for value in self.request.raw_all(b"contact") if value != b"*"]
        return [address.uri for value in values for address in parse_addresses("Contact", value)]

    def _note(self, sent: dict[bytes, bytes]) -> None:
        """What the registrar gets for each Contact, by what stands for that in this registration."""
        said = self.fields.call_id, self.fields.called
        self.sent = {hash((*said, contact)): shown for contact, shown in sent.items()}

    def _undoing(self) -> list[bytes]:
        """Ends the bindings that the REGISTER before made of these Contacts (RFC 3261 10.2.2).

        They lead by a flow that is no more, or past us. A telephone that keeps flows has several at once.
        """
        if self._instance() is not None:
            return []
        before = [(self.core.bound.get(number, shown), shown) for number, shown in self.sent.items()]
        return [b"Contact: <%s>;expires=0" % was for was, shown in before if was != shown]

    def _registers(self) -> bool:
        return any(value != b"*" for value in self.request.raw_all(b"contact"))

    def _instance(self) -> tuple[bytes, bytes] | None:
        """Its +sip.instance and reg-id, where it keeps flows (RFC 5626 4.2); such a REGISTER has one Contact."""
        for value in self.request.raw_all(b"contact"):
            for address in parse_addresses("Contact", value) if value != b"*" else ():
                found = find_param(address.params, b"+sip.instance"), find_param(address.params, b"reg-id")
                if all(found):
                    return found
        return None

    def _flags(self) -> int:
        """RFC 5626 says that nothing but its flow reaches whoever keeps that, RFC 3581 the same of rport by UDP."""
        only = self._instance() is not None or (not self.flow.reliable and self.fields.via.wants_rport)
        return (TO_PBX if self.peer.from_pbx else 0) | (FLOW_ONLY if only else 0)

    def _path(self, listener: Listener) -> bytes:
        """Our Path; with `ob` where we are the first hop, on a connection: that is kept alive (RFC 5626 5.1)."""
        vias = self.request.via_lines
        first = len(vias) == 1 and parse_via(vias[0].partition(b":")[2].strip()).end >= len(
            vias[0].partition(b":")[2].strip()
        )
        outbound = b";ob" if first and self.flow.reliable else b""
        wrapped = write_binding(self.core.tokens, self._flags(), self.flow, b"")
        return b"Path: <sip:%s@%s;lr%s>" % (wrapped, listener.shown, outbound)

    def _shown(self, line: bytes, listener: Listener) -> bytes:
        """A line of Contact with our host in each URI; any other as it is."""
        if canonical_name(line) != b"contact":
            return line
        name, _, value = line.partition(b":")
        if value.strip() == b"*":
            return line
        addresses = parse_addresses("Contact", value.strip())
        return name + b": " + b", ".join([_with_uri(each, self._ours(each.uri, listener)) for each in addresses])

    def _ours(self, text: bytes, listener: Listener) -> bytes:
        """A URI of Contact as the registrar gets it; one that is not SIP's leads nowhere that we could."""
        scheme, _, rest = text.partition(b":")
        if scheme.lower() not in (b"sip", b"sips"):
            return text
        user, at, host = rest.rpartition(b"@")
        wrapped = write_binding(self.core.tokens, self._flags(), self.flow, scheme + b":" + host)
        if listener.secure and scheme.lower() == b"sips":
            return b"sips:" + user + at + listener.shown_in_sips + PARAMETER + wrapped
        return b"sip:" + user + at + listener.shown + PARAMETER + wrapped

    def on_response(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        """The Contacts in a 2xx as they were registered. Who keeps no Path is sent the same without it."""
        if self.done or client not in self.pending:
            super().on_response(client, response, now)
            return
        if response.status == 420 and self.by_path and _refuses_path(response):
            self._goes_without_path(now)
            self.pending.remove(client)
            self.targets.insert(0, self.to)
            self.core.forward(self, now)
            return
        if 200 <= response.status < 300:
            response.forwarded = self._as_registered(response.forwarded, now)
            if self.flow.serial and (instance := self._instance()):
                self.topology.kept.registered(hash((self.fields.called, *instance)), self.flow)
        super().on_response(client, response, now)

    def _goes_without_path(self, now: float) -> None:
        pathless = self.core.pathless
        if len(pathless) >= _MOST_PATHLESS:
            pathless.clear()
        pathless[self.to.host, self.to.port] = now + _PATHLESS_S
        self.core.effects.append(PathNotKept(self.to.host, self.to.port))

    def _as_registered(self, data: bytes, now: float) -> bytes:
        """A 2xx for who registered. Where Path was not kept (RFC 3327 5.3) he is to register again soon."""
        response = parse_response(data)
        names = response.names
        lines = [
            self._undone(line) if name == b"contact" else line for line, name in zip(response.lines, names, strict=True)
        ]
        bound = self.core.bound
        for number, shown in self.sent.items():
            bound.pop(number, None)  # the last one to go
            if len(bound) >= _MOST_BOUND:
                del bound[next(iter(bound))]
            bound[number] = shown
        way = "path" if self.by_path else "contact" if self.sent else "nothing"
        if self.by_path and not any(WRAPPED in value for value in response.raw_all(b"path")):
            way = "nothing"
            self._goes_without_path(now)
            lines = [_until_soon(line, name) for line, name in zip(lines, names, strict=True)]
        self.core.registrations[way] += 1
        response.lines = lines
        return response.to_bytes()

    def _undone(self, line: bytes) -> bytes:
        if PARAMETER not in line:
            return line
        name, _, value = line.partition(b":")
        try:
            addresses = parse_addresses("Contact", value.strip())
        except BadHeader:
            return line
        return name + b": " + b", ".join([_with_uri(each, self._own(each.uri)) for each in addresses])

    def _own(self, text: bytes) -> bytes:
        """The Contact that was registered, in place of ours."""
        try:
            uri = parse_uri(text)
        except BadHeader:
            return text
        wrapped = uri.param(_NAME) if self.topology.names_us(uri) else None
        binding = read_binding(self.core.tokens, wrapped) if wrapped else None
        return own_contact(uri, binding) if binding is not None and binding.rest else text


def _with_uri(address: Address, uri: bytes) -> bytes:
    display = address.display + b" " if address.display else b""
    return b"%s<%s>%s" % (display, uri, address.params)


def _until_soon(line: bytes, name: bytes) -> bytes:
    """A line of a 2xx, with no longer expiry than until the next REGISTER should come."""
    if name == b"expires":
        seconds = int_or_none(line.partition(b":")[2])
        return b"Expires: %d" % _SOON_S if seconds is None or seconds > _SOON_S else line
    if name != b"contact":
        return line
    try:
        addresses = parse_addresses("Contact", line.partition(b":")[2].strip())
    except BadHeader:
        return line
    return b"Contact: " + b", ".join([_with_expiry(each) for each in addresses])


def _with_expiry(address: Address) -> bytes:
    parts = []
    for part in split_params(address.params):
        key, _, value = part.partition(b"=")
        seconds = int_or_none(value)
        late = key.rstrip().lower() == b"expires" and (seconds is None or seconds > _SOON_S)
        parts.append(b"expires=%d" % _SOON_S if late else part)
    display = address.display + b" " if address.display else b""
    return b";".join((b"%s<%s>" % (display, address.uri), *parts))


def _knows_path(request: Request) -> bool:
    """Does whoever registers say so (RFC 3327 5.1)?"""
    values = request.raw_all(b"supported")
    return any(token.lower() == b"path" for value in values for token in split_tokens(value))


def _refuses_path(response: ResponseHead) -> bool:
    return any(token.lower() == b"path" for token in split_tokens(response.raw(b"unsupported")))


def own_contact(uri: Uri, binding: Binding) -> bytes:
    """The Contact of a binding, with the user part that was asked for: a trunk may call a number there."""
    scheme, _, rest = binding.rest.partition(b":")
    return scheme + b":" + (uri.user + b"@" if uri.user else b"") + rest


# ---- requests that come by it


def contact_of(uri: Uri, topology: Topology, tokens: Tokens) -> Binding | Refusal | None:
    """What a Request-URI with our parameter says; None where it is none of ours."""
    wrapped = uri.param(_NAME)
    if wrapped is None or not topology.names_us(uri):
        return None
    binding = read_binding(tokens, wrapped)
    return binding if binding is not None and binding.rest else _FORBIDDEN


def path_of(users: list[bytes], tokens: Tokens) -> Binding | Refusal | None:
    """The same of the Route values that named us: a Path of ours comes back in them (RFC 3327 5.2)."""
    for user in users:
        if WRAPPED in user:
            return read_binding(tokens, user) or _FORBIDDEN
    return None


def led_by(binding: Binding, topology: Topology, peer: Peer, contact: Uri) -> list[Target] | Refusal:
    """Where a request of this peer goes by a binding: to who registered it, and from the other side alone."""
    came_by = topology.standing(binding.came_by)
    listener = topology.listener_numbered(came_by.listener)
    flow = Target(came_by.host, came_by.port, transport=listener.transport)
    flow.listener, flow.serial = listener, came_by.serial
    gone = listener.number != came_by.listener or (
        came_by.serial != 0 and not topology.is_connected(listener, came_by.host, came_by.port, came_by.serial)
    )
    if binding.flags & TO_PBX:
        return _FORBIDDEN if peer.from_pbx else _at_pbx(topology, peer, contact, None if gone else flow)
    if not peer.from_pbx:
        return _FORBIDDEN
    named = None if binding.flags & FLOW_ONLY else _at_contact(topology, contact, came_by)
    if gone:
        return [named] if named is not None else _FLOW_FAILED
    return [named] if named is not None and not listener.reliable else [flow]


def _at_pbx(topology: Topology, peer: Peer, contact: Uri, flow: Target | None) -> list[Target]:
    """A PBX is reached by the connection that it keeps, or where the configuration says that it is."""
    places = topology.targets_from_trunk(peer, contact)
    if flow is None or topology.places.is_configured(contact):
        return places if flow is None or not flow.serial else [flow, *places]
    named = topology.places.is_pbx(flow) or flow.serial or (flow.listener is not None and flow.listener.side == "pbx")
    return [flow] if named else places


def _at_contact(topology: Topology, contact: Uri, came_by: CameBy) -> Target | None:
    """Who registers from one port and listens at another of the same address; None where no Contact says so."""
    host, port = contact.address
    if host != came_by.host.encode() or contact.param(b"maddr") is not None:
        return None
    hop = Hop(came_by.host, port, contact.transport)
    if topology.leads_back(hop) or contact.transport not in topology.transports:
        return None
    return Target(hop.host, hop.port, transport=hop.transport, fixed=True)

"""Who sends, and where a request goes next: peers, sides and the rule that no caller chooses our targets."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

from proxy.kept_flows import KeptFlows
from proxy.next_hops import Hop, Question
from proxy.pace import Meter, Pace
from proxy.proxy_settings import (
    HostPort,
    LimitSettings,
    PbxSettings,
    ProbeSettings,
    ProxySettings,
    TrunkSettings,
)
from proxy.sip.flow import CameBy, Listener
from proxy.sip.message import IDENTITIES, OWN_HEADERS
from proxy.sip.uri import SIP_PORT, Uri, parse_uri
from rules.model import Action, Trunk, Verdict
from rules.numbering.emergency import NO_EMERGENCIES
from rules.numbering.numbers import EmergencyTable
from rules.numbering.typed import home_of

DEFAULT_TRUNK: Final = "default"
IDENTITY_HEADERS: Final = IDENTITIES
# What the network before says it verified (3GPP TS 24.229 7.2.18 and 7.2.19; P- and X- before it were custom earlier).
_ATTESTED: Final = frozenset(
    (b"attestation-info", b"origination-id", b"p-attestation-indicator", b"p-attestation-info", b"p-origination-id")
)
# RFC 5373: a phone that obeys them opens its microphone.
AUTO_ANSWER_HEADERS: Final = frozenset(
    (b"answer-mode", b"priv-answer-mode", b"p-auto-answer", b"x-auto-answer", b"x-autoanswer", b"auto-answer")
)
# RFC 3891 and RFC 3911: a call that takes another one's place, or joins it. A carrier of ours may transfer calls.
_INTO_CALLS: Final = frozenset((b"replaces", b"join"))
METHODS_OF_CALLS: Final = frozenset((b"INVITE", b"ACK", b"CANCEL", b"OPTIONS"))
OWN_ONLY: Final = frozenset((OWN_HEADERS,))
# What a user agent prefers to be called ends at the first proxy (RFC 3325 9.2), whoever the trunk is: nobody judges it.
_OF_NO_TRUNK: Final = OWN_ONLY | {b"p-preferred-identity"}
_NOTHING: Final[frozenset[bytes]] = frozenset()
_NO_TRUNK: Final = Trunk("")


UNWEIGHED: Final = -1
Where = tuple[str, int, str]  # host, port and transport of an address


class Owner(NamedTuple):
    """Whose an address is, and how it is watched."""

    kind: str  # pbx, destination or trunk: two of different kinds may have one name
    name: str
    watch: Watch


class Watch(NamedTuple):
    """How the addresses of a PBX or trunk are asked whether they live."""

    every_s: float = 0.0  # between two OPTIONS; 0: none
    falls: int = 1
    rises: int = 1
    slow_start_s: float = 0.0


class Target:
    """Where to send a request: an address, or a name that is still to be resolved."""

    __slots__ = (
        "domain", "fixed", "host", "listener", "literal", "only", "pbx", "port", "question", "serial", "transport",
        "trunk", "weight",
    )  # fmt: skip

    def __init__(
        self,
        host: str,
        port: int,
        pbx: Pbx | None = None,
        trunk: TrunkHost | None = None,
        *,
        transport: str = "UDP",
        fixed: bool = False,
        domain: str = "",
        question: Question | None = None,
    ) -> None:
        """`question` is what DNS is asked where the host is a name; by default for addresses alone."""
        self.host = host
        self.port = port
        self.transport = transport  # as a Via names it
        self.fixed = fixed  # somebody has said so: no other is taken because a request is large
        self.domain = domain or host  # the name that it was written by, whatever address that led to
        self.pbx = pbx  # set when the host and port of the Request-URI may be rewritten
        self.trunk = trunk  # set where calls of a PBX leave to a trunk
        self.listener: Listener | None = None  # the one to send from, where that is known
        self.only: Peer | None = None  # the trunk to which the addresses of this name must belong
        self.serial = 0  # of the one connection that is meant; 0: any
        self.literal = is_address(host)
        self.weight = UNWEIGHED  # its share of calls among the others of its list
        self.question = Question(host, port) if question is None and not self.literal else question

    @property
    def shown_host(self) -> bytes:
        """Its host as a URI shows it."""
        return (f"[{self.host}]" if ":" in self.host else self.host).encode()

    def is_at(self, host: str, port: int, transport: str) -> bool:
        """Is it this very address?"""
        return self.host == host and self.port == port and self.transport == transport

    def at(self, hop: Hop) -> Target:
        """The same target at an address that its name leads to."""
        found = Target(hop.host, hop.port, self.pbx, self.trunk, transport=hop.transport, domain=self.domain)
        found.fixed = self.fixed or hop.transport != "UDP"
        found.listener = self.listener
        return found

    def by(self, transport: str) -> Target:
        """The same target by this transport alone."""
        found = Target(self.host, self.port, self.pbx, self.trunk, transport=transport, fixed=True, domain=self.domain)
        found.listener, found.only, found.question = self.listener, self.only, self.question
        return found


@lru_cache(maxsize=4096)
def is_address(host: str) -> bool:
    """Is this an IPv4 or IPv6 address, rather than a name?"""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@dataclass(slots=True)
class Pbx:
    """Where calls end."""

    name: str
    targets: list[Target] = field(default_factory=list)
    rewrite_host: bool = False
    outbound: list[Target] = field(default_factory=list)


class Destination(NamedTuple):
    """Where a rule diverts calls to, by name."""

    name: str
    uri: bytes  # becomes the Request-URI
    place: Pbx
    mark: bytes  # stands for the name in tokens

    @property
    def target(self) -> Target:
        """Its one target."""
        return self.place.targets[0]


class Usage:
    """How much a peer holds, in transactions; it outlives a change of the configuration."""

    __slots__ = ("calls", "held", "reserved")

    def __init__(self) -> None:
        self.held = 0
        self.reserved = 0
        self.calls = Meter()


class Peer:
    """Who is behind a flow: a trunk (judged) or a PBX (not judged)."""

    __slots__ = (
        "dropped", "emergency", "from_pbx", "known", "methods", "most", "name", "pace", "paced", "pbx",
        "redirect", "source_pace", "trunk", "usage",
    )  # fmt: skip

    def __init__(
        self, name: str, pbx: Pbx, *, from_pbx: bool, trunk: Trunk = _NO_TRUNK, emergency: EmergencyTable | None = None
    ) -> None:
        self.name = name
        self.pbx = pbx
        self.from_pbx = from_pbx
        self.trunk = trunk
        self.emergency = emergency
        self.most = 0  # what it may hold (proxy/load.py); 0: as limits say
        self.usage = Usage()
        self.pace: Pace | None = None  # how often it may begin a call
        self.source_pace: Pace | None = None  # and each of its sources
        self.paced = False  # is there one of them?
        self.redirect = 0  # its calls are answered and not forwarded (proxy/redirecting.py): the status that says go on
        self.known = from_pbx or name != DEFAULT_TRUNK  # the configuration names it by address
        # Header fields that its requests lose: always ours, and the identities that we don't believe.
        self.dropped: frozenset[bytes] = _NOTHING if from_pbx else _OF_NO_TRUNK
        if not (from_pbx or trunk.identity_trusted):
            self.dropped |= IDENTITY_HEADERS | _ATTESTED | AUTO_ANSWER_HEADERS
            if not self.known:
                self.dropped |= _INTO_CALLS
        # What it may send outside a dialog; None: anything.
        self.methods: frozenset[bytes] | None = None if from_pbx else METHODS_OF_CALLS


Networks = list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Peer]]


class TrunkHost:
    """An address that calls to a trunk go to, and what is written of it into their URIs."""

    __slots__ = ("peer", "rewrite_from", "rewrite_host", "rewrite_to", "shown")

    def __init__(self, peer: Peer, address: HostPort, settings: TrunkSettings) -> None:
        self.peer = peer
        host = f"[{address.host}]" if ":" in address.host else address.host
        # As the carrier knows itself: a name stays one, and the usual port is not written.
        self.shown = (host if address.port == SIP_PORT else f"{host}:{address.port}").encode()
        self.rewrite_host = settings.rewrite_host  # None: where the Request-URI names us
        self.rewrite_from = settings.rewrite_from
        self.rewrite_to = settings.rewrite_to


class Known(NamedTuple):
    """Somebody who is known by an address, in words for another process."""

    kind: str  # source, host, network or default
    place: str
    port: int
    name: str  # of the PBX or trunk


class _Places(NamedTuple):
    """Who is known by which address, as far as the configuration names it."""

    pbx_sources: dict[tuple[str, int], Peer]
    pbx_hosts: dict[str, Peer]
    stream_hosts: dict[str, Peer]
    pbx_targets: dict[tuple[bytes, int], list[Target]]
    sent_to: dict[str, Peer]
    outbound: dict[tuple[str, int], str]

    def copied(self) -> _Places:
        """The same, to be added to."""
        return _Places(
            dict(self.pbx_sources),
            dict(self.pbx_hosts),
            dict(self.stream_hosts),
            dict(self.pbx_targets),
            dict(self.sent_to),
            dict(self.outbound),
        )


class Topology:
    """Listeners, trunks and PBXes of the configuration, ready to be asked on the call path."""

    def __init__(
        self,
        settings: ProxySettings,
        *,
        tag_at: int = 5,
        reject_at: int = 10,
        country: str = "",
        before: Topology | None = None,
    ) -> None:
        """`country` is the home's, where one is set (`home_of`); `before` is what this one takes over."""
        self.bans = settings.bans
        self.listeners = _make_listeners(settings, before)
        self.leaving = _leaving(self.listeners, before)  # sockets that are open until what was begun there has ended
        self._by_number = {each.number: each for each in (*self.leaving, *self.listeners)}
        self._name_us(settings)
        # Who is connected: the serial of the latest connection at each address behind a listener.
        self.connected: dict[tuple[int, str, int], int] = {}
        self.kept: KeptFlows = before.kept if before is not None else KeptFlows()
        self.tls = settings.tls
        self._add_names(settings)
        self.pbxes = {each.name: _make_pbx(each) for each in settings.pbxes}
        first = next(iter(self.pbxes.values()), Pbx(""))  # none, where all trunks only ask
        self._add_pbxes()
        self._pbx_side = Peer(first.name, first, from_pbx=True)
        self._add_destinations(settings)
        self._outbound = {
            (address.host, address.port): each.name for each in settings.trunks for address in each.send_to
        }
        self._hosts: dict[str, Peer] = {}
        self._networks: Networks = []
        self._default: Peer | None = None
        home = home_of(country, (each.country for each in settings.trunks))
        self._trunks: dict[str, Peer] = {}
        for each in settings.trunks:
            trunk = each.facts(tag_at=tag_at, reject_at=reject_at, home=home)
            self._add_trunk(each, self.pbxes[each.pbx] if each.pbx else first, trunk, settings.limits)
        self._networks.sort(key=lambda item: -item[0].prefixlen)
        self._sent_to: dict[str, Peer] = {}  # by hosts that calls to a trunk go to: its own may come from others
        self._written: dict[str, TrunkHost] = {}
        for each in settings.trunks:
            if each.send_to and (each.rewrite_from or each.rewrite_to):
                self._written[each.name] = TrunkHost(self._trunks[each.name], each.send_to[0], each)
            for address in each.send_to:
                self._sent_to.setdefault(address.host, self._trunks[each.name])
        self._sends = {each.name: self._trunk_targets(each) for each in settings.trunks if each.send_to}
        for house in settings.pbxes:
            named = house.outbound_trunk or ""
            chosen = named if named in self._trunks else next(iter(self._sends), "")
            self.pbxes[house.name].outbound = list(self._sends.get(chosen, ()))
        self._watch(settings)
        self._trusted_targets = {
            (address.host, address.port)
            for each in settings.trunks
            if each.identity == "trusted"
            for address in each.send_to
        }
        self._take_over(before)
        self._keep_what_is_written()

    def _keep_what_is_written(self) -> None:
        """Before any name is resolved: what names lead to is added to it, and goes again."""
        self._written_places = _Places(
            self._pbx_sources,
            self._pbx_hosts,
            self._stream_hosts,
            self._pbx_targets,
            self._sent_to,
            self._outbound,
        ).copied()
        self._found: dict[tuple[Owner, Question], tuple[Target, tuple[Hop, ...]]] = {}  # where names lead

    def _add_pbxes(self) -> None:
        """By what PBXes are known: address and port, and the address alone where a port says nothing."""
        self._pbx_sources: dict[tuple[str, int], Peer] = {}
        self._pbx_hosts: dict[str, Peer] = {}
        self._stream_hosts: dict[str, Peer] = {}  # of PBXes that are sent to by a stream
        self._pbx_targets: dict[tuple[bytes, int], list[Target]] = {}
        self._pbx_named = {name: Peer(name, pbx, from_pbx=True) for name, pbx in self.pbxes.items()}
        for pbx in self.pbxes.values():
            for target in pbx.targets:
                peer = self._pbx_sources[target.host, target.port] = Peer(pbx.name, pbx, from_pbx=True)
                self._pbx_hosts.setdefault(target.host, peer)
                self._note_stream(target, peer)
                # Named by a URI it is meant as it is written: its Request-URI is never rewritten.
                plain = Target(target.host, target.port, transport=target.transport, fixed=target.fixed)
                plain.question = target.question
                self._pbx_targets.setdefault((target.host.encode(), target.port), []).append(plain)

    def _note_stream(self, target: Target, peer: Peer) -> None:
        """If calls to this PBX go there by a stream, what comes on connections from there is its own."""
        if target.transport != "UDP":
            self._stream_hosts.setdefault(target.host, peer)

    def _watch(self, settings: ProxySettings) -> None:
        """Which addresses requests go to, and how each is watched; those of names come when they are learnt."""
        pbxes = [Owner("pbx", each.name, _watch_of(each.probe, each.slow_start_s)) for each in settings.pbxes]
        trunks = [Owner("trunk", each.name, _watch_of(each.probe, each.slow_start_s)) for each in settings.trunks]
        self.options_tell = settings.options_tell
        self._owners = {(each.kind, each.name): each for each in (*pbxes, *trunks)}
        self._owners |= {("destination", name): Owner("destination", name, Watch()) for name in self.destinations}
        self.addresses: dict[Where, Owner] = {}  # as they are now; the first that names one has it
        self.domains: dict[Where, str] = {}  # the names that led to them
        self._led: dict[tuple[Owner, Question], tuple[str, list[Where]]] = {}  # and the domain that was asked for
        for owner in self._owners.values():
            for target in self._targets_of(owner):
                if target.literal:
                    self.addresses.setdefault((target.host, target.port, target.transport), owner)
        self._addresses_written = dict(self.addresses)

    def _targets_of(self, owner: Owner) -> list[Target]:
        if owner.kind == "pbx":
            return self.pbxes[owner.name].targets
        if owner.kind == "destination":
            return self.destinations[owner.name].place.targets
        return self._sends.get(owner.name, [])

    @property
    def owners(self) -> Collection[tuple[str, str]]:
        """Kind and name of all that addresses belong to, whether their names are resolved or not."""
        return self._owners.keys()

    @property
    def nowhere(self) -> frozenset[tuple[str, str]]:
        """Kind and name of those that are written as names alone, all of which were asked for in vain."""
        asked = {owner for owner, _ in self._led}
        found = {owner for (owner, _), (_, places) in self._led.items() if places} | set(self.addresses.values())
        return frozenset(owner[:2] for owner in asked - found)

    @property
    def unled(self) -> list[tuple[str, str, str]]:
        """Kind and name of owners with each name of theirs that was asked for in vain."""
        return [(*owner[:2], question.host) for (owner, question), (_, places) in self._led.items() if not places]

    def _lead(self, owner: Owner, question: Question, domain: str, hops: Sequence[Hop]) -> None:
        """A name leads there now; where it led before is nobody's, unless written or led to by another."""
        self._led[owner, question] = domain, [(hop.host, hop.port, hop.transport) for hop in hops]
        self.addresses = dict(self._addresses_written)
        for (each, _), (name, places) in self._led.items():
            for where in places:
                self.addresses.setdefault(where, each)
                self.domains[where] = name

    def _add_destinations(self, settings: ProxySettings) -> None:
        self.destinations = {name: _make_destination(name, uri) for name, uri in settings.destinations.items()}
        self._by_mark = {each.mark: each for each in self.destinations.values()}
        for name, destination in self.destinations.items():
            # Diverted calls end there, as others at a PBX; what comes from there belongs to them.
            target = destination.target
            self._pbx_sources.setdefault((target.host, target.port), Peer(name, destination.place, from_pbx=True))
            self._pbx_targets.setdefault((target.host.encode(), target.port), [target])

    def _take_over(self, before: Topology | None) -> None:
        """What an earlier one knew: the names that dialogs know us by, how much each peer holds, and who was where."""
        # Who was named before, by address and port, and by address: what belongs to their dialogs still goes on.
        self._former_sources: dict[tuple[str, int], Peer] = {}
        self._former_hosts: dict[str, Peer] = {}
        self._former_networks: Networks = []
        self._former_default: Peer | None = None
        if before is None:
            return
        elsewhere = self._pbx_targets.keys() | {(host.encode(), port) for host, port in self._outbound}
        self._names |= before._names - elsewhere
        self._former_sources = before._former_sources | before._pbx_sources
        self._former_hosts = before._former_hosts | before._hosts
        known = {network for network, _ in before._networks}
        earlier = [each for each in before._former_networks if each[0] not in known]
        self._former_networks = [*before._networks, *earlier]
        self._former_default = before._default or before._former_default
        for name, peer in self._trunks.items():
            if (trunk := before._trunks.get(name)) is not None:
                peer.usage = trunk.usage
        for where, peer in self._pbx_sources.items():
            if (pbx := before._pbx_sources.get(where)) is not None and pbx.name == peer.name:
                peer.usage = pbx.usage

    @property
    def sockets(self) -> list[Listener]:
        """All that are open, whether new calls may come by them or not."""
        return [*self.listeners, *self.leaving]

    def left(self, listener: Listener) -> None:
        """The socket of a listener of before is closed."""
        self.leaving.remove(listener)

    def _add_names(self, settings: ProxySettings) -> None:
        """Who is known by a certificate, and whose it must be where we call."""
        self._certified: dict[str, tuple[str, str]] = {}
        self._wanted: dict[str, list[str]] = {}
        houses = [("pbx", each.name, each.names, each.addresses) for each in settings.pbxes]
        houses += [("trunk", each.name, each.names, each.send_to) for each in settings.trunks]
        for kind, owner, names, addresses in houses:
            self._certified.update(dict.fromkeys(names, (kind, owner)))
            if names:
                self._wanted.update({address.host: names for address in addresses})
        self._proving = {owner for _, owner in self._certified.values()}

    def _name_us(self, settings: ProxySettings) -> None:
        """Who we are: our listeners, what they advertise, aliases."""
        listeners = self.listeners
        self._own_hosts = {each.host for each in listeners}
        self.families = sorted({each.family for each in listeners})
        # By which something can be sent: by WebSocket we are only called.
        self.transports = sorted({each.transport for each in listeners} & {"UDP", "TCP", "TLS"})
        self.name_servers = [(each.host, each.port) for each in settings.dns.servers]
        # Of listeners on all addresses of the machine.
        self._own_ports = {each.port for each in listeners if ipaddress.ip_address(each.host).is_unspecified}
        self._names: set[tuple[bytes, int]] = {_key(each.address) for each in settings.listen}
        self._names |= {_key(each.advertise) for each in settings.listen if each.advertise}
        self._names |= {_key(each) for each in settings.aliases}
        self._route_ends = tuple(b"@%s;lr" % listener.shown for listener in (*listeners, *self.leaving))

    def _add_trunk(self, each: TrunkSettings, pbx: Pbx, trunk: Trunk, limits: LimitSettings) -> None:
        peer = Peer(each.name, pbx, from_pbx=False, trunk=trunk, emergency=each.emergency_table())
        if each.methods == "any":
            peer.methods = None
        else:
            peer.methods = METHODS_OF_CALLS.union(name.encode() for name in each.methods)
        self._trunks[each.name] = peer
        if each.answer == "redirect":
            peer.redirect = each.redirect.forward
        peer.most = each.max_transactions or 0
        if each.calls_per_second:
            peer.pace = Pace(each.calls_per_second, each.calls_burst or 0)
        if each.name == DEFAULT_TRUNK and limits.stranger_calls_per_second:
            peer.source_pace = Pace(limits.stranger_calls_per_second, limits.stranger_calls_burst)
        peer.paced = peer.pace is not None or peer.source_pace is not None
        if each.name == DEFAULT_TRUNK:
            self._default = peer
        for text in each.addresses:
            network = ipaddress.ip_network(text)
            if network.num_addresses == 1:
                self._hosts[str(network.network_address)] = peer
            else:
                self._networks.append((network, peer))

    def _trunk_targets(self, trunk: TrunkSettings) -> list[Target]:
        """Where calls to a trunk go."""
        peer = self._trunks[trunk.name]
        targets = [_target_of(address, trunk=TrunkHost(peer, address, trunk)) for address in trunk.send_to]
        _weigh(targets, trunk.weights)
        return targets

    def peer_of(self, listener: Listener, host: str, port: int) -> Peer | None:
        """Who sends from this address; None for a source that is in no trunk while there is no `default`."""
        peer = self._pbx_sources.get((host, port))
        if peer is not None:
            return peer
        if listener.side == "pbx":
            return self._pbx_side
        return self._named_trunk(host) or self._default

    def peer_connected(self, listener: Listener, host: str, names: Sequence[str] = ()) -> Peer | None:
        """Who is at the other end of a connection that was taken: its port says nothing, so that a PBX is an address.

        It is one if the configuration sends to it by a stream there, and no trunk is named by that address.
        """
        if listener.side == "pbx":
            return self._pbx_side
        if names and (named := self._by_certificate(names)) is not None:
            return named
        pbx = self._stream_hosts.get(host)
        if pbx is not None and host not in self._hosts and not self._proves(listener, pbx.name):
            return pbx
        trunk = self._named_trunk(host)
        return trunk if trunk is not None and not self._proves(listener, trunk.name) else self._default

    def known_at(self, host: str) -> str:
        """The PBX or trunk whose address this is, whether he has proven it or not; empty: nobody's."""
        peer = self._pbx_hosts.get(host) or self._named_trunk(host) or self._sent_to.get(host)
        return peer.name if peer is not None else ""

    def _by_certificate(self, names: Sequence[str]) -> Peer | None:
        """Whose certificate it is."""
        owner = next((owner for name in names if (owner := self._certified.get(name))), None)
        if owner is None:
            return None
        kind, name = owner
        return self._trunks[name] if kind == "trunk" else self._pbx_named[name]

    def _proves(self, listener: Listener, name: str) -> bool:
        """Is it known by its certificate alone where there is one?"""
        return listener.secure and name in self._proving

    def knows_names(self, names: Sequence[str]) -> bool:
        """Does the configuration name anybody of a certificate?"""
        return any(name in self._certified for name in names)

    @property
    def asks_for_certificates(self) -> bool:
        """Is anybody known by a certificate?"""
        return len(self._certified) > 0

    def names_wanted(self, host: str) -> Sequence[str]:
        """Whom the certificate of a host that we call has to name."""
        return self._wanted.get(host) or (host,)

    def is_connected(self, listener: Listener, host: str, port: int, serial: int) -> bool:
        """Is this very connection there?"""
        return serial != 0 and self.connected.get((listener.number, host, port)) == serial

    def standing(self, came_by: CameBy) -> CameBy:
        """The connection itself, or the one that stands for it now; of datagrams nothing changes."""
        number, host, port, serial = came_by
        if not serial or self.connected.get((number, host, port)) == serial:
            return came_by
        return self.kept.latest(came_by)

    def _named_trunk(self, host: str) -> Peer | None:
        """The trunk whose calls come from this address."""
        peer = self._hosts.get(host)
        if peer is None and self._networks:
            address = ipaddress.ip_address(host.partition("%")[0])
            peer = next((found for network, found in self._networks if address in network), None)
        return peer

    def former_at(self, host: str, port: int, peer: Peer | None) -> Peer | None:
        """Whom the configuration named here before, where it names nobody now; `peer` is whose it is now.

        Where strangers may call no more, anybody may have been one.
        """
        if self.is_named(peer):
            return None
        if (carrier := self._sent_to.get(host)) is not None:
            return carrier  # calls out go there, and its own may come from elsewhere
        if not (self._former_sources or self._former_hosts or self._former_networks or self._former_default):
            return None
        found = self._former_sources.get((host, port)) or self._former_hosts.get(host)
        if found is None and self._former_networks:
            address = ipaddress.ip_address(host.partition("%")[0])
            found = next((former for network, former in self._former_networks if address in network), None)
        return self._former_default if found is None and peer is None else found

    def former_targets(self, next_hop: Uri) -> list[Target]:
        """The address of a PBX that the configuration named before: what belongs to its dialogs goes there still."""
        if not self._former_sources:
            return []
        host, port = next_hop.address
        named = host.decode("ascii", "replace")
        if next_hop.address in self._pbx_targets or (named, port) not in self._former_sources:
            return []
        return [Target(named, port, transport=next_hop.transport)]

    def known(self) -> list[Known]:
        """Whom this one knows or knew: for the process after this one, which may find another configuration."""
        sources = self._former_sources | self._pbx_sources
        hosts = self._former_hosts | self._sent_to | self._hosts
        networks = {str(network): peer for network, peer in (*self._former_networks, *self._networks)}
        found = [Known("source", host, port, peer.name) for (host, port), peer in sources.items()]
        found += [Known("host", host, 0, peer.name) for host, peer in hosts.items()]
        found += [Known("network", network, 0, peer.name) for network, peer in networks.items()]
        strangers = self._default or self._former_default
        return found if strangers is None else [*found, Known("default", "", 0, strangers.name)]

    def remember(self, known: Sequence[Known]) -> None:
        """Whom the process before this one knew: what belongs to their dialogs goes on, whoever they are now."""
        first = next(iter(self.pbxes.values()), self._pbx_side.pbx)
        for kind, place, port, name in known:
            if kind == "source":
                self._former_sources.setdefault(
                    (place, port), self._pbx_named.get(name) or Peer(name, Pbx(name), from_pbx=True)
                )
                continue
            peer = self._trunks.get(name) or Peer(name, first, from_pbx=False, trunk=Trunk(name))
            if kind == "host":
                self._former_hosts.setdefault(place, peer)
            elif kind == "network":
                self._former_networks.append((ipaddress.ip_network(place), peer))
            else:
                self._former_default = peer

    @property
    def trunks(self) -> list[str]:
        """The names of all trunks."""
        return list(self._trunks)

    def trunk_named(self, name: str) -> Peer | None:
        """The trunk of this name."""
        return self._trunks.get(name)

    def trunk_at(self, listener: Listener, host: str, port: int) -> Peer | None:
        """Who is at the other end of a dialog: the peer whose calls come from there, or whose calls go there."""
        peer = self.peer_of(listener, host, port)
        return self._sent_to.get(host, peer) if peer is None or peer is self._default else peer

    def is_named(self, peer: Peer | None) -> bool:
        """Is it a trunk that has addresses of its own, and no stranger?"""
        return peer is not None and peer is not self._default

    def belongs(self, host: str, peer: Peer | None) -> bool:
        """Is this address one of that trunk's? Of a stranger's we know none."""
        return self.is_named(peer) and (self._named_trunk(host) is peer or self._sent_to.get(host) is peer)

    def host_of(self, peer: Peer | None) -> TrunkHost | None:
        """What is written of a trunk into From and To of what goes there, in a dialog that the PBX side began."""
        return self._written.get(peer.name) if peer is not None else None

    def names_address(self, host: str, peer: Peer | None) -> bool:
        """Does the configuration name who sends from there by this very address?"""
        return host in self._hosts or (peer is not None and peer.from_pbx)

    def pbx_at(self, host: str, peer: Peer | None) -> Peer | None:
        """The PBX that has this address, where `peer`, whose the port makes it, is not named by it and is no PBX.

        Its emergency calls go out by whatever port they come.
        """
        if (peer is not None and peer.from_pbx) or host in self._hosts:
            return None
        found = self._pbx_hosts.get(host)
        return found if found is not None and found.pbx.outbound else None

    def is_shielded(self, host: str, peer: Peer | None) -> bool:
        """Is it a PBX, a destination or this machine? Nobody bans these."""
        if (peer is not None and peer.from_pbx) or self.is_this_machine(host):
            return True
        return any(host == known for known, _ in self._pbx_sources)

    def is_unnamed(self, host: str, peer: Peer | None) -> bool:
        """Does no trunk name who sends from there, or whom it sends to?"""
        return not self.is_named(peer) and host not in self._sent_to

    def may_call_for_help(self, host: str) -> bool:
        """Would an emergency call from there go on? Whoever is known by a certificate may come from anywhere."""
        if self._certified:
            return True
        peer = self._named_trunk(host) or self._default
        return peer is not None and peer.emergency is not NO_EMERGENCIES

    def is_this_machine(self, host: str) -> bool:
        """Does whoever sends from there sit beside us?"""
        return host in self._own_hosts or ipaddress.ip_address(host.partition("%")[0]).is_loopback

    def named_targets(self) -> list[Target]:
        """PBX targets, destinations and hosts of trunks that are written as names."""
        places = [*self.pbxes.values(), *(each.place for each in self.destinations.values())]
        found = [target for place in places for target in place.targets]
        found += [target for targets in self._sends.values() for target in targets]
        return [target for target in found if not target.literal]

    def learn(self, target: Target, hops: Sequence[Hop]) -> None:
        """What comes from these addresses comes from the PBX that the target belongs to, or goes to its trunk.

        Where its name led before it does so no more: that address may have been given to anybody. Dialogs go on there.
        A name that leads nowhere for now has not left.
        """
        if target.question is None:
            return
        if target.trunk is not None:
            kind, name = "trunk", target.trunk.peer.name
        elif target.pbx is not None:
            kind, name = "pbx" if target.pbx is self.pbxes.get(target.pbx.name) else "destination", target.pbx.name
        else:
            return
        owner = self._owners.get((kind, name))
        if owner is None:
            return
        self._lead(owner, target.question, target.domain, hops)
        if hops:
            self._found[owner, target.question] = target, tuple(hops)
            self._place_found()

    def _place_found(self) -> None:
        """Who is where: as it is written, and then wherever names lead now."""
        sources, sent_to = self._pbx_sources, self._sent_to
        self._pbx_sources, self._pbx_hosts, self._stream_hosts, self._pbx_targets, self._sent_to, self._outbound = (
            self._written_places.copied()
        )
        for target, hops in self._found.values():
            for hop in hops:
                if target.trunk is not None:
                    self._sent_to.setdefault(hop.host, target.trunk.peer)
                    self._outbound.setdefault((hop.host, hop.port), target.trunk.peer.name)
                elif target.pbx is not None:
                    self._place(target, target.pbx, hop, sources.get((hop.host, hop.port)))
        for where, peer in sources.items():
            if where not in self._pbx_sources:
                self._former_sources[where] = peer
        for host, peer in sent_to.items():
            if host not in self._sent_to:
                self._former_hosts[host] = peer

    def _place(self, target: Target, pbx: Pbx, hop: Hop, known: Peer | None) -> None:
        """An address of a PBX or destination; `known` is who was there until now."""
        if self.is_of_a_trunk(hop):
            return  # whatever a name server says: its calls stay judged
        is_pbx = pbx is self.pbxes.get(pbx.name)
        peer = known if known is not None and known.pbx is pbx else Peer(pbx.name, pbx, from_pbx=True)
        self._pbx_sources.setdefault((hop.host, hop.port), peer)
        at = target.at(hop) if not is_pbx else Target(hop.host, hop.port, transport=hop.transport)
        self._pbx_targets.setdefault((hop.host.encode(), hop.port), [at])
        if is_pbx:
            self._note_stream(at, peer)
            self._pbx_hosts.setdefault(hop.host, peer)

    def is_of_a_trunk(self, hop: Hop) -> bool:
        """Does a trunk's configuration name this very address?"""
        return hop.host in self._hosts

    def port_led_to(self, domain: str, host: str, transport: str) -> int:
        """The port at which SRV records of this name have that address (RFC 3263 5); 0 where it is none of ours."""
        found = (where for where, name in self.domains.items() if name == domain and where in self.addresses)
        return next((port for at, port, by in found if at == host and by == transport), 0)

    def leads_back(self, hop: Hop) -> bool:
        """Is this address one of our own? Nothing is sent there, whatever a name server says."""
        return (hop.host.encode(), hop.port) in self._names or (hop.port in self._own_ports and _is_local(hop.host))

    def may_be_sent_to(self, target: Target, hops: Sequence[Hop]) -> list[Hop]:
        """Of the addresses that its name leads to those that are followed.

        None of our own; where a caller's Contact names it, none but his trunk's; none that no listener can send to.
        """
        only = target.only
        return [
            hop
            for hop in hops
            if (only is None or self.belongs(hop.host, only))
            and (6 if ":" in hop.host else 4) in self.families
            and hop.transport in self.transports
            and not self.leads_back(hop)
        ]

    def listener_numbered(self, number: int) -> Listener:
        """The listener that a token speaks of; the first one where there is none of that number now."""
        return self._by_number.get(number) or self.listeners[0]

    def names_us(self, uri: Uri) -> bool:
        """Does the URI's host and port name this proxy: a listener, what it advertises, or an alias?"""
        return bool(uri.host) and uri.address in self._names

    def own_route(self, uri: bytes) -> bytes | None:
        """The user part of a Route URI that names us, else None. Raises BadHeader."""
        if uri.startswith(b"sip:") and uri.endswith(self._route_ends) and uri.count(b"@") == 1:
            return uri[4:].partition(b"@")[0]  # as our own Record-Route was written
        parsed = parse_uri(uri)
        return parsed.user if self.names_us(parsed) else None

    def place_of(self, host: str, port: int) -> str:
        """The PBX, destination or trunk that calls are sent to at this address; empty: none of the configuration."""
        peer = self._pbx_sources.get((host, port))
        return peer.name if peer is not None else self._outbound.get((host, port), "")

    @property
    def places(self) -> list[str]:
        """The names of all of them."""
        return list(dict.fromkeys((*self.pbxes, *self.destinations, *self._outbound.values())))

    def is_configured(self, uri: Uri) -> bool:
        """Does it name an address of a PBX or destination?"""
        return uri.address in self._pbx_targets

    def is_pbx(self, target: Target) -> bool:
        """Is it an address of a configured PBX?"""
        return (target.host, target.port) in self._pbx_sources

    def trusts(self, target: Target) -> bool:
        """May an asserted identity that asks for privacy be shown there (RFC 3325 section 7)?"""
        return (target.host, target.port) in self._trusted_targets or self.is_pbx(target)

    def destination_of(self, verdict: Verdict | None) -> Destination | None:
        """Where a verdict sends its call instead of to the PBX of its trunk."""
        if verdict is None or verdict.action is not Action.DIVERT:
            return None
        return self.destinations.get(verdict.destination)

    def targets(self, peer: Peer, next_hop: Uri) -> list[Target]:
        """Where a request of this peer goes, given its top Route or Request-URI; empty: nowhere."""
        return (self.targets_from_pbx if peer.from_pbx else self.targets_from_trunk)(peer, next_hop)

    def targets_from_trunk(self, peer: Peer, next_hop: Uri) -> list[Target]:
        """Where a trunk-side request goes: the PBX it names if that is configured, else the trunk's PBX."""
        return _choose(self._pbx_targets.get(next_hop.address, peer.pbx.targets), next_hop)

    def targets_of_diverted(self, mark: bytes, next_hop: Uri) -> list[Target] | None:
        """Where a request inside a diverted call goes: to its destination, whatever host the callee's Contact names."""
        destination = self._by_mark.get(mark)
        if destination is None:
            return None
        return _choose(self._pbx_targets.get(next_hop.address, destination.place.targets), next_hop)

    def targets_from_pbx(self, peer: Peer, next_hop: Uri) -> list[Target]:
        """Where a PBX-side request goes: to its next hop; to the outbound trunk when that is us; nowhere: empty."""
        if not next_hop.host or self.names_us(next_hop):
            return peer.pbx.outbound
        maddr = next_hop.param(b"maddr")
        host, port = next_hop.address
        named = (maddr.strip(b"[]") if maddr else host).decode("ascii", "replace")
        return [_target_at(named, port, next_hop)]

    def listener_for(self, arrived: Listener, target: Target) -> Listener | None:
        """The listener to send from: of the target's family and transport, on its side, best that of arrival."""
        family, transport = 6 if ":" in target.host else 4, target.transport
        if target.listener is not None and target.listener.family == family and target.listener.transport == transport:
            return target.listener
        if len(self.listeners) == 1:
            return arrived if arrived.family == family and arrived.transport == transport else None
        side = "pbx" if self.is_pbx(target) else "trunk"
        fitting = [each for each in self.listeners if each.family == family and each.transport == transport]
        best = [each for each in fitting if each.side == side]
        if not best:
            best = [each for each in fitting if each.side == "any"] or fitting
        if arrived in best:
            return arrived
        return best[0] if best else None


def _make_listeners(settings: ProxySettings, before: Topology | None) -> list[Listener]:
    """A listener that stays keeps its number, by which tokens know it, and is the same one where nothing changed."""
    known = {(each.transport, each.host, each.port): each for each in before.sockets} if before is not None else {}
    taken = {each.number for each in known.values()}
    made = []
    for each in settings.listen:
        address, transport = each.address, each.transport.upper()
        was = known.get((transport, address.host, address.port))
        number = _first_free(taken) if was is None else was.number
        taken.add(number)
        sent_by = str(each.advertise or address)
        listener = Listener(number, transport, address.host, address.port, sent_by, each.side)
        listener.origins = frozenset(each.origins)
        same = was is not None and not was.leaving and _said(was) == _said(listener)
        made.append(was if was is not None and same else listener)
    return made


def _said(listener: Listener) -> tuple[bytes, str, frozenset[str]]:
    """What is set of a listener beside its address."""
    return listener.sent_by, listener.side, listener.origins


def _first_free(taken: set[int]) -> int:
    """Not by a generator that never ends: compiled, it would be a list of them all."""
    number = 0
    while number in taken:
        number += 1
    return number


def _leaving(listeners: list[Listener], before: Topology | None) -> list[Listener]:
    """The sockets of before that no listener has now."""
    stay = {each.number for each in listeners}
    return [each for each in before.sockets if each.number not in stay] if before is not None else []


def _choose(targets: list[Target], uri: Uri) -> list[Target]:
    """Of several transports at one address the one that the URI names, if it names one."""
    if len(targets) == 1 or not uri.params or uri.param(b"transport") is None:
        return targets
    here = uri.host.decode("ascii", "replace")
    return [each for each in targets if (each.host, each.transport) == (here, uri.transport)] or targets


def _make_pbx(each: PbxSettings) -> Pbx:
    pbx = Pbx(each.name, rewrite_host=each.rewrite_host)
    pbx.targets = [_target_of(address, pbx) for address in each.addresses]
    _weigh(pbx.targets, each.weights)
    return pbx


def _watch_of(probe: ProbeSettings, slow_start_s: float) -> Watch:
    return Watch(probe.every_s, probe.falls, probe.rises, slow_start_s)


def _weigh(targets: list[Target], weights: Sequence[int]) -> None:
    if len(targets) > 1 and len(weights) == len(targets):
        for target, weight in zip(targets, weights, strict=True):
            target.weight = weight


def _target_of(address: HostPort, pbx: Pbx | None = None, trunk: TrunkHost | None = None) -> Target:
    """An address of the configuration."""
    fixed = bool(address.transport)
    transport = address.transport.upper() or "UDP"
    question = _question_of(address)
    return Target(address.host, address.port, pbx, trunk, transport=transport, fixed=fixed, question=question)


def _make_destination(name: str, uri: str) -> Destination:
    parsed = parse_uri(uri.encode())
    host, port = parsed.address
    place = Pbx(name)
    named = host.decode()
    place.targets = [_target_at(named, port, parsed, place)]
    return Destination(name, uri.encode(), place, b"%08x" % crc32(name.encode()))


def _target_at(host: str, port: int, uri: Uri, pbx: Pbx | None = None) -> Target:
    """Where a URI leads."""
    fixed = bool(uri.params) and uri.param(b"transport") is not None
    return Target(host, port, pbx, transport=uri.transport, fixed=fixed, question=question_of(host, uri))


def question_of(host: str, uri: Uri) -> Question | None:
    """What DNS is asked of a host that a URI names (RFC 3263 4); None where it is an address."""
    if is_address(host):
        return None
    secure = uri.scheme == b"sips"
    transport = (uri.param(b"transport") or b"").upper().decode("ascii", "replace") if uri.params else ""
    return Question(host, uri.port, transport, secure)


def _question_of(address: HostPort) -> Question | None:
    if address.literal:
        return None
    return Question(address.host, address.port if address.written_port else 0, address.transport.upper())


def _is_local(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _key(address: HostPort) -> tuple[bytes, int]:
    return address.host.encode(), address.port

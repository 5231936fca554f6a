"""Who is where: whose an address is, by the configuration of now and those before, by names, and by certificates."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from proxy.neighbours import DEFAULT_TRUNK, METHODS_OF_CALLS, Destination, Pbx, Peer, Target
from proxy.next_hops import Hop, Question
from proxy.pace import Pace
from proxy.proxy_settings import LimitSettings, ProbeSettings, ProxySettings, TrunkSettings
from proxy.sip.flow import Listener
from proxy.sip.uri import Uri
from rules.model import Trunk
from rules.numbering.emergency import NO_EMERGENCIES

Where = tuple[str, int, str]  # host, port and transport of an address
Networks = list[tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, Peer]]


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


class Known(NamedTuple):
    """Somebody who is known by an address, in words for another process."""

    kind: str  # source, host, network or default
    place: str
    port: int
    name: str  # of the PBX or trunk


class _Maps(NamedTuple):
    """Who is known by which address, as far as the configuration names it."""

    pbx_sources: dict[tuple[str, int], Peer]
    pbx_hosts: dict[str, Peer]
    stream_hosts: dict[str, Peer]
    pbx_targets: dict[tuple[bytes, int], list[Target]]
    sent_to: dict[str, Peer]
    outbound: dict[tuple[str, int], str]

    def copied(self) -> _Maps:
        """The same, to be added to."""
        return _Maps(
            dict(self.pbx_sources),
            dict(self.pbx_hosts),
            dict(self.stream_hosts),
            dict(self.pbx_targets),
            dict(self.sent_to),
            dict(self.outbound),
        )


class Places:
    """Who is known by which address, ready to be asked on the call path."""

    def __init__(
        self,
        settings: ProxySettings,
        pbxes: dict[str, Pbx],
        destinations: dict[str, Destination],
        trunks: Mapping[str, Trunk],
        before: Places | None,
    ) -> None:
        """`trunks` are what judging knows of each; `before` is what this one takes over."""
        self._pbxes = pbxes
        self._own_hosts = {each.address.host for each in settings.listen}
        first = next(iter(pbxes.values()), Pbx(""))  # none, where all trunks only ask
        self._pbx_side = Peer(first.name, first, from_pbx=True)
        self._add_names(settings)
        self._add_pbxes()
        self._add_destinations(destinations)
        self.trunks: dict[str, Peer] = {}
        self._hosts: dict[str, Peer] = {}
        self._networks: Networks = []
        self._default: Peer | None = None
        # By where calls to a trunk go: its own may come from others.
        self._sent_to: dict[str, Peer] = {}
        self._outbound: dict[tuple[str, int], str] = {}
        for each in settings.trunks:
            self._add_trunk(each, pbxes[each.pbx] if each.pbx else first, trunks[each.name], settings.limits)
        self._networks.sort(key=lambda item: -item[0].prefixlen)
        self._watch(settings, destinations)
        self._take_over(before)
        self._keep_what_is_written()

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

    def _add_pbxes(self) -> None:
        """By what PBXes are known: address and port, and the address alone where a port says nothing."""
        self._pbx_sources: dict[tuple[str, int], Peer] = {}
        self._pbx_hosts: dict[str, Peer] = {}
        self._stream_hosts: dict[str, Peer] = {}  # of PBXes that are sent to by a stream
        self.named: dict[tuple[bytes, int], list[Target]] = {}  # PBXes and destinations, as a URI names them
        self._pbx_named = {name: Peer(name, pbx, from_pbx=True) for name, pbx in self._pbxes.items()}
        for pbx in self._pbxes.values():
            for target in pbx.targets:
                peer = self._pbx_sources[target.host, target.port] = Peer(pbx.name, pbx, from_pbx=True)
                self._pbx_hosts.setdefault(target.host, peer)
                self._note_stream(target, peer)
                # Named by a URI it is meant as it is written: its Request-URI is never rewritten.
                plain = Target(target.host, target.port, transport=target.transport, fixed=target.fixed)
                plain.question = target.question
                self.named.setdefault((target.host.encode(), target.port), []).append(plain)

    def _note_stream(self, target: Target, peer: Peer) -> None:
        """If calls to this PBX go there by a stream, what comes on connections from there is its own."""
        if target.transport != "UDP":
            self._stream_hosts.setdefault(target.host, peer)

    def _add_destinations(self, destinations: dict[str, Destination]) -> None:
        """Diverted calls end there, as others at a PBX; what comes from there belongs to them."""
        for name, destination in destinations.items():
            target = destination.target
            self._pbx_sources.setdefault((target.host, target.port), Peer(name, destination.place, from_pbx=True))
            self.named.setdefault((target.host.encode(), target.port), [target])

    def _add_trunk(self, each: TrunkSettings, pbx: Pbx, trunk: Trunk, limits: LimitSettings) -> None:
        """By what a trunk is known: where its calls come from, and where those to it go."""
        peer = Peer(each.name, pbx, from_pbx=False, trunk=trunk, emergency=each.emergency_table())
        if each.methods == "any":
            peer.methods = None
        else:
            peer.methods = METHODS_OF_CALLS.union(name.encode() for name in each.methods)
        self.trunks[each.name] = peer
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
        for address in each.send_to:
            self._sent_to.setdefault(address.host, peer)
            self._outbound[address.host, address.port] = each.name

    def _watch(self, settings: ProxySettings, destinations: dict[str, Destination]) -> None:
        """Which addresses requests go to, and how each is watched; those of names come when they are learnt."""
        pbxes = [Owner("pbx", each.name, _watch_of(each.probe, each.slow_start_s)) for each in settings.pbxes]
        trunks = [Owner("trunk", each.name, _watch_of(each.probe, each.slow_start_s)) for each in settings.trunks]
        self._owners = {(each.kind, each.name): each for each in (*pbxes, *trunks)}
        self._owners |= {("destination", name): Owner("destination", name, Watch()) for name in destinations}
        self.addresses: dict[Where, Owner] = {}  # as they are now; the first that names one has it
        self.domains: dict[Where, str] = {}  # the names that led to them
        self._led: dict[tuple[Owner, Question], tuple[str, list[Where]]] = {}  # and the domain that was asked for
        written = [("pbx", each.name, each.addresses) for each in settings.pbxes]
        written += [("trunk", each.name, each.send_to) for each in settings.trunks]
        for kind, name, addresses in written:
            for each in addresses:
                if each.literal:
                    where = each.host, each.port, each.transport.upper() or "UDP"
                    self.addresses.setdefault(where, self._owners[kind, name])
        for name, destination in destinations.items():
            target = destination.target
            if target.literal:
                where = target.host, target.port, target.transport
                self.addresses.setdefault(where, self._owners["destination", name])
        self._addresses_written = dict(self.addresses)

    @property
    def elsewhere(self) -> set[tuple[bytes, int]]:
        """The addresses that requests go to."""
        return self.named.keys() | {(host.encode(), port) for host, port in self._outbound}

    @property
    def names(self) -> list[str]:
        """All PBXes, destinations and trunks that calls are sent to."""
        sent_to = [owner.name for owner in self._owners.values() if owner.kind != "trunk"]
        return list(dict.fromkeys((*sent_to, *self._outbound.values())))

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

    def _take_over(self, before: Places | None) -> None:
        """What an earlier one knew: how much each peer holds, and who was where."""
        # Who was named before, by address and port, and by address: what belongs to their dialogs still goes on.
        self._former_sources: dict[tuple[str, int], Peer] = {}
        self._former_hosts: dict[str, Peer] = {}
        self._former_networks: Networks = []
        self._former_default: Peer | None = None
        if before is None:
            return
        self._former_sources = before._former_sources | before._pbx_sources
        self._former_hosts = before._former_hosts | before._hosts
        known = {network for network, _ in before._networks}
        earlier = [each for each in before._former_networks if each[0] not in known]
        self._former_networks = [*before._networks, *earlier]
        self._former_default = before._default or before._former_default
        for name, peer in self.trunks.items():
            if (trunk := before.trunks.get(name)) is not None:
                peer.usage = trunk.usage
        for where, peer in self._pbx_sources.items():
            if (pbx := before._pbx_sources.get(where)) is not None and pbx.name == peer.name:
                peer.usage = pbx.usage

    def _keep_what_is_written(self) -> None:
        """Before any name is resolved: what names lead to is added to it, and goes again."""
        self._written = _Maps(
            self._pbx_sources,
            self._pbx_hosts,
            self._stream_hosts,
            self.named,
            self._sent_to,
            self._outbound,
        ).copied()
        self._found: dict[tuple[Owner, Question], tuple[Target, tuple[Hop, ...]]] = {}  # where names lead

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
        return self.trunks[name] if kind == "trunk" else self._pbx_named[name]

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

    def was_pbx(self, host: str, port: int) -> bool:
        """Did the configuration name a PBX or destination here before?"""
        return (host, port) in self._former_sources

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
        first = self._pbx_side.pbx
        for kind, place, port, name in known:
            if kind == "source":
                self._former_sources.setdefault(
                    (place, port), self._pbx_named.get(name) or Peer(name, Pbx(name), from_pbx=True)
                )
                continue
            peer = self.trunks.get(name) or Peer(name, first, from_pbx=False, trunk=Trunk(name))
            if kind == "host":
                self._former_hosts.setdefault(place, peer)
            elif kind == "network":
                self._former_networks.append((ipaddress.ip_network(place), peer))
            else:
                self._former_default = peer

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

    def takes_emergency_calls(self, host: str) -> bool:
        """Would an emergency call from there go on? Whoever is known by a certificate may come from anywhere."""
        if self._certified:
            return True
        peer = self._named_trunk(host) or self._default
        return peer is not None and peer.emergency is not NO_EMERGENCIES

    def is_this_machine(self, host: str) -> bool:
        """Does whoever sends from there sit beside us?"""
        return host in self._own_hosts or ipaddress.ip_address(host.partition("%")[0]).is_loopback

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
            kind, name = "pbx" if target.pbx is self._pbxes.get(target.pbx.name) else "destination", target.pbx.name
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
        self._pbx_sources, self._pbx_hosts, self._stream_hosts, self.named, self._sent_to, self._outbound = (
            self._written.copied()
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
        is_pbx = pbx is self._pbxes.get(pbx.name)
        peer = known if known is not None and known.pbx is pbx else Peer(pbx.name, pbx, from_pbx=True)
        self._pbx_sources.setdefault((hop.host, hop.port), peer)
        at = target.at(hop) if not is_pbx else Target(hop.host, hop.port, transport=hop.transport)
        self.named.setdefault((hop.host.encode(), hop.port), [at])
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

    def place_of(self, host: str, port: int) -> str:
        """The PBX, destination or trunk that calls are sent to at this address; empty: none of the configuration."""
        peer = self._pbx_sources.get((host, port))
        return peer.name if peer is not None else self._outbound.get((host, port), "")

    def is_configured(self, uri: Uri) -> bool:
        """Does it name an address of a PBX or destination?"""
        return uri.address in self.named

    def is_pbx(self, target: Target) -> bool:
        """Is it an address of a configured PBX?"""
        return (target.host, target.port) in self._pbx_sources


def _watch_of(probe: ProbeSettings, slow_start_s: float) -> Watch:
    return Watch(probe.every_s, probe.falls, probe.rises, slow_start_s)

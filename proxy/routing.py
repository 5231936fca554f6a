"""Where a request goes: who we are, which targets it has, by which listener. No caller chooses our targets."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from proxy.kept_flows import KeptFlows
from proxy.neighbours import Destination, Peer, Target, TrunkHost, make_destination, make_pbx, target_at, trunk_targets
from proxy.next_hops import Hop
from proxy.places import Places
from proxy.proxy_settings import HostPort, ProxySettings
from proxy.sip.flow import CameBy, Listener
from proxy.sip.uri import Uri, parse_uri
from rules.model import Action, Verdict
from rules.numbering.typed import home_of


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
        self.tls = settings.tls
        self.options_tell = settings.options_tell
        self.verifies = settings.identity.authorities is not None  # are signed callers verified before they are judged?
        self.verstat = settings.identity.verstat
        self.believed = frozenset[str](settings.identity.believe)
        self.listeners = _make_listeners(settings, before)
        self.leaving = _leaving(self.listeners, before)  # sockets that are open until what was begun there has ended
        self._by_number = {each.number: each for each in (*self.leaving, *self.listeners)}
        self._name_us(settings)
        # Who is connected: the serial of the latest connection at each address behind a listener.
        self.connected: dict[tuple[int, str, int], int] = {}
        self.kept: KeptFlows = before.kept if before is not None else KeptFlows()
        self.pbxes = {each.name: make_pbx(each) for each in settings.pbxes}
        self.destinations = {name: make_destination(name, uri) for name, uri in settings.destinations.items()}
        self._by_mark = {each.mark: each for each in self.destinations.values()}
        home = home_of(country, (each.country for each in settings.trunks))
        trunks = {each.name: each.facts(tag_at=tag_at, reject_at=reject_at, home=home) for each in settings.trunks}
        known = before.places if before is not None else None
        self.places: Places = Places(settings, self.pbxes, self.destinations, trunks, known)
        self._add_ways_out(settings)
        if before is not None:
            self._names |= before._names - self.places.elsewhere  # that dialogs know us by

    @property
    def sockets(self) -> list[Listener]:
        """All that are open, whether new calls may come by them or not."""
        return [*self.listeners, *self.leaving]

    def left(self, listener: Listener) -> None:
        """The socket of a listener of before is closed."""
        self.leaving.remove(listener)

    def _name_us(self, settings: ProxySettings) -> None:
        """Who we are: our listeners, what they advertise, aliases."""
        listeners = self.listeners
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

    def _add_ways_out(self, settings: ProxySettings) -> None:
        """Where calls to each trunk go, and by which of them those of a PBX leave."""
        trunks = self.places.trunks
        self._sends = {each.name: trunk_targets(each, trunks[each.name]) for each in settings.trunks if each.send_to}
        self._written = {
            each.name: TrunkHost(trunks[each.name], each.send_to[0], each)
            for each in settings.trunks
            if each.send_to and (each.rewrite_from or each.rewrite_to)
        }
        self._trusted_targets = {
            (address.host, address.port)
            for each in settings.trunks
            if each.identity == "trusted"
            for address in each.send_to
        }
        for house in settings.pbxes:
            named = house.outbound_trunk or ""
            chosen = named if named in trunks else next(iter(self._sends), "")
            self.pbxes[house.name].outbound = list(self._sends.get(chosen, ()))

    def is_connected(self, listener: Listener, host: str, port: int, serial: int) -> bool:
        """Is this very connection there?"""
        return serial != 0 and self.connected.get((listener.number, host, port)) == serial

    def standing(self, came_by: CameBy) -> CameBy:
        """The connection itself, or the one that stands for it now; of datagrams nothing changes."""
        number, host, port, serial = came_by
        if not serial or self.connected.get((number, host, port)) == serial:
            return came_by
        return self.kept.latest(came_by)

    def former_targets(self, next_hop: Uri) -> list[Target]:
        """The address of a PBX that the configuration named before: what belongs to its dialogs goes there still."""
        host, port = next_hop.address
        named = host.decode("ascii", "replace")
        if next_hop.address in self.places.named or not self.places.was_pbx(named, port):
            return []
        return [Target(named, port, transport=next_hop.transport)]

    def host_of(self, peer: Peer | None) -> TrunkHost | None:
        """What is written of a trunk into From and To of what goes there, in a dialog that the PBX side began."""
        return self._written.get(peer.name) if peer is not None else None

    def named_targets(self) -> list[Target]:
        """PBX targets, destinations and hosts of trunks that are written as names."""
        places = [*self.pbxes.values(), *(each.place for each in self.destinations.values())]
        found = [target for place in places for target in place.targets]
        found += [target for targets in self._sends.values() for target in targets]
        return [target for target in found if not target.literal]

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
            if (only is None or self.places.belongs(hop.host, only))
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

    def trusts(self, target: Target) -> bool:
        """May an asserted identity that asks for privacy be shown there (RFC 3325 section 7)?"""
        return (target.host, target.port) in self._trusted_targets or self.places.is_pbx(target)

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
        return _choose(self.places.named.get(next_hop.address, peer.pbx.targets), next_hop)

    def targets_of_diverted(self, mark: bytes, next_hop: Uri) -> list[Target] | None:
        """Where a request inside a diverted call goes: to its destination, whatever host the callee's Contact names."""
        destination = self._by_mark.get(mark)
        if destination is None:
            return None
        return _choose(self.places.named.get(next_hop.address, destination.place.targets), next_hop)

    def targets_from_pbx(self, peer: Peer, next_hop: Uri) -> list[Target]:
        """Where a PBX-side request goes: to its next hop; to the outbound trunk when that is us; nowhere: empty."""
        if not next_hop.host or self.names_us(next_hop):
            return peer.pbx.outbound
        maddr = next_hop.param(b"maddr")
        host, port = next_hop.address
        named = (maddr.strip(b"[]") if maddr else host).decode("ascii", "replace")
        return [target_at(named, port, next_hop)]

    def listener_for(self, arrived: Listener, target: Target) -> Listener | None:
        """The listener to send from: of the target's family and transport, on its side, best that of arrival."""
        family, transport = 6 if ":" in target.host else 4, target.transport
        if target.listener is not None and target.listener.family == family and target.listener.transport == transport:
            return target.listener
        if len(self.listeners) == 1:
            return arrived if arrived.family == family and arrived.transport == transport else None
        side = "pbx" if self.places.is_pbx(target) else "trunk"
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


def _is_local(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _key(address: HostPort) -> tuple[bytes, int]:
    return address.host.encode(), address.port

"""Who stands around the node: trunks and PBXes that requests come from, the targets that they go to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, NamedTuple
from zlib import crc32

from proxy.next_hops import Hop, Question
from proxy.pace import Meter, Pace
from proxy.proxy_settings import HostPort, PbxSettings, TrunkSettings
from proxy.sip.flow import Listener
from proxy.sip.message import ATTESTED, IDENTITIES, OWN_HEADERS
from proxy.sip.uri import SIP_PORT, Uri, parse_uri
from rules.model import Trunk
from rules.numbering.numbers import EmergencyTable

DEFAULT_TRUNK: Final = "default"
IDENTITY_HEADERS: Final = IDENTITIES
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
            self.dropped |= IDENTITY_HEADERS | ATTESTED | AUTO_ANSWER_HEADERS
            if not self.known:
                self.dropped |= _INTO_CALLS
        # What it may send outside a dialog; None: anything.
        self.methods: frozenset[bytes] | None = None if from_pbx else METHODS_OF_CALLS


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


def make_pbx(each: PbxSettings) -> Pbx:
    """A PBX with its addresses."""
    pbx = Pbx(each.name, rewrite_host=each.rewrite_host)
    pbx.targets = [_target_of(address, pbx) for address in each.addresses]
    _weigh(pbx.targets, each.weights)
    return pbx


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


def trunk_targets(trunk: TrunkSettings, peer: Peer) -> list[Target]:
    """Where calls to a trunk go."""
    targets = [_target_of(address, trunk=TrunkHost(peer, address, trunk)) for address in trunk.send_to]
    _weigh(targets, trunk.weights)
    return targets


def make_destination(name: str, uri: str) -> Destination:
    """A destination, by the URI that is set for it."""
    parsed = parse_uri(uri.encode())
    host, port = parsed.address
    place = Pbx(name)
    named = host.decode()
    place.targets = [target_at(named, port, parsed, place)]
    return Destination(name, uri.encode(), place, b"%08x" % crc32(name.encode()))


def target_at(host: str, port: int, uri: Uri, pbx: Pbx | None = None) -> Target:
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

"""How a request and our own responses look on the wire: RFC 3261 sections 16.4, 16.6, 8.2.6 and RFC 3581."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.neighbours import Peer, Target
from proxy.routing import Topology
from proxy.sip.errors import BadHeader
from proxy.sip.flow import Flow, Listener
from proxy.sip.headers import Via, parse_address, parse_addresses, parse_via, split_params
from proxy.sip.message import Request
from proxy.sip.uri import Uri, dialled_part, parse_uri
from proxy.token import read_token
from proxy.validation import MOST_BREADTH, MOST_FORWARDS, Fields, read_breadth, read_dialled, refuse_uri

_OPENS: Final = 60  # "<" and ">" as numbers, which `in` finds five times faster than bytes
_CLOSES: Final = 62
_FORWARDS: Final = [b"Max-Forwards: %d" % number for number in range(MOST_FORWARDS + 1)]
# And with what RFC 5393 5.3.3 wants of a request that came without: one line of ours costs what the other does.
_BREADTH: Final = b"\r\nMax-Breadth: "
_LEAST_BREADTH: Final = 6  # of a branch that need not have all: a PBX rings so many telephones at once
_BOUNDED: Final = [b"%s\r\nMax-Breadth: %d" % (line, MOST_BREADTH) for line in _FORWARDS]


def stamp_via(request: Request, via: Via, flow: Flow) -> None:
    """Note in the top Via where the request really came from (RFC 3261 18.2.1, RFC 3581 section 4)."""
    wants_rport = via.wants_rport
    if not wants_rport and via.host == flow.shown_host:
        return
    address = b";received=" + flow.host.encode()
    index = request.where[b"via"]
    name, _, value = request.lines[index].partition(b":")
    value = value.strip()  # as parse_via saw it
    own, others = value[: via.end], value[via.end :]
    comma = b""
    if own.endswith(b","):
        own, comma = own[:-1], b","
    replaced = (b"received", b"rport") if wants_rport else (b"received",)
    kept = [part for part in split_params(via.params) if part.partition(b"=")[0].rstrip().lower() not in replaced]
    own = b";".join((own[: len(own.rstrip()) - len(via.params.rstrip())].rstrip(), *kept))
    if wants_rport:
        address += b";rport=%d" % flow.port
    request.lines[index] = name + b": " + own + address + comma + others


class Plan:
    """The route of a request after preprocessing (RFC 3261 16.4)."""

    __slots__ = ("changed", "named_us", "routes", "uri", "uri_bytes", "users")

    def __init__(
        self,
        uri: Uri,
        uri_bytes: bytes,
        routes: list[tuple[bytes, bytes]],
        users: list[bytes],
        named_us: bool,
        changed: bool,
    ) -> None:
        self.uri = uri
        self.uri_bytes = uri_bytes
        self.routes = routes  # Route values that remain: as written, and their URIs
        self.users = users  # user parts of our own Route values that were taken off: one of them may be a token
        self.named_us = named_us  # the top Route named us
        self.changed = changed  # Route header fields differ from what came


def plan_route(request: Request, uri: Uri, topology: Topology) -> Plan:
    """Undo a strict router, and take our own Route values off. Raises BadHeader."""
    if b"route" not in request.where:
        return Plan(uri, request.uri, [], [], False, False)
    values = _route_values(request)
    uri_bytes = request.uri
    users: list[bytes] = []
    changed = False
    if values and topology.names_us(uri) and read_token(uri.user) is not None:
        # A strict router before us put our Record-Route URI into the Request-URI (16.4).
        users.append(uri.user)
        uri_bytes = values.pop()[1]
        uri = parse_uri(uri_bytes)
        if refuse_uri(uri) is not None:
            raise BadHeader("Route", uri_bytes)
        changed = True
    ours = 0
    for _, value in values:
        user = topology.own_route(value)
        if user is None:
            break
        users.append(user)
        ours += 1
    if ours:
        del values[:ours]
        changed = True
    named_us = ours > 0
    return Plan(uri, uri_bytes, values, users, named_us, changed)


def _route_values(request: Request) -> list[tuple[bytes, bytes]]:
    """Every Route value as written, and its URI."""
    found = []
    for line in request.raw_all(b"route"):
        bare = line[1:][:-1]  # not [1:-1], which of one octet makes compiled code fall (mypyc: a length of -1)
        if line[:1] == b"<" and line[-1:] == b">" and _OPENS not in bare and _CLOSES not in bare:
            found.append((line, bare))  # one value without parameters, as nearly all are
            continue
        start = 0
        for address in parse_addresses("Route", line):
            found.append((line[start : address.end].strip().rstrip(b",").strip(), address.uri))
            start = address.end
    return found


def edit_lines(request: Request, forwards: int, plan: Plan, dropped: frozenset[bytes]) -> list[bytes]:
    """The header lines as they leave (16.6 steps 3 and 5), without the new Via and Record-Route."""
    lines = request.lines.copy()
    where = request.where
    at = where.get(b"max-forwards")
    first = _BOUNDED if b"max-breadth" not in where else _FORWARDS
    if first is _FORWARDS:
        lines[where[b"max-breadth"]] = b"Max-Breadth: %d" % (_breadth(request))
    if at is not None:
        lines[at] = first[max(forwards - 1, 0)]
        if len(where) != len(lines) and request.is_repeated(b"max-forwards"):
            return _edit_twice(request, forwards, plan, dropped)
    if not dropped.isdisjoint(where) or (plan.changed and len(where) != len(lines)):
        gone = dropped | {b"route"} if plan.changed else dropped
        lines = [line for line, name in zip(lines, request.names, strict=True) if name not in gone]
    elif plan.changed:
        del lines[where[b"route"]]
    if at is None:
        lines.insert(0, first[forwards])
    if plan.changed and plan.routes:
        lines[:0] = [b"Route: " + value for value, _ in plan.routes]
    return lines


def _breadth(request: Request) -> int:
    """As it came; only an emergency call gets here with none left, or with one that can't be read."""
    breadth = read_breadth(request)
    return breadth if breadth > 0 else MOST_BREADTH


def share_breadth(data: bytes, under_way: Sequence[bytes], further: int) -> bytes:
    """A request with as much Max-Breadth as its branch may have; empty where the others have all of it.

    A branch that was silent may still be the one that answers, beside that of the next target: together they may have
    no more than came (RFC 5393 5.3.3). What could be divided only into less than a next hop needs goes whole.
    """
    whole = _breadth_in(data)
    left = whole - sum(map(_breadth_in, under_way))
    if left <= 0:
        return b""
    share = left // (further + 1)
    if share < _LEAST_BREADTH:
        share = left
    return data if share == whole else data.replace(_BREADTH + b"%d" % whole, _BREADTH + b"%d" % share, 1)


def _breadth_in(data: bytes) -> int:
    """What we wrote: the first one is a header line, since nothing before it can begin with a line's end."""
    at = data.find(_BREADTH)
    return int(data[at + len(_BREADTH) : data.find(b"\r", at + len(_BREADTH))]) if at >= 0 else 0


def _edit_twice(request: Request, forwards: int, plan: Plan, dropped: frozenset[bytes]) -> list[bytes]:
    """The same where Max-Forwards stands on two lines: one of them leaves, since a next hop may read either."""
    gone = dropped | {b"max-forwards"} | ({b"route"} if plan.changed else frozenset())
    lines = [line for line, name in zip(request.lines, request.names, strict=True) if name not in gone]
    routes = [b"Route: " + value for value, _ in plan.routes] if plan.changed else []
    first = _BOUNDED if b"max-breadth" not in request.where else _FORWARDS
    return [*routes, first[max(forwards - 1, 0)], *lines]


def for_judgement(plan: Plan, fields: Fields) -> Plan:
    """The route of a call that is to be judged: whom its Request-URI names must be whom it rings.

    No Route of the caller's own may lead it on behind the PBX. Inside a dialog that we left (`record_route: false`) the
    PBX's proxies need theirs; only a strict one would put another number into the Request-URI (16.6 step 6).
    """
    if not plan.routes or (fields.to_tag and _is_loose(plan)):
        return plan
    return Plan(plan.uri, plan.uri_bytes, [], plan.users, plan.named_us, True)


def _is_loose(plan: Plan) -> bool:
    return parse_uri(plan.routes[0][1]).param(b"lr") is not None


def for_next_hop(plan: Plan, next_hop: Uri, target: Target) -> Plan:
    """A strict router wants its own URI as Request-URI and ours last in Route (16.6 step 6).

    Only where we follow the Route: a next hop that gave way to the trunk's PBX changes nothing.
    """
    if not plan.routes or next_hop.param(b"lr") is not None or next_hop.address != (target.host.encode(), target.port):
        return plan
    routes = [*plan.routes[1:], (b"<" + plan.uri_bytes + b">", plan.uri_bytes)]
    return Plan(next_hop, plan.routes[0][1], routes, plan.users, plan.named_us, True)


def record_routes(outgoing: Listener, incoming: Listener, user: bytes, *, secret: bool = False) -> list[bytes]:
    """Our Record-Route values: two where the request crosses from one listener to another (RFC 5658).

    `secret`: its Request-URI is sips:, and so are ours where the listener speaks TLS (RFC 3261 16.6 step 4).
    """
    values = [_record_route(outgoing, user, secret=secret)]
    if outgoing is not incoming:
        values.append(_record_route(incoming, user, secret=secret))
    return values


def _record_route(listener: Listener, user: bytes, *, secret: bool) -> bytes:
    if secret and listener.secure:
        return b"Record-Route: <sips:%s@%s;lr>" % (user, listener.shown_in_sips)
    return b"Record-Route: <sip:%s@%s;lr>" % (user, listener.shown)


def with_host(uri: bytes, shown: bytes) -> bytes:
    """The URI with this host and port in place of its own, for a next hop that wants to see itself there."""
    parsed = read_dialled(uri)
    if parsed.scheme not in (b"sip", b"sips"):
        return uri
    user = dialled_part(parsed)
    if user:
        user += b"@"
    return b"%s:%s%s%s" % (parsed.scheme, user, shown, parsed.params)


def with_host_inside(line: bytes, shown: bytes) -> bytes:
    """A From or To line with this host and port in its URI; as it is where that can't be read."""
    name, _, value = line.partition(b":")
    try:
        address = parse_address(name.decode("latin-1"), value)
        uri = with_host(address.uri, shown)
    except BadHeader:
        return line
    display = address.display + b" " if address.display else b""
    return line if uri == address.uri else b"%s: %s<%s>%s" % (name, display, uri, address.params)


def loop_hash(request: Request, fields: Fields, plan: Plan, peer: Peer) -> bytes:
    """What decides where the request goes (RFC 5393 4.2.2: Request-URI, Route and what else routing looks at)."""
    required = request.raw(b"proxy-require")
    tags = fields.from_tag, fields.to_tag
    number = hash((request.uri, *plan.routes, fields.call_id, *tags, fields.cseq, required, peer.from_pbx))
    return b".%x" % (number & 0xFFFFFFFFFFFF)


def is_loop(request: Request, listeners: Sequence[Listener], loop_hash: bytes) -> bool:
    """Did we forward this very request before (RFC 3261 16.3 step 4, with the hash of RFC 5393)?"""
    vias = request.via_lines
    if (vias[0] if len(vias) == 1 else b"\n".join(vias)).find(loop_hash) < 0:  # `in` would take it for a number first
        return False
    for line in vias:
        value, start = line.partition(b":")[2], 0
        while start < len(value):
            try:
                via = parse_via(value, start)
            except BadHeader:
                break
            start = via.end
            sent_by = b"%s:%d" % (via.host, via.port or 5060)
            if via.branch.endswith(loop_hash) and any(sent_by == each.sent_by for each in listeners):
                return True
    return False


def make_response(
    request: Request, status: int, phrase: str, to_tag: bytes = b"", fields: Sequence[bytes] = ()
) -> bytes:
    """A response of our own, with what RFC 3261 8.2.6 copies from the request; empty where it has no room."""
    copied = request.via_lines
    for name in (b"from", b"to", b"call-id", b"cseq"):
        index = request.where.get(name)
        if index is None:
            continue
        line = request.lines[index]
        if name == b"to" and to_tag and not request.to_tag:
            line = line.rstrip() + b";tag=" + to_tag
        copied.append(line)
    if status == 100 and b"timestamp" in request.where:
        copied.append(request.lines[request.where[b"timestamp"]])
    start = b"SIP/2.0 %d %s" % (status, phrase.encode("utf-8", "replace"))
    data = b"\r\n".join((start, *copied, *fields, b"Content-Length: 0", b"", b""))
    return data if not request.room or len(data) <= request.room else _trimmed(start, copied, request.room)


def _trimmed(start: bytes, copied: list[bytes], room: int) -> bytes:
    """An answer to somebody who may be forged, no larger than his request: without fields of ours, then without words.

    What 8.2.6 copies has to stay, and the To tag; a datagram needs no Content-Length (18.3). Where even that is too
    large there is no answer: it would be one more means of sending more to a third party than was sent.
    """
    status = start[:12]
    for data in (
        b"\r\n".join((start, *copied, b"Content-Length: 0", b"", b"")),
        b"\r\n".join((start, *copied, b"", b"")),
        b"\r\n".join((status, *copied, b"", b"")),
    ):
        if len(data) <= room:
            return data
    return b""

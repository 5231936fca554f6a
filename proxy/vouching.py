"""Identity on what leaves (RFC 8224, 8946): calls of the PBX to a trunk, and signed calls that a rule diverts."""

from __future__ import annotations

from email.utils import formatdate
from typing import Final

from proxy.context import Context
from proxy.neighbours import Destination, Peer, Target
from proxy.screening import asserted_uris, read_asserted, read_identity
from proxy.sip.message import canonical_name
from proxy.stir.passports import DIV
from proxy.stir.signing import Signing
from rules.model import Trunk

_VERIFIED: Final = frozenset(("A", "B", "C"))


def trunk_of(context: Context, target: Target) -> Peer | None:
    """The trunk that a call goes to; None where it goes to nobody of the kind."""
    if target.trunk is not None:
        return target.trunk.peer
    peer = context.topology.places.trunk_at(context.flow.listener, target.host, target.port)
    return peer if peer is not None and not peer.from_pbx and peer.known else None


def vouch(context: Context, signing: Signing, at: float, *, withheld: bool) -> str:
    """Sign a call that begins at the PBX, unless it comes signed: what was attested, empty for nothing.

    `withheld`: whom it asserts is not for that trunk to know (RFC 3325 section 7), so that From alone is signed.
    """
    request = context.request
    if b"identity" in request.where:
        return ""
    peer = trunk_of(context, context.targets[0])
    if peer is None or not signing.signs_to(peer.name):
        return ""
    uris, clear = ([], True) if withheld else asserted_uris(request, peer.trunk)
    orig = _tn(uris[0] if uris else context.fields.sender.uri, peer.trunk) if clear else ""
    dest = _tn(context.plan.uri_bytes, peer.trunk)
    level = signing.level(orig) if orig and dest else ""
    if level:
        context.lines.append(b"Identity: " + signing.shaken(orig, dest, at, level))
        if b"date" not in request.where:  # RFC 8224 4.1: the one who signs adds it
            context.lines.append(b"Date: " + formatdate(at, usegmt=True).encode())
    return level


def vouch_for_diversion(context: Context, signing: Signing, destination: Destination, at: float) -> str:
    """Say, to whoever verifies next, that a call which was signed for its called number goes elsewhere from here."""
    if context.attestation not in _VERIFIED or not any(canonical_name(line) == b"identity" for line in context.lines):
        return ""
    trunk = context.peer.trunk
    orig, before = _tn(context.fields.sender.uri, trunk), _tn(context.request.uri, trunk)
    uris, clear = asserted_uris(context.request, trunk) if trunk.identity_trusted else ([], True)
    if uris:
        orig = _tn(uris[0], trunk)
    dest = _tn(destination.uri, trunk)
    if not (clear and orig and before and dest and dest != before and signing.owns(before)):
        return ""
    context.lines.append(b"Identity: " + signing.div(orig, dest, before, at))
    return DIV


def _tn(uri: bytes, trunk: Trunk) -> str:
    """The digits of the number that a URI names; empty where it names none, or could name two."""
    found = read_asserted(uri, trunk) if uri else read_identity(uri, trunk).readings
    if found.others or found.differ or not found.first.canonical.startswith("+"):
        return ""
    return found.first.canonical[1:]

"""Calls that are only asked about (`answer: redirect`): a verdict becomes a final response, nothing goes on from here.

Whoever asks has the call and sends it where it belongs: 404 or 503 says go on, 302 go on with these marks or there, a
rejection stop. So no answer of ours may keep him from going on, but a verdict that says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from proxy.diversion import diversion
from proxy.neighbours import Peer
from proxy.routing import Topology
from proxy.screening import Screening
from proxy.sip.errors import BadHeader
from proxy.sip.message import Request
from proxy.sip.uri import parse_uri
from proxy.validation import Refusal
from rules.model import Action, Step, Verdict

UNREAD: Final = "unread"  # in place of a rule: not all of the call could be read
_OWN: Final = b"X-Ringfence-"
_MARK: Final = _OWN.lower()
_VERDICT: Final = b"X-Ringfence-Verdict: "
_DECISION: Final = b"X-Ringfence-Decision: "
CONTACT: Final = b"Contact: "
_SCHEMES: Final = frozenset((b"sip", b"sips", b"tel"))
_IN_BRACKETS: Final = re.compile(rb"[!#-;=?-~]+")  # what may stand in a Contact
_PARAM: Final = re.compile(rb"[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]+(?:=[A-Za-z0-9\-_.!~*'()\[\]/:&+$%]+)?")
_MOVED: Final = "Moved Temporarily"
_PHRASES: Final = {404: "Not Found", 503: "Service Unavailable"}
_LONGEST_WHY: Final = 200


def go_on(status: int, decision: str = "", why: str = "") -> Refusal:
    """The call may ring. Without Retry-After, by which whoever asks would ask no more for a while.

    `why` says what kept it from being judged (RFC 3261 20.43: 399, miscellaneous).
    """
    fields: tuple[bytes, ...] = ()
    if decision:
        fields = (_DECISION + decision.encode(),)
    if why:
        shown = why[:_LONGEST_WHY].encode("ascii", "replace").replace(b"\\", b"/").replace(b'"', b"'")
        fields += (b'Warning: 399 ringfence "not judged: %s"' % shown,)
    return Refusal(status, _PHRASES[status], fields)


def judges_any(request: Request, peer: Peer) -> bool:
    """Is it a call that is only asked about, and judged by what can be read of it?

    Refused it would go on unjudged, and what nobody reads here whoever asks may well read. With `fail_closed` it is
    refused.
    """
    return peer.redirect != 0 and request.method == b"INVITE" and not peer.trunk.fail_closed


def unread(request: Request, why: str, decision: str = "") -> Refusal:
    """It may ring, marked as a call of which not all could be read; `why` says what."""
    marks = [_VERDICT + b"suspected", b"X-Ringfence-Rule: " + UNREAD.encode()]
    if decision:
        marks.append(_DECISION + decision.encode())
    fields = (*marks, *go_on(404, why=why).fields)
    try:
        sound = parse_uri(request.uri).scheme in _SCHEMES and _IN_BRACKETS.fullmatch(request.uri) is not None
    except BadHeader:
        sound = False
    if sound:
        fields = (CONTACT + b"<%s>" % marked_uri(request.uri, marks), *fields)
    return Refusal(302, _MOVED, fields)


def redirection(status: int, verdict: Verdict, request: Request, topology: Topology, screening: Screening) -> Refusal:
    """What is answered to a call that is not rejected; `status` is how going on is said there.

    An emergency call goes on as it came, whatever else was found: nobody has to understand a 302 for that.
    """
    marked = verdict.action is Action.TAG or verdict.action is Action.DIVERT
    if not marked or verdict.step is Step.EMERGENCY:
        if request.fault and verdict.step is not Step.EMERGENCY:
            return unread(request, request.fault, verdict.decision)
        return go_on(status, verdict.decision)
    marks: list[bytes] = []
    label = screening.apply(marks, request, verdict)
    if label:
        marks.append(_OWN + b"Label: " + label.encode())
        if verdict.mask:
            marks.append(_OWN + b"Mask: yes")
    destination = topology.destination_of(verdict)
    target = request.uri if destination is None else destination.uri
    # Among the fields of the answer as well: not every program reads a URI with whatever the caller wrote into it.
    fields = [CONTACT + b"<%s>" % marked_uri(target, marks), *(each for each in marks if each.startswith(_OWN))]
    if destination is not None:
        fields.append(diversion(request.uri))  # RFC 5806 5.2: a redirecting server says who was called
    return Refusal(302, _MOVED, tuple(fields))


def marked_uri(uri: bytes, marks: Sequence[bytes]) -> bytes:
    """A URI that carries these header lines: as parameters, and as headers of the request to it (RFC 3261 19.1.1).

    As both, since some keep the one and some the other; a tel: URI has parameters alone (RFC 3966).
    """
    plain = _without_marks(uri.partition(b"?")[0])
    pairs = [line.partition(b": ")[::2] for line in marks]
    escaped = [(name, quote(value, safe="").encode()) for name, value in pairs]
    params = b"".join([b";%s=%s" % (name.lower(), value) for name, value in escaped if name.startswith(_OWN)])
    if plain[:4].lower() not in (b"sip:", b"sips"):
        return plain + params
    return b"%s%s?%s" % (plain, params, b"&".join([b"%s=%s" % pair for pair in escaped]))


def _without_marks(uri: bytes) -> bytes:
    """The URI without parameters of our names: a caller may have written some, and the first would be believed.

    Nor with any that are none: programs read no parameter where one is not to be read (RFC 3261 19.1.1).
    """
    first, *params = uri.split(b";")
    kept, behind_host = [first], b"@" in first or b"@" not in uri
    for each in params:
        own = unquote_to_bytes(each.partition(b"=")[0]).strip().lower().startswith(_MARK)
        none = b"@" not in each and _PARAM.fullmatch(each) is None
        if not (behind_host and (own or none)):
            kept.append(each)
        behind_host = behind_host or b"@" in each
    return b";".join(kept)

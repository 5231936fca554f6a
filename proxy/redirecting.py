"""Calls that are only asked about (`answer: redirect`): a verdict becomes a final response, nothing goes on from here.

Whoever asks has the call and sends it where it belongs: 404 or 503 says go on, 302 go on with these marks or there, a
rejection stop. So no answer of ours may keep him from going on, but a verdict that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from proxy.diversion import diversion
from proxy.routing import Topology
from proxy.screening import Screening
from proxy.sip.message import Request
from proxy.validation import Refusal
from rules.model import Action, Step, Verdict

_OWN: Final = b"X-Ringfence-"
_MARK: Final = _OWN.lower()
_DECISION: Final = b"X-Ringfence-Decision: "
CONTACT: Final = b"Contact: "
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


def redirection(status: int, verdict: Verdict, request: Request, topology: Topology, screening: Screening) -> Refusal:
    """What is answered to a call that is not rejected; `status` is how going on is said there.

    An emergency call goes on as it came, whatever else was found: nobody has to understand a 302 for that.
    """
    marked = verdict.action is Action.TAG or verdict.action is Action.DIVERT
    if not marked or verdict.step is Step.EMERGENCY:
        return go_on(status, verdict.decision)
    marks: list[bytes] = []
    label = screening.apply(marks, request, verdict)
    if label:
        marks.append(_OWN + b"Label: " + label.encode())
    destination = topology.destination_of(verdict)
    target = request.uri if destination is None else destination.uri
    fields = [CONTACT + b"<%s>" % marked_uri(target, marks), _DECISION + verdict.decision.encode()]
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
    """The URI without parameters of our names: a caller may have written some, and the first would be believed."""
    first, *params = uri.split(b";")
    kept, behind_host = [first], b"@" in first or b"@" not in uri
    for each in params:
        if not (behind_host and unquote_to_bytes(each.partition(b"=")[0]).strip().lower().startswith(_MARK)):
            kept.append(each)
        behind_host = behind_host or b"@" in each
    return b";".join(kept)

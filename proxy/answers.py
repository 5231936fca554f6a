"""The responses that the proxy itself gives: with one To tag a request, so that their ACK is known (RFC 3261 8.2.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from proxy.forwarding import make_response
from proxy.sip.flow import Flow
from proxy.sip.message import Request
from proxy.validation import Refusal

_OWN_TAG: Final = b"rf"
PHRASES: Final = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    416: "Unsupported URI Scheme",
    420: "Bad Extension",
    430: "Flow Failed",
    440: "Max-Breadth Exceeded",
    481: "Call/Transaction Does Not Exist",
    482: "Loop Detected",
    483: "Too Many Hops",
    487: "Request Terminated",
    500: "Server Internal Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "Version Not Supported",
    513: "Message Too Large",
    603: "Decline",
}


class Answers:
    """Responses of one node; `salt` makes its tags its own."""

    def __init__(self, salt: int) -> None:
        self._salt = salt

    def final(self, request: Request, status: int, proof: bytes = b"") -> bytes:
        """A final response with the phrase that the RFC gives it; `proof` ends its To tag."""
        return make_response(request, status, PHRASES.get(status, "Unknown"), self._tag(request) + proof)

    def refusal(self, request: Request, refusal: Refusal, proof: bytes = b"") -> bytes:
        """A final response that says why; `proof` ends its To tag."""
        return make_response(request, refusal.status, refusal.phrase, self._tag(request) + proof, refusal.fields)

    def proof_of(self, flow: Flow) -> bytes:
        """What only who reads there knows: the rest of the tag is the same for whoever sends the same request."""
        if not flow.proof:
            flow.proof = b".%x" % (hash((self._salt, flow.host, flow.port, b"who reads here")) & 0xFFFFFFFF)
        return flow.proof

    def trying(self, request: Request) -> bytes:
        """100 Trying, which has no To tag (8.2.6.2)."""
        return make_response(request, 100, "Trying")

    def options(self, request: Request, fields: Sequence[bytes] = ()) -> bytes:
        """We are asked ourselves whether we are alive (11)."""
        fields = (b"Accept: application/sdp", b"Supported: ", *fields)
        return make_response(request, 200, "OK", self._tag(request), fields)

    def acknowledges_us(self, request: Request) -> bool:
        """Is this ACK for a final response of ours?"""
        if (request.raw(b"to") or b"").find(b"tag=rf") < 0:  # `in` would take it for a number first
            return False
        return request.to_tag.partition(b".")[0] == self._tag(request)

    def _tag(self, request: Request) -> bytes:
        """The same for each response to one request, known to nobody else, and kept nowhere."""
        sender = request.raw(b"from") or b""
        number = hash((self._salt, request.call_id, sender.rpartition(b"tag=")[2], b"our To tag"))
        return _OWN_TAG + b"%x" % (number & 0xFFFFFFFFFFFFFFFF)

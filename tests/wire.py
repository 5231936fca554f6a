"""Messages for tests, built and read as plain text, so that nothing here leans on the code under test."""

from __future__ import annotations

import textwrap

SDP = "v=0\no=wren 1 1 IN IP4 198.51.100.21\ns=-\nc=IN IP4 198.51.100.21\nt=0 0\nm=audio 30000 RTP/AVP 8\n"

CALLER = "+8613912345678"
CALLED = "+8613800138000"
TRUNK = ("198.51.100.21", 5060)  # where calls come from
PBX = ("203.0.113.10", 5060)  # where they end
PBX2 = ("203.0.113.11", 5060)  # the second address of that PBX
STRANGER = ("192.0.2.66", 5060)  # nobody we know
US = "203.0.113.1:5060"


def crlf(text: str, body: str = "") -> bytes:
    """A message written as indented text, one header field a line, with CRLF line ends; `{length}` is the body's."""
    octets = body.replace("\n", "\r\n").encode()
    head = textwrap.dedent(text).strip("\n").replace("{length}", str(len(octets)))
    return head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + octets


def request(
    method: str,
    *,
    uri: str = f"sip:{CALLED}@{US}",
    via: str = "SIP/2.0/UDP 198.51.100.21:5060;branch=z9hG4bKone",
    from_: str = f"<sip:{CALLER}@wren.example>;tag=wren",
    to: str = f"<sip:{CALLED}@rook.example>",
    call_id: str = "call-1@wren.example",
    cseq: int = 1,
    max_forwards: str | None = "70",
    extra: str = "",
    body: str = "",
) -> bytes:
    """A request as a trunk would send it; `extra` is further header lines."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via}",
        *([] if max_forwards is None else [f"Max-Forwards: {max_forwards}"]),
        f"From: {from_}",
        f"To: {to}",
        f"Call-ID: {call_id}",
        f"CSeq: {cseq} {method}",
        *extra.strip("\n").splitlines(),
        *(["Content-Type: application/sdp"] if body else []),
        "Content-Length: {length}",
    ]
    return crlf("\n".join(lines), body)


def invite(*, extra: str = "Contact: <sip:wren@198.51.100.21:5060>", body: str = SDP, **fields: str | int) -> bytes:
    """A call set-up; keywords as in `request`."""
    return request("INVITE", extra=extra, body=body, **fields)  # type: ignore[arg-type]


def response(
    status: int,
    to: bytes,
    *,
    phrase: str = "Whatever",
    tag: str = "rook",
    extra: str = "",
    body: str = "",
) -> bytes:
    """The response that a next hop gives to a request as it got it (RFC 3261 8.2.6)."""
    to_value = header(to, "To")
    if tag and ";tag=" not in to_value and status != 100:
        to_value += f";tag={tag}"
    lines = [
        f"SIP/2.0 {status} {phrase}",
        *(f"Via: {value}" for value in headers(to, "Via")),
        *(f"Record-Route: {value}" for value in headers(to, "Record-Route")),
        f"From: {header(to, 'From')}",
        f"To: {to_value}",
        f"Call-ID: {header(to, 'Call-ID')}",
        f"CSeq: {header(to, 'CSeq')}",
        *extra.strip("\n").splitlines(),
        "Content-Length: {length}",
    ]
    return crlf("\n".join(lines), body)


def answer(to: bytes, **fields: str) -> bytes:
    """A 200 with session description and Contact, as a callee gives to INVITE."""
    fields.setdefault("extra", "Contact: <sip:desk@203.0.113.10:5060>\nContent-Type: application/sdp")
    fields.setdefault("body", SDP)
    return response(200, to, phrase="OK", **fields)


def cancel(of: bytes) -> bytes:
    """The CANCEL of a request: its Request-URI, Via, Route, From, To, Call-ID and CSeq number (RFC 3261 9.1)."""
    return _same_hop(of, "CANCEL", header(of, "To"))


def ack(of: bytes, final: bytes) -> bytes:
    """The ACK of a final response that is no 2xx: same hop, same branch (RFC 3261 17.1.1.3)."""
    return _same_hop(of, "ACK", header(final, "To"))


def _same_hop(of: bytes, method: str, to: str) -> bytes:
    lines = [
        f"{method} {uri(of)} SIP/2.0",
        f"Via: {header(of, 'Via')}",
        *(f"Route: {value}" for value in headers(of, "Route")),
        "Max-Forwards: 70",
        f"From: {header(of, 'From')}",
        f"To: {to}",
        f"Call-ID: {header(of, 'Call-ID')}",
        f"CSeq: {header(of, 'CSeq').split()[0]} {method}",
        "Content-Length: 0",
    ]
    return crlf("\n".join(lines))


def start_line(data: bytes) -> str:
    return data.partition(b"\r\n")[0].decode("utf-8", "surrogateescape")  # whatever a damaged message holds


def method(data: bytes) -> str:
    """The method of a request, empty for a response."""
    word = start_line(data).split(" ")[0]
    return "" if word == "SIP/2.0" else word


def uri(data: bytes) -> str:
    return start_line(data).split(" ")[1]


def status(data: bytes) -> int:
    """The status of a response, 0 for a request."""
    words = start_line(data).split(" ")
    return int(words[1]) if words[0] == "SIP/2.0" else 0


def headers(data: bytes, name: str) -> list[str]:
    """The values of header fields written with that long name, in order; nothing is unfolded or split."""
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    found = []
    for line in head.split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            found.append(value.strip())
    return found


def header(data: bytes, name: str) -> str:
    """The one value of that header field, empty where it is absent."""
    found = headers(data, name)
    assert len(found) < 2, f"{name} stands {len(found)} times in {data!r}"
    return found[0] if found else ""


def top_via(data: bytes) -> str:
    return headers(data, "Via")[0]


def branch(data: bytes) -> str:
    """The branch parameter of the top Via."""
    return top_via(data).partition(";branch=")[2].partition(";")[0]


def body(data: bytes) -> bytes:
    return data.partition(b"\r\n\r\n")[2]

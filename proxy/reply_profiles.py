"""Reply profiles: what a rejected caller is told, made ready once and filled in for each call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from proxy.profile_settings import DECISION, URL, ProfileSettings
from proxy.sip.message import Request

DEFAULT_PROFILE: Final = "decline"
REJECTED: Final = 608  # by a machine of the network (RFC 8688)
ANONYMITY_DISALLOWED: Final = 433  # RFC 5079
_PHRASES: Final = {
    403: "Forbidden",
    404: "Not Found",
    410: "Gone",
    433: "Anonymity Disallowed",
    480: "Temporarily Unavailable",
    484: "Address Incomplete",
    486: "Busy Here",
    488: "Not Acceptable Here",
    500: "Server Internal Error",
    503: "Service Unavailable",
    600: "Busy Everywhere",
    603: "Decline",
    604: "Does Not Exist Anywhere",
    606: "Not Acceptable",
    608: "Rejected",
}
_NETWORK_BLOCKED: Final = "Network Blocked"  # what 603+ is known by (ATIS-1000099)
_KNOWS_608: Final = re.compile(rb"(?:^|[;,*\s])\+sip\.608(?:[;,=\s]|$)", re.IGNORECASE)
_WITHHELD: Final = frozenset((b"id", b"user", b"header"))  # RFC 3323 4.2, RFC 3325 9.3

PLACE: Final = re.compile(r"\{[^{}]*\}")
PLACES: Final = (DECISION, URL)  # all that a value may hold
# Whoever else writes these: RFC 3261 8.2.6 and 16, what frames a message, what says who somebody is, our own settings.
RESERVED: Final = frozenset((
    "accept-contact", "allow", "allow-events", "authentication-info", "authorization", "call-id", "call-info",
    "contact", "content-disposition", "content-encoding", "content-language", "content-length", "content-type",
    "cseq", "diversion", "event", "expires", "feature-caps", "flow-timer", "from", "geolocation", "history-info",
    "identity", "identity-info", "max-breadth", "max-forwards", "mime-version", "min-expires", "min-se",
    "p-access-network-info", "p-asserted-identity", "p-called-party-id", "p-preferred-identity", "path",
    "permission-missing", "privacy", "proxy-authenticate", "proxy-authentication-info", "proxy-authorization",
    "proxy-require", "rack", "reason", "record-route", "refer-to", "referred-by", "remote-party-id", "replaces",
    "reject-contact", "request-disposition", "require", "retry-after", "route", "rseq", "security-client",
    "security-server", "security-verify", "service-route", "session-expires", "sip-etag", "sip-if-match",
    "subscription-state", "supported", "timestamp", "to", "transfer-encoding", "unsupported", "via",
    "www-authenticate", "a", "b", "c", "d", "e", "f", "i", "j", "k", "l", "m", "n", "o", "r", "s", "t", "u", "v", "x",
    "y",
))  # fmt: skip
OURS: Final = "x-ringfence-"


def reserved(name: str) -> bool:
    """May nobody but the proxy, or a setting of its own, write this header field?"""
    small = name.lower()
    return small in RESERVED or small.startswith(OURS)


class Profile:
    """One way to say no."""

    __slots__ = ("lines", "name", "otherwise", "phrase", "status")

    def __init__(self, name: str, settings: ProfileSettings) -> None:
        self.name = name
        self.status = settings.status
        phrase = settings.phrase
        if phrase is None:
            phrase = _NETWORK_BLOCKED if settings.analytics else _PHRASES.get(settings.status, "Decline")
        self.phrase = phrase
        otherwise = settings.otherwise
        if otherwise is None:
            otherwise = DEFAULT_PROFILE if settings.status == REJECTED else ""
        self.otherwise = "" if otherwise == name else otherwise  # the profile for those whom this one does not suit
        url = settings.url or ""
        lines = [_reason(settings)] if settings.reason != "none" else []
        if settings.card:
            lines.append(f"Call-Info: <{settings.card}>;purpose=jwscard")  # RFC 8688 3.1
        lines += [f"{field}: {value.replace(URL, url)}" for field, value in settings.headers.items()]
        # Each line in pieces, between which the id of the decision stands.
        self.lines = [tuple([part.encode() for part in line.split(DECISION)]) for line in lines]

    @property
    def tells_decision(self) -> bool:
        """Does whoever is rejected learn the decision's id?"""
        return any(len(line) > 1 for line in self.lines)

    def fields(self, decision: str) -> tuple[bytes, ...]:
        """The header lines of a reply."""
        told = decision.encode()
        return tuple([told.join(line) for line in self.lines])

    def suits(self, request: Request | None) -> bool:
        """May this caller be told so? `request` is None where somebody asks on his behalf, by HTTP."""
        if self.status == REJECTED:
            return request is not None and knows_608(request)
        return self.status != ANONYMITY_DISALLOWED or request is None or is_anonymous(request)


def _reason(settings: ProfileSettings) -> str:
    """RFC 3326; with protocol SIP in a response, and with a location (RFC 8606), as ATIS-1000099 has it."""
    cause = settings.cause or (21 if settings.reason == "Q.850" else settings.status)
    text = DECISION
    if settings.analytics:
        told = (("url", settings.url), ("tel", settings.tel), ("email", settings.email), ("id", DECISION))
        text = ";".join(["v=analytics1", *[f"{key}={value}" for key, value in told if value]])
    where = f";location={settings.location}" if settings.location else ""
    return f'Reason: {settings.reason};cause={cause};text="{text}"{where}'


def made(profiles: Mapping[str, ProfileSettings]) -> dict[str, Profile]:
    """The profiles of ringfence.yaml, and the one that is always there."""
    all_of_them = {DEFAULT_PROFILE: ProfileSettings(), **profiles}
    return {name: Profile(name, settings) for name, settings in all_of_them.items()}


def knows_608(request: Request) -> bool:
    """Has the caller's side shown that it knows 608, so that nobody need tell him aloud (RFC 8688 3.4, RFC 6809)?"""
    return any(_KNOWS_608.search(value) for value in request.raw_all(b"feature-caps"))


def is_anonymous(request: Request) -> bool:
    """Does the caller withhold who he is (RFC 3323 4.1, RFC 3325 7)?"""
    asked = {each.strip().lower() for value in request.raw_all(b"privacy") for each in value.split(b";")}
    return bool(asked & _WITHHELD) or b"anonymous" in (request.raw(b"from") or b"").lower()

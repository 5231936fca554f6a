"""Why nobody vouches for a caller: each reason has a name, which rules, records and figures show."""

from __future__ import annotations

from enum import StrEnum


class Failure(StrEnum):
    """What is wrong with an Identity header field, its claims, its certificate or its signature."""

    TOO_MANY = "too-many"  # more Identity header fields than are looked at
    TOO_LARGE = "too-large"
    MALFORMED = "malformed"
    COMPACT = "compact-form"  # no claims are in it, so nobody could say what was attested (RFC 8225 section 7)
    NOT_SHAKEN = "not-shaken"  # signed, but nothing is attested by it
    TYPE = "type"  # its `typ` is no passport, or `ppt` differs beside the token
    ALGORITHM = "algorithm"  # anything but ES256
    CLAIMS = "claims"  # one is lacking, there twice, or none that a PASSporT may have
    STALE = "stale"
    FUTURE = "future"
    OTHER_CALLER = "other-caller"
    OTHER_CALLED = "other-called"
    UNSIGNED_DIVERSION = "unsigned-diversion"  # signed for whom To names, and it went elsewhere without a word
    DIVERSION = "diversion"  # a chain of diversions with a hole, or a circle
    MEDIA_KEYS = "media-keys"
    REPLAYED = "replayed"
    URL = "url"  # no https, or with a port, a query or a user that none may have
    URL_DIFFERS = "url-differs"  # beside the token stands another one than in it
    HOST = "host"  # none that the operator allows
    ADDRESS = "address"  # it leads into a network that no certificate lies in
    CERTIFICATE = "certificate"  # none can be read there
    CERTIFICATE_KEY = "certificate-key"  # none of P-256
    CHAIN = "chain"  # too long
    EXPIRED = "expired"
    NOT_YET_VALID = "not-yet-valid"
    UNTRUSTED = "untrusted"  # it leads to none of the operator's authorities
    NO_NUMBERS = "no-numbers"  # the certificate says nothing of what it may sign
    OTHER_NUMBERS = "other-numbers"
    SIGNATURE = "signature"
    UNREACHABLE = "unreachable"  # the certificate could not be fetched
    LATE = "late"  # not verified in time
    BUSY = "busy"  # too many are verified at once

    @property
    def is_verdict(self) -> bool:
        """Does it say something of the call? Of a server that is out of reach nobody can tell (not verified)."""
        return self not in _UNKNOWN


_UNKNOWN = frozenset((Failure.NOT_SHAKEN, Failure.UNSIGNED_DIVERSION, Failure.UNREACHABLE, Failure.LATE, Failure.BUSY))


class Unverified(Exception):
    """Nobody vouches for it, and why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.value)
        self.failure = failure

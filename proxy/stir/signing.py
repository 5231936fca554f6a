"""Signs calls that leave (RFC 8224 section 6.1, RFC 8588): what we know of the caller, and by whom it was diverted."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from math import inf
from typing import Any, Final, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from proxy.stir.passports import DIV, SHAKEN

_ES256: Final = ec.ECDSA(SHA256())
_NOBODY: Final = "none"
_SOON_S: Final = 14 * 86_400.0


class Signing(NamedTuple):
    """By what calls are signed."""

    key: ec.EllipticCurvePrivateKey
    url: str  # of its certificate
    numbers: tuple[str, ...] = ()  # digits that the PBX may use, those with a star being the beginning of many
    others: str = "B"  # how calls with other numbers are signed; none: not
    origid: str = ""
    trunks: frozenset[str] = frozenset()  # to which calls are signed; empty: all
    ends: float = inf  # of its certificate: nobody believes what is signed later
    listed: Callable[[str], bool] | None = None  # does a canonical number stand on a list of the PBX's own?

    def trouble(self, now: float) -> str:
        """What somebody should see to; empty for nothing."""
        if self.ends - now > _SOON_S:
            return ""
        ends = f"{datetime.fromtimestamp(self.ends, UTC):%Y-%m-%d %H:%M} UTC"
        if now >= self.ends:
            return f"calls leave unsigned: the certificate of identity.sign ended on {ends}"
        return f"the certificate of identity.sign ends on {ends}"

    def signs_to(self, trunk: str) -> bool:
        """Are calls to that trunk signed?"""
        return not self.trunks or trunk in self.trunks

    def owns(self, tn: str) -> bool:
        """May the PBX use this number?"""
        if any(tn.startswith(each[:-1]) if each.endswith("*") else tn == each for each in self.numbers):
            return True
        return self.listed is not None and self.listed(f"+{tn}")

    def level(self, tn: str) -> str:
        """What we attest of a call with this number; empty for nothing."""
        if self.owns(tn):
            return "A"
        return "" if self.others == _NOBODY else self.others

    def shaken(self, orig: str, dest: str, at: float, level: str) -> bytes:
        """The value of Identity for a call that begins here."""
        claims = {
            "attest": level,
            "dest": {"tn": [dest]},
            "iat": int(at),
            "orig": {"tn": orig},
            "origid": self.origid or str(uuid5(NAMESPACE_URL, self.url)),
        }
        return self._identity(SHAKEN, claims)

    def div(self, orig: str, dest: str, before: str, at: float) -> bytes:
        """The value of Identity for a call to `before` that goes to `dest` instead (RFC 8946 section 4)."""
        claims = {"dest": {"tn": [dest]}, "div": {"tn": before}, "iat": int(at), "orig": {"tn": orig}}
        return self._identity(DIV, claims)

    def _identity(self, ppt: str, claims: dict[str, Any]) -> bytes:
        header = {"alg": "ES256", "ppt": ppt, "typ": "passport", "x5u": self.url}
        signed = b".".join(map(_encoded, (_written(header), _written(claims))))
        r, s = decode_dss_signature(self.key.sign(signed, _ES256))
        token = signed + b"." + _encoded(r.to_bytes(32) + s.to_bytes(32))
        return b"%s;info=<%s>;alg=ES256;ppt=%s" % (token, self.url.encode(), ppt.encode())


def own_numbers(written: Sequence[str]) -> tuple[str, ...]:
    """Numbers of the configuration as PASSporTs have them."""
    return tuple(each.removeprefix("+") for each in written)


def _written(part: dict[str, Any]) -> bytes:
    """In the one way that RFC 8225 section 9 has: names in order, no blanks."""
    return json.dumps(part, separators=(",", ":"), sort_keys=True).encode()


def _encoded(octets: bytes) -> bytes:
    return urlsafe_b64encode(octets).rstrip(b"=")

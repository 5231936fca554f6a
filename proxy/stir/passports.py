"""An Identity header field (RFC 8224 section 4) with its PASSporT (RFC 8225), as it is written: nothing is verified."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from math import inf
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from proxy.stir.failures import Failure, Unverified

MOST: Final = 6  # Identity header fields of a call that are looked at
LARGEST: Final = 8192  # octets of one
LONGEST_URL: Final = 1024
_HALF: Final = 32
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # of P-256 (SEC 2, 2.4.2)
_SIGNATURE: Final = 64  # octets of an ES256 signature (RFC 7518 3.4)
_BASE64: Final = re.compile(rb"[A-Za-z0-9_-]*")
_TN: Final = re.compile(r"\+?[0-9*#]{1,15}")  # RFC 8225 5.2.1; some write the plus that does not belong there
_PARAMETER: Final = re.compile(rb'\s*;\s*([A-Za-z0-9-]+)\s*(?:=\s*(<[^<>\s]*>|"[^"\\]*"|[^;,\s"<>]+))?\s*')
_ORIGID: Final = re.compile(r"[\x21-\x7e]{1,128}")
_LEVELS: Final = frozenset(("A", "B", "C"))
_PORTS: Final = (None, 443, 8443)  # ATIS-1000074
SHAKEN: Final = "shaken"
DIV: Final = "div"
RCD: Final = "rcd"


class Passport(NamedTuple):
    """What a PASSporT says; `signed` and `signature` are what is to be verified."""

    ppt: str  # the kind of PASSporT: shaken, div, rcd; empty for none
    url: str  # where its certificate lies
    iat: float
    orig: str  # the caller's digits
    dest: tuple[str, ...]  # digits of whom he called
    div: str  # digits of whom it was diverted from
    attest: str
    origid: str
    name: str  # what the caller is called (RFC 9795)
    keys: tuple[tuple[str, str], ...]  # fingerprints of media keys, by their hash
    signed: bytes
    signature: bytes
    begins: float = 0.0  # `nbf` and `exp` (RFC 7519 4.1), which hardly any has
    ends: float = inf

    @property
    def once(self) -> bytes:
        """What no two PASSporTs share that somebody signed: of each signature anybody can make a second (r, n - s)."""
        r, s = self.signature[:_HALF], int.from_bytes(self.signature[_HALF:])
        return b"%s.%s%x" % (self.signed, r, min(s, ORDER - s))


def read_identity(value: bytes) -> Passport:
    """The PASSporT of one Identity header field. Raises Unverified."""
    if len(value) > LARGEST:
        raise Unverified(Failure.TOO_LARGE)
    text = value.replace(b"\r\n", b"")  # a folded line: what it begins with is a blank
    end = text.find(b";")
    token = (text if end < 0 else text[:end]).strip()
    parameters = _parameters(b"" if end < 0 else text[end:])
    parts = token.split(b".")
    if len(parts) != 3:
        raise Unverified(Failure.MALFORMED)
    if not parts[0] and not parts[1]:
        raise Unverified(Failure.COMPACT)
    header, claims = _object(parts[0]), _object(parts[1])
    if header.get("alg") != "ES256" or parameters.get(b"alg", b"ES256") != b"ES256":
        raise Unverified(Failure.ALGORITHM)
    ppt = header.get("ppt", "")
    beside = parameters.get(b"ppt", b"")
    if header.get("typ") != "passport" or "crit" in header or not isinstance(ppt, str) or beside != ppt.encode():
        raise Unverified(Failure.TYPE)
    url = _url(header.get("x5u"))
    if parameters.get(b"info") != url.encode():
        raise Unverified(Failure.URL_DIFFERS)
    signature = _decoded(parts[2])
    if len(signature) != _SIGNATURE:
        raise Unverified(Failure.SIGNATURE)
    return _read_claims(ppt, url, claims, token[: len(parts[0]) + 1 + len(parts[1])], signature)


def _read_claims(ppt: str, url: str, claims: dict[str, Any], signed: bytes, signature: bytes) -> Passport:
    iat = _time(claims.get("iat"))
    orig, div = claims.get("orig"), claims.get("div")
    attest, origid = claims.get("attest", ""), claims.get("origid", "")
    words = isinstance(attest, str) and isinstance(origid, str)
    if ppt == SHAKEN and not (words and attest in _LEVELS and _ORIGID.fullmatch(origid)):
        raise Unverified(Failure.CLAIMS)  # RFC 8588 section 4 and 5
    diverted = _one_number(div) if ppt == DIV else ""
    if ppt == DIV and not diverted:
        raise Unverified(Failure.CLAIMS)  # RFC 8946 section 4
    return Passport(
        ppt,
        url,
        iat,
        _one_number(orig),
        _numbers(claims.get("dest")),
        diverted,
        attest if ppt == SHAKEN else "",
        origid if ppt == SHAKEN else "",
        _name(claims.get("rcd")),
        _media_keys(claims.get("mky")),
        signed,
        signature,
        _time(claims.get("nbf", 0.0)),
        _time(claims["exp"]) if "exp" in claims else inf,
    )


def _time(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**40:
        raise Unverified(Failure.CLAIMS)
    return float(value)


def _parameters(text: bytes) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise Unverified(Failure.MALFORMED)
        name = match[1].lower()
        if name in found:
            raise Unverified(Failure.MALFORMED)  # two readers could take two
        value = match[2] or b""
        found[name] = value[1:-1] if value[:1] in (b"<", b'"') else value
        at = match.end()
    return found


def _decoded(part: bytes) -> bytes:
    """Base64url without padding (RFC 7515 section 2)."""
    if not _BASE64.fullmatch(part):
        raise Unverified(Failure.MALFORMED)
    try:
        return urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except Base64Error:
        raise Unverified(Failure.MALFORMED) from None


def _object(part: bytes) -> dict[str, Any]:
    """A JSON object in which no name stands twice."""
    try:
        found = json.loads(_decoded(part).decode(), object_pairs_hook=_single, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Unverified(Failure.MALFORMED) from None
    if not isinstance(found, dict):
        raise Unverified(Failure.MALFORMED)
    return found


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unverified(Failure.CLAIMS)
    return found


def _no_number(word: str) -> Any:
    raise ValueError(word)


def _url(x5u: object) -> str:
    """Where the certificate lies, if one may lie there (ATIS-1000074 section 5.3.1)."""
    if not isinstance(x5u, str) or len(x5u) > LONGEST_URL or not x5u.isascii() or not x5u.isprintable() or " " in x5u:
        raise Unverified(Failure.URL)
    if not is_sound_url(x5u):
        raise Unverified(Failure.URL)
    return x5u


def is_sound_url(url: str) -> bool:
    """Is it https to a host by name, at a usual port, and nothing but a path behind it?"""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    plain = parts.scheme == "https" and bool(parts.hostname) and port in _PORTS
    return plain and not parts.query and not parts.fragment and "@" not in parts.netloc and "\\" not in url


def _number(value: object) -> str:
    if not isinstance(value, str) or not _TN.fullmatch(value):
        raise Unverified(Failure.CLAIMS)
    return value.removeprefix("+")


def _one_number(value: object) -> str:
    """The number of `orig` or `div`; empty where it is a URI."""
    if not isinstance(value, dict) or len(value) != 1:
        raise Unverified(Failure.CLAIMS)
    if "uri" in value:
        return ""
    return _number(value.get("tn"))  # a text (RFC 8225 5.2.1); of `dest` alone it is an array


def _numbers(value: object) -> tuple[str, ...]:
    if not isinstance(value, dict):
        raise Unverified(Failure.CLAIMS)
    found = value.get("tn", [])
    if not isinstance(found, list) or not (found or value.get("uri")):
        raise Unverified(Failure.CLAIMS)
    return tuple(map(_number, found))


def _name(rcd: object) -> str:
    """The name of rich call data, on one line."""
    name = rcd.get("nam") if isinstance(rcd, dict) else None
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())[:200] if isinstance(name, str) else ""


def _media_keys(mky: object) -> tuple[tuple[str, str], ...]:
    """Fingerprints of DTLS certificates (RFC 8225 5.2.2), without colons."""
    if mky is None:
        return ()
    if not isinstance(mky, list) or not mky:
        raise Unverified(Failure.CLAIMS)
    found = []
    for each in mky:
        alg, dig = (each.get("alg"), each.get("dig")) if isinstance(each, dict) else (None, None)
        if not isinstance(alg, str) or not isinstance(dig, str):
            raise Unverified(Failure.CLAIMS)
        found.append((alg.lower(), dig.replace(":", "").upper()))
    return tuple(sorted(found))

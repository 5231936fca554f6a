"""Whom a rejected caller may turn to, as a signed card: a jCard (RFC 7095) in a JWS of ES256 (RFC 8688 3.2)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from proxy.profile_settings import ProfileSettings
from rules.texts.bad_value import BadValue

_LONGEST_KEY: Final = 16_384  # octets of its file


def jcard(profile: ProfileSettings, name: str) -> list[Any]:
    """The card of a profile: who speaks, and by which ways he is reached. Raises BadValue where there is none."""
    if not (profile.url or profile.email or profile.tel):
        raise BadValue("the profile names nobody whom a caller may turn to", "give it `url`, `email` or `tel`")
    page = (profile.url or "").partition("{decision}")[0]  # a card is made once, for all calls
    lines: list[list[Any]] = [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["org", {}, "text", name]]
    if page:
        lines.append(["url", {}, "uri", page])
    if profile.email:
        lines.append(["email", {}, "text", profile.email])
    if profile.tel:
        lines.append(["tel", {"type": ["voice"]}, "uri", f"tel:{profile.tel}"])
    return ["vcard", lines]


def signed(card: list[Any], key: ECKey, certificate: str, now: float) -> str:
    """The card as one line; `certificate` is where whoever reads it gets the signer's."""
    header = {"alg": "ES256", "typ": "vcard+json", "x5u": certificate}
    payload = json.dumps({"iat": int(now), "jcard": card}, ensure_ascii=False, separators=(",", ":"))
    return jws.serialize_compact(header, payload, key, algorithms=["ES256"])


def read_key(file: Path) -> ECKey:
    """A private key of P-256 in PEM, which nobody else may read. Raises BadValue."""
    try:
        if file.stat().st_mode & 0o077:
            raise BadValue(f"others may read {file}", f"take that right away: chmod 600 {file}")
        with file.open("rb") as opened:
            text = opened.read(_LONGEST_KEY)
    except OSError as error:
        raise BadValue(f"{file}: {error.strerror}", "name the file of a private key") from None
    try:
        key = ECKey.import_key(text)
    except (JoseError, ValueError, TypeError):
        key = None
    if key is None or not key.is_private or key.curve_name != "P-256":
        make = f"openssl ecparam -name prime256v1 -genkey -noout -out {file.name}"
        raise BadValue(f"{file} holds no private key of P-256, which ES256 signs with", f"make one: {make}")
    return key

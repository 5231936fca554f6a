"""The key that signs calls, and its certificate, out of files: read at the start and by each reload."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from proxy.identity_settings import IdentitySettings
from proxy.stir.credentials import LONGEST_CHAIN
from proxy.stir.signing import Signing, own_numbers


class SigningFault(Exception):
    """A file can't be used; nothing of a key stands in it."""

    def __init__(self, setting: str, what: str, hint: str) -> None:
        super().__init__(f"{what}; {hint}")
        self.setting, self.what, self.hint = setting, what, hint


def open_signing(settings: IdentitySettings, base: Path) -> Signing | None:
    """By what calls are signed; None where none are. Raises SigningFault."""
    sign = settings.under(base).sign
    if sign is None:
        return None
    key = _key(sign.key)
    certificate = _certificate(sign.certificate)
    if certificate.public_key() != key.public_key():
        raise SigningFault("key", f"{sign.key} is not the key of {sign.certificate}", "name the one it was made with")
    return Signing(
        key,
        sign.url,
        own_numbers(sign.numbers),
        sign.others,
        sign.origid,
        frozenset(sign.trunks),
        certificate.not_valid_after_utc.timestamp(),
    )


def _key(file: Path) -> ec.EllipticCurvePrivateKey:
    try:
        with file.open("rb") as opened:
            if stat.S_IMODE(os.fstat(opened.fileno()).st_mode) & 0o077:
                raise SigningFault("key", f"others may read {file}", f"run: chmod 600 {file}")
            found = load_pem_private_key(opened.read(), None)
    except OSError as error:
        raise SigningFault("key", f"{file} can't be read: {error.strerror}", "name a file in PEM") from None
    except (ValueError, TypeError):
        raise SigningFault(
            "key", f"there is no key in {file}, or it wants a password", "write it without one"
        ) from None
    if not isinstance(found, ec.EllipticCurvePrivateKey) or found.curve.name != "secp256r1":
        raise SigningFault("key", f"the key in {file} is none of P-256, which ES256 needs", "make one of that curve")
    return found


def _certificate(file: Path) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError as error:
        raise SigningFault("certificate", f"{file} can't be read: {error.strerror}", "name a file in PEM") from None
    except ValueError:
        hint = "name a file in PEM, the chain behind it"
        raise SigningFault("certificate", f"there is no certificate in {file}", hint) from None
    if len(found) > LONGEST_CHAIN:
        what = f"{len(found)} certificates are in {file}"
        raise SigningFault("certificate", what, f"name at most {LONGEST_CHAIN}: whoever verifies takes no more")
    return found[0]

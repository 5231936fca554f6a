"""Who signs calls in tests: an authority, certificates with numbers, and PASSporTs, made by a library of its own."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

NOW = 1_764_000_000.0
CALLER, CALLED = "12155551212", "12155551213"
URL = "https://cert.example.org/passport.cer"
ORIGID = "123e4567-e89b-12d3-a456-426655440000"
_PARAMETERS = {
    "ppt": HeaderParameter("kind", "str"),
    "x5u": HeaderParameter("whatever", "str"),
    "crit": HeaderParameter("critical", "list[str]"),
}
_REGISTRY = jws.JWSRegistry(_PARAMETERS, algorithms=["ES256"], strict_check_header=False)
TN_AUTH_LIST = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    octets = bytes([length]) if length < 128 else b"\x82" + length.to_bytes(2)
    return bytes([tag]) + octets + content


def provider(code: str) -> bytes:
    return _der(0xA0, _der(0x16, code.encode()))


def span(start: str, count: int) -> bytes:
    octets = count.to_bytes((count.bit_length() + 8) // 8, signed=True)
    return _der(0xA1, _der(0x30, _der(0x16, start.encode()) + _der(0x02, octets)))


def one(number: str) -> bytes:
    return _der(0xA2, _der(0x16, number.encode()))


def numbers(*entries: bytes) -> bytes:
    return _der(0x30, b"".join(entries))


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in certificates)


class Signer:
    """A certificate with its key."""

    def __init__(self, certificate: x509.Certificate, key: Any, chain: tuple[x509.Certificate, ...] = ()) -> None:
        self.certificate, self.key, self.chain = certificate, key, chain

    @property
    def published(self) -> bytes:
        """What lies at its URL."""
        return pem(self.certificate, *self.chain)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def token(self, header: dict[str, Any], claims: dict[str, Any] | bytes) -> str:
        payload = claims if isinstance(claims, bytes) else json.dumps(claims, separators=(",", ":")).encode()
        return jws.serialize_compact(header, payload, ECKey.import_key(self.key_pem), registry=_REGISTRY)

    def identity(self, *, ppt: str = "shaken", url: str = URL, beside: str = "", **claims: Any) -> bytes:
        """An Identity header field; `claims` replace the usual ones, None takes one away."""
        usual: dict[str, Any] = {
            "attest": "A",
            "dest": {"tn": [CALLED]},
            "iat": int(NOW),
            "orig": {"tn": CALLER},
            "origid": ORIGID,
        }
        if ppt != "shaken":
            del usual["attest"], usual["origid"]
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        header = {"alg": "ES256", "ppt": ppt, "typ": "passport", "x5u": url}
        if not ppt:
            del header["ppt"]
        beside = beside or f";info=<{url}>;alg=ES256" + (f";ppt={ppt}" if ppt else "")
        return f"{self.token(header, said)}{beside}".encode()


class Authority:
    """Who signs the certificates of signers."""

    def __init__(self, name: str = "Authority", *, by: Authority | None = None, depth: int | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.by = by
        issuer = by or self
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        self.name = subject
        self.certificate = (
            _begun(subject, issuer.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
            .add_extension(_may(signs_certificates=True), critical=True)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
                critical=False,
            )
            .sign(issuer.key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        return pem(self.certificate)

    def sign(
        self,
        *entries: bytes,
        name: str = "Carrier Inc",
        begins: float = NOW - 86400,
        ends: float = NOW + 86400,
        key: Any = None,
        list_: bytes | None = None,
    ) -> Signer:
        """A signer whose certificate names these numbers; without any, that of a provider."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        kinds = x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME
        subject = x509.Name([x509.NameAttribute(kind, name) for kind in kinds])
        made = _begun(subject, self.name, key.public_key(), begins, ends)
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        made = made.add_extension(_may(signs_certificates=False), critical=True)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        made = made.add_extension(identifier, critical=False)
        if list_ != b"":
            value = numbers(*(entries or (provider("1234"),))) if list_ is None else list_
            made = made.add_extension(x509.UnrecognizedExtension(TN_AUTH_LIST, value), critical=False)
        chain: list[x509.Certificate] = []
        above: Authority | None = self
        while above is not None and above.by is not None:
            chain.append(above.certificate)
            above = above.by
        return Signer(made.sign(self.key, hashes.SHA256()), key, tuple(chain))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: Any, begins: float = NOW - 10 * 86400, ends: float = NOW + 3650 * 86400
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.fromtimestamp(begins, UTC))
        .not_valid_after(datetime.fromtimestamp(ends, UTC) + timedelta(0))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _may(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def rsa_key() -> Any:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)

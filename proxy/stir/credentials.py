"""Whose certificate it is, what it may sign (RFC 8226), and whether it leads to an authority of the operator.

Revocation is not asked for: lists of revoked certificates are not fetched (docs/identity.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from proxy.stir.failures import Failure, Unverified

LONGEST_CHAIN: Final = 6
_TN_AUTH_LIST: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.1.26")
_ES256: Final = ec.ECDSA(SHA256())
_MOST_ENTRIES: Final = 10_000
_LONGEST_NAME: Final = 100
_DEPTH: Final = LONGEST_CHAIN - 1


@asn1.sequence
class _Range:
    start: asn1.IA5String
    count: int


@asn1.sequence
class _TnAuthList:
    """As RFC 8226 section 9 has it, inside a sequence of one."""

    entries: list[
        Annotated[asn1.Variant[asn1.IA5String, Literal["spc"]], asn1.Explicit(0)]
        | Annotated[asn1.Variant[_Range, Literal["range"]], asn1.Explicit(1)]
        | Annotated[asn1.Variant[asn1.IA5String, Literal["one"]], asn1.Explicit(2)]
    ]


class Numbers:
    """What a certificate may sign for."""

    __slots__ = ("providers", "ranges")

    def __init__(self, providers: tuple[str, ...], ranges: tuple[tuple[int, int, int], ...]) -> None:
        self.providers = providers  # codes of service providers, whose numbers no certificate lists
        self.ranges = ranges  # digits, first, last

    def covers(self, tn: str) -> bool:
        """May it sign for that number? What a provider's code stands for is known to the authority alone."""
        if self.providers:
            return True
        if not tn.isdecimal():
            return False
        number = int(tn)
        return any(len(tn) == digits and first <= number <= last for digits, first, last in self.ranges)


class Credential(NamedTuple):
    """A certificate whose chain was verified."""

    key: ec.EllipticCurvePublicKey
    numbers: Numbers
    signer: str
    begins: float
    ends: float

    def verify(self, signed: bytes, signature: bytes) -> bool:
        """Did this key sign it?"""
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        try:
            self.key.verify(encode_dss_signature(r, s), signed, _ES256)
        except InvalidSignature:
            return False
        return True


def read_authorities(data: bytes) -> Store:
    """The certificates of the operator's authorities. Raises ValueError."""
    return Store(x509.load_pem_x509_certificates(data))


def read_credential(data: bytes, authorities: Store, now: float) -> Credential:
    """What lies at the URL of a certificate, verified. Raises Unverified."""
    chain = _certificates(data)
    leaf = chain[0]
    key = leaf.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise Unverified(Failure.CERTIFICATE_KEY)
    begins, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    if now < begins:
        raise Unverified(Failure.NOT_YET_VALID)
    if now > ends:
        raise Unverified(Failure.EXPIRED)
    numbers = _numbers(leaf)
    _verify_chain(leaf, chain[1:], authorities, now)
    return Credential(key, numbers, _signer(leaf, numbers), begins, ends)


def _certificates(data: bytes) -> list[x509.Certificate]:
    if data.count(b"-----BEGIN CERTIFICATE-----") > LONGEST_CHAIN:
        raise Unverified(Failure.CHAIN)
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_certificates(data)
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        raise Unverified(Failure.CERTIFICATE) from None


def _verify_chain(leaf: x509.Certificate, further: Sequence[x509.Certificate], authorities: Store, now: float) -> None:
    # A certificate of STIR names numbers, and no host: none of what browsers ask of the last one.
    policy = PolicyBuilder().store(authorities).time(datetime.fromtimestamp(now, UTC)).max_chain_depth(_DEPTH)
    policy = policy.extension_policies(
        ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=ExtensionPolicy.permit_all()
    )
    try:
        policy.build_client_verifier().verify(leaf, list(further))
    except (VerificationError, ValueError):
        raise Unverified(Failure.UNTRUSTED) from None


def _numbers(leaf: x509.Certificate) -> Numbers:
    try:
        extension = leaf.extensions.get_extension_for_oid(_TN_AUTH_LIST).value
    except x509.ExtensionNotFound:
        raise Unverified(Failure.NO_NUMBERS) from None
    except (ValueError, x509.DuplicateExtension):
        raise Unverified(Failure.CERTIFICATE) from None
    assert isinstance(extension, x509.UnrecognizedExtension)
    return read_numbers(extension.value)


def read_numbers(der: bytes) -> Numbers:
    """The TNAuthList of a certificate. Raises Unverified."""
    try:
        entries = asn1.decode_der(_TnAuthList, b"\x30" + _length(len(der)) + der).entries
    except ValueError:
        raise Unverified(Failure.CERTIFICATE) from None
    if not 0 < len(entries) <= _MOST_ENTRIES:
        raise Unverified(Failure.CERTIFICATE)
    providers: list[str] = []
    ranges: list[tuple[int, int, int]] = []
    for entry in entries:
        value = entry.value
        if isinstance(value, _Range):
            ranges.append(_range(value.start.as_str(), value.count))
        elif entry.tag == "spc":
            providers.append(value.as_str()[:_LONGEST_NAME])
        else:
            ranges.append(_range(value.as_str(), 1))
    return Numbers(tuple(providers), tuple(ranges))


def _range(start: str, count: int) -> tuple[int, int, int]:
    if not (start.isascii() and start.isdecimal()) or len(start) > 15 or count < 1:
        raise Unverified(Failure.CERTIFICATE)
    return len(start), int(start), int(start) + count - 1


def _length(octets: int) -> bytes:
    """A length as DER has it."""
    if octets < 0x80:
        return bytes([octets])
    digits = octets.to_bytes((octets.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def _signer(leaf: x509.Certificate, numbers: Numbers) -> str:
    """Who signed, as its certificate says: organisation or name, and its code as a provider."""
    for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME):
        found = leaf.subject.get_attributes_for_oid(oid)
        if found:
            text = str(found[0].value)
            break
    else:
        text = ""
    name = "".join(c for c in text if c.isprintable())[:_LONGEST_NAME]
    code = numbers.providers[0] if numbers.providers else ""
    return f"{name} ({code})" if name and code and code not in name else name or code

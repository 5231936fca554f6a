"""Certificates in files, and what those of others say: whose they are (RFC 5922), until when, and what is wrong."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any, Final, NamedTuple

from cryptography import x509

from proxy.sip.errors import BadHeader
from proxy.sip.uri import parse_uri
from proxy.sockets import TIMED_OUT, said_of

# Why a connection did not begin; what a figure counts it by ends at the colon.
NOBODY: Final = "certificate of nobody whom the configuration knows"
OF_ANOTHER: Final = "certificate of another name"
EXPIRED: Final = "certificate expired"
NOT_YET: Final = "certificate not valid yet"
UNKNOWN_AUTHORITY: Final = "certificate of an unknown authority"
NOT_VALID: Final = "certificate not valid"
HANDSHAKE: Final = "TLS handshake failed"
NOT_TAKEN: Final = "it does not take our certificate"  # after the handshake: TLS 1.3 tells it only then

# What OpenSSL finds wrong (X509_verify_cert_error_string(3)), in the words of whoever has to see to it.
_VERIFIED: Final = {
    2: UNKNOWN_AUTHORITY,
    9: NOT_YET,
    10: EXPIRED,
    18: f"{UNKNOWN_AUTHORITY}: self-signed",
    19: f"{UNKNOWN_AUTHORITY}: self-signed",
    20: UNKNOWN_AUTHORITY,
    21: UNKNOWN_AUTHORITY,
}
_SOON: Final = timedelta(days=14)
_MOST_NAMES: Final = 3  # of a certificate that are shown


class CertificateFault(Exception):
    """A file can't be used; the second argument says what helps. No text of it holds anything of a key."""

    def __str__(self) -> str:
        return f"{self.what}; {self.hint}"

    @property
    def what(self) -> str:
        """What is wrong."""
        return str(self.args[0])

    @property
    def hint(self) -> str:
        """What helps."""
        return str(self.args[1])


class Certificate(NamedTuple):
    """One of ours."""

    file: Path
    key: Path
    names: tuple[str, ...]  # for which it is shown to who asks for one of them
    ends: datetime  # in UTC
    begins: datetime

    def valid(self, now: datetime) -> bool:
        """Does whoever verifies it take it, as far as its time goes?"""
        return self.begins <= now < self.ends

    def trouble(self, now: datetime) -> str:
        """What somebody should see to, and when; empty for nothing."""
        if now < self.begins:
            return f"{self.file.name} is not valid before {self.begins:%Y-%m-%d %H:%M} UTC"
        if now >= self.ends:
            return f"{self.file.name} ended on {self.ends:%Y-%m-%d %H:%M} UTC"
        return f"{self.file.name} ends on {self.ends:%Y-%m-%d %H:%M} UTC" if self.ends - now < _SOON else ""


def read_certificate(file: Path, key: Path | None) -> Certificate:
    """A certificate with its chain, and its key, by default in the same file. Raises CertificateFault."""
    key = key or file
    try:
        first = x509.load_pem_x509_certificates(file.read_bytes())[0]
        key.read_bytes()
    except OSError as error:
        raise CertificateFault(f"{error.filename} can't be read: {error.strerror}", "name a file in PEM") from None
    except ValueError:
        raise CertificateFault(
            f"there is no certificate in {file}", "name a file in PEM, the chain behind it"
        ) from None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(file, key, password=_ask_for_none)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise CertificateFault(f"{key} is not the key of {file}", "name the one that it was made with") from None
        raise CertificateFault(f"there is no key in {key}, or it wants a password", "write it without one") from None
    except ValueError:
        raise CertificateFault(f"the key in {key} wants a password", "write it without one") from None
    return Certificate(file, key, tuple(_names_in(first)), first.not_valid_after_utc, first.not_valid_before_utc)


def read_authorities(file: Path) -> None:
    """Can others be verified by this file? Raises CertificateFault."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        raise CertificateFault(f"there is no certificate in {file}", "name a file in PEM") from None
    except OSError as error:
        raise CertificateFault(f"{file} can't be read: {error.strerror}", "name a file in PEM") from None


def _ask_for_none() -> str:
    raise ValueError("a key with a password")


def _names_in(certificate: x509.Certificate) -> Iterable[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for uri in found.get_values_for_type(x509.UniformResourceIdentifier):
        if domain := _domain_of(uri):
            yield domain
    for name in found.get_values_for_type(x509.DNSName):
        yield name.lower()


def _domain_of(uri: str) -> str:
    """The domain that a SIP URI stands for: one with a user names a person (RFC 5922 7.1)."""
    try:
        parsed = parse_uri(uri.encode())
    except BadHeader:
        return ""
    return parsed.host.decode("ascii", "replace") if parsed.scheme in (b"sip", b"sips") and not parsed.user else ""


def identities(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Whom a verified certificate of the other end names, as `ssl` gives it (RFC 5922 7.1).

    Domains of SIP URIs if there is one, else names of DNS; addresses in any case. Nothing is read out of the subject.
    """
    alternatives: Sequence[tuple[str, str]] = (certificate or {}).get("subjectAltName", ())
    domains = [domain for kind, value in alternatives if kind == "URI" and (domain := _domain_of(value))]
    if not any(kind == "URI" and value.lower().startswith(("sip:", "sips:")) for kind, value in alternatives):
        domains = [value.lower() for kind, value in alternatives if kind == "DNS"]
    return (*domains, *(_spelled(value) for kind, value in alternatives if kind == "IP Address"))


def is_of(names: Sequence[str], wanted: Iterable[str]) -> bool:
    """Is it somebody's whom we want? No wildcard stands for anybody (RFC 5922 7.2)."""
    return any(_spelled(name.lower().rstrip(".")) in names for name in wanted)


def _spelled(host: str) -> str:
    """An IPv6 address in its one spelling (RFC 5952), which `ssl` does not use; any other host as it is."""
    try:
        return str(IPv6Address(host.strip())) if ":" in host else host
    except ValueError:
        return host


def names_shown(names: Sequence[str]) -> str:
    """Whom a certificate names, as it may stand in a log: whoever made it chose the words."""
    shown = ["".join(each if " " < each < "\x7f" else "?" for each in name[:100]) for name in names[:_MOST_NAMES]]
    return f"of {' and '.join(shown) or 'nobody'}{' and others' if len(names) > _MOST_NAMES else ''}"


class Refused(OSError):
    """Who is at the other end is not whom we want; the message says why."""


def why_refused(error: BaseException, *, agreeing: bool = False) -> str:
    """Why a connection did not begin, in few words that are the same each time.

    `agreeing`: the way was there, and TLS had begun.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFIED.get(error.verify_code) or f"{NOT_VALID}: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"{HANDSHAKE}: {reason_of(error)}"
    if isinstance(error, Refused):
        return str(error)
    said = _said(error)
    return f"{HANDSHAKE}: {said}" if agreeing else said


def reason_of(error: ssl.SSLError) -> str:
    """What OpenSSL calls it."""
    return (getattr(error, "reason", None) or "no TLS").replace("_", " ").lower()


def _said(error: BaseException) -> str:
    """What the system says."""
    if isinstance(error, TimeoutError) or "taking longer than" in str(error):
        return TIMED_OUT
    if isinstance(error, OSError) and error.errno:
        return said_of(error.errno)
    if isinstance(error, ConnectionError):
        return "connection closed"
    if isinstance(error, OSError) and error.args and isinstance(error.args[0], str):
        return error.args[0]
    return type(error).__name__

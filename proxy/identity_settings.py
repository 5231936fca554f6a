"""What an operator sets for signed callers (STIR/SHAKEN): whom to believe, and by what to sign."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from proxy.stir.passports import is_sound_url
from rules.settings.screening import Part
from rules.texts.bad_value import BadValue

_NUMBERS: Final = re.compile(r"\+[0-9]{1,15}\*?")
_PATTERN: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}|[0-9a-f:]+")


def read_host_pattern(text: str) -> str:
    """A host, or `*.` with what all its names end in."""
    found = text.strip().lower().rstrip(".")
    if not _PATTERN.fullmatch(found) or found == "*":
        raise BadValue(f"{text!r} is no host", "write cert.example.com, or *.example.com for all below it")
    return found


def read_own_numbers(text: object) -> object:
    """`+4930123456`, or `+4930123*` for all that begin so."""
    if isinstance(text, str) and not _NUMBERS.fullmatch(text.replace(" ", "")):
        raise BadValue(f"{text!r} is no number with its country", "write +4930123456, or +4930123* for a block of them")
    return text.replace(" ", "") if isinstance(text, str) else text


def read_certificate_url(text: str) -> str:
    """Where everybody gets our certificate."""
    if not is_sound_url(text):
        raise BadValue(f"{text!r} is no address of a certificate", "write https://HOST/PATH, with port 443 or 8443")
    return text


def read_network(text: object) -> str:
    """An address or network, in the one spelling that `ipaddress` gives it."""
    return str(ipaddress.ip_network(str(text).strip().strip("[]")))


Network = Annotated[str, BeforeValidator(read_network, json_schema_input_type=str)]
HostPattern = Annotated[str, AfterValidator(read_host_pattern)]
OwnNumbers = Annotated[str, BeforeValidator(read_own_numbers)]
CertificateUrl = Annotated[str, AfterValidator(read_certificate_url)]
Level = Literal["A", "B", "C"]


class SignSettings(Part):
    """How calls of the PBX are signed that leave for a trunk."""

    key: Path = Field(description="PEM file of the key (P-256), mode 0600; another one is taken by a reload.")
    certificate: Path = Field(description="PEM file of its certificate, the chain behind it.")
    url: CertificateUrl = Field(description="Where everybody gets that certificate: https.")
    numbers: list[OwnNumbers] = Field(
        default=[],
        description="Numbers that the PBX may use: +4930123456, +4930123*; calls with them are signed A.",
    )
    lists: list[str] = Field(default=[], description="Lists of numbers that the PBX may use as well, by name.")
    others: Literal["B", "C", "none"] = Field(
        "B", description="How calls with other numbers are signed: B (we know who calls), C (a gateway), none."
    )
    origid: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]{0,64}$",
        description="UUID that stands for this exchange; default: by the certificate.",
    )
    trunks: list[str] = Field(default=[], description="Trunks to which calls are signed; default: all.")


def read_verstat(given: object) -> object:
    """`off` as YAML of either version reads it."""
    return "off" if given is False else given


class IdentitySettings(Part):
    """Callers that somebody vouches for by a signature (RFC 8224, 8588)."""

    authorities: Path | None = Field(
        None, description="PEM file of the authorities whose signers are believed; none: nothing is verified."
    )
    hosts: list[HostPattern] = Field(
        default=[], description="Hosts that certificates are fetched from: cert.example.com, *.example.com."
    )
    networks: list[Network] = Field(
        default=[], description="Private networks in which such a host may lie all the same; default: none."
    )
    https: Path | None = Field(
        None, description="PEM file of those who sign the certificates of these hosts; default: the system's."
    )
    deadline_ms: int = Field(200, ge=1, le=5000, description="How long a call waits for a certificate.")
    freshness_s: int = Field(60, ge=1, le=600, description="How old a signature may be; within that it counts once.")
    believe: list[Level] = Field(
        default=[], description="Attestations that make the asserted number believed, as on a screened trunk: [A]."
    )
    verstat: Annotated[Literal["uri", "user", "off"], BeforeValidator(read_verstat)] = Field(
        "uri",
        description="Where the PBX is told in From and P-Asserted-Identity: as a parameter of the URI, "
        "of its user part as 3GPP has it (some take that for digits), or not.",
    )
    certificates: int = Field(1000, ge=1, le=100_000, description="Certificates that are remembered.")
    waiting: int = Field(1000, ge=1, le=100_000, description="Calls that may wait for certificates at once.")
    sign: SignSettings | None = Field(None, description="Sign calls out of the PBX; none: they leave as they are.")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.authorities is not None and not self.hosts:
            raise BadValue("no certificate could be fetched", "name in `hosts` where certificates may lie")
        return self

    def under(self, base: Path) -> IdentitySettings:
        """The same with whole paths."""
        paths: dict[str, object] = {
            name: value and base / value for name, value in (("authorities", self.authorities), ("https", self.https))
        }
        if self.sign is not None:
            files = {"key": base / self.sign.key, "certificate": base / self.sign.certificate}
            paths["sign"] = self.sign.model_copy(update=files)
        return self.model_copy(update=paths)

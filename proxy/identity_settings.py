"""What an operator sets for signed callers (STIR/SHAKEN): whom to believe, and by what to sign."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from rules.settings.screening import Part
from rules.texts.bad_value import BadValue

_PATTERN: Final = re.compile(r"(?:\*\.)?(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}|[0-9a-f:]+")


def read_host_pattern(text: str) -> str:
    """A host, or `*.` with what all its names end in."""
    found = text.strip().lower().rstrip(".")
    if not _PATTERN.fullmatch(found) or found == "*":
        raise BadValue(f"{text!r} is no host", "write cert.example.com, or *.example.com for all below it")
    return found


def read_network(text: object) -> str:
    """An address or network, in the one spelling that `ipaddress` gives it."""
    return str(ipaddress.ip_network(str(text).strip().strip("[]")))


Network = Annotated[str, BeforeValidator(read_network, json_schema_input_type=str)]
HostPattern = Annotated[str, AfterValidator(read_host_pattern)]
Level = Literal["A", "B", "C"]


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

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.authorities is not None and not self.hosts:
            raise BadValue("no certificate could be fetched", "name in `hosts` where certificates may lie")
        return self

    def under(self, base: Path) -> IdentitySettings:
        """The same with whole paths."""
        paths = {
            name: value and base / value for name, value in (("authorities", self.authorities), ("https", self.https))
        }
        return self.model_copy(update=paths)

"""What an operator sets for the API: where it listens, its certificate, how much a client may ask."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from proxy.proxy_settings import Address, HostPort
from rules.settings.screening import Part
from rules.texts.bad_value import BadValue


class ApiSettings(Part):
    """The HTTP API of the complaint desk (`ringfence api serve`)."""

    listen: Address = Field(
        HostPort(host="127.0.0.1", port=8607), description="Where it listens, by TCP; default: 127.0.0.1:8607."
    )
    certificate: Path | None = Field(None, description="PEM file of certificate and chain; needed off loopback.")
    key: Path | None = Field(None, description="PEM file of the certificate's private key; default: the same file.")
    behind_proxy: bool = Field(
        False, description="A reverse proxy on this machine ends TLS and writes X-Forwarded-For."
    )
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]{1,64}){0,8}$",
        description="Path under which a reverse proxy shows it, such as /ringfence.",
    )
    hosts: list[str] = Field(default=[], description="Names that clients may call it by, beside those of loopback.")
    requests_per_second: float = Field(20.0, gt=0, description="Requests a second of a source; twice as many at once.")
    failures_per_minute: float = Field(10.0, gt=0, description="Wrong keys a minute from one address; then it waits.")
    concurrent: int = Field(64, ge=1, description="Requests answered at once; beyond it 503.")
    deadline_s: float = Field(30.0, gt=0, description="How long a request may take; then 503, and nothing is undone.")
    nice: int = Field(
        10,
        ge=0,
        le=19,
        description="How far it gives way to calls on the same machine, as nice(1) counts; 0: not at all.",
    )
    body_kib: int = Field(256, ge=64, le=1024, description="The largest body of a request.")

    @model_validator(mode="after")
    def _never_in_clear(self) -> Self:
        """Keys travel encrypted, or not beyond this machine."""
        if not self.listen.literal and self.listen.host != "localhost":
            raise BadValue(f"listen: {self.listen} is a name", "write an address of this machine")
        if self.key is not None and self.certificate is None:
            raise BadValue("key: there is no certificate that it belongs to")
        if self.exposed and self.certificate is None and not self.behind_proxy:
            raise BadValue(
                f"listen: {self.listen} is not on loopback and keys would travel in clear: set certificate and key, "
                "or behind_proxy where a reverse proxy ends TLS"
            )
        return self

    @property
    def exposed(self) -> bool:
        """Can other machines reach it?"""
        return not on_loopback(self.listen.host)


def on_loopback(address: str) -> bool:
    """Does the client, or listener, sit on this machine?"""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"

"""What an operator sets for the API: where it listens, its certificate, how much a client may ask."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from proxy.settings import Address, HostPort


class ApiSettings(BaseModel):
    """The HTTP API of the complaint desk (`ringfence api serve`)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    listen: Address = Field(
        HostPort(host="127.0.0.1", port=8607), description="Where it listens, by TCP; default: 127.0.0.1:8607."
    )
    certificate: Path | None = Field(
        None, description="PEM file of the certificate and its chain; needed off loopback."
    )
    key: Path | None = Field(None, description="PEM file of the certificate's private key.")
    behind_proxy: bool = Field(
        False, description="A reverse proxy on this machine ends TLS and writes X-Forwarded-For."
    )
    hosts: list[str] = Field(default=[], description="Names that clients may call it by, beside those of loopback.")
    requests_per_second: float = Field(20.0, gt=0, description="Requests a second of one key; twice as many at once.")
    failures_per_minute: float = Field(10.0, gt=0, description="Wrong keys a minute from one address; then it waits.")
    concurrent: int = Field(64, ge=1, description="Requests answered at once; beyond it 503.")
    deadline_s: float = Field(30.0, gt=0, description="How long a request may take; then 503, and nothing is undone.")
    body_kib: int = Field(256, ge=64, le=1024, description="The largest body of a request.")

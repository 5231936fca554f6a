"""What an operator sets for those who ask about calls over HTTP: where, how often, how much."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from proxy.proxy_settings import Address
from ringfence.api_settings import on_loopback
from rules.settings.screening import Part
from rules.texts.bad_value import BadValue


class AskedSettings(Part):
    """Verdicts over HTTP (`POST /v1/verdict`), answered by the running node itself; off without it."""

    listen: Address = Field(description="Where the node answers, by TCP; an address of loopback, usually port 8608.")
    per_second: float = Field(1000.0, gt=0, le=100_000, description="Questions a second of one key; beyond it 429.")
    connections: int = Field(200, ge=1, le=10_000, description="Connections at once; beyond it they are closed.")
    body_kib: int = Field(200, ge=1, le=1024, description="The largest body of a question; 200 holds any call.")

    @model_validator(mode="after")
    def _on_this_machine(self) -> Self:
        """Keys and numbers travel in clear."""
        if not on_loopback(self.listen.host):
            advice = "write 127.0.0.1:8608, and let a reverse proxy end TLS for other machines"
            raise BadValue(f"listen: {self.listen} is not on loopback, and keys would travel in clear", advice)
        return self

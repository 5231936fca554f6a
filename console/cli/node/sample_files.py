"""`ringfence samples`: files for the machine around a node, which a wheel carries and nobody would find in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from console.cli.answers import fail
from rules.language.source import shipped

_WHAT: Final = {
    "systemd/ringfence.service": "a node under systemd, with few rights",
    "systemd/ringfence-api.service": "the console and the API under systemd, which calls go before",
    "systemd/ringfence.socket": "its sockets, held by systemd; optional",
    "prometheus/ringfence.rules.yml": "alerts for Prometheus",
    "grafana/ringfence.json": "a dashboard for Grafana",
    "nftables/ringfence.nft": "a firewall for its machine",
}


def listed() -> list[dict[str, Any]]:
    """What there is."""
    return [{"name": name, "what": what} for name, what in _WHAT.items()]


def find(name: str) -> Path:
    """Where it lies."""
    if name not in _WHAT:
        fail(f"there is no {name!r}; `ringfence samples` lists what there is")
    return shipped(name)

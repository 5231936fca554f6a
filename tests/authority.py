"""Certificates for tests: an authority whom the node trusts, one that it does not, and what each of them signs."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import trustme


class Files(NamedTuple):
    """A certificate with its key, in one file."""

    path: Path

    def as_setting(self) -> dict[str, str]:
        return {"certificate": str(self.path)}


class Authority:
    """Who signs certificates."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.made = trustme.CA()
        self.file = folder / f"{name}.pem"
        self.made.cert_pem.write_to_path(self.file)

    def sign(self, *names: str, file: str = "", **words: Any) -> Files:
        """A certificate of these names."""
        path = self.folder / f"{file or names[0]}.pem"
        path.unlink(missing_ok=True)
        self.made.issue_cert(*names, **words).private_key_and_cert_chain_pem.write_to_path(path)
        path.chmod(0o600)
        return Files(path)

    def client(self, certificate: Files | None = None) -> ssl.SSLContext:
        """What somebody connects with who trusts this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.file)
        if certificate is not None:
            context.load_cert_chain(certificate.path)
        return context

    def server(self, certificate: Files, *, asks: bool = False) -> ssl.SSLContext:
        """What somebody listens with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.path)
        if asks:
            context.load_verify_locations(self.file)
            context.verify_mode = ssl.CERT_REQUIRED
        return context


PAST = datetime(2020, 1, 1, tzinfo=UTC)
EARLIER = datetime(2019, 1, 1, tzinfo=UTC)
EXPIRED = {"not_before": EARLIER, "not_after": PAST}

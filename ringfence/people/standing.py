"""How an account or a key stands, in one text for the entry of a change, and read back from it by `audit verify`."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256


def written(parts: Mapping[str, object]) -> str:
    """The parts with their values, none of which holds a semicolon."""
    return "; ".join(f"{name}: {value}" for name, value in parts.items())


def read(text: str) -> dict[str, str]:
    """The parts again. What somebody wrote by hand may lack some; nothing is raised."""
    return dict(part.split(": ", 1) for part in text.split("; ") if ": " in part)


def print_of_secret(kept: bytes) -> str:
    """A print of what is kept of a password, which is salted, or of a random key: nobody finds either by it."""
    return sha256(kept).hexdigest()[:32] if kept else "none"

"""The torture messages and what a proxy must do with each: our own always, the published corpora where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

OWN = Path(__file__).resolve().parent / "vectors"
PUBLISHED = OWN.parents[2] / "shared" / "corpora"


class Vector(NamedTuple):
    """One message with its verdict (the heads of the two verdicts.yaml explain the words)."""

    name: str
    data: bytes
    is_request: bool
    method: str
    allowed: frozenset[object]  # "forward", "drop" and the statuses that are right
    must_screen: bool
    caller: dict[str, Any]
    has_to_tag: bool


def load(folder: Path) -> list[Vector]:
    """Every message of that folder's verdicts.yaml."""
    return [_vector(folder, entry) for entry in YAML(typ="safe").load(folder / "verdicts.yaml")]


def _vector(folder: Path, entry: dict[str, Any]) -> Vector:
    allowed = {"reject": entry.get("status"), "any_of": entry.get("any_of")}.get(entry["proxy"]) or [entry["proxy"]]
    if "also_tolerated" in entry:
        allowed = [*allowed, entry["also_tolerated"]]
    return Vector(
        name=f"{folder.name}/{entry['name']}",
        data=(folder / entry["file"]).read_bytes(),
        is_request=entry["kind"] == "request",
        method=entry.get("method", ""),
        allowed=frozenset(allowed),
        must_screen=entry["must_screen"],
        caller=entry.get("caller", {}),
        has_to_tag=entry.get("to_tag", False),
    )


VECTORS = load(OWN) + (load(PUBLISHED) if PUBLISHED.is_dir() else [])


class Wild(NamedTuple):
    """A message of a real device, and the caller that must be read from it."""

    name: str
    data: bytes
    method: str
    caller_class: str
    caller_e164: str | None
    emergency: bool


def load_wild(folder: Path) -> list[Wild]:
    """Messages as real devices send them."""
    return [
        Wild(
            f"{folder.name}/{entry['file']}",
            (folder / entry["file"]).read_bytes(),
            entry["method"],
            entry.get("caller_class", ""),
            entry.get("caller_e164"),
            bool(entry.get("emergency", False)),
        )
        for entry in YAML(typ="safe").load(folder / "wild" / "INDEX.yaml")
    ]


WILD = load_wild(OWN) + (load_wild(PUBLISHED) if PUBLISHED.is_dir() else [])

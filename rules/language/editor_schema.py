"""JSON Schemas as editors need them: YAML reads 95588 as a number, and nobody writes null."""

from __future__ import annotations

from typing import Any

_DRAFT = "http://json-schema.org/draft-07/schema#"
_MAPS = frozenset(("properties", "$defs"))  # here names stand, not words of the schema


def for_editors(title: str, schema: dict[str, Any], *, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema of a kind of file, with the parts that it refers to."""
    named = {name: _without_nulls(part) for name, part in definitions.items()}
    return {"$schema": _DRAFT, "title": title, **_without_nulls(schema), "$defs": named}


def _without_nulls(part: Any) -> Any:
    """Text may look like a number, a choice may not be null, and no name is said twice."""
    if isinstance(part, list):
        return [_without_nulls(one) for one in part]
    if not isinstance(part, dict):
        return part
    found: dict[str, Any] = {}
    for key, value in part.items():
        if key in _MAPS:
            found[key] = {name: _without_nulls(one) for name, one in value.items()}
        elif key == "anyOf":
            choices = [_without_nulls(one) for one in value if one != {"type": "null"}]
            found |= choices[0] if len(choices) == 1 else {"anyOf": choices}
        elif key == "type" and value == "string" and not _only_text(part):
            found[key] = ["string", "number"]
        elif key not in ("title", "discriminator") and (key != "default" or value is not None):
            found[key] = _without_nulls(value)
    return found


def _only_text(part: dict[str, Any]) -> bool:
    """Words of a choice, and the settings of a pack, are never numbers."""
    return bool({"enum", "const"} & part.keys()) or str(part.get("pattern", "")).startswith(r"^\$")

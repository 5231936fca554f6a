"""`ringfence settings`: every setting of ringfence.yaml with its kind, default and meaning, from the models."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from proxy.proxy_settings import HostPort
from ringfence.node_settings import Configuration

WORDS: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    HostPort: "HOST:PORT",
    object: "anything",
}


class Setting(NamedTuple):
    """One setting as people write it."""

    name: str  # trunks[].country
    kind: str
    default: str  # empty: it must be given
    meaning: str


def settings(model: type[BaseModel] = Configuration, prefix: str = "") -> Iterator[Setting]:
    """Every setting, in the order of the models."""
    for key, field in model.model_fields.items():
        name = f"{prefix}{key}"
        below = parts_of(field.annotation)
        meaning = field.description or (part_meaning(below[0]) if below else "")
        yield Setting(name, in_words(field.annotation), shown_default(field), meaning)
        if below:
            part, how = below
            yield from settings(part, f"{name}{how}.")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of ringfence.yaml, for completion and hover in editors."""
    schema = Configuration.model_json_schema()
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": "ringfence.yaml"}


def part_meaning(part: type[BaseModel]) -> str:
    """What a section is, by the first sentence of its model."""
    return (part.__doc__ or "").strip().splitlines()[0]


def parts_of(annotation: Any) -> tuple[type[BaseModel], str] | None:
    """The section that a setting holds, and how its name goes on: one, a list of them, or some by name."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return parts_of(inner[0])
    if origin in (typing.Union, types.UnionType):
        return next((found for one in inner if (found := parts_of(one))), None)
    if origin is list:
        return (found[0], "[]") if (found := parts_of(inner[0])) else None
    if origin is dict:
        return (found[0], ".NAME") if (found := parts_of(inner[1])) else None
    section = isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not HostPort
    return (annotation, "") if section else None


def in_words(annotation: Any) -> str:
    """The kind of a value."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Annotated:
        return in_words(inner[0])
    if origin is Literal:
        return ", ".join(str(one) for one in inner if one != "")
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(filter(None, (in_words(one) for one in inner if one is not types.NoneType))))
    if origin is list:
        return f"list of {in_words(inner[0])}"
    if origin is dict:
        return f"{in_words(inner[1])} by name"
    if parts_of(annotation):
        return "keys"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(annotation)
    return WORDS[annotation]


def shown_default(field: FieldInfo) -> str:
    """The default as it would be written."""
    default = field.default
    if default is PydanticUndefined or isinstance(default, BaseModel):
        return ""
    if default is None or default in ("", [], {}):
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(map(str, default)) if isinstance(default, list) else str(default)

"""Shorthands of the rule language: one value for a list of one, a word or number for the long form."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


def as_list(value: object) -> object:
    """One value is a list of one."""
    return value if isinstance(value, list) else [value]


def as_words(value: object) -> object:
    """A word, or a list of them, is short for ``{is: ...}``."""
    return value if isinstance(value, dict) else {"is": value}


def as_numbers(value: object) -> object:
    """Numbers are short for ``{exact: ...}``; with a prefix or range among them for ``{is: ...}``."""
    if isinstance(value, dict) or value is None:
        return value
    several = any(
        isinstance(one, str) and several_numbers(one) for one in (value if isinstance(value, list) else [value])
    )
    return {"is" if several else "exact": value}


def several_numbers(text: str) -> bool:
    """Does it look like a prefix or a range?"""
    return "*" in text or ".." in text or "\uff0a" in text


def as_it_is(value: object) -> object:
    """Text stays text; editors may read it as something else."""
    return value


class OneOrMore:
    """One value is a list of one, for validation and for editors."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(as_list, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}

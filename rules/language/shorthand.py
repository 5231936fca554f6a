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
    """A number, or a list of them, is short for ``{exact: ...}``."""
    return value if isinstance(value, dict) else {"exact": value}


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

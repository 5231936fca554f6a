"""What a request is told when it does not fit the document: each place, and what would be right there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from fastapi import Request
from fastapi.dependencies.models import Dependant

from console.api.parts import DECISION, HASH_PREFIX, NO_NUL, RFC_3339, VERSION_TAG
from console.api.problems import error_of, field_problem

_CHOICE = re.compile(r"'([^']*)'")
_BOUNDS = frozenset({"greater_than", "greater_than_equal", "less_than", "less_than_equal"})
_OBJECT = "send a JSON object"
_RIGHT = {
    RFC_3339: "write an RFC 3339 time, as 2026-07-01T04:00:00Z; in an address + is %2B",
    NO_NUL: "a text holds no NUL",
    DECISION: "write the 20 hexadecimal digits that the rejection carried",
    HASH_PREFIX: "send 4 or 5 digits of the hash, 0 to f: more would tell which number is meant",
    VERSION_TAG: "write the version in double quotes, as ETag gave it",
}


def errors_of(faults: Sequence[Any], body: Any = None) -> list[dict[str, str]]:
    """One entry for each fault that pydantic found in a body of this type; nothing that was sent is repeated."""
    return [_entry(one, body) for one in faults]


def _entry(one: dict[str, Any], body: Any) -> dict[str, str]:
    field, reason = _fault(one, body)
    # A bound is ours, not something that was sent: it is told as it is, however many digits it has.
    return {"field": field, "reason": reason} if one["type"] in _BOUNDS else error_of(field, reason)


async def only_known_parameters(request: Request) -> None:
    """A filter that is misspelt would be taken for none, and answer everything."""
    known = _queries_of(request.scope["route"].dependant)
    if not known.issuperset(request.query_params):
        choice = f"; it knows {', '.join(sorted(known))}" if known else "; it knows none"
        raise field_problem("query", f"this path does not know such a parameter{choice}")


def _queries_of(dependant: Dependant) -> set[str]:
    """What a path, or what it depends on, reads of the query. To make the document for it would take half a second."""
    return {one.alias for one in dependant.query_params}.union(*map(_queries_of, dependant.dependencies))


def _fault(one: dict[str, Any], body: Any) -> tuple[str, str]:
    where, kind = one["loc"], one["type"]
    if kind == "extra_forbidden":  # its name was sent by the client, and may be anything
        return _place(where[:-1]), f"it holds a name that is unknown here; it knows {_names_at(body, where[1:-1])}"
    return _place(where), _reason(kind, one, whole=where == ("body",))


def _reason(kind: str, one: dict[str, Any], *, whole: bool) -> str:
    match kind:
        case "missing":
            return _OBJECT if whole else "it is missing"
        case "model_attributes_type" | "model_type":
            return _OBJECT if whole else "it has to be a JSON object"
        case "literal_error" | "enum":
            return f"choose from {', '.join(filter(None, _CHOICE.findall(one['ctx']['expected'])))}"
        case "string_pattern_mismatch":
            return _RIGHT[one["ctx"]["pattern"]]
    return str(one["msg"]).removeprefix("Value error, ")


def _names_at(body: Any, path: tuple[Any, ...]) -> str:
    """The names that an object at this place of the body may have."""
    for step in path:
        body = get_args(body)[0] if isinstance(step, int) else body.model_fields[step].annotation
    return ", ".join(body.model_fields)


def _place(loc: tuple[Any, ...]) -> str:
    """A JSON pointer into the body (RFC 6901), or the name of a parameter."""
    where, *path = loc
    if where == "body":
        return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path)
    return ".".join(map(str, path))

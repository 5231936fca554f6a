"""The OpenAPI document: which scope each path needs, and problems as what they are."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field

from console.api.problems import MEDIA_TYPE
from ringfence.people.rights import MEANING

_PROBLEMS = {
    400: "The body cannot be read",
    401: "No key, or one that does not work",
    403: "The key may not do this",
    404: "There is no such thing",
    409: "Somebody was faster, or the state does not allow it: `who` and `when`",
    413: "The body is too large",
    415: "The body is no JSON",
    422: "A field is wrong: `errors` names each",
    429: "Too many requests: see Retry-After and RateLimit",
    503: "Not now: see Retry-After",
}
_OF_WRITES = frozenset({409})
_IDEMPOTENCY_KEY = {  # the gate looks at it, so no path has to
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same request with the same key is done once and answered the same, for 24 hours.",
}
_DESCRIPTION = (
    "Each request carries a key: `Authorization: Bearer rf_...`. What it is good for:\n\n"
    + "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in MEANING.items())
    + "\n\nErrors are application/problem+json (RFC 9457). Times are RFC 3339. docs/api.md is the guide."
)


class ErrorOfField(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="JSON pointer into the body, or the name of a parameter.")
    reason: str = Field(description="What would be right.")


class ProblemDetails(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[ErrorOfField] | None = None
    who: str | None = Field(None, description="409: who was faster.")
    when: str | None = Field(None, description="409: and when.")


class DocumentedApi(FastAPI):
    """An API whose document says what its gate does."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(description=_DESCRIPTION, generate_unique_id_function=_operation, **settings)

    def openapi(self) -> dict[str, Any]:
        """The document."""
        if self.openapi_schema is None:
            document = super().openapi()
            for path in document["paths"].values():
                for method, operation in path.items():
                    _amend(method, operation)
            schemas = document["components"]["schemas"]
            for model in (ErrorOfField, ProblemDetails):
                schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schema.pop("$defs", None)
                schemas[model.__name__] = schema
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return self.openapi_schema or {}


def _operation(route: APIRoute) -> str:
    return route.name


def _amend(method: str, operation: dict[str, Any]) -> None:
    if method == "post":
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    schema = {"$ref": f"#/components/schemas/{ProblemDetails.__name__}"}
    for status, what in _PROBLEMS.items():
        if method == "get" and status in _OF_WRITES:
            continue
        operation["responses"][str(status)] = {"description": what, "content": {MEDIA_TYPE: {"schema": schema}}}
    # One of the scopes is enough: alternatives are requirements of their own (OpenAPI 3.1, 4.8.30).
    scopes = [scope for one in operation.get("security", []) for scope in one.get("key", [])]
    if scopes:
        operation["security"] = [{"key": [scope]} for scope in scopes]

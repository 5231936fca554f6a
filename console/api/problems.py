"""What went wrong as application/problem+json (RFC 9457): it names each field, and repeats nothing that was sent."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence, Set
from datetime import UTC, datetime
from typing import Any

from console.api.answer import Answer, Headers
from desk.disclosure import hidden
from desk.faults import ComplaintError, Conflict, NotFound, Refused

MEDIA_TYPE = "application/problem+json"
_KIND = "urn:ringfence:problem:"
TITLES = {  # one for each type, whatever the occurrence (RFC 9457 section 3.1.3)
    "busy": "Too much at once",
    "conflict": "Somebody was faster, or the state does not allow it",
    "cut-off": "The request is cut off",
    "database": "The database cannot be used now",
    "encoding": "The body is compressed",
    "error": "An error of the API",
    "framing": "The length of the body is told twice",
    "host": "Called by a strange name",
    "http": "Not to be answered",
    "invalid": "Something in the request is wrong",
    "media-type": "The body is not called JSON",
    "method": "The path does not know the method",
    "no-key": "No key that works",
    "not-allowed": "The officer, or the account, may not do this",
    "not-found": "There is no such thing",
    "not-json": "The body is no JSON that can be read in one way",
    "refused": "Understood, and not to be done",
    "running": "The same request is being worked on",
    "scope": "The key is not good for this",
    "slow": "It took too long",
    "too-large": "The body is too large",
    "too-many": "Too many requests",
}
_REPEATED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")  # what a message of the desk quotes: it was sent
_NUMBER = re.compile(r"(?<![\w.-])(?:(?:\+|[A-Z]{2,3}:)\d{3,}|\d{7,})(?![\w-])")
_OF_THE_ADDRESS = frozenset(
    {"case", "inquiry", "letter", "reference", "seal"}
)  # what a path names; anything else is a field
_DEEPER = {"branch": "knew/branch"}


class Problem(Exception):
    """A request that is not done; carries all that the client is told."""

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        headers: Headers = (),
        more: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{status} {kind}")
        self.status, self.kind, self.detail = status, kind, detail
        self.errors, self.headers, self.more = list(errors), headers, more or {}

    def answer(self) -> Answer:
        """As it goes to the client."""
        told: dict[str, Any] = {
            "type": _KIND + self.kind,
            "title": TITLES[self.kind],
            "status": self.status,
            "detail": self.detail,
            **self.more,
        }
        if self.errors:
            told["errors"] = self.errors
        headers = (("content-type", MEDIA_TYPE), ("cache-control", "no-store"), *self.headers)
        return Answer(self.status, headers, json.dumps(told).encode())


def unavailable() -> Problem:
    """The database is locked, full or damaged; its own words name files, so they are not told."""
    detail = "The database cannot be used at this moment; ask again."
    return Problem(503, "database", detail, headers=(("retry-after", "5"),))


def field_problem(field: str, reason: str, *, status: int = 422, kind: str = "invalid") -> Problem:
    """One field is wrong; ``field`` is a JSON pointer into the body, or the name of a parameter."""
    return Problem(status, kind, "The request names something that cannot be.", errors=[error_of(field, reason)])


def error_of(field: str, reason: str) -> dict[str, str]:
    """One entry of `errors`."""
    return {"field": field, "reason": told(reason)}


def problem_of(error: ComplaintError, parameters: Set[str] = frozenset()) -> Problem:
    """What the desk refuses, as a problem; ``parameters``: what the address named, anything else stood in the body."""
    if isinstance(error, Conflict):
        when = f"{datetime.fromtimestamp(error.when, UTC):%Y-%m-%dT%H:%M:%SZ}"
        more = {"who": error.who or None, "when": when}
        return Problem(409, "conflict", told(error.reason), more=more)
    if error.field == "contents":  # of no field that was sent: it was written under a key that is not here
        return Problem(500, "error", "What people wrote cannot be read: is the right key file in place?")
    if isinstance(error, NotFound) and error.field in _OF_THE_ADDRESS:
        return Problem(404, "not-found", told(error.reason))
    if isinstance(error, Refused) and error.field == "actor":
        return Problem(403, "not-allowed", told(error.reason))
    kind = "refused" if isinstance(error, Refused) else "invalid"
    field = error.field if error.field in parameters else pointer_to(error.field)
    return field_problem(field, error.reason, kind=kind)


def pointer_to(field: str) -> str:
    """Where a body has what the desk calls so, as JSON pointer."""
    return f"/{_DEEPER.get(field, field)}"


def told(reason: str) -> str:
    """A reason without what the client wrote and with every number masked: problems end in logs of others."""
    plain = _REPEATED.sub("this", reason).removesuffix(" this")
    return _NUMBER.sub(lambda found: hidden(found[0]), plain)

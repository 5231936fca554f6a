"""Steers schemathesis towards cases and numbers that exist; what it made to be wrong stays wrong."""

from itertools import count

import schemathesis

_turn = count()


@schemathesis.hook
def map_headers(context, headers):
    """A sound Idempotency-Key is used once: the second request under it would only be told so."""
    token = (headers or {}).get("Idempotency-Key")
    if isinstance(token, str) and token.isascii() and token.isprintable() and " " not in token and 0 < len(token) < 200:
        headers["Idempotency-Key"] = f"{token}-{next(_turn)}"
    return headers


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    """One of the first cases; a number that somebody can have and a list that there is, in most requests."""
    number = (path_parameters or {}).get("number")
    if isinstance(number, str) and number and "\0" not in number and next(_turn) % 4:
        path_parameters["number"] = f"9501234{len(number) % 8}"
    name = (path_parameters or {}).get("name")
    if isinstance(name, str) and name and "\0" not in name and next(_turn) % 4:
        path_parameters["name"] = "blocked"
    case = (path_parameters or {}).get("case")
    if isinstance(case, int) and not isinstance(case, bool) and 0 < case < 2**53:
        path_parameters["case"] = 1 + case % 8
    return path_parameters


@schemathesis.hook
def map_body(context, body):
    """A number that one can complain about, or that can stand on the ladder, in most requests."""
    accused = body.get("accused") if isinstance(body, dict) else None
    if isinstance(accused, str) and 0 < len(accused.strip()) <= 64 and "\0" not in accused and next(_turn) % 4:
        body["accused"] = f"9501234{len(accused) % 8}"
    name = body.get("name") if isinstance(body, dict) else None
    if isinstance(name, str) and name.strip() and len(name) <= 64 and "\0" not in name and next(_turn) % 4:
        body["name"] = f"9501234{len(name) % 8}"
    return body

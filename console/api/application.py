"""The API put together: its paths, its document, and what a client is told when something is wrong."""

from __future__ import annotations

from collections.abc import Collection
from importlib.metadata import version

import structlog
from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from console.api import (
    appeals,
    approvals,
    cases,
    complaints,
    handed,
    ladder,
    leaks,
    letters,
    list_imports,
    lists,
    numbers,
    offices,
    owners,
    privacy,
    reports,
    shared,
)
from console.api.answer import Answer
from console.api.document import DocumentedApi
from console.api.faults import errors_of, only_known_parameters
from console.api.problems import Problem, problem_of, unavailable
from desk.desk import Desk
from desk.faults import ComplaintError
from ringfence.people.faults import PeopleError, Waits
from ringfence.people.people import People
from rules.lists.admission import EntryError
from rules.storage.store import DatabaseError, KeptElsewhere, StoreError

_PARTS = (
    *(complaints, cases, appeals, numbers, ladder, owners, letters, leaks, offices, reports),
    *(lists, list_imports, approvals, privacy, shared, handed),
)


def application(
    desk: Desk | None = None, trunks: Collection[str] | None = None, people: People | None = None
) -> FastAPI:
    """The API of a desk; without one it is good for its document only. ``trunks``: those that entries may name."""
    api = paths()
    serve(api, desk, trunks, people)
    return api


def serve(api: FastAPI, desk: Desk | None, trunks: Collection[str] | None = None, people: People | None = None) -> None:
    """Let the paths ask this desk."""
    api.state.desk, api.state.people = desk, people
    api.state.shelving = api.state.handing = None
    api.state.trunks = None if trunks is None else frozenset(trunks)
    api.state.catch_up = desk.lately if desk else None


def paths() -> FastAPI:
    """All paths, which are the same whatever desk they ask."""
    api = DocumentedApi(
        title="Ringfence complaint desk",
        summary="From a complaint to a sealed number, and back.",
        version=version("ringfence"),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Nothing about a request leaves this process, whatever stands in its environment.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        exception_handlers={
            Problem: _problem,
            ComplaintError: _refused,
            EntryError: _entry_refused,
            PeopleError: _not_these_people,
            RequestValidationError: _invalid,
            HTTPException: _http,
            KeptElsewhere: _kept_elsewhere,
            StoreError: _unavailable,
            DatabaseError: _unavailable,
        },
    )
    for part in _PARTS:
        api.include_router(part.router, dependencies=[Depends(only_known_parameters)])

    @api.get("/healthz", tags=["service"])
    async def health(request: Request) -> dict[str, str]:
        """The process answers and its databases can be read."""
        if (desk := request.app.state.desk) is not None:
            await desk.archive.store.connection.execute_fetchall("select 1 from progress")
        return {"status": "ok"}

    return api


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return _response(error.answer())


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ComplaintError)
    if isinstance(error, Waits):  # taken, and not done yet (RFC 9110 section 15.3.3)
        return JSONResponse({"proposal": error.proposal, "detail": f"{error.reason}."}, 202)
    return _response(problem_of(error, parameters={*request.path_params, *request.query_params}).answer())


async def _not_these_people(_: Request, error: Exception) -> Response:
    assert isinstance(error, PeopleError)
    return _response(approvals.problem_of_people(error).answer())


async def _entry_refused(_: Request, error: Exception) -> Response:
    """A list cannot be changed by this officer, or not in this way."""
    detail = "A list that this step changes does not allow it; see its settings (changed_by, kind)."
    return _response(Problem(403, "not-allowed", detail).answer())


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    bodies = request.scope["route"].dependant.body_params
    errors = errors_of(error.errors(), bodies[0].field_info.annotation if bodies else None)
    return _response(Problem(422, "invalid", "The request has faults.", errors=errors).answer())


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code != 405:
        detail = "There is no such path." if error.status_code == 404 else "The request cannot be answered."
        kind = "not-found" if error.status_code == 404 else "http"
        return _response(Problem(error.status_code, kind, detail).answer())
    # The router names the methods of one route only; a path may have several (RFC 9110 10.2.1: all of them).
    path = getattr(request.scope.get("route"), "path", "")
    known = {method.upper() for method in request.app.openapi()["paths"].get(path, {"get": {}})}
    headers = (("allow", ", ".join(sorted(known | ({"HEAD"} if "GET" in known else set())))),)
    return _response(Problem(405, "method", "This path does not know this method.", headers=headers).answer())


async def _kept_elsewhere(_: Request, error: Exception) -> Response:
    assert isinstance(error, KeptElsewhere)
    return _response(Problem(409, "conflict", error.told).answer())


async def _unavailable(_: Request, error: Exception) -> Response:
    log = structlog.get_logger("ringfence.api")
    log.error("database", error=type(error).__name__, code=getattr(error, "sqlite_errorname", ""))
    return _response(unavailable().answer())

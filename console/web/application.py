"""The console put together: its pages behind their gate, and where it hangs in the process of the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from console.web.frame import Ground
from console.web.gate import Gate, answer_faults, gate_of
from console.web.pages import served
from console.web.rendering import prepare
from console.web.tokens import Tokens
from desk.desk import Desk
from ringfence.installation import Installation
from ringfence.people.people import People
from rules.storage.database_files import missed

PLACE = "/console"
_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_A_YEAR = "public, max-age=31536000, immutable"


def console(
    here: Installation,
    desk: Desk | None,
    people: People,
    **more: Any,
) -> Gate:
    """The console of an installation."""
    pages = tuple(one.page for one in served() if one.page is not None)
    root = here.configuration.api.root_path + PLACE
    return Gate(Ground(here, desk, pages, Tokens(here.keys.pseudonym), root), people, _application(), **more)


@cache
def _application() -> FastAPI:
    """All pages, which are the same whatever installation they show: that comes with the request, by its gate."""
    application = FastAPI(
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    answer_faults(application)
    for one in served():
        application.include_router(one.router, prefix=f"/{one.name}")

    @application.get("/static/{print_}/{name}", include_in_schema=False)
    async def static(print_: str, name: str) -> Response:
        return _static(name)

    @application.get("/", include_in_schema=False)
    async def first(request: Request) -> Response:
        """The first page that whoever looks may see."""
        visit = request.state.visit
        for _, pages in visit.navigation():
            return visit.go(pages[0].name)  # type: ignore[no-any-return]
        return gate_of(request).problem(request, 403, "Your account has no right to any page.")

    return application


@cache
def _files() -> dict[str, bytes]:
    """Our own files, by name."""
    folder = resources.files("console.web").joinpath("static")
    return {one.name: one.read_bytes() for one in folder.iterdir() if one.name[one.name.rfind(".") :] in _KINDS}


def _static(name: str) -> Response:
    """One of our own files, which a browser keeps: its address has another print once it is another one."""
    content = _files().get(name)
    if content is None:
        return Response("There is no such file.\n", 404, media_type="text/plain")
    kind = _KINDS[name[name.rfind(".") :]]
    return Response(content, media_type=kind, headers={"cache-control": _A_YEAR})


class Beside:
    """The console and the API in one process, told apart by the path."""

    def __init__(self, pages: ASGIApp, api: ASGIApp, root: str = "", gate: Gate | None = None) -> None:
        self._pages, self._api, self._root, self._gate = pages, api, root, gate
        self.preparing: asyncio.Future[None] | None = None  # kept, or nobody would hold the task

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lead a request to one of them; a reverse proxy may have taken its own part of the path off, or not."""
        path = scope.get("path", "")
        if self._root and path.startswith(f"{self._root}/"):
            path = path[len(self._root) :]
        if path == PLACE or path.startswith(f"{PLACE}/"):
            inside = path[len(PLACE) :] or "/"
            await self._pages({**scope, "path": inside, "raw_path": inside.encode()}, receive, send)
        else:
            await self._api({**scope, "path": path}, receive, send)

    def stop(self) -> None:
        """Whoever is told something without end is sent home."""
        if self._gate is not None:
            self._gate.stop()

    async def ended(self) -> None:
        """What went on beside requests has ended."""
        if self._gate is not None:
            await self._gate.ended()


async def beside(here: Installation, desk: Desk, api: ASGIApp, names: Sequence[str]) -> Beside:
    """The API with the console beside it, which is called by these names only (against DNS rebinding)."""
    lost = here.database_of("people") in await asyncio.to_thread(missed, here.database)
    await asyncio.to_thread(desk.archive.deadlines.know, desk.archive.now())
    gate = console(here, desk, await here.people())
    gate.lost = lost
    pages = TrustedHostMiddleware(gate, list(names), www_redirect=False)
    hung = Beside(pages, api, here.configuration.api.root_path, gate)
    hung.preparing = asyncio.ensure_future(asyncio.to_thread(prepare))  # requests are answered meanwhile
    return hung

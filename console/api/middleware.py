"""What every request passes, in this order: room, host, key, size, JSON, deadline; and the one line that is logged."""

from __future__ import annotations

import asyncio
import time
from secrets import token_hex
from typing import Any

import structlog
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api.access.key_book import AccessKey
from console.api.answer import Answer, ask, give
from console.api.authentication import Authentication, Caller
from console.api.idempotency import Idempotency
from console.api.problems import Problem, unavailable
from console.api.strict_json import NotJson, read_json
from ringfence.api_settings import ApiSettings, on_loopback
from rules.audit.doors import through
from rules.storage.store import DatabaseError, StoreError

OPEN_ON_LOOPBACK = frozenset({"/healthz", "/openapi.json"})
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
_CLOSE = (("connection", "close"),)
_ALWAYS = (
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
)


class Middleware:
    """The ASGI application that stands before the API's own."""

    def __init__(self, application: ASGIApp, door: Authentication, replays: Idempotency, settings: ApiSettings) -> None:
        self._application, self._door, self._replays, self._settings = application, door, replays, settings
        self._largest = settings.body_kib * 1024
        # starlette's own check of the name, asked alone: what it refuses is told as a problem, and logged.
        self._named = TrustedHostMiddleware(Response(), names_of(settings), www_redirect=False)
        self._working: set[asyncio.Task[Answer]] = set()
        self._log = structlog.get_logger("ringfence.api")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # neither WebSockets nor lifespan: whoever serves opens and closes the desk
            return
        request, started = token_hex(8), time.monotonic()
        method, state = scope["method"], {"key": None, "caller": None, "sent": None}
        # HEAD is answered as GET would be, without the body (RFC 9110 section 9.3.2).
        scope = {**scope, "method": "GET" if method == "HEAD" else method, "state": state}
        try:
            answer = await self._answer(scope, receive)
        except Problem as problem:
            answer = problem.answer()
        except (StoreError, DatabaseError) as error:  # of the keys: nobody was let in, nothing was done
            self._log.error("database", error=type(error).__name__)
            answer = unavailable().answer()
        except Exception as error:
            answer = self._broken(request, error)
        key: AccessKey | None = state["key"]
        caller: Caller | None = state["caller"]
        named = {name.lower() for name, _ in answer.headers}
        always = [pair for pair in _ALWAYS if pair[0] not in named]
        limits = [pair for pair in (caller.limits if caller else ()) if pair[0] not in named]
        answer = answer.having((*always, *limits, ("x-request-id", request)))
        await give(answer, send, head_only=method == "HEAD")
        route = scope.get("route")
        self._log.info(
            "request",
            request=request,
            method=method if method.isalpha() else "?",
            route=getattr(route, "path", "") or "none",  # the template: a path may hold a number
            status=answer.status,
            key=key.id if key else None,
            actor=key.actor if key else None,
            ms=round((time.monotonic() - started) * 1000, 1),
        )

    async def ended(self) -> None:
        """What went on behind its deadline has ended."""
        if self._working:
            await asyncio.wait(self._working, timeout=self._settings.deadline_s)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if len(self._working) >= self._settings.concurrent:
            raise Problem(503, "busy", "Too many requests at once.", headers=(("retry-after", "1"),))
        headers = {name.lower(): value for name, value in scope["headers"]}
        # Loopback is closed to web pages whose name was made to resolve to it (DNS rebinding).
        if (await ask(self._named, scope, b"")).status != 200:
            raise Problem(421, "host", "The API is not called by this name; see api.hosts.")
        caller = await self._enter(scope, headers)
        body = await self._body(headers, receive)
        if body:
            scope["state"]["sent"] = _read(headers, body)

        async def work() -> Answer:
            with through("api", caller.who.role if caller else ""):
                return await ask(self._application, scope, body)

        async def whole() -> Answer:
            sent = headers.get(b"idempotency-key")
            if caller is None or scope["method"] != "POST" or sent is None:
                return await work()
            token = sent.decode("latin-1").strip().strip('"')
            return await self._replays.answer(caller.source, token, (scope["method"], scope["path"], body), work)

        return await self._in_time(asyncio.create_task(whole(), name="request"))

    async def _enter(self, scope: Scope, headers: dict[bytes, bytes]) -> Caller | None:
        client = scope["client"][0] if scope.get("client") else ""
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        if scope["path"] in OPEN_ON_LOOPBACK and not authorization and on_loopback(client):
            return None
        state = scope["state"]
        state["key"] = await self._door.whose(authorization, client)
        state["caller"] = caller = await self._door.admit(state["key"])
        return caller

    async def _body(self, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        """The body, no byte more than allowed; a length that is announced is believed only as a reason to refuse."""
        if b"transfer-encoding" in headers and b"content-length" in headers:  # read in two ways (RFC 9112 section 6.1)
            raise Problem(400, "framing", "Send Content-Length or Transfer-Encoding.", headers=_CLOSE)
        announced = headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced[:20]) > self._largest:
            raise self._too_large()
        parts, size = [], 0
        try:
            async with asyncio.timeout(self._settings.deadline_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "cut-off", "The request ended before its body did.")
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > self._largest:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            raise Problem(408, "slow", "The body did not arrive in time.", headers=_CLOSE) from None

    def _too_large(self) -> Problem:
        detail = f"The body is larger than {self._settings.body_kib} KiB (api.body_kib)."
        return Problem(413, "too-large", detail, headers=_CLOSE)

    async def _in_time(self, task: asyncio.Task[Answer]) -> Answer:
        """Its answer, or 503 at the deadline; the work goes on, since a transaction is never left half done."""
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        done, _ = await asyncio.wait({task}, timeout=self._settings.deadline_s)
        if not done:
            task.add_done_callback(_heard)
            detail = "It took too long; it may still be done. Ask again with the same Idempotency-Key."
            raise Problem(503, "slow", detail, headers=(("retry-after", "5"),))
        return task.result()

    def _broken(self, request: str, error: Exception) -> Answer:
        """An error of ours: where it happened is logged, what it says is not, since that may name somebody."""
        at, trace = "", error.__traceback__
        while trace is not None:
            at, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
        self._log.error("request failed", request=request, error=type(error).__name__, at=at)
        detail = f"An error of the API; its log names it under {request}."
        return Problem(500, "error", detail).answer()


def names_of(settings: ApiSettings) -> list[str]:
    """The names that this process may be called by; a star for any."""
    names = ["*"] if not settings.hosts and (settings.behind_proxy or settings.exposed) else settings.hosts
    own = f"[{settings.listen.host}]" if ":" in settings.listen.host else settings.listen.host
    return [*names, own, *_LOOPBACK_NAMES]


def _read(headers: dict[bytes, bytes], body: bytes) -> Any:
    """The value of a body: read here, once (`parts.SentOnce`)."""
    if headers.get(b"content-encoding", b"identity").lower() != b"identity":
        raise Problem(415, "encoding", "Send the body as it is, without Content-Encoding.")
    media, _, parameters = headers.get(b"content-type", b"").decode("latin-1").lower().partition(";")
    charset = parameters.replace('"', "").replace(" ", "")
    if media.strip() != "application/json" or charset not in ("", "charset=utf-8"):
        raise Problem(415, "media-type", "Send the body as application/json in UTF-8.")
    try:
        return read_json(body)
    except NotJson as error:
        raise Problem(400, "not-json", f"The body cannot be read: {error}.") from None


def _heard(task: asyncio.Task[Answer]) -> None:
    """Nobody waits for it any more; an error must not be called one that nobody saw."""
    if not task.cancelled():
        task.exception()

"""What every request for a page passes: who looks, size and token of a form; then the headers that keep it safe.

The gate knows nothing of what pages show. Whatever it refuses is told as a page, in the language of whoever asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from secrets import token_hex
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from cachetools import TTLCache
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from console.web.feed import Feed
from console.web.frame import Ground, NotAllowed, Notice, NotThere, Visit
from console.web.neighbours import is_ours
from console.web.rule_files import RuleFiles
from console.web.translation import chosen_language, mark
from desk.faults import ComplaintError
from ringfence.login import login_name
from ringfence.people import Actor
from ringfence.people.actor import everybody
from ringfence.people.faults import PeopleError, Waits
from ringfence.people.people import People
from ringfence.verifying import Verification
from rules.audit.doors import through
from rules.language.source import RuleError
from rules.lists.admission import EntryError
from rules.storage.store import DatabaseError, KeptElsewhere, StoreError

SESSION, BROWSER, LANGUAGE, THEME = "rf_session", "rf_browser", "rf_language", "rf_theme"
LARGEST_FORM = 256 * 1024  # octets
LARGEST_UPLOAD = 64 * 1024 * 1024  # of a file for a list
DIRECTORY_LOGOUT = "/sign-in/directory/logout"
_OPEN = ("/static/", "/sign-in", "/preferences")  # without a session
_PUBLIC = "/why/"  # for anybody, where the operator wants it
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_SAFE = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
_NOTICES_KEPT, _NOTICES_S = 1_000, 120.0
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class Pace(Protocol):
    """How much those may ask whom nobody knows."""

    def wait(self, address: str, *, appeals: bool = False) -> int:
        """Seconds to wait; 0: now."""

    def not_filed(self, address: str) -> None:
        """His appeal was none."""


class Gate:
    """The ASGI application that stands before the pages."""

    def __init__(
        self,
        ground: Ground,
        people: People,
        pages: ASGIApp,
        *,
        neighbours: Callable[[Any, Any], bool] = is_ours,
    ) -> None:
        self.ground, self.people, self.pages, self.tokens = ground, people, pages, ground.tokens
        self._neighbours = neighbours
        self._notices: TTLCache[str, list[Notice]] = TTLCache(_NOTICES_KEPT, _NOTICES_S)
        self._log = structlog.get_logger("ringfence.console")
        self.lost = False  # the accounts that there were are gone: nobody knows who may do what
        self.feed: Feed | None = None  # since somebody watched
        self.strangers: Pace | None = None  # since somebody asked why a call was stopped
        self.rule_files: RuleFiles | None = None  # since somebody looked at rules
        self.verification = Verification()  # of the audit, that somebody asked for on its page

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; ``scope["path"]`` begins behind /console."""
        if scope["type"] != "http":
            return
        started = time.monotonic()
        state: dict[str, Any] = {"gate": self, "visit": None, "status": 500}
        method = scope["method"]
        scope = {**scope, "method": "GET" if method == "HEAD" else method, "state": state, "root_path": ""}
        request = Request(scope, receive)

        async def safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                state["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE:
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
                if request.state._state.get("new_browser"):
                    headers.append("set-cookie", self._cookie(request, BROWSER, request.state.new_browser))
            elif method == "HEAD" and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        try:
            refusal = await self._refusal(request)
        except (StoreError, DatabaseError):
            refusal = self.problem(request, 503, mark("The database does not answer. Try again in a moment."))
        if refusal is not None:
            await refusal(scope, receive, safely)
        else:
            came: Visit | None = state["visit"]
            with through("page", came.actor.role if came is not None else ""):
                await self.pages(scope, self._bounded(request, receive), safely)
            if isinstance(form := request.state._state.get("form"), FormData):
                await form.close()
        visit: Visit | None = state["visit"]
        if visit is not None:  # nobody needs a line for each static file
            self._log.info(
                "page",
                method=method if method.isalpha() else "?",
                route=_template(scope),
                status=state["status"],
                actor=visit.actor.name if visit and visit.actor.name else None,
                ms=round((time.monotonic() - started) * 1000, 1),
            )

    async def _refusal(self, request: Request) -> Response | None:
        """What is answered in place of a page; None: somebody stands before it who may ask."""
        path = request.scope["path"]
        if path.startswith("/static/"):
            return None
        browser = request.cookies.get(BROWSER, "")
        if not 20 <= len(browser) <= 64:
            browser = request.state.new_browser = self.tokens.new_browser()
        nobody_yet = not await self.people.accounts.any()
        actor = await self._actor(request, nobody_yet=nobody_yet)
        request.state.visit = visit = self._visit(request, actor, browser)
        visit.unclaimed = nobody_yet
        public = path.startswith(_PUBLIC) and self.ground.here.configuration.complaints.appeal_page
        if nobody_yet and actor is None and not public:
            why = LOST if self.lost else CLOSED
            return self.problem(request, 403, why, title=mark("The console is closed"), closed=True)
        told_itself = path == DIRECTORY_LOGOUT  # a token that the directory signed stands for one of ours
        if request.method not in _SAFE_METHODS and not told_itself and (told := await self._forged(request, browser)):
            return told
        if actor is None and not public and not path.startswith(_OPEN):
            return self._to_sign_in(request, visit)
        if request.method in _SAFE_METHODS and not visit.partial:
            visit.notices += self._notices.pop(browser, [])
        else:
            self._notices[browser] = visit.notices  # what is told now stands on the next page
        return None

    async def _actor(self, request: Request, *, nobody_yet: bool) -> Actor | None:
        if nobody_yet and self.lost:
            return None
        if nobody_yet:
            client, server = request.scope.get("client"), request.scope.get("server")
            ours = client and server and self._neighbours(tuple(client), tuple(server))
            if self.ground.here.configuration.api.behind_proxy and "x-forwarded-for" not in request.headers:
                ours = False  # a proxy that tells of nobody stands for all whom it lets in
            return everybody(login_name(), "page") if ours else None
        return await self.people.session_of(request.cookies.get(SESSION, ""))

    def _visit(self, request: Request, actor: Actor | None, browser: str) -> Visit:
        accepted = request.headers.get("accept-language", "")
        return Visit(
            request,
            self.ground,
            actor or Actor("", frozenset(), frozenset(), "page"),
            chosen_language(request.cookies.get(LANGUAGE, "") or (actor.language if actor else ""), accepted),
            self.tokens.of(browser),
            theme if (theme := request.cookies.get(THEME, "")) in ("light", "dark") else "",
        )

    async def _forged(self, request: Request, browser: str) -> Response | None:
        """Refuse what did not come from a page of ours; the form is read for it, so that its size is asked first."""
        length = request.headers.get("content-length", "")
        upload = request.headers.get("content-type", "").startswith("multipart/form-data")
        if not length.isdigit() or int(length[:20]) > (LARGEST_UPLOAD if upload else LARGEST_FORM):
            return self.problem(request, 413, mark("This is larger than the page takes."))
        site, origin = request.headers.get("sec-fetch-site", ""), request.headers.get("origin", "")
        elsewhere = site not in ("", "same-origin", "none")
        if origin not in ("", "null") and urlsplit(origin).netloc != request.headers.get("host", ""):
            elsewhere = True
        if elsewhere or not self.tokens.fits(browser, await self._token(request, upload=upload)):
            text = mark("This form was not sent from a page of this console, or the page is too old. Open it again.")
            return self.problem(request, 403, text)
        return None

    async def _token(self, request: Request, *, upload: bool) -> str:
        if token := request.headers.get("x-form-token", ""):
            return token
        if upload:  # read once, files of some size into a file; the page finds it in `request.state.form`
            request.state.form = form = await request.form(max_files=1, max_fields=50)
            return str(form.get("form_token", ""))
        body = await request.body()
        request.state.body = body
        sent = await Request(request.scope, _once(body)).form(max_fields=200)
        return str(sent.get("form_token", ""))

    def _bounded(self, request: Request, receive: Receive) -> Receive:
        """The body again, where the gate has read it for its token; else no more of it than was announced."""
        body = request.state._state.get("body")
        return receive if body is None else _once(body, receive)

    def _to_sign_in(self, request: Request, visit: Visit) -> Response:
        if visit.partial:
            return Response(status_code=204, headers={"hx-redirect": visit.url("sign-in")})
        if request.method not in _SAFE_METHODS:
            return RedirectResponse(visit.url("sign-in"), 303)
        return RedirectResponse(visit.url("sign-in", next=request.scope["path"].lstrip("/")), 303)

    def problem(self, request: Request, status: int, text: str, *, title: str = "", closed: bool = False) -> Response:
        """A page that says what is wrong and what to do."""
        visit: Visit | None = request.state._state.get("visit")
        if visit is None:
            return Response(text, status, media_type="text/plain")
        head = visit.say(title or TITLES.get(status, TITLES[500]))
        if visit.partial:  # it stands in the place of the part that was asked for, and can be replaced as this can
            asked = request.headers.get("hx-target", "")
            target = asked if asked.isidentifier() and asked.isascii() else ""
            return visit.show(
                "problem.html", block="told", status=status, head=head, text=visit.say(text), target=target
            )
        template = "closed.html" if closed else "problem.html"
        return visit.show(template, status=status, head=head, text=visit.say(text), target="")

    def cookie(self, request: Request, name: str, value: str, **more: Any) -> str:
        """A cookie of the console, for a page that sets one."""
        return self._cookie(request, name, value, **more)

    def renew(self, request: Request) -> None:
        """Another browser from here on, since somebody is let in or out; before what is answered is made.

        A cookie that somebody planted before (session fixation), or read, fits no form of who is signed in now.
        """
        visit: Visit = request.state.visit
        self._notices.pop(request.cookies.get(BROWSER, ""), None)
        browser = request.state.new_browser = self.tokens.new_browser()
        self._notices[browser], visit.token = visit.notices, self.tokens.of(browser)

    def _cookie(
        self, request: Request, name: str, value: str, *, lasts_s: int | None = None, same_site: str = "Strict"
    ) -> str:
        """Never sent elsewhere, never read by a script; in clear only on this machine, where there is no wire."""
        parts = [f"{name}={value}", f"Path={self.ground.root}/", "HttpOnly", f"SameSite={same_site}"]
        if request.url.scheme == "https" or not _on_this_machine(request):
            parts.append("Secure")
        if lasts_s is not None:
            parts.append(f"Max-Age={lasts_s}")
        return "; ".join(parts)

    def stop(self) -> None:
        """The process is about to end: whoever watches is sent home, so that it need not wait for him."""
        self.verification.stop()
        if self.feed is not None:
            self.feed.stop()

    async def ended(self) -> None:
        """What went on beside requests has ended."""
        await self.verification.wait()
        if self.feed is not None:
            await self.feed.wait()

    async def told(self, request: Request, error: Exception) -> Response:
        """Nobody may see it, it is not there, or it cannot be read."""
        if isinstance(error, NotAllowed):
            return self.problem(request, 403, mark("Your account has no right to this; an admin may give it one."))
        if isinstance(error, NotThere):
            return self.problem(request, 404, str(error) or mark("There is no such page."))
        if isinstance(error, HTTPException):
            text = mark("There is no such page.") if error.status_code in (404, 405) else mark("This cannot be read.")
            return self.problem(request, 404 if error.status_code == 405 else error.status_code, text)
        if isinstance(error, RequestValidationError):
            return self.problem(request, 422, mark("Something in this form or address cannot be read."))
        if isinstance(error, KeptElsewhere):
            return self.problem(request, 409, error.told)
        self._log.error("database", error=type(error).__name__, code=getattr(error, "sqlite_errorname", ""))
        return self.problem(request, 503, mark("The database does not answer. Try again in a moment."))

    async def refused(self, request: Request, error: Exception) -> Response:
        """A service says no, and why: nothing was changed. What takes two persons is proposed, and waits."""
        visit: Visit | None = request.state._state.get("visit")
        if isinstance(error, Waits) and visit is not None:
            told = mark("It is proposed as number %(n)s, and done once another person confirms it: %(who)s")
            return visit.go("approvals", notice=visit.say(told, n=error.proposal, who=", ".join(error.others)))
        return self.problem(request, 409, str(error))

    async def broken(self, request: Request, error: Exception) -> Response:
        """An error of ours: where it happened is logged, what it says is not, since that may name somebody."""
        at, trace = "", error.__traceback__
        while trace is not None:
            at, trace = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}", trace.tb_next
        named = token_hex(8)
        self._log.error("page failed", request=named, error=type(error).__name__, at=at)
        visit: Visit | None = request.state._state.get("visit")
        text = mark("An error of the console itself; its log names it under %(name)s.")
        return self.problem(request, 500, visit.say(text, name=named) if visit else text)


def answer_faults(pages: FastAPI) -> None:
    """What goes wrong on these pages is told by the gate that the request came through."""

    async def told(request: Request, error: Exception) -> Response:
        return await gate_of(request).told(request, error)

    async def refused(request: Request, error: Exception) -> Response:
        return await gate_of(request).refused(request, error)

    async def broken(request: Request, error: Exception) -> Response:
        return await gate_of(request).broken(request, error)

    say = (NotAllowed, NotThere, HTTPException, RequestValidationError, StoreError, DatabaseError)
    refuse = (ComplaintError, EntryError, RuleError, PeopleError)
    for kinds, handler in ((say, told), (refuse, refused), ((Exception,), broken)):
        for kind in kinds:
            pages.add_exception_handler(kind, handler)


def gate_of(request: Request) -> Gate:
    """The gate that the request came through."""
    gate: Gate = request.state.gate
    return gate


CLOSED = mark(
    "Nobody has an account here yet. Until the first admin exists, the console answers only the account that runs it, "
    "on its own machine."
)
LOST = mark("The accounts that there were are gone. Put their database back: until then nobody is let in.")
TITLES = {
    403: mark("Not allowed"),
    404: mark("Not found"),
    409: mark("This was not done"),
    413: mark("Too large"),
    422: mark("Not readable"),
    503: mark("Not at this moment"),
    500: mark("Something went wrong"),
}


def _on_this_machine(request: Request) -> bool:
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")  # RFC 6761 6.3


def _template(scope: Scope) -> str:
    """The page, without what somebody looks for there."""
    route = scope.get("route")
    if route is None:
        return "none"
    page = scope["path"].partition("/")[2].partition("/")[0]
    return f"/{page}{getattr(route, 'path', '').removeprefix(f'/{page}')}"


def _once(body: bytes, then: Receive | None = None) -> Receive:
    """A body that was read, to be read again."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        return await then() if then else {"type": "http.disconnect"}

    return receive

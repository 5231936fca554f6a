"""Verdicts over HTTP, answered within the node: h11 reads, the node's judge decides, and nothing waits for a disk.

It is no part of the API of the desk, which is another process: a verdict counts in the node's rates and nowhere else.
What a key may is looked up anew each second, beside the calls; all else is known in memory.
"""

from __future__ import annotations

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, cast
from urllib.parse import unquote, unquote_plus

import h11
import structlog
from cachetools import TTLCache
from pydantic import ValidationError

from console.api.access.allowance import Buckets
from console.api.access.key_book import AccessKey, KeyBook
from console.api.answer import Headers
from console.api.problems import MEDIA_TYPE, Problem, error_of
from console.api.strict_json import NotJson, read_json
from ringfence.api_settings import ApiSettings
from ringfence.asked_settings import AskedSettings
from ringfence.installation import Installation
from ringfence.opinions import Ended, Opinion, Opinions, Question, Unanswerable
from ringfence.people.rights import Right
from rules.records.decisions import is_decision
from rules.storage.store import DatabaseError, StoreError

KNOWN_S: Final = 1.0  # for so long a key is remembered: revoked, it opens nothing more after that
_KEYS: Final = 1000
_AT_ONCE: Final = 4  # questions of one connection
_WAITS_S: Final = 10.0  # for a whole question; a connection that is silent for so long is closed
_LONGEST_HEAD: Final = 16_384
_FORM: Final = "application/x-www-form-urlencoded"
_FIELDS: Final = 40
_NUMBERS: Final = frozenset({"caller", "called", "asserted", "call_id", "source"})
_JSON: Final = "application/json"
_PHRASES: Final = {200: b"OK", 204: b"No Content"}
_LATER: Final = 1000  # questions whose answers wait for something

Told = tuple[int, str, bytes]  # status, media type and body of an answer

log = structlog.get_logger("ringfence.asked")


class Door:
    """Who may ask, how often, and what he hears."""

    def __init__(
        self,
        opinions: Opinions,
        keys: KeyBook,
        settings: AskedSettings,
        *,
        failures_per_minute: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self._opinions, self._keys = opinions, keys
        self._known: TTLCache[str, AccessKey] = TTLCache(_KEYS, KNOWN_S, timer=monotonic)
        self._buckets = Buckets(settings.per_second, max(2 * settings.per_second, 1.0), monotonic)
        self._failures = Buckets(failures_per_minute / 60, max(failures_per_minute, 1.0), monotonic)
        self.open: set[Connection] = set()
        self._later: set[asyncio.Task[Told]] = set()

    def end(self) -> None:
        """Wait for nothing any more."""
        for task in self._later:
            task.cancel()

    def knows(self, token: str) -> bool:
        """Is it known in memory what this key may?"""
        return token in self._known

    async def admit(self, token: str, address: str) -> None:
        """Look a key up. Raises Problem where it opens nothing here."""
        if not token:
            raise _no_key("Send a key: Authorization: Bearer rf_...; `ringfence api keys add` makes one.")
        if wait := self._failures.left(address) < 1.0 and 60.0:
            raise _too_many("Too many requests with wrong keys came from this address.", wait)
        try:
            key = await self._keys.find(token)
        except (StoreError, DatabaseError):
            raise Problem(503, "database", "Keys cannot be looked up at this moment; ask again.") from None
        if key is None:
            self._failures.take(address)
            raise _no_key("This key is unknown, revoked or expired.")
        if Right.VERDICT_ASK not in key.scopes:
            raise Problem(403, "scope", f"This key is not good for {Right.VERDICT_ASK}.")
        self._known[token] = key

    def answer(self, method: str, path: str, token: str, kind: str, plain: bool, body: bytes) -> Told | Awaitable[Told]:
        """The answer to a question of whoever has this key, or what waits for it. Raises Problem, as that does."""
        key = self._known.get(token)
        name, asker = (key.name, key.actor) if key is not None else ("", "")
        if wait := self._buckets.take(name):
            raise _too_many("More questions a second than this key may ask (asked.per_second).", wait)
        path, _, asked = path.partition("?")
        parts = path.strip("/").split("/")
        try:
            if parts[:2] == ["v1", "verdict"] and len(parts) == 2:
                _only(method, "POST")
                opinion = self._opinions.begin(Question.model_validate(_read(kind, body)), asker)
                return _opinion(opinion, plain) if isinstance(opinion, Opinion) else self._wait(_late(opinion, plain))
            if parts[:2] == ["v1", "verdict"] and len(parts) == 4 and parts[3] == "outcome":
                _only(method, "POST")
                return self._end(parts[2], body, kind, asker)
            if parts[:2] == ["v1", "numbers"] and len(parts) == 4 and parts[3] == "reputation":
                _only(method, "GET")
                found = self._opinions.reputation(unquote(parts[2]), _trunk_in(asked))
                return 200, _JSON, json.dumps(found).encode()
        except ValidationError as error:
            raise Problem(
                422, "invalid", "The request names something that cannot be.", errors=_errors(error)
            ) from None
        except Unanswerable as error:
            wrong = [error_of(f"/{error.field}", error.reason)]
            raise Problem(422, "invalid", "The request names something that cannot be.", errors=wrong) from None
        raise Problem(404, "not-found", "There is no such path; see docs/asked.md.")

    def _end(self, decision: str, body: bytes, kind: str, asker: str) -> Told | Awaitable[Told]:
        end = Ended.model_validate(_read(kind, body))
        if not is_decision(decision):
            raise _no_end()
        if self._opinions.ended(decision, end, asker):
            return 204, "", b""
        if len(self._later) >= _LATER:
            raise _too_many("Too many ends wait for their records.", 1.0)
        return self._wait(self._end_before(decision, end))

    async def _end_before(self, decision: str, end: Ended) -> Told:
        try:
            if await self._opinions.ended_before(decision, end):
                return 204, "", b""
        except (StoreError, DatabaseError):
            raise Problem(503, "database", "Records cannot be looked up at this moment; tell it again.") from None
        raise _no_end()

    def _wait(self, answer: Coroutine[Any, Any, Told]) -> Awaitable[Told]:
        """It goes on where nobody listens any more: its call counts all the same."""
        task = asyncio.get_running_loop().create_task(answer)
        self._later.add(task)
        task.add_done_callback(self._done)
        return asyncio.shield(task)

    def _done(self, task: asyncio.Task[Told]) -> None:
        self._later.discard(task)
        if not task.cancelled():
            task.exception()  # told to whoever waits, if anybody does


def _opinion(opinion: Opinion, plain: bool) -> Told:
    if plain:
        return 200, "text/plain; charset=utf-8", opinion.as_line().encode() + b"\n"
    return 200, _JSON, json.dumps(opinion.as_data()).encode()


async def _late(opinion: Coroutine[Any, Any, Opinion], plain: bool) -> Told:
    return _opinion(await opinion, plain)


def _trunk_in(query: str) -> str:
    """The trunk that a query names; no other name may stand there."""
    pairs = [_pair(each) for each in query.split("&", _FIELDS) if each]
    for name, _ in pairs:
        if name != "trunk" or len(pairs) > 1:
            raise Unanswerable(name, "the query may name one trunk (?trunk=NAME), and nothing else")
    return pairs[0][1] if pairs else ""


def _no_end() -> Problem:
    detail = (
        "Of such a decision no end is waited for: nobody asked about it with this key within a day, or it was told."
    )
    return Problem(404, "not-found", detail)


class Connection(asyncio.Protocol):
    """One connection, which asks one question after the other."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        self._transport: asyncio.Transport | None = None
        self._request: h11.Request | None = None
        self._body = bytearray()
        self._address = ""
        self._timer: asyncio.TimerHandle | None = None
        self._resting = False
        self._looking: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It begins, if there is room."""
        self._transport = made = cast(asyncio.Transport, transport)  # uvloop's are none by name
        if len(self._door.open) >= self._door.settings.connections:
            made.abort()
            return
        self._door.open.add(self)
        self._address = str((transport.get_extra_info("peername") or ("",))[0])
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._door.open.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._looking is not None:
            self._looking.cancel()

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._http.receive_data(data)
        self._go_on()

    def eof_received(self) -> bool:
        """Whoever asked will say nothing more, and hears the answers to what he said."""
        self._http.receive_data(b"")
        self._go_on()
        return True

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()

    def _wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(_WAITS_S, self.close)

    def _go_on(self) -> None:
        """Take what has come, up to the end of a question; the next one waits until this is answered.

        After a few in one go the calls have their turn, and nothing more is read until then.
        """
        answered = 0
        try:
            while self._looking is None:
                if answered == _AT_ONCE:
                    self._rest()
                    asyncio.get_running_loop().call_soon(self._read_on)
                    return
                event = self._http.next_event()
                if event is h11.NEED_DATA or event is h11.PAUSED:
                    return
                if isinstance(event, h11.ConnectionClosed):
                    self.close()
                    return
                if isinstance(event, h11.Request):
                    self._request, self._body = event, bytearray()
                    self._refuse_too_large(int(_header(event, b"content-length") or b"0"))
                    if self._http.they_are_waiting_for_100_continue:
                        self._send(self._http.send(h11.InformationalResponse(status_code=100, headers=[])))
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    self._refuse_too_large(len(self._body))
                elif isinstance(event, h11.EndOfMessage):
                    self._asked()
                    answered += 1
        except Problem as problem:
            self._tell(problem.status, MEDIA_TYPE, problem.answer().body, problem.headers, last=True)
        except (h11.RemoteProtocolError, ValueError):
            self._tell(400, MEDIA_TYPE, Problem(400, "http", "This is no HTTP request.").answer().body, last=True)

    def _refuse_too_large(self, size: int) -> None:
        largest = self._door.settings.body_kib
        if size > largest * 1024:
            raise Problem(413, "too-large", f"The body is larger than {largest} KiB (asked.body_kib).")

    def _asked(self) -> None:
        """A question is whole."""
        assert self._request is not None
        scheme, _, token = _header(self._request, b"authorization").decode("latin-1").partition(" ")
        token = token.strip() if scheme.casefold() == "bearer" else ""
        waiting = None
        if self._door.knows(token):
            waiting = self._answer(token)
            if waiting is None:
                return
        self._rest()
        self._looking = asyncio.get_running_loop().create_task(self._look_up(token, waiting))

    async def _look_up(self, token: str, waiting: Awaitable[Told] | None) -> None:
        """Wait for what is known of the key, then for what is known of the call."""
        try:
            if waiting is None:
                await self._door.admit(token, self._address)
                waiting = self._answer(token)
            if waiting is not None:
                self._tell(*await waiting)
        except Problem as problem:
            self._tell(problem.status, MEDIA_TYPE, problem.answer().body, problem.headers)
        except Exception as error:
            self._broken(error)
        finally:
            self._looking = None
        self._read_on()

    def _rest(self) -> None:
        """Read nothing for now: what is asked meanwhile waits with whoever asks."""
        if not self._resting and self._transport is not None and not self._transport.is_closing():
            self._resting = True
            self._transport.pause_reading()

    def _read_on(self) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if self._resting:
            self._resting = False
            self._transport.resume_reading()
        self._go_on()

    def _answer(self, token: str) -> Awaitable[Told] | None:
        """Answer at once, or return what waits for the answer."""
        request = self._request
        assert request is not None
        kind = _header(request, b"content-type").decode("latin-1").lower()
        plain = any(key == b"accept" and b"text/plain" in value for key, value in request.headers)
        try:
            method, path = request.method.decode("ascii"), request.target.decode("ascii", "replace")
            answer = self._door.answer(method, path, token, kind, plain, bytes(self._body))
            if not isinstance(answer, tuple):
                return answer
            self._tell(*answer)
        except Problem as problem:
            self._tell(problem.status, MEDIA_TYPE, problem.answer().body, problem.headers)
        except Exception as error:
            self._broken(error)
        return None

    def _broken(self, error: Exception) -> None:
        """Whoever asks goes on without an answer; the calls of the node do in any case."""
        log.error("a question could not be answered", fault=type(error).__name__)
        broken = Problem(500, "error", "An error of the node; its log has a line of it.")
        self._tell(500, MEDIA_TYPE, broken.answer().body)

    def _tell(self, status: int, media: str, body: bytes, headers: Headers = (), *, last: bool = False) -> None:
        if self._http.our_state not in (h11.SEND_RESPONSE, h11.IDLE):
            self.close()
            return
        fields = [("content-length", str(len(body))), ("cache-control", "no-store"), *headers]
        if media:
            fields.append(("content-type", media))
        if last:
            fields.append(("connection", "close"))
        reason = _PHRASES.get(status, b"")
        sent = self._http.send(h11.Response(status_code=status, headers=fields, reason=reason)) or b""
        sent += self._http.send(h11.Data(data=body)) or b""
        sent += self._http.send(h11.EndOfMessage()) or b""
        self._send(sent)
        if self._http.states == {h11.CLIENT: h11.DONE, h11.SERVER: h11.DONE}:
            self._http.start_next_cycle()
            self._wait()
        else:
            self.close()

    def _send(self, data: bytes | None) -> None:
        if data and self._transport is not None:
            self._transport.write(data)


class Listening:
    """The door while it is open."""

    def __init__(self, door: Door, server: asyncio.Server) -> None:
        self._door, self._server = door, server

    def end(self) -> None:
        """Answer nobody any more."""
        self._server.close()
        for connection in list(self._door.open):
            connection.close()
        self._door.end()


async def listen(opinions: Opinions, here: Installation, settings: AskedSettings) -> Listening:
    """Answer questions at the address of the settings. Raises OSError, StoreError or DatabaseError."""
    api: ApiSettings = here.configuration.api
    keys = KeyBook(await here.access(durable=False))
    door = Door(opinions, keys, settings, failures_per_minute=api.failures_per_minute)
    host = "127.0.0.1" if settings.listen.host == "localhost" else settings.listen.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The process after this one listens beside it until this one has ended.
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(door), host, settings.listen.port, family=family, reuse_port=True
    )
    log.info("answering", listen=str(settings.listen))
    return Listening(door, server)


def _header(request: h11.Request, name: bytes) -> bytes:
    return next((value for key, value in request.headers if key == name), b"")


def _read(kind: str, body: bytes) -> Any:
    """The value of a body: JSON, or a form of texts, which dial plans write more easily.

    Octets that are no UTF-8 are whatever the caller wrote: his call is judged all the same, by the rest.
    """
    media, _, _ = kind.partition(";")
    try:
        if media.strip() == _FORM:
            pairs = [_pair(each) for each in body.decode("utf-8", "replace").split("&", _FIELDS) if each]
            if len(dict(pairs)) < len(pairs):
                raise NotJson("it names something twice")
            return dict(pairs)
        if media.strip() == _JSON:
            return read_json(body, mend=True)
    except (NotJson, ValueError) as error:
        reason = str(error) if isinstance(error, NotJson) else "it has too many fields"
        raise Problem(400, "not-json", f"The body cannot be read: {reason}.") from None
    raise Problem(415, "media-type", f"Send the body as {_JSON}, or as {_FORM}.")


def _pair(text: str) -> tuple[str, str]:
    """One field of a form. Numbers begin with a plus that dial plans don't escape, and hold no blanks."""
    name, _, value = text.partition("=")
    name = unquote_plus(name)
    return name, unquote(value) if name in _NUMBERS else unquote_plus(value)


def _only(method: str, known: str) -> None:
    if method != known:
        raise Problem(405, "method", f"Only {known}.", headers=(("allow", known),))


def _errors(error: ValidationError) -> list[dict[str, str]]:
    """Each field that is wrong, and nothing of what was sent."""
    return [error_of("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors(include_input=False)]


def _no_key(detail: str) -> Problem:
    return Problem(401, "no-key", detail, headers=(("www-authenticate", 'Bearer realm="ringfence"'),))


def _too_many(detail: str, wait: float) -> Problem:
    return Problem(429, "too-many", detail, headers=(("retry-after", str(int(wait) + 1)),))

"""An HTTP answer as a value, and an ASGI application asked for one."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Message, Scope, Send

Headers = Sequence[tuple[str, str]]


class Answer(NamedTuple):
    """What goes back to a client."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header field, empty for none."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def having(self, more: Headers) -> Answer:
        """The same with further header fields."""
        return self._replace(headers=(*self.headers, *more))


async def ask(application: ASGIApp, scope: Scope, body: bytes) -> Answer:
    """The whole answer of an application to a request whose body was read before."""
    status, headers, parts = 500, [], [b""]
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return waiting.pop() if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status, headers
        if message["type"] == "http.response.start":
            status, headers = message["status"], message["headers"]
        elif message["type"] == "http.response.body":
            parts.append(message.get("body", b""))

    await application(scope, receive, send)
    shown = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
    kept = tuple(pair for pair in shown if pair[0].lower() != "content-length")
    return Answer(status, kept, b"".join(parts))


async def give(answer: Answer, send: Send, *, head_only: bool = False) -> None:
    """Send an answer."""
    headers: list[tuple[bytes, bytes]] = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if answer.status != HTTPStatus.NO_CONTENT:  # RFC 9110 section 8.6
        headers.append((b"content-length", str(len(answer.body)).encode()))
    start: dict[str, Any] = {"type": "http.response.start", "status": answer.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})

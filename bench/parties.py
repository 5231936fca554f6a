"""A telephone system for the soak: both ends of calls by RFC 3261, over UDP that loses packets, with its timers."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Coroutine
from typing import Any

T1, T2, GIVEN_UP_S = 0.5, 4.0, 32.0
KEPT_S = 40.0  # how long what was answered is repeated
BODY = "v=0\r\no=- 1 1 IN IP4 127.0.0.9\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
Address = tuple[str, int]


class Lost(Exception):
    """A call that did not go as it should, and why."""


class Message:
    """What came, cut into lines: whoever sent it is known to write plainly."""

    def __init__(self, data: bytes) -> None:
        head, _, self.body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        self.start, *lines = head.split("\r\n")
        cut = (line.partition(":") for line in lines)
        self.fields = [(name.strip().lower(), value.strip()) for name, _, value in cut]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name.lower()]

    def one(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0 ") else 0

    @property
    def method(self) -> str:
        return self.one("CSeq").split()[1]

    @property
    def branch(self) -> str:
        return self.all("Via")[0].partition("branch=")[2].partition(";")[0]

    @property
    def routes(self) -> list[str]:
        return [each.strip() for value in self.all("Record-Route") for each in value.split(",")]


def uri_of(value: str) -> str:
    """What stands between the brackets."""
    return value.partition("<")[2].partition(">")[0]


class Asked:
    """A request of ours until its final response (17.1)."""

    def __init__(self, party: Party, call: Call, data: str, *, is_invite: bool) -> None:
        self.call = call
        self.party, self.data, self.is_invite = party, data, is_invite
        self.final: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self.provisional = asyncio.Event()
        self.ack = ""  # sent again whenever the final response comes again
        self.tag = ""
        self._task = asyncio.ensure_future(self._send())

    async def _send(self) -> None:
        wait, passed = T1, 0.0
        while not self.final.done():
            if passed >= GIVEN_UP_S:
                self.final.set_exception(Lost("no response in 32 s"))
                return
            if not (self.is_invite and self.provisional.is_set()):
                self.party.put(self.data, again=passed > 0)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.final), wait)
            if self.is_invite and self.provisional.is_set():
                return  # timer C is the proxy's
            passed += wait
            wait = wait * 2 if self.is_invite else min(wait * 2, T2)

    def end(self) -> None:
        self._task.cancel()
        self.final.cancel()


class Call:
    """One end of a dialog."""

    def __init__(self, party: Party, call_id: str, own: str, other: str, target: str) -> None:
        self.party, self.call_id, self.own, self.other, self.target = party, call_id, own, other, target
        self.routes: list[str] = []
        self.number = 0
        self.invite: Asked | None = None
        self.came: Message | None = None  # the INVITE, at the end that was called
        self.was_cancelled = asyncio.Event()
        self.heard: asyncio.Queue[str] = asyncio.Queue()  # methods of requests within it

    def text(self, method: str, branch: str, number: int, extra: str = "", body: str = "") -> str:
        host, port = self.party.to  # the relay: all that comes passes it
        routes = "".join(f"Route: {each}\r\n" for each in self.routes)
        kind = "Content-Type: application/sdp\r\n" if body == BODY else "Content-Type: text/plain\r\n" if body else ""
        return (
            f"{method} {self.target} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch={branch}\r\n{routes}"
            f"Max-Forwards: 70\r\nFrom: {self.own}\r\nTo: {self.other}\r\nCall-ID: {self.call_id}\r\n"
            f"CSeq: {number} {method}\r\nContact: <sip:{host}:{port}>\r\n{extra}{kind}"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        )

    def ask(self, method: str, extra: str = "", body: str = "") -> Asked:
        self.number += 1
        branch = self.party.branch()
        text = self.text(method, branch, self.number, extra, body)
        asked = Asked(self.party, self, text, is_invite=method == "INVITE")
        self.party.asked[branch, method] = asked
        return asked

    async def within(self, method: str) -> None:
        """A request in the dialog, which has to be answered 200."""
        asked = self.ask(method, body=BODY if method == "INVITE" else "hello" if method != "BYE" else "")
        final = await asked.final
        if final.status != 200:
            raise Lost(f"{method} within: {final.start}")
        if method == "INVITE":
            self.acknowledge(asked)

    async def ring(self, extra: str) -> Message:
        """Call, and wait for the final response; a 2xx is acknowledged."""
        self.invite = self.ask("INVITE", extra, BODY)
        final = await self.invite.final
        if final.status == 200:
            self.other, self.routes = final.one("To"), list(reversed(final.routes))
            self.target = uri_of(final.one("Contact"))
            self.acknowledge(self.invite)
        return final

    def acknowledge(self, asked: Asked) -> None:
        asked.ack = self.text("ACK", self.party.branch(), self.number)
        asked.tag = self.other
        self.party.put(asked.ack)

    async def cancel(self) -> Message:
        """Give up; what the INVITE then gets."""
        assert self.invite is not None
        ringing = asyncio.ensure_future(self.invite.provisional.wait())
        await asyncio.wait((ringing, self.invite.final), timeout=GIVEN_UP_S, return_when=asyncio.FIRST_COMPLETED)
        ringing.cancel()
        if self.invite.final.done():
            return self.invite.final.result()
        branch = self.invite.data.partition("branch=")[2].partition("\r")[0]
        asked = Asked(self.party, self, self.text("CANCEL", branch, self.number), is_invite=False)
        self.party.asked[branch, "CANCEL"] = asked
        final = await asked.final
        if final.status != 200:
            raise Lost(f"CANCEL: {final.start}")
        # Whoever was asked may be dead and say nothing: then the proxy waits for 64 T1 after CANCEL, too (9.1).
        return await asyncio.wait_for(asyncio.shield(self.invite.final), GIVEN_UP_S + T2)

    def say(self, status: str, body: str = "") -> None:
        assert self.came is not None
        self.party.answer(self.came, status, self.own, body)


Called = Callable[[Call, Message], Coroutine[Any, Any, None]]  # what is done about a call that comes in


class Party(asyncio.DatagramProtocol):
    """Everybody on one side: calls, and is called; deaf and mute while it is stopped."""

    def __init__(
        self, at: Address, to: Address, mark: str, called: Callable[[Call, Message], Coroutine[Any, Any, None]]
    ) -> None:
        self.at, self.to, self.mark, self.called = at, to, mark, called
        self.is_alive = True
        self.sent = self.repeated = 0
        self.calls: dict[str, Call] = {}
        self.asked: dict[tuple[str, str], Asked] = {}
        self.answered: dict[tuple[str, str], str] = {}
        self.unacknowledged: dict[tuple[str, str], asyncio.Task[None]] = {}
        self.scripts: dict[asyncio.Task[None], str] = {}
        self._numbers = itertools.count(1)
        self._transport: Any = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=self.at)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.is_alive = False

    def error_received(self, error: Exception) -> None:
        """Nobody listens at the relay: it is stopped."""

    def close(self) -> None:
        self.stop()
        self._transport.close()

    def branch(self) -> str:
        return f"z9hG4bK{self.mark}{next(self._numbers)}"

    def put(self, text: str, *, again: bool = False) -> None:
        if self.is_alive:
            self.sent += 1
            self.repeated += again
            self._transport.sendto(text.encode(), self.to)

    def stop(self) -> set[str]:
        """As if it were killed: it forgets all calls, which are named."""
        self.is_alive = False
        hit = set(self.calls) | set(self.scripts.values())
        for task in (*self.scripts, *self.unacknowledged.values()):
            task.cancel()
        for asked in self.asked.values():
            asked.end()
        everything: tuple[dict[Any, Any], ...] = (
            self.calls, self.asked, self.answered, self.unacknowledged, self.scripts,
        )  # fmt: skip
        for kept in everything:
            kept.clear()
        return hit

    def start(self) -> None:
        self.is_alive = True

    def new_call(self, caller: str, called: str, host: str) -> Call:
        call_id = f"{self.branch()[7:]}@soak"
        call = Call(self, call_id, f"<sip:{caller}@{host}>;tag={call_id[:-5]}", f"<sip:{called}@{host}>", "")
        call.target = f"sip:{called}@127.0.0.1:5060"
        self.calls[call_id] = call
        return call

    def forget(self, call: Call) -> None:
        """What still comes for it within a while is answered as before."""
        loop = asyncio.get_running_loop()
        loop.call_later(KEPT_S, self.calls.pop, call.call_id, None)

    def datagram_received(self, data: bytes, source: Address) -> None:
        if not self.is_alive or not data.strip():
            return
        message = Message(data)
        (self._response if message.status else self._request)(message)

    def _response(self, message: Message) -> None:
        asked = self.asked.get((message.branch, message.method))
        if asked is None:
            return
        if message.status < 200:
            asked.provisional.set()
            return
        if asked.is_invite and message.status >= 300 and not asked.ack:
            call = asked.call
            bare = call.text("ACK", message.branch, call.number)
            asked.ack = bare.replace(f"To: {call.other}", f"To: {message.one('To')}")
            self.put(asked.ack)
        elif asked.ack:
            self.put(asked.ack, again=True)
        if not asked.final.done():
            asked.final.set_result(message)
            asyncio.get_running_loop().call_later(KEPT_S, self.asked.pop, (message.branch, message.method), None)

    def _request(self, message: Message) -> None:
        method, call_id = message.method, message.one("Call-ID")
        if method == "ACK":
            if task := self.unacknowledged.pop((call_id, message.one("CSeq").split()[0]), None):
                task.cancel()
            return
        if known := self.answered.get((message.branch, method)):
            self.put(known, again=True)
            return
        call = self.calls.get(call_id)
        if method == "OPTIONS":
            self.answer(message, "200 OK", message.one("To") + ";tag=probed")
        elif call is None and method == "INVITE" and ";tag=" not in message.one("To"):
            self._called(message)
        elif call is None:
            self.answer(message, "481 Call Does Not Exist", message.one("To"))
        elif method == "CANCEL":
            self.answer(message, "200 OK", call.own)
            call.was_cancelled.set()
        else:
            self.answer(message, "200 OK", call.own, BODY if method == "INVITE" else "")
            call.heard.put_nowait(method)

    def _called(self, message: Message) -> None:
        own = f"{message.one('To')};tag={self.branch()[7:]}"
        call = Call(self, message.one("Call-ID"), own, message.one("From"), uri_of(message.one("Contact")))
        call.came, call.routes = message, message.routes
        self.calls[call.call_id] = call
        task = asyncio.ensure_future(self.called(call, message))
        self.scripts[task] = call.call_id
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        if (call := self.calls.get(self.scripts.pop(task, ""))) is not None:
            self.forget(call)
        if not task.cancelled():
            task.exception()  # the caller's end tells what is wrong

    def answer(self, message: Message, status: str, own: str, body: str = "") -> None:
        copied = [("Via", each) for each in message.all("Via")]
        copied += [("Record-Route", each) for each in message.all("Record-Route")]
        copied += [(name, message.one(name)) for name in ("From", "Call-ID", "CSeq")]
        kind = "Content-Type: application/sdp\r\n" if body else ""
        kept = "".join(f"{name}: {value}\r\n" for name, value in copied)
        text = (
            f"SIP/2.0 {status}\r\n{kept}To: {own}\r\n"
            f"Contact: <sip:{self.to[0]}:{self.to[1]}>\r\n{kind}Content-Length: {len(body)}\r\n\r\n{body}"
        )
        key, loop = (message.branch, message.method), asyncio.get_running_loop()
        if key not in self.answered:
            loop.call_later(KEPT_S, self.answered.pop, key, None)
        self.answered[key] = text
        self.put(text)
        if message.method == "INVITE" and not status.startswith("1"):
            which = (message.one("Call-ID"), message.one("CSeq").split()[0])
            self.unacknowledged[which] = asyncio.ensure_future(self._repeat(text, which))

    async def _repeat(self, text: str, which: tuple[str, str]) -> None:
        """13.3.1.4 and timer G: until it is acknowledged."""
        wait, passed = T1, 0.0
        while passed < GIVEN_UP_S:
            await asyncio.sleep(wait)
            self.put(text, again=True)
            passed += wait
            wait = min(wait * 2, T2)
        self.unacknowledged.pop(which, None)

"""Softphones as processes: start one that answers, place one call, and read what each tells."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from proxy.proxy_settings import HostPort, parse_host_port

Event = dict[str, Any]
START_S = 60.0  # a phone that isn't up by then never will be, on a busy machine either
END_S = 5.0
TALK_S = 0.6  # how long a caller talks before it hangs up
TIMEOUT_S = 40.0  # of one call: longer than timer B (RFC 3261 17.1.1.2), so that a silent proxy shows as 408
_NUMBER = re.compile(r"\+?[0-9*#\s()./-]*[0-9*#][0-9*#\s()./-]*")  # digits as people group them
_GROUPING = re.compile(r"[\s()./-]+")


class PhoneError(Exception):
    """A softphone could not do what it was asked; the message says why and what would help."""


class Placed(NamedTuple):
    """What a caller learnt from one call."""

    status: int  # final
    phrase: str
    rang: bool  # a 180 or 183 came
    heard: int  # RTP packets received while talking
    headers: dict[str, list[str]]  # of the final response
    responses: tuple[int, ...]  # every status, in order
    first_ms: float  # from sending the INVITE until the first response beyond 100
    final_ms: float
    call_id: str


def host_port(text: str) -> HostPort:
    """HOST[:PORT] as typed."""
    return HostPort.model_validate(parse_host_port(text))


def free_port(host: str) -> int:
    """A UDP port of this address that nobody uses now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def own_address(peer: HostPort) -> str:
    """The address of this machine that the peer would see."""
    try:
        family, _, _, _, address = socket.getaddrinfo(peer.host, peer.port, type=socket.SOCK_DGRAM)[0]
    except socket.gaierror as error:
        raise PhoneError(f"{peer.host}: no address is known for this name; write HOST:PORT") from error
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(address)
        return str(probe.getsockname()[0])


class Phone:
    """One softphone process, told what to do by `order`; use it as an asynchronous context."""

    def __init__(self, order: dict[str, Any]) -> None:
        if importlib.util.find_spec("pjsua2") is None:
            raise PhoneError("a softphone needs pjsua2, an extra of its own: pip install 'ringfence[softphone]'")
        self.order = order
        self.process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "console.phones.softphone", json.dumps(self.order)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=2**20,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let it hang up and end; a phone that won't is ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.communicate(), END_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def events(self) -> AsyncIterator[Event]:
        """What the phone tells, until it ends."""
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            yield json.loads(line)

    async def expect(self, *names: str, within: float = START_S) -> Event:
        """The next event of one of these names; earlier ones are passed over."""
        try:
            async with asyncio.timeout(within):
                async for event in self.events():
                    if event["event"] in names:
                        return event
        except TimeoutError:
            raise PhoneError(f"the softphone told no {' or '.join(names)} within {within:g} s") from None
        raise PhoneError(f"the softphone ended: {await self.last_words()}")

    async def dial(self, target: str, *, identity: str, route: str = "", talk_s: float = TALK_S) -> Placed:
        """Place a call from a phone that answers, with its address and port; what came in before is passed over."""
        order = {"target": target, "identity": identity, "route": route, "timeout": TIMEOUT_S, "talk": talk_s}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()
        await self.expect("calling")
        return await self.placed()

    async def placed(self) -> Placed:
        """The call that this phone places, once it is over."""
        begun = 0.0
        responses: list[Event] = []
        async for event in self.events():
            if event["event"] == "sent":
                begun = event["at"]
            elif event["event"] == "response":
                responses.append(event)
            elif event["event"] == "ended":
                return outcome(event, responses, begun)
        raise PhoneError(f"the softphone did not place it: {await self.last_words()}")

    async def maybe(self, name: str, *, within: float) -> Event | None:
        """The next event of this name, or None when none comes in time."""
        try:
            return await self.expect(name, within=within)
        except PhoneError:
            return None

    async def last_words(self) -> str:
        """The last line that the phone's process wrote to standard error."""
        assert self.process.stderr is not None
        lines = (await self.process.stderr.read()).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit {await self.process.wait()}"


def answering(host: str, port: int, *, answer: int = 200) -> Phone:
    """A phone that answers every call with this status; `ready` is the first thing it tells, `invite` each call."""
    return Phone({"host": host, "port": port, "answer": answer})


def dialled(text: str) -> str:
    """What somebody typed as a number: written in groups or brackets, it is dialled without them."""
    text = text.strip()
    if _NUMBER.fullmatch(text):
        return _GROUPING.sub("", text)
    return text if is_uri(text) else text.replace(" ", "%20")


def is_uri(text: str) -> bool:
    """Is it a whole URI, perhaps with a name before it, rather than a number or name at the proxy?"""
    return any(scheme in text.lower() for scheme in ("sip:", "sips:", "tel:"))


def caller_identity(number: str, host: str) -> str:
    """The From of a number, a name, a whole URI, or `anonymous` (RFC 3323 4.1.1.3)."""
    number = dialled(number)
    if number == "anonymous":
        return '"Anonymous" <sip:anonymous@anonymous.invalid>'
    if is_uri(number):
        return number
    return f"<sip:{number}>" if "@" in number else f"<sip:{number}@{host}>"


def target_of(called: str, via: HostPort) -> tuple[str, str]:
    """The Request-URI of whoever is called, and the Route that leads there by the proxy."""
    called = dialled(called)
    if not is_uri(called) and "@" not in called:
        return f"sip:{called}@{via}", ""
    return called if is_uri(called) else f"sip:{called}", f"sip:{via};transport=udp;lr"


async def place(
    caller: str,
    called: str,
    via: HostPort,
    *,
    headers: Sequence[tuple[str, str]] = (),
    talk_s: float = TALK_S,
) -> Placed:
    """Place one call by any proxy: say who calls, who is called and where the proxy is; talk a little when answered."""
    host = own_address(via)
    if ":" in host:
        raise PhoneError(f"{via}: pjsua2 as published speaks IPv4 only; for IPv6 call with SIPp (docs/testing.md)")
    target, route = target_of(called, via)
    order = {
        "host": host,
        "port": free_port(host),
        "identity": caller_identity(caller, host),
        "headers": list(headers),
        "timeout": TIMEOUT_S,
        "talk": talk_s,
        "target": target,
        "route": route,
    }
    async with Phone(order) as phone:
        return await phone.placed()


def outcome(ended: Event, responses: list[Event], begun: float) -> Placed:
    """The call as its caller saw it."""
    final = next((r for r in responses if r["status"] >= 200), None)
    first = next((r for r in responses if r["status"] > 100), final)
    call_ids = responses[0]["headers"].get("call-id", [""]) if responses else [""]
    return Placed(
        status=final["status"] if final else ended["status"],
        phrase=final["phrase"] if final else ended["phrase"],
        rang=any(r["status"] in (180, 183) for r in responses),
        heard=ended["heard"],
        headers=final["headers"] if final else {},
        responses=tuple(r["status"] for r in responses),
        first_ms=((first or ended)["at"] - begun) * 1e3,
        final_ms=((final or ended)["at"] - begun) * 1e3,
        call_id=call_ids[0],
    )

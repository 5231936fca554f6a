"""A running node that is called over connections, and those who sit before and behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any, Self

from proxy.app import build_core
from proxy.metrics import Metrics
from proxy.proxy_settings import ProxySettings
from proxy.server import Server
from proxy.sip.framing import Framer
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.peers.loopback import Endpoint, new_endpoint
from tests.proxy.test_server import Judge, Keys

WAIT_S = 60
PROBE = b"OPTIONS "


class Line:
    """One connection of somebody who speaks SIP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._framer = Framer(65_535)
        self._messages: list[bytes] = []

    @classmethod
    async def to(cls, at: Endpoint, source: str, port: int = 0, **words: Any) -> Self:
        """A new one, from that address."""
        sock = socket.socket(socket.AF_INET6 if ":" in at.host else socket.AF_INET)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((source, port))
        await asyncio.get_running_loop().sock_connect(sock, (at.host, at.port))
        return cls(*await asyncio.open_connection(sock=sock, **words))

    @property
    def at(self) -> Endpoint:
        """Its own end."""
        host, port = self.writer.get_extra_info("sockname")[:2]
        return Endpoint(host, port)

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def heard(self) -> bytes:
        """The next message that is no probe of the node; empty when the other end has closed."""
        while True:
            while not self._messages:
                data = await asyncio.wait_for(self.reader.read(65_536), WAIT_S)
                if not data:
                    return b""
                self._messages += self._framer.feed(data)
            if not (found := self._messages.pop(0)).startswith(PROBE):
                return found

    async def rest(self) -> bytes:
        """All octets until the other end closes."""
        return await asyncio.wait_for(self.reader.read(), WAIT_S)

    def close(self) -> None:
        self.writer.close()


class Listening:
    """Somebody whom the node opens connections to."""

    def __init__(self, at: Endpoint) -> None:
        self.at = at
        self.lines: asyncio.Queue[Line] = asyncio.Queue()
        self._server: asyncio.Server | None = None
        self._all: list[Line] = []

    async def begin(self, **words: Any) -> Self:
        self._server = await asyncio.start_server(self._take, self.at.host, self.at.port, **words)
        return self

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        self._all.append(line)
        await self.lines.put(line)

    async def joined(self) -> Line:
        """The next connection."""
        return await asyncio.wait_for(self.lines.get(), WAIT_S)

    def close(self) -> None:
        for line in self._all:
            line.close()
        if self._server is not None:
            self._server.close()


class Datagrams:
    """Somebody who speaks UDP with the node."""

    def __init__(self, at: Endpoint, us: Endpoint | None) -> None:
        self.sock = socket.socket(socket.AF_INET6 if ":" in at.host else socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind(at)
        self.us = us

    async def heard(self) -> bytes:
        """The next datagram that is no probe of the node."""
        while True:
            found = await asyncio.wait_for(asyncio.get_running_loop().sock_recv(self.sock, 65_535), WAIT_S)
            if found.strip() and not found.startswith(PROBE):
                return found

    def close(self) -> None:
        """Whoever was still listening is taken out of the loop first: another socket may have its number next."""
        asyncio.get_running_loop().remove_reader(self.sock.fileno())
        self.sock.close()

    async def send(self, data: bytes) -> None:
        assert self.us is not None
        await asyncio.get_running_loop().sock_sendto(self.sock, data, self.us)


class Street:
    """A node with listeners of several transports, a trunk before it and a PBX behind it by UDP."""

    def __init__(
        self,
        *transports: str,
        host: str = "",
        trunk_at: Endpoint | None = None,
        pbx_at: Endpoint | None = None,
        **settings: Any,
    ) -> None:
        self.ends = {name: new_endpoint(host) for name in transports}
        self.trunk_at, self.pbx_at = trunk_at or new_endpoint(host), pbx_at or new_endpoint(host)
        whole = {
            "listen": [{"address": str(at), "transport": name} for name, at in self.ends.items()],
            "trunks": [{"name": "carrier", "addresses": [self.trunk_at.host], "country": "CN"}],
            "pbxes": [{"name": "office", "addresses": [str(self.pbx_at)]}],
            **settings,
        }
        self.settings = ProxySettings.model_validate(whole)
        self.core = build_core(self.settings, ScreeningSettings(), Keys())
        self.judge = Judge()
        self.metrics = Metrics(self.core, lambda: self.judge.counters)
        self.server = Server(self.core, self.judge, self.metrics)
        self.pbx = Datagrams(self.pbx_at, self.ends.get("udp"))
        self.lines: list[Line] = []

    async def join(self, transport: str = "tcp", source: str = "") -> Line:
        """The trunk, or somebody else, connects."""
        self.lines.append(await Line.to(self.ends[transport], source or self.trunk_at.host))
        return self.lines[-1]

    def invite(self, line: Line, number: int = 1, *, transport: str = "TCP", **fields: Any) -> bytes:
        """A call over that connection."""
        given = {
            "via": f"SIP/2.0/{transport} {line.at};branch=z9hG4bKstream{number}",
            "uri": f"sip:{wire.CALLED}@{self.ends[transport.lower()]}",
            "call_id": f"stream-{number}",
            "extra": f"Contact: <sip:wren@{line.at};transport={transport.lower()}>",
            **fields,
        }
        return wire.invite(**given)


@contextlib.asynccontextmanager
async def street(*transports: str, **words: Any) -> AsyncIterator[Street]:
    found = Street(*transports, **words)
    try:
        await found.server.open()
        yield found
    finally:
        await found.server.close()
        for line in found.lines:
            line.close()
        found.pbx.close()
        await asyncio.sleep(0.01)

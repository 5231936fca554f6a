"""A web server for certificates of signers, by TLS on loopback, which answers what a test wants."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpcore

from tests.authority import Authority

PUBLIC = "93.184.215.14"  # an address of the public network; nobody connects to it, see `Web`


def answer(body: bytes = b"", status: str = "200 OK", **fields: str) -> bytes:
    """One HTTP response; `cache_control` becomes Cache-Control."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Web(httpcore.AsyncNetworkBackend):
    """Every connection that is made leads to one server here; where it was meant to go is noted."""

    def __init__(self, folder: Path, *hosts: str) -> None:
        self.authority = Authority(folder, "web-ca")
        self._certificate = self.authority.sign(*hosts, file="web")
        self.pages: dict[str, bytes] = {}  # responses by path
        self.asked: list[str] = []  # paths
        self.connected: list[str] = []  # addresses
        self.looked_up: list[str] = []
        self.addresses: dict[str, list[str]] = {}  # of hosts; PUBLIC for all others
        self.holds: set[str] = set()  # paths that are never answered
        self._plain = httpcore.AnyIOBackend()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Web:
        context = self.authority.server(self._certificate)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    @property
    def context(self) -> ssl.SSLContext:
        """Of whoever fetches there."""
        return self.authority.client()

    async def look_up(self, host: str, port: int) -> list[str]:
        self.looked_up.append(host)
        return self.addresses.get(host, [PUBLIC])

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.connected.append(host)
        assert self._server is not None
        return await self._plain.connect_tcp("127.0.0.1", self._server.sockets[0].getsockname()[1], timeout)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split()[1].decode()
            self.asked.append(path)
            if path in self.holds:
                await reader.read()
            writer.write(self.pages.get(path, answer(status="404 Not Found")))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

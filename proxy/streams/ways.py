"""How connections of a transport begin: accepted or opened, as they are or enciphered, with plain framing or frames."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Collection
from typing import Any, cast

from proxy.proxy_settings import LimitSettings
from proxy.sip.framing import Framer
from proxy.streams.connection import Connection, Framing
from proxy.streams.websocket import Frames

KEEP_ALIVE_S = 60  # of silence, after which the kernel asks whether the other end is still there
KEEP_ALIVE_TRIES = 4


class Plain:
    """TCP, or WebSocket over it."""

    def __init__(self, *, frames: bool = False) -> None:
        """`frames`: of WebSocket."""
        self._frames = frames

    def framing(self, limits: LimitSettings, origins: Collection[str] = ()) -> Framing:
        """By Content-Length, or frames."""
        return framing(limits, origins, frames=self._frames)

    async def take(self, sock: socket.socket, connection: Connection, seconds: float) -> None:
        """Let a connection begin on a socket that was accepted."""
        keep_alive(sock)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: cast(Any, connection), sock)

    async def open(self, connection: Connection, local: str) -> None:
        """Let a connection begin to its address, from the one that others know us by."""
        refuse_to_call(frames=self._frames)
        host, port, _, _ = connection.remote
        sock = await reach(host, port, local)
        try:
            await asyncio.get_running_loop().create_connection(lambda: cast(Any, connection), sock=sock)
        except BaseException:
            sock.close()
            raise
        keep_alive(connection.info("socket"))


def framing(limits: LimitSettings, origins: Collection[str], *, frames: bool) -> Framing:
    """How messages lie in a new connection."""
    return Frames(limits.message_octets, origins) if frames else Framer(limits.message_octets)


def refuse_to_call(*, frames: bool) -> None:
    """Raises OSError for WebSocket: whoever speaks it can't be called, and calls us (RFC 7118 section 5)."""
    if frames:
        raise OSError("nobody is called by WebSocket")


async def reach(host: str, port: int, local: str) -> socket.socket:
    """A socket that is connected to this address, from ours if one is given. Raises OSError."""
    sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        if local:
            sock.bind((local, 0))
        await asyncio.get_running_loop().sock_connect(sock, (host, port))
    except BaseException:
        sock.close()
        raise
    return sock


def keep_alive(sock: socket.socket) -> None:
    """Let the kernel find out that the other end is gone, and let no message wait for another."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_ALIVE_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_ALIVE_S // KEEP_ALIVE_TRIES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ALIVE_TRIES)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

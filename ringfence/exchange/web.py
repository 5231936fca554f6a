"""Files of a partner, fetched with care: from public addresses, within a deadline, following nobody elsewhere."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

import httpcore
from tuf.api.exceptions import DownloadHTTPError
from tuf.ngclient.fetcher import FetcherInterface

from ringfence.exchange.refused import Refused
from ringfence.stir.guarded_web import Network, may_connect, sits_here

_PIECE: Final = 65_536
_SILENT_S: Final = 20.0
_LONGEST_ANSWER: Final = 65_536
_MOST_ADDRESSES: Final = 4
_AWAY: Final = (
    TimeoutError, OSError, httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
)  # fmt: skip


def looked_up(host: str, port: int) -> Sequence[str]:
    """The addresses of a host, by the system."""
    return list(dict.fromkeys(str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class _Guarded(httpcore.NetworkBackend):
    """Connects to addresses that were judged, whatever a name would lead to later."""

    def __init__(self, look_up: Callable[[str, int], Sequence[str]], networks: Sequence[Network]) -> None:
        self._look_up, self._networks, self._plain = look_up, networks, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """To the first of the host's addresses that answers; to none if one of them is none that may be asked."""
        addresses = self._look_up(host.strip("[]"), port)
        if not all(may_connect(address, sits_here, self._networks) for address in addresses):
            raise Refused("address", host)
        for address in addresses[:_MOST_ADDRESSES]:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)
        raise httpcore.ConnectError("none answers")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Nobody is asked there."""
        raise Refused("address", path)


class Web(FetcherInterface):
    """Fetches for one look at one partner; closed when it ends."""

    def __init__(
        self,
        networks: Iterable[str],
        deadline_s: float,
        *,
        clock: Callable[[], float],
        look_up: Callable[[str, int], Sequence[str]] = looked_up,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._clock, self._until = clock, clock() + deadline_s
        self._guarded = _Guarded(look_up, [ipaddress.ip_network(each) for each in networks])
        self._context = context
        self._opened: httpcore.ConnectionPool | None = None

    def close(self) -> None:
        """No connection is open any more."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _pool(self) -> httpcore.ConnectionPool:
        """Made for the first file that no folder has: reading the authorities takes 30 ms."""
        if self._opened is None:
            context = self._context or ssl.create_default_context()
            self._opened = httpcore.ConnectionPool(ssl_context=context, network_backend=self._guarded, retries=0)
        return self._opened

    def post(self, url: str, data: bytes, headers: list[tuple[str, str]]) -> tuple[int, bytes]:
        """Send something, and hear the status and what was said, which is short; Refused where nobody answers."""
        said = bytearray()
        try:
            silent = min(_SILENT_S, max(self._until - self._clock(), 0.1))
            extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), silent)}
            with self._pool.stream("POST", url, headers=headers, content=data, extensions=extensions) as answer:
                for part in answer.iter_stream():
                    self._in_time()
                    said += part
                    if len(said) > _LONGEST_ANSWER:
                        raise Refused("large", "the answer")
                return answer.status, bytes(said)
        except _AWAY as error:
            raise Refused("unreachable", str(error) or type(error).__name__) from error

    def _fetch(self, url: str) -> Iterator[bytes]:
        if url.startswith("file:"):
            yield from self._of_folder(url)
            return
        try:
            silent = min(_SILENT_S, max(self._until - self._clock(), 0.1))
            extensions = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), silent)}
            with self._pool.stream("GET", url, headers=[("User-Agent", "ringfence")], extensions=extensions) as answer:
                if 300 <= answer.status < 400:
                    raise Refused("redirect", str(answer.status))
                if answer.status != 200:
                    raise DownloadHTTPError(f"status {answer.status}", answer.status)
                for part in answer.iter_stream():
                    self._in_time()
                    yield part
        except _AWAY as error:
            self._in_time()
            raise Refused("unreachable", str(error) or type(error).__name__) from error

    def _of_folder(self, url: str) -> Iterator[bytes]:
        path = Path(url2pathname(unquote(urlsplit(url).path)))
        try:
            with path.open("rb") as file:
                while part := file.read(_PIECE):
                    self._in_time()
                    yield part
        except FileNotFoundError as error:
            raise DownloadHTTPError(f"no such file: {path}", 404) from error
        except OSError as error:
            raise Refused("unreachable", error.strerror or str(error)) from error

    def _in_time(self) -> None:
        if self._clock() > self._until:
            raise Refused("slow")

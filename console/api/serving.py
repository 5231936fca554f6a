"""`ringfence api serve`: the desk and its keys are opened, then HTTP is answered until SIGTERM."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import structlog
import uvicorn
import uvloop
from pydantic import ValidationError
from starlette.types import ASGIApp, Receive, Scope, Send

from console.api.access.idempotency_keys import IdempotencyKeys
from console.api.application import application
from console.api.authentication import Authentication
from console.api.idempotency import Idempotency
from console.api.middleware import Middleware, names_of
from console.api.read_timeout import ReadTimeoutProtocol
from desk.alerts import Alert
from desk.desk import Desk
from desk.scheduler import Scheduler
from proxy.app import heed_signals
from proxy.proxy_settings import HostPort
from ringfence.api_settings import ApiSettings
from ringfence.exchange.shelving import Shelving
from ringfence.installation import Installation
from ringfence.key_rounds import KeyRounds
from ringfence.people.door import by_account
from ringfence.people.faults import NotAllowed
from ringfence.people.guards import hold_to_guards
from ringfence.service_log import log_to_stderr
from rules.storage.database_files import begun_anew, keys_made_anew, missed

_DRAIN_S = 15
_IDLE_S = 20
_LONGEST_HEAD = 32_768  # bytes of request line and header fields
_BACKLOG = 512


class Hung(Protocol):
    """The console beside the API, as one application."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

    def stop(self) -> None:
        """Whoever is told something without end is sent home."""

    async def ended(self) -> None:
        """What went on beside requests has ended."""


Pages = Callable[[Installation, Desk, ASGIApp, list[str]], Awaitable[Hung]]  # hangs the console beside the API


class NotServed(Exception):
    """The API must not, or cannot, listen there; the message says what to do."""


class _Server(uvicorn.Server):
    """uvicorn's, which leaves signals to us: the desk is closed in order before the process ends."""

    def __init__(self, config: uvicorn.Config, hung: Hung | None) -> None:
        super().__init__(config)
        self._hung = hung

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are heeded already."""
        yield

    def heed_signals(self) -> None:
        """Stop at the first SIGTERM, SIGINT or SIGQUIT; requests under way are answered."""
        heed_signals(self._stop, "ringfence.yaml is read at a start")

    def _stop(self) -> None:
        self.should_exit = True
        if self._hung is not None:
            self._hung.stop()


def serve(file: Path, listen: HostPort | None = None, pages: Pages | None = None) -> None:
    """Answer HTTP for this desk, with its pages beside the API; raises RuleError, StoreError or NotServed."""
    here = Installation.open(file)
    settings = here.configuration.api if listen is None else listening_on(here.configuration.api, listen)
    log_to_stderr(here.configuration.logging.level)
    give_way(settings.nice)
    logging.basicConfig(handlers=[_Heard()], level=logging.WARNING)
    uvloop.run(run(here, settings, pages))


def give_way(nice: int) -> None:
    """Let calls go first on a machine that both share; before there are threads, each of which has its own rank.

    Who started it lower leaves it there. Batch (sched(7)): what wakes up here takes the processor from nobody, so that
    a page in between does not hold the node up.
    """
    if not nice:
        return
    with suppress(OSError):  # a container may forbid it: then it is as it was started
        os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def listening_on(settings: ApiSettings, listen: HostPort) -> ApiSettings:
    """The same settings at another address; raises NotServed where that must not be."""
    try:
        return ApiSettings.model_validate(settings.model_dump() | {"listen": listen})
    except ValidationError as error:
        raise NotServed(f"--listen: {error.errors()[0]['msg'].removeprefix('Value error, listen: ')}") from None


def _as_configured(settings: ApiSettings, base: Path) -> uvicorn.Config:
    """What uvicorn is told."""
    certificate, key = _tls(settings, base)
    return uvicorn.Config(
        "",
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        http=ReadTimeoutProtocol,
        proxy_headers=settings.behind_proxy,
        forwarded_allow_ips="127.0.0.1,::1",
        limit_concurrency=settings.concurrent * 8,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_DRAIN_S,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


async def run(here: Installation, settings: ApiSettings, pages: Pages | None = None) -> None:
    """Open the desk, listen, and leave everything recorded."""
    log = structlog.get_logger("ringfence.api")
    for path in missed(here.database):
        log.error("database", fault=begun_anew(path))
    if (lost := here.lost_keys()) is not None:
        log.error("keys", fault=keys_made_anew(lost))
    async with here, AsyncExitStack() as opened:
        store = await here.access(durable=False)
        people = await here.people()
        if await people.accounts.any():
            try:
                await hold_to_guards(here)
            except NotAllowed as error:
                raise NotServed(str(error)) from error
        here.configuration = by_account(here.configuration, await people.accounts.listed())
        door = Authentication(store, settings, people)
        _check_exposure(settings, has_key=await door.keys.any_works())
        server = _as_configured(settings, here.base)
        listener = _listener(settings.listen)
        opened.callback(listener.close)
        desk = await here.open_desk()
        rounds = Scheduler(desk, counting=True, on_alert=_tell, on_error=_warn)
        rounds.start()
        opened.push_async_callback(rounds.close)
        keys = KeyRounds(here, desk.archive)
        keys.start()
        opened.push_async_callback(keys.close)
        replays = Idempotency(IdempotencyKeys(store), desk.archive.secrecy.pseudonym)
        api = application(desk, [trunk.name for trunk in here.configuration.trunks], people)
        opened.push_async_callback(api.state.catch_up.close)
        if here.handing.partners:
            api.state.handing = here.handing
        if here.configuration.exchange.publish is not None:
            api.state.shelving = Shelving(here.giving.repository)
        gate = Middleware(api, door, replays, settings)
        hung = await pages(here, desk, gate, names_of(settings)) if pages is not None else None
        server.app = hung or gate
        if hung is not None:
            opened.push_async_callback(hung.ended)
        opened.push_async_callback(gate.ended)
        running = _Server(server, hung)
        running.heed_signals()  # before it is told that we serve: who is told sends some
        host, port, *_ = listener.getsockname()
        log.info("serving", listen=str(HostPort(host=host, port=port)), tls=server.is_ssl, configuration=str(here.file))
        await running.serve(sockets=[listener])
    log.info("stopped")


class _Heard(logging.Handler):
    """What libraries say goes into our log: their words without values, which may name somebody."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log the first line of the message's template."""
        log = structlog.get_logger("ringfence.api")
        log.warning("library", logger=record.name, fault=str(record.msg).partition("\n")[0])


def _check_exposure(settings: ApiSettings, *, has_key: bool) -> None:
    """Nobody reaches it from outside before there is a key."""
    if settings.exposed and not has_key:
        raise NotServed(
            f"{settings.listen} is not on loopback and there is no key yet: make one with "
            "`ringfence api keys add NAME --scope SCOPE`, or listen on 127.0.0.1"
        )


def _tls(settings: ApiSettings, base: Path) -> tuple[str | None, str | None]:
    """Certificate and key, tried before anything listens."""
    if settings.certificate is None:
        return None, None
    certificate = base / settings.certificate
    key = base / settings.key if settings.key else certificate
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:  # ssl.SSLError is one
        reason = error.strerror or error
        raise NotServed(f"api.certificate {certificate} with api.key {key} cannot be used: {reason}") from error
    return str(certificate), str(key)


def _listener(address: HostPort) -> socket.socket:
    host = "127.0.0.1" if address.host == "localhost" else address.host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, address.port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise NotServed(f"api.listen {address}: {error.strerror}; choose another port or end who has it") from error
    return listener


def _tell(alert: Alert) -> None:
    """Say it once. What somebody wrote is left out; `ringfence alerts` shows it."""
    told = {} if alert.kind in ("leak", "inquiry") else {"subject": alert.subject.partition(": ")[0]}
    structlog.get_logger("ringfence.api").warning(
        "alert", kind=alert.kind, reporters=alert.reporters, complaints=alert.complaints, usual=alert.usual, **told
    )


def _warn(error: str) -> None:
    structlog.get_logger("ringfence.api").warning("calls are not counted", fault=error.partition(":")[0])

"""TLS in both roles: our certificates by the name that is asked for, those of others verified, all replaced at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from proxy.proxy_settings import LimitSettings, TlsSettings
from proxy.streams.certificates import (
    NOBODY,
    OF_ANOTHER,
    Certificate,
    CertificateFault,
    Refused,
    identities,
    is_of,
    names_shown,
    read_authorities,
    read_certificate,
)
from proxy.streams.connection import Connection, Framing, Remote
from proxy.streams.ways import framing, keep_alive, reach, refuse_to_call

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Contexts:
    """What connections begin with from now on."""

    def __init__(self, settings: TlsSettings, *, asks: bool) -> None:
        """`asks`: whoever connects is asked for a certificate. Raises CertificateFault."""
        self.certificates = [read_certificate(each.certificate, each.key) for each in settings.certificates]
        self._settings = settings
        if settings.authorities is not None:
            read_authorities(settings.authorities)
        others = [self._server(each, asks=asks) for each in self.certificates]
        self._by_name = {
            name: made for each, made in zip(self.certificates, others, strict=True) for name in each.names
        }
        self.server = others[0] if others else None
        if self.server is not None:
            self.server.sni_callback = self._choose
        self.client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client.check_hostname = False  # names are compared as SIP does, which knows no wildcards
        self._prepare(self.client)
        if self.certificates:
            self.client.load_cert_chain(self.certificates[0].file, self.certificates[0].key)

    def _prepare(self, context: ssl.SSLContext) -> None:
        context.minimum_version = _VERSIONS[self._settings.minimum]
        if self._settings.authorities is not None:
            context.load_verify_locations(self._settings.authorities)
        else:
            context.set_default_verify_paths()

    def _server(self, certificate: Certificate, *, asks: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._prepare(context)
        context.load_cert_chain(certificate.file, certificate.key)
        context.verify_mode = ssl.CERT_OPTIONAL if asks else ssl.CERT_NONE
        return context

    def _choose(self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, _: ssl.SSLContext) -> None:
        """The certificate of the name that is asked for, else the first one."""
        if name is not None and (found := self._by_name.get(name.lower())) is not None:
            connection.context = found


@cache
def _before_any() -> Contexts:
    """What stands there until a node takes its settings, and nothing begins with."""
    return Contexts(TlsSettings(), asks=False)


class Keeping:
    """The contexts of a node, made anew when their files change."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._settings = TlsSettings()
        self._asks = False
        self._seen: tuple[object, ...] = ()
        self._clock = clock
        self._begins: datetime | None = None  # when one is valid that is not yet
        self._refused = ""  # why what lies there now is not used
        self.contexts = _before_any()

    def take(self, settings: TlsSettings, contexts: Contexts, *, asks: bool) -> None:
        """Go by these settings from now on."""
        self._settings, self._asks = settings, asks
        self._seen = self._stamps()
        if contexts is not self.contexts:
            self._refused, self._begins = "", None
        self.contexts = contexts

    def made(self, settings: TlsSettings, *, asks: bool) -> Contexts:
        """What connections would begin with by these settings; those of now where they last longer.

        Raises CertificateFault.
        """
        made = Contexts(settings, asks=asks)
        same = settings == self._settings and asks == self._asks
        return self.contexts if same and self._lasted_longer(made) else made

    def reload(self) -> None:
        """Read the files again. Raises CertificateFault, and the ones before stay: also where they last longer."""
        self._seen, self._begins = self._stamps(), None
        try:
            made = Contexts(self._settings, asks=self._asks)
            if why := self._lasted_longer(made):
                raise CertificateFault(why, "put one there that is valid")
        except CertificateFault as fault:
            self._refused = fault.what
            raise
        self.contexts, self._refused = made, ""

    def _lasted_longer(self, made: Contexts) -> str:
        """Is one of these not valid now, in place of one that is? Then what is told of it, and it is not used."""
        now = self._clock()
        before = {each.file: each for each in self.contexts.certificates}
        for each in made.certificates:
            had = before.get(each.file)
            if had is None or each.valid(now) or not (had.valid(now) or had.ends > each.ends):
                continue
            self._begins = each.begins if now < each.begins else None
            last = f"the one before it {'ends' if had.valid(now) else 'ended'} on {had.ends:%Y-%m-%d %H:%M} UTC"
            self._refused = f"{each.trouble(now)}, {last}"
            return self._refused
        return ""

    def have_changed(self) -> bool:
        """Are there other files than when they were read last, or is one valid by now?"""
        return self._stamps() != self._seen or (self._begins is not None and self._clock() >= self._begins)

    def troubles(self) -> list[str]:
        """What somebody should see to, a sentence each."""
        now = self._clock()
        found = [f"a certificate of ours: {told}" for each in self.contexts.certificates if (told := each.trouble(now))]
        if self._refused:
            found.append(
                f"certificates were replaced by files that can't be used, the ones before go on: {self._refused}"
            )
        return found

    def _stamps(self) -> tuple[object, ...]:
        settings = self._settings
        files = [file for each in settings.certificates for file in (each.certificate, each.key)]
        return tuple(_stamp(file) for file in (*files, settings.authorities) if file is not None)

    @property
    def ends(self) -> dict[str, datetime]:
        """When each certificate ends, by its file's name."""
        return {each.file.name: each.ends for each in self.contexts.certificates}


def _stamp(file: Path) -> object:
    try:
        found = file.stat()
    except OSError as error:
        return error.errno
    return found.st_mtime_ns, found.st_size, found.st_ino


class Secure:
    """TLS, or WebSocket over it."""

    def __init__(
        self,
        keeping: Keeping,
        knows: Callable[[Sequence[str]], bool],
        wants: Callable[[Remote], Sequence[str]],
        *,
        frames: bool = False,
    ) -> None:
        """`knows`: does the configuration name anybody of a certificate? `wants`: whose it must be at an address.

        `frames`: of WebSocket.
        """
        self._frames = frames
        self._keeping = keeping
        self._knows = knows
        self._wants = wants

    def framing(self, limits: LimitSettings, origins: Collection[str] = ()) -> Framing:
        """By Content-Length, or frames."""
        return framing(limits, origins, frames=self._frames)

    async def take(self, sock: socket.socket, connection: Connection, seconds: float) -> None:
        """Let a connection begin on a socket that was accepted. Raises OSError."""
        context = self._keeping.contexts.server
        if context is None:
            raise Refused("there is no certificate")
        keep_alive(sock)
        connection.check = self._check_taken
        connection.agreeing = True
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: cast(Any, connection), sock, ssl=context, ssl_handshake_timeout=seconds
        )
        _raise_if_refused(connection)

    async def open(self, connection: Connection, local: str) -> None:
        """Let a connection begin to its address. Raises OSError."""
        refuse_to_call(frames=self._frames)
        host, port, domain, _ = connection.remote
        connection.check = self._check_opened
        sock = await reach(host, port, local)
        connection.agreeing = True
        try:
            await asyncio.get_running_loop().create_connection(
                lambda: cast(Any, connection), sock=sock, ssl=self._keeping.contexts.client, server_hostname=domain
            )
        except BaseException:
            sock.close()
            raise
        _raise_if_refused(connection)
        keep_alive(connection.info("socket"))

    def _check_taken(self, connection: Connection) -> str:
        """Whoever shows a certificate must be somebody whom we know."""
        shown = connection.info("peercert")
        connection.names = identities(shown)
        return NOBODY if shown and not self._knows(connection.names) else ""

    def _check_opened(self, connection: Connection) -> str:
        """It must be whom we called (RFC 5922 7.2)."""
        connection.names = identities(connection.info("peercert"))
        wanted = self._wants(connection.remote)
        if is_of(connection.names, wanted):
            return ""
        return f"{OF_ANOTHER}: {names_shown(connection.names)}, not of {' or '.join(wanted)}"


def _raise_if_refused(connection: Connection) -> None:
    if not connection.began:
        raise Refused(connection.why)

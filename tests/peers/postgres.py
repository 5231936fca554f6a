"""PostgreSQL in a folder of its own, on a Unix socket and nothing else; gone with the test process."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from tests.peers.process import Peer

_PORT = 5432
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=16MB", "jit=off")


def _as_postgres(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    shutil.chown(folder, "postgres", "postgres")
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]


class Postgres(Peer):
    """A server whose one account `ringfence` may do anything."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rf-pg-", dir="/tmp"))  # the name of a socket has 107 octets
        self._as = _as_postgres(self.folder)
        programs, self.data = _PROGRAMS[-1].parent, self.folder / "data"
        initdb = [*self._as, programs / "initdb", "-D", self.data, "-U", "ringfence", "--auth=trust", "--no-sync"]
        subprocess.run([*initdb, "-E", "UTF8", "--locale=C"], check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.begin()

    def begin(self) -> None:
        """Start it, again on what it has if it was killed."""
        programs = _PROGRAMS[-1].parent
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", *_QUICK)
        options = [word for one in settings for word in ("-c", one)]
        super().__init__(
            # Another account forgets what the kernel was told before: asked again, or it would outlive the tests.
            [*self._as, "setpriv", "--pdeathsig", "KILL", programs / "postgres", "-D", self.data, *options],
            output=self.folder / "log",
            folder=self.folder,
        )
        self.ready(self._answers, "answering")

    def kill(self) -> None:
        """It ends at once, as by a fault: nothing is written on the way."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(60)

    def url(self, database: str = "postgres", user: str = "ringfence") -> str:
        """Where one of its databases is."""
        return f"postgresql://{user}@/{database}?host={self.folder}&port={_PORT}"

    def run(self, statement: str, database: str = "postgres") -> None:
        """Run a statement outside transactions."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(statement)

    def fresh(self, name: str) -> str:
        """Where an empty database of this name is."""
        self.run(f'create database "{name}"')
        return self.url(name)

    def stop(self) -> None:
        """It, and all that it kept."""
        self.process.send_signal(signal.SIGINT)  # at once, whoever is connected
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            self.run("select 1")
        except psycopg.Error:
            return False
        return True

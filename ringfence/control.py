"""How commands ask the node that runs: a Unix socket beside its database, question and answer in a JSON line each.

Whoever may ask is whoever may open the file, whose mode is 0600: the account that runs the node, and root. A command of
the node is a coroutine from a `Question` to what JSON can hold; whoever composes the node registers it by name.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import stat
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from proxy.proxy_settings import ListenerSettings
from ringfence.configuration import PartlyRead
from ringfence.installation import Installation
from ringfence.login import login_name
from rules.language.source import RuleError

READ_S: Final = 5.0  # within which a question must be there, and its answer be taken
WAIT_S: Final = 30.0  # what a command may take, where it asks for no more
_LISTENERS_S: Final = 2.0  # then they are asked for elsewhere
LONGEST_QUESTION: Final = 64 * 1024  # octets
LONGEST_ANSWER: Final = 4 * 1024 * 1024
MOST: Final = 16  # questions at once
_LONGEST_PATH: Final = 100  # octets: the kernel takes 107
_NAMED: Final = r"""^[^#\n]*\b%s:\s*["']?([^\s"',}#]+)"""  # a path in a file that is no YAML
_ACCOUNT: Final = re.compile(r"[\w.@ -]{1,64}")
_CREDENTIALS: Final = "3i"  # struct ucred: pid, uid, gid

log = structlog.get_logger("ringfence.control")


class ControlError(Exception):
    """The node can't be asked, or says no; the message says why, and what to do."""


class NoNodeError(ControlError):
    """Nobody answers at this path."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"no node runs here: nobody answers at {path}; start one with `ringfence serve`, or name the "
            "ringfence.yaml of the one that runs with --config"
        )
        self.path = path


class Refused(ControlError):
    """What a command of the node raises to say no; it reaches whoever asked as it is."""


class Question(NamedTuple):
    """What somebody asks of the node."""

    command: str
    arguments: Mapping[str, Any]
    actor: str  # the account that asks, as the kernel knows it


Handler = Callable[[Question], Awaitable[Any]]


class Control:
    """The node's end."""

    def __init__(self, path: Path, handed: socket.socket | None = None) -> None:
        """`handed` is the socket of the process before this one, if it handed that over."""
        self.path = path
        self._handed = handed
        self.without = ""  # why nobody can ask
        self._handlers: dict[str, tuple[Handler, float]] = {}
        self._server: asyncio.Server | None = None
        self._file: tuple[int, int] | None = None  # ours, by device and inode
        self._asked: set[asyncio.Task[None]] = set()  # questions of this moment

    def register(self, command: str, handler: Handler, *, wait_s: float = WAIT_S) -> None:
        """Let this command be asked; after so many seconds whoever asked hears that it takes too long."""
        self._handlers[command] = handler, wait_s

    async def open(self) -> None:
        """Begin to answer. What prevents that stops no start: `without` says it, and a line of the log."""
        try:
            taken = await asyncio.to_thread(_bind, self.path) if self._handed is None else self._handed
            taken.setblocking(False)
        except (OSError, ControlError) as error:
            reason = str(error) if isinstance(error, ControlError) else error.strerror
            self.without = f"commands cannot ask this node: {self.path}: {reason}"
            log.warning("commands cannot ask this node", path=str(self.path), reason=reason)
            return
        self._file = _file_at(self.path)
        self._server = await asyncio.start_unix_server(self._take, sock=taken, limit=LONGEST_QUESTION)

    @property
    def descriptor(self) -> int:
        """Of its socket, to hand it over; -1: there is none."""
        return self._server.sockets[0].fileno() if self._server is not None else -1

    def leave_to_another(self) -> None:
        """Another process answers from now on; what was asked here is answered here."""
        if self._server is not None:
            self._file = None
            self._server.close()

    async def close(self) -> None:
        """Answer no more; the file goes, unless another node has put its own there."""
        if self._server is None:
            return
        if self._file is not None and self._file == _file_at(self.path):
            with suppress(OSError):
                self.path.unlink()
        self._server.close()
        self._server = None
        if self._asked:  # one of them may have asked for this end
            await asyncio.wait(self._asked, timeout=READ_S)
        for task in self._asked:
            task.cancel()
        await asyncio.gather(*self._asked, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)
        try:
            answer = json.dumps(await self._answer(reader, writer), ensure_ascii=False, default=str).encode()
            if len(answer) > LONGEST_ANSWER:
                answer = json.dumps({"refused": f"the answer has {len(answer):,} octets: ask for less"}).encode()
            async with asyncio.timeout(READ_S):
                writer.write(answer + b"\n")
                await writer.drain()
        except (OSError, TimeoutError):
            pass  # whoever asked has gone
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> dict[str, Any]:
        if len(self._asked) > MOST:
            return {"refused": f"{MOST} questions are being answered: ask again"}
        try:
            async with asyncio.timeout(READ_S):
                question = read_question(await reader.readline(), _actor(writer))
        except ValueError as error:  # of more octets than the reader takes, too
            return {"refused": f"no question: {error}"}
        found = self._handlers.get(question.command)
        if found is None:
            known = ", ".join(sorted(self._handlers))
            return {"refused": f"this node knows no {question.command!r}; it knows {known or 'nothing'}"}
        handler, wait_s = found
        try:
            async with asyncio.timeout(wait_s):
                return {"answer": await handler(question)}
        except Refused as error:
            return {"refused": str(error)}
        except TimeoutError:
            return {"refused": f"{question.command} took longer than {wait_s:g} s"}
        except Exception as error:  # the node goes on
            log.exception("a command could not be done", command=question.command)
            return {"refused": f"{question.command} failed in the node: {type(error).__name__}: {error}"}


def read_question(line: bytes, actor: str) -> Question:
    """One line as a question. Raises ValueError.

    The socket is opened by nobody but the account that could write every file: it may say for whom it asks.
    """
    asked = json.loads(line)
    if not isinstance(asked, dict) or not isinstance(asked.get("command"), str):
        raise ValueError('expected {"command": NAME, "arguments": {...}}')
    arguments = asked.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ValueError("arguments: expected names with values")
    acting = asked.get("acting") or actor
    if not isinstance(acting, str) or not _ACCOUNT.fullmatch(acting):
        raise ValueError("acting: expected the name of an account")
    return Question(asked["command"], arguments, acting)


def _actor(writer: asyncio.StreamWriter) -> str:
    """The account at the other end."""
    peer = writer.get_extra_info("socket")
    _, uid, _ = struct.unpack(
        _CREDENTIALS, peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_CREDENTIALS))
    )
    return login_name(uid)


def _bind(path: Path) -> socket.socket:
    """A socket at this path that nobody else may open; one that a dead node left there is replaced."""
    there = _mode_of(path)
    if there is not None and not stat.S_ISSOCK(there):
        raise ControlError("it is there and no socket; set `control` to another path")
    if there is not None and _answers(path):
        raise ControlError("another node answers there; give each a `control` of its own")
    first = path.with_name(f".{path.name}.{os.getpid()}")  # it appears at its path when it is ready
    with suppress(FileNotFoundError):
        first.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        with short(first) as name:
            made.bind(name)
        first.chmod(0o600)
        made.listen(MOST)
        first.rename(path)
    except BaseException:
        made.close()
        with suppress(OSError):
            first.unlink()
        raise
    return made


def _answers(path: Path) -> bool:
    """Does somebody listen there? A socket whose node was killed refuses."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as trying, short(path) as name:
        try:
            trying.connect(name)
        except BlockingIOError:
            return True  # its queue is full
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        return True


@contextmanager
def short(path: Path) -> Iterator[str]:
    """A name of this path that a socket's address has room for."""
    if len(os.fsencode(path)) <= _LONGEST_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def _mode_of(path: Path) -> int | None:
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return None


def _file_at(path: Path) -> tuple[int, int] | None:
    with suppress(OSError):
        found = path.lstat()
        return found.st_dev, found.st_ino
    return None


def installation_of(file: Path) -> Installation | None:
    """The installation of this ringfence.yaml as far as the file, which may be what is wrong, can be read."""
    try:
        return Installation.open(file)
    except PartlyRead as error:
        return Installation(file, error.left, error.document) if error.left is not None else None
    except RuleError:
        return None


def control_of(file: Path) -> Path:
    """Where the node of this ringfence.yaml is asked, as far as the file can be read."""
    if (here := installation_of(file)) is not None:
        return here.control
    text = file.read_text(encoding="utf-8", errors="replace")
    named = {key: found[1] for key in ("control", "database") if (found := re.search(_NAMED % key, text, re.MULTILINE))}
    if "control" in named:
        return file.parent / named["control"]
    return (file.parent / named.get("database", "ringfence.db")).with_suffix(".control")


def listening(file: Path) -> list[ListenerSettings]:
    """Where the node of this ringfence.yaml listens, as it says itself; none: it does not say."""
    try:
        told = ask(control_of(file), "listeners", wait_s=_LISTENERS_S)
        return [ListenerSettings.model_validate(each) for each in told]
    except (ControlError, OSError, ValueError, TypeError):  # none runs, it is of another account, or hangs
        return []


@contextmanager
def naming_faults(file: Path) -> Iterator[None]:
    """Where nobody answers and this ringfence.yaml does not say where, having faults: say that, not that none runs."""
    try:
        yield
    except NoNodeError as error:
        text = file.read_text(encoding="utf-8", errors="replace")
        if any(re.search(_NAMED % key, text, re.MULTILINE) for key in ("control", "database")):
            raise
        try:
            Installation.open(file)
        except RuleError as faults:
            raise ControlError(
                f"nobody answers at {error.path}; {file} has faults and names no `database` and no `control`, "
                f"so that a node may run and be asked elsewhere:\n{faults}"
            ) from None
        raise


def ask(
    path: Path,
    command: str,
    arguments: Mapping[str, Any] | None = None,
    *,
    wait_s: float = 2 * WAIT_S,
    acting: str = "",
) -> Any:
    """What the node at this path answers. Raises ControlError: nobody is there, it takes too long, or it says no.

    ``acting`` names the account that asks, for what the node records.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(wait_s)
        try:
            with short(path) as name:
                asking.connect(name)
            question = json.dumps({"command": command, "arguments": dict(arguments or {}), "acting": acting})
            with suppress(BrokenPipeError, ConnectionResetError):  # it has said already that it has too many
                asking.sendall(question.encode() + b"\n")
            with asking.makefile("rb") as answers:
                line = answers.readline(LONGEST_ANSWER + 2)
        except ConnectionResetError:
            line = b""
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            raise NoNodeError(path) from None
        except PermissionError:
            raise ControlError(f"{path} is another account's: ask as the one that runs the node, or as root") from None
        except TimeoutError:
            raise ControlError(f"the node at {path} did not answer within {wait_s:g} s") from None
    try:
        told = json.loads(line)
    except ValueError:
        raise ControlError(f"the node at {path} ended before it had answered") from None
    if "refused" in told:
        raise ControlError(told["refused"])
    return told["answer"]

"""Notes the heads of the audit outside: in a file, in the system's log, by a command, at a time-stamp authority."""

from __future__ import annotations

import asyncio
import os
import syslog
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ringfence.stamping import NotStamped, stamp
from rules.audit.anchors import anchor, stamped
from rules.audit.chains import Chains
from rules.storage.database_files import databases

if TYPE_CHECKING:
    from ringfence.audit_settings import AuthoritySettings
    from ringfence.installation import Installation

_MOST_SAID: Final = 300  # characters of what a command complains of


class NotNoted(Exception):
    """The heads could not be noted somewhere; the message says where and why, one line each."""


async def note_heads(here: Installation, key: bytes, now: float) -> str:
    """Note the heads of all chains wherever the configuration says; the line. NotNoted after all others were tried."""
    async with Chains.open(here.database, key) as chains:
        heads = await chains.heads()
    await asyncio.to_thread(_to_disk, [*databases(here.database).values()])
    line = anchor(heads, key, now)
    wanted, failed = here.configuration.audit.anchors, []
    if wanted.file is not None:
        try:
            await asyncio.to_thread(_append, here.base / wanted.file, line)
        except OSError as error:
            failed.append(f"{wanted.file}: {error.strerror}")
    if wanted.syslog:
        syslog.openlog("ringfence", syslog.LOG_PID, syslog.LOG_AUTHPRIV)
        syslog.syslog(syslog.LOG_NOTICE, line)
    if wanted.command and (fault := await _tell(wanted.command, line, wanted.command_s, here.base)):
        failed.append(f"{wanted.command[0]}: {fault}")
    if wanted.authority is not None and (fault := await _stamp(wanted.authority, line, here.base)):
        failed.append(f"{wanted.authority.url}: {fault}")
    if failed:
        raise NotNoted("\n".join(failed))
    return line


def _to_disk(paths: list[Path]) -> None:
    """What is noted must not be lost by a power cut: some of the databases are not synced at each commit.

    Their logs alone: to close the file of a database itself would drop SQLite's locks (`rules.storage.store.warm`).
    """
    for path in (each.with_name(f"{each.name}-wal") for each in paths):
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            os.fdatasync(descriptor)
            os.close(descriptor)


def _append(path: Path, line: str) -> None:
    """Add a line, on a line of its own even behind one that was cut short."""
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, (b"\n" if cut else b"") + f"{line}\n".encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _stamp(settings: AuthoritySettings, line: str, base: Path) -> str:
    """Keep the line with what the authority answers to it; what went wrong, or nothing."""
    try:
        token = await stamp(settings, base, line)
        await asyncio.to_thread(_append, base / settings.file, stamped(line, token))
    except NotStamped as error:
        return str(error)
    except OSError as error:
        return f"{settings.file}: {error.strerror}"
    return ""


async def _tell(command: list[str], line: str, wait_s: float, folder: Path) -> str:
    """Let a command read the line; what went wrong, or nothing."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return error.strerror or str(error)
    try:
        async with asyncio.timeout(wait_s):
            _, said = await process.communicate(f"{line}\n".encode())
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return f"it took longer than {wait_s:g} s (audit.anchors.command_s) and was ended"
    if process.returncode:
        words = said.decode(errors="replace").strip().partition("\n")[0][:_MOST_SAID]
        return f"it ended with {process.returncode}{f': {words}' if words else ''}"
    return ""

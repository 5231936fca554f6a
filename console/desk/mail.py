"""Sends what waits in the outbox of the complaint desk; the address of each letter was confirmed before."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import stat
from contextlib import suppress
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rules.complaints.faults import ComplaintError

if TYPE_CHECKING:
    from rules.complaints.letters import Letter, Letters
    from rules.complaints.settings import MailSettings

_PATIENCE_S = 20.0


class Posted(NamedTuple):
    """What became of the letters."""

    sent: int
    failed: int
    error: str  # the last one


async def post(letters: Letters, settings: MailSettings, *, base: Path, limit: int = 100) -> Posted:
    """Hand each waiting letter to the server, one connection for all; what fails stays for the next time.

    Each is noted as soon as the server has it, so that a stop sends no letter but one a second time.
    """
    waiting = await letters.waiting(limit)
    if not waiting:
        return Posted(0, 0, "")
    password = read_password(base / settings.password_file) if settings.password_file else ""
    sent, error = 0, ""
    try:
        server = await asyncio.to_thread(_connect, settings, password)
    except (OSError, smtplib.SMTPException) as fault:
        error = _said(fault)
        for letter in waiting:
            await letters.failed(letter.id, error)
        return Posted(0, len(waiting), error)
    try:
        for letter in waiting:
            if fault_of_one := await asyncio.to_thread(_send, server, letter, settings.sender):
                error = fault_of_one
                await letters.failed(letter.id, error)
            else:
                sent += 1
                await letters.sent(letter.id)
    finally:
        with suppress(OSError, smtplib.SMTPException):
            await asyncio.to_thread(server.quit)
    return Posted(sent, len(waiting) - sent, error)


def read_password(path: Path) -> str:
    """The password that a file of ours alone holds."""
    with path.open(encoding="utf-8") as file:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ComplaintError("letters", f"{path}: others may read the password; run: chmod 600 {path}")
        return file.read().strip()


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a message; its header fields are encoded and cannot be broken out of (RFC 5322, RFC 2047)."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office comes back
    message.set_content(letter.body)
    return message


def _connect(settings: MailSettings, password: str) -> smtplib.SMTP:
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.tls == "tls":
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=_PATIENCE_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=_PATIENCE_S)
    try:
        if settings.tls == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, password)
    except BaseException:
        server.close()
        raise
    return server


def _send(server: smtplib.SMTP, letter: Letter, sender: str) -> str:
    """Nothing, or why it did not leave."""
    try:
        server.send_message(message_of(letter, sender), to_addrs=[letter.to])  # one, whatever is written there
    except (OSError, smtplib.SMTPException, ValueError) as error:
        return _said(error)
    return ""


def _said(error: Exception) -> str:
    """Why, without the address, which such errors like to name."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server said {error.smtp_code}"
    return (
        "the server refused the recipient" if isinstance(error, smtplib.SMTPRecipientsRefused) else type(error).__name__
    )

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

from desk.faults import ComplaintError
from desk.outbox import Fault
from desk.secrecy import OTHER_KEY

if TYPE_CHECKING:
    from desk.desk_settings import MailSettings
from desk.letters import Letter, Letters

_PATIENCE_S = 20.0


class Posted(NamedTuple):
    """What became of the letters."""

    sent: int
    failed: int  # they stay: to be tried again, or to be looked at
    error: str  # the last one
    given_up: int = 0  # of the failed ones: the server never takes them


class Failure(NamedTuple):
    """Why a letter did not leave."""

    error: str
    fault: Fault


async def post(letters: Letters, settings: MailSettings, *, base: Path, limit: int = 100) -> Posted:
    """Hand each letter that is due to the server, over one connection; what fails stays for another time.

    Each is noted as soon as the server has it, so that a stop sends no letter but one a second time.
    """
    password: str | None = None
    back = False
    sent = failed = given_up = 0
    error = ""
    server: smtplib.SMTP | None = None
    try:
        while True:
            unread, waiting = letters.unread, await letters.waiting(limit)
            if letters.unread > unread:
                failed, error = failed + letters.unread - unread, f"a letter {OTHER_KEY}"
            elif not waiting:
                break
            if password is None:
                password = read_password(base / settings.password_file) if settings.password_file else ""
            for place, letter in enumerate(waiting):
                if server is None:
                    try:
                        server = await asyncio.to_thread(_connect, settings, password)
                    except (OSError, smtplib.SMTPException) as fault:
                        error, left = _said(fault), [one.id for one in waiting[place:]]
                        await letters.failed(left, error, Fault.SERVER)
                        return Posted(sent, failed + len(left), error, given_up)
                    if not back:
                        back = True
                        await letters.server_is_back()
                if not await letters.claim(letter.id):
                    continue
                failure = await asyncio.to_thread(_send, server, letter, settings.sender)
                if failure is None:
                    sent += 1
                    await letters.sent(letter.id)
                    continue
                error, failed = failure.error, failed + 1
                given_up += failure.fault is Fault.PERMANENT
                await letters.failed([letter.id], error, failure.fault)
                if getattr(server, "sock", None) is None:  # it hung up: the next one gets a connection of its own
                    server = None
    finally:
        if server is not None:
            with suppress(OSError, smtplib.SMTPException):
                await asyncio.to_thread(server.quit)
    return Posted(sent, failed, error, given_up)


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


def _send(server: smtplib.SMTP, letter: Letter, sender: str) -> Failure | None:
    """None, or why it did not leave, and whether it ever may."""
    try:
        server.send_message(message_of(letter, sender), to_addrs=[letter.to])  # one, whatever is written there
    except smtplib.SMTPRecipientsRefused as error:
        code = next((code for code, _ in error.recipients.values()), 0)
        return Failure(f"the server refused the recipient ({code})", _fault_of(code))
    except smtplib.SMTPSenderRefused as error:  # of us, not of whom it is for
        return Failure(f"the server refused the sender ({error.smtp_code})", Fault.SERVER)
    except smtplib.SMTPResponseException as error:
        return Failure(_said(error), _fault_of(error.smtp_code))
    except (ValueError, smtplib.SMTPNotSupportedError) as error:  # a header or an address that cannot be sent at all
        return Failure(_said(error), Fault.PERMANENT)
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        return Failure(_said(error), Fault.TEMPORARY)
    return None


def _fault_of(code: int) -> Fault:
    """4xx may be taken later, 5xx never (RFC 5321 section 4.2.1)."""
    return Fault.PERMANENT if 500 <= code < 600 else Fault.TEMPORARY


def _said(error: Exception) -> str:
    """Why, without the address, which such errors like to name."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server said {error.smtp_code}"
    return type(error).__name__

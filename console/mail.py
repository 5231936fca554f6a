"""Sends what waits in the outbox of the complaint desk; the address of each letter was confirmed before."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rules.complaints.letters import Letter, Letters
    from rules.complaints.settings import MailSettings

_PATIENCE_S = 20.0


class Posted(NamedTuple):
    """What became of the letters."""

    sent: int
    failed: int
    error: str  # the last one


async def post(letters: Letters, settings: MailSettings, *, limit: int = 100) -> Posted:
    """Hand each waiting letter to the server, one connection for all; what fails stays for the next time."""
    waiting = await letters.waiting(limit)
    if not waiting:
        return Posted(0, 0, "")
    outcomes = await asyncio.to_thread(_deliver, waiting, settings)
    error, sent = "", 0
    for letter, fault in zip(waiting, outcomes, strict=True):
        if fault:
            error = fault
            await letters.failed(letter.id, fault)
        else:
            sent += 1
            await letters.sent(letter.id)
    return Posted(sent, len(waiting) - sent, error)


def message_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as a message; its header fields are encoded and cannot be broken out of (RFC 5322, RFC 2047)."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office comes back
    message.set_content(letter.body)
    return message


def _deliver(waiting: list[Letter], settings: MailSettings) -> list[str]:
    """For each letter nothing, or why it did not leave."""
    outcomes = []
    try:
        with smtplib.SMTP(settings.host, settings.port, timeout=_PATIENCE_S) as server:
            if settings.tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            for letter in waiting:
                try:
                    server.send_message(message_of(letter, settings.sender))
                    outcomes.append("")
                except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ValueError) as error:
                    outcomes.append(_said(error))
    except (OSError, smtplib.SMTPException) as error:
        outcomes += [_said(error)] * (len(waiting) - len(outcomes))
    return outcomes


def _said(error: Exception) -> str:
    """Why, without the address, which such errors like to name."""
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server said {error.smtp_code}"
    return (
        "the server refused the recipient" if isinstance(error, smtplib.SMTPRecipientsRefused) else type(error).__name__
    )

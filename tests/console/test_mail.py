"""Letters leave by SMTP: to confirmed addresses only, and nothing in a letter reaches its header."""

import socket

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message

from console.desk import opened_desk
from console.mail import message_of, post
from rules.complaints.letters import Letter
from rules.complaints.reading import NewComplaint
from rules.complaints.settings import MailSettings


class Mailbox(Message):
    def __init__(self):
        super().__init__()
        self.letters = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address.startswith("refused"):
            return "550 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def handle_message(self, message):
        self.letters.append(message)


@pytest.fixture
def mailbox():
    box = Mailbox()
    with socket.socket() as free:  # the controller asks its own port, and cannot be told to choose one
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    box.settings = MailSettings(host="127.0.0.1", port=port, sender="desk@example.com", tls="none")
    yield box
    controller.stop()


async def test_a_letter_leaves_once(file, mailbox):
    async with opened_desk(file) as (desk, _):
        for person, contact in enumerate(("a@example.com", "refused@example.com")):
            await desk.complaints.file(NewComplaint("95012345", f"1380013800{person}", contact=contact))
        posted = await post(desk.letters, mailbox.settings)
        assert (posted.sent, posted.failed, posted.error) == (1, 1, "the server refused the recipient")
        (letter,) = mailbox.letters
        assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (
            *("a@example.com", "desk@example.com", "auto-generated"),
        )
        assert (await post(desk.letters, mailbox.settings)).sent == 0


async def test_a_server_that_is_away_loses_nothing(file):
    settings = MailSettings(host="127.0.0.1", port=1, sender="desk@example.com", tls="none")
    async with opened_desk(file) as (desk, _):
        assert await post(desk.letters, settings) == (0, 0, "")
        await desk.complaints.file(NewComplaint("95012345", "13800138000", contact="a@example.com"))
        assert await post(desk.letters, settings) == (0, 1, "ConnectionRefusedError")
        assert len(await desk.letters.waiting()) == 1


def test_a_header_cannot_be_broken_out_of():
    with pytest.raises(ValueError, match="linefeed"):
        message_of(Letter(1, "answer", "a@example.com", "x\r\nBcc: b@example.com", "y"), "desk@example.com")

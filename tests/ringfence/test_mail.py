"""Letters leave by SMTP: to confirmed addresses only, and nothing in a letter reaches its header."""

import asyncio
import socket

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from pydantic import ValidationError

from desk.desk_settings import MailSettings
from desk.faults import ComplaintError
from desk.letters import Letter
from desk.reading import NewComplaint
from ringfence.installation import Installation
from ringfence.mail import message_of, post, read_password


class Mailbox(Message):
    def __init__(self):
        super().__init__()
        self.letters, self.room = [], 100

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address.startswith("refused"):
            return "550 nobody here"
        if len(self.letters) >= self.room:
            return "452 come again"
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
    async with Installation.open(file) as here:
        desk = await here.desk()
        for person, contact in enumerate(("a@example.com", "refused@example.com")):
            await desk.complaints.file(NewComplaint("95012345", f"1380013800{person}", contact=contact))
        posted = await post(desk.letters, mailbox.settings, base=file.parent)
        assert posted == (1, 1, "the server refused the recipient (550)", 1)
        (letter,) = mailbox.letters
        assert (letter["To"], letter["From"], letter["Auto-Submitted"]) == (
            *("a@example.com", "desk@example.com", "auto-generated"),
        )
        assert await post(desk.letters, mailbox.settings, base=file.parent) == (0, 0, "", 0)
        assert [one.state for one in await desk.letters.kept()] == ["given up"], "550 is for good"


async def test_a_server_that_is_away_loses_nothing(file, mailbox):
    away = MailSettings(host="127.0.0.1", port=1, sender="desk@example.com", tls="none")
    async with Installation.open(file) as here:
        desk = await here.desk()
        now = [desk.archive.now()]
        desk.archive.now = lambda: now[0]
        assert await post(desk.letters, away, base=file.parent) == (0, 0, "", 0)
        await desk.complaints.file(NewComplaint("95012345", "13800138000", contact="a@example.com"))
        for _ in range(20):
            posted = await post(desk.letters, away, base=file.parent)
            assert posted == (0, 1, "ConnectionRefusedError", 0)
            now[0] += 4 * 3_600
        now[0] -= 3 * 3_600
        await desk.complaints.file(NewComplaint("95012345", "13800138001", contact="b@example.com"))
        assert await post(desk.letters, mailbox.settings, base=file.parent) == (2, 0, "", 0), "all of them, at once"


async def test_a_mailbox_that_is_full_is_tried_again(file, mailbox):
    async with Installation.open(file) as here:
        desk = await here.desk()
        now = [desk.archive.now()]
        desk.archive.now = lambda: now[0]
        await desk.complaints.file(NewComplaint("95012345", "13800138000", contact="a@example.com"))
        mailbox.room = 0
        assert await post(desk.letters, mailbox.settings, base=file.parent) == (
            *(0, 1, "the server refused the recipient (452)", 0),
        )
        mailbox.room = 1
        assert await post(desk.letters, mailbox.settings, base=file.parent) == (0, 0, "", 0), "it pauses"
        now[0] += 60
        assert await post(desk.letters, mailbox.settings, base=file.parent) == (1, 0, "", 0)


async def test_one_letter_at_which_the_server_hangs_up_stops_no_other(file, mailbox, monkeypatch):
    async def hang_up(server, session, envelope, address, options):
        if address.startswith("poison"):
            server.transport.close()
        envelope.rcpt_tos.append(address)
        return "250 OK"

    monkeypatch.setattr(mailbox, "handle_RCPT", hang_up)
    async with Installation.open(file) as here:
        desk = await here.desk()
        for person, name in enumerate(("poison", "a", "b")):
            await desk.complaints.file(NewComplaint("95012345", f"1380013800{person}", contact=f"{name}@example.com"))
        posted = await post(desk.letters, mailbox.settings, base=file.parent, limit=2)
        assert posted == (2, 1, "SMTPServerDisconnected", 0)
        assert [(one.id, one.state) for one in await desk.letters.kept()] == [(1, "waits")]


async def test_letters_that_cannot_be_read_have_not_left_and_stop_no_other(file, mailbox):
    """As after another key file was put in place: a timer must not see success for ever."""
    async with Installation.open(file) as here:
        desk = await here.desk()
        for person in range(4):
            await desk.complaints.file(NewComplaint("95012345", f"1380013800{person}", contact=f"{person}@example.com"))
        async with desk.archive.store.transaction() as connection:
            await connection.execute("update complaint set contents = zeroblob(64) where id <= 3")
        posted = await post(desk.letters, mailbox.settings, base=file.parent, limit=2)
        assert (posted.sent, posted.failed) == (1, 3)
        assert "was written under another key" in posted.error


def test_a_header_cannot_be_broken_out_of():
    with pytest.raises(ValueError, match="linefeed"):
        message_of(Letter(1, "answer", "a@example.com", "x\r\nBcc: b@example.com", "y"), "desk@example.com")


async def test_a_password_goes_over_tls_out_of_a_file_of_ours_alone(file, mailbox, tmp_path):
    path = tmp_path / "password"
    path.write_text("s3cret\n")
    path.chmod(0o640)
    with pytest.raises(ComplaintError, match=f"others may read the password; run: chmod 600 {path}"):
        read_password(path)
    path.chmod(0o600)
    assert read_password(path) == "s3cret"
    with pytest.raises(ValidationError, match="belong together"):
        MailSettings(host="x", sender="a@b", user="desk")
    with pytest.raises(ValidationError, match="over TLS only"):
        MailSettings(host="x", sender="a@b", user="desk", password_file=path, tls="none")
    settings = MailSettings(
        host="127.0.0.1", port=mailbox.settings.port, sender="a@b", user="desk", password_file=path, tls="starttls"
    )
    async with Installation.open(file) as here:
        desk = await here.desk()
        await desk.complaints.file(NewComplaint("95012345", "13800138000", contact="a@example.com"))
        posted = await post(desk.letters, settings, base=file.parent)
    assert (posted.failed, mailbox.letters) == (1, []), "this server knows no TLS, so it hears no password"
    assert "s3cret" not in posted.error


async def test_what_a_server_took_is_noted_at_once(file, mailbox):
    """The server takes one letter and no more: only the others are sent again."""
    async with Installation.open(file) as here:
        desk = await here.desk()
        for person in range(3):
            new = NewComplaint("95012345", f"1380013800{person}", contact=f"person{person}@example.com")
            await desk.complaints.file(new)
        mailbox.room = 1
        assert (await post(desk.letters, mailbox.settings, base=file.parent))[:2] == (1, 2)
        mailbox.room = 100
        await desk.letters.retry([], actor="li")
        assert (await post(desk.letters, mailbox.settings, base=file.parent))[:2] == (2, 0)
    assert len({letter["To"] for letter in mailbox.letters}) == 3 == len(mailbox.letters)


async def test_two_that_send_at_once_send_each_letter_once(file, mailbox):
    async with Installation.open(file) as here, Installation.open(file) as there:
        one, other = await here.desk(), await there.desk()
        for person in range(6):
            new = NewComplaint("95012345", f"1380013800{person}", contact=f"person{person}@example.com")
            await one.complaints.file(new)
        both = await asyncio.gather(*(post(desk.letters, mailbox.settings, base=file.parent) for desk in (one, other)))
        assert sum(posted.sent for posted in both) == 6
    assert len({letter["To"] for letter in mailbox.letters}) == 6 == len(mailbox.letters)

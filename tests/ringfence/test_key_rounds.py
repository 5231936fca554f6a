"""A new key: the running desk takes words and second factors over bit by bit, and retires the old one."""

import os
import signal
import subprocess
import sys
import time

import pyotp
import pytest

from desk.reading import NewComplaint
from desk.secrecy import Secrecy
from ringfence.installation import Installation
from ringfence.key_rounds import KeyRounds
from ringfence.people import Role
from ringfence.people.accounts import Wanted
from rules.audit.chain import entries
from rules.storage.keys import Keys, add_contents_key, forget_old_contents

HOUR = 3_600.0


async def fill(desk, count):
    """So many complaints with words; their references."""
    filed = [
        await desk.complaints.file(NewComplaint(accused="95012345", reporter=f"1380013800{n}", text=f"words {n}"))
        for n in range(count)
    ]
    return [one.reference for one in filed]


async def under(store, keys):
    """How many of the words these keys read."""
    found = 0
    for reference, blob in await store.connection.execute_fetchall("select reference, contents from complaint"):
        try:
            found += bool(Secrecy(keys).decrypt(blob, reference))
        except ValueError:
            continue
    return found


def only(key, keys):
    return keys._replace(contents=(key,), retired=(), pseudonym=b"x" * 32)


class Running:
    """The rounds of a service, whose pauses take no time."""

    def __init__(self, here, desk):
        self.now, self.pauses, self.left = os.stat(here.key_file).st_mtime, 0, []
        self.rounds = KeyRounds(here, desk.archive, now=lambda: self.now, sleep=self.sleep)

    async def sleep(self, _):
        self.pauses += 1
        self.left.append(self.rounds.state.left)


async def test_words_and_second_factors_are_taken_over_and_the_old_key_is_retired(file, monkeypatch):
    monkeypatch.setattr("ringfence.key_rounds._PIECE", 2)
    async with Installation.open(file) as here:
        desk, people = await here.open_desk(), await here.people()
        await fill(desk, 5)
        li = await people.accounts.add(Wanted("li", frozenset({Role.ADMIN})), author="root")
        telephone = pyotp.parse_uri(await people.second_factors.begin(li, author="li"))
        await people.second_factors.confirm(li, telephone.now(), author="li")
        service = Running(here, desk)
        await service.rounds.once()
        assert service.rounds.state.over, "there is one key, and nothing to do"
        (old,) = Keys.load(here.key_file).contents
        add_contents_key(here.key_file)
        service.now = os.stat(here.key_file).st_mtime
        await service.rounds.once()
        new, kept = here.keys.contents
        assert (kept, await under(desk.archive.store, only(new, here.keys))) == (old, 5)
        assert service.left == [3, 1, 0], "how many are left is told"
        assert service.rounds.state.left == 0
        await desk.complaints.file(NewComplaint(accused="95012345", reporter="13900139000", text="later"))
        assert await under(desk.archive.store, only(new, here.keys)) == 6, "what comes now is under it at once"
        await service.rounds.once()
        assert service.rounds.state.over
        assert Keys.load(here.key_file).contents == (new, old), "others may not have taken the new one yet"
        service.now += HOUR
        await service.rounds.once()
        assert Keys.load(here.key_file)[2:] == ((new,), here.keys.audit, (old,))
        done = [(deed.actor, deed.step, deed.detail) for _, deed, _ in await entries(desk.archive.store.connection)]
        assert ("ringfence", "rewritten", "5 of 5; 1 second factors") in done
        assert ("ringfence", "retired", "1 old") in done
        pauses = service.pauses
        for _ in range(3):
            await service.rounds.once()
        assert service.pauses == pauses, "once all is well, nothing is read again"
        assert forget_old_contents(here.key_file) == 1
        await service.rounds.once()
        assert here.keys.old_contents == ()
        assert await people.second_factors.is_there(await people.accounts.named("li"))
        code = telephone.at(int(time.time()) + 30)
        assert await people.second_factors.is_right(li, code)


WORK = """
import asyncio, sys
from pathlib import Path
from ringfence import key_rounds
from ringfence.installation import Installation

key_rounds._PIECE = 2

async def pause(_):
    print(flush=True)
    await asyncio.sleep(0.05)

async def work():
    async with Installation.open(Path(sys.argv[1])) as here:
        await key_rounds.KeyRounds(here, (await here.open_desk()).archive, sleep=pause).once()

asyncio.run(work())
"""


def killed_while_working(file):
    with subprocess.Popen([sys.executable, "-c", WORK, str(file)], stdout=subprocess.PIPE) as process:
        for _ in range(2):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)


async def test_killed_while_it_takes_over_it_goes_on_with_the_next_start(file):
    async with Installation.open(file) as here:
        references = await fill(await here.open_desk(), 9)
    (old,) = Keys.load(here.key_file).contents
    add_contents_key(here.key_file)
    killed_while_working(file)
    async with Installation.open(file) as here:
        desk, new = await here.open_desk(), here.keys.contents[0]
        done = await under(desk.archive.store, only(new, here.keys))
        assert 4 <= done < 9
        assert done + await under(desk.archive.store, only(old, here.keys)) == 9, "each is under one of both"
        await Running(here, desk).rounds.once()
        assert await under(desk.archive.store, only(new, here.keys)) == len(references)


async def test_no_key_is_retired_under_which_something_is_left_or_that_lies_elsewhere(file):
    async with Installation.open(file) as here:
        desk = await here.open_desk()
        await fill(desk, 2)
        lost = Keys.load(here.key_file).contents[0]
        add_contents_key(here.key_file)
        text = here.key_file.read_text()
        here.key_file.write_text(text.replace(lost.hex(), "ab" * 32))
        service = Running(here, desk)
        service.now += HOUR
        for _ in range(2):
            await service.rounds.once()
        assert (service.rounds.state.unread, service.rounds.state.over) == (2, False)
        assert Keys.load(here.key_file).retired == ()
        here.key_file.write_text(text)
        keys = here.configuration.keys.model_copy(update={"contents": "elsewhere"})
        here.configuration = here.configuration.model_copy(update={"keys": keys})
        for _ in range(3):
            await service.rounds.once()
        assert service.rounds.state.over
        assert len(Keys.load(here.key_file).contents) == 2


async def test_a_key_file_that_cannot_be_written_costs_no_more_than_the_retiring(file, monkeypatch):
    def full(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("ringfence.key_rounds.retire_old_contents", full)
    async with Installation.open(file) as here:
        desk = await here.open_desk()
        await fill(desk, 2)
        add_contents_key(here.key_file)
        service = Running(here, desk)
        service.now += HOUR
        for _ in range(4):
            await service.rounds.once()
        assert service.rounds.state.over
        assert await under(desk.archive.store, only(here.keys.contents[0], here.keys)) == 2


async def test_a_key_file_with_something_wrong_in_it_leaves_the_keys_of_before(file):
    async with Installation.open(file) as here:
        desk = await here.open_desk()
        before = here.key_file.read_text()
        here.key_file.write_text("nonsense")
        with pytest.raises(Exception, match="expected"):
            await Running(here, desk).rounds.once()
        await fill(desk, 1)
        here.key_file.write_text(before)
        await Running(here, desk).rounds.once()
        assert await under(desk.archive.store, here.keys) == 1

"""A start, and running on, without usable storage: calls go on by what can be known, and it is said what cannot."""

import io
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import asynccontextmanager, closing

import pytest

from rules.lists.editing import Lists
from rules.model import Action, Outcome, Step
from rules.records.decisions import Decisions, decisions_path
from rules.screening.screen import Screen
from rules.screening.snapshots import take_snapshot
from rules.settings.screening import ListSettings, ScreeningSettings
from rules.storage.keys import KeyFileError
from rules.storage.store import StoreError, put_in_place, snapshot_path
from tests.rules.screening.test_screen import CALLER, OTHER, Rules, call

LISTS = {"nuisance": ListSettings(kind="block")}
SETTINGS = ScreeningSettings(lists=LISTS)
UNUSABLE = StoreError("unable to open database file; see what is read-only")


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@asynccontextmanager
async def opened(folder, said=None, clock=None, settings=SETTINGS):
    said = [] if said is None else said
    screen = await Screen.open(
        settings, Rules(), folder, now=clock or Clock(), log=io.StringIO(), tell=lambda *what: said.append(what)
    )
    try:
        yield screen
    finally:
        await screen.close()


async def listed(path, number=CALLER.canonical):
    lists = await Lists.open(path, LISTS)
    await lists.add("nuisance", number)
    await lists.close()


async def mended(screen, clock):
    clock.now += 6
    screen.poll()
    await screen._mending
    screen.poll()
    await screen.journal.flush()


async def test_lists_that_cannot_be_opened_let_calls_through_until_they_can(tmp_path, monkeypatch):
    said, clock, path = [], Clock(), tmp_path / "ringfence.db"
    await listed(path)
    monkeypatch.setattr("rules.lists.cache.HotReader", refuse)
    monkeypatch.setattr("rules.storage.store.migrate", refuse)
    async with opened(tmp_path, said, clock) as screen:
        screen.poll()
        verdict = screen.judge(call())
        assert (verdict.action, verdict.step) == (Action.FORWARD, Step.FAIL_OPEN)
        assert "the lists cannot be read" in screen.without["lists"]
        assert [what for what, *_ in said][:2] == [
            "the database of lists cannot be written to",
            "the database of decisions cannot be opened: records wait in memory",
        ]
        screen.ended(verdict.decision, Outcome(200, True, 1))
        await screen.journal.flush()
        monkeypatch.undo()
        await mended(screen, clock)
        assert screen.judge(call()).action is Action.REJECT
        assert not any(screen.without.values())
        decisions = await Decisions.open(decisions_path(path))
        assert (await decisions.find(verdict.decision)).status == 200, "it waited in memory"
        await decisions.close()


def refuse(*_, **__):
    raise UNUSABLE


async def test_lists_that_cannot_be_opened_are_judged_by_their_snapshot(tmp_path, monkeypatch):
    path = tmp_path / "ringfence.db"
    await listed(path)
    take_snapshot(path)
    path.unlink()
    path.mkdir()  # nothing that SQLite could open
    async with opened(tmp_path) as screen:
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        assert "last good snapshot" in screen.without["lists"]


async def test_keys_that_cannot_be_made_are_of_this_run_only(tmp_path, monkeypatch):
    said = []
    (tmp_path / "folder").write_text("")
    settings = SETTINGS.model_copy(
        update={"storage": SETTINGS.storage.model_copy(update={"key_file": "folder/ringfence.keys"})}
    )
    async with opened(tmp_path, said, settings=settings) as screen:
        assert screen.without["keys"].startswith("keys are of this run only: ")
        assert len(screen.keys.pseudonym) == 32
        assert screen.judge(call()).action is Action.FORWARD
    assert said[0][0].startswith("keys are of this run only")


async def test_keys_that_were_gone_are_told_of_while_the_new_ones_hold(tmp_path):
    async with opened(tmp_path) as screen:
        assert not screen.without["keys"]
    (tmp_path / "ringfence.keys").unlink()
    async with opened(tmp_path) as screen:
        assert "the key file was gone, and a new one is made" in screen.without["keys"]


async def test_but_a_key_file_in_which_something_wrong_stands_stops_the_start(tmp_path):
    keys = tmp_path / "ringfence.keys"
    keys.write_text("token\n")
    keys.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"ringfence\.keys:1"):
        await Screen.open(SETTINGS, Rules(), tmp_path)


async def test_the_first_snapshot_is_made_at_once(tmp_path):
    path = tmp_path / "ringfence.db"
    await listed(path)
    async with opened(tmp_path) as screen:
        screen.poll()
        await screen._snapshots.close()
        assert snapshot_path(path).exists()
        path.unlink()
        with pytest.raises(StoreError, match="the lists are gone, but their snapshot is there"):
            await listed(path, OTHER.canonical)


async def test_a_new_database_in_place_of_deleted_lists_unlists_nobody(tmp_path):
    """Without snapshots, `lists add` on deleted lists makes an empty database: the proxy must not take that one."""
    said, path = [], tmp_path / "ringfence.db"
    await listed(path)
    settings = SETTINGS.model_copy(update={"storage": SETTINGS.storage.model_copy(update={"snapshot_hours": 0})})
    async with opened(tmp_path, said, settings=settings) as screen:
        backup = tmp_path / "backup.db"
        shutil.copy(path, backup)
        path.unlink()
        screen.poll()
        assert said[-1][0].startswith("the file of the lists is gone")
        await listed(path, OTHER.canonical)
        screen.poll()
        assert said[-1][0].startswith("another database stands in place of the lists")
        assert screen.judge(call()).action is Action.REJECT, "he was listed, and nobody took him off"
        put_in_place(backup, path, tmp_path / "aside")
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        assert screen.judge(call(OTHER)).action is Action.FORWARD
        assert said[-1][0] == "the database of lists is back"
    async with opened(tmp_path, settings=settings) as again:
        again.poll()
        assert again.judge(call()).action is Action.REJECT


async def test_a_backup_that_is_put_back_by_hand_is_taken(tmp_path):
    path = tmp_path / "ringfence.db"
    await listed(path)
    async with opened(tmp_path) as screen:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        shutil.copy(path, tmp_path / "backup.db")
        os.replace(tmp_path / "backup.db", path)
        screen.poll()
        assert screen.lookup.reading == path
        assert not screen.lookup.replaced
        assert screen.judge(call()).action is Action.REJECT


DISK = """
    import asyncio, io, os, pathlib, subprocess, sys, time, traceback
    from rules.storage.keys import Keys
    from rules.model import Action
    from rules.screening.screen import Screen
    from tests.rules.screening.test_screen import OTHER, Rules, call
    from tests.rules.screening.test_unusable_storage import SETTINGS, listed

    folder, what = pathlib.Path(sys.argv[1]), sys.argv[2]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], check=True)
    asyncio.run(listed(folder / "ringfence.db"))
    Keys.load(folder / "ringfence.keys")
    if what == "full":
        with (folder / "filling").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                pass
    else:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)

    async def start():
        said = []
        log = io.StringIO()
        screen = await Screen.open(SETTINGS, Rules(), folder, log=log, tell=lambda *what: said.append(what))
        screen.poll()
        assert screen.judge(call(at=screen._now())).action is Action.REJECT, said
        assert screen.judge(call(OTHER, at=screen._now())).action is Action.FORWARD, said
        screen.secure()
        await screen.journal.flush(everything=True)
        assert "records wait in memory" in screen.without["records"], said
        assert log.getvalue().count("reject") == 1
        print([what for what, *_ in said])
        if what == "full":
            (folder / "filling").unlink()
        else:
            subprocess.run(["mount", "-o", "remount,rw", folder], check=True)
        screen._now = screen.journal._now = lambda: time.time() + 10
        screen.poll()
        if screen._mending:
            await screen._mending
        await screen.journal.flush(everything=True)
        screen.poll()
        assert not any(screen.without.values()), screen.without
        assert len(await screen.journal._decisions.recent(9)) == 2
        await screen.close()

    try:
        asyncio.run(start())
    except BaseException:
        traceback.print_exc()
        os._exit(1)  # databases that are still open would keep the process alive
"""


@pytest.mark.parametrize("what", ["full", "read-only"])
def test_a_disk_that_takes_nothing_stops_no_start_and_the_lists_still_count(tmp_path, what):
    command = ["unshare", "-m", sys.executable, "-c", textwrap.dedent(DISK), str(tmp_path), what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the database of decisions cannot be opened: records wait in memory" in done.stdout

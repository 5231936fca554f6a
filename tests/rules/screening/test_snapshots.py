"""Judging goes on when the lists are damaged: by the last good copy, loudly, until a copy is put back."""

import asyncio
import io
import json
import sqlite3
from contextlib import asynccontextmanager, closing

import pytest

from rules.lists.cache import Lookup
from rules.lists.editing import Lists
from rules.model import Action, Call, Number, NumberClass, Step, Trunk, Verdict
from rules.screening.screen import Screen
from rules.screening.snapshots import is_whole, take_snapshot
from rules.settings.screening import ListSettings, ScreeningSettings, StorageSettings
from rules.storage.store import CorruptDatabase, faults_of, put_in_place, snapshot_path

LISTS = {"nuisance": ListSettings(kind="block")}
CALLER = "+8613800138000"


class Rules:
    revision, called_lists, rates, facts, holds = "r1", frozenset(), frozenset(), frozenset(), frozenset()

    def judge(self, call, caller_hits, called_hits):
        action = Action.REJECT if caller_hits else Action.FORWARD
        return Verdict(action, Step.OPERATOR_BLOCK if caller_hits else Step.DEFAULT, revision="r1")


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@asynccontextmanager
async def opened(path, clock, log):
    settings = ScreeningSettings(lists=LISTS, storage=StorageSettings(snapshot_hours=1))
    screen = await Screen.open(settings, Rules(), path, now=clock, log=log)
    try:
        yield screen
    finally:
        await screen.close()


def call(number=CALLER):
    return Call(
        caller=Number(number, NumberClass.MOBILE),
        called=Number("+861062345678", NumberClass.FIXED),
        trunk=Trunk("north"),
        at=1_000.0,
    )


def damage(path, kept):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    with path.open("r+b") as file:
        file.seek(kept)
        file.write(b"\xa5" * (path.stat().st_size - kept))


async def listed(path):
    lists = await Lists.open(path, LISTS)
    await lists.add("nuisance", CALLER)
    await lists.close()
    assert take_snapshot(path)


def alarms(log):
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line["what"] for line in lines if line["event"] == "alarm"]


@pytest.mark.parametrize("kept", [0, 4096])
async def test_a_damaged_database_at_the_start(tmp_path, kept):
    path, log = tmp_path / "ringfence.db", io.StringIO()
    await listed(path)
    damage(path, kept)
    async with opened(tmp_path, Clock(), log) as screen:
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        assert screen.counters["lists_fallbacks"] == 1
        put_in_place(snapshot_path(path), path, tmp_path / "aside")
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
    first, second = alarms(log)
    assert "judging by the last good snapshot; run `ringfence db restore`" in first
    assert second == "the database of lists is back"


@pytest.mark.parametrize("left", ["nothing", "an empty file"])
async def test_lists_that_are_gone_at_the_start(tmp_path, left):
    path, log = tmp_path / "ringfence.db", io.StringIO()
    await listed(path)
    path.unlink()
    if left != "nothing":
        path.touch()
    async with opened(tmp_path, Clock(), log) as screen:
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
        put_in_place(snapshot_path(path), path, tmp_path / "aside")
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
    assert len(alarms(log)) == 2


async def test_what_is_written_follows_a_copy_that_is_put_back(tmp_path):
    """Started on the last good copy: changes are refused until `ringfence db restore`, and none goes to the copy."""
    path, other = tmp_path / "ringfence.db", "+8613800138001"
    await listed(path)
    damage(path, 0)
    async with opened(tmp_path, Clock(), io.StringIO()) as screen:
        before = snapshot_path(path).read_bytes()
        with pytest.raises(CorruptDatabase, match="`ringfence db restore`"):
            await screen.lists.add("nuisance", other)
        assert snapshot_path(path).read_bytes() == before
        put_in_place(snapshot_path(path), path, tmp_path / "aside")
        await screen.lists.add("nuisance", other)
        screen.poll()
        assert screen.judge(call(other)).action is Action.REJECT
    lists = await Lists.open(path, LISTS)
    assert len(await lists.show("nuisance")) == 2
    await lists.close()


async def test_a_database_that_is_damaged_while_calls_come(tmp_path):
    path, log = tmp_path / "ringfence.db", io.StringIO()
    await listed(path)
    async with opened(tmp_path, Clock(), log) as screen:
        assert screen.judge(call("+8613800138001")).action is Action.FORWARD
        damage(path, 0)
        screen.lookup._change_reader(path) if faults_of(path) == [] else screen.lookup._fall_back()
        assert screen.judge(call()).action is Action.REJECT
        screen.poll()
    assert len(alarms(log)) == 1


async def test_damaged_while_calls_come_and_no_snapshot_is_an_alarm(tmp_path):
    path, log = tmp_path / "ringfence.db", io.StringIO()
    await listed(path)
    kept = tmp_path / "backup.db"
    snapshot_path(path).rename(kept)
    async with opened(tmp_path, Clock(), log) as screen:
        damage(path, 4096)
        for _ in range(2):
            assert screen.judge(call()).step is Step.FAIL_OPEN
            screen.poll()
        put_in_place(kept, path, tmp_path / "aside")
        screen.poll()
        assert screen.judge(call()).action is Action.REJECT
    first, second = alarms(log)
    assert "is damaged and there is no snapshot of it" in first
    assert second == "the database of lists is back"


async def test_without_a_snapshot_it_is_refused(tmp_path):
    path = tmp_path / "ringfence.db"
    path.write_bytes(b"a letter to a friend" * 1000)
    with pytest.raises(CorruptDatabase, match="`ringfence db restore`"):
        await Lists.open(path, LISTS)
    with pytest.raises(CorruptDatabase):
        Lookup(path, entries=16)


async def test_copies_are_made_when_due_and_something_changed(tmp_path):
    path, clock, log = tmp_path / "ringfence.db", Clock(), io.StringIO()
    good = snapshot_path(path)
    async with opened(tmp_path, clock, log) as screen:
        screen.poll()
        await screen._snapshots.close()
        assert faults_of(good) == []
        assert not take_snapshot(path), "nothing changed"
        await screen.lists.add("nuisance", CALLER)
        clock.now -= 10_000  # a clock set back
        for _ in range(2):
            clock.now += 61
            screen.poll()
            await screen._snapshots.close()
            await asyncio.sleep(0)
        assert not take_snapshot(path)
        damage(path, 4096)
        clock.now += 3_700
        good.unlink()
        screen.poll()
        await screen._snapshots.close()
        await screen.journal.flush()
    assert any("no snapshot of the lists" in what for what in alarms(log))


async def test_a_database_that_is_sound_after_all_is_judged_by_again(tmp_path):
    """As when only its log was damaged, which whoever opens it next leaves out."""
    path, clock, log = tmp_path / "ringfence.db", Clock(), io.StringIO()
    await listed(path)
    async with opened(tmp_path, clock, log) as screen:
        await screen.lists.add("nuisance", "+8613800138001")
        screen.lookup._fall_back()
        screen.poll()
        await screen._snapshots.close()
        screen.poll()
        assert not screen.lookup.on_snapshot
        assert screen.judge(call("+8613800138001")).action is Action.REJECT
    assert alarms(log)[-1] == "the database of lists is back"


async def test_but_not_while_it_is_damaged_or_older_than_its_copy(tmp_path):
    path = tmp_path / "ringfence.db"
    await listed(path)
    assert is_whole(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("update change set revision = revision - 1")
        connection.commit()
    assert not is_whole(path)
    damage(path, 4096)
    assert not is_whole(path)

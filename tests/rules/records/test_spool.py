"""Records on their way: on file before an id is told, read back after a kill, gone once they are committed."""

import asyncio
import io
import os
import subprocess
import sys
import textwrap

import pytest

from rules.model import Action
from rules.records.decisions import Decisions, decisions_path
from rules.records.journal import Journal
from rules.records.retention import Keeping
from rules.records.spool import Spool, spooled
from rules.screening.screen import Screen
from rules.settings.screening import ListSettings, ScreeningSettings
from tests.rules.records.test_journal import Clock, full_disk, note
from tests.rules.screening.test_screen import CALLER, Rules, call

SETTINGS = ScreeningSettings(lists={"nuisance": ListSettings(kind="block")})


def rows(*names):
    return [(name, 1.0, None) for name in names]


def test_what_was_written_is_read_back_by_the_next_process(tmp_path):
    database = tmp_path / "d.db"
    spool = Spool.open(database)
    spool.add(rows("a", "b"))
    spool.add(rows("c"))
    os.close(spool._own[0].descriptor)  # as a kill does
    os.close(spool._own[1].descriptor)
    again = Spool.open(database)
    assert again.left == rows("a", "b", "c")
    assert again.settle("abc")
    again.empty()
    assert Spool.open(database).left == []
    assert all(file.stat().st_size == 0 for file in tmp_path.glob("*.spool*"))
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in tmp_path.glob("*.spool*"))


def test_a_file_is_emptied_only_when_its_last_record_is_committed(tmp_path):
    spool = Spool.open(tmp_path / "d.db")
    spool.add(rows("a", "b"))
    assert not spool.settle("a")
    spool.add(rows("c"))  # goes to the other file, so that the first can run empty while calls go on
    assert spool.settle("b")
    spool.empty()
    assert spooled(tmp_path / "d.db", "b") is None
    assert spooled(tmp_path / "d.db", "c") == rows("c")[0]
    spool.close()
    assert [row[0] for row in Spool.open(tmp_path / "d.db").left] == ["c"]


def test_calls_without_end_never_make_the_files_grow(tmp_path):
    spool = Spool.open(tmp_path / "d.db")
    for number in range(1000):
        spool.add(rows(f"{number}"))
        if spool.settle([f"{number - 5}"]):
            spool.empty()
    assert sum(file.stat().st_size for file in tmp_path.glob("*.spool*")) < 1000


def test_a_torn_line_costs_itself_only(tmp_path):
    (tmp_path / "d.db.spoola").write_bytes(b'["a",1.0,null]\n["b",1.')
    spool = Spool.open(tmp_path / "d.db")
    assert spool.left == rows("a")
    spool.add(rows("c"))
    assert spooled(tmp_path / "d.db", "c") == rows("c")[0]
    spool.close()


def test_two_processes_never_share_a_file(tmp_path):
    first = Spool.open(tmp_path / "d.db")
    first.add(rows("a"))
    second = Spool.open(tmp_path / "d.db")
    assert second.left == [], "the first one is alive, and will write it itself"
    second.add(rows("b"))
    first.close()
    second.close()
    third = Spool.open(tmp_path / "d.db")
    assert sorted(third.left) == rows("a", "b")
    third.settle("ab")
    third.empty()
    third.close()
    assert list(tmp_path.glob("*.spool*")) == []


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    spool = Spool.open(tmp_path / "d.db")
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:9]))
    with pytest.raises(OSError, match="No space left"):
        spool.add(rows("a", "b"))
    monkeypatch.undo()
    spool.add(rows("c"))
    assert spooled(tmp_path / "d.db", "c") == rows("c")[0]
    spool.close()


async def judged_and_told(folder):
    """A node judges a call, tells its id and is killed at once."""
    screen = await Screen.open(SETTINGS, Rules(), folder, log=io.StringIO())
    await screen.lists.add("nuisance", CALLER.canonical)
    screen.poll()
    verdict = screen.judge(call(call_id="13800138000@192.0.2.7"))
    assert verdict.action is Action.REJECT
    screen.secure()
    print(verdict.decision, flush=True)
    os.kill(os.getpid(), 9)


def test_kill_9_loses_no_id_that_a_caller_was_told(tmp_path):
    script = f"""
        import asyncio, pathlib
        from tests.rules.records.test_spool import judged_and_told
        asyncio.run(judged_and_told(pathlib.Path({str(tmp_path)!r})))
    """
    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=60, check=False
    )
    assert killed.returncode == -9, killed.stderr
    decision = killed.stdout.strip()

    async def look():
        decisions = await Decisions.open(decisions_path(tmp_path / SETTINGS.storage.database))
        found = await decisions.find(decision)
        await decisions.close()
        return found

    before = asyncio.run(look())
    assert (before.action, before.rule, before.status) == (Action.REJECT, "nuisance", None), "no start is needed"
    assert before.call_id == "138******00@192.0.2.7"

    async def start():
        screen = await Screen.open(SETTINGS, Rules(), tmp_path, log=io.StringIO())
        await screen.journal.flush()
        found = (await screen.journal._decisions.recent(9))[0]
        await screen.close()
        return found

    assert asyncio.run(start()).id == decision
    assert asyncio.run(look()).id == decision
    assert list(tmp_path.glob("*.spool*")) == []


async def test_what_the_database_does_not_take_at_the_end_waits_on_file(tmp_path, monkeypatch):
    def journal_of(decisions):
        spool = lambda: Spool.open(decisions.store.path)  # noqa: E731
        return Journal(decisions, b"k" * 32, Keeping(30, 100), log=io.StringIO(), spool=spool)

    first = journal_of(await Decisions.open(tmp_path / "decisions.db"))
    note(first, Clock(), "a" * 20)
    with full_disk(monkeypatch):
        await first.close()
    decisions = await Decisions.open(tmp_path / "decisions.db")
    again = journal_of(decisions)
    await again.flush()
    assert [found.id for found in await decisions.recent(9)] == ["a" * 20]
    await again.close()
    assert list(tmp_path.glob("*.spool*")) == []

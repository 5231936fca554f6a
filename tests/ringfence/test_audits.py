"""The audit of a whole installation: every chain, what was noted of it, and two honest crashes."""

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

from console.api.access.key_book import KeyBook
from ringfence.audits import verify
from ringfence.installation import Installation
from ringfence.people.rights import Right
from rules.audit.anchors import anchor
from rules.audit.chain import entries
from rules.audit.chains import Chains
from rules.lists.origins import Origin

OF = {"lists": "", "access": "-access", "complaints": "-complaints", "revisions": "-rules", "people": "-people"}


async def busy(here):
    """Something is done in each database."""
    lists = await here.lists()
    await lists.add("blocked", "+8613912345678", Origin(author="li", reason="rings at night"))
    await lists.add("blocked", "+8613912345678", Origin(author="li", note="again"))
    await lists.add("blocked", "CN:9501*", Origin(author="li"), wide=True)
    await lists.remove("blocked", "+8613912345678", author="wang", reason="another owner")
    await KeyBook(await here.access()).add("shop", [Right.CASES_READ], author="li")
    subscribers = await here.subscribers()
    await subscribers.add("+8613800138000", "block", "+8613912345678", author="li")


def beneath(here, chain, *statements):
    path = here.database.with_name(f"ringfence{OF[chain]}.db")
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("drop trigger step_is_final")
        for statement in statements:
            other.execute(statement)


async def test_changes_of_lists_and_keys_stand_in_chains_of_their_own(file):
    async with Installation.open(file) as here:
        await busy(here)
        found = await verify(here)
        assert found.broken == []
        assert {chain: each.entries for chain, each in found.chains.items()} == {
            "complaints": 0,
            "lists": 5,
            "access": 1,
        }
        told = [one.deed for one in await entries((await here.lists()).store.connection)]
    number = here.keys.hide("+8613912345678")
    assert [(one.actor, one.subject, one.step) for one in told] == [
        ("li", "number", "put on list"),
        ("li", "number", "changed on list"),
        ("li", "list", "put on list"),
        ("wang", "number", "taken off list"),
        ("li", "number", "put on own block list"),
    ]
    assert told[0].subject_id == told[3].subject_id == told[4].detail == number
    assert (told[1].before, told[1].after) == ('{"source": "operator"}', '{"source": "operator", "note": "again"}')
    assert "13912345678" not in repr(told)


async def test_a_change_in_any_chain_is_found_and_named(file):
    async with Installation.open(file) as here:
        await busy(here)
        beneath(here, "lists", "update step set actor = 'nobody' where id = 2")
        beneath(here, "access", "update step set detail = '' where id = 1")
        assert [one.partition(": it")[0] for one in (await verify(here)).broken if "entry" in one] == [
            "lists: entry 2",
            "access: entry 1",
        ]


async def test_an_anchor_tells_of_a_database_that_was_put_back_or_is_gone(file, tmp_path):
    anchors = tmp_path / "anchors"
    async with Installation.open(file) as here:
        await busy(here)
        async with Chains.open(here.database, here.keys.audit) as chains:
            anchors.write_text(anchor(await chains.heads(), here.keys.audit, 0.0))
        assert (await verify(here, "", anchors)).broken == []
    here.database_of("access").unlink()
    async with Installation.open(file) as here:
        (broken,) = (await verify(here, "", anchors)).broken
        assert broken == "access: its database is gone, although its head was noted"


WRITING = """
import asyncio, sys
from pathlib import Path
from desk.disclosure import note_look
from ringfence.installation import Installation
from ringfence.people.rights import Right
from rules.lists.origins import Origin

async def write():
    async with Installation.open(Path(sys.argv[1])) as here:
        lists, desk = await here.lists(), await here.open_desk()
        for at in range(100_000):
            await lists.add("blocked", f"+86139{at:08}", Origin(author="li"))
            await note_look(desk.archive, "case", "", actor="li")
            print(at, flush=True)

asyncio.run(write())
"""


def killed_while_writing(file):
    command = [sys.executable, "-c", WRITING, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for _ in range(40):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)


async def test_two_crashes_while_it_is_written_are_no_forgery(file):
    for _ in range(2):
        killed_while_writing(file)
        async with Installation.open(file) as here:
            found = await verify(here)
            assert found.broken == []
            assert found.chains["complaints"].entries >= 40

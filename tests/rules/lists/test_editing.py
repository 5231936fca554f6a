"""Lists: added, changed, removed, shown; durable when acknowledged; never half."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.lists import editing as module
from rules.lists.admission import EntryError, prefix_as_shown
from rules.lists.editing import Lists, Origin, how_many_stand
from rules.settings.screening import ListSettings
from tests.examples import examples

LISTS = {
    "bank": ListSettings(kind="allow"),
    "nuisance": ListSettings(kind="block", max_entries=3),
    "doubtful": ListSettings(kind="suspect", expires_days=7),
}


@asynccontextmanager
async def opened(path, policies=LISTS, now=1_000.0):
    lists = await Lists.open(path / "lists.db", policies, now=lambda: now)
    try:
        yield lists
    finally:
        await lists.close()


def revision(path):
    with closing(sqlite3.connect(path / "lists.db")) as connection:
        return connection.execute("select revision from change").fetchone()[0]


async def texts(lists, name, **more):
    return [entry.text for entry in await lists.show(name, **more)]


async def test_what_stands_just_so_is_found(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add_all("nuisance", ["+86138*", "+8613800138000"], wide=True)
        found = await lists.standing("nuisance", ["+8613800138000", "+86138*", "+861380*", "+8613800138001"])
        assert [entry.text for entry in found] == ["+8613800138000", "+86138*"]
        assert await lists.standing("doubtful", ["+86138*"]) == []


async def test_an_entry_is_added_shown_changed_and_removed(tmp_path):
    async with opened(tmp_path) as lists:
        entry = await lists.add("nuisance", "138 0013 8000", Origin("hotline", "calls at night", "li"), country="CN")
        assert (entry.list, entry.text, entry.created) == ("nuisance", "+8613800138000", 1_000.0)
        assert await lists.show("nuisance") == [entry]
        assert await lists.counts() == {"bank": 0, "doubtful": 0, "nuisance": 1}
        await lists.add("nuisance", "+8613800138000", Origin("police"))
        assert [found.origin.source for found in await lists.show("nuisance")] == ["police"]
        assert (await lists.counts())["nuisance"] == 1
        removed = await lists.remove("nuisance", "13800138000", country="CN")
        assert removed.origin.source == "police"
        assert await lists.show("nuisance") == []
        assert (await lists.counts())["nuisance"] == 0


async def test_a_prefix_comes_off_as_it_is_shown_however_one_that_is_typed_so_is_read_now(tmp_path):
    """+375029* was taken once, and had stopped nobody: no number of Belarus begins so."""
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+37529*", country="CN", wide=True)
        async with lists.store.transaction() as connection:
            standing = prefix_as_shown("+375029*")
            await connection.execute(
                "update wide set start = ?, stop = ?, text = ?", (standing.start, standing.stop, standing.text)
            )
        assert (await lists.remove("nuisance", "+375029*", country="CN")).text == "+375029*"
        assert await texts(lists, "nuisance") == []


async def test_prefixes_and_ranges_are_shown_before_numbers_and_paged(tmp_path):
    async with opened(tmp_path) as lists:
        everything = ["+8613*", "+86138*", "+86139*", "+8613800138000", "+8613900139000", "CN:95588"]
        for text in reversed(everything):
            await lists.add("bank", text)
        assert await texts(lists, "bank") == everything
        found, after = [], ""
        while page := await texts(lists, "bank", limit=2, after=after):
            found += page
            after = page[-1]
        assert found == everything


async def test_the_default_expiry_is_the_policy_s(tmp_path):
    async with opened(tmp_path) as lists:
        assert (await lists.add("doubtful", "+8613800138000")).origin.expires == 1_000.0 + 7 * 86_400
        assert (await lists.add("doubtful", "+8613800138001", Origin(expires=5e3))).origin.expires == 5e3
        assert (await lists.add("bank", "+8613800138001")).origin.expires is None


async def test_what_covers_a_number_is_found_on_every_list(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("nuisance", "+8613800138000")
        await lists.add("doubtful", "+8613800000000..+8613800999999", wide=True)
        await lists.add("doubtful", "+8613900000000..+8613900999999", wide=True)
        await lists.add("bank", "+86138*")
        found = [(entry.list, entry.text) for entry in await lists.covering("+8613800138000")]
        assert found == [
            ("bank", "+86138*"),
            ("doubtful", "+8613800000000..+8613800999999"),
            ("nuisance", "+8613800138000"),
        ]
        assert await lists.covering("") == []


async def test_refusals_are_named(tmp_path):
    async with opened(tmp_path) as lists:

        async def refusal(coroutine):
            with pytest.raises(EntryError) as error:
                await coroutine
            return error.value.name

        assert await refusal(lists.add("nobody", "+8613800138000")) == "no-such-list"
        assert await refusal(lists.show("nobody")) == "no-such-list"
        assert await refusal(lists.remove("nuisance", "+8613800138000")) == "not-listed"
        assert await refusal(lists.remove("nuisance", "+86138*")) == "not-listed"
        await lists.add("bank", "+8613800138000")
        assert await refusal(lists.add("nuisance", "+8613800138000")) == "protected"
        assert await refusal(lists.add("nuisance", "+86138*")) == "protected"
        for last in "123":
            await lists.add("nuisance", f"+861380013800{last}")
        before = revision(tmp_path)
        assert await refusal(lists.add("nuisance", "+8613800138004")) == "full"
        assert revision(tmp_path) == before
        await lists.add("nuisance", "+8613800138003", Origin("again"))
        assert (await lists.counts())["nuisance"] == 3


async def test_ringfence_yaml_is_the_source_of_lists(tmp_path):
    async with opened(tmp_path) as lists:
        await lists.add("bank", "+8613800138000")
    before = revision(tmp_path)
    async with opened(tmp_path):
        assert revision(tmp_path) == before, "the same settings write nothing"
    async with opened(tmp_path, {"nuisance": ListSettings(kind="plain")}) as lists:
        assert await lists.counts() == {"nuisance": 0}
        assert revision(tmp_path) == before + 1
    async with opened(tmp_path) as lists:
        assert await texts(lists, "bank") == ["+8613800138000"], "entries outlive a list that was gone for a while"


def spans(path):
    with closing(sqlite3.connect(path / "lists.db")) as connection:
        wide = connection.execute("select id, start, stop from wide").fetchall()
        rows = connection.execute("select start, wide from span order by start, wide").fetchall()
    return wide, rows


entries = st.builds(lambda digits: f"+{digits}*", st.text("78", min_size=3, max_size=6))
edits = st.lists(st.tuples(st.booleans(), st.sampled_from(["bank", "doubtful"]), entries), max_size=25)


@examples(40)
@given(edits)
def test_each_start_names_everything_that_covers_it(tmp_path_factory, edits):
    path = tmp_path_factory.mktemp("spans")

    async def play():
        async with opened(path) as lists:
            for add, name, text in edits:
                if add:
                    with suppress(EntryError):  # what an entry of the same width allows
                        await lists.add(name, text, wide=True, force=True)
                elif text in await texts(lists, name):
                    await lists.remove(name, text)

    asyncio.run(play())
    wide, rows = spans(path)
    expected = {(a, i) for _, a, _ in wide for i, start, stop in wide if start <= a <= stop}
    assert rows == sorted(expected)


ADDER = """
import asyncio, sys
from pathlib import Path
from rules.lists.editing import Lists
from rules.settings.screening import ListSettings

async def main():
    lists = await Lists.open(Path(sys.argv[1]), {"nuisance": ListSettings(kind="block")})
    for number in range(100_000):
        text = f"+86138{number:08d}" if number % 3 else f"+8613{number:07d}*"
        entry = await lists.add("nuisance", text, wide=True)
        print(entry.text, flush=True)

asyncio.run(main())
"""


def killed_after(database, acknowledged):
    """What a process acknowledged that added entries until it was killed."""
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", ADDER, str(database)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        told = [process.stdout.readline().strip() for _ in range(acknowledged)]
        os.kill(process.pid, signal.SIGKILL)
        # a last line without its end was not acknowledged
        return told + process.stdout.read().split("\n")[:-1]


@pytest.mark.parametrize("acknowledged", [1, 7, 40])
async def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path, acknowledged):
    told = killed_after(tmp_path / "lists.db", acknowledged)
    assert told[0] == "+86130000000*"
    async with opened(tmp_path, {"nuisance": ListSettings(kind="block")}) as lists:
        found = await texts(lists, "nuisance", limit=200_000)
        assert set(told) <= set(found)
        assert len(found) <= len(told) + 1, "at most the one that was being acknowledged"
        assert await lists.counts() == {"nuisance": len(found)}
    wide, rows = spans(tmp_path)
    assert rows == sorted((start, identity) for identity, start, _ in wide)


TWO = {"nuisance": ListSettings(kind="block"), "doubtful": ListSettings(kind="suspect")}


async def test_entries_of_every_form_are_counted_while_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_COUNTED_AT_ONCE", 2)
    lists = await Lists.open(tmp_path / "lists.db", TWO)
    texts = ["+8613800138000", "+86139*", "CN:95012000..CN:95012999", "CN:95588"]
    for text in texts:
        await lists.add("nuisance", text, wide=True)
    counted = [await how_many_stand(lists, "nuisance", texts), await how_many_stand(lists, "doubtful", texts)]
    await lists.remove("nuisance", "+86139*")
    await lists.remove("nuisance", "CN:95588")
    counted += [await how_many_stand(lists, "nuisance", texts), await how_many_stand(lists, "nuisance", [])]
    await lists.close()
    assert counted == [4, 0, 2, 0]

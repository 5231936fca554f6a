"""The eye on revisions: another one is swapped in whole, off the loop; one that can't be loaded changes nothing."""

import asyncio
import threading

import pytest

from rules.screening.live import LiveRules
from rules.screening.revisions import FileText, Revisions, Texts
from tests.rules.calls import rule, rules


class Watch:
    """What the proxy was told."""

    def __init__(self):
        self.swaps, self.refusals, self.threads = [], [], set()
        self.held = threading.Event()
        self.held.set()

    def load(self, revision):
        self.threads.add(threading.current_thread())
        assert self.held.wait(60)
        if revision.reason == "broken":
            raise ValueError("no such list")
        return rules(revision.texts.files[0].text)


async def settle(live):
    """Poll until nothing is under way and nothing new is there."""
    for _ in range(3):
        live.poll()
        if live._task is not None:
            await live._task


@pytest.fixture
async def watched(tmp_path):
    watch, path = Watch(), tmp_path / "rules.db"
    revisions = await Revisions.open(path)

    async def add(reason):
        text = rule("{caller: 95588}", name=f"n-{reason}")
        return await revisions.add(Texts((FileText("", "a.yaml", text),), ()), hash_=reason, author="", reason=reason)

    first = await add("first")
    live = LiveRules(
        path,
        first,
        watch.load,
        swapped=lambda revision, ruleset: watch.swaps.append((revision.number, ruleset.rules[0].name)),
        refused=lambda number, error: watch.refusals.append((number, str(error))),
    )
    yield live, watch, add
    await live.close()
    await revisions.close()


async def test_what_was_live_at_the_start_is_not_loaded_again(watched):
    live, watch, _ = watched
    await settle(live)
    assert not watch.threads


async def test_another_revision_is_swapped_in(watched):
    live, watch, add = watched
    await add("second")
    await settle(live)
    assert watch.swaps == [(2, "n-second")]
    assert live.number == 2
    assert threading.main_thread() not in watch.threads


async def test_a_revision_that_cannot_be_loaded_leaves_the_old_one_and_is_tried_once(watched):
    live, watch, add = watched
    await add("broken")
    await settle(live)
    await settle(live)
    assert (watch.swaps, watch.refusals, live.number, live.failures) == ([], [(2, "no such list")], 1, 1)
    await add("mended")
    await settle(live)
    assert watch.swaps == [(3, "n-mended")]


async def test_the_loop_goes_on_and_the_newest_wins_in_the_end(watched):
    live, watch, add = watched
    watch.held.clear()
    await add("second")
    live.poll()
    await asyncio.sleep(0.01)
    assert not watch.swaps
    await add("third")
    live.poll()
    watch.held.set()
    await settle(live)
    assert watch.swaps[-1] == (3, "n-third")

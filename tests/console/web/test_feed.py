"""What is seen live: one reader for all who watch, and nothing missed between two looks."""

import asyncio

from console.web.feed import Feed
from rules.model import Action
from rules.records.decisions import row
from tests.console.web.conftest import until
from tests.rules.records.test_decisions import KEY, call, verdict


def made(at: float, n: int = 0, action: Action = Action.FORWARD):
    return row(call(at), verdict(f"{int(at * 256):010x}{n:010x}", action), None, KEY)


async def test_each_decision_is_told_once_and_all_are_counted(house):
    now = 1_795_500_000.0
    feed = Feed(house.here, lambda: now)
    decisions = await house.here.decisions()
    await decisions.write([made(now - 100, 1)], [])
    first = await feed.look()
    assert (first.decisions, first.verdicts) == ([], {}), "what was before is no news"
    await decisions.write([made(now + n / 100, n, Action.REJECT) for n in range(50)], [])
    second = await feed.look()
    assert second.verdicts == {"reject": 50}
    assert len(second.decisions) == 20
    assert (await feed.look()).verdicts == {}
    assert second.node.seen is None
    assert "no node runs here" in second.node.without


async def test_the_curve_begins_with_the_last_minutes(house):
    now = 1_795_500_000.0
    decisions = await house.here.decisions()
    await decisions.write(
        [made(now - 2_000, 1), made(now - 25, 2), made(now - 24, 3, Action.TAG), made(now - 1, 4)], []
    )
    past = await Feed(house.here, lambda: now).past()
    assert past == [(int(now - 30), {"forward": 1, "tag": 1}), (int(now - 10), {"forward": 1})]


async def test_the_process_need_not_wait_for_who_watches(house):
    feed = Feed(house.here)

    async def watch() -> int:
        return sum([1 async for _ in feed.looks()])

    watching = [asyncio.create_task(watch()) for _ in range(3)]
    await until(lambda: len(feed._watchers) == 3)
    feed.stop()
    async with asyncio.timeout(5):
        await asyncio.gather(*watching)
        await feed.wait()

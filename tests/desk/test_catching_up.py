"""Who asks waits for a short count, never for a long one, which goes on beside."""

import asyncio

from desk.catching_up import CatchingUp


async def test_a_long_backlog_keeps_nobody_waiting_and_is_counted_all_the_same():
    go, counted = asyncio.Event(), []

    async def count() -> int:
        await go.wait()
        counted.append(1)
        return 1

    catching_up = CatchingUp(count)
    await catching_up(0.01)
    await catching_up(0.01)
    assert counted == []
    go.set()
    await catching_up.close()
    assert counted == [1]


async def test_who_wants_the_latest_has_it_counted_again_at_once():
    counted = []

    async def count() -> int:
        counted.append(1)
        return 1

    catching_up = CatchingUp(count)
    for again_s in (1.0, 1.0, 0.0):
        await catching_up(5.0, again_s=again_s)
    assert counted == [1, 1]

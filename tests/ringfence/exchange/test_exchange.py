"""Three operators: published, withdrawn, echoed, lied, rolled back: who believes what."""

from contextlib import AsyncExitStack

import pytest

from tests.ringfence.exchange.operators import Clock, Operator

BAD = "+8617012345678"


@pytest.fixture
async def three(tmp_path):
    """Operators a, b and c, each of whom takes from both others, one hop far."""
    clock, names = Clock(), ("a", "b", "c")
    async with AsyncExitStack() as stack:
        made = []
        for name in names:
            one = await Operator.open(tmp_path, name, clock, *names)
            stack.push_async_callback(one.lists.close)
            made.append(one)
        for one in made:
            for other in made:
                if other is not one:
                    one.takes(other)
            await one.publish()
        yield made


async def test_what_one_lists_the_others_hold_with_whose_word_it_is(three):
    a, b, c = three
    await a.block(BAD, "+861701230*")
    assert (await a.publish()).version == 2
    for one in (b, c):
        told = await one.poll()
        assert (told[0].partner, told[0].entries, told[0].fault) == ("a", 2, "")
        assert await one.listed("from-a") == {
            BAD: "version 2 of a.example, hop 0",
            "+861701230*": "version 2 of a.example, hop 0",
        }
        (entry,) = await one.lists.covering(BAD)
        assert (entry.origin.source, entry.origin.reason, entry.origin.evidence) == ("partner a", "fraud", "stated")
    await a.release(BAD)
    await a.publish()
    for one in (b, c):
        await one.poll()
        assert await one.believes(BAD) == []
        assert await one.believes("+8617012300000") == ["from-a"]

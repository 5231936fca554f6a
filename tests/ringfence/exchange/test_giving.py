"""`ringfence share publish` gives what the lists say, and as theirs what partners said."""

import pytest

from ringfence.exchange.exchange_settings import ExchangeSettings
from ringfence.exchange.giving import Giving
from ringfence.exchange.refused import ExchangeError
from tests.ringfence.exchange.operators import Clock, Operator


def test_who_gives_nothing_is_told_how(tmp_path):
    with pytest.raises(ExchangeError, match=r"exchange\.publish"):
        _ = Giving(ExchangeSettings(), tmp_path, now=Clock()).repository


async def test_what_ended_by_itself_is_not_withdrawn_and_what_was_taken_off_is(tmp_path):
    one = await Operator.open(tmp_path, "a", clock := Clock())
    try:
        await one.block("+8617012345678", "+861701230*", "+8617012345679")
        assert (await one.publish())[:3] == (1, 3, 3)
        await one.release("+8617012345678")
        assert (await one.publish()).withdrawn == 1
        clock.days(200)
        done = await one.publish()
        assert (done.changed, done.removed) == (2, 0)  # they stand, and are told anew in time
    finally:
        await one.lists.close()

"""What a partner offers is held against his root; whatever is wrong with it, nothing is taken."""

import pytest

from ringfence.exchange.offers import Look
from ringfence.exchange.refused import Refused
from ringfence.exchange.web import Web
from tests.ringfence.exchange.operators import NOON, Clock, Operator


@pytest.fixture
async def giving(tmp_path):
    one = await Operator.open(tmp_path, "a", Clock())
    one.takes(one)
    await one.block("+8617012345678")
    await one.publish()
    yield one
    await one.lists.close()


def look(one, known=None, old=dict, *, now=NOON, **changed):
    partner = one.settings.partners["a"].model_copy(update=changed)
    web = Web((), 30, clock=lambda: 0.0)
    try:
        root = partner.root.read_bytes()
        return Look(partner, root, one.folder / "partners/a", web, now).offer(known, old)
    finally:
        web.close()


async def test_a_version_comes_whole_then_by_differences(giving):
    first = look(giving)
    assert (first.newest.version, len(first.state)) == (1, 1)
    assert look(giving, first.newest).state is None
    await giving.block("+8617012345679")
    await giving.publish()
    for path in (giving.folder / "share/targets").glob("*.full-2.*"):
        path.unlink()
    second = look(giving, first.newest, lambda: first.state)
    assert (second.newest.version, len(second.state)) == (2, 2)
    with pytest.raises(Refused) as refused:
        look(giving, first.newest)  # who lost what he had
    assert refused.value.code == "gap"

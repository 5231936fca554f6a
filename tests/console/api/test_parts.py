"""Times and versions as clients write them."""

import pytest
from starlette.requests import Request

from console.api import appeals, cases, complaints, ladder, letters, list_imports, lists, numbers, owners, reports
from console.api.parts import SentOnce, maybe_utc, moment, seen, utc
from console.api.problems import Problem


def test_times_there_and_back():
    assert utc(moment("2026-07-01T12:00:00+08:00")) == "2026-07-01T04:00:00Z"
    assert moment("2026-07-01t04:00:00z") == moment("2026-07-01T04:00:00.000Z")
    assert maybe_utc(None) is None


@pytest.mark.parametrize("text", ["2026-02-31T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00+99:00"])
def test_a_time_that_does_not_exist(text):
    with pytest.raises(ValueError, match="no such time"):
        moment(text)


async def test_the_version_that_was_looked_at():
    looked_at = [await seen(asking({"version": 3})), await seen(asking({}), '"3"'), await seen(asking(None))]
    assert looked_at == [3, 3, None]
    assert await seen(asking({"version": 3}), '"3"') == 3
    assert await seen(asking([7]), '"3"') == 3  # the body is refused elsewhere
    with pytest.raises(Problem):
        await seen(asking({"version": 2}), '"3"')


def asking(sent: object) -> Request:
    return Request({"type": "http", "method": "POST", "headers": [], "state": {"sent": sent}})


def test_every_path_that_takes_a_body_takes_it_as_the_gate_read_it():
    modules = (appeals, cases, complaints, ladder, letters, list_imports, lists, numbers, owners, reports)
    for module in modules:
        assert all(isinstance(route, SentOnce) for route in module.router.routes), module.__name__

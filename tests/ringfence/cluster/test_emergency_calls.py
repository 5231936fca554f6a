import asyncio
import itertools

import pytest

from ringfence.cluster.emergency_calls import EmergencyCalls
from ringfence.cluster.postgres import PostgresRecord
from ringfence.cluster.record import RecordError
from rules.records.decisions import Decisions
from rules.settings.screening import RecordSettings
from tests.ringfence.cluster.nodes import Memory


class Side:
    """A node's record of decisions, and what it hears of others."""

    def __init__(self, path, clock) -> None:
        self.path, self.all = path, []
        self.calls = EmergencyCalls(path, now=lambda: 1000.0, clock=clock)
        self.calls.heard = self.hears

    def hears(self, calls) -> None:
        self.all += calls
        self.write(calls)  # as the journal does

    def write(self, calls) -> None:
        async def whole() -> None:
            decisions = await Decisions.open(self.path)
            await decisions.write([], [], [], calls)
            await decisions.close()

        asyncio.run(whole())


@pytest.fixture
def sides(tmp_path):
    clock = itertools.count().__next__
    return Side(tmp_path / "a.db", clock), Side(tmp_path / "b.db", clock)


@pytest.fixture(params=["memory", "postgres"])
def record(request, tmp_path):
    if request.param == "memory":
        yield Memory()
    else:
        settings = RecordSettings(at=request.getfixturevalue("database"), node="a")
        opened = PostgresRecord.open(settings, tmp_path)
        yield opened
        opened.close()


def test_who_made_an_emergency_call_at_one_node_is_known_at_the_other_once(sides, record):
    a, b = sides
    a.calls.exchange(record)  # who has no record of decisions yet has nothing to tell
    a.write([("p1", 900.0), ("p2", 950.0)])
    for _ in range(3):
        a.calls.exchange(record)
        b.calls.exchange(record)
    assert b.all == [("p1", 900.0), ("p2", 950.0)]
    assert a.all == []
    b.write([("p1", 990.0)])
    for _ in range(2):
        b.calls.exchange(record)
        a.calls.exchange(record)
    assert a.all == [("p1", 990.0)]
    assert len(b.all) == 2


def test_what_could_not_be_told_is_told_when_the_record_is_back(sides):
    a, b = sides
    record = Memory()
    a.write([("p1", 900.0)])
    record.fault = "cut off"
    with pytest.raises(RecordError):
        a.calls.exchange(record)
    record.fault = ""
    a.calls.exchange(record)
    b.calls.exchange(record)
    assert b.all == [("p1", 900.0)]

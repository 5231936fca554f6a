"""`POST /v1/handed-over`: whoever has a key and signs is heard, and hears under which reference."""

import pytest

from ringfence.exchange.handing import Proven, Unproven
from ringfence.people.rights import Right
from tests.console.built import _paths
from tests.desk.town import SPAM

CASE = {"kind": "case", "reference": "17", "number": SPAM, "clocks": {"answer": 1_800_000_000}}


class Handing:
    """Proves what is called good, in place of signatures."""

    def proven(self, text):
        if text == "good":
            return Proven("beta", "beta.example", CASE)
        if text == "odd":
            return Proven("beta", "beta.example", CASE | {"number": "110"})
        raise Unproven("no partner signed it")


@pytest.fixture
async def sender(office):
    _paths().state.handing = Handing()
    return await office.client(Right.HANDED_WRITE)


async def test_a_case_is_taken_once_and_acknowledged_each_time(sender, town):
    for _ in range(2):
        answer = await sender.post("/v1/handed-over", json={"signed": "good"})
        assert (answer.status_code, answer.json()) == (201, {"reference": "1"})
    (one,) = await town.desk.handing.inbox()
    assert (one.operator, one.reference, one.due) == ("beta.example", "17", 1_800_000_000)


async def test_what_nobody_signed_or_no_case_is_refused(sender, office, town):
    for body, status in (({"signed": "bad"}, 403), ({"signed": "odd"}, 422), ({"signed": ""}, 422), ({}, 422)):
        assert (await sender.post("/v1/handed-over", json=body)).status_code == status, body
    other = await office.client(Right.CASES_READ, name="other")
    assert (await other.post("/v1/handed-over", json={"signed": "good"})).status_code == 403
    _paths().state.handing = None
    assert (await sender.post("/v1/handed-over", json={"signed": "good"})).status_code == 404
    assert await town.desk.handing.inbox() == []

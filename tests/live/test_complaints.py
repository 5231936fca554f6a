"""From five harassed people to a seal and back: softphones, the running proxy and the desk's API, as in the field."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import Any, NamedTuple

import httpx
import pytest

from console.phones.processes import Phone, Placed, answering, host_port, place
from ringfence.people.rights import Right
from tests.console.api.served import Served
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.peers.ringfence import Ringfence

pytestmark = pytest.mark.live

HARASSER = "95012345"
CODE = "*33"
UNWANTED, REPORTING = 3, 2  # phones that answer 607, and those that talk and then dial the code
SEEN_WITHIN_S = 2.0  # a decision of the desk counts for every call that begins later
BUSY_S = 58.0  # how long a busy machine may keep one of the processes waiting


class Subscriber(NamedTuple):
    """One person behind the PBX, and the telephone."""

    number: str
    at: Endpoint
    phone: Phone

    @property
    def target(self) -> str:
        return f"sip:{self.number}@{self.at}"


class Call(NamedTuple):
    """One call of the harasser, as both ends saw it."""

    placed: Placed
    shown: dict[str, list[str]]  # header fields that the subscriber's phone got; none when it did not ring


class Town:
    """The proxy, the API beside it, and five subscribers, each at an address of the PBX."""

    def __init__(self, proxy: Ringfence, at: Endpoint, desk: httpx.Client, people: list[Subscriber]) -> None:
        self.proxy, self.at, self.desk, self.people = proxy, at, desk, people

    async def calls(self, person: Subscriber) -> Call:
        """The harasser calls."""
        placed = await place(HARASSER, person.target, host_port(str(self.at)))
        return Call(placed, (await person.phone.expect("invite"))["headers"] if placed.rang else {})

    async def call_until(self, person: Subscriber, holds: Callable[[Call], Any], what: str) -> Call:
        """Call until it shows; a call that begins later than `SEEN_WITHIN_S` and `BUSY_S` must show it."""
        decided = monotonic()
        while True:
            begun = monotonic()
            call = await self.calls(person)
            if holds(call):
                return call
            assert begun < decided + SEEN_WITHIN_S + BUSY_S, f"{what}: {call}"

    def says(self, path: str) -> dict[str, Any]:
        """What the API shows."""
        answer = self.desk.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def does(self, path: str, **step: str) -> dict[str, Any]:
        """A step by API."""
        answer = self.desk.post(path, json=step)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


def configuration(at: Endpoint, people: list[Endpoint]) -> dict[str, Any]:
    return {
        "listen": [{"address": str(at)}],
        "pbxes": [{"name": "office", "addresses": [str(person) for person in people], "probe": {"every_s": 0}}],
        "trunks": [{"name": "carrier", "addresses": ["127.0.0.1"], "country": "CN", "cli": "screened"}],
        "lists": {"sealed": {"kind": "sealed"}},
        "use": [],
        "complaints": {"feature_code": CODE},
        "logging": {"file": "calls.jsonl"},
    }


@pytest.fixture
async def town(tmp_path) -> AsyncIterator[Town]:
    at, places = new_endpoint(), [new_endpoint() for _ in range(UNWANTED + REPORTING)]
    async with AsyncExitStack() as opened:
        proxy = opened.enter_context(Ringfence(tmp_path / "proxy", configuration(at, places)))
        scopes = [word for scope in Right for word in ("--scope", scope.value)]
        words = ("api", "keys", "add", "desk", "--acts-as", "li", "--json", *scopes)
        token = json.loads(await asyncio.to_thread(proxy.command, *words))["token"]
        api = opened.enter_context(Served(proxy.file))
        people = []
        for index, place_ in enumerate(places):
            phone = answering(*place_, answer=607 if index < UNWANTED else 200)
            people.append(Subscriber(f"+861380013800{index}", place_, await opened.enter_async_context(phone)))
        await _all(person.phone.expect("ready") for person in people)
        yield Town(proxy, at, opened.enter_context(api.client(token)), people)
    assert proxy.process.returncode == api.process.returncode == 0, proxy.said + api.said


async def _all(work: Any) -> list[Any]:
    return list(await asyncio.gather(*work))


def number_in(placed: Placed) -> str:
    """The complaint's number, as a phone shows it."""
    assert placed.status == 480, placed
    number = placed.phrase.removeprefix("Reported ")
    assert placed.headers["reason"] == [f'SIP;cause=480;text="{number}"']
    return number


async def test_from_five_phones_to_a_seal_and_back(town: Town):
    # Five people are called. Three say what they think of it, two talk and then dial the code.
    first = await _all(town.calls(person) for person in town.people)
    assert [call.placed.status for call in first] == [607] * UNWANTED + [200] * REPORTING
    assert {call.placed.phrase for call in first[:UNWANTED]} == {"Unwanted"}
    assert not [name for call in first for name in call.shown if name.startswith("x-ringfence")]
    reporters = town.people[UNWANTED:]
    code = f"sip:{CODE}@{town.at}"
    numbers = [
        number_in(await person.phone.dial(code, identity=f"sip:{person.number}@office.example")) for person in reporters
    ]
    assert len(set(numbers)) == REPORTING
    again = await reporters[0].phone.dial(code, identity=f"sip:{reporters[0].number}@office.example")
    assert number_in(again) == numbers[0], "twice is once"
    for number in numbers:
        assert town.says(f"/v1/complaints/{number}")["state"] == "received"

    # Without anybody at the desk the number is tagged.
    known = await eventually(lambda: _ladder(town), "the number on the ladder")
    assert known["ladder"][0]["step"] == "tag"
    assert len(town.says(f"/v1/cases/{known['open_case']}/complaints")["complaints"]) == 5
    talker = reporters[1]
    await town.call_until(talker, lambda call: call.shown.get("x-ringfence-verdict") == ["suspected"], "tagged")

    # A person takes the case, verifies it and seals the number; the next call is rejected, with the seal on record.
    case = f"/v1/cases/{known['open_case']}"
    town.does(f"{case}/take")
    town.does(f"{case}/verify", found_by="trunk", reason="screened by the carrier")
    seal = town.does(f"{case}/seal", reason="five people")["seal"]
    rejected = await town.call_until(talker, lambda call: call.placed.status == 603, "sealed")
    assert rejected.shown == {}
    decision = rejected.placed.headers["reason"][0].partition('text="')[2].rstrip('"')
    told = await asyncio.to_thread(town.proxy.command, "explain", decision)
    assert f"seal {seal}" in told
    assert "the phone did not ring" in told

    # The caller appeals by what stood in the rejection; it is granted, and the telephone rings again.
    appeal = town.does("/v1/appeals", decision=decision, text="we are a hospital")["reference"]
    assert town.does(f"/v1/appeals/{appeal}/grant", reason="the owner has proved it")["state"] == "granted"
    released = await town.call_until(talker, lambda call: call.placed.status == 200, "released")
    assert released.placed.heard > 0
    assert town.says(case)["case"]["state"] == "released"


def _ladder(town: Town) -> dict[str, Any] | None:
    known = town.says(f"/v1/numbers/{HARASSER}")
    return known if known["ladder"] else None

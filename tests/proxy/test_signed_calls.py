"""A call with an Identity is verified before it is judged, and waits no longer than it may."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from proxy.stir.verification import Attestation, Claimed
from rules.model import Action, Step, Verdict
from tests import wire
from tests.playbook import FORWARD, REJECT, Playbook, briefs
from tests.proxy.test_server import House

ON = {"identity": {"authorities": "ca.pem", "hosts": ["cert.example.org"], "believe": ["A"]}}
SIGNED = "Contact: <sip:wren@198.51.100.21:5060>\nIdentity: a.b.c;info=<https://cert.example.org/>"


def test_a_signed_call_is_judged_once_it_is_known_who_signed():
    play = Playbook(**ON)
    assert play.trunk(wire.invite(extra=SIGNED)) == []
    (context,) = play.to_verify
    assert play.calls == []
    play.core.decided(context, REJECT, play.now)
    play._perform()
    assert play.log[-1].status == 603


@pytest.mark.parametrize(
    "extra",
    [
        SIGNED.replace("Identity", "y"),
        SIGNED.replace("Identity", "IDENTITY "),
        SIGNED.replace("Identity:", "Identity:\n "),
        SIGNED + "\ny: x",
    ],
)
def test_however_its_header_is_written(extra: str):
    play = Playbook(**ON)
    play.trunk(wire.invite(extra=extra))
    assert len(play.to_verify) == 1


def test_what_nobody_signed_is_judged_at_once():
    play = Playbook(**ON)
    assert "INVITE" in briefs(play.trunk(wire.invite()))
    assert play.to_verify == []


def test_where_nothing_is_verified_an_identity_passes_unread():
    play = Playbook()
    down = play.forwarded(extra=SIGNED)
    assert wire.header(down, "Identity").startswith("a.b.c;")
    assert play.to_verify == []


@pytest.mark.parametrize("called", ["110", "112", "urn:service:sos"])
def test_an_emergency_call_waits_for_nobody(called: str):
    play = Playbook(**ON)
    uri = called if called.startswith("urn") else f"sip:{called}@{wire.US}"
    assert "INVITE" in briefs(play.trunk(wire.invite(uri=uri, extra=SIGNED)))
    assert play.to_verify == []


def test_so_is_one_that_is_only_asked_about():
    trunks = [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "answer": "redirect"}]
    play = Playbook(trunks=trunks, **ON)
    play.trunk(wire.invite(extra=SIGNED))
    (context,) = play.to_verify
    play.core.decided(context, FORWARD, play.now)
    play._perform()
    assert play.log[-1].status == 404  # go on


def test_a_text_is_not_verified():
    trunks = [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "methods": ["MESSAGE"]}]
    play = Playbook(trunks=trunks, **ON)
    play.trunk(wire.request("MESSAGE", extra=SIGNED))
    assert play.to_verify == []
    assert len(play.calls) == 1


def test_a_caller_who_waits_hears_100_in_time_and_may_give_up():
    play = Playbook(**ON)
    invite = wire.invite(extra=SIGNED)
    play.trunk(invite)
    (context,) = play.to_verify
    context.await_answer(play.now)
    assert briefs(play.wait(0.2)) == ["100"]
    assert sorted(briefs(play.trunk(wire.cancel(invite)))) == ["200", "487"]
    assert context.done
    play.core.decided(context, REJECT, play.now)
    play._perform()
    assert play.log[-1].status in (200, 487)


def test_a_retransmission_meanwhile_is_not_verified_again():
    play = Playbook(**ON)
    play.trunk(wire.invite(extra=SIGNED))
    play.trunk(wire.invite(extra=SIGNED))
    assert len(play.to_verify) == 1


@pytest.mark.parametrize("count", [2, 40, 300])
def test_however_many_passports_come_the_call_is_judged_after_one_look(count: int):
    play = Playbook(**ON)
    play.trunk(wire.invite(extra="\n".join([SIGNED, *["y: a.b.c"] * (count - 1)])))
    (context,) = play.to_verify
    assert len(context.request.raw_all(b"identity")) == count
    play.core.decided(context, FORWARD, play.now)
    play._perform()
    assert "INVITE" in briefs(play.log)


def test_ten_thousand_are_more_lines_than_any_message_may_have():
    play = Playbook(**ON)
    sent = play.trunk(wire.invite(extra="\n".join([SIGNED, *["y:a"] * 9_999])))
    assert [each.status for each in sent] == [400]
    assert play.to_verify == []


def test_what_a_signature_has_to_say_of_a_call():
    play = Playbook(**ON)
    sdp = wire.SDP + "a=fingerprint:sha-256 AB:cd\na=fingerprint:sha-1 01\n"
    play.trunk(wire.invite(extra=SIGNED, body=sdp))
    (context,) = play.to_verify
    call = play.screening.read_call(context, play.now)
    claimed = play.screening.claimed(context, call)
    keys = frozenset({("sha-256", "ABCD"), ("sha-1", "01")})
    assert claimed == Claimed(wire.CALLER, wire.CALLED, wire.CALLED, b"call-1@wren.example", keys)


def test_a_caller_who_could_be_taken_for_two_is_nobody():
    play = Playbook(**ON)
    play.trunk(wire.invite(from_="<sip:+8613912345678*13700000000@wren.example>;tag=wren", extra=SIGNED))
    (context,) = play.to_verify
    call = play.screening.read_call(context, play.now)
    assert play.screening.claimed(context, call).caller == ""


class Verifier:
    """Answers at once, or when the test wants."""

    def __init__(self, found: Attestation, gate: asyncio.Event | None = None) -> None:
        self.found, self.gate = found, gate
        self.asked: list[tuple[list[bytes], Claimed, str]] = []
        self.breaks = False

    def begin(self, values: Any, claimed: Claimed, trunk: str) -> Attestation | Coroutine[Any, Any, Attestation]:
        self.asked.append((list(values), claimed, trunk))
        if self.breaks:
            raise RuntimeError("nobody foresaw it")
        return self.found if self.gate is None else self._later()

    async def _later(self) -> Attestation:
        assert self.gate is not None
        await self.gate.wait()
        return self.found


@pytest.fixture
async def house():
    found = House(**ON)
    await found.server.open()
    yield found
    await found.server.close()
    for each in (found.trunk, found.pbx):
        each.close()


def signed(house: House) -> bytes:
    line = b"Identity: a.b.c;info=<https://cert.example.org/>\r\nCall-ID"
    return house.invite().replace(b"Call-ID", line, 1)


async def test_rules_see_who_signed(house: House):
    house.server.verifier = verifier = Verifier(Attestation("A", "", "id", "Carrier", "Rook"))
    await house.send(signed(house))
    assert wire.method(await house.heard(house.pbx)) == "INVITE"
    (call,) = house.judge.calls
    assert call.facts == {"attestation": "A", "origid": "id", "signer": "Carrier", "rcd_name": "Rook"}
    assert call.believed
    assert verifier.asked[0][2] == "carrier"


async def test_what_is_attested_less_is_not_believed(house: House):
    house.server.verifier = Verifier(Attestation("B"))
    await house.send(signed(house))
    await house.heard(house.pbx)
    assert not house.judge.calls[0].believed


async def test_a_call_waits_and_is_judged_when_it_is_known(house: House):
    gate = asyncio.Event()
    house.server.verifier = Verifier(Attestation("none", "late"), gate)
    await house.send(signed(house))
    assert wire.status(await house.heard(house.trunk)) == 100  # in time, while it waits
    assert house.judge.calls == []
    gate.set()
    assert wire.method(await house.heard(house.pbx)) == "INVITE"
    assert house.judge.calls[0].facts == {"attestation": "none", "attestation_why": "late"}


async def test_who_gives_up_meanwhile_is_not_judged(house: House):
    gate = asyncio.Event()
    house.server.verifier = Verifier(Attestation("A"), gate)
    invite = signed(house)
    await house.send(invite)
    assert wire.status(await house.heard(house.trunk)) == 100
    await house.send(wire.cancel(invite))
    assert {wire.status(await house.heard(house.trunk)) for _ in range(2)} == {200, 487}
    gate.set()
    for _ in range(3):
        await asyncio.sleep(0)
    assert house.judge.calls == []


@pytest.mark.parametrize("late", [False, True])
async def test_a_fault_there_costs_no_call(house: House, late: bool):
    class Broken(Verifier):
        async def _later(self) -> Attestation:
            raise RuntimeError("nobody foresaw it")

    house.server.verifier = verifier = Broken(Attestation("A"), asyncio.Event() if late else None)
    verifier.breaks = not late
    await house.send(signed(house))
    assert wire.method(await house.heard(house.pbx)) == "INVITE"
    assert house.judge.calls[0].facts is None
    assert house.metrics.faults == 1


async def test_a_signed_call_may_be_rejected_like_any_other(house: House):
    house.server.verifier = Verifier(Attestation("failed", "signature"))
    house.judge.verdict = Verdict(Action.REJECT, Step.RULES, decision="0" * 20)
    await house.send(signed(house))
    assert wire.status(await house.heard(house.trunk)) == 603

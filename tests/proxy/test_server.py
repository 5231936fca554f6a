"""The asyncio shell around the core: real sockets on loopback, a scripted judge."""

import asyncio
import contextlib
import re
import socket
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from time import monotonic
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from desk.desk_settings import ComplaintSettings
from proxy import server
from proxy.app import build_core
from proxy.effects import Filing, PassedUnjudged, PeerChanged, Receipt, Stranger
from proxy.metrics import Metrics
from proxy.neighbours import Peer, Target
from proxy.outgoing import NOT_TAKEN
from proxy.proxy_settings import ProxySettings
from proxy.server import POLL_S, TICK_S, Server, say_changed, say_refused
from proxy.setup import set_up
from proxy.transport import MANY
from rules.model import Action, Call, Outcome, Step, Trunk, Verdict
from rules.settings.screening import ScreeningSettings
from tests import wire
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually
from tests.playbook import COMPLAINT, DECISION, FORWARD, REJECT

SCREENING = ScreeningSettings(complaints=ComplaintSettings(feature_code="*33"))


class Keys:
    """The keys of a node."""

    tokens = (("k1", b"secret"),)


class Tap:
    """Notes what passes."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def received(self, data: bytes, flow: Any) -> None:
        self.heard.append(data)

    sent = received


class Judge:
    """Gives every call the same verdict and remembers what it was asked."""

    def __init__(self) -> None:
        self.verdict = FORWARD
        self.calls: list[Call] = []
        self.ends: list[tuple[str, Outcome]] = []
        self.hang_ups: list[str] = []
        self.polls = 0
        self.secured = 0
        self.help: list[str] = []
        self.counters: dict[str, int] = {}

    def judge(self, call: Call) -> Verdict:
        self.calls.append(call)
        return self.verdict

    def secure(self) -> None:
        self.secured += 1

    def ended(self, decision: str, outcome: Outcome) -> None:
        self.ends.append((decision, outcome))

    def hung_up(self, decision: str) -> None:
        self.hang_ups.append(decision)

    asks_calls_made = False

    def call_made(self, numbers: Sequence[str], called: str) -> None:
        raise AssertionError("nobody asked")

    def emergency_call_made(self, numbers: Sequence[str]) -> None:
        self.help.extend(numbers)

    def poll(self) -> None:
        self.polls += 1


class House:
    """A running node with a trunk before it and a PBX behind it."""

    def __init__(self, **settings: Any) -> None:
        self.at, self.trunk_at, self.pbx_at = new_endpoint(), new_endpoint(), new_endpoint()
        self.core = build_core(self.with_settings(**settings), SCREENING, Keys())
        self.judge = Judge()
        self.metrics = Metrics(self.core, lambda: self.judge.counters)
        self.server = Server(self.core, self.judge, self.metrics)
        self.trunk, self.pbx = _bound(self.trunk_at), _bound(self.pbx_at)

    def with_settings(self, **settings: Any) -> ProxySettings:
        return ProxySettings.model_validate(
            {
                "listen": [{"address": str(self.at)}],
                "trunks": [{"name": "carrier", "addresses": [self.trunk_at.host], "country": "CN"}],
                "pbxes": [{"name": "office", "addresses": [str(self.pbx_at)], "probe": {"every_s": 0}}],
                **settings,
            }
        )

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendto(self.trunk, data, self.at)

    async def heard(self, sock: socket.socket) -> bytes:
        return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(sock, 65535), 60)

    def invite(self, number: int = 1) -> bytes:
        via = f"SIP/2.0/UDP {self.trunk_at};branch=z9hG4bKserver{number}"
        return wire.invite(via=via, uri=f"sip:{wire.CALLED}@{self.at}", call_id=f"server-{number}")


def _bound(at: Endpoint) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.bind(at)
    return sock


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[House]:
    house = House(**settings)
    try:
        await house.server.open()
        yield house
    finally:
        await house.server.close()
        await asyncio.sleep(0)
        house.trunk.close()
        house.pbx.close()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with running() as found:
        yield found


async def test_a_call_goes_through(house: House):
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    down = await house.heard(house.pbx)
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.answer(down), house.at)
    assert wire.status(await house.heard(house.trunk)) == 200
    await eventually(lambda: house.judge.ends, "its outcome")
    assert house.judge.calls[0].caller.canonical == wire.CALLER
    assert house.judge.calls[0].at > 1.7e9, "judged by the wall clock, not by the loop's"
    assert house.judge.ends[0][1].status == 200
    said = generate_latest(house.metrics.registry).decode()
    assert "ringfence_verdict_seconds_count 1.0" in said
    assert "ringfence_added_latency_seconds_count 1.0" in said


async def test_a_rejected_call_is_repeated_by_the_clock(house: House):
    house.judge.verdict = REJECT
    await house.send(house.invite())
    first, second = await house.heard(house.trunk), await house.heard(house.trunk)
    assert first == second
    assert wire.status(first) == 603


async def test_a_verdict_is_on_file_before_anything_of_it_leaves(house: House, monkeypatch):
    house.judge.verdict = REJECT
    left_before: list[bytes] = []

    def secure() -> None:
        house.judge.secured += 1
        with contextlib.suppress(BlockingIOError):
            left_before.append(house.trunk.recv(65535))

    monkeypatch.setattr(house.judge, "secure", secure)
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 603
    assert (house.judge.secured, left_before) == (1, [])


async def test_a_pbx_that_is_not_there_is_503_at_once(house: House):
    """The kernel gives the datagram back (ICMP): no waiting for timer B."""
    house.pbx.close()
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    assert wire.status(await house.heard(house.trunk)) == 503


@pytest.mark.parametrize("backup", [False, True])
async def test_an_invite_too_large_for_a_datagram_is_513_at_once_and_logged(backup: bool):
    """Via and Record-Route make it larger than it came: 32 s passed, and nobody knew why."""
    async with running() as house:
        if backup:
            house.core.topology.pbxes["office"].targets.append(Target(house.pbx_at.host, house.pbx_at.port))
        data = house.invite()
        data += b"x" * (65_480 - len(data))
        length = len(data.partition(b"\r\n\r\n")[2])
        data = re.sub(rb"Content-Length: \d+", b"Content-Length: %d" % length, data)
        with capture_logs() as lines:
            await house.send(data)
            while (answer := await house.heard(house.trunk)).startswith(b"SIP/2.0 100"):
                pass
        assert wire.start_line(answer) == "SIP/2.0 513 Message Too Large"
        line = next(line for line in lines if line["event"] == "a message is too large for UDP")
        assert line["octets"] > 65_507


async def test_a_pbx_by_name_is_known_by_its_address():
    async with running() as outer:
        name = {"pbxes": [{"name": "office", "addresses": [f"localhost:{outer.pbx_at.port}"]}]}
        async with running(**name) as house:
            flow = house.core.flow_to(house.core.topology.listeners[0], "127.0.0.1", outer.pbx_at.port)
            assert flow.peer is not None
            assert flow.peer.from_pbx


async def test_the_lists_are_looked_at_four_times_a_second(house: House):
    start, polls = monotonic(), house.judge.polls
    await eventually(lambda: house.judge.polls >= polls + 3, "three looks more")
    assert monotonic() - start > 2 * POLL_S - 0.1


async def test_one_datagram_that_makes_the_core_fall_does_not_stop_the_others(house: House):
    """Whatever we did not foresee costs one datagram, never the node."""

    class Falling(Counter):
        def __getitem__(self, _: object) -> int:
            raise ZeroDivisionError

    house.core.dropped = Falling()
    await house.send(b"no SIP: the core counts it")
    await eventually(lambda: house.metrics.faults == 1, "the core falling")
    await house.send(house.invite(2))
    assert wire.status(await house.heard(house.trunk)) == 100


async def test_a_moment_without_memory_costs_a_call_and_not_the_node(house: House, monkeypatch):
    def no_room(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr("proxy.fault_log.log.exception", no_room)
        patch.setattr(house.server, "tap", SimpleNamespace(received=no_room))
        await house.send(house.invite(1))
        await eventually(lambda: house.metrics.faults == 1, "the first is lost")
    with monkeypatch.context() as patch:
        patch.setattr(house.judge, "ended", no_room)
        patch.setattr(house.judge, "verdict", REJECT)
        await house.send(house.invite(2))
        assert wire.status(await house.heard(house.trunk)) == 603, "what stood behind it is done"
        await eventually(lambda: house.metrics.faults == 2, "its end is lost")
    sleeps = iter([no_room])
    sleep = asyncio.sleep
    monkeypatch.setattr(server.asyncio, "sleep", lambda seconds: next(sleeps, sleep)(seconds))
    await eventually(lambda: next(sleeps, None) is None, "the clock met it too")
    await house.send(house.invite(3))
    assert b"server-3" in await house.heard(house.pbx)


async def test_a_judge_that_falls_costs_no_more_than_its_call(house: House, monkeypatch):
    judge = house.judge.judge

    def fall_once(call: Call) -> Verdict:
        monkeypatch.setattr(house.judge, "judge", judge)
        raise ZeroDivisionError

    monkeypatch.setattr(house.judge, "judge", fall_once)
    await house.send(house.invite(1))
    await house.send(house.invite(2))
    while wire.header(await house.heard(house.trunk), "Call-ID") != "server-2":
        pass
    assert wire.header(await house.heard(house.pbx), "Call-ID") in ("server-1", "server-2")


async def test_a_judge_that_falls_stops_no_emergency_call_not_even_on_a_trunk_that_fails_closed(monkeypatch):
    async with running() as house:
        monkeypatch.setattr(
            house.core.topology.places._hosts[house.trunk_at.host], "trunk", Trunk("carrier", fail_closed=True)
        )
        monkeypatch.setattr(house.judge, "judge", lambda call: 1 / 0)
        await house.send(house.invite(1))
        assert wire.status(await house.heard(house.trunk)) == 603
        await house.send(house.invite(2).replace(f"sip:{wire.CALLED}@".encode(), b"sip:110@"))
        assert wire.uri(await house.heard(house.pbx)).startswith("sip:110@")


async def test_one_timer_that_falls_does_not_stop_the_clock(house: House):
    house.core.layer.timers.start(0.0, "A", "an owner that can't be woken", monotonic())
    await eventually(lambda: house.metrics.faults == 1, "the timer falling")
    polls = house.judge.polls
    await eventually(lambda: house.judge.polls > polls + 1, "the clock going on")


# What subscribers dial


class Desk:
    """Gives each report the same answer, or none."""

    def __init__(self, receipt: Receipt | None = None, error: Exception | None = None) -> None:
        self.receipt, self.error = receipt, error
        self.numbers: list[str] = []

    async def report(self, numbers: Sequence[str]) -> Receipt:
        self.numbers.extend(numbers)
        if self.error is not None:
            raise self.error
        if self.receipt is None:
            await asyncio.Event().wait()
        assert self.receipt is not None
        return self.receipt


TAKEN = Receipt(Filing.TAKEN, COMPLAINT)


async def dials(house: House, desk: Desk | None, uri: str = "sip:*33@office.example", number: int = 1) -> bytes:
    """A subscriber dials the code (or another URI); what the PBX hears."""
    house.server._desk = desk
    via = f"SIP/2.0/UDP {house.pbx_at};branch=z9hG4bKdials{number}"
    data = wire.invite(via=via, uri=uri, from_="<sip:13800138000@office.example>;tag=a", call_id=f"dials-{number}")
    await asyncio.get_running_loop().sock_sendto(house.pbx, data, house.at)
    return await house.heard(house.pbx)


@pytest.mark.parametrize(
    ("desk", "status"),
    [(Desk(TAKEN), 480), (Desk(NOT_TAKEN), 500), (Desk(error=ZeroDivisionError("deep")), 500), (None, 500)],
    ids=["taken", "not taken", "falls", "no desk"],
)
async def test_the_feature_code_is_answered_by_the_desk(house: House, desk: Desk | None, status: int):
    answer = await dials(house, desk)
    assert wire.status(answer) == status
    assert (COMPLAINT.encode() in answer) == (status == 480)
    assert desk is None or desk.numbers == ["+8613800138000"]
    assert house.metrics.faults == (desk is not None and desk.error is not None)


async def test_nobody_waits_for_a_desk_that_says_nothing(house: House, monkeypatch):
    monkeypatch.setattr(server, "REPORT_S", 0.05)
    monkeypatch.setattr(server, "REPORTS_AT_ONCE", 2)
    silent = Desk()
    for number in range(3):
        assert wire.status(await dials(house, silent, number=number)) == 500
    assert len(silent.numbers) == 2, "and a desk that is stuck is asked no more"


async def test_calls_go_on_while_the_desk_says_nothing(house: House):
    house.server._desk = Desk()
    via = f"SIP/2.0/UDP {house.pbx_at};branch=z9hG4bKdials"
    data = wire.invite(via=via, uri="sip:*33@office.example")
    await asyncio.get_running_loop().sock_sendto(house.pbx, data, house.at)
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 100
    heard = await house.heard(house.pbx), await house.heard(house.pbx)
    assert {wire.method(each) or wire.status(each) for each in heard} == {"INVITE", 100}


async def test_a_call_for_help_is_told_to_the_judge(house: House):
    await dials(house, None, uri=f"sip:110@{house.trunk_at}")
    await eventually(lambda: house.judge.help, "the subscriber's number")
    assert house.judge.help == ["+8613800138000"]


async def test_behind_a_flood_a_call_for_help_is_sent_on_first(house: House):
    (endpoint,) = house.metrics.endpoints
    for number in range(500):
        endpoint.arrivals.put_nowait((house.invite(number), house.trunk_at))
    help_wanted = house.invite(999).replace(wire.CALLED.encode(), b"110", 1)
    endpoint.arrivals.put_nowait((help_wanted, house.trunk_at))
    assert wire.uri(await house.heard(house.pbx)).startswith("sip:110@")


FLOOD = 4000


def from_host(host: str, port: int, number: int, called: str, to: object) -> bytes:
    via = f"SIP/2.0/UDP {host}:{port};branch=z9hG4bK{host}.{number}"
    return wire.invite(via=via, uri=f"sip:{called}@{to}", call_id=f"{host}-{number}")


@pytest.mark.parametrize("flood", ["110", wire.CALLED, "large"])
async def test_who_floods_is_served_in_turn_and_nobody_else_waits_for_it(flood: str):
    """Forged emergency calls, calls of one source, and messages that cost as much as they can: others go on."""
    loud, calm = ("127.0.0.1", 15060), ("127.0.0.3", 15060)
    trunks = [
        {"name": name, "addresses": [host], "country": "CN", "send_to": ["127.0.0.1:9"]}
        for name, host in (("loud", "127.0.0.1"), ("calm", "127.0.0.3"))
    ]
    # A machine that is stopped for a second is no overload here: then the ordinary call would rightly get 503.
    async with running(trunks=trunks, limits={"shed_ms": 0}) as house:
        (endpoint,) = house.metrics.endpoints
        heard: list[bytes] = []
        house.core.layer.send = lambda flow, data: heard.append(data)
        routes = "Route: " + ",".join(["<sip:x@y;lr>"] * 4000)
        for number in range(FLOOD):
            data = from_host(*loud, number, "110" if flood == "large" else flood, house.at)
            if flood == "large":
                data = data.replace(b"\r\nFrom:", b"\r\n" + routes.encode() + b"\r\nFrom:", 1)
            endpoint.arrivals.put_nowait((data, loud))
        endpoint.arrivals.put_nowait((from_host(*calm, 1, "110", house.at), calm))
        endpoint.arrivals.put_nowait((from_host(*calm, 2, wire.CALLED, house.at), calm))
        outgoing = from_host(*house.pbx_at, 3, "110", house.at).replace(b"Call-ID: ", b"Call-ID: subscriber-")
        endpoint.arrivals.put_nowait((outgoing, tuple(house.pbx_at)))
        ids = {b"Call-ID: 127.0.0.3-1\r", b"Call-ID: 127.0.0.3-2\r", b"Call-ID: subscriber-"}
        waited = len(endpoint.arrivals)
        await eventually(lambda: all(any(each in data for data in heard) for each in ids), "the calls of others")
        assert waited - len(endpoint.arrivals) < 16 * MANY, "not behind the flood"


async def test_in_overload_the_calls_of_who_sends_many_are_refused_as_they_come_and_no_others():
    calm = ("127.0.0.3", 15060)
    async with running() as house:
        loud = tuple(house.trunk_at)
        named = {"loud": loud, "calm": calm}
        trunks = [{"name": name, "addresses": [at[0]], "country": "CN"} for name, at in named.items()]
        await reload(house, trunks=trunks)
        (endpoint,) = house.metrics.endpoints
        shedding, arrivals = house.core.shedding, endpoint.arrivals

        def comes(source: tuple[str, int], number: int, called: str = wire.CALLED) -> None:
            arrivals.put_nowait((from_host(*source, number, called, house.at), source))

        for number in range(100):
            comes(loud, number)
        assert len(arrivals) == 100, "without overload they wait"
        shedding.on = shedding.closed = True
        house.server._shed_early()
        for number in range(50):
            comes(loud, number)
        assert len(arrivals) == 100
        assert shedding.refused == house.core.refused[503] == 50
        house.server._send_refusals()  # as the loop does next: one after the other
        answer = house.trunk.recv(65535)
        assert wire.status(answer) == 503
        arrivals.put_nowait((wire.ack(from_host(*loud, 1, wire.CALLED, house.at), answer), loud))
        assert len(arrivals) == 100, "nor does the ACK wait"
        comes(loud, 201, "110")
        comes(calm, 1)
        comes(("127.0.0.9", 5060), 1)
        arrivals.put_nowait((b"INVITE nonsense", loud))
        assert len(arrivals) == 104
        tap = house.server.tap = Tap()
        comes(loud, 203)
        assert len(arrivals) == 104, "also while somebody listens in"
        assert [data[:7] for data in tap.heard] == [b"INVITE ", b"SIP/2.0"]
        house.server.tap = None
        shedding.on = shedding.closed = False
        house.server._shed_early()
        comes(loud, 202)
        assert shedding.refused == 51


async def test_overload_has_a_line_when_it_begins_and_one_when_it_is_over(house: House):
    shedding, now = house.core.shedding, monotonic() + 1000
    with capture_logs() as logs:
        for step in range(200):
            if step < 20:
                shedding.waited(0.5)
            house.server._last_tick = now
            now += TICK_S
            house.server._tick(now)
    lines = [each for each in logs if each["event"].startswith("overload")]
    assert [each["event"] for each in lines] == [
        "overload: new calls get 503, emergency calls go on",
        "overload is over",
    ]
    assert b"ringfence_shedding 0.0" in generate_latest(house.metrics.registry)


# The end


async def test_a_drain_without_calls_is_over_at_once(house: House):
    await asyncio.wait_for(house.server.drain(600), 60)
    await house.send(house.invite())
    assert wire.status(await house.heard(house.trunk)) == 503


async def test_a_drain_waits_for_calls_in_set_up(house: House):
    await house.send(house.invite())
    down = await house.heard(house.pbx)
    draining = asyncio.create_task(house.server.drain(600))
    await asyncio.sleep(0)
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.answer(down), house.at)
    await asyncio.wait_for(draining, 60)
    assert [wire.status(await house.heard(house.trunk)) for _ in range(2)] == [100, 200]


async def test_a_drain_waits_a_moment_longer_for_the_last_acknowledgement(house: House, monkeypatch):
    monkeypatch.setattr("proxy.server.LINGER_S", 60.0)
    await house.send(house.invite())
    down = await house.heard(house.pbx)
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.answer(down), house.at)
    assert [wire.status(await house.heard(house.trunk)) for _ in range(2)] == [100, 200]
    assert not house.core.in_setup
    draining, polls = asyncio.create_task(house.server.drain(600)), house.judge.polls
    await eventually(lambda: house.judge.polls >= polls + 2, "a quarter of a second at least")
    assert not draining.done()
    draining.cancel()


async def test_when_the_time_is_over_the_rest_gets_503(house: House):
    await house.send(house.invite())
    down = await house.heard(house.pbx)
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.response(180, down), house.at)
    assert [wire.status(await house.heard(house.trunk)) for _ in range(2)] == [100, 180]
    await house.server.drain(0.1)
    assert wire.status(await house.heard(house.trunk)) == 503
    assert wire.method(await house.heard(house.pbx)) == "CANCEL"


async def rings(house: House, data: bytes) -> bytes:
    """A call that rings at the PBX: the INVITE there."""
    await house.send(data)
    down = await house.heard(house.pbx)
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.response(180, down), house.at)
    assert [wire.status(await house.heard(house.trunk)) for _ in range(2)] == [100, 180]
    return down


async def test_a_stop_never_cuts_an_emergency_call(house: House):
    """The others get 503 when the time is over; it rings on, is answered, and only then does the node end."""
    house.judge.verdict = Verdict(Action.FORWARD, Step.EMERGENCY, decision=DECISION)
    help_wanted = await rings(house, house.invite(1).replace(wire.CALLED.encode(), b"110", 1))
    house.judge.verdict = FORWARD
    await rings(house, house.invite(2))
    draining = asyncio.create_task(house.server.drain(0.1))
    ended = await house.heard(house.trunk)
    assert (wire.status(ended), wire.header(ended, "Call-ID")) == (503, "server-2")
    cancel = await house.heard(house.pbx)
    assert (wire.method(cancel), wire.header(cancel, "Call-ID")) == ("CANCEL", "server-2")
    polls = house.judge.polls
    await eventually(lambda: house.judge.polls >= polls + 2, "half a second")
    assert not draining.done()
    await asyncio.get_running_loop().sock_sendto(house.pbx, wire.answer(help_wanted), house.at)
    await asyncio.wait_for(draining, 60)
    heard = [await house.heard(house.trunk)]
    while wire.status(heard[-1]) != 200:
        heard.append(await house.heard(house.trunk))
    assert wire.header(heard[-1], "Call-ID") == "server-1"


async def test_a_stop_cuts_no_callback_and_calls_it_none_of_the_emergency_calls(house: House):
    """Whoever made an emergency call lately may be called by the rescuers."""
    house.judge.verdict = Verdict(Action.FORWARD, Step.CALLBACK, decision=DECISION)
    await rings(house, house.invite(1))
    assert (house.core.in_setup, house.core.emergencies_in_setup, house.core.callbacks_in_setup) == (1, 0, 1)
    with structlog.testing.capture_logs() as said:
        draining = asyncio.create_task(house.server.drain(0.05))
        await eventually(lambda: bool(said), "the drain is over")
        assert not draining.done()
        draining.cancel()
    assert (said[0]["emergency_calls"], said[0]["callbacks"]) == (0, 1)


async def test_an_emergency_call_of_the_pbx_is_not_cut_either(house: House):
    via = f"SIP/2.0/UDP {house.pbx_at};branch=z9hG4bKout"
    data = wire.invite(via=via, uri=f"sip:110@{house.trunk_at}")
    await asyncio.get_running_loop().sock_sendto(house.pbx, data, house.at)
    assert wire.method(await house.heard(house.trunk)) == "INVITE"
    assert (house.core.in_setup, house.core.emergencies_in_setup) == (1, 1)
    draining = asyncio.create_task(house.server.drain(0.05))
    polls = house.judge.polls
    await eventually(lambda: house.judge.polls >= polls + 2, "a quarter of a second at least")
    assert not draining.done()
    draining.cancel()


async def test_nothing_that_rings_is_cancelled_before_the_drain_is_over(house: House):
    await rings(house, house.invite())
    draining = asyncio.create_task(house.server.drain(600))
    polls = house.judge.polls
    await eventually(lambda: house.judge.polls >= polls + 4, "a second")
    assert house.core.in_setup == 1
    draining.cancel()


async def test_who_falls_silent_and_speaks_again_has_a_line_each(house: House):
    with capture_logs() as said:
        say_changed(PeerChanged("office", "203.0.113.10:5060", "down", "no answer", before="up", seconds=60.4))
        say_changed(PeerChanged("office", "203.0.113.10:5060", "busy", "503 with Retry-After", before="up", seconds=1))
        say_changed(PeerChanged("office", "[2001:db8::1]:5060", "up", "", before="down", seconds=7.6))
    assert [(line["log_level"], line["peer"], line["address"]) for line in said] == [
        ("warning", "office", "203.0.113.10:5060"),
        ("warning", "office", "203.0.113.10:5060"),
        ("info", "office", "[2001:db8::1]:5060"),
    ]
    assert (said[0]["why"], said[0]["up_s"], said[2]["down_s"]) == ("no answer", 60, 8)


async def test_a_pbx_that_is_gone_has_a_line_and_a_figure(house: House):
    house.pbx.close()
    with capture_logs() as said:
        await house.send(house.invite())
        await eventually(lambda: said, "the line")
    assert said[0]["peer"] == "office"
    assert 'ringfence_silent_addresses{peer="office"} 1.0' in generate_latest(house.metrics.registry).decode()


async def test_a_source_that_is_refused_has_a_line_without_any_number(house: House):
    with capture_logs() as said:
        say_refused(Stranger("192.0.2.66", 5060, "INVITE", 17))
    assert said == [
        {
            "event": "source refused: it is in no trunk",
            "log_level": "warning",
            "source": "192.0.2.66",
            "port": 5060,
            "method": "INVITE",
            "requests": 17,
        }
    ]


async def test_a_trunk_that_sends_too_fast_has_a_line_now_and_then(monkeypatch):
    async with running(trunks=[{"name": "default", "calls_per_second": 1, "calls_burst": 1}]) as house:
        tick = house.server._tick
        with capture_logs() as logs:
            for number in range(3):
                stranger = Peer("default", house.core.topology.pbxes["office"], from_pbx=False)
                house.core.load.note_over_rate(stranger, "192.0.2.9")
                tick(monotonic() + 1 + number)
        told = [each for each in logs if each["event"] == "calls come faster than they may"]
        assert [(each["trunk"], each["calls"], each["latest_source"]) for each in told] == [("default", 1, "192.0.2.9")]
        assert b'ringfence_calls_over_rate_total{trunk="default"} 3.0' in generate_latest(house.metrics.registry)


async def test_what_goes_on_unjudged_has_a_line_without_any_number_and_only_a_few_a_second(monkeypatch):
    monkeypatch.setattr(server, "monotonic", lambda: 1000.5)
    house = House()
    with capture_logs() as said:
        for _ in range(50):
            house.server._note_passed(PassedUnjudged("NOTIFY139_8765_4321", "carrier", "198.51.100.21"))
    assert len(said) == server.NOTED_A_SECOND
    assert said[0] == {
        "event": "a request went on unjudged",
        "log_level": "info",
        "method": "NOTIFY139_****_**21",
        "trunk": "carrier",
        "source": "198.51.100.21",
    }
    monkeypatch.setattr(server, "monotonic", lambda: 1001.5)
    with capture_logs() as said:
        house.server._note_passed(PassedUnjudged("NOTIFY", "carrier", "198.51.100.21"))
    assert len(said) == 1
    house.trunk.close()
    house.pbx.close()


# ---- another configuration while it runs


async def reload(house: House, **settings: Any) -> None:
    setup = set_up(house.with_settings(**settings), SCREENING, Keys(), house.core.topology)
    house.server.take(setup, await house.server.open_further(setup))


async def answer_from(house: House, at: Endpoint) -> int:
    """The status that an OPTIONS to this address gets; 0: none."""
    uri = f"sip:{at}"
    via = f"SIP/2.0/UDP {house.trunk_at};branch=z9hG4bKoptions{at.port}"
    await asyncio.get_running_loop().sock_sendto(house.trunk, wire.request("OPTIONS", uri=uri, via=via), at)
    try:
        return wire.status(await asyncio.wait_for(asyncio.get_running_loop().sock_recv(house.trunk, 65535), 1))
    except TimeoutError:
        return 0


async def test_a_listener_is_added_and_taken_away_while_it_runs(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "LEAVES_S", 0.2)
    monkeypatch.setattr(server, "LEAVING_STEP_S", 0.05)
    further = new_endpoint()
    assert await answer_from(house, further) == 0
    await reload(house, listen=[{"address": str(further)}, {"address": str(house.at)}])
    assert (await answer_from(house, further), await answer_from(house, house.at)) == (200, 200)
    await reload(house, listen=[{"address": str(house.at)}])
    assert await answer_from(house, further) == 503
    await asyncio.sleep(0.5)
    assert await answer_from(house, further) == 0
    assert house.core.topology.leaving == []
    await reload(house, listen=[{"address": str(further)}, {"address": str(house.at)}])
    assert await answer_from(house, further) == 200


async def test_a_listener_that_comes_back_before_it_has_left_stays(house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(server, "LEAVES_S", 0.2)
    monkeypatch.setattr(server, "LEAVING_STEP_S", 0.05)
    further = new_endpoint()
    both = [{"address": str(house.at)}, {"address": str(further)}]
    for listen in (both, both[:1], both):
        await reload(house, listen=listen)
    await asyncio.sleep(0.5)
    assert await answer_from(house, further) == 200


async def test_where_an_address_can_not_be_had_nothing_changes(house: House):
    before, further = house.core.topology, new_endpoint()
    listen = [{"address": str(further)}, {"address": "192.0.2.1:5060"}, {"address": str(house.at)}]
    with pytest.raises(OSError, match=r"192\.0\.2\.1 port 5060"):
        await reload(house, listen=listen)
    assert house.core.topology is before
    await asyncio.sleep(0)
    _bound(further).close()  # what was opened for it is closed again
    assert await answer_from(house, house.at) == 200


async def test_a_name_is_known_before_the_first_call_needs_it(house: House):
    await reload(house, pbxes=[{"name": "office", "addresses": [f"localhost:{house.pbx_at.port}"]}])
    assert house.core.topology.places.place_of("127.0.0.1", house.pbx_at.port) == "office"


async def test_a_call_under_way_is_answered_through_changes(house: House):
    for number in range(20):
        await house.send(house.invite(number))
        assert wire.status(await house.heard(house.trunk)) == 100
        down = await house.heard(house.pbx)
        await reload(house, label=f"[{number}]")
        await asyncio.get_running_loop().sock_sendto(house.pbx, wire.answer(down), house.at)
        assert wire.status(await house.heard(house.trunk)) == 200


async def test_who_listens_in_hears_what_comes_and_what_goes_and_nobody_else_does():
    async with running() as house:
        assert house.server.tap is None
        tap = house.server.tap = Tap()
        house.server.on_datagram(
            wire.request("OPTIONS", uri=f"sip:{house.at}"),
            ("127.0.0.1", 5060),
            house.core.topology.listeners[0],
            monotonic(),
        )
        house.server.flush()
        assert [data[:7] for data in tap.heard] == [b"OPTIONS", b"SIP/2.0"]

"""The seam to the sockets: datagrams in their order, bounded, and what the kernel gives back."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxy.sip.flow import Listener
from proxy.transport import BATCH, MANY, NOWHERE, READ_ON, SENT, TOO_LARGE, Arrivals, Owner, UdpEndpoint, refuses
from proxy.urgency import AT_ONCE, FIRST, IN_TURN
from tests.peers.loopback import Endpoint, new_endpoint
from tests.peers.process import eventually


@contextlib.asynccontextmanager
async def opened(at: Endpoint, most: int = 1000) -> AsyncIterator[UdpEndpoint]:
    """A bound endpoint, closed in the end, also by the loop."""
    endpoint = await UdpEndpoint.open(Listener(0, "UDP", at.host, at.port, str(at)), most)
    try:
        yield endpoint
    finally:
        endpoint.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)


@pytest.fixture(params=["", "::1"], ids=["IPv4", "IPv6"])
async def endpoint(request: pytest.FixtureRequest) -> AsyncIterator[UdpEndpoint]:
    async with opened(new_endpoint(request.param)) as found:
        yield found


def neighbour(endpoint: UdpEndpoint) -> socket.socket:
    """A socket that can reach the endpoint."""
    six = endpoint.listener.family == 6
    sock = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("::1" if six else "127.0.0.1", 0))
    sock.settimeout(60)
    return sock


def nobody(listener: Listener, data: bytes, remote: tuple[Any, ...]) -> tuple[int, Owner]:
    """No datagram is in haste."""
    return IN_TURN, ("trunk", "")


HASTE = {b"!": AT_ONCE, b"+": FIRST}  # by the first octet, in the tests of the queue


def queue(most: int, *texts: bytes) -> Arrivals:
    arrivals = Arrivals(most)
    arrivals.haste = lambda data, remote: (HASTE.get(data[:1], IN_TURN), ("trunk", ""))
    for text in texts:
        arrivals.put_nowait((text, ("127.0.0.1", 9)))
    return arrivals


def popped(arrivals: Arrivals, count: int) -> list[bytes]:
    return [arrivals.pop()[0] for _ in range(count)]


class Heard:
    """Collects what an endpoint receives."""

    def __init__(self, endpoint: UdpEndpoint) -> None:
        self.data: list[bytes] = []
        self.remotes: list[tuple[Any, ...]] = []
        self.batches: list[int] = []
        self._flushed = 0
        endpoint.receive(self.handle, self.flush, nobody)

    def handle(self, data: bytes, remote: tuple[Any, ...], listener: Listener, arrived: float) -> None:
        self.data.append(data)
        self.remotes.append(remote)

    def flush(self) -> None:
        self.batches.append(len(self.data) - self._flushed)
        self._flushed = len(self.data)


async def test_datagrams_come_and_go(endpoint: UdpEndpoint):
    heard = Heard(endpoint)
    with neighbour(endpoint) as other:
        other.sendto(b"hello", (endpoint.listener.host, endpoint.listener.port))
        await eventually(lambda: heard.data, "the datagram")
        assert heard.data == [b"hello"]
        assert heard.remotes[0][:2] == other.getsockname()[:2]
        assert endpoint.send(b"and back", heard.remotes[0]) == SENT
        assert other.recv(100) == b"and back"


async def test_what_waits_when_the_socket_is_closed_is_not_handled(endpoint: UdpEndpoint):
    heard = Heard(endpoint)
    endpoint.arrivals.put_nowait((b"too late", ("127.0.0.1", 9)))
    endpoint.close()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert heard.data == []


async def test_in_overload_what_has_come_meanwhile_is_read_after_each_batch(endpoint: UdpEndpoint):
    """However long a batch takes, nothing is dropped by the kernel, which knows no emergency call."""
    heard = Heard(endpoint)
    endpoint.arrivals.shed = lambda data, remote: data == b"ACK"
    with neighbour(endpoint) as other:
        for number in range(2 * READ_ON):
            other.sendto(b"%d" % number, (endpoint.listener.host, endpoint.listener.port))
            other.sendto(b"ACK", (endpoint.listener.host, endpoint.listener.port))
        endpoint._hand_over()
        assert (len(endpoint.arrivals), endpoint._all_read) == (READ_ON // 2, False)
        while len(heard.data) < 2 * READ_ON:
            endpoint._hand_over()
        assert heard.data == [b"%d" % number for number in range(2 * READ_ON)]
        assert heard.remotes[0][:2] == other.getsockname()[:2]
        assert endpoint._all_read
        other.sendto(b"last", (endpoint.listener.host, endpoint.listener.port))
        endpoint.leave_to_another()
        endpoint._hand_over()
        assert heard.data[-1] != b"last", "another process reads it"


async def test_a_handler_that_falls_loses_no_later_datagram(endpoint: UdpEndpoint):
    """Whatever reaches the loop is logged there, and the next batch comes."""
    heard = Heard(endpoint)
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context["exception"]))
    endpoint.receive(heard.handle, lambda: 1 // 0, nobody)
    endpoint.arrivals.put_nowait((b"one", ("127.0.0.1", 9)))
    await eventually(lambda: faults, "the fault")
    endpoint.receive(heard.handle, heard.flush, nobody)
    endpoint.arrivals.put_nowait((b"two", ("127.0.0.1", 9)))
    await eventually(lambda: heard.data == [b"one", b"two"], "both")


async def test_a_burst_keeps_its_order_and_is_flushed_in_batches(endpoint: UdpEndpoint):
    with neighbour(endpoint) as other:
        for number in range(100):
            other.sendto(b"%d" % number, (endpoint.listener.host, endpoint.listener.port))
        heard = Heard(endpoint)
        await eventually(lambda: sum(heard.batches) == 100, "the burst")
    assert heard.data == [b"%d" % number for number in range(100)]
    assert max(heard.batches) <= BATCH


async def test_an_empty_datagram_is_a_datagram(endpoint: UdpEndpoint):
    heard = Heard(endpoint)
    with neighbour(endpoint) as other:
        other.sendto(b"", (endpoint.listener.host, endpoint.listener.port))
        other.sendto(b"next", (endpoint.listener.host, endpoint.listener.port))
        await eventually(lambda: b"next" in heard.data, "what follows it")


async def test_an_address_in_use_is_named(endpoint: UdpEndpoint):
    at = endpoint.listener
    with pytest.raises(
        OSError, match=rf"can't listen on {at.host} port {at.port}: Address already in use; end who has it"
    ):
        await UdpEndpoint.open(at, 10)


async def test_an_address_of_somebody_else_is_named():
    with pytest.raises(
        OSError, match=r"can't listen on 192\.0\.2\.1 port 5060: .*; `listen` takes addresses of this machine"
    ):
        await UdpEndpoint.open(Listener(0, "UDP", "192.0.2.1", 5060, "192.0.2.1:5060"), 10)


@pytest.mark.parametrize(
    "remote",
    [("255.255.255.255", 5060), ("300.1.1.1", 5060), ("127.0.0.1", 0), ("127.0.0.1", 99999), ("127.0.0.1", -1)],
)
async def test_what_can_not_be_sent_to_is_told_and_never_raises(remote: tuple[str, int]):
    async with opened(new_endpoint()) as endpoint:
        assert endpoint.send(b"x", remote) == NOWHERE
        assert endpoint.send_errors == 1


async def test_what_is_too_long_for_a_datagram_is_lost_not_failed():
    """The next hop is not at fault."""
    async with opened(new_endpoint()) as endpoint:
        assert endpoint.send(b"x" * 70000, ("127.0.0.1", 9)) == TOO_LARGE
        assert endpoint.send_errors == 1


async def test_an_address_where_nobody_listens_refuses(endpoint: UdpEndpoint):
    """RFC 3261 18.4: ICMP port unreachable is a failure, known long before timer B."""
    nobody = new_endpoint(endpoint.listener.host)
    assert await refuses(nobody.host, nobody.port, 5)


async def test_silence_and_bad_addresses_refuse_nothing(endpoint: UdpEndpoint):
    with neighbour(endpoint) as silent:
        assert not await refuses(*silent.getsockname()[:2], 0.05)
    assert not await refuses("255.255.255.255", 5060, 0.05)


async def test_an_icmp_error_ends_nothing(endpoint: UdpEndpoint):
    heard = Heard(endpoint)
    endpoint.send(b"lost", tuple(new_endpoint(endpoint.listener.host)))
    with neighbour(endpoint) as other:
        assert endpoint.send(b"found", other.getsockname()) == SENT
        assert other.recv(100) == b"found"
        other.sendto(b"and heard", (endpoint.listener.host, endpoint.listener.port))
        await eventually(lambda: heard.data, "the answer")


# The queue


def test_too_many_that_wait_are_dropped_and_counted():
    arrivals = Arrivals(2)
    for number in range(5):
        arrivals.put_nowait((b"%d" % number, ("127.0.0.1", 9)))
    assert (len(arrivals), arrivals.overflowed) == (2, 3)
    assert [arrivals.pop()[0] for _ in range(2)] == [b"0", b"1"]


def test_while_many_wait_those_in_haste_overtake_and_have_room_of_their_own():
    before = [b"%d" % number for number in range(1, MANY)]
    arrivals = queue(MANY + 1, b"+0", *before, b"+1", b"late", b"lost", b"+2")
    assert (len(arrivals), arrivals.overflowed) == (MANY + 3, 1)
    assert popped(arrivals, 4) == [b"+1", b"+2", b"+0", b"1"], "what came before many waited keeps its place"
    assert popped(arrivals, len(arrivals))[-1] == b"late"


def test_a_call_for_help_goes_before_all_that_waits():
    """The PBX's answers to a flood are three a call: they may not delay it either."""
    arrivals = queue(2 * MANY, *[b"."] * MANY, *[b"+"] * MANY, b"!")
    assert arrivals.pop()[0] == b"!"


def test_each_fourth_goes_in_its_turn():
    assert b"".join(popped(queue(MANY, *[b"."] * MANY, *[b"+"] * MANY), 8)) == b"+++.+++."


def test_while_overload_lasts_each_sixteenth_does():
    """A new call makes five messages more that go first: with one of four, what is begun would never end."""
    arrivals = queue(MANY, *[b"."] * MANY, *[b"+"] * MANY)
    arrivals.shed = lambda data, remote: False
    assert b"".join(popped(arrivals, 32)) == (b"+" * 15 + b".") * 2


def test_a_flood_of_calls_for_help_leaves_half_to_the_others():
    """Anybody can dial 110: what the PBX says still arrives, and so does everybody else's call."""
    arrivals = queue(MANY, *[b"."] * MANY, *[b"+"] * MANY, *[b"!"] * MANY)
    assert b"".join(popped(arrivals, 8)) == b"!!+.!!+."
    assert sorted(popped(arrivals, len(arrivals))) == sorted(
        [b"."] * (MANY - 2) + [b"+"] * (MANY - 2) + [b"!"] * (MANY - 4)
    ), "none is lost"


def test_in_a_flood_of_emergency_calls_answers_go_before_further_ones():
    """Else what was begun would wait for ever more to be begun."""
    arrivals = queue(10 * MANY, *[b"."] * MANY, *[b"!"] * 5 * MANY)
    arrivals.haste = lambda data, remote: (AT_ONCE, ("pbx", ""))
    arrivals.put_nowait((b"SIP/2.0 200 OK", ("127.0.0.1", 9)))
    assert arrivals.pop()[0] == b"SIP/2.0 200 OK"


@pytest.mark.parametrize("sign", [b"!", b"+", b"."])
def test_whatever_one_sender_floods_with_another_s_comes_next(sign: bytes):
    arrivals = queue(10_000, *[b"."] * MANY, *[sign] * 9_000)
    arrivals.haste = lambda data, remote: (HASTE[b"!"] if sign == b"!" else IN_TURN, ("other", ""))
    arrivals.put_nowait((b"other", ("127.0.0.2", 9)))
    handled = 2 if sign == b"!" else 4 * (MANY + 2)
    assert b"other" in popped(arrivals, handled)


def test_even_those_in_haste_are_bounded():
    arrivals = queue(MANY, *[b"+"] * 3 * MANY, *[b"!"] * 2 * MANY)
    assert (len(arrivals), arrivals.overflowed) == (3 * MANY, 2 * MANY)


def test_each_is_stamped_on_arrival():
    arrivals = Arrivals(10)
    for _ in range(2):
        arrivals.put_nowait((b"x", ("127.0.0.1", 9)))
    first, second = arrivals.pop()[2], arrivals.pop()[2]
    assert 0 < first <= second


def test_who_hands_them_over_is_called_once_for_many():
    arrivals, calls = Arrivals(10), []
    arrivals.put_nowait((b"before anybody listens", ("127.0.0.1", 9)))
    arrivals.tell(lambda: calls.append(len(arrivals)))
    arrivals.put_nowait((b"x", ("127.0.0.1", 9)))
    assert calls == [1]
    arrivals.pop()
    arrivals.rest()
    assert calls == [1, 1], "one is left over"
    arrivals.pop()
    arrivals.rest()
    arrivals.put_nowait((b"y", ("127.0.0.1", 9)))
    assert calls == [1, 1, 1]


async def test_the_library_still_puts_into_the_queue_as_we_expect(endpoint: UdpEndpoint):
    """asyncio-dgram's protocol puts pairs without waiting: the private seam that we stand in."""
    with neighbour(endpoint) as other:
        other.sendto(b"hello", (endpoint.listener.host, endpoint.listener.port))
        await eventually(lambda: len(endpoint.arrivals), "the datagram")
        data, remote, _ = endpoint.arrivals.pop()
        assert (data, remote[:2]) == (b"hello", other.getsockname()[:2])

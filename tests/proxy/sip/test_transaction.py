"""The transaction machines against the figures: RFC 3261 section 17, RFC 6026 (Accepted) and RFC 4320.

Each table reads like its figure: in this state, on this event, this is sent, this is the next state, and this is
what the user learns. A table has a row for every event that can come in every state; the clock is injected.
"""

import contextlib
from typing import Any

import pytest

from proxy.sip.errors import BadMessage
from proxy.sip.flow import Flow, Listener
from proxy.sip.message import ResponseHead
from proxy.sip.timers import T1, T2, T4, TIMEOUT
from proxy.sip.transaction import (
    ClientTransaction,
    InviteClient,
    InviteServer,
    Layer,
    NonInviteClient,
    NonInviteServer,
    ServerTransaction,
    State,
)
from tests import wire

START = 100.0
OURS = "SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bKours"
INVITE = wire.invite(via=OURS, extra="Route: <sip:a.example;lr>\nRoute: <sip:b.example;lr>")
OPTIONS = wire.request("OPTIONS", via=OURS)


class World:
    """A layer, what it sent, what its user learnt, and a clock."""

    def __init__(self, *, reliable: bool = False) -> None:
        self.now = START
        self.log: list[tuple[float, str]] = []  # seconds after the start, and what left
        self.bytes: list[bytes] = []
        self.learnt: list[str] = []
        self.layer = Layer(self.send)
        listener = Listener(0, "TCP" if reliable else "UDP", "203.0.113.1", 5060, "203.0.113.1:5060")
        self.flow = Flow(listener, ("203.0.113.10", 5060))

    def send(self, flow: Flow, data: bytes) -> None:
        assert flow is self.flow
        self.log.append((round(self.now - START, 6), wire.method(data) or str(wire.status(data))))
        self.bytes.append(data)

    def on_response(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        self.learnt.append(str(response.status))

    def on_timeout(self, client: ClientTransaction, now: float) -> None:
        self.learnt.append("timeout")

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := self.layer.timers.next_at()) is not None and at <= until:
            self.now = at
            self.layer.fire(at)
        self.now = until

    def hear(self, status: int, to: bytes = b"", **fields: Any) -> bool:
        """A response from below comes to the layer."""
        data = wire.response(status, to or INVITE, **fields)
        return self.layer.on_response(ResponseHead(data), self.now)

    def running(self) -> str:
        """The letters of the timers that run."""
        lanes = self.layer.timers._lanes.values()
        return "".join(sorted(timer.letter for lane in lanes for timer in lane if timer.owner is not None)) or "-"

    @property
    def held(self) -> int:
        layer = self.layer
        return len(layer.servers) + len(layer.clients) + len(layer.cancels) + len(layer.timers) + layer.unacknowledged


def rows(table: str) -> list[tuple[str, ...]]:
    """The rows of a table; columns are two or more spaces apart."""
    lines = [line for line in table.strip().splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [tuple(cell.strip() for cell in line.split("|")) for line in lines]


def ids(table: str) -> list[str]:
    return [f"{row[0]}-{row[1]}" for row in rows(table)]


def brief(items: list[str]) -> str:
    return " ".join(items) or "-"


# ---- Figure 5 of RFC 6026: INVITE client transaction ------------------------------------------------------------

INVITE_CLIENT = """
# state      | event   | sends  | next state  | runs | user learns
  Calling    | A       | INVITE | Calling     | AB   | -
  Calling    | B       | -      | Terminated  | -    | timeout
  Calling    | 100     | -      | Proceeding  | -    | 100
  Calling    | 180     | -      | Proceeding  | -    | 180
  Calling    | 200     | -      | Accepted    | M    | 200
  Calling    | 302     | ACK    | Completed   | D    | 302
  Calling    | 486     | ACK    | Completed   | D    | 486
  Calling    | 603     | ACK    | Completed   | D    | 603
  Calling    | failure | -      | Terminated  | -    | -
  Proceeding | 100     | -      | Proceeding  | -    | 100
  Proceeding | 180     | -      | Proceeding  | -    | 180
  Proceeding | 200     | -      | Accepted    | M    | 200
  Proceeding | 302     | ACK    | Completed   | D    | 302
  Proceeding | 486     | ACK    | Completed   | D    | 486
  Proceeding | 603     | ACK    | Completed   | D    | 603
  Proceeding | failure | -      | Terminated  | -    | -
  Completed  | 100     | -      | Completed   | D    | -
  Completed  | 180     | -      | Completed   | D    | -
  Completed  | 200     | -      | Completed   | D    | -
  Completed  | 302     | ACK    | Completed   | D    | -
  Completed  | 486     | ACK    | Completed   | D    | -
  Completed  | 603     | ACK    | Completed   | D    | -
  Completed  | D       | -      | Terminated  | -    | -
  Completed  | failure | -      | Terminated  | -    | -
  Accepted   | 100     | -      | Accepted    | M    | -
  Accepted   | 180     | -      | Accepted    | M    | -
  Accepted   | 200     | -      | Accepted    | M    | 200
  Accepted   | 302     | -      | Accepted    | M    | -
  Accepted   | 486     | -      | Accepted    | M    | -
  Accepted   | 603     | -      | Accepted    | M    | -
  Accepted   | M       | -      | Terminated  | -    | -
"""
TO_REACH_CLIENT = {"Calling": [], "Proceeding": [180], "Completed": [486], "Accepted": [200], "Trying": []}


def client_in(world: World, state: str, kind: type[ClientTransaction], request: bytes) -> Any:
    """A client transaction in that state, with the log emptied."""
    client = kind(world.layer, b"z9hG4bKours", world.flow, request, world, world.now)  # type: ignore[call-arg,arg-type]
    for status in TO_REACH_CLIENT[state]:
        world.hear(status, request)
    assert client.state is State(state)
    world.log.clear()
    world.learnt.clear()
    return client


def happens(world: World, client: ClientTransaction, event: str, request: bytes) -> None:
    if event.isdigit():
        world.hear(int(event), request)
    elif event == "failure":
        client.end()
    else:
        client.on_timer(event, world.now)  # type: ignore[attr-defined]


@pytest.mark.parametrize("row", rows(INVITE_CLIENT), ids=ids(INVITE_CLIENT))
def test_figure_5_invite_client(row: tuple[str, ...]):
    state, event, sends, after, runs, learns = row
    world = World()
    client = client_in(world, state, InviteClient, INVITE)
    if event == "A":
        world.wait(T1)  # so that the timer that fires is the one that runs
    else:
        happens(world, client, event, INVITE)
    assert brief([what for _, what in world.log]) == sends
    assert client.state is State(after)
    assert brief(world.learnt) == learns
    assert world.running() == runs
    assert (world.held == 0) == (after == "Terminated")


def test_timer_a_doubles_until_timer_b():
    """RFC 3261 17.1.1.2: after T1, 2*T1, 4*T1 ... until 64*T1."""
    world = World()
    InviteClient(world.layer, b"z9hG4bKours", world.flow, INVITE, world, world.now)
    world.wait(60)
    assert world.log == [(at, "INVITE") for at in (0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5)]
    assert world.learnt == ["timeout"]
    assert world.held == 0


def test_a_provisional_response_stops_a_and_b():
    world = World()
    InviteClient(world.layer, b"z9hG4bKours", world.flow, INVITE, world, world.now)
    world.wait(0.6)
    world.hear(100)
    world.wait(3600)
    assert [at for at, _ in world.log] == [0, 0.5]
    assert world.learnt == ["100"]


@pytest.mark.parametrize(("final", "letter"), [(486, "D"), (200, "M")])
def test_timers_d_and_m_are_64_t1(final: int, letter: str):
    """D: at least 32 s for unreliable transports (17.1.1.2); M: 64*T1 (RFC 6026 7.2)."""
    world = World()
    client = client_in(world, "Calling", InviteClient, INVITE)
    world.hear(final)
    world.wait(TIMEOUT - 0.001)
    assert client.state is not State.TERMINATED
    world.wait(0.002)
    assert client.state is State.TERMINATED
    assert world.held == 0


def test_the_ack_of_a_non_2xx_is_made_as_17_1_1_3_says():
    world = World()
    InviteClient(world.layer, b"z9hG4bKours", world.flow, INVITE, world, world.now)
    final = wire.response(486, INVITE, tag="below")
    world.layer.on_response(ResponseHead(final), world.now)
    ack = world.bytes[-1]
    assert wire.start_line(ack) == wire.start_line(INVITE).replace("INVITE", "ACK")
    assert wire.headers(ack, "Via") == [OURS]
    assert wire.headers(ack, "Route") == ["<sip:a.example;lr>", "<sip:b.example;lr>"]
    assert wire.header(ack, "From") == wire.header(INVITE, "From")
    assert wire.header(ack, "To") == wire.header(final, "To")
    assert wire.header(ack, "Call-ID") == wire.header(INVITE, "Call-ID")
    assert wire.header(ack, "CSeq") == "1 ACK"
    assert wire.body(ack) == b""


def test_over_a_reliable_transport_nothing_is_repeated_and_d_is_zero():
    world = World(reliable=True)
    client = InviteClient(world.layer, b"z9hG4bKours", world.flow, INVITE, world, world.now)
    assert world.running() == "B"
    world.wait(20)
    assert [what for _, what in world.log] == ["INVITE"]
    world.hear(486)
    assert client.state is State.TERMINATED
    assert world.held == 0


@pytest.mark.parametrize("state", ["Calling", "Proceeding"])
@pytest.mark.parametrize("broken", [b"X: a\nb\r\n", b"Content-Length: 7\r\n", b"nonsense\r\n"])
def test_a_rejection_that_can_not_be_read_ends_nothing_for_ever(state: str, broken: bytes):
    """Whatever a peer sends, no transaction may be left without a timer while it waits for its end."""
    world = World()
    client = client_in(world, state, InviteClient, INVITE)
    data = wire.response(486, INVITE).replace(b"Content-Length: 0\r\n", broken + b"Content-Length: 0\r\n")
    with contextlib.suppress(BadMessage):  # a shell drops what raises
        world.layer.on_response(ResponseHead(data), world.now)
    assert world.running() == {State.CALLING: "AB", State.PROCEEDING: "-", State.COMPLETED: "D"}[client.state]


# ---- Figure 7 of RFC 6026: INVITE server transaction ------------------------------------------------------------

INVITE_SERVER = """
# state      | event       | sends | next state  | runs | ACK goes on
  Proceeding | INVITE      | 180   | Proceeding  | -    | -
  Proceeding | ACK         | -     | Proceeding  | -    | no
  Proceeding | TU 180      | 180   | Proceeding  | -    | -
  Proceeding | TU 200      | 200   | Accepted    | L    | -
  Proceeding | TU 302      | 302   | Completed   | GH   | -
  Proceeding | TU 603      | 603   | Completed   | GH   | -
  Completed  | INVITE      | 603   | Completed   | GH   | -
  Completed  | ACK         | -     | Confirmed   | I    | no
  Completed  | TU 180      | -     | Completed   | GH   | -
  Completed  | TU 200      | -     | Completed   | GH   | -
  Completed  | TU 302      | -     | Completed   | GH   | -
  Completed  | TU 603      | -     | Completed   | GH   | -
  Completed  | G           | 603   | Completed   | GH   | -
  Completed  | H           | -     | Terminated  | -    | -
  Confirmed  | INVITE      | -     | Confirmed   | I    | -
  Confirmed  | ACK         | -     | Confirmed   | I    | no
  Confirmed  | TU 180      | -     | Confirmed   | I    | -
  Confirmed  | TU 200      | -     | Confirmed   | I    | -
  Confirmed  | TU 302      | -     | Confirmed   | I    | -
  Confirmed  | TU 603      | -     | Confirmed   | I    | -
  Confirmed  | I           | -     | Terminated  | -    | -
  Accepted   | INVITE      | -     | Accepted    | L    | -
  Accepted   | ACK         | -     | Accepted    | L    | yes
  Accepted   | TU 180      | -     | Accepted    | L    | -
  Accepted   | TU 200      | 200   | Accepted    | L    | -
  Accepted   | TU 302      | -     | Accepted    | L    | -
  Accepted   | TU 603      | -     | Accepted    | L    | -
  Accepted   | L           | -     | Terminated  | -    | -
"""
KEY = (b"z9hG4bKone", b"198.51.100.21", b"5060", b"INVITE")


def response_of(status: int, request: bytes = INVITE) -> bytes:
    return wire.response(status, request)


def invite_server_in(world: World, state: str) -> InviteServer:
    server = InviteServer(world.layer, KEY, world.flow)
    if state == "Proceeding":
        server.respond(180, response_of(180), world.now)
    elif state == "Accepted":
        server.respond(200, response_of(200), world.now)
    else:
        server.respond(603, response_of(603), world.now)
    if state == "Confirmed":
        assert server.on_ack(world.now)
    assert server.state is State(state)
    world.log.clear()
    return server


@pytest.mark.parametrize("row", rows(INVITE_SERVER), ids=ids(INVITE_SERVER))
def test_figure_7_invite_server(row: tuple[str, ...]):
    state, event, sends, after, runs, goes_on = row
    world = World()
    server = invite_server_in(world, state)
    if event == "INVITE":
        server.on_retransmission()
    elif event == "ACK":
        assert server.on_ack(world.now) is (goes_on == "no")
    elif event == "G":
        world.wait(T1)
    elif event.startswith("TU"):
        server.respond(int(event[3:]), response_of(int(event[3:])), world.now)
    else:
        server.on_timer(event, world.now)
    assert brief([what for _, what in world.log]) == sends
    assert server.state is State(after)
    assert world.running() == runs
    assert (world.held == 0) == (after == "Terminated")


def test_before_the_first_response_a_repeated_invite_is_absorbed():
    world = World()
    InviteServer(world.layer, KEY, world.flow).on_retransmission()
    assert world.log == []


def test_a_rejection_is_repeated_by_g_up_to_t2_until_h():
    """RFC 3261 17.2.1: T1, 2*T1, 4*T1, then every T2, for 64*T1."""
    world = World()
    InviteServer(world.layer, KEY, world.flow).respond(603, response_of(603), world.now)
    world.wait(60)
    times = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert world.log == [(at, "603") for at in times]
    assert world.held == 0


def test_after_the_ack_only_t4_is_left():
    """Timer I absorbs ACKs that come again (17.2.1)."""
    world = World()
    server = invite_server_in(world, "Completed")
    server.on_ack(world.now)
    assert world.layer.unacknowledged == 0
    world.wait(T4 - 0.001)
    assert server.state is State.CONFIRMED
    world.wait(0.002)
    assert world.held == 0
    assert world.log == []


def test_over_a_reliable_transport_g_does_not_run_and_i_is_zero():
    world = World(reliable=True)
    server = invite_server_in(world, "Completed")
    assert world.running() == "H"
    server.on_ack(world.now)
    assert world.held == 0


def test_l_is_64_t1():
    """RFC 6026 7.1."""
    world = World()
    invite_server_in(world, "Accepted")
    world.wait(TIMEOUT - 0.001)
    assert world.held > 0
    world.wait(0.002)
    assert world.held == 0


# ---- Figure 6 of RFC 3261: non-INVITE client transaction --------------------------------------------------------

NON_INVITE_CLIENT = """
# state      | event | sends   | next state  | runs | user learns
  Trying     | E     | OPTIONS | Trying      | EF   | -
  Trying     | F     | -       | Terminated  | -    | timeout
  Trying     | 100   | -       | Proceeding  | EF   | 100
  Trying     | 200   | -       | Completed   | K    | 200
  Trying     | 302   | -       | Completed   | K    | 302
  Trying     | 503   | -       | Completed   | K    | 503
  Proceeding | E     | OPTIONS | Proceeding  | EF   | -
  Proceeding | F     | -       | Terminated  | -    | timeout
  Proceeding | 100   | -       | Proceeding  | EF   | 100
  Proceeding | 200   | -       | Completed   | K    | 200
  Proceeding | 302   | -       | Completed   | K    | 302
  Proceeding | 503   | -       | Completed   | K    | 503
  Completed  | 100   | -       | Completed   | K    | -
  Completed  | 200   | -       | Completed   | K    | -
  Completed  | 302   | -       | Completed   | K    | -
  Completed  | 503   | -       | Completed   | K    | -
  Completed  | K     | -       | Terminated  | -    | -
"""


@pytest.mark.parametrize("row", rows(NON_INVITE_CLIENT), ids=ids(NON_INVITE_CLIENT))
def test_figure_6_non_invite_client(row: tuple[str, ...]):
    state, event, sends, after, runs, learns = row
    world = World()
    client = client_in(world, state, NonInviteClient, OPTIONS)
    if event == "E":
        world.wait(T1)
    else:
        happens(world, client, event, OPTIONS)
    assert brief([what for _, what in world.log]) == sends
    assert client.state is State(after)
    assert brief(world.learnt) == learns
    assert world.running() == runs
    assert (world.held == 0) == (after == "Terminated")


def test_timer_e_doubles_up_to_t2_until_f():
    """RFC 3261 17.1.2.2: min(2*E, T2)."""
    world = World()
    NonInviteClient(world.layer, b"z9hG4bKours", world.flow, OPTIONS, world, world.now)
    world.wait(60)
    times = [0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert world.log == [(at, "OPTIONS") for at in times]
    assert world.learnt == ["timeout"]
    assert world.held == 0


def test_in_proceeding_timer_e_is_t2_and_f_still_runs():
    world = World()
    NonInviteClient(world.layer, b"z9hG4bKours", world.flow, OPTIONS, world, world.now)
    world.wait(0.1)
    world.hear(100, OPTIONS)
    world.wait(60)
    assert [at for at, _ in world.log][:4] == [0, 0.5, 0.5 + T2, 0.5 + 2 * T2]
    assert world.learnt == ["100", "timeout"]


def test_k_is_t4():
    world = World()
    client = client_in(world, "Trying", NonInviteClient, OPTIONS)
    world.hear(200, OPTIONS)
    world.wait(T4 - 0.001)
    assert client.state is State.COMPLETED
    world.wait(0.002)
    assert world.held == 0


def test_over_a_reliable_transport_e_does_not_run_and_k_is_zero():
    world = World(reliable=True)
    NonInviteClient(world.layer, b"z9hG4bKours", world.flow, OPTIONS, world, world.now)
    assert world.running() == "F"
    world.hear(200, OPTIONS)
    assert world.held == 0


# ---- Figure 8 of RFC 3261: non-INVITE server transaction --------------------------------------------------------

NON_INVITE_SERVER = """
# state      | event   | sends | next state  | runs
  Trying     | request | -     | Trying      | -
  Trying     | TU 100  | 100   | Proceeding  | -
  Trying     | TU 200  | 200   | Completed   | J
  Trying     | TU 404  | 404   | Completed   | J
  Proceeding | request | 100   | Proceeding  | -
  Proceeding | TU 100  | 100   | Proceeding  | -
  Proceeding | TU 200  | 200   | Completed   | J
  Proceeding | TU 404  | 404   | Completed   | J
  Completed  | request | 200   | Completed   | J
  Completed  | TU 100  | -     | Completed   | J
  Completed  | TU 200  | -     | Completed   | J
  Completed  | TU 404  | -     | Completed   | J
  Completed  | J       | -     | Terminated  | -
"""


@pytest.mark.parametrize("row", rows(NON_INVITE_SERVER), ids=ids(NON_INVITE_SERVER))
def test_figure_8_non_invite_server(row: tuple[str, ...]):
    state, event, sends, after, runs = row
    world = World()
    server: ServerTransaction = NonInviteServer(world.layer, (*KEY[:3], b"OPTIONS"), world.flow)
    for status in {"Trying": [], "Proceeding": [100], "Completed": [200]}[state]:
        server.respond(status, response_of(status, OPTIONS), world.now)
    world.log.clear()
    if event == "request":
        server.on_retransmission()
    elif event.startswith("TU"):
        server.respond(int(event[3:]), response_of(int(event[3:]), OPTIONS), world.now)
    else:
        world.wait(TIMEOUT)
    assert brief([what for _, what in world.log]) == sends
    assert server.state is State(after)
    assert world.running() == runs
    assert (world.held == 0) == (after == "Terminated")


def test_j_is_64_t1_and_zero_over_a_reliable_transport():
    for reliable, seconds in ((False, TIMEOUT), (True, 0.0)):
        world = World(reliable=reliable)
        server = NonInviteServer(world.layer, (*KEY[:3], b"OPTIONS"), world.flow)
        server.respond(200, response_of(200, OPTIONS), world.now)
        world.wait(seconds)
        assert world.held == 0


# ---- The layer -------------------------------------------------------------------------------------------------


def test_a_response_that_nobody_waits_for_is_nobodys():
    world = World()
    assert not world.hear(200)


def test_cancel_and_its_invite_share_a_branch_and_are_told_apart_by_cseq():
    """RFC 3261 9.1 and 17.1.3."""
    world = World()
    invite = client_in(world, "Proceeding", InviteClient, INVITE)
    cancel = NonInviteClient(world.layer, b"z9hG4bKours", world.flow, wire.cancel(INVITE), None, world.now)
    assert world.hear(200, wire.cancel(INVITE))
    assert (cancel.state, invite.state) == (State.COMPLETED, State.PROCEEDING)
    assert world.learnt == []
    assert world.hear(487)
    assert invite.state is State.COMPLETED
    assert world.learnt == ["487"]
    world.wait(60)
    assert world.held == 0


def test_t1_t2_and_t4_are_those_of_table_4():
    assert (T1, T2, T4, TIMEOUT) == (0.5, 4, 5, 32)

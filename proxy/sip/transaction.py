"""The four transaction machines of RFC 3261 section 17, with RFC 6026 (Accepted) and RFC 4320 (no late 408).

Messages and expired timers drive a machine; what it wants sent goes to the layer, what its user must know to the user.
States: RFC 6026 figures 5 and 7, RFC 3261 figures 6 and 8. On `reliable` flows A, E and G are off, D, I, J, K zero.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from enum import Enum
from typing import ClassVar, Final, Protocol

from proxy.sip.errors import BadHeader, BadMessage
from proxy.sip.flow import Flow
from proxy.sip.headers import MAGIC_COOKIE, Via
from proxy.sip.message import Request, ResponseHead, parse_request, parse_response
from proxy.sip.proven import Proven
from proxy.sip.timers import T1, T2, T4, TIMEOUT, Timer, Timers

_CSEQ: Final = b"CSeq: "  # as nearly all write it


class State(Enum):
    """The states of all four machines, named as in the RFCs."""

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    ACCEPTED = "Accepted"
    TERMINATED = "Terminated"


ServerKey = tuple[bytes | int | str, ...]


class Hold(Protocol):
    """The room that a request takes (proxy/load.py)."""

    def release(self) -> None:
        """It is over."""


class ClientUser(Protocol):
    """Who learns what comes back on a client transaction: the proxy core's response context."""

    def on_response(self, client: ClientTransaction, response: ResponseHead, now: float) -> None:
        """A response that is no retransmission, or a 2xx to INVITE."""

    def on_timeout(self, client: ClientTransaction, now: float) -> None:
        """Timer B or F fired: nothing final came."""

    def on_silence(self, client: ClientTransaction, now: float) -> None:
        """Nothing at all came for as long as may be waited while there is another target."""


class ServerUser(Protocol):
    """Who answers a request, until it has its final response: the proxy core's response context."""

    def cancel(self, now: float, reasons: list[bytes]) -> None:
        """The caller gives up (9.2)."""

    def give_up(self, status: int, now: float) -> None:
        """Nobody waits any longer."""


class Layer:
    """All transactions of a node: found by key, ended by timer."""

    def __init__(
        self,
        send: Callable[[Flow, bytes], None],
        silent: Callable[[Flow, bytes, float], None] = lambda flow, branch, now: None,
        unheard: Callable[[ClientTransaction, float, float], None] = lambda client, since, now: None,
    ) -> None:
        self.send = send
        self.silent = silent  # told once of each branch whose request had to be repeated
        self.unheard = unheard  # told where an INVITE got nothing since then, though it was repeated thrice
        self.timers = Timers()
        self.proven = Proven()
        self.servers: dict[ServerKey, ServerTransaction] = {}
        self.clients: dict[bytes, ClientTransaction] = {}  # by branch
        self.cancels: dict[bytes, ClientTransaction] = {}  # CANCEL shares the branch of its INVITE
        self.unacknowledged = 0  # own or relayed final rejections that wait for ACK

    def fire(self, now: float) -> None:
        """Drive every machine whose timer has expired."""
        for timer in self.timers.due(now):
            if timer.owner is not None:
                timer.owner.on_timer(timer.letter, now)

    def on_response(self, response: ResponseHead, now: float) -> bool:
        """Hand a response to its client transaction; False when none waits for it. Raises BadMessage."""
        client = self.clients.get(response.branch)
        if client is not None and not _answers_a(client.method, response):
            client = None  # another method's, whatever its branch (17.1.3)
        if client is None and response.branch in self.cancels and _answers_a(b"CANCEL", response):
            client = self.cancels[response.branch]
        if client is None:
            return False
        client.flow.spoke(now)
        client.on_response(response, now)
        return True


class ServerTransaction(ABC):
    """What both server machines share."""

    __slots__ = ("flow", "hold", "key", "last", "layer", "proof", "state", "timer", "user")
    invite: ClassVar[bool] = False

    def __init__(self, layer: Layer, key: ServerKey, flow: Flow) -> None:
        self.layer = layer
        self.key = key
        self.flow = flow
        self.last = b""  # the response to repeat
        self.proof = b""
        self.hold: Hold | None = None
        self.state = State.TRYING
        self.timer: Timer | None = None
        self.user: ServerUser | None = None  # until the transaction has its final response
        layer.servers[key] = self

    @abstractmethod
    def respond(self, status: int, data: bytes, now: float) -> None:
        """Send a response of ours or from below."""

    @abstractmethod
    def on_timer(self, letter: str, now: float) -> None:
        """The timer of this letter has expired."""

    def on_retransmission(self) -> None:
        """The request came again: repeat the last response, if there is one."""
        if self.last and self.state is not State.CONFIRMED and self.state is not State.ACCEPTED:
            self.layer.send(self.flow, self.last)

    def end(self) -> None:
        """Terminated: nothing is held any more."""
        self.state = State.TERMINATED
        self.user = None
        if self.timer is not None:
            self.timer.cancel()
        self.layer.servers.pop(self.key, None)
        if self.hold is not None:
            self.hold.release()
            self.hold = None


class InviteServer(ServerTransaction):
    """INVITE server transaction (RFC 6026 figure 7, in place of RFC 3261 figure 7)."""

    __slots__ = ("deadline", "interval", "known")
    invite: ClassVar[bool] = True

    def __init__(self, layer: Layer, key: ServerKey, flow: Flow, *, known: bool = True, proof: bytes = b"") -> None:
        """`known`: the configuration names its sender. `proof`: what the To tag of our answers ends in, if need be."""
        super().__init__(layer, key, flow)
        self.known = known
        self.proof = proof
        self.state = State.PROCEEDING
        self.interval = T1
        self.deadline: Timer | None = None

    def respond(self, status: int, data: bytes, now: float) -> None:
        """Provisional responses go out as they come, a 2xx opens Accepted, anything else Completed."""
        layer = self.layer
        if self.state is State.ACCEPTED:
            if 200 <= status < 300:
                layer.send(self.flow, data)
            return
        if self.state is not State.PROCEEDING:
            return
        layer.send(self.flow, data)
        if status < 200:
            self.last = data
            return
        self.user = None
        if status < 300:
            if self.proof and not layer.proven.is_fresh(self.flow, now):
                layer.proven.expect(self.flow, parse_response(data).raw(b"call-id") or b"", _to_tag(data))
            self.state, self.last = State.ACCEPTED, b""
            self.timer = layer.timers.start(TIMEOUT, "L", self, now)
            return
        self.state, self.last = State.COMPLETED, data
        layer.unacknowledged += 1
        self.deadline = layer.timers.start(TIMEOUT, "H", self, now)
        # Who may be a third party, in whose name an INVITE was forged, gets one response for each INVITE that came, as
        # from a stateless UAS (RFC 3261 8.2.7): our repeats would flood him.
        if not self.flow.reliable and (self.known or layer.proven.holds(self.flow, now)):
            self.timer = layer.timers.start(self.interval, "G", self, now)

    def prove(self, ack: Request, now: float) -> None:
        """This is its ACK: if it has the response's To tag, somebody read the response where it went."""
        proven = self.layer.proven
        if self.state is not State.COMPLETED or not self.proof or proven.is_fresh(self.flow, now):
            return
        tag = ack.to_tag
        if tag and tag == _to_tag(self.last):
            proven.note(self.flow, now)

    def on_ack(self, now: float) -> bool:
        """True when the ACK belongs to the transaction; in Accepted it is the dialog's, and goes on (RFC 6026 7.1)."""
        if self.state is State.ACCEPTED:
            return False
        if self.state is State.COMPLETED:
            self._leave_completed()
            self.state, self.last = State.CONFIRMED, b""
            if self.flow.reliable:
                self.end()
            else:
                self.timer = self.layer.timers.start(T4, "I", self, now)
        return True

    def on_timer(self, letter: str, now: float) -> None:
        """G repeats the response; H, I and L end the transaction."""
        if letter != "G":
            self.end()
        elif self.state is State.COMPLETED:
            self.layer.send(self.flow, self.last)
            self.interval = min(2 * self.interval, T2)
            self.timer = self.layer.timers.start(self.interval, "G", self, now)

    def end(self) -> None:
        """Terminated, acknowledged or not."""
        if self.state is State.COMPLETED:
            self._leave_completed()
        super().end()

    def _leave_completed(self) -> None:
        self.layer.unacknowledged -= 1
        for timer in (self.timer, self.deadline):
            if timer is not None:
                timer.cancel()
        self.timer = self.deadline = None


class NonInviteServer(ServerTransaction):
    """Non-INVITE server transaction (RFC 3261 figure 8)."""

    __slots__ = ()

    def respond(self, status: int, data: bytes, now: float) -> None:
        """A final response is kept for timer J and repeated when the request is."""
        if self.state is State.COMPLETED or self.state is State.TERMINATED:
            return
        self.layer.send(self.flow, data)
        self.last = data
        if status < 200:
            self.state = State.PROCEEDING
            return
        self.state = State.COMPLETED
        self.user = None
        if self.flow.reliable:
            self.end()
        else:
            self.timer = self.layer.timers.start(TIMEOUT, "J", self, now)

    def on_timer(self, letter: str, now: float) -> None:
        """J ends the transaction."""
        self.end()


class ClientTransaction(ABC):
    """What both client machines share."""

    __slots__ = (
        "branch", "deadline", "flow", "interval", "late", "layer", "method", "request", "state", "timer", "user",
    )  # fmt: skip
    invite: ClassVar[bool] = False

    def __init__(
        self, layer: Layer, branch: bytes, method: bytes, flow: Flow, request: bytes, user: ClientUser | None
    ) -> None:
        self.layer = layer
        self.branch = branch
        self.method = method
        self.flow = flow
        self.request = request  # as sent; empty once nothing needs it
        self.user = user  # None for a CANCEL of ours, whose answer changes nothing
        self.state = State.TRYING
        self.interval = T1
        self.late = False  # it said nothing for so long that another target was tried beside it
        self.timer: Timer | None = None
        self.deadline: Timer | None = None

    @abstractmethod
    def on_response(self, response: ResponseHead, now: float) -> None:
        """A response with this transaction's branch."""

    @abstractmethod
    def on_timer(self, letter: str, now: float) -> None:
        """The timer of this letter has expired."""

    def end(self) -> None:
        """Terminated: nothing is held any more."""
        self.state = State.TERMINATED
        self.user = None
        self.request = b""
        self._cancel_timers()
        if self.flow.reliable:
            self.flow.waiting.discard(self)
        holder = self.layer.cancels if self.layer.cancels.get(self.branch) is self else self.layer.clients
        if holder.get(self.branch) is self:
            del holder[self.branch]

    def expire(self, now: float) -> None:
        """Nobody waits for it any more: it may still acknowledge what comes within 64 T1, then it is gone."""
        self._cancel_timers()
        self.deadline = self.layer.timers.start(TIMEOUT, "D", self, now)

    def leave_after(self, seconds: float, now: float) -> None:
        """There is another target: wait for a sign of life no longer than this."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = self.layer.timers.start(seconds, "S", self, now)

    @property
    def _may_give_way(self) -> bool:
        """Is there another target, which has its turn when nothing comes?"""
        return self.deadline is not None and self.deadline.letter == "S"

    def give_way(self, now: float) -> None:
        """Nobody lives where it went: whatever other target there is has its turn now."""
        if self._may_give_way and self.state in (State.CALLING, State.TRYING):
            self._tell_silence("B" if self.invite else "F", now)

    def _tell_silence(self, timeout: str, now: float) -> None:
        self.late = True
        self._cancel_timers()  # it is not asked again
        self.deadline = self.layer.timers.start(TIMEOUT, timeout, self, now)
        if self.user is not None:
            self.user.on_silence(self, now)

    def ask_again(self, now: float) -> None:
        """There is no other target left: repeat it to whoever was not asked any more since he said nothing."""
        asked = self.state is State.CALLING or self.state is State.TRYING
        if self.late and asked and self.timer is None and not self.flow.reliable:
            self.layer.send(self.flow, self.request)
            self.interval = T2
            self.timer = self.layer.timers.start(T2, "A" if self.invite else "E", self, now)

    def _start(self, retransmit: str, timeout: str, now: float) -> None:
        self.layer.send(self.flow, self.request)
        self.deadline = self.layer.timers.start(TIMEOUT, timeout, self, now)
        if not self.flow.reliable:
            self.timer = self.layer.timers.start(T1, retransmit, self, now)
        else:
            self.flow.waiting.add(self)

    def _cancel_timers(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
        if self.deadline is not None:
            self.deadline.cancel()
        self.timer = self.deadline = None

    def _time_out(self, now: float) -> None:
        user = self.user
        if self.invite:
            self.flow.timed_out()
        self.end()
        if user is not None:
            user.on_timeout(self, now)


class InviteClient(ClientTransaction):
    """INVITE client transaction (RFC 6026 figure 5, in place of RFC 3261 figure 5)."""

    __slots__ = ("ack",)
    invite: ClassVar[bool] = True

    def __init__(self, layer: Layer, branch: bytes, flow: Flow, request: bytes, user: ClientUser, now: float) -> None:
        super().__init__(layer, branch, b"INVITE", flow, request, user)
        self.state = State.CALLING
        self.ack = b""
        layer.clients[branch] = self
        self._start("A", "B", now)

    def on_response(self, response: ResponseHead, now: float) -> None:
        """Provisional, 2xx (each one, also repeated) and the first other final response reach the user."""
        status = response.status
        if self.state is State.COMPLETED:
            if status >= 300:
                self.layer.send(self.flow, self.ack)
            return
        if self.state is State.ACCEPTED:
            if 200 <= status < 300 and self.user is not None:
                self.user.on_response(self, response, now)
            return
        user = self.user
        if status < 200:
            if self.state is State.CALLING:
                self.state = State.PROCEEDING
                given_up = self.deadline is not None and self.deadline.letter == "D"
                if not given_up:  # else it ends with D, whatever comes of its CANCEL
                    self._cancel_timers()
        elif status < 300:
            self.flow.answered(status)
            self._cancel_timers()
            self.state, self.request = State.ACCEPTED, b""
            self.deadline = self.layer.timers.start(TIMEOUT, "M", self, now)
        else:
            self._complete(response, now)
        if user is not None:
            user.on_response(self, response, now)

    def _complete(self, response: ResponseHead, now: float) -> None:
        """Acknowledge hop by hop, and keep the ACK for repeated responses (RFC 3261 17.1.1.3)."""
        to = parse_response(response.forwarded).raw(b"to")  # raises BadMessage before anything has changed
        self.flow.answered(response.status)
        self._cancel_timers()
        self.ack = derive(self.request, b"ACK", to)
        self.layer.send(self.flow, self.ack)
        self.state, self.request, self.user = State.COMPLETED, b"", None
        if self.flow.reliable:
            self.end()
        else:
            self.deadline = self.layer.timers.start(TIMEOUT, "D", self, now)

    def on_timer(self, letter: str, now: float) -> None:
        """A repeats the INVITE, B gives up, D and M end the transaction."""
        if letter == "A":
            if self.state is State.CALLING:
                self.layer.send(self.flow, self.request)
                if self.interval == T1:
                    self.layer.silent(self.flow, self.branch, now)
                elif self.interval == 4 * T1 and not self._may_give_way:
                    self.layer.unheard(self, now - 7 * T1, now)
                self.interval *= 2
                self.timer = self.layer.timers.start(self.interval, "A", self, now)
        elif letter == "B":
            self._time_out(now)
        elif letter == "S":
            self._tell_silence("B", now)
        else:
            self.end()


class NonInviteClient(ClientTransaction):
    """Non-INVITE client transaction (RFC 3261 figure 6); also carries the CANCELs we send."""

    __slots__ = ()

    def __init__(
        self, layer: Layer, branch: bytes, flow: Flow, request: bytes, user: ClientUser | None, now: float
    ) -> None:
        super().__init__(layer, branch, request.partition(b" ")[0], flow, request, user)
        (layer.cancels if user is None else layer.clients)[branch] = self
        self._start("E", "F", now)

    def on_response(self, response: ResponseHead, now: float) -> None:
        """Provisional and the first final response reach the user."""
        if self.state is State.COMPLETED:
            return
        user = self.user
        if response.status < 200:
            self.state = State.PROCEEDING
        else:
            self._cancel_timers()
            self.state, self.request, self.user = State.COMPLETED, b"", None
            if self.flow.reliable:
                self.end()
            else:
                self.deadline = self.layer.timers.start(T4, "K", self, now)
        if user is not None:
            user.on_response(self, response, now)

    def on_timer(self, letter: str, now: float) -> None:
        """E repeats the request, F gives up, K ends the transaction."""
        if letter == "E":
            self.layer.send(self.flow, self.request)
            if self.interval == T1:
                self.layer.silent(self.flow, self.branch, now)
            self.interval = T2 if self.state is State.PROCEEDING else min(2 * self.interval, T2)
            self.timer = self.layer.timers.start(self.interval, "E", self, now)
        elif letter == "S" and self.state is State.TRYING:
            self._tell_silence("F", now)
        elif letter == "S":  # it lives, and may take its time
            self.deadline = self.layer.timers.start(TIMEOUT, "F", self, now)
        elif letter == "F":
            self._time_out(now)
        else:
            self.end()


def _to_tag(response: bytes) -> bytes:
    """The To tag of a response that goes out; empty where it can't be read."""
    try:
        return parse_response(response).to_tag
    except (BadMessage, BadHeader):
        return b""


def _answers_a(method: bytes, response: ResponseHead) -> bool:
    """Does the CSeq of this response name that method (17.1.3)?"""
    line = response.line(b"cseq")
    if line.startswith(_CSEQ):
        number, _, named = line[len(_CSEQ) :].partition(b" ")
        if named == method and number.isdigit():
            return True
    words = line.partition(b":")[2].split()
    return len(words) == 2 and words[1] == method


def derive(sent: bytes, method: bytes, to: bytes | None = None, reasons: Sequence[bytes] = ()) -> bytes:
    """The ACK for a non-2xx (RFC 3261 17.1.1.3) or the CANCEL (9.1) of an INVITE that was sent; `reasons` is why."""
    invite: Request = parse_request(sent)
    number = invite.cseq[0]
    kept = [b"Via: " + (invite.raw(b"via") or b"")]
    kept += [b"Route: " + value for value in invite.raw_all(b"route")]
    kept += [
        b"Max-Forwards: 70",
        b"From: " + (invite.raw(b"from") or b""),
        b"To: " + (to if to is not None else invite.raw(b"to") or b""),
        b"Call-ID: " + invite.call_id,
        b"CSeq: %d %s" % (number, method),
        *(b"Reason: " + reason for reason in reasons),
        b"Content-Length: 0",
    ]
    return b"\r\n".join((method + b" " + invite.uri + b" SIP/2.0", *kept, b"", b""))


def server_key(request: Request, via: Via, source: str) -> ServerKey:
    """What identifies a server transaction (17.2.3); the way of RFC 2543 where there is no RFC 3261 branch.

    And the address it came from: whoever has seen the Via of somebody else's call can neither end nor forestall it.
    """
    method = b"INVITE" if request.method == b"ACK" else request.method
    branch = via.branch
    if branch.startswith(MAGIC_COOKIE) and len(branch) > len(MAGIC_COOKIE):
        return branch, via.host, via.port, source, method
    try:
        number, tag = request.cseq[0], request.from_.tag
    except BadHeader:
        number, tag = 0, b""
    return request.uri, tag, request.call_id, number, request.raw(b"via") or b"", source, method

"""Script a call: bytes and time in, datagrams out. No sockets, no sleep; the whole conversation reads from the top."""

from __future__ import annotations

from typing import Any, NamedTuple

from proxy.context import Context
from proxy.core import Core
from proxy.effects import (
    Banned,
    CallMade,
    EmergencyCallMade,
    FeatureCodeDialled,
    Filing,
    Finished,
    HungUp,
    PassedUnjudged,
    PeerChanged,
    Receipt,
    Resolve,
    Send,
    Stranger,
    Verify,
)
from proxy.next_hops import Hop
from proxy.outgoing import Outgoing
from proxy.proxy_settings import ProxySettings
from proxy.routing import Topology
from proxy.screening import Screening
from proxy.token import Tokens
from rules.model import Action, Call, Outcome, Step, Verdict
from tests import wire

DECISION = "0123456789abcdef0123"
COMPLAINT = "C-7K3M9-2QF4T"
FORWARD = Verdict(Action.FORWARD, Step.DEFAULT, decision=DECISION)
REJECT = Verdict(Action.REJECT, Step.OPERATOR_BLOCK, decision=DECISION, rule="blocked", reason="Blocked.")
TAG = Verdict(Action.TAG, Step.SUSPICION, decision=DECISION, rule="nuisance", suspicion=5)

SETTINGS: dict[str, Any] = {
    "listen": [{"address": wire.US}],
    "aliases": ["proxy.rook.example"],
    "trunks": [{"name": "carrier", "addresses": ["198.51.100.0/24"], "country": "CN", "send_to": ["198.51.100.21"]}],
    "pbxes": [{"name": "office", "addresses": ["203.0.113.10", "203.0.113.11"]}],
}


# A trunk that may send anything, as before `methods` was asked.
ANY_METHOD: dict[str, Any] = {"trunks": [{**SETTINGS["trunks"][0], "methods": "any"}]}


class Sent(NamedTuple):
    """One datagram that left, where to and when (seconds after the start)."""

    to: tuple[str, int]
    data: bytes
    at: float

    @property
    def status(self) -> int:
        return wire.status(self.data)

    @property
    def method(self) -> str:
        return wire.method(self.data)

    @property
    def brief(self) -> str:
        """What it is in one word: the method or the status."""
        return self.method or str(self.status)


class Playbook:
    """A core before a scripted world; each stimulus returns what left because of it."""

    def __init__(
        self,
        *,
        secret: bytes = b"secret of the first node",
        code: str = "",
        announcement: str = "",
        **settings: Any,
    ) -> None:
        self.settings = ProxySettings.model_validate({**SETTINGS, **settings})
        self.topology = Topology(self.settings)
        self.screening = Screening(
            self.settings.profiles,
            label=self.settings.label,
            label_in=self.settings.label_in,
            distinct_ring=self.settings.distinct_ring,
            actions=self.settings.actions,
        )
        self.core = Core(
            self.topology,
            Tokens([("k1", secret)]),
            self.screening,
            Outgoing(self.settings, code=code, announcement=announcement),
            self.settings.limits,
            salt=7,
            record_route=self.settings.record_route,
        )
        self.start = 1000.0  # no clock begins at zero
        self.now = self.start
        self.verdict: Verdict | None = FORWARD  # what every call gets; None: no verdict comes
        self.names: dict[str, list[str]] = {}  # what names resolve to
        self.waiting: list[Context] = []  # calls whose verdict has not come
        self.calls: list[Call] = []  # every call that was judged
        self.log: list[Sent] = []
        self.hung_up: list[str] = []
        self.passed: list[PassedUnjudged] = []  # requests that nobody judged
        self.help: list[list[str]] = []  # numbers of subscribers who made an emergency call
        self.calls_made: list[tuple[list[str], str]] = []  # by subscribers, where somebody asks
        self.receipt: Receipt | None = Receipt(Filing.TAKEN, COMPLAINT)  # what each report gets; None: nothing yet
        self.reports: list[FeatureCodeDialled] = []
        self.changes: list[tuple[str, str, str, str]] = []  # the same whole: name, address, state, why
        self.silences: list[tuple[str, str, bool]] = []  # who fell silent or speaks again: name, address, does it speak
        self.strangers: list[tuple[str, int, str, int]] = []  # lines about sources in no trunk
        self.banned: list[tuple[str, str]] = []  # sources that are not answered any more, and why
        self.outcomes: list[tuple[str, Outcome]] = []
        self.to_verify: list[Context] = []  # calls of which somebody has to find out who signed them

    def reload(self, **settings: Any) -> None:
        """Another configuration, while it runs."""
        self.settings = ProxySettings.model_validate({**SETTINGS, **settings})
        self.topology = Topology(self.settings, before=self.topology)
        self.screening = Screening(
            self.settings.profiles,
            label=self.settings.label,
            label_in=self.settings.label_in,
            distinct_ring=self.settings.distinct_ring,
            actions=self.settings.actions,
        )
        self.core.take(
            *(self.topology, self.core.tokens, self.screening, Outgoing(self.settings), self.settings.limits, self.now),
            record_route=self.settings.record_route,
        )

    def trunk(self, data: bytes, source: tuple[str, int] = wire.TRUNK) -> list[Sent]:
        """The trunk side sends a datagram."""
        return self.receive(data, source)

    def pbx(self, data: bytes, source: tuple[str, int] = wire.PBX) -> list[Sent]:
        """The PBX side sends a datagram."""
        return self.receive(data, source)

    def receive(self, data: bytes, source: tuple[str, int], listener: int = 0) -> list[Sent]:
        """A datagram arrives at a listener."""
        mark = len(self.log)
        context = self.core.receive(data, self.core.flow_to(self.topology.listeners[listener], *source), self.now)
        if context is not None:
            self.calls.append(self.screening.read_call(context, self.now))
            if self.verdict is None:
                if context.server.invite:
                    context.await_answer(self.now)
                self.waiting.append(context)
            else:
                self.core.decided(context, self.verdict, self.now)
        self._perform()
        return self.log[mark:]

    def wait(self, seconds: float) -> list[Sent]:
        """Time passes; every timer fires at its moment."""
        mark, until = len(self.log), self.now + seconds
        while (at := self.core.layer.timers.next_at()) is not None and at <= until:
            self.now = at
            self.core.tick(at)
            self._perform()
        self.now = until
        return self.log[mark:]

    def decide(self, verdict: Verdict) -> list[Sent]:
        """The verdict comes for the call that has waited longest."""
        mark = len(self.log)
        self.core.decided(self.waiting.pop(0), verdict, self.now)
        self._perform()
        return self.log[mark:]

    def files(self, receipt: Receipt) -> list[Sent]:
        """The desk answers the report that came last."""
        mark = len(self.log)
        self.reports[-1].filed(receipt, self.now)
        self._perform()
        return self.log[mark:]

    def fails(self, data: bytes) -> list[Sent]:
        """The transport reports that this request could not be sent."""
        mark = len(self.log)
        self.core.transport_failed(wire.branch(data).encode(), self.now)
        self._perform()
        return self.log[mark:]

    def _perform(self) -> None:
        while self.core.effects:
            effects, self.core.effects = self.core.effects, []
            for effect in effects:
                self._perform_one(effect)

    def _perform_one(self, effect: object) -> None:
        if isinstance(effect, Send):
            remote = (effect.flow.host, effect.flow.port)
            self.log.append(Sent(remote, effect.data, round(self.now - self.start, 6)))
        elif isinstance(effect, Resolve):
            effect.resolved(hops(self.names.get(effect.target.host, []), effect.target.port), self.now)
        elif isinstance(effect, Finished):
            self.outcomes.append((effect.decision, effect.outcome))
        elif isinstance(effect, HungUp):
            self.hung_up.append(effect.decision)
        elif isinstance(effect, PassedUnjudged):
            self.passed.append(effect)
        elif isinstance(effect, EmergencyCallMade):
            self.help.append(effect.numbers)
        elif isinstance(effect, CallMade):
            self.calls_made.append((effect.numbers, effect.called))
        elif isinstance(effect, PeerChanged):
            host = effect.address.rpartition(":")[0].strip("[]")
            self.silences.append((effect.name, host, effect.state == "up"))
            self.changes.append((effect.name, effect.address, effect.state, effect.why))
        elif isinstance(effect, Verify):
            assert isinstance(effect.context, Context)
            self.to_verify.append(effect.context)
        elif isinstance(effect, Banned):
            self.banned.append((effect.source, effect.why))
        elif isinstance(effect, Stranger):
            self.strangers.append((effect.host, effect.port, effect.method, effect.requests))
        elif isinstance(effect, FeatureCodeDialled):
            self.reports.append(effect)
            if self.receipt is not None:
                effect.filed(self.receipt, self.now)

    # ---- whole passages that many tests begin with

    def forwarded(self, data: bytes | None = None, **fields: Any) -> bytes:
        """An INVITE from the trunk goes on to the PBX: the INVITE as the PBX gets it."""
        return only(self.trunk(data or wire.invite(**fields)), to=wire.PBX)

    def answered(self, **fields: Any) -> tuple[bytes, bytes]:
        """A call is answered and acknowledged: the INVITE as the PBX got it and the 200 as the caller got it."""
        down = self.forwarded(**fields)
        up = only(self.pbx(wire.answer(down)), to=wire.TRUNK)
        self.trunk(in_dialog("ACK", up))
        return down, up

    @property
    def held(self) -> int:
        """Everything the core still holds: transactions, their octets, timers, rejections that wait for their ACK."""
        layer = self.core.layer
        return (
            self.core.load.held
            + len(layer.servers)
            + len(layer.clients)
            + len(layer.cancels)
            + len(layer.timers)
            + layer.unacknowledged
        )


def hops(addresses: list[str], port: int = 5060) -> list[Hop]:
    """These addresses as a name leads to them."""
    return [Hop(address, port) for address in addresses]


def briefs(sent: list[Sent]) -> list[str]:
    """What left, in short: methods and statuses."""
    return [each.brief for each in sent]


def only(sent: list[Sent], *, to: tuple[str, int] | None = None) -> bytes:
    """The one datagram that left (to that address); 100 Trying is passed over."""
    found = [each for each in sent if each.status != 100 and to in (None, each.to)]
    assert len(found) == 1, f"expected one datagram, got {[(s.to, s.brief) for s in sent]}"
    return found[0].data


def in_dialog(method: str, final: bytes, *, cseq: int = 1, branch: str = "z9hG4bKtwo", **fields: Any) -> bytes:
    """A request of the caller inside the dialog that this 2xx opened: Route from Record-Route (RFC 3261 12.1.2)."""
    routes = [f"Route: {value}" for value in reversed(wire.headers(final, "Record-Route"))]
    contact = wire.header(final, "Contact").partition("<")[2].partition(">")[0] or "sip:desk@203.0.113.10"
    given = {
        "uri": contact,
        "via": f"SIP/2.0/UDP 198.51.100.21:5060;branch={branch}",
        "from_": wire.header(final, "From"),
        "to": wire.header(final, "To"),
        "call_id": wire.header(final, "Call-ID"),
        "cseq": cseq,
        **fields,
    }
    given["extra"] = "\n".join([*routes, str(fields.get("extra", ""))])
    return wire.request(method, **given)


def from_callee(method: str, down: bytes, tag: str = "rook", *, branch: str = "z9hG4bKpbx", **fields: Any) -> bytes:
    """A request of the callee inside the dialog of the INVITE that it got (RFC 3261 12.1.1)."""
    routes = [f"Route: {value}" for value in wire.headers(down, "Record-Route")]
    given = {
        "uri": wire.header(down, "Contact").partition("<")[2].partition(">")[0],
        "via": f"SIP/2.0/UDP 203.0.113.10:5060;branch={branch}",
        "from_": wire.header(down, "To") + f";tag={tag}",
        "to": wire.header(down, "From"),
        "call_id": wire.header(down, "Call-ID"),
        **fields,
    }
    given["extra"] = "\n".join([*routes, str(fields.get("extra", ""))])
    return wire.request(method, **given)

"""What the core asks its shell for: values only, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import NamedTuple

from proxy.neighbours import Target
from proxy.next_hops import Hop
from proxy.sip.flow import Flow
from rules.model import Outcome


class Send:
    """Put these bytes on that flow."""

    __slots__ = ("data", "flow")

    def __init__(self, flow: Flow, data: bytes) -> None:
        self.flow = flow
        self.data = data


class Resolve:
    """Where does this target's host lead? Answer with `resolved(hops, now)`: best first, or nowhere."""

    __slots__ = ("resolved", "seed", "target")

    def __init__(self, target: Target, resolved: Callable[[Sequence[Hop], float], None], seed: int) -> None:
        self.target = target
        self.seed = seed  # what the call draws among servers of one rank: all its requests the same
        self.resolved = resolved


class Probe:
    """A request got no answer yet: is anybody there at all? If not, call `Core.transport_failed(branch, now)`."""

    __slots__ = ("branch", "flow")

    def __init__(self, flow: Flow, branch: bytes) -> None:
        self.flow = flow
        self.branch = branch


class Verify:
    """Who vouches for the caller of this call (STIR)? Then it is to be judged: `Core.decided` takes its verdict."""

    __slots__ = ("context",)

    def __init__(self, context: object) -> None:
        self.context = context  # a `Context`, which knows effects itself


class PeerChanged:
    """An address of the configuration is in another state: up, down or busy."""

    __slots__ = ("address", "before", "name", "seconds", "state", "why")

    def __init__(self, name: str, address: str, state: str, why: str, *, before: str, seconds: float) -> None:
        self.name = name  # of its PBX, destination or trunk
        self.address = address
        self.state = state
        self.why = why
        self.before = before  # the state that it had
        self.seconds = seconds  # for so long


class Stranger:
    """A source in no trunk was refused so many times since the last line about it."""

    __slots__ = ("host", "method", "port", "requests")

    def __init__(self, host: str, port: int, method: str, requests: int) -> None:
        self.host = host
        self.port = port
        self.method = method
        self.requests = requests


class Banned:
    """A source is not answered for so many seconds."""

    __slots__ = ("seconds", "source", "why")

    def __init__(self, source: str, why: str, seconds: float) -> None:
        self.source = source
        self.why = why
        self.seconds = seconds


class Finished:
    """A judged call has its final response."""

    __slots__ = ("decision", "outcome")

    def __init__(self, decision: str, outcome: Outcome) -> None:
        self.decision = decision
        self.outcome = outcome


class HungUp:
    """The BYE of a judged call was seen, with the token of its dialog."""

    __slots__ = ("decision",)

    def __init__(self, decision: str) -> None:
        self.decision = decision


class PathNotKept:
    """A registrar there keeps no Path: bindings lead back to us by their Contact from now on."""

    __slots__ = ("host", "port")

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port


class PassedUnjudged:
    """A request outside a dialog went on to the PBX that nobody judges: its trunk may send that method."""

    __slots__ = ("method", "source", "trunk")

    def __init__(self, method: str, trunk: str, source: str) -> None:
        self.method = method
        self.trunk = trunk
        self.source = source


class EmergencyCallMade:
    """A subscriber behind a PBX calls an emergency number; these are his numbers, canonical."""

    __slots__ = ("numbers",)

    def __init__(self, numbers: list[str]) -> None:
        self.numbers = numbers


class CallMade:
    """A subscriber behind a PBX calls somebody; his numbers and the one that he dialled, canonical."""

    __slots__ = ("called", "numbers")

    def __init__(self, numbers: list[str], called: str) -> None:
        self.numbers = numbers
        self.called = called


class Filing(Enum):
    """What became of a report."""

    TAKEN = "taken"
    NOTHING = "nothing-to-report"  # nobody called this subscriber lately
    REFUSED = "refused"  # the last caller is one that nobody can complain about
    FAILED = "failed"  # the desk is slow, full or not there


class Receipt(NamedTuple):
    """What the desk says to a report; `complaint` is its number, empty when none was taken."""

    filing: Filing
    complaint: str = ""


class FeatureCodeDialled:
    """File a complaint about the last call to one of these numbers. Answer with `filed(receipt, now)`."""

    __slots__ = ("filed", "numbers")

    def __init__(self, numbers: list[str], filed: Callable[[Receipt, float], None]) -> None:
        self.numbers = numbers
        self.filed = filed


Effect = (
    Send
    | Banned
    | Resolve
    | Probe
    | Finished
    | HungUp
    | PassedUnjudged
    | PathNotKept
    | EmergencyCallMade
    | CallMade
    | FeatureCodeDialled
    | PeerChanged
    | Stranger
    | Verify
)

"""What the core asks its shell for: values only, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from proxy.sip.flow import Flow

if TYPE_CHECKING:
    from proxy.context import Context
    from proxy.routing import Target
    from rules.model import Outcome


class Send(NamedTuple):
    """Put these bytes on that flow."""

    flow: Flow
    data: bytes


class Decide(NamedTuple):
    """May this call ring? Answer with `Core.decided(context, verdict, now)`."""

    context: Context


class Resolve(NamedTuple):
    """Which addresses has this target's host? Answer with `resolved(addresses, now)`: best first, or none."""

    target: Target
    resolved: Callable[[Sequence[str], float], None]


class Probe(NamedTuple):
    """A request got no answer yet: is anybody there at all? If not, call `Core.transport_failed(branch, now)`."""

    flow: Flow
    branch: bytes


class Finished(NamedTuple):
    """A judged call has its final response."""

    decision: str
    outcome: Outcome


class HungUp(NamedTuple):
    """The BYE of a judged call was seen, with the token of its dialog."""

    decision: str


Effect = Send | Decide | Resolve | Probe | Finished | HungUp

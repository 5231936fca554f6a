"""`ringfence nodes`: the nodes that share a record, how far each has followed it, and which of them keeps it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import typer

from console.cli.answering import command, front
from console.cli.answers import FAULTS, Answer, fail, table
from console.cli.options import AsJson, ConfigurationFile

if TYPE_CHECKING:
    from ringfence.cluster.follower import Follower
    from ringfence.installation import Installation

T = TypeVar("T")
nodes_app = typer.Typer(
    help="The nodes that share a record: version, what waits, clock; which of them keeps it.",
    invoke_without_command=True,
)
_LATE_S = 30.0  # a node that runs tells of itself every five seconds
_ALONE = "this node shares no record: ringfence.yaml names none (storage.record)"


@nodes_app.callback()
def nodes(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show each node: version of the record, how far behind, changes that wait, last heard of, clock, program."""
    if config is not None:
        context.obj = config
    if context.invoked_subcommand is None:
        front(_shown, json=True)(context, config=config, json=json)


async def _shown(here: Installation) -> Answer:
    return _at_record(here, _seen)


def _seen(follower: Follower) -> Answer:
    record = follower.reach()
    head, found = record.head(), record.nodes()
    version, keeper = (head.version, head.keeper) if head is not None else (0, "")
    rows = []
    for one in found:
        told = one.trouble or (f"not heard of for {one.age_s:.0f} s" if one.age_s > _LATE_S else "")
        rows.append(
            {
                "node": one.node,
                "keeps": "keeps it" if one.node == keeper else "",
                "version": one.version,
                "behind": max(0, version - one.version),
                "waiting": one.waiting,
                "heard_s": round(one.age_s, 1),
                "clock_s": round(one.skew_s, 1),
                "program": one.program,
                "trouble": told,
            }
        )
    shown = table(tuple(rows[0]) if rows else ("node",), rows, "UTC", none="No node has told of itself yet.")
    return shown._replace(status=FAULTS) if any(row["trouble"] for row in rows) else shown


@command(nodes_app)
async def lead(here: Installation) -> Answer:
    """Keep the record on this node from now on: what is changed is changed here; who kept it has a copy then."""
    head = _at_record(here, lambda follower: follower.lead())
    return Answer(head._asdict(), f"Node {head.keeper} keeps the record from now on, as of version {head.version}.")


@command(nodes_app)
async def refill(here: Installation) -> Answer:
    """Give a record that was lost, or restored from before, all that this node has; this node keeps it then."""
    head = _at_record(here, lambda follower: follower.refill())
    return Answer(head._asdict(), f"The record has what node {head.keeper} has, as version {head.version}.")


def _at_record(here: Installation, work: Callable[[Follower], T]) -> T:
    from ringfence.cluster.follower import Refused
    from ringfence.cluster.record import RecordError
    from ringfence.cluster.sharing import follower_of

    follower = follower_of(here)
    if follower is None:
        fail(_ALONE, 2)
    try:
        return work(follower)
    except (RecordError, Refused) as error:
        fail(f"the record: {error}")
    finally:
        follower.close()

"""`ringfence share`: lists given to other operators, and what is taken from partners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, fail, table
from console.cli.in_full import InFull, Unmasked, Why, sight
from console.cli.options import shown_time

if TYPE_CHECKING:
    from ringfence.installation import Installation

share_app = typer.Typer(no_args_is_help=True)
group(share_app, "Lists given to other operators, signed, and what partners give: publish, fetch, go back, leave.")

RootKeys = Annotated[
    Path, typer.Option("--root-keys", metavar="FOLDER", help="Where the keys of root lie: a medium that is kept away.")
]
Partner = Annotated[str, typer.Argument(metavar="PARTNER", help="As `exchange.partners` names it.")]
Reason = Annotated[str, typer.Option(help="Why; it stands in the audit.")]
Waiting = Annotated[str, typer.Argument(metavar="NUMBER", help="As `share waiting` shows it.")]
_ROLES = ("root", "targets", "withdrawn", "snapshot", "timestamp")


@command(share_app)
async def init(
    here: Installation,
    root_keys: RootKeys,
    roots: Annotated[int, typer.Option(min=1, max=16, help="Keys of root.")] = 1,
    root_threshold: Annotated[int, typer.Option(min=1, max=16, help="How many of them have to sign.")] = 1,
    targets: Annotated[int, typer.Option(min=1, max=16, help="Keys that sign versions.")] = 1,
    targets_threshold: Annotated[int, typer.Option(min=1, max=16, help="How many of them have to sign.")] = 1,
) -> Answer:
    """Make the keys and the first root.json, which partners are handed: what is given is held against it."""
    if root_threshold > roots or targets_threshold > targets:
        fail("more keys would have to sign than there are", 2)
    path = here.giving.repository.begin(
        root_keys,
        roots=roots,
        root_threshold=root_threshold,
        targets=targets,
        targets_threshold=targets_threshold,
    )
    said = [
        f"{path} is what partners are handed, by a way on which nobody else can put his own in its place.",
        f"Put {root_keys} away: only `share rotate` and `share renew` ask for it, the latter within a year.",
        "`ringfence share publish` gives the first version.",
    ]
    return Answer({"root": str(path), "root_keys": str(root_keys)}, said)


@command(share_app)
async def publish(
    here: Installation,
    at_least: Annotated[
        int, typer.Option(metavar="VERSION", min=0, help="After a restore: above what partners have seen.")
    ] = 0,
) -> Answer:
    """Give what the lists say now as the next version; what was withdrawn goes out even while keys are away."""
    done = await here.giving.publish(await here.lists(), here.exchange, author=here.actor, at_least=at_least)
    changes = f"{done.added:,} new, {done.changed:,} changed, {done.removed:,} gone, {done.withdrawn:,} withdrawn"
    said = [f"Version {done.version} gives {done.entries:,} entries: {changes}."]
    if done.left_out:
        said.append(
            f"{done.left_out:,} entries no operator would take, such as half a country, and they are not given."
        )
    faults = [f"Only withdrawals went out: {done.held_back}"] if done.held_back else []
    return Answer(done._asdict(), said, faults, FAULTS if faults else 0)


@command(share_app)
async def rotate(
    here: Installation,
    role: Annotated[str, typer.Argument(metavar="ROLE", help=f"{', '.join(_ROLES)}.")],
    root_keys: RootKeys,
) -> Answer:
    """Give a role new keys; the old ones count no more, and partners learn it by themselves."""
    if role not in _ROLES:
        fail(f"{role!r} is no role: {', '.join(_ROLES)}", 2)
    version = here.giving.repository.rotate(role, root_keys)
    return Answer({"role": role, "root": version}, f"{role} has new keys; root is at version {version}.")


@command(share_app)
async def renew(here: Installation, root_keys: RootKeys) -> Answer:
    """Sign root anew, so that it counts for another year."""
    version = here.giving.repository.renew(root_keys)
    return Answer({"root": version}, f"Root is at version {version}, and counts for a year.")


@command(share_app)
async def fetch(
    here: Installation,
    partners: Annotated[list[str], typer.Argument(metavar="[PARTNER...]", help="Default: all.")] = [],  # noqa: B006
    whole: Annotated[bool, typer.Option("--whole", help="Take a version however much it grew.")] = False,
) -> Answer:
    """Look at what partners offer, and let it count; what is refused changes nothing, and is told."""
    told = await here.exchange.look(await here.lists(), partners, whole=whole)
    said = [
        f"{one.partner}: version {one.version}, {one.entries:,} entries count{'' if one.changed else ', as before'}."
        for one in told
    ]
    faults = [f"{one.partner}: {one.fault}." for one in told if one.fault]
    return Answer([one._asdict() for one in told], said or "There is no partner.", faults, FAULTS if faults else 0)


@command(share_app)
async def back(
    here: Installation,
    name: Partner,
    version: Annotated[int, typer.Argument(metavar="VERSION", min=0, help="From `share partners`; 0: his newest.")],
    reason: Reason,
) -> Answer:
    """Let an earlier version of a partner count, until somebody says 0; what he withdrew since stays withdrawn."""
    counts = await here.exchange.go_back(await here.lists(), name, version, author=here.actor, reason=reason)
    until = f" until `ringfence share back {name} 0`" if version else ""
    return Answer({"partner": name, "version": counts}, f"Version {counts} of {name} counts{until}.")


@command(share_app)
async def leave(here: Installation, name: Partner, reason: Reason) -> Answer:
    """Forget all that a partner gave, and fetch nothing more of him; `share join` takes from him again."""
    await here.exchange.leave(await here.lists(), name, author=here.actor, reason=reason)
    return Answer({"partner": name}, f"Nothing of {name} counts, and nothing of what he gave is kept.")


@command(share_app)
async def join(here: Installation, name: Partner, reason: Reason) -> Answer:
    """Take from a partner again who was left."""
    await here.exchange.join(await here.lists(), name, author=here.actor, reason=reason)
    return Answer({"partner": name}, f"The next `ringfence share fetch` takes what {name} gives.")


@command(share_app)
async def waiting(here: Installation) -> Answer:
    """Show entries of partners that something of ours contradicts: they wait for a person."""
    rows = [
        {"partner": name, "number": number, "why": why}
        for name in sorted(here.configuration.exchange.givers)
        for number, why in here.exchange.files(name).standing().waiting.items()
    ]
    return table(("partner", "number", "why"), rows, here.zone, none="No entry waits for a person.")


@command(share_app)
async def accept(here: Installation, name: Partner, number: Waiting, reason: Reason) -> Answer:
    """Let an entry count that waits."""
    await here.exchange.decide(await here.lists(), name, number, let=True, author=here.actor, reason=reason)
    return Answer({"partner": name, "number": number, "counts": True}, f"{number} of {name} counts.")


@command(share_app)
async def refuse(here: Installation, name: Partner, number: Waiting, reason: Reason) -> Answer:
    """Let an entry never count, whether it waits or not."""
    await here.exchange.decide(await here.lists(), name, number, let=False, author=here.actor, reason=reason)
    return Answer({"partner": name, "number": number, "counts": False}, f"{number} of {name} does not count.")


@command(share_app, "handing-key", json=False)
async def handing_key(here: Installation) -> Answer:
    """Print our public key, by which partners know cases that we hand over; it is made if there is none."""
    from ringfence.exchange.handing import public_of

    return Answer(said=public_of(here.handing.key))


@command(share_app)
async def inbox(
    here: Installation,
    everything: Annotated[bool, typer.Option("--all", help="Also what is answered.")] = False,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Show what other operators handed over to us and waits for an answer, the most pressing first."""
    found = await (await here.open_desk()).handing.inbox(answered=everything)
    show = await sight(here, InFull("share inbox", everything, unmasked, reason), [one.number for one in found])
    rows = [show(one._asdict()) for one in found]
    columns = ("id", "operator", "number", "due", "told", "answer")
    return table(columns, rows, here.zone, none="Nothing waits for an answer.")


@command(share_app)
async def answer(
    here: Installation,
    number: Annotated[int, typer.Argument(metavar="ID", help="From `share inbox`.")],
    text: Annotated[str, typer.Option("--answer", help="What came of it; the reporters are told.")],
) -> Answer:
    """Answer what another operator handed over to us; it goes to him by itself."""
    handing = (await here.open_desk()).handing
    partner = here.handing.of_operator((await handing.find(number)).operator)
    done = await handing.answer(number, partner, actor=here.actor, answer=text)
    return Answer({"id": done.id, "partner": partner}, f"{done.operator} is told.")


@command(share_app)
async def outbox(here: Installation) -> Answer:
    """Show cases and answers that go to partners, whether they have them, and why not."""
    rows = [one._asdict() for one in await (await here.open_desk()).handing.outbox()]
    columns = ("id", "kind", "about", "partner", "acknowledged", "attempts", "next_try", "error")
    return table(columns, rows, here.zone, none="Nothing was handed over.")


@command(share_app)
async def partners(here: Installation) -> Answer:
    """Show how it stands with each partner: version, entries that count, what was refused and why."""
    rows = [_row(here, name) for name in sorted(here.configuration.exchange.givers)]
    columns = ("partner", "operator", "version", "entries", "waiting", "weight", "looked", "fault")
    return table(columns, rows, here.zone, none="There is no partner.")


def _row(here: Installation, name: str) -> dict[str, Any]:
    standing, zone = here.exchange.files(name).standing(), here.zone
    return {
        "partner": name,
        "operator": here.configuration.exchange.partners[name].operator,
        "version": standing.version,
        "entries": standing.entries,
        "waiting": len(standing.waiting),
        "weight": round(here.configuration.exchange.partners[name].weight * standing.left_of_weight, 3),
        "released": len(standing.released),
        "looked": shown_time(standing.looked, zone),
        "fault": "left; `share join` takes from him again" if standing.left is not None else standing.said,
        "left_out": standing.left_out,
        "versions": here.exchange.files(name).versions(),
    }

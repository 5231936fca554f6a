"""Commands that ask the node that runs: another configuration, another process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import FAULTS, Answer, clear_errors
from console.cli.door import entered
from console.cli.options import AsJson, ConfigurationFile, seconds

if TYPE_CHECKING:
    from ringfence.installation import Installation

_WAIT_S = 310.0  # a little longer than the node gives itself


def reload(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; it stands in the history if rules go live.")] = "",
    yes_really: Annotated[
        bool, typer.Option("--yes-really", help="Even if rules that go live newly catch over 1 % of yesterday's calls.")
    ] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Let the running node read ringfence.yaml and its rules again: checked first, all or nothing, no call is lost.

    Exit 1 with every fault as file:line:column when something is wrong with them; then what was live stays.
    """
    door = entered(context, config)
    with clear_errors():
        if not yes_really and (why := _too_much(door.file)):
            Answer({"done": False, "faults": [why]}, status=FAULTS, why=why).give(json=json)
    told = door.ask("reload", {"reason": reason}, wait_s=_WAIT_S)
    Answer(told, _said(told), told["faults"] or told["warnings"], status=0 if told["done"] else FAULTS).give(json=json)


def top(
    context: typer.Context,
    every: Annotated[str, typer.Option(metavar="DURATION", help="Between two looks: 1s, 10s, 1m.")] = "1s",
    once: Annotated[bool, typer.Option("--once", help="Two looks, one picture, and the end.")] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Watch the running node: calls a second, verdicts, peers, delays of the last minute, queue and memory.

    Ctrl-C ends it. With --json a line for each look, or with --once one object. Exit 1 when the node ends.
    """
    from console.cli.node.top import watch
    from ringfence.control import control_of, naming_faults

    file = entered(context, config).file
    interval = seconds(every)
    if interval < 1:
        raise typer.BadParameter("at least 1s", param_hint="--every")
    with clear_errors(), naming_faults(file):
        try:
            why = watch(control_of(file), interval, once=once, as_json=json)
        except KeyboardInterrupt:
            why = ""  # whoever looked has seen enough
    Answer(status=FAULTS if why else 0, why=why).give(json=False)


def restart(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Let a new process of the same command take over from the running node, which ends its calls: no call is refused.

    For an upgrade, or what `reload` says to take a restart. Exit 1 when the new one is not fit to take over; then the
    one that runs goes on.
    """
    from ringfence.restart import told as in_words

    told = entered(context, config).ask("restart", wait_s=_WAIT_S)
    Answer(told, in_words(told)).give(json=json)


def _said(told: dict[str, Any]) -> str:
    if not told["done"]:
        return "Not reloaded: what was live stays."
    changed, restart = told["changed"], told["restart"]
    lines = [f"Reloaded in {told['took_ms']} ms; rules {told['rules']} judge, revision {told['revision']}."]
    lines.append(f"Changed: {', '.join(changed)}." if changed else "No setting has changed.")
    if restart:
        lines.append(f"These are as they were until the next start: {', '.join(restart)}.")
    return "\n".join(lines)


def _too_much(file: Path) -> str:
    """Would rules go live that catch so much that somebody must insist? What is wrong with the files, the node says."""
    from ringfence.candidates import on_disk
    from ringfence.installation import Installation
    from ringfence.reload import goes_live
    from rules.language.source import RuleError

    async def share(here: Installation) -> float:
        if not await goes_live(here):
            return 0.0
        candidate = await on_disk(here)
        return candidate.replayed.replay.share_newly_caught if candidate.too_much else 0.0

    try:
        newly = Installation.open(file).run(share)
    except RuleError:
        return ""
    if not newly:
        return ""
    return f"nothing was changed: it would newly catch {100 * newly:.1f} % of yesterday's calls; --yes-really if meant"

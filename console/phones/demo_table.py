"""How the demo looks: a table that grows call by call, or lines in a narrow window; each fault; what to try next."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

from rich import box
from rich.console import Console
from rich.live import Live
from rich.table import Table

from console.phones.demo import CALLED, LISTED, ORDINARY, STEPS, Seen, Stage, run, verdict_seen
from rules.model import Action
from rules.model import Step as RuleStep
from rules.records.decisions import Decision

COLOURS = {Action.REJECT: "red", Action.TAG: "yellow", Action.FORWARD: "green", Action.DIVERT: "blue"}
PIPED_WIDTH = 160  # columns when nobody looks
TABLE_WIDTH = 155  # columns that the table needs; it has no line that could be broken


def show_demo(folder: Path) -> bool:
    """Run the demo in this folder; True if every call ended as the rules say."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=PIPED_WIDTH)
    console.print("A proxy with the shipped rules between callers and a PBX, all on loopback; every phone is pjsua2.\n")
    if console.width < TABLE_WIDTH:
        stage, seen = asyncio.run(run(folder, lambda one: console.print(in_lines(one), highlight=False)))
    else:
        table = new_table()
        with Live(table, console=console, refresh_per_second=8):
            stage, seen = asyncio.run(run(folder, lambda one: add_row(table, one)))
        if not console.is_terminal:
            console.print()  # Live ends a piped table without a line end
    for one in seen:
        for problem in one.problems:
            console.print(f"[red]{one.step.title}: {problem}[/]", highlight=False)
    good = all(not one.problems for one in seen) and len(seen) == len(STEPS)
    console.print(f"\n{len(seen)} calls, {'each as the rules say.' if good else 'not all as the rules say.'}")
    console.print(what_next(stage, seen), highlight=False, soft_wrap=True)
    return good


def new_table() -> Table:
    """The empty table."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0, 0, 1), pad_edge=False)
    for name in ("call from", "caller", "called", "verdict", "rule", "callee saw", "caller got"):
        table.add_column(name, no_wrap=True)
    table.add_column("added", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    return table


def add_row(table: Table, seen: Seen) -> None:
    """One call as a row."""
    step = seen.step
    table.add_row(step.title, step.caller, step.called, *outcome(seen))


def in_lines(seen: Seen) -> str:
    """One call where there is no room for a table."""
    step = seen.step
    verdict, rule, saw, got, added, good = outcome(seen)
    return (
        f"{step.title}: {step.caller} calls {step.called}\n"
        f"  {verdict} ({rule}); the callee saw {saw};\n  the caller got {got}; {added} added; {good}"
    )


def _by(decision: Decision) -> str:
    """Which rule, or which step where none did or none could."""
    return decision.step if decision.step is RuleStep.EMERGENCY or not decision.rule else decision.rule


def outcome(seen: Seen) -> tuple[str, ...]:
    """What became of one call: verdict, rule, what either side saw, the time added, and is it as it should be?"""
    decision = seen.decision
    verdict = decision.action if decision else None
    return (
        f"[{COLOURS[verdict]}]{verdict}[/]" if verdict else "none",
        _by(decision) if decision else "",
        callee_saw(seen),
        caller_got(seen),
        f"{seen.added_ms:.1f} ms",
        "[red]wrong[/]" if seen.problems else "[green]ok[/]",
    )


def callee_saw(seen: Seen) -> str:
    """What arrived at the phone behind the proxy."""
    if seen.invite is None:
        return "nothing"
    verdict = verdict_seen(seen.invite)
    return f"X-Ringfence-Verdict: {verdict}" if verdict else "an ordinary call"


def caller_got(seen: Seen) -> str:
    """What came back to the calling phone."""
    placed = seen.placed
    audio = f", {placed.heard} audio packets" if placed.heard else ""
    return f"{placed.status} {placed.phrase}{audio}"


def program_name() -> str:
    """How this program can be called from here."""
    if shutil.which("ringfence"):
        return "ringfence"
    return os.path.relpath(Path(sys.executable).with_name("ringfence"))


def what_next(stage: Stage, seen: list[Seen]) -> str:
    """Commands that work on what the demo left behind."""
    program = program_name()
    ours = f"{program} --config {stage.configuration}"
    stopped = next((one.decision.id for one in seen if one.decision and one.decision.action is Action.REJECT), "ID")
    return f"""
Try next (the files of this run are in {stage.folder}):
  # why the first call was stopped
  {ours} explain {stopped}
  # the same caller's emergency call: forwarded, and marked
  {ours} explain --from {LISTED} --to 110
  # every decision of this run
  {ours} log
  # one number more on a list: the next call within a second is judged by it
  {ours} lists add blocked {ORDINARY} --reason "rang at night"
  # run the proxy again; then, in another terminal, call it with a softphone
  {ours} serve
  {program} call --from {LISTED} --to {CALLED} --via {stage.proxy}
  # look at it in a browser, at http://127.0.0.1:8607/console/
  {ours} api serve"""

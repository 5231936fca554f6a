"""What officers do with cases and appeals on the command line: one command for each step of the desk's table."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command
from console.cli.answers import Answer
from console.cli.files import finished_file
from desk.steps import APPEAL_STEPS, CASE_STEPS, Need, OfficersStep

if TYPE_CHECKING:
    from collections.abc import Callable

    from desk.appeals import Appeal
    from desk.case_files import CaseFile
    from desk.cases import Released, Sealed
    from ringfence.installation import Installation

CaseNumber = Annotated[int, typer.Argument(metavar="CASE", help="Number of the case.")]
Reference = Annotated[str, typer.Argument(metavar="APPEAL", help="Its number: A-7K3M9-2QF4T.")]
Reason = Annotated[str, typer.Option(help="Why; it is recorded, and told to whom it concerns.")]
Version = Annotated[
    int | None,
    typer.Option(min=1, help="The version that you looked at: if somebody was faster, nothing is done."),
]
_Out = Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Where the case is written, as CSV.")]
_OPTION, _ARGUMENT = inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD


def add_case_steps(app: typer.Typer) -> None:
    """`ringfence cases take`, `verify`, `seal` and the others."""
    for step in CASE_STEPS:
        _add(app, step, CaseNumber, _OF_CASES[step.name])


def add_appeal_steps(app: typer.Typer) -> None:
    """`ringfence appeals grant` and `refuse`."""
    for step in APPEAL_STEPS:
        _add(app, step, Reference, _decided)


def _add(app: typer.Typer, step: OfficersStep, about: Any, said: Callable[[Any], str]) -> None:
    async def work(here: Installation, subject: Any, out: Path | None = None, **given: Any) -> Answer:
        from desk.showing import as_shown

        desk = await here.desk()
        method = step.method(desk)
        if step.file is None or out is None:
            found = as_shown(await method(subject, actor=here.actor, **given), here.home)
            return Answer(found, said(found))
        # Whoever is refused the step has no file to send either; where no file can lie, the step isn't taken.
        with finished_file(out, encoding="utf-8-sig") as file:
            file.write(await step.file(desk, subject))
            found = as_shown(await method(subject, actor=here.actor, **given), here.home)
        return Answer(found, f"{said(found)}; {out} is for them.")

    options = [inspect.Parameter("here", _ARGUMENT), inspect.Parameter("subject", _ARGUMENT, annotation=about)]
    if step.file is not None:
        options.append(inspect.Parameter("out", _OPTION, annotation=_Out))
    options += [_option(need) for need in step.needs]
    if step.versioned:
        options.append(inspect.Parameter("version", _OPTION, default=None, annotation=Version))
    work.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    work.__doc__ = step.told
    command(app, step.name)(work)


def _option(need: Need) -> inspect.Parameter:
    names = [need.option] if need.option else []
    shown = typer.Option(... if need.required else "", *names, help=need.meaning)
    return inspect.Parameter(need.name, _OPTION, default=shown, annotation=need.kind)


def _moved(found: CaseFile) -> str:
    return f"case {found.id} is {found.state}, version {found.version}."


def _verified(found: CaseFile) -> str:
    return f"case {found.id} is {found.state} by {found.found_by}, version {found.version}."


def _sealed(found: Sealed) -> str:
    lines = [f"{found.case.number} is sealed by seal {found.seal}: its calls are rejected from now on."]
    lines += [f"suspended: {one.entry} on {one.list}; tell {one.owner}" for one in found.suspended]
    if found.never_called:
        lines.append("no call of this number is on record: look again whether a digit was lost")
    return "\n".join(lines)


def _released(found: Released) -> str:
    restored = [f"restored: {one.entry} on {one.list} of {one.owner}" for one in found.restored]
    return "\n".join([f"{found.case.number} is released.", *restored])


def _decided(found: Appeal) -> str:
    left = {"rule": f"; now change rule {found.target}", "entry": f"; now change list {found.target}"}
    then = left.get(found.attacks, "") if found.state == "granted" else ""
    return f"{found.reference} is {found.state}{then}."


_OF_CASES: dict[str, Callable[[Any], str]] = {
    "take": _moved,
    "verify": _verified,
    "seal": _sealed,
    "seal-again": _sealed,
    "release": _released,
    "release-again": _released,
    "keep": lambda found: f"{found.number} stays sealed.",
    "unfounded": lambda found: f"case {found.id} is closed as {found.state}.",
    "forged": lambda found: f"case {found.id} is closed as {found.state}; it counts against trunk {found.trunk}.",
    "hand-over": lambda found: f"case {found.id} is {found.state} to {found.handed_to}",
    "answer": lambda found: f"the complaints of case {found.id} are answered.",
}

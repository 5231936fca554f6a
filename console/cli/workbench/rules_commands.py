"""`ringfence replay` and `ringfence rules`: what a candidate would have done, putting it live, and going back."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answers import as_json, clear_errors, fail, print_table
from console.cli.options import AsJson, ConfigurationFile, chosen, moment, shown_time

if TYPE_CHECKING:
    from console.cli.workbench.activate import Candidate
    from rules.screening.revisions import Revision, Texts

rules_app = typer.Typer(no_args_is_help=True)
Reason = Annotated[str, typer.Option(help="Why; it stands in the history.")]
YesReally = Annotated[
    bool, typer.Option("--yes-really", help="Even if it newly catches over 1 % of yesterday's calls.")
]


@rules_app.callback()
def rules(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Put rules live and take them back; saving a file changes nothing."""
    if config is not None:
        context.obj = config


def replay(
    context: typer.Context,
    rules: Annotated[
        list[str],
        typer.Option("--rules", metavar="CANDIDATE", help="Rule file or folder; default: what is on the disk."),
    ] = [],  # noqa: B006
    since: Annotated[str, typer.Option(metavar="TIME", help="24h, 2026-12-31, 2026-12-31T18:00.")] = "24h",
    calls: Annotated[
        Path | None, typer.Option("--file", metavar="CALLS.csv", help="Calls of a file in place of the log.")
    ] = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Judge past calls by rules that are not live: whom they would hit, which verdicts change, what each rule does."""
    from console.cli.workbench.replay import (
        as_data,
        candidate_files,
        live_ruleset,
        replay_file,
        replay_log,
        shown_progress,
    )
    from console.cli.workbench.replay_report import as_text
    from ringfence.rulebook import load_rulebook

    file = chosen(context, config)
    with clear_errors():
        book = load_rulebook(file, candidate_files(rules))
        live = live_ruleset(file)
        zone = book.configuration.time_zone
        if calls is not None:
            found = replay_file(file, book, live, calls)
        else:
            begin = moment(since, now=time.time(), zone=zone, ahead=False)
            with shown_progress() as progress:
                found = replay_log(file, book, live, since=begin, progress=progress)
    as_json(as_data(found)) if json else typer.echo(as_text(found, zone))


@rules_app.command()
def activate(
    context: typer.Context,
    reason: Reason,
    yes_really: YesReally = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Check what is on the disk, show what it changes, and put it live; the running proxy swaps within a second."""
    from console.cli.workbench.activate import on_disk
    from console.cli.workbench.replay import shown_progress

    file = chosen(context, config)
    with clear_errors():
        with shown_progress() as progress:
            candidate = on_disk(file, progress)
        for warning in candidate.book.warnings:
            typer.echo(str(warning), err=True)
        if candidate.is_live and candidate.live is not None:
            already_live(candidate.live, f"{candidate.live.shown} is live and is what lies on the disk", json=json)
            return
        go_live(file, candidate, reason, yes_really=yes_really, json=json)


@rules_app.command()
def rollback(
    context: typer.Context,
    reason: Reason,
    number: Annotated[
        int | None, typer.Argument(metavar="[REVISION]", help="Default: the one before the live one.")
    ] = None,
    yes_really: YesReally = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Put an earlier revision live again, under a new number; the files on the disk stay as they are."""
    from console.cli.workbench.activate import earlier
    from console.cli.workbench.replay import shown_progress

    file = chosen(context, config)
    with clear_errors():
        with shown_progress() as progress:
            candidate = earlier(file, number, progress)
        if candidate is None:
            fail(_no_revision(number) if number is not None else nothing_before(file))
        if candidate.is_live and candidate.live is not None:
            already_live(candidate.live, f"{candidate.live.shown}, which is live, holds the same files", json=json)
            return
        words = f"back to revision {candidate.again}: {reason}"
        go_live(file, candidate, words, yes_really=yes_really, json=json)


def already_live(live: Revision, why: str, *, json: bool) -> None:
    """Say that what was wished for is so already; no revision is made of it."""
    if json:
        as_json({"revision": live.number, "rules": live.hash, "replay": None})
    else:
        typer.echo(f"Nothing to do: {why}.")


def nothing_before(file: Path) -> str:
    """Why there is nothing to go back to, and what to do instead."""
    from console.cli.workbench.activate import history as read

    _, revisions = read(file, 1)
    if not revisions:
        return (
            "the history is empty: nothing was ever put live, the files on the disk judge; "
            "change those, then `ringfence rules activate --reason ...` puts them live"
        )
    return (
        f"the history holds {revisions[0].shown} only, which is live: there is nothing before it; "
        "change the files on the disk, then `ringfence rules activate --reason ...` puts them live"
    )


def go_live(file: Path, candidate: Candidate, reason: str, *, yes_really: bool, json: bool) -> None:
    """Show the difference, ask for insistence where it is large, store."""
    from console.cli.workbench.activate import activate as store
    from console.cli.workbench.replay import as_data
    from console.cli.workbench.replay_report import as_text
    from rules.screening.revisions import Superseded

    found, book = candidate.replayed, candidate.book
    if not json:
        typer.echo(as_text(found, book.configuration.time_zone) + "\n")
    if candidate.too_much and not yes_really:
        share = 100 * found.replay.share_newly_caught
        fail(
            f"nothing was changed: it would newly catch {share:.1f} % of yesterday's calls; "
            "if that is meant, say --yes-really"
        )
    try:
        number = store(file, candidate, reason)
    except Superseded as error:
        fail(str(error))
    if json:
        as_json({"revision": number, "rules": book.ruleset.revision, "replay": as_data(found)})
    else:
        typer.echo(
            f"Revision {number} ({book.ruleset.revision}) is live; a running proxy judges by it within a second."
        )


@rules_app.command()
def history(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Revisions at most.")] = 20,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show what was put live, by whom and why, newest first; the first line is live."""
    from console.cli.workbench.activate import history as read

    with clear_errors():
        configuration, revisions = read(chosen(context, config), limit)
    rows: list[dict[str, Any]] = [
        {
            "revision": one.number,
            "rules": one.hash,
            "at": shown_time(one.created, configuration.time_zone),
            "author": one.author,
            "reason": one.reason,
        }
        for one in revisions
    ]
    if json or not rows:
        as_json(rows) if json else typer.echo("Nothing was ever put live.")
    else:
        print_table(("revision", "rules", "at", "author", "reason"), rows)


@rules_app.command()
def diff(
    context: typer.Context,
    old: Annotated[int | None, typer.Argument(metavar="[OLD]", help="A revision; default: the live one.")] = None,
    new: Annotated[int | None, typer.Argument(metavar="[NEW]", help="Default: what is on the disk.")] = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show how the files of two revisions differ, or the live one and the disk; exit 1 if they do."""
    from console.cli.workbench.activate import difference

    file = chosen(context, config)
    with clear_errors():
        before, after = texts_of(file, old, "live"), texts_of(file, new, "disk")
        lines = difference(before[1], after[1], names=(before[0], after[0]))
    if json:
        as_json({"old": before[0], "new": after[0], "diff": lines})
    else:
        typer.echo("\n".join(lines) if lines else f"{before[0]} and {after[0]} are the same.")
    raise typer.Exit(1 if lines else 0)


def texts_of(file: Path, number: int | None, otherwise: str) -> tuple[str, Texts]:
    """The files of a revision, of the live one, or of the disk, and what to call them."""
    from console.cli.workbench.activate import stored
    from ringfence.configuration import load_configuration
    from ringfence.live_rules import live_revision
    from ringfence.rulebook import load_rulebook

    if number is None and otherwise == "disk":
        return "disk", load_rulebook(file).texts
    configuration = load_configuration(file)
    revision = live_revision(file, configuration) if number is None else stored(file, configuration, number)
    if revision is None:
        fail("nothing was ever put live" if number is None else _no_revision(number))
    return revision.shown, revision.texts


def _no_revision(number: int) -> str:
    """What to say of a number that no revision has."""
    return f"there is no revision {number}; `ringfence rules history` lists those that there are"

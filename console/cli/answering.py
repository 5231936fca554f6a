"""A command is a function from an installation to its answer; here it gets --config and --json, and is run."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

import typer

from console.cli.answers import Answer, clear_errors, clock_time
from console.cli.door import let_in, path_of
from console.cli.options import AsJson, ConfigurationFile, chosen

if TYPE_CHECKING:
    from ringfence.installation import Installation

Work = TypeVar("Work", bound=Callable[..., Awaitable[Answer]])
_CONFIG = inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ConfigurationFile)
_JSON = inspect.Parameter("json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=AsJson)
_CONTEXT = inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def command(
    app: typer.Typer, name: str | None = None, *, json: bool = True, panel: str | None = None
) -> Callable[[Work], Work]:
    """Hang a command into the command line: its options are the parameters behind the first, an `Installation`.

    Everything that it opens there is closed when it ends, and what people can mend is told in clear words.
    Without ``json`` it knows no --json: it writes a file, or what stands alone.
    """

    def hang(work: Work) -> Work:
        app.command(name, rich_help_panel=panel)(front(work, json=json))
        return work

    return hang


def group(app: typer.Typer, what: str) -> None:
    """Let a group of commands know --config before the command, too; ``what`` is its help."""

    @app.callback(help=what)
    def configured(context: typer.Context, config: ConfigurationFile = None) -> None:
        if config is not None:
            context.obj = config


def front(work: Callable[..., Awaitable[Answer]], *, json: bool) -> Callable[..., None]:
    """What the command line sees of a command."""

    def front(context: typer.Context, config: Path | None = None, json: bool = False, **given: Any) -> None:
        path = path_of(context)

        async def admitted(here: Installation) -> Answer:
            from rules.audit.doors import through

            await let_in(here, path, unmasked=bool(given.get("unmasked")))
            with through("command line", here.who.role):
                return await work(here, **given)

        answer, zone = answered(chosen(context, config), admitted)
        answer.give(zone, json=json)

    # By name alone: the annotation of the first is for type checkers, and not imported.
    options = list(inspect.signature(work).parameters.values())[1:]
    named = {each.name: each.annotation for each in options if isinstance(each.annotation, str)}
    hints = get_type_hints(
        SimpleNamespace(__annotations__=named), getattr(work, "__globals__", {}), include_extras=True
    )
    own = [each.replace(annotation=hints.get(each.name, each.annotation), kind=_CONFIG.kind) for each in options]
    front.__signature__ = inspect.Signature([_CONTEXT, *own, _CONFIG, *([_JSON] if json else [])])  # type: ignore[attr-defined]
    front.__name__, front.__doc__, front.__annotations__ = work.__name__, work.__doc__, {}
    return front


def answered(file: Path, work: Callable[[Installation], Awaitable[Answer]]) -> tuple[Answer, str]:
    """What comes of work with an installation, and the zone that its times are shown in."""
    with clear_errors():
        from desk.faults import ComplaintError, Conflict
        from ringfence.installation import Installation
        from rules.audit.doors import through
        from rules.storage.database_files import begun_anew, keys_made_anew, missed

        async def run(here: Installation) -> Answer:
            async with here:
                with through("command line"):
                    return await work(here)

        here = Installation.open(file)
        here.waits = _say_that_it_waits
        gone, lost = missed(here.database), here.lost_keys()
        try:
            return asyncio.run(run(here)), here.zone
        except Conflict as error:
            who = f"by {error.who}, " if error.who and error.who not in error.reason else ""
            since = f"{error.reason}; {who}since {clock_time(error.when, here.zone)}"
            raise ComplaintError(error.field, since) from error
        finally:
            for path in gone:
                if path.exists():
                    typer.echo(begun_anew(path), err=True)
            if lost is not None and lost.exists():
                typer.echo(keys_made_anew(lost), err=True)


def _say_that_it_waits() -> None:
    typer.echo("Another process is writing to the lists; this waits for it, half a minute at most.", err=True)

"""The complaint desk as commands hold it: opened for one command, what came of it told to people or programs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from console.cli.answers import as_json, clear_errors, print_table
from console.cli.options import chosen, shown_time
from ringfence.login import login_name

if TYPE_CHECKING:
    from desk.deadlines import Clock
    from desk.desk import Desk

Found = TypeVar("Found")
_NARROW = 78  # columns that every window has
# What is seconds since the epoch, in whatever the desk answers.
_TIMES = {"at", "call_at", "closed", "created", "decided", "due", "first_complaint", "handed_at", "last", "last_at"}
_TIMES |= {
    "met",
    "next_try",
    "opened",
    "received",
    "sealed",
    "since",
    "started",
    "state_at",
    "term_ends",
    "told_at",
    "verified",
}


@asynccontextmanager
async def opened_desk(file: Path) -> AsyncIterator[tuple[Desk, str]]:
    """The desk of a configuration, the latest calls counted, and the zone that times are shown in."""
    from desk.desk import Desk
    from ringfence.configuration import load_configuration

    configuration = load_configuration(file)
    for path in (configuration.storage.database, configuration.storage.key_file):
        (file.parent / path).parent.mkdir(parents=True, exist_ok=True)
    desk = await Desk.open(file.parent, configuration, country=configuration.home)
    try:
        await desk.catch_up()
        yield desk, configuration.time_zone
    finally:
        await desk.close()


def officer() -> str:
    """Who does what is recorded: the login name."""
    return login_name()


def at_the_desk(
    context: typer.Context, config: Path | None, work: Callable[[Desk], Awaitable[Found]]
) -> tuple[Found, str]:
    """Do one thing at the desk; what came of it, and the zone. What people can mend ends as a line on stderr."""
    file = chosen(context, config)

    async def opened() -> tuple[Found, str]:
        from desk.faults import ComplaintError, Conflict

        async with opened_desk(file) as (desk, zone):
            try:
                return await work(desk), zone
            except Conflict as error:
                who = f"by {error.who}, " if error.who and error.who not in error.reason else ""
                since = f"{error.reason}; {who}since {clock_time(error.when, zone)}"
                raise ComplaintError(error.field, since) from error

    with clear_errors():
        return asyncio.run(opened())


def tell(
    context: typer.Context,
    config: Path | None,
    json: bool,
    work: Callable[[Desk], Awaitable[Found]],
    words: Callable[[Found], str],
) -> Found:
    """Do one thing at the desk and say what came of it: in words, or all of it as JSON."""
    found, zone = at_the_desk(context, config, work)
    as_json(plain(found, zone)) if json else typer.echo(words(found))
    return found


def tabulate(
    context: typer.Context,
    config: Path | None,
    json: bool,
    columns: tuple[str, ...],
    work: Callable[[Desk], Awaitable[list[dict[str, Any]]]],
    *,
    narrow: Callable[[dict[str, str]], str] | None = None,
) -> list[dict[str, Any]]:
    """Print rows that the desk gives, these columns as a table, or all of them as JSON; the rows.

    ``narrow`` writes a row where the window is too narrow for the table.
    """
    rows, zone = at_the_desk(context, config, work)
    if json:
        as_json(plain(rows, zone))
    else:
        print_table(columns, [_for_people(row, zone) for row in rows], narrow=narrow)
    return rows


def two_lines(first: Sequence[str], *rest: str) -> str:
    """A row in a narrow window: what it is, and beneath it the rest, as far as there is any."""
    import textwrap

    told = "; ".join(part for part in rest if part)
    head = "  ".join(part for part in first if part)
    more = textwrap.wrap(told, _NARROW - 4, break_long_words=True, break_on_hyphens=False)
    return "\n".join([head, *(f"    {line}" for line in more)])


def plain(value: Any, zone: str) -> Any:
    """What the desk answers, for programs: named tuples by name, times of the zone with their offset."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {
            name: shown_time(one, zone) if name in _TIMES and isinstance(one, float) else plain(one, zone)
            for name, one in value.items()
        }
    return [plain(one, zone) for one in value] if isinstance(value, list | tuple) else value


def clock_time(at: float | None, zone: str) -> str:
    """A time as people at the desk read it: to the minute, on their own clocks."""
    return shown_time(at, zone)[:16]


def clock_line(clock: Clock, now: float, zone: str) -> str:
    """``answer: overdue, due 2026-07-30 00:00``."""
    standing = clock.standing(now)
    when = standing if clock.met is not None else f"{standing}, due"
    return f"{clock.name}: {when} {clock_time(clock.due if clock.met is None else clock.met, zone)}"


def field_lines(values: dict[str, Any]) -> list[str]:
    """One line a field; of what has several, each stands behind a bar: what people write must not look like a field."""
    from desk.reading import shown_text

    found = []
    for name, value in values.items():
        if value in (None, ""):
            continue
        label, lines = name.replace("_", " "), shown_text(str(value)).split("\n")
        found += [f"{label}: {lines[0]}"] if len(lines) == 1 else [f"{label}:", *(f"  | {line}" for line in lines)]
    return found


def _for_people(row: dict[str, Any], zone: str) -> dict[str, Any]:
    shown = {name: clock_time(one, zone) for name, one in row.items() if name in _TIMES and isinstance(one, float)}
    several = {name: " ".join(map(str, one)) for name, one in row.items() if isinstance(one, list | tuple)}
    return row | shown | several

"""How commands answer: faults as lines on standard error, values as JSON or text, an exit status for scripts."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import typer

from console.cli.options import shown_time

if TYPE_CHECKING:
    from rich.table import Table

FAULTS = 1  # what was asked about is wrong, absent, or judged otherwise than wished
_FIGURE = re.compile(r"-?[\d,]+(\.\d+)?( %)?|\+[\d,]+(\.\d+)? %")  # stands under its like by the last digit
_SENTENCE = 25  # longer cells are sentences; a time with its zone has as many characters
_UNBOUNDED = 10_000  # columns: no window is as wide
_LABEL = re.compile(r" *\S.{0,24} {2,}(?=\S)| +")  # what a sentence begins with, and is continued beside
_FURTHER_IN, _LEAST_ROOM = 4, 20  # columns, of the next lines of one without
_WHOLE = re.compile(r"((?:\x1b\[(?:1|[39][0-7])m)*)([^\x1b]*)\x1b\[0m")  # bold, colours: these steer nothing
HELD = 3  # nothing was done: it waits for another person
USAGE = 2  # the command line itself is wrong (typer uses the same)
_NARROW = 78  # columns that every window has
# What is seconds since the epoch, in whatever is answered.
_TIMES = {"at", "call_at", "closed", "created", "decided", "due", "first_complaint", "handed_at", "last", "last_at"}
_TIMES |= {"met", "next_try", "opened", "received", "sealed", "since", "started", "state_at", "term_ends", "told_at"}
_TIMES |= {"verified", "acknowledged"}


class Answer(NamedTuple):
    """What a command found or did: all of it for programs, said for people, and whether it was well."""

    data: Any = None
    said: str | Sequence[str] | Callable[[], None] = ""  # a text, sentences that may be wrapped, or what prints it
    faults: Sequence[str] = ()  # for people, on standard error: programs find them in the data
    status: int = 0
    why: str = ""  # it ended so, for people and programs on standard error

    def give(self, zone: str = "UTC", *, json: bool) -> None:
        """Print it in one of its two forms, and end with its status where that is not 0."""
        if json:
            as_json(plain(self.data, zone))
        else:
            for fault in self.faults:
                typer.echo(fault, err=True)
            self._say()
        if self.why:
            typer.echo(self.why, err=True)
        if self.status:
            raise typer.Exit(self.status)

    def _say(self) -> None:
        if callable(self.said):
            self.said()
        elif not isinstance(self.said, str):
            print_lines(self.said)
        elif self.said:
            typer.echo(self.said)


def table(
    columns: tuple[str, ...],
    rows: list[dict[str, Any]],
    zone: str,
    *,
    narrow: Callable[[dict[str, str]], str] | None = None,
    none: str = "There is nothing to show.",
    behind: str = "",
) -> Answer:
    """Rows: all of them for programs, these columns for people, or a sentence where there are none.

    ``narrow`` writes a row where the window is too narrow for the table, ``behind`` is told people after all rows.
    """
    if not rows:
        return Answer(rows, f"{none}\n{behind}" if behind else none)
    shown = [_for_people(dict.fromkeys(columns) | row, zone) for row in rows]

    def say() -> None:
        print_table(columns, shown, narrow=narrow)
        if behind:
            typer.echo(behind)

    return Answer(rows, say)


def fail(message: str, status: int = FAULTS) -> NoReturn:
    """Say what is wrong on standard error and exit."""
    typer.echo(message, err=True)
    raise typer.Exit(status)


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turn the errors that people can mend into lines, one a fault, instead of a trace."""
    from console.api.access.key_book import AccessError
    from console.phones.processes import PhoneError
    from desk.faults import ComplaintError
    from ringfence.control import ControlError
    from ringfence.exchange.refused import ExchangeError
    from ringfence.memory import LimitError
    from ringfence.people.faults import PeopleError, Waits
    from rules.audit.chain import AuditError
    from rules.language.source import RuleError
    from rules.lists.admission import EntryError
    from rules.lists.list_files import ListFileError
    from rules.storage.keys import KeyFileError
    from rules.storage.store import DatabaseError, StoreError, what_to_do

    mendable = (ControlError, LimitError, PeopleError, RuleError, KeyFileError, StoreError, EntryError, AuditError)
    try:
        yield
    except Waits as error:
        fail(f"{error.reason}.", HELD)
    except (*mendable, ExchangeError, ListFileError, PhoneError, ComplaintError, AccessError) as error:
        fail(str(error))
    except DatabaseError as error:
        fail(f"the database: {error}; {what_to_do(error)}")
    except BrokenPipeError:  # whoever read it has seen enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None
    except OSError as error:
        fail(f"{f'{error.filename}: ' if error.filename else ''}{error.strerror or error}")
    except MemoryError:
        fail("there is not enough memory for this: see `ulimit -v`, `ulimit -d` and memory.max of its control group")
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def plain(value: Any, zone: str) -> Any:
    """For programs: named tuples by name, times of the zone with their offset."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {
            name: shown_time(one, zone) if name in _TIMES and isinstance(one, float) else plain(one, zone)
            for name, one in value.items()
        }
    return [plain(one, zone) for one in value] if isinstance(value, list | tuple) else value


def _for_people(row: dict[str, Any], zone: str) -> dict[str, Any]:
    shown = {name: clock_time(one, zone) for name, one in row.items() if name in _TIMES and isinstance(one, float)}
    several = {name: " ".join(map(str, one)) for name, one in row.items() if isinstance(one, list | tuple)}
    return row | shown | several


def clock_time(at: float | None, zone: str) -> str:
    """A time as people at the desk read it: to the minute, on their own clocks."""
    return shown_time(at, zone)[:16]


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


def two_lines(first: Sequence[str], *rest: str) -> str:
    """A row in a narrow window: what it is, and beneath it the rest, as far as there is any."""
    import textwrap

    told = "; ".join(part for part in rest if part)
    head = "  ".join(part for part in first if part)
    more = textwrap.wrap(told, _NARROW - 4, break_long_words=True, break_on_hyphens=False)
    return "\n".join([head, *(f"    {line}" for line in more)])


def as_json(value: Any) -> None:
    """Print a value as JSON for programs."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2, default=str)
    sys.stdout.write("\n")


def print_lines(lines: Iterable[str]) -> None:
    """Print sentences; those too long for the window go on beneath themselves, and lose nothing.

    What is no window gets each in one line, for programs that search in them.
    """
    from rich.console import Console
    from rich.text import Text

    console = Console()
    for line in map(_emphasised, lines):
        if not console.is_terminal:
            typer.echo(line)
            continue
        label = match[0] if (match := _LABEL.match(line)) else ""
        room = max(console.width - (len(label) or _FURTHER_IN), _LEAST_ROOM)
        first, *rest = [part.plain.rstrip() for part in Text(line[len(label) :]).wrap(console, room)] or [""]
        typer.echo(label + first)
        for part in rest:
            typer.echo(" " * (len(label) or _FURTHER_IN) + part)


def _emphasised(line: str) -> str:
    """A line that is coloured or bold as a whole (`typer.style`) stays so; whatever else it holds is made harmless."""
    if (whole := _WHOLE.fullmatch(line)) is None:
        return harmless(line)
    return f"{whole[1]}{harmless(whole[2])}\x1b[0m" if whole[1] else harmless(whole[2])


def harmless(text: str) -> str:
    """Text that peers or people wrote, for a terminal: what would steer it or begin a line of its own is spelt out."""
    if text.isprintable():
        return text
    return "".join([sign if _prints(sign) else f"\\u{ord(sign):04x}" for sign in text])


def _prints(sign: str) -> bool:
    return sign.isprintable() or unicodedata.category(sign) == "Zs"


def counted(number: int, what: str) -> str:
    """So many of them."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def print_table(
    columns: tuple[str, ...], rows: list[dict[str, Any]], *, narrow: Callable[[dict[str, str]], str] | None = None
) -> None:
    """Print rows with these columns, in this order; what people wrote there steers no terminal.

    As a table where the window is wide enough for it, else as ``narrow`` writes a row, or one value a line: half a
    reference is none.
    """
    from rich.console import Console
    from rich.measure import Measurement

    from desk.reading import shown_text

    if not rows:
        typer.echo("There is nothing to show.")
        return
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console = Console(highlight=False, markup=False, emoji=False, width=200)
    shown = [["" if row[column] is None else shown_text(str(row[column])) for column in columns] for row in rows]
    table = _table(columns, shown)
    for table.padding in (0, 1), (0, 0):
        if Measurement.get(console, console.options.update_width(_UNBOUNDED), table).minimum <= console.width:
            console.print(table)
            return
    width = max(map(len, columns))
    for cells in shown:
        pairs = zip(columns, cells, strict=True)
        if narrow is not None:
            typer.echo(narrow(dict(pairs)))
            continue
        typer.echo("\n".join(f"{column:{width}}  {cell}" for column, cell in pairs if cell) + "\n")


def _table(columns: tuple[str, ...], shown: list[list[str]]) -> Table:
    """The table: figures to the right, and only sentences may be broken into lines."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE, pad_edge=False)
    for place, column in enumerate(columns):
        cells = [cells[place] for cells in shown if cells[place]]
        figures = bool(cells) and all(map(_FIGURE.fullmatch, cells))
        longest = max(map(len, cells), default=0)
        table.add_column(
            column,
            justify="right" if figures else "left",
            no_wrap=longest <= _SENTENCE,
            min_width=min(longest, _SENTENCE),
            overflow="fold",
        )
    for cells in shown:
        table.add_row(*cells)
    return table

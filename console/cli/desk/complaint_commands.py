"""`ringfence complaints`: taken down, looked up by the number that the reporter got, withdrawn, read from files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from console.cli.answers import FAULTS, as_json, clear_errors, counted, print_lines
from console.cli.desk.finished_file import finished_file
from console.cli.desk.opened_desk import at_the_desk, clock_time, field_lines, officer, plain, tabulate, tell, two_lines
from console.cli.options import AsJson, ConfigurationFile, moment
from desk.states import ComplaintState

if TYPE_CHECKING:
    from desk.centre_files import CentreReport
    from desk.complaint_rows import Complaint
    from desk.desk import Desk
    from desk.intake import Filed

complaints_app = typer.Typer(no_args_is_help=True)
Reference = Annotated[str, typer.Argument(metavar="COMPLAINT", help="The number that the reporter got: C-7K3M9-2QF4T.")]
_PIECE = 1 << 20  # characters
SHOWN = 20  # lines about what was wrong; more are counted
_COLUMNS = ("id", "reference", "received", "accused", "category", "channel", "tie", "state", "case_id")


@complaints_app.callback()
def complaints(context: typer.Context, config: ConfigurationFile = None) -> None:
    """Complaints about callers: add, list, show, withdraw, reject, and import a centre's file."""
    if config is not None:
        context.obj = config


@complaints_app.command()
def add(
    context: typer.Context,
    accused: Annotated[str, typer.Argument(metavar="NUMBER", help="Who called, in any spelling.")],
    reporter: Annotated[str, typer.Option("--by", metavar="NUMBER", help="Who complains: a number, or a steady name.")],
    called: Annotated[str, typer.Option("--to", metavar="NUMBER", help="The line that rang; default: theirs.")] = "",
    at: Annotated[str, typer.Option(metavar="TIME", help="When it rang: 2026-07-01T12:00, 2h; default: unknown.")] = "",
    category: Annotated[str, typer.Option(help="One of complaints.categories.")] = "other",
    text: Annotated[str, typer.Option(help="What happened; kept encrypted.")] = "",
    contact: Annotated[str, typer.Option(help="Where the answer goes; kept encrypted.")] = "",
    business: Annotated[str, typer.Option(help="On whose behalf the call was.")] = "",
    knew: Annotated[
        list[str], typer.Option(metavar="WHAT=VALUE", help="What the caller knew: name=, plan=, branch=, purchase=.")
    ] = [],  # noqa: B006
    decision: Annotated[str, typer.Option(help="The decision id of the call, if known.")] = "",
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take a complaint down; prints its number, which the reporter keeps."""

    async def work(desk: Desk) -> Filed:
        from desk.complaint_rows import Channel
        from desk.reading import NewComplaint

        zone = str(desk.archive.zone)
        return await desk.complaints.file(
            NewComplaint(
                accused=accused,
                reporter=reporter,
                called=called,
                at=moment(at, now=desk.archive.now(), zone=zone, ahead=False) if at else None,
                category=category,
                text=text,
                contact=contact,
                business=business,
                knew=dict(part.partition("=")[::2] for part in knew),
                decision=decision,
                channel=Channel.OPERATOR,
                source=officer(),
            )
        )

    def words(filed: Filed) -> str:
        known = "was known already and adds nothing" if filed.duplicate else f"is {filed.state}"
        marked = "; no call of this number to that line is on record, so it weighs little" if filed.never_called else ""
        return f"{filed.reference} {known}, in case {filed.case_id}{marked}."

    tell(context, config, json, work, words)


@complaints_app.command(name="list")
def list_complaints(
    context: typer.Context,
    accused: Annotated[str, typer.Option("--about", metavar="NUMBER", help="About this number.")] = "",
    state: Annotated[ComplaintState | None, typer.Option(help="In this state.")] = None,
    case: Annotated[int, typer.Option(help="Of this case.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Complaints at most.")] = 50,
    before: Annotated[int, typer.Option(help="Page on: the id of the last one shown.")] = 0,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """List complaints, newest first."""

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.complaint_rows import listed
        from desk.disclosure import note_listing

        number = desk.archive.read_number(accused, "about").canonical if accused else ""
        found = await listed(
            desk.archive.store.connection,
            accused=number,
            state=state,
            case_id=case or None,
            limit=limit,
            before=before or None,
        )
        await note_listing(
            desk.archive, "complaint", len(found), actor=officer(), number=number, state=state, case=case
        )
        return [one._asdict() for one in found]

    tabulate(context, config, json, _COLUMNS, work, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["reference"], row["received"], row["accused"], row["state"]),
        f"{row['category']} by {row['channel']}, {row['tie']}",
        f"case {row['case_id']}",
        f"id {row['id']}",
    )


@complaints_app.command()
def show(
    context: typer.Context,
    reference: Reference,
    words: Annotated[
        bool, typer.Option("--words", help="Decrypt what the reporter wrote; it is recorded who read it.")
    ] = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Show a complaint, how it stands, and what its reporter is told of it."""

    async def work(desk: Desk) -> tuple[Complaint, dict[str, str], dict[str, str]]:
        from desk.complaint_rows import find, words_of
        from desk.disclosure import LOOKED, READ, note_look

        connection = desk.archive.store.connection
        found = await find(connection, reference)
        told = (await desk.letters.told(found))._asdict()
        await note_look(desk.archive, "complaint", found.reference, actor=officer(), step=READ if words else LOOKED)
        if not words:
            return found, told, {}
        return found, told, await words_of(connection, desk.archive.secrecy, found)

    (found, told, written), zone = at_the_desk(context, config, work)
    if json:
        as_json(plain(found, zone) | told | ({"words": written} if words else {}))
        return
    times = {name: clock_time(getattr(found, name), zone) for name in ("received", "call_at", "state_at")}
    print_lines(field_lines(found._asdict() | times | {"knew": ", ".join(found.knew)} | told | written))


References = Annotated[
    list[str], typer.Argument(metavar="COMPLAINT...", help="The numbers that the reporters got: C-7K3M9-2QF4T.")
]
FromFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="One number a line; - is standard input.", allow_dash=True)
]
About = Annotated[str, typer.Option(metavar="NUMBER", help="All that stand about this number.")]
OfCase = Annotated[int, typer.Option("--case", min=0, help="All that stand in this case.")]
OfSource = Annotated[str, typer.Option("--source", help="All that stand and this file, key or person brought.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say which, and do nothing.")]


@complaints_app.command()
def withdraw(
    context: typer.Context,
    reference: References = [],  # noqa: B006
    reason: Annotated[str, typer.Option(help="Why, if the reporter said.")] = "",
    file: FromFile = None,
    about: About = "",
    case: OfCase = 0,
    source: OfSource = "",
    dry_run: DryRun = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Take complaints back; they lose their effect, and a seal stays until a person releases it."""
    which = _Which(tuple(reference), file, about, case, source)
    if which.one and not dry_run:
        tell(
            *(context, config, json),
            lambda desk: desk.complaints.withdraw(reference[0], actor=officer(), reason=reason),
            lambda found: f"{found.reference} is {found.state}.",
        )
        return
    _end_many(context, config, json, which, ComplaintState.WITHDRAWN, reason, dry_run=dry_run)


@complaints_app.command()
def reject(
    context: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; the reporters are told.")],
    reference: References = [],  # noqa: B006
    file: FromFile = None,
    about: About = "",
    case: OfCase = 0,
    source: OfSource = "",
    dry_run: DryRun = False,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """Find that complaints are none; they lose their effect."""
    which = _Which(tuple(reference), file, about, case, source)
    if which.one and not dry_run:
        tell(
            *(context, config, json),
            lambda desk: desk.complaints.reject(reference[0], actor=officer(), reason=reason),
            lambda found: f"{found.reference} is {found.state}.",
        )
        return
    _end_many(context, config, json, which, ComplaintState.REJECTED, reason, dry_run=dry_run)


class _Which(NamedTuple):
    """Which complaints are meant."""

    named: tuple[str, ...]
    file: Path | None
    about: str
    case: int
    source: str

    @property
    def one(self) -> bool:
        """Just one, by its number."""
        return len(self.named) == 1 and not (self.file or self.about or self.case or self.source)

    def names(self) -> list[str]:
        """Those that are named one by one."""
        if self.file is None:
            return list(self.named)
        text = sys.stdin.read() if str(self.file) == "-" else self.file.read_text(encoding="utf-8-sig")
        return [*self.named, *(line.strip() for line in text.splitlines() if line.strip())]


def _end_many(
    context: typer.Context,
    config: Path | None,
    json: bool,
    which: _Which,
    state: ComplaintState,
    reason: str,
    *,
    dry_run: bool,
) -> None:
    """Withdraw or reject all that are meant; what is wrong with one stops no other. Exit 1 if something was wrong."""
    asked = bool(which.about or which.case or which.source)
    if bool(which.named or which.file) == asked:
        raise typer.BadParameter("name complaints (or --file), or all of a number, case or source; not both")

    async def work(desk: Desk) -> list[dict[str, Any]]:
        from desk.complaint_rows import find, standing_references
        from desk.faults import ComplaintError, NotFound

        archive = desk.archive
        names = which.names()
        if asked:
            number = archive.read_number(which.about, "about").canonical if which.about else ""
            names = await standing_references(
                archive.store.connection, accused=number, case_id=which.case or None, source=which.source
            )
        names = list(dict.fromkeys(names))
        if not names:
            raise NotFound("complaint", "none that stands fits; `ringfence complaints list` shows them")
        if dry_run:
            rows = [await find(archive.store.connection, name) for name in names]
            return [{"reference": one.reference, "state": one.state, "error": ""} for one in rows]
        found = await desk.complaints.end_many(names, state, actor=officer(), reason=reason)
        return [
            {"reference": name, "state": "", "error": one.reason}
            if isinstance(one, ComplaintError)
            else {"reference": one.reference, "state": one.state, "error": ""}
            for name, one in zip(names, found, strict=True)
        ]

    rows, zone = at_the_desk(context, config, work)
    wrong = [row for row in rows if row["error"]]
    if json:
        as_json(plain(rows, zone))
    elif dry_run:
        lines = [row["reference"] for row in rows[:SHOWN]]
        typer.echo("\n".join([*lines, f"{counted(len(rows), 'complaint')} would be {state}; nothing was done."]))
    else:
        typer.echo(f"{counted(len(rows) - len(wrong), 'complaint')} {state}, {len(wrong):,} not.")
        for row in wrong[:SHOWN]:
            typer.echo(f"{row['reference'][:40]}: {row['error']}", err=True)
        if len(wrong) > SHOWN:
            typer.echo(f"and {len(wrong) - SHOWN:,} more; --json names them all", err=True)
    raise typer.Exit(FAULTS if wrong else 0)


@complaints_app.command(name="import")
def import_complaints(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV, first line: columns.")
    ],
    source: Annotated[str, typer.Option(help="Which centre; default: the file's name.")] = "",
    encoding: Annotated[str, typer.Option(help="utf-8, gb18030 ...")] = "utf-8-sig",
    errors: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write every line that is wrong here, as CSV.")
    ] = None,
    config: ConfigurationFile = None,
    json: AsJson = False,
) -> None:
    """File each sound line of a complaint centre's file; the same file again adds nothing. Exit 1 if a line is bad;
    many of these are counted by what is wrong with them.

    Columns: accused, reporter; perhaps called, at, category, text, contact, business, decision, knew name, knew plan,
    knew branch, knew purchase.
    """

    async def work(desk: Desk) -> CentreReport:
        from desk.centre_files import file_centre
        from desk.faults import ComplaintError

        try:
            with file.open(encoding=encoding, newline="") as lines:
                if file.is_file():  # before the first line is filed; what is no file can be read once only
                    while lines.read(_PIECE):
                        pass
                    lines.seek(0)
                return await file_centre(desk.complaints, lines, source=source or file.name, zone=desk.archive.zone)
        except (UnicodeDecodeError, LookupError) as error:
            raise ComplaintError("encoding", f"{file} is not {encoding} ({error}); try gb18030") from error

    found, zone = at_the_desk(context, config, work)
    if json:
        as_json(plain(found, zone))
    else:
        typer.echo(f"{found.lines:,} lines: {found.filed:,} filed, {found.duplicates:,} known already.")
        for line in _what_was_wrong(found, file):
            typer.echo(line, err=True)
    if errors is not None:
        from desk.exports import as_csv

        with clear_errors(), finished_file(errors, encoding="utf-8-sig") as out:
            out.write(as_csv(("line", "field", "reason"), found.bad))
    raise typer.Exit(FAULTS if found.bad else 0)


def _what_was_wrong(found: CentreReport, file: Path) -> list[str]:
    """A few bad lines one by one; many as what is wrong with how many of them."""
    from desk.centre_files import kinds

    if len(found.bad) <= SHOWN:
        return [f"{file}:{bad.line}: {bad.field}: {bad.reason}" for bad in found.bad]
    several = kinds(found.bad)
    lines = [f"{counted(len(found.bad), 'line')} not filed; --errors FILE names each:"]
    for one in several[:SHOWN]:
        lines.append(f"  {one.lines:,} from {file}:{one.first} on: {one.field}: {one.reason}")
    if left := sum(one.lines for one in several[SHOWN:]):
        lines.append(f"  {left:,} for other reasons")
    return lines

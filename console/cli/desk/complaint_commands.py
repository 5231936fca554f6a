"""`ringfence complaints`: taken down, looked up by the number that the reporter got, withdrawn, read from files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from console.cli.answering import command, group
from console.cli.answers import FAULTS, Answer, clock_time, counted, field_lines, plain, table, two_lines
from console.cli.files import finished_file, reading_text
from console.cli.in_full import InFull, Unmasked, Why, sight
from console.cli.options import moment
from desk.states import ComplaintState

if TYPE_CHECKING:
    from desk.centre_files import CentreReport
    from desk.desk import Desk
    from ringfence.installation import Installation

complaints_app = typer.Typer(no_args_is_help=True)
group(complaints_app, "Complaints about callers: add, list, show, withdraw, reject, and import a centre's file.")
Reference = Annotated[str, typer.Argument(metavar="COMPLAINT", help="The number that the reporter got: C-7K3M9-2QF4T.")]
_PIECE = 1 << 20  # characters
_LONGEST_REFERENCE = 1_000  # characters of a line
SHOWN = 20  # lines about what was wrong; more are counted
_COLUMNS = ("id", "reference", "received", "accused", "category", "channel", "tie", "state", "case_id")


@command(complaints_app)
async def add(
    here: Installation,
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
) -> Answer:
    """Take a complaint down; prints its number, which the reporter keeps."""
    from desk.complaint_rows import Channel
    from desk.reading import NewComplaint

    desk = await here.desk()
    filed = await desk.complaints.file(
        NewComplaint(
            accused=accused,
            reporter=reporter,
            called=called,
            at=moment(at, now=desk.archive.now(), zone=here.zone, ahead=False) if at else None,
            category=category,
            text=text,
            contact=contact,
            business=business,
            knew=dict(part.partition("=")[::2] for part in knew),
            decision=decision,
            channel=Channel.OPERATOR,
            source=here.actor,
        )
    )
    known = "was known already and adds nothing" if filed.duplicate else f"is {filed.state}"
    marked = "; no call of this number to that line is on record, so it weighs little" if filed.never_called else ""
    return Answer(filed, f"{filed.reference} {known}, in case {filed.case_id}{marked}.")


@command(complaints_app, "list")
async def list_complaints(
    here: Installation,
    accused: Annotated[str, typer.Option("--about", metavar="NUMBER", help="About this number.")] = "",
    state: Annotated[ComplaintState | None, typer.Option(help="In this state.")] = None,
    case: Annotated[int, typer.Option(help="Of this case.")] = 0,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Complaints at most.")] = 50,
    before: Annotated[int, typer.Option(help="Page on: the id of the last one shown.")] = 0,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """List complaints, newest first."""
    from desk.complaint_rows import listed
    from desk.disclosure import note_listing

    archive = (await here.desk()).archive
    number = archive.read_number(accused, "about").canonical if accused else ""
    found = await listed(
        archive.store.connection,
        accused=number,
        state=state,
        case_id=case or None,
        limit=limit,
        before=before or None,
    )
    await note_listing(archive, "complaint", len(found), actor=here.actor, number=number, state=state, case=case)
    wanted = InFull("complaints list", (number, state, case, limit, before), unmasked, reason)
    shown = await sight(here, wanted, [one.accused for one in found])
    return table(_COLUMNS, [shown(one)._asdict() for one in found], here.zone, narrow=_narrow)


def _narrow(row: dict[str, str]) -> str:
    return two_lines(
        (row["reference"], row["received"], row["accused"], row["state"]),
        f"{row['category']} by {row['channel']}, {row['tie']}",
        f"case {row['case_id']}",
        f"id {row['id']}",
    )


@command(complaints_app)
async def show(
    here: Installation,
    reference: Reference,
    words: Annotated[
        bool, typer.Option("--words", help="Decrypt what the reporter wrote; it is recorded who read it.")
    ] = False,
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Show a complaint, how it stands, and what its reporter is told of it."""
    from desk.complaint_rows import find, words_of
    from desk.disclosure import disclose, note_look

    desk, zone = await here.desk(), here.zone
    connection = desk.archive.store.connection
    found = await find(connection, reference)
    told = (await desk.letters.told(found))._asdict()
    show = await sight(here, InFull("complaints show", found.reference, unmasked, reason), [found.accused])
    written: dict[str, str] = {}
    if words:
        kept = await words_of(connection, desk.archive.secrecy, found)
        written = await disclose(desk.archive, "complaint", found.reference, kept, actor=here.actor)
    else:
        await note_look(desk.archive, "complaint", found.reference, actor=here.actor)
    found = show(found)
    times = {name: clock_time(getattr(found, name), zone) for name in ("received", "call_at", "state_at")}
    return Answer(
        plain(found, zone) | told | ({"words": written} if words else {}),
        field_lines(found._asdict() | times | {"knew": ", ".join(found.knew)} | told | written),
    )


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


@command(complaints_app)
async def withdraw(
    here: Installation,
    reference: References = [],  # noqa: B006
    reason: Annotated[str, typer.Option(help="Why, if the reporter said.")] = "",
    file: FromFile = None,
    about: About = "",
    case: OfCase = 0,
    source: OfSource = "",
    dry_run: DryRun = False,
) -> Answer:
    """Take complaints back; they lose their effect, and a seal stays until a person releases it."""
    which = _Which(tuple(reference), file, about, case, source)
    return await _end(here, which, ComplaintState.WITHDRAWN, reason, dry_run=dry_run)


@command(complaints_app)
async def reject(
    here: Installation,
    reason: Annotated[str, typer.Option(help="Why; the reporters are told.")],
    reference: References = [],  # noqa: B006
    file: FromFile = None,
    about: About = "",
    case: OfCase = 0,
    source: OfSource = "",
    dry_run: DryRun = False,
) -> Answer:
    """Find that complaints are none; they lose their effect."""
    which = _Which(tuple(reference), file, about, case, source)
    return await _end(here, which, ComplaintState.REJECTED, reason, dry_run=dry_run)


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

    @property
    def asked(self) -> bool:
        """All that stand, of a number, case or source."""
        return bool(self.about or self.case or self.source)

    async def names(self, desk: Desk) -> list[str]:
        """The numbers of all that are meant."""
        from desk.complaint_rows import standing_references
        from desk.faults import ComplaintError
        from rules.texts.lines import TooLongLine, lines_of

        if self.asked:
            number = desk.archive.read_number(self.about, "about").canonical if self.about else ""
            return await standing_references(
                desk.archive.store.connection, accused=number, case_id=self.case or None, source=self.source
            )
        if self.file is None:
            return list(dict.fromkeys(self.named))
        with reading_text(self.file) as text:
            try:
                written = [line.strip() for line in lines_of(text, _LONGEST_REFERENCE)]
            except TooLongLine as error:
                raise ComplaintError("file", f"line {error.line}: {error}") from error
        return list(dict.fromkeys([*self.named, *filter(None, written)]))


async def _end(here: Installation, which: _Which, state: ComplaintState, reason: str, *, dry_run: bool) -> Answer:
    """Withdraw or reject all that are meant; what is wrong with one stops no other. Exit 1 if something was wrong."""
    from desk.complaint_rows import find
    from desk.disclosure import note_listing
    from desk.faults import ComplaintError, NotFound
    from desk.protection import may_work
    from desk.showing import as_shown

    if bool(which.named or which.file) == which.asked:
        raise typer.BadParameter("name complaints (or --file), or all of a number, case or source; not both")
    desk = await here.desk()
    may_work(desk.archive, here.actor)
    if which.one and not dry_run:
        end = desk.complaints.withdraw if state is ComplaintState.WITHDRAWN else desk.complaints.reject
        one = as_shown(await end(which.named[0], actor=here.actor, reason=reason), here.home)
        return Answer(one, f"{one.reference} is {one.state}.")
    names = await which.names(desk)
    if not names:
        raise NotFound("complaint", "none that stands fits; `ringfence complaints list` shows them")
    if dry_run:
        found = [await find(desk.archive.store.connection, name) for name in names]
        rows = [{"reference": each.reference, "state": each.state, "error": ""} for each in found]
        lines = [each.reference for each in found[:SHOWN]]
        number = desk.archive.read_number(which.about, "about").canonical if which.about else ""
        await note_listing(desk.archive, "complaint", len(rows), actor=here.actor, number=number, dry_run=state)
        return Answer(
            rows, "\n".join([*lines, f"{counted(len(rows), 'complaint')} would be {state}; nothing was done."])
        )
    ended = await desk.complaints.end_many(names, state, actor=here.actor, reason=reason)
    rows = [
        {"reference": name, "state": "", "error": each.reason}
        if isinstance(each, ComplaintError)
        else {"reference": each.reference, "state": each.state, "error": ""}
        for name, each in zip(names, ended, strict=True)
    ]
    wrong = [row for row in rows if row["error"]]
    faults = [f"{row['reference'][:40]}: {row['error']}" for row in wrong[:SHOWN]]
    if len(wrong) > SHOWN:
        faults.append(f"and {len(wrong) - SHOWN:,} more; --json names them all")
    said = f"{counted(len(rows) - len(wrong), 'complaint')} {state}, {len(wrong):,} not."
    return Answer(rows, said, faults, FAULTS if wrong else 0)


@command(complaints_app, "import")
async def import_complaints(
    here: Installation,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="CSV, first line: columns.")
    ],
    source: Annotated[str, typer.Option(help="Which centre; default: the file's name.")] = "",
    encoding: Annotated[str, typer.Option(help="utf-8, gb18030 ...; default: found out.")] = "",
    errors: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write every line that is wrong here, as CSV.")
    ] = None,
) -> Answer:
    """File each sound line of a complaint centre's file; the same file again adds nothing. Exit 1 if a line is bad;
    many of these are counted by what is wrong with them.

    Columns: accused, reporter; perhaps called, at, category, text, contact, business, decision, knew name, knew plan,
    knew branch, knew purchase.
    """

    from desk.centre_files import file_centre
    from desk.exports import as_csv
    from desk.faults import ComplaintError

    desk = await here.desk()
    try:
        with reading_text(file, encoding) as lines:
            encoding = lines.encoding
            if file.is_file():  # before the first line is filed; what is no file can be read once only
                while lines.read(_PIECE):
                    pass
                lines.seek(0)
            found = await file_centre(desk.complaints, lines, source=source or file.name, zone=desk.archive.zone)
    except (UnicodeDecodeError, LookupError) as error:
        raise ComplaintError(
            "encoding", f"{file} is not {encoding} ({error}); save it as UTF-8, or say its --encoding"
        ) from error
    if errors is not None:
        with finished_file(errors, encoding="utf-8-sig") as out:
            out.write(as_csv(("line", "field", "reason"), sorted([*found.bad, *found.unkept])))
    said = f"{found.lines:,} lines: {found.filed:,} filed, {found.duplicates:,} known already."
    for one in found.unkept[:SHOWN]:
        said += f"\n{file}:{one.line}: {one.reason}."
    if len(found.unkept) > SHOWN:
        said += f"\nand {len(found.unkept) - SHOWN:,} lines more like these; --errors FILE names each."
    if found.left_out:
        said += f"\nNobody knows these columns, which were left out: {', '.join(found.left_out)}."
    return Answer(found, said, _what_was_wrong(found, file), FAULTS if found.bad else 0)


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

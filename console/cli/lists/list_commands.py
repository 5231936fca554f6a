"""`ringfence lists`: numbers on lists, changed while the proxy runs; the next call within a second sees it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console.cli.answering import command, group
from console.cli.answers import HELD, USAGE, Answer, fail, table
from console.cli.in_full import InFull, Unmasked, Why, see_in_full
from console.cli.lists.whom_it_hits import caught_told, hits_of
from console.cli.noted import note_entries, note_question, sees_numbers
from console.cli.options import moment, seconds, shown_time
from ringfence.shown_values import entry_data
from rules.lists.origins import BY_RULE
from rules.lists.suspension import is_whole, untold

if TYPE_CHECKING:
    from ringfence.installation import Installation
    from rules.lists.editing import Entry, Lists
    from rules.lists.import_batch import ImportReport
    from rules.lists.origins import Origin
    from rules.lists.reviews import Review

lists_app = typer.Typer(no_args_is_help=True)
group(lists_app, "Numbers on lists: add, remove, show, import and export them, without a restart.")
SHOWN = 5  # of many, named one by one
SEALS_UNTOLD = (
    "What of it is sealed is not passed; which numbers these are, a person who may see numbers is told, "
    "and `ringfence why NUMBER` of one."
)
ListName = Annotated[str, typer.Argument(metavar="LIST", help="A list of ringfence.yaml.")]
Numbers = Annotated[
    list[str],
    typer.Argument(
        metavar="NUMBER...", help="A number in any spelling, a prefix (+86170*), a range (95012000..95012999)."
    ),
]


def _country(code: str) -> str:
    """The code in capitals, or what is wrong with it."""
    from rules.numbering.countries import known_country

    try:
        return known_country(code.strip().upper()) if code else ""
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Country = Annotated[
    str,
    typer.Option(
        metavar="CC", callback=_country, help="Country whose plan national numbers are read in; default: home."
    ),
]


@command(lists_app)
async def add(
    here: Installation,
    name: ListName,
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Why; shown by explain.")] = "",
    source: Annotated[str, typer.Option(help="Who says so; default: operator.")] = "",
    expires: Annotated[
        str, typer.Option(metavar="TIME", help="30d, 2026-12-31 (its end), never; default: the list's.")
    ] = "",
    evidence: Annotated[str, typer.Option(help="A reference to what proves it.")] = "",
    note: Annotated[str, typer.Option(help="Whatever else should stand with it.")] = "",
    trunk: Annotated[list[str], typer.Option(help="Allow entries: the only trunks on which they pass calls.")] = [],  # noqa: B006
    ranges: Annotated[bool, typer.Option("--range", help="Block a prefix or range; says how many it hits.")] = False,
    leave_out: Annotated[list[str], typer.Option("--except", help="What an allow prefix leaves out as well.")] = [],  # noqa: B006
    licence: Annotated[str, typer.Option(help="Allow entries: number of the licence.")] = "",
    document: Annotated[str, typer.Option(help="Allow entries: hash of the document shown.")] = "",
    purpose: Annotated[str, typer.Option(help="Allow entries: what the calls are for.")] = "",
    hours: Annotated[str, typer.Option(help="Allow entries: 09:00-18:00, the hours they pass calls.")] = "",
    review: Annotated[str, typer.Option(metavar="TIME", help="Allow entries: off from then on.")] = "",
    owner: Annotated[str, typer.Option(help="Allow entries: who answers for it.")] = "",
    approver: Annotated[str, typer.Option(help="Allow entries: who agreed; not the author.")] = "",
    country: Country = "",
    force: Annotated[bool, typer.Option("--force", help="Even if it covers numbers of an allow list.")] = False,
) -> Answer:
    """Put numbers on a list, all or none: on disk when this returns, in force for the next call within a second.

    Of what stands there already, only what is given here changes.
    """
    from rules.lists.origins import NEVER, OPERATOR, UNQUALIFIED, Origin, Qualification

    zone = here.zone
    until = moment(expires, now=time.time(), zone=zone, ahead=True) if expires not in ("", "never") else None
    due = moment(review, now=time.time(), zone=zone, ahead=True) if review else None
    shown = Qualification(licence, document, purpose, hours, due, owner, approver)
    origin = Origin(
        *(source or OPERATOR.source, reason, here.actor, NEVER if expires == "never" else until),
        *(evidence, note, tuple(trunk)),
        qualification=None if shown == UNQUALIFIED else shown,
    )
    read_in, holes = country or here.home, tuple(leave_out)
    lists = await here.lists()
    if await proposes(lists, name, numbers, read_in):
        from rules.lists.held_imports import propose
        from rules.lists.imports import Wishes

        wishes = Wishes(country=read_in, zone=zone, wide=ranges, force=force)
        return _proposed(await propose(lists, name, numbers, origin, wishes, holes), name)
    done = await lists.add_all(*(name, numbers, origin), country=read_in, exceptions=holes, wide=ranges, force=force)
    done, untold = await _seals_of(here, done), seals_untold(here, name, done)
    told = list(zip(done, await hits_of(here, done), strict=True))
    return Answer(
        [entry_data(entry, zone) | hits.as_data() for entry, hits in told],
        "\n".join([*(line for entry, hits in told for line in (*added_lines(entry, zone), *hits.lines())), *untold]),
    )


async def _seals_of(here: Installation, done: list[Entry]) -> list[Entry]:
    """What was put on a list, with the seals that it met as far as whoever did it is told of them, which is entered."""
    if sees_numbers(here):
        await note_entries(here, sum(len(one.sealed) for one in done), "seals: lists add")
        return done
    if len(done) == 1 and is_whole(done[0].text):  # a number that is typed is looked up, as `why` does
        await note_question(here, done[0].text, "lists add")
        return done
    return [untold(one) for one in done]


def seals_untold(here: Installation, name: str, done: Sequence[Entry]) -> list[str]:
    """That nothing is said of seals, whether there are some or not, to who may see nobody's number."""
    policy = here.configuration.lists.get(name)
    passes = policy is not None and policy.kind == "allow" and not policy.shared
    told = sees_numbers(here) or (len(done) == 1 and is_whole(done[0].text))
    return [SEALS_UNTOLD] if passes and not told else []


async def proposes(lists: Lists, name: str, texts: Iterable[str], country: str) -> bool:
    """Is it for another person to confirm?"""
    from rules.lists.admission import read_entry

    policy = lists.policy(name)
    return policy.qualified or await lists.takes_two(
        policy, [read_entry(text, policy, country=country) for text in texts]
    )


def _proposed(report: ImportReport, name: str) -> Answer:
    """What waits for its approver, under which number; ends with the status of what waits for a person."""
    data = report_data(report)
    if not report.held:
        return Answer(data, f"It stands on {name} just so already; nothing was changed.")
    release = f"`ringfence lists release {report.held_id} --reason ...`"
    why = f"proposed for {name}, nothing was changed: {'; '.join(report.held)}, by {release}."
    return Answer(data, status=HELD, why=why)


def added_lines(entry: Entry, zone: str) -> Iterator[str]:
    """What was put on a list, how far it reaches, which blocks it makes useless; of what stood there, what changed."""
    if entry.before is not None:
        yield _changed(entry, entry.before, zone)
        yield from _useless_lines(entry)
        yield from _cut_lines(entry)
        return
    until = f" until {shown_time(entry.origin.expires, zone)}" if entry.origin.expires else ""
    hits = f"; it hits {entry.reach:,} numbers of the plan" if entry.text[-1] == "*" or ".." in entry.text else ""
    yield f"{entry.text} is on {entry.list}{until}{hits}."
    if entry.text.startswith("EXT:") and entry.text[-1] != "*":
        digits = entry.text.removeprefix("EXT:")
        yield f"{digits} is a number of no plan, such as an extension; what begins with it is written {digits}*."
    yield from _useless_lines(entry)
    yield from _cut_lines(entry)
    yield from sealed_lines(entry.sealed)


def _useless_lines(entry: Entry) -> Iterator[str]:
    for useless in entry.overrules:
        yield f"useless from now on: {useless}"
    if more := entry.overruled - len(entry.overrules):
        yield f"useless from now on: {more:,} entries more"


def _cut_lines(entry: Entry) -> Iterator[str]:
    for allowing in entry.cut:
        yield f"{allowing} leaves it out from now on, so that it acts."


def _changed(entry: Entry, before: Origin, zone: str) -> str:
    """What is different now on an entry that stood there."""
    if not entry.changed:
        return f"{entry.text} is on {entry.list} already; nothing was changed."
    old = {"expires": shown_time(before.expires, zone) or "never", "trunks": " ".join(before.trunks)}
    old |= {"review": shown_time(before.qualification.review, zone) if before.qualification else ""}
    was = []
    for column in entry.changed:
        stood = old.get(column) or getattr(before, column, "") or getattr(before.qualification, column, "")
        was.append(f"{column} (was {stood!r})" if stood else f"{column} (there was none)")
    if "except" in entry.changed:
        was[-1] = f"except (leaves out {', '.join(entry.exceptions)} now)"
    return f"{entry.text} is on {entry.list} already; changed: {', '.join(was)}. All else stays."


def report_data(report: ImportReport) -> dict[str, Any]:
    """What an import did, for programs: no sealed number more than people are shown."""
    told = {"refused": dict(report.refused), "caught": caught_told(report.caught), "sealed": sealed_told(report.sealed)}
    return asdict(report) | told


def sealed_told(sealed: Sequence[str]) -> tuple[str, ...]:
    """The same sentences with their numbers masked: what is sealed is shown in full to nobody who does not ask."""
    from desk.showing import worded

    return tuple(map(worded, sealed))


def sealed_lines(sealed: Sequence[str]) -> Iterator[str]:
    """Numbers that came onto an allow list and pass nobody, by which seal; the first few by name."""
    for seal in sealed_told(sealed[:SHOWN]):
        yield f"not passed: {seal}"
    if len(sealed) > SHOWN:
        yield f"not passed: {len(sealed) - SHOWN:,} sealed numbers more."


@command(lists_app)
async def remove(
    here: Installation,
    name: ListName,
    numbers: Numbers,
    reason: Annotated[str, typer.Option(help="Why; kept in their history.")] = "",
    country: Country = "",
) -> Answer:
    """Take numbers off a list, all or none; `lists history` still knows them."""
    lists, read_in = await here.lists(), country or here.home
    gone = await lists.remove_all(name, numbers, country=read_in, author=here.actor, reason=reason)
    said = "\n".join(f"{entry.text} is off {name}." for entry in gone)
    return Answer([entry_data(entry, here.zone) for entry in gone], said)


@command(lists_app)
async def show(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists, counted.")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Entries at most.")] = 100,
    after: Annotated[str, typer.Option(metavar="ENTRY", help="Go on behind this entry.")] = "",
    unmasked: Unmasked = False,
    reason: Why = "",
) -> Answer:
    """Show the entries of a list, or all lists with their kind and number of entries.

    Numbers are masked for who keeps no lists, and those of a list of seals for everybody: no keeper wrote them there.
    """
    lists = await here.lists()
    if not name:
        counts = await lists.counts()
        known = sorted(here.configuration.lists.items())
        rows = [
            {"list": one, "kind": policy.kind, "entries": counts.get(one, 0), "answer": policy.divert or policy.profile}
            for one, policy in known
        ]
        answered = ("answer",) if any(row["answer"] for row in rows) else ()
        return table(("list", "kind", "entries", *answered), rows, here.zone)
    hide = masks(here, name)
    if hide and after and not after.startswith("at:"):  # who asks by digits finds the next number
        fail("its numbers are masked for you: give --after the mark that the page before ended with (at:...)", USAGE)
    but = "" if hide or sees_numbers(here) else BY_RULE  # what he writes himself would find their digits
    found = await lists.show(name, limit=limit, after=opened_place(here, after), but=but)
    found = found if sees_numbers(here) else [untold(one) for one in found]
    await note_entries(here, len(found), f"lists show {name}")
    if hide and (unmasked or reason) and found:
        wanted = InFull("lists show", (name, limit, after), unmasked, reason)
        await see_in_full(here, wanted, [entry.text for entry in found])
        hide = False
    rows = [entry_data(entry, here.zone, hide=hide) for entry in found]
    qualified_by = ("owner", "approver", "review") if any("review" in row for row in rows) else ()
    limits = tuple(each for each in ("except", "trunks", "hours") if any(row.get(each) for row in rows))
    columns = ("entry", *limits, "reason", "source", "created", "expires", *qualified_by, "off")
    full = len(rows) == limit
    last = sealed_place(here, found[-1].text) if full and hide else found[-1].text if full else ""
    behind = f"What stands behind it: ringfence lists show {name} --after {last}" if full else ""
    told = [row | {each: _in_a_row(row.get(each)) for each in limits} for row in rows]
    if but and (held := await lists.how_many_of(name, but)):
        kept = f"Callers whom rules hold here, and who are told to who may see numbers: {held:,}."
        behind = f"{behind}\n{kept}" if behind else kept
    return table(columns, told, here.zone, behind=behind)._replace(data=rows)


def of_seals(here: Installation, name: str) -> bool:
    """Is it a list that cases fill, whose numbers are masked?"""
    policy = here.configuration.lists.get(name)
    return policy is not None and policy.kind == "sealed"


def masks(here: Installation, name: str) -> bool:
    """Are the numbers of this list masked for whoever runs the command? Those of seals are; others for no keeper."""
    from ringfence.people.rights import Right

    return of_seals(here, name) or Right.LISTS_WRITE not in here.who.rights


def sealed_place(here: Installation, entry: str) -> str:
    """Where a page of masked entries ended, as it may stand in a command: nobody reads the number in it."""
    from desk.secrecy import Secrecy

    return f"at:{Secrecy(here.keys).sealed(entry)}"


def opened_place(here: Installation, after: str) -> str:
    """The entry behind which to go on, as it is written or as a page of masked entries told it."""
    from desk.secrecy import Secrecy

    if not after.startswith("at:"):
        return after
    if not (entry := Secrecy(here.keys).opened(after.removeprefix("at:"))):
        fail("after: no page of a list told this; copy it as it was told, or begin without")
    return entry


def _entry(here: Installation, due: Review) -> dict[str, str]:
    from desk.showing import masked

    return {"entry": masked(due.entry) if masks(here, due.list) else due.entry}


def _in_a_row(value: object) -> str:
    return " ".join(value) if isinstance(value, list) else str(value or "")


@command(lists_app)
async def reviews(
    here: Installation,
    name: Annotated[str, typer.Argument(metavar="[LIST]", help="Default: all lists.")] = "",
    within: Annotated[str, typer.Option(metavar="TIME", help="Due within 30d, 12w.")] = "30d",
) -> Answer:
    """Show entries whose review is due soon, the first first; those whose date has passed are off already."""
    from rules.lists.reviews import due_reviews

    lists, now = await here.lists(), time.time()
    if name:
        lists.policy(name)
    rows = [
        one._asdict() | {"review": shown_time(one.review, here.zone), "off": one.review <= now} | _entry(here, one)
        for one in await due_reviews(lists, now + seconds(within), name=name)
    ]
    told = [row | {"off": "off" if row["off"] else None} for row in rows]
    columns = ("list", "entry", "review", "owner", "approver", "off")
    return table(columns, told, here.zone, none=f"No review is due within {within}.")._replace(data=rows)

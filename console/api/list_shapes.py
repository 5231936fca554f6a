"""Lists, their entries and imports, as clients send them and as the API shows them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from console.api.parts import Body, MaybeUtc, Moment, Next, Reason, Shape, Text, Utc, Worded, moment
from console.api.problems import Problem, field_problem, told
from desk.showing import masked, worded
from rules.lists.admission import EntryError
from rules.lists.editing import Entry
from rules.lists.few import Under
from rules.lists.import_batch import ImportReport
from rules.lists.origins import NEVER, UNQUALIFIED, Origin, Qualification

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_ROWS = 500
Sentences = list[Worded]
Strings = list[str]  # some shapes have a field `list`
_Short = Annotated[Text, Field(max_length=200)]
_Long = Annotated[Text, Field(max_length=1_000)]
_Spelling = Annotated[Text, Field(min_length=1, max_length=64)]
_ABSENT = frozenset({"no-such-list", "no-such-import"})
_OF_SOMEBODY_ELSE = frozenset({"not-yours", "same-person", "not-approver"})
_TOO_LATE = frozenset({"ended", "undone", "forgotten"})
_NEVER_TO_BE = frozenset({"protected", "emergency", "service", "sealed", "useless", "full", "nested", "self-approved"})


class Given(Body):
    """What is said of an entry; of one that stands already, only what is given changes."""

    reason: _Long = Field("", description="Why; shown by explain.")
    source: _Short = Field("", description="Who says so; default: the key's name.")
    evidence: _Long = Field("", description="A reference to what proves it.")
    note: _Long = ""
    licence: _Short = Field("", description="Of an organisation on an allow list, with the six below.")
    document: _Short = Field("", description="Hash of the document shown.")
    purpose: _Short = ""
    hours: _Short = Field("", description="09:00-18:00, in which it passes calls.")
    owner: _Short = ""
    approver: _Short = Field("", description="Who agrees by a release; never the one who adds.")


class EntriesToAdd(Given):
    """Numbers, prefixes and ranges for a list."""

    numbers: list[_Spelling] = Field(min_length=1, max_length=200, description="95588, 95*, 95500..95599.")
    expires: Moment | None = Field(None, description="Default: as the list has it.")
    never_expires: bool = Field(False, description="Takes an end away.")
    review: Moment | None = Field(None, description="Off from then on, until it is reviewed.")
    trunks: list[_Short] = Field(default=[], max_length=50, description="Allow entries: where alone they pass calls.")
    leave_out: list[_Spelling] = Field(default=[], max_length=50, description="What an allow prefix leaves out.")
    ranges: bool = Field(False, description="Prefixes and ranges may be blocked.")
    force: bool = Field(False, description="Even what covers numbers of an allow list.")

    def origin(self, source: str, author: str) -> Origin:
        """As the lists take it."""
        expires = NEVER if self.never_expires else moment(self.expires) if self.expires else None
        shown = Qualification(
            *(self.licence, self.document, self.purpose, self.hours),
            moment(self.review) if self.review else None,
            *(self.owner, self.approver),
        )
        return Origin(
            *(self.source or source, self.reason, author, expires, self.evidence, self.note, tuple(self.trunks)),
            qualification=None if shown == UNQUALIFIED else shown,
        )


class EntriesToRemove(Body):
    """Entries that leave a list."""

    numbers: list[_Spelling] = Field(min_length=1, max_length=200)
    reason: Reason = ""


class Row(Given):
    """A row of an import, as a line of a file."""

    number: Annotated[Text, Field(max_length=64)]
    expires: _Short = Field("", description="2026-12-31 (its end), 2026-12-31T18:00:00+08:00, never.")
    review: _Short = Field("", description="A day or a time, as above.")
    trunks: _Short = Field("", description="Names, divided by blanks.")
    leave_out: _Short = Field("", description="Entries, divided by blanks.")

    def line(self) -> str:
        """As a file has it."""
        found = {name: value for name, value in self.model_dump().items() if value}
        if "leave_out" in found:
            found["except"] = found.pop("leave_out")
        return json.dumps({"number": self.number} | found)


class RowsToImport(Body):
    """Rows for a list, all of them or none; larger files are for `ringfence lists import`."""

    rows: list[Row] = Field(max_length=MOST_ROWS)
    reason: _Long = Field("", description="For rows that give none.")
    source: _Short = Field("", description="The same; default: the key's name.")
    replace: bool = Field(False, description="The rows are the whole list: what is not among them is removed.")
    skip: bool = Field(False, description="Bad rows are left out and told; else one refuses all.")
    dry_run: bool = Field(False, description="Say what would happen, change nothing.")
    ranges: bool = Field(False, description="Prefixes and ranges may be blocked.")
    force: bool = Field(False, description="Even what covers numbers of an allow list.")
    insist: bool = Field(False, description="Although it would be held for a person; recorded.")


class Ending(Body):
    """Why something is taken back or dropped."""

    reason: Reason = ""


class Releasing(Body):
    """Why a held import may go on."""

    reason: Reason = Field(min_length=1)


class ListShape(Shape):
    """A list of ringfence.yaml."""

    name: str
    kind: str
    entries: int
    qualified: bool = Field(description="What is added waits for its approver.")
    shared: bool
    profile: str = Field(description="Reply profile of its rejections; empty: that of the trunk.")
    divert: str = Field(description="Destination that its callers hear in place of a rejection; empty: none.")


class ListsShape(BaseModel):
    """All lists."""

    lists: list[ListShape]


class QualificationShape(Shape):
    """What an organisation showed."""

    licence: str
    document: str
    purpose: str
    hours: str
    review: MaybeUtc
    owner: str
    approver: str


class EntryShape(Shape):
    """An entry of a list."""

    list: str
    entry: str = Field(description="In its one spelling.")
    reason: str
    source: str
    author: str
    evidence: str
    note: str
    created: Utc
    expires: MaybeUtc
    trunks: Strings
    leave_out: Strings
    qualification: QualificationShape | None
    off: str | None = Field(description="Why it does not count now; null: it does.")
    sealed: Sentences = Field(description="Numbers that it does not pass, since they are sealed.")
    import_id: int | None = Field(description="The import that brought it.")


class EntryPage(BaseModel):
    """Some entries of a list, prefixes and ranges first, and where the next ones begin."""

    entries: list[EntryShape]
    next: Next


class Covering(BaseModel):
    """Every entry that covers a number, on whatever list."""

    number: str
    entries: list[EntryShape]


class ChangedEntry(EntryShape):
    """An entry that was added, or added again."""

    changed: Strings | None = Field(description="Columns that are different now; null: it is new.")
    left_out_of: Strings = Field(description="Allow entries that leave it out from now on, so that it acts.")


class ChangedEntries(BaseModel):
    """What was put on a list."""

    entries: list[ChangedEntry]


class RemovedEntries(BaseModel):
    """What left a list."""

    entries: list[EntryShape]


class RefusedRow(BaseModel):
    """A row that was not taken."""

    row: int | None = Field(description="Its place, from 0.")
    code: str
    reason: str


class ReportShape(Shape):
    """What an import did, or would do."""

    import_id: int | None = Field(description="null: nothing was changed.")
    held_id: int | None = Field(description="Under which it waits; null: it does not.")
    held: Strings = Field(description="Why it waits for a person, or would.")
    rows: int
    added: int
    changed: int
    unchanged: int
    removed: int
    repeated: int
    extensions: int = Field(description="Numbers of no plan: beginnings that lack their star would be among them.")
    refused: int
    refusals: list[RefusedRow] = Field(description="The first hundred.")
    hits: int = Field(description="Codes of the range ledger that somebody holds and that it meets.")
    would_have_caught: int | None = Field(
        description="Calls of the last day that went through; null: of fewer callers than `privacy.least_callers`."
    )
    of_calls: int


class ImportShape(Shape):
    """An import that was made."""

    id: int
    list: str
    source: str
    author: str
    created: Utc
    added: int
    changed: int
    removed: int
    undone: MaybeUtc
    insisted: str = Field(description="Why it had been held, and who let it go on.")


class ImportsShape(BaseModel):
    """The latest imports, newest first."""

    imports: list[ImportShape]


class UndoneShape(Shape):
    """What the undoing of an import did."""

    id: int
    list: str
    off: int
    back: int
    kept: int = Field(description="Edited or taken off since: they stay so.")
    stay_off: Strings
    sealed: Sentences


class HeldShape(Shape):
    """An import that waits, or waited, for a person."""

    id: int
    list: str
    author: str
    created: Utc
    why: str
    source: str
    ended: MaybeUtc
    ended_by: str
    ended_why: str
    import_id: int | None
    lapses: Utc = Field(description="When it ends by itself, unless it is released before.")


class HeldShapes(BaseModel):
    """Those that wait, the oldest first."""

    held: list[HeldShape]


class HappeningShape(Shape):
    """Something that befell an entry."""

    at: Utc
    list: str
    entry: str
    what: str
    author: str
    reason: Worded
    source: str


class HistoryShape(BaseModel):
    """What befell the entries that cover a number or did."""

    number: str
    history: list[HappeningShape]


class HitShape(Shape):
    """How often an entry covered a call."""

    entry: str
    hits: int
    last_hit: Utc


Hits = list[HitShape]


class StatsShape(BaseModel):
    """What the entries of a list do."""

    list: str
    entries: int
    hits: int
    last_hit: MaybeUtc
    never_hit: int
    top: Hits = Field(description="Those that covered most calls.")


def entry_shape(entry: Entry, now: float, *, hide: bool = False) -> EntryShape:
    """An entry as it is shown. ``hide``: its numbers masked, for who keeps no lists."""
    told = _of_entry(entry, now)
    if hide:
        told |= {name: worded(getattr(entry.origin, name)) for name in ("reason", "evidence", "note")}
        told |= {"entry": masked(entry.text), "leave_out": [masked(one) for one in entry.exceptions]}
    return EntryShape.of(entry.origin, **told)


def changed_entry(entry: Entry, now: float) -> ChangedEntry:
    """An entry that was added, or added again."""
    changed = None if entry.before is None else entry.changed
    return ChangedEntry.of(entry.origin, **_of_entry(entry, now), changed=changed, left_out_of=entry.cut)


def _of_entry(entry: Entry, now: float) -> dict[str, object]:
    """What is not said of its origin."""
    return {
        "list": entry.list,
        "entry": entry.text,
        "created": entry.created,
        "leave_out": entry.exceptions,
        "off": entry.off(now) or None,
        "sealed": entry.sealed,
        "import_id": entry.import_id,
    }


def report_shape(report: ImportReport) -> ReportShape:
    """What an import did; nothing that was sent is repeated."""
    refusals = [
        RefusedRow(row=one.line - 1 if one.line else None, code=one.code, reason=told(one.message))
        for one in report.refusals
    ]
    return ReportShape.of(
        report,
        rows=report.lines,
        refused=sum(report.refused.values()),
        refusals=refusals,
        would_have_caught=None if isinstance(report.caught.calls, Under) else report.caught.calls,
        of_calls=report.caught.of,
    )


@contextmanager
def entry_faults(field: str, texts: Sequence[str] = ()) -> Iterator[None]:
    """Name the field, and the place in it, of what the lists refuse; ``texts`` are what stood there."""
    try:
        yield
    except EntryError as error:
        raise problem_of_entry(error, field, texts) from error


def problem_of_entry(error: EntryError, field: str, texts: Sequence[str] = ()) -> Problem:
    """What the lists refuse, as a problem."""
    reason = error.reason
    if error.name in _ABSENT:
        return Problem(404, "not-found", told(error.what) + ".")
    if error.name in _OF_SOMEBODY_ELSE:
        return Problem(403, "not-allowed", told(reason) + ".")
    if error.name in _TOO_LATE:
        return Problem(409, "conflict", told(reason) + ".")
    place = error.line - 1 if error.line else _place_of(reason, texts)
    field = field if place is None else f"{field}/{place}"
    return field_problem(field, reason, kind="refused" if error.name in _NEVER_TO_BE else "invalid")


def _place_of(reason: str, texts: Sequence[str]) -> int | None:
    """Which of these a reason begins with, as reasons do that are of one."""
    return next((place for place, text in enumerate(texts) if reason.startswith(repr(text))), None)

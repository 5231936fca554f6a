"""The rows of a file, read into sorted integers; bad ones are refused with line and reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, pairwise

from rules.lists.admission import EntryError, read_entry
from rules.lists.conflicts import holes_of, refuse_wide, written_holes
from rules.lists.holding import Caught, without_few
from rules.lists.list_files import FAULT, FileLine
from rules.lists.origins import NEVER, UNQUALIFIED, Origin, check_qualification, read_end, refuse_limits, refuse_past
from rules.model import NumberClass
from rules.numbering.intervals import Interval, encode
from rules.numbering.typed import read_typed
from rules.settings.screening import ListSettings
from rules.texts.key_runs import without_keys

# Of numbers with so many leading characters and the length in common, one is read, the others follow it.
_HEAD = 9
# National numbers of China are settled by six (17400, 0755 and two more): so there are few heads in a file of them.
_SHORT_HEADS = {"CN": {first + second: 6 for first in "01" for second in "0123456789" if first + second != "00"}}
_BY_HEAD = frozenset({NumberClass.MOBILE, NumberClass.FIXED, NumberClass.OTHER, NumberClass.TOLL_FREE})
_LINE = 24  # an entry is sorted as code << 56 | line << 24 | index of its origin
SHIFT = 56
MASK = (1 << _LINE) - 1
_MOST_LINES = (1 << (SHIFT - _LINE)) - 1
_QUALIFIED = ("licence", "document", "purpose", "hours", "owner", "approver")
_LONGEST = 200  # characters of an entry that is refused
SHOWN = 100  # refusals told one by one
NOTHING_CAUGHT = Caught(0, 0, ())


@dataclass(frozen=True, slots=True)
class Refusal:
    """A line that was not taken."""

    line: int  # 0: of no line in particular
    text: str
    code: str  # why, the same for the same reason: too-short, emergency, ...
    message: str


@dataclass(slots=True)
class ImportReport:
    """What an import did, or would do."""

    import_id: int | None = None
    lines: int = 0
    example: str = ""  # a number that it brought, to look at
    added: int = 0
    changed: int = 0
    unchanged: int = 0  # stands there just so already
    removed: int = 0
    not_understood: list[str] = field(default_factory=list)  # columns that nothing was done with
    comments: int = 0  # lines that begin with #
    extensions: int = 0  # numbers of no plan that were not written as extensions: beginnings lack their star
    extension: str = ""  # the first of them
    repeated: int = 0  # lines whose entry stands in a later line again, which counts
    refusals: list[Refusal] = field(default_factory=list)  # the first hundred
    refused: Counter[str] = field(default_factory=Counter)  # all of them, by code
    held: list[str] = field(default_factory=list)  # why it waits for a person, or would have
    held_id: int | None = None  # under which it was kept
    overrules: int = 0  # blocks that an import into an allow list makes useless
    useless: list[str] = field(default_factory=list)  # the first few of them
    sealed: list[str] = field(default_factory=list)  # numbers of an allow list that don't pass: seals stand on them
    passes: bool = False  # it went onto an allow list, of which seals let some numbers not pass
    seals_untold: bool = False  # an allow list's, to who may see nobody's number: whether there are such or not
    returned: int = 0  # of what was added: a person had taken it off
    returning: list[str] = field(default_factory=list)  # the first few, with who took it off and why
    hits: int = 0  # codes of the range ledger that somebody holds and that what comes meets
    holders: list[str] = field(default_factory=list)  # of the first few, with the code
    caught: Caught = NOTHING_CAUGHT  # calls of the last day that it would have caught

    def keep_few_back(self, least: int, *, tried: bool) -> None:
        """Tell of calls only what so many callers made at least; ``tried``: it changed nothing, and nothing waits."""
        self.caught = self.caught.coarse(least)
        if tried:
            self.held = without_few(self.held, self.caught)

    def keep_seals_back(self) -> None:
        """Say neither which seals it met nor whether it met any."""
        self.sealed, self.seals_untold = [], self.passes

    def refuse(self, refusal: Refusal) -> None:
        """One line more was not taken."""
        self.refused[refusal.code] += 1
        if len(self.refusals) < SHOWN:
            text, message = without_keys(refusal.text), without_keys(refusal.message)
            self.refusals.append(replace(refusal, text=text, message=message))


def line_of(packed: int) -> int:
    """The line of the file in which a packed entry stands."""
    return packed >> _LINE & _MOST_LINES


class Batch:
    """Rows read into integers, with each origin kept once."""

    def __init__(
        self,
        policy: ListSettings,
        origin: Origin,
        country: str,
        *,
        wide: bool,
        zone: str = "UTC",
        now: float = float("-inf"),
        trunks: Collection[str] | None = None,
    ) -> None:
        self.policy, self.country, self.wide = policy, country, wide
        self.report = ImportReport()
        self.packed: list[int] = []
        self.wides: dict[Interval, tuple[int, str, int]] = {}  # index of the origin, holes, line
        self.origins: dict[Origin, int] = {origin: 0}
        self.origin, self._zone, self._now, self._trunks = origin, zone, now, trunks
        self._indexes: dict[tuple[tuple[str, str], ...], int] = {}
        self._heads: dict[tuple[str, int], tuple[str, int]] = {}  # what stands before, and digits that fall away
        self._short_heads = _SHORT_HEADS.get(country, {})

    def read(self, rows: Iterable[FileLine], on_error: str, progress: Callable[[int], None] | None) -> None:
        """Read everything; a fault of a line is a refusal, or ends it all."""
        heads, short, packed, take = self._heads, self._short_heads, self.packed, 0
        for line, text, more in rows:
            take += 1
            if progress is not None and not take % 20_000:
                progress(take)
            try:
                index = self._index(more) if more else 0
                head = short.get(text[:2], _HEAD)
                known = heads.get((text[:head], len(text)))
                if known is not None and text[head:].isdigit() and text.isascii():
                    code = encode(known[0] + text[known[1] :])
                    if code is not None:
                        packed.append(code << SHIFT | line << _LINE | index)
                        continue
                self._read_one(line, text, index, more.get("except", ""))
            except EntryError as error:
                if on_error == "stop":
                    raise EntryError(error.name, error.reason, line) from error
                self.report.refuse(Refusal(line, text[:_LONGEST], error.name, str(error)))
        self.report.lines = take
        packed.sort()
        self.packed = [p for p, after in pairwise(chain(packed, (-1,))) if p >> SHIFT != after >> SHIFT]
        self.report.repeated += len(packed) - len(self.packed)

    def _read_one(self, line: int, text: str, index: int, exceptions: str) -> None:
        interval = read_entry(text, self.policy, country=self.country)
        holes = holes_of(interval, tuple(exceptions.split()), self.policy.kind, self.country)
        if not interval.exact:
            if not self.wide:
                refuse_wide(interval, self.policy.kind)
            self.report.repeated += interval in self.wides
            self.wides[interval] = index, written_holes(holes), line
            return
        self.packed.append(interval.start << SHIFT | line << _LINE | index)
        # Numbering plans tell by leading digits and length: the numbers around this one are read without asking again.
        number = read_typed(text, self.country)
        if number.kind is NumberClass.EXTENSION and ":" not in text:
            self.report.extensions += 1
            self.report.extension = self.report.extension or text[:_LONGEST]
        head = self._short_heads.get(text[:2], _HEAD)
        if len(text) <= head or number.kind not in _BY_HEAD or interval.places < 9:
            return
        for dropped in (0, 1):  # the 0 before an area code
            rest = text[dropped:]
            if number.canonical.endswith(rest) and text[:dropped] in ("", "0"):
                self._heads[text[:head], len(text)] = number.canonical[: -len(rest)], dropped
                return

    def _index(self, more: Mapping[str, str]) -> int:
        key = tuple(more.items())
        known = self._indexes.get(key)
        if known is not None:
            return known
        if FAULT in more:
            raise EntryError("unreadable", more[FAULT])
        origin = self._origin_of(more)
        refuse_limits("", origin, self.policy.kind, self._trunks)
        refuse_past("", origin, self._now)
        if self.policy.kind == "allow":
            check_qualification("", origin, self.policy, self._now)
        index = self._indexes[key] = self.origins.setdefault(origin, len(self.origins))
        if index > MASK:
            raise EntryError("too-many-origins", "more than 16 million different reasons, sources and notes")
        return index

    def _origin_of(self, more: Mapping[str, str]) -> Origin:
        base = self.origin
        qualified = {name: more[name] for name in _QUALIFIED if name in more}
        qualification = base.qualification
        if qualified or "review" in more:
            review = {"review": read_end(more["review"], self._zone)} if "review" in more else {}
            qualification = replace(base.qualification or UNQUALIFIED, **qualified, **review)  # type: ignore[arg-type]
        return replace(
            base,
            **{name: more[name] for name in ("source", "reason", "evidence", "note") if name in more},
            expires=_end(more["expires"], self._zone) if "expires" in more else base.expires,
            trunks=tuple(more["trunks"].split()) if "trunks" in more else base.trunks,
            qualification=qualification,
        )


def _end(text: str, zone: str) -> float:
    return NEVER if text.strip().casefold() == "never" else read_end(text, zone)

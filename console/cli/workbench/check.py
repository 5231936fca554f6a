"""`ringfence check`: the whole configuration, or rule files alone; every fault at once, then one line of sum."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from console.cli.answers import counted
from console.cli.door import let_in
from console.cli.noted import least_callers, note_preview
from desk.archive import complaints_path
from ringfence.candidates import ComparedWithPast, compared_with_past
from ringfence.checks import closed_pages, ends_of_certificates, lost_keys
from ringfence.configuration import Configuration, PartlyRead, read_configuration
from ringfence.installation import Installation
from ringfence.memory import too_large
from ringfence.node_settings import rule_files
from ringfence.people.faults import NotAllowed
from ringfence.people.nobody_left import nobody_left
from ringfence.rulebook import Rulebook, compiled, load_rulebook, patterns
from ringfence.stand_ins import beyond
from rules.audit.doors import through
from rules.judging.calendars import NO_DAYS, read_calendar, unannounced
from rules.language.compile import Built, Compiled, read_files
from rules.language.faults import Location
from rules.language.grammar import When, whens_of
from rules.language.overlap import find_overlaps
from rules.language.source import Document, Fault, RuleError, read_at_most, without_collection
from rules.numbering.typed import decided
from rules.texts.encodings import readable
from rules.texts.key_runs import without_keys

SHOWN = 10  # rules named in one line
LONGEST_DEADLINE = timedelta(days=60)  # twenty working days, with a week of holidays in their midst, and some room
_OF_CALLS = ("calls", "cut", "changed", "from_allow_lists")  # figures of `ComparedWithPast`
WIDTH = 200  # characters of a line that are shown


class Findings(NamedTuple):
    """What check found."""

    checked: list[str]  # files
    rules: int
    revision: str  # of the rule set; empty when it was refused
    faults: list[Fault]
    examples: int = 0
    not_analysed: Mapping[str, list[str]] = MappingProxyType({})  # by rule: conditions that could hide others
    counting_mib: int = 0  # what counts of these rules may take in memory
    standing: ComparedWithPast | None = None  # None: there is no sound rule set, or only a part of one was checked

    @property
    def refused(self) -> bool:
        """Would a proxy refuse to start with this?"""
        return any(not fault.warning for fault in self.faults)

    def as_text(self) -> str:
        """A line for each fault, with the line of the file that it is in, then the sum."""
        texts: dict[str, list[str]] = {}
        lines = [part for fault in self.faults for part in (str(fault), *quoted(fault, texts))]
        if self.not_analysed:
            rules = "; ".join(f"{rule} ({', '.join(asked)})" for rule, asked in list(self.not_analysed.items())[:SHOWN])
            more = f" and {len(self.not_analysed) - SHOWN} more" if len(self.not_analysed) > SHOWN else ""
            lines.append(f"not analysed, whether rules hide each other by these conditions: {rules}{more}")
        return "\n".join([*lines, self._sum()])

    def _sum(self) -> str:
        """The last line."""
        wrong = sum(not fault.warning for fault in self.faults)
        warned = len(self.faults) - wrong
        rules = f"{counted(self.rules, 'rule')}, {counted(self.examples, 'example')}, " if not self.refused else ""
        warnings = f", {counted(warned, 'warning')}" if warned else ""
        standing = f"; {standing_told(self.standing)}" if self.standing else ""
        counting = f"; counting takes {self.counting_mib:,} MiB at most" if self.counting_mib else ""
        return f"{rules}{counted(wrong, 'fault')}{warnings}{counting}{standing}"

    def as_data(self) -> dict[str, Any]:
        """The same for programs."""
        faults = [fault._asdict() for fault in self.faults]
        return {
            "files": self.checked,
            "rules": self.rules,
            "examples": self.examples,
            "revision": self.revision or None,
            "faults": faults,
            "not_analysed": dict(self.not_analysed),
            "counting_mib": self.counting_mib,
            "standing": standing_data(self.standing) if self.standing else None,
        }


def standing_data(found: ComparedWithPast) -> dict[str, Any]:
    """The same as `standing_told` for programs; null for figures that are not told."""
    data = found._asdict()
    del data["judged"]  # by how many calls it is known is for the audit
    return data | (dict.fromkeys(_OF_CALLS) if found.untold else {})


def standing_told(found: ComparedWithPast) -> str:
    """The end of check's last line: what the rules would have changed, and whether they are live."""
    if found.is_live:
        return f"live as revision {found.live}"
    when = f"the last {found.calls:,} calls:" if found.cut else "yesterday:"
    if found.untold:
        past = f"yesterday: not told, {found.untold}"
    elif not found.calls:
        past = "yesterday: no calls"
    elif not found.changed:
        past = f"{when} no call{f' of {found.least} callers' if found.least else ''} changes"
    else:
        change = "1 call changes" if found.changed == 1 else f"{found.changed:,} calls change"
        past = f"{when} {change}, {found.from_allow_lists:,} from allow lists"
    if found.live is None:
        return f"{past}; nothing is live yet"
    unsound = ", which no longer fits ringfence.yaml" if found.unsound else ""
    return f"{past}; not live, revision {found.live} is{unsound}"


def quoted(fault: Fault, texts: dict[str, list[str]] | None = None) -> list[str]:
    """The line that a fault stands in, of a long one the part around it, and a mark below the place.

    `texts` keeps the lines of files, so that thousands of faults read each file once.
    """
    if not fault.line:
        return []
    texts = {} if texts is None else texts
    if fault.file not in texts:
        texts[fault.file] = lines_of(Path(fault.file))
    lines = texts[fault.file]
    if fault.line > len(lines):
        return []
    line, column = without_keys(lines[fault.line - 1]), fault.column
    if len(line) > WIDTH:
        start = max(0, min(column - 1 - WIDTH // 2, len(line) - WIDTH))
        before, after = "..." if start else "", "..." if start + WIDTH < len(line) else ""
        line, column = f"{before}{line[start : start + WIDTH]}{after}", column - start + len(before)
    mark = "".join("\t" if one == "\t" else " " for one in line[: column - 1])
    return [f"    {line}", f"    {mark}^"]


def lines_of(path: Path) -> list[str]:
    """The lines of a file, whatever it was saved in; of what is no file, none."""
    try:
        return readable(read_at_most(path)).splitlines() if path.is_file() else []
    except (RuleError, OSError):
        return []


def check(file: Path, files: list[Path]) -> Findings:
    """Check a ringfence.yaml with all its rules, or only these rule files under it."""
    with without_collection():
        return _checked(file, files)


def _checked(file: Path, files: list[Path]) -> Findings:
    try:
        if files:
            settings, document = read_configuration(file)
            here = Installation(file, settings, document)
            return asyncio.run(_reviewed(here, list(map(str, files)), compiled(settings, document, files)))
        book = load_rulebook(file)
        return asyncio.run(_whole(Installation(file, book.configuration, book.document), book))
    except RuleError as error:
        faults = list(error.faults)
        if isinstance(error, PartlyRead) and error.left is not None:
            further = rule_faults(error.left, error.document, file.parent)
            faults = beyond(faults, further, error.document, error.unread)
        return Findings(list(map(str, files)) or [str(file)], 0, "", faults)


async def _whole(here: Installation, book: Rulebook) -> Findings:
    assert book.compiled is not None  # it was read from the disk
    async with here:  # an open database would keep the process alive
        found = await _reviewed(here, [str(here.file), *map(str, book.files)], book.compiled)
        known = (patterns, deadlines, empty_settings, undecided_home, too_large, lost_keys)
        beside = (*known, ends_of_certificates, closed_pages)
        more = [fault for look in beside for fault in look(here.configuration, here.document, here.base)]
        more += await nobody_left(here)
        return found._replace(faults=sorted({*found.faults, *more}), standing=await _standing(here, book))


async def _standing(here: Installation, book: Rulebook) -> ComparedWithPast:
    """What the rules would change of the past, for whoever may replay it: under the same guards, limit and record."""
    try:
        with through("command line"):
            await let_in(here, "replay")
    except NotAllowed as error:
        return await compared_with_past(here, book, untold=error.reason)
    found = await compared_with_past(here, book, least=least_callers(here))
    if found.judged:
        with through("command line", here.who.role):
            await note_preview(here, found.judged, f"past calls: check, {book.ruleset.revision}")
    return found


async def _reviewed(here: Installation, names: list[str], compiled: Compiled) -> Findings:
    """What is found in rules beyond their faults, where they have none."""
    ruleset, counts, lost = compiled.ruleset, {}, []
    if ruleset is None:
        return Findings(names, 0, "", compiled.faults)
    if await asyncio.to_thread(here.database.exists):  # else no list was ever filled
        async with here:
            lists = await here.lists()
            counts, lost = await lists.counts(), await lists.lost_trunks()
    overlaps = find_overlaps(compiled)
    empty = [fault for built in compiled.built for fault in empty_lists(built, counts)]
    examples = sum(len(built.rule.catches) + len(built.rule.spares) for built in compiled.built)
    for name, trunk in lost:
        what = f"entries of list {name!r} are for trunk {trunk!r}, which there is not: there they pass nobody"
        empty.append(here.document.fault(("trunks",), what, "add them again with --trunk", warning=True))
    warnings = sorted({*compiled.faults, *overlaps.warnings, *empty})
    sums = (examples, overlaps.not_analysed, compiled.counting_mib)
    return Findings(names, len(ruleset.rules), ruleset.revision, warnings, *sums)


def empty_lists(built: Built, counts: Mapping[str, int]) -> Iterator[Fault]:
    """Conditions on lists that were emptied, or never filled."""
    for where, when in whens_of(built.rule, built.loc):
        for loc, listed in named_lists(when, where):
            if counts.get(listed) == 0:
                what = f"list {listed!r} is empty, so nobody stands on it"
                yield built.file.document.fault(loc, what, "fill it, or let the rule ask for another", warning=True)


def named_lists(when: When, loc: Location) -> Iterator[tuple[Location, str]]:
    """Every list that a condition names by itself, and where."""
    for who in ("caller", "called"):
        condition = getattr(when, who)
        for position, name in enumerate((condition and condition.on_list) or ()):
            yield (*loc, who, "on_list", position), name
    group = when.called.group if when.called else None
    for position, name in enumerate((group and group.is_) or ()):
        yield (*loc, "called", "group", position), name


def rule_faults(left: Configuration, document: Document, base: Path) -> list[Fault]:
    """Faults of packs and rules under a ringfence.yaml that has faults itself: all are named at once."""
    left = left.model_copy(update={"country": decided(left.home), "calendar": None})  # its faults are told
    try:
        sources = read_files([file for pattern in left.rules for file in rule_files(base, pattern)], left, document)
        return [fault for fault in compiled(left, document, sources).faults if not fault.warning]
    except RuleError as error:
        return list(error.faults)


def empty_settings(_configuration: Configuration, document: Document, _base: Path) -> Iterator[Fault]:
    """Keys of ringfence.yaml whose value was left out, or turned into a remark: what holds is not what one reads."""
    for loc in _nothing(document.data, ()):
        what = f"{loc[-1]}: no value stands here, so it is as if the key was not there"
        yield document.fault(loc, what, "write one, or remove the key", warning=True)


def undecided_home(configuration: Configuration, document: Document, _base: Path) -> Iterator[Fault]:
    """Trunks of several countries and no home: what people type in a national spelling is refused everywhere."""
    if configuration.country or not (countries := configuration.home.split())[1:]:
        return
    named = f"{', '.join(countries[:-1])} and {countries[-1]}"
    what = f"trunks have the countries {named} and none is home: numbers in a national spelling are refused in lists"
    hint = f"write country: {countries[0]} (or the other) at the top, or every number with its country code"
    yield document.fault(("trunks",), what, hint, warning=True)


def _nothing(data: Any, loc: Location) -> Iterator[Location]:
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from _nothing(value, (*loc, key))
    elif data is None and loc:
        yield loc


def deadlines(
    configuration: Configuration, document: Document, base: Path, now: float | None = None
) -> Iterator[Fault]:
    """A year without a calendar into which deadlines of complaints run that are received now."""
    if not complaints_path(base / configuration.storage.database).exists():
        return
    days = read_calendar(base / configuration.calendar) if configuration.calendar else NO_DAYS
    today = datetime.fromtimestamp(time.time() if now is None else now, ZoneInfo(configuration.time_zone)).date()
    if said := unannounced(configuration.country, (today.year, (today + LONGEST_DEADLINE).year), days):
        hint = "name its days in a file, and that file under `calendar`"
        what = f"deadlines of complaints: {said}"
        yield document.fault(("calendar",) if configuration.calendar else (), what, hint, warning=True)

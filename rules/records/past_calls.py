"""Calls of the past as rules see them: from the decision records, or from a file of calls."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from rules.judging.facts import gap_at
from rules.language.examples import NotJudged, Read, example_call, unmeasured
from rules.language.faults import Fault, RuleError, faults_of, nearest
from rules.language.grammar import Example
from rules.language.source import ask_door, read_document, refuse_what_is_no_file
from rules.language.values import read_rate_name, refuse_measured
from rules.model import ATTESTATION, ATTESTATIONS, Action, Call, Hit, Number, NumberClass, Step, Trunk
from rules.numbering.numbers import read_number
from rules.records.decisions import first_decision, read_fired
from rules.records.redacted_numbers import HIDDEN_WORD, redacted_number
from rules.storage.statements import sql
from rules.storage.store import Store
from rules.texts.bad_value import BadValue
from rules.texts.encodings import encoding_of
from rules.texts.lines import TooLongLine, lines_of

_COLUMNS = sql(
    "seq, id, at, trunk, caller, caller_class, called_key, called_class, called_area, called_group, "
    "action, step, rule, fired, facts, revision"
)
_HEAD = 65_536  # bytes in which the encoding of a file shows; spreadsheets in China save GB18030, or UTF-16
_PAGE = 5_000
_LATE_S = 900.0  # a record is written when its call has ended: by then later ones may stand before it
NOTHING_MASKED: frozenset[str] = frozenset()
_KINDS = {str(kind): kind for kind in NumberClass}
_ACTIONS = {str(action): action for action in Action}
_SUBSCRIBER = {"subscriber allow list": "subscriber-allow", "subscriber block list": "subscriber-block"}

Row = tuple[Any, ...]


class Past:
    """One call of the past, and what was decided about it."""

    __slots__ = ("action", "call", "fired", "hidden", "hits", "id", "masked", "revision", "rule")

    def __init__(
        self,
        call: Call,
        *,
        id_: str,
        action: Action | None,
        rule: str = "",
        revision: str = "",
        fired: str = "[]",
        hidden: Number | None = None,
        hits: tuple[Hit, ...] = (),
        masked: frozenset[str] = NOTHING_MASKED,
    ) -> None:
        self.call = call
        self.id = id_
        self.action = action  # None: nobody said
        self.rule = rule
        self.revision = revision
        self.fired = fired  # JSON
        self.hidden = hidden  # the called number, where only its area is known; the call itself has the area for it
        self.masked = masked  # texts of the call in whose place digits may be hidden, as rules call them
        self.hits = hits  # entries of the subscriber's own lists, as recorded: nobody can look them up any more

    def fired_rules(self) -> set[str]:
        """The rules that held, by the record."""
        return {one.name for one in read_fired(self.fired) if one.step in (Step.RULES, Step.SUSPICION)}


class Unusable(NamedTuple):
    """A record that can't be judged again."""

    why: str
    id: str = ""  # of a call of a file: its line


class LogPart(NamedTuple):
    """What part of the log is read."""

    first: int  # seq
    to_read: int  # records at most
    in_log: int


class PastCalls:
    """The decision records, read again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @classmethod
    async def open(cls, path: Path) -> PastCalls:
        """Open the database of decisions."""
        return cls(await Store.open(path, "decisions", durable=False))

    async def span(self, since: float | None, most: int | None = None) -> LogPart:
        """What there is since then, the newest `most` of it."""
        lowest, highest = (await self._rows("select min(seq), max(seq) from decision", ()))[0]
        if highest is None:
            return LogPart(0, 0, 0)
        first = lowest
        if since is not None:
            early = first_decision(since - _LATE_S)
            found = await self._rows("select seq from decision where id >= ? order by id limit 1000", (early,))
            first = min((row[0] for row in found), default=highest + 1)
        if most is not None:
            first = max(first, highest - most + 1)
        return LogPart(first, highest - first + 1, highest - lowest + 1)

    async def pages(self, span: LogPart, since: float | None) -> AsyncIterator[list[Row]]:
        """The records, oldest first, some thousands at a time."""
        after, last = span.first - 1, span.first + span.to_read - 1
        query = sql(
            "select {columns} from decision where seq > ? and seq <= ? and at >= ? order by seq limit {page}",
            columns=_COLUMNS,
            page=_PAGE,
        )
        while rows := await self._rows(query, (after, last, since or 0.0)):
            after = rows[-1][0]
            yield rows

    async def close(self) -> None:
        """Nothing is open any more."""
        await self._store.close()

    async def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        return list(await self._store.connection.execute_fetchall(query, values))


class RecordReader:
    """Makes calls out of records."""

    def __init__(self, trunks: Mapping[str, Trunk], known_called: Mapping[str, str]) -> None:
        self._trunks = trunks
        self._known_called = known_called  # canonical numbers by pseudonym

    def read(self, row: Row) -> Past | Unusable:
        """The call of a record."""
        _, id_, at, trunk_name, caller, caller_class, called_key, called_class, area = row[:9]
        group, action, step, rule, fired, facts_text, revision = row[9:]
        if step == Step.EMERGENCY:
            return Unusable("emergency calls, which always pass")
        if step == Step.CALLBACK:
            return Unusable("calls to subscribers who had made an emergency call, which always pass")
        trunk = self._trunks.get(trunk_name)
        if trunk is None:
            return Unusable(f"calls of trunk {trunk_name}, which is no longer in ringfence.yaml")
        try:
            facts = json.loads(facts_text)
            get = facts.get
            number = Number(
                caller,
                _kind_of(caller, caller_class),
                get("region", ""),
                get("raw", caller),
                get("inbound_only", False),
            )
            called, hidden = self._called(called_key, area, _KINDS[called_class])
            measured = get("facts")
            call = Call(
                caller=number,
                callers=(callers := _numbers(number, get("callers"))),
                asserted=callers[: get("readings", 1)],
                resembled=tuple(Number(other, NumberClass.OTHER) for other in get("resembled", ())),
                sure=get("sure", True),
                called=called,
                trunk=trunk,
                at=at,
                asserted_by_pai=get("pai", False),
                agrees=get("agrees"),
                display_name=get("display_name", ""),
                domain=get("domain", ""),
                user_agent=get("user_agent", ""),
                diverted=get("diverted", False),
                message=get("message", False),
                headers=get("headers"),
                more_texts={about: tuple(texts) for about, texts in get("more_texts").items()}
                if "more_texts" in facts
                else None,
                facts={"group": group} if group and not measured else measured,
                vouched=bool(measured) and get("believed", False) and measured.get(ATTESTATION[0]) in ATTESTATIONS[:3],
            )
            verdict = _ACTIONS[action]
        except (ValueError, KeyError, TypeError, AttributeError):
            return Unusable("records that cannot be read")
        hits = _subscriber_hits(fired, caller) if "subscriber" in fired else ()
        more = {"rule": rule, "revision": revision, "fired": fired}
        return Past(call, id_=id_, action=verdict, hidden=hidden, hits=hits, masked=_masked(call), **more)

    def _called(self, key: str, area: str, kind: NumberClass) -> tuple[Number, Number | None]:
        """The called number with the area in its place, and what is not known of it."""
        if not key:
            return Number("", kind), None
        hidden = redacted_number(area, kind)
        canonical = self._known_called.get(key)
        if canonical is None:
            return hidden._replace(canonical=area, region=""), hidden
        return hidden._replace(canonical=canonical), hidden if hidden.region is HIDDEN_WORD else None


def _kind_of(canonical: str, recorded: str) -> NumberClass:
    """The class in a record; what the ledger knew stood in its place once, and stands among the facts as well."""
    kind = _KINDS[recorded]
    return read_number(canonical, Trunk("")).kind if kind is NumberClass.UNHELD else kind


def _masked(call: Call) -> frozenset[str]:
    """The texts of a recorded call that have a * where a digit may have been."""
    texts = {"display_name": call.display_name, "domain": call.domain, "user_agent": call.user_agent}
    texts |= {f"header.{name}": text for name, text in (call.headers or {}).items()}
    found = frozenset(about for about, text in texts.items() if "*" in text)
    found |= {about for about, others in (call.more_texts or {}).items() if any("*" in text for text in others)}
    return found or NOTHING_MASKED


def _numbers(first: Number, others: list[str] | None) -> tuple[Number, ...]:
    if not others:
        return ()
    return (first, *(Number(other, NumberClass.OTHER) for other in others if other != first.canonical))


def _subscriber_hits(fired: str, caller: str) -> tuple[Hit, ...]:
    return tuple(
        Hit(kind, kind, part.entry, "subscriber", caller, 0)
        for part in read_fired(fired)
        if (kind := _SUBSCRIBER.get(part.step))
    )


def _measured(text: str) -> dict[str, str]:
    """``calls_1h=61 short_calls_1h=80%`` by names; BadValue for what no call can have."""
    found: dict[str, str] = {}
    for part in text.split():
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise BadValue(f"{part!r} is no fact", "write name=value, as in calls_1h=61")
        if name in found:
            raise BadValue(f"{name} stands here twice", "write it once")
        if rate := read_rate_name(name):
            refuse_measured(rate[0], value)
        found[name] = value
    return found


class CallFile:
    """A CSV file of calls: columns as in the examples of rules, `facts` as `calls_1h=61 short_calls_1h=80%`."""

    COLUMNS = (
        *("from", "to", "at", "trunk", "trunk_country", "group", "display_name", "domain"),
        *("user_agent", "agrees", "diverted", "facts", "verdict"),
    )

    def __init__(
        self,
        path: Path,
        trunk_of: Callable[[Example], Trunk | None],
        zone: ZoneInfo,
        read: Read,
        facts: Collection[str] = (),
    ) -> None:
        """``facts``: which a call may have besides those that are counted."""
        self._path, self._trunk_of, self._zone, self._read, self._facts = path, trunk_of, zone, read, facts

    def read(self) -> Iterator[Past | Unusable]:
        """Each call of the file; RuleError names the line that can't be used."""
        refuse_what_is_no_file(self._path, most=math.inf)
        with io.BufferedReader(io.FileIO(self._path), _HEAD) as raw:
            ask_door(self._path, raw.fileno())
            encoding = encoding_of(raw.peek(_HEAD), whole=False) or "utf-8-sig"
            with io.TextIOWrapper(raw, encoding, newline="") as text:
                yield from self._rows(lines_of(text), encoding.removesuffix("-sig").upper())

    def _rows(self, lines: Iterator[str], encoding: str) -> Iterator[Past | Unusable]:
        rows = csv.DictReader(lines)
        try:
            first = next(lines, "")
            # Excel parts columns by semicolons where numbers have a comma.
            rows = csv.DictReader(chain([first], lines), delimiter=";" if ";" in first and "," not in first else ",")
            self._check(rows.fieldnames or ())
            for row in rows:
                yield self._past(row, rows.line_num)
        except TooLongLine as error:
            raise RuleError([Fault(str(self._path), error.line, 1, str(error), "save the calls as CSV")]) from None
        except UnicodeDecodeError:
            what = f"from here on this is not {encoding}"
            raise RuleError([Fault(str(self._path), rows.line_num + 1, 1, what, "save the file as UTF-8")]) from None

    def _check(self, names: Collection[str]) -> None:
        if twice := [name for name in names if list(names).count(name) > 1]:
            what = f"two columns are called {twice[0]!r}, of which one would be lost"
            raise RuleError([Fault(str(self._path), 1, 1, what, "take one of them out")])
        for name in names:
            if name not in self.COLUMNS:
                raise RuleError([Fault(str(self._path), 1, 1, f"unknown column {name!r}", nearest(name, self.COLUMNS))])
        if "from" not in names:
            hint = "begin the file with a line such as from,to,at,trunk"
            raise RuleError([Fault(str(self._path), 1, 1, "there is no column 'from'", hint)])

    def _past(self, row: dict[str, Any], line: int) -> Past | Unusable:
        def refuse(what: str, hint: str) -> RuleError:
            return RuleError([Fault(str(self._path), line, 1, what, hint)])

        if None in row or None in row.values():
            raise refuse("this line has another number of columns than the first", "write one value a column")
        values: dict[str, Any] = {key: value.strip() for key, value in row.items() if value.strip()}
        verdict = values.pop("verdict", "")
        if verdict and verdict not in _ACTIONS:
            raise refuse(f"verdict: {verdict!r} is none", nearest(verdict, _ACTIONS))
        if "facts" in values:
            try:
                values["facts"] = _measured(values["facts"])
            except BadValue as error:
                raise refuse(f"facts: {error.what}", error.hint) from None
            for _, what, hint in unmeasured(values["facts"], self._facts):
                raise refuse(what, hint)
        try:
            example = Example.model_validate(values)
        except ValidationError as error:
            fault = faults_of(error, read_document("", str(self._path)), Example)[0]
            raise refuse(fault.what, fault.hint) from None
        trunk = self._trunk_of(example)
        if trunk is None:
            raise refuse(f"there is no trunk {example.trunk!r}", "write the name of a trunk of ringfence.yaml")
        if example.at is not None and (said := gap_at(example.at, self._zone)):
            raise refuse(*said)
        try:
            call = example_call(example, trunk, self._zone, self._read)
        except NotJudged:
            return Unusable("calls that the proxy answers before anybody judges them", f"line {line}")
        return Past(call, id_=f"line {line}", action=_ACTIONS.get(verdict))

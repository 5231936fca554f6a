"""The record of judged calls: what a row holds, how it is read back, how long it is kept."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from json.encoder import encode_basestring_ascii as quoted
from math import isfinite
from pathlib import Path
from typing import Any, Final

from rules.model import Action, Call, Fired, Outcome, Step, Verdict
from rules.records.privacy import area, mask_within, mask_words, pseudonym
from rules.records.spool import spooled
from rules.storage.statements import every, joined, places, sql, wanted
from rules.storage.store import Store, database_path

Row = tuple[Any, ...]
_COLUMNS = sql(
    "id, at, call_id, source, trunk, caller, caller_class, called_key, called_class, called_area, called_group, "
    "action, step, rule, reason, profile, suspicion, fired, facts, revision, call_key, status, rang, setup_ms"
)
WIDTH: Final = 24
_ID: Final = re.compile(r"[0-9a-f]{20}")
_VALUES = sql("({places})", places=places(WIDTH))
_INSERT = sql(
    "insert into decision ({columns}) values {values} on conflict do nothing", columns=_COLUMNS, values=_VALUES
)
# Whoever counts records remembers how far he is: an emptied table must not begin at 1 again.
_INSERT_FIRST = sql(
    "insert into decision (seq, {columns}) select (select counted + 1 from kept), {places} "
    "where not exists (select 1 from decision)",
    columns=_COLUMNS,
    places=places(WIDTH),
)
# Rows in one statement: the thread that writes takes the interpreter 32 times less often from the loop that judges.
_AT_ONCE = 32
_INSERT_MANY = sql(
    "insert into decision ({columns}) values {rows} on conflict do nothing",
    columns=_COLUMNS,
    rows=joined(", ", [_VALUES] * _AT_ONCE),
)
_OBSERVED = sql("exists (select 1 from json_each(fired) where value ->> 7 and ? in ('*', value ->> 0))")
_UPDATE = "update decision set status = ?, rang = ?, setup_ms = ? where id = ?"
_COUNT = (
    "insert into hit_count (list, entry, hits, last) values (?, ?, ?, ?) "
    "on conflict (list, entry) do update set hits = hits + excluded.hits, last = max(last, excluded.last)"
)
_EMERGENCY_CALLER = (
    "insert into call_for_help (number_key, at) values (?, ?) "
    "on conflict (number_key) do update set at = max(at, excluded.at)"
)
_KEPT_S: Final = 7 * 86_400.0  # emergency.callback_minutes is at most so long
_LONGEST_TEXT: Final = 1000  # characters of a text of the caller's side that are kept
_MOST_TEXTS: Final = 4  # of one kind that stand beside the first
_encode: Final = json.JSONEncoder(separators=(",", ":")).encode


def new_decision(at: float, drawn: str) -> str:
    """The id of a decision: ten digits to base 16 of its time in 1/256 s, and ten that were drawn.

    Since it begins with the time, the index on ids grows at its end instead of in random places.
    """
    ticks = int(at * 256)
    return f"{_seconds(ticks >> 8 & 0xFFFFFFFF)}{_OCTETS[ticks & 0xFF]}{drawn}"


_OCTETS: Final = [f"{octet:02x}" for octet in range(256)]
_seconds: Final = lru_cache(maxsize=2)("{:08x}".format)  # ids of one second begin alike


def decision_at(decision: str) -> float:
    """When a decision was made by its id, or ValueError."""
    return int(decision.strip()[:10], 16) / 256


def first_decision(at: float) -> str:
    """What no id of this moment or later is smaller than."""
    return f"{max(int(at * 256), 0):010x}"


def is_decision(text: str) -> bool:
    """Is it an id of a decision, in small letters?"""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class HitCount:
    """How often an entry, or all entries of a list together, covered a call."""

    list: str
    entry: str  # or how many different ones
    hits: int
    last: float


@dataclass(frozen=True, slots=True)
class Decision:
    """One judged call as it was recorded; status, rang and setup_ms are None until it has ended."""

    id: str
    at: float
    call_id: str
    source: str
    trunk: str
    caller: str
    caller_class: str
    called_key: str
    called_class: str
    called_area: str
    called_group: str
    action: Action
    step: Step
    rule: str
    reason: str
    profile: str  # reply profile of a rejection, destination of a divert
    suspicion: int
    fired: tuple[Fired, ...]
    facts: dict[str, Any]
    revision: str
    call_key: str  # keyed pseudonym of a Call-ID of which digits are hidden above; empty for any other
    status: int | None
    rang: bool | None
    setup_ms: int | None


def written_call_id(call: Call) -> str:
    """The Call-ID as it may be kept and shown: phones write the number in it that they call, or their own."""
    text = mask_within(call.call_id, call.caller.canonical, call.called.canonical)
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def call_key(key: bytes, call_id: str) -> str:
    """The keyed form by which a call is found again whose Call-ID has hidden digits."""
    return pseudonym(key, f"call {call_id.encode('utf-8', 'backslashreplace').decode()}")


def row(call: Call, verdict: Verdict, outcome: Outcome | None, key: bytes, written: str | None = None) -> Row:
    """The row of a judged call; the called number goes in as a pseudonym only, ``written`` is `written_call_id`."""
    called, facts = call.called, call.facts
    if written is None:
        written = written_call_id(call)
    return (
        verdict.decision,
        call.at,
        written,
        call.source,
        call.trunk.name,
        call.caller.canonical,
        str(call.caller.kind),  # plain: whatever is no str itself, SQLite looks for an adapter of, at 2 us each
        pseudonym(key, called.canonical),
        str(called.kind),
        area(called),
        str(facts.get("group", "")) if facts else "",
        str(verdict.action),
        str(verdict.step),
        verdict.rule,
        verdict.reason,
        verdict.profile or verdict.destination,  # how it was carried out
        verdict.suspicion,
        _fired(verdict.fired) if verdict.fired else "[]",
        _facts(call),
        verdict.revision,
        call_key(key, call.call_id) if "*" in written else "",
        *((outcome.status, int(outcome.rang), outcome.setup_ms) if outcome else (None, None, None)),
    )


def _fired(fired: Sequence[Fired]) -> str:
    """What matched, as JSON: by hand, since the encoder costs three times as much."""
    items = [
        f"[{quoted(one.name)},{quoted(one.step)},{quoted(one.effect)},"
        f"{quoted(one.entry)},{quoted(one.source)},{quoted(one.of)},{one.points},{int(one.observed)}]"
        for one in fired
    ]
    return f"[{','.join(items)}]"


def _facts(call: Call) -> str:
    """What the rules could see beyond the columns, as JSON; what is lacking is left out."""
    _, _, region, raw, inbound_only = caller = call.caller
    # Put together by hand: a dict and the encoder cost three times as much, and most calls have two or three facts.
    found = '{"believed":true' if call.believed else '{"believed":false'
    if raw != caller.canonical:
        found += f',"raw":{quoted(raw)}'
    if region:
        found += f',"region":"{region}"'
    if inbound_only:
        found += ',"inbound_only":true'
    if len(call.callers) > 1:
        found += f',"callers":{_encode([number.canonical for number in call.callers])}'
        if len(call.asserted) > 1:
            found += f',"readings":{len(call.asserted)}'
    if call.resembled:
        found += f',"resembled":{_encode([number.canonical for number in call.resembled])}'
    if not call.sure:
        found += ',"sure":false'
    if call.asserted_by_pai:
        found += ',"pai":true'
    if call.agrees is not None:
        found += ',"agrees":true' if call.agrees else ',"agrees":false'
    if call.display_name:
        found += f',"display_name":{quoted(mask_words(call.display_name, call.trunk.country))}'
    if call.domain:
        found += f',"domain":{quoted(mask_words(call.domain))}'
    if call.user_agent:
        found += f',"user_agent":{quoted(mask_words(call.user_agent))}'
    if call.diverted:
        found += ',"diverted":true'
    if call.message:
        found += ',"message":true'
    if call.headers:
        headers = {name: mask_words(text[:_LONGEST_TEXT]) for name, text in call.headers.items()}
        found += f',"headers":{_encode(headers)}'
    if call.more_texts:
        found += f',"more_texts":{_encode(_masked_texts(call))}'
    if call.facts:
        found += f',"facts":{_measured(call.facts)}'
    return found + "}"


def _measured(facts: dict[str, Any]) -> str:
    """Facts as JSON, by hand, too: a rule set that counts has ten of them on each call.

    A plug-in may give what is none of their types, and is told that it is no JSON: compiled, too. What is no finite
    number SQLite could not read; it is left out.
    """
    parts: list[str] = []
    for name, value in facts.items():
        kind = type(value)
        if kind is int:
            written = _FIGURES.get(value) or str(value)
        elif kind is float and isfinite(value):
            written = _SHARES.get(value) or _share(value)
        elif kind is str:
            written = quoted(str(value))
        elif not isinstance(value, float) or isfinite(value):
            written = _encode(value)
        else:
            continue
        parts.append(_NAMES.get(name) or _named(name))
        parts.append(written)
    return f"{{{''.join(parts)[1:]}}}"


# How facts are written: their names, and the figures that come all the time.
_NAMES: dict[str, str] = {}
_FIGURES: Final = {figure: str(figure) for figure in range(1_000)}
_SHARES: dict[float, str] = {}
_MOST_WRITTEN: Final = 1_000


def _named(name: str) -> str:
    if len(_NAMES) >= _MOST_WRITTEN:
        _NAMES.clear()
    written = _NAMES[name] = f",{quoted(name)}:"
    return written


def _share(value: float) -> str:
    """The shortest digits that are read as the same again take a microsecond to find."""
    if len(_SHARES) >= _MOST_WRITTEN:
        _SHARES.clear()
    written = _SHARES[value] = repr(value)
    return written


def _masked_texts(call: Call) -> dict[str, list[str]]:
    """What stands beside the first text of each kind; a name's numbers are those of the trunk's country."""
    found = {}
    for about, texts in (call.more_texts or {}).items():
        country = call.trunk.country if about == "display_name" else ""
        found[about] = [mask_words(text[:_LONGEST_TEXT], country) for text in texts[:_MOST_TEXTS]]
    return found


def read_fired(text: str) -> tuple[Fired, ...]:
    """What matched, out of a record."""
    return tuple(Fired(name, Step(step), *rest) for name, step, *rest in json.loads(text))


class Decisions:
    """The table of decisions, off the call path."""

    OBSERVED = _OBSERVED

    def __init__(self, store: Store) -> None:
        self.store = store

    @classmethod
    async def open(cls, path: Path, *, durable: bool = False) -> Decisions:
        """Open the database, which is made if it is missing; ``durable``: what is written outlives a power cut."""
        return cls(await Store.open(path, "decisions", durable=durable))

    async def write(
        self, rows: list[Row], late: list[Row], tally: Sequence[Row] = (), emergency_callers: Sequence[Row] = ()
    ) -> None:
        """Add rows, the outcomes (status, rang, setup_ms, id) of earlier ones, hits of list entries: all or nothing.

        ``emergency_callers`` are subscribers who made an emergency call: (pseudonym, seconds since the epoch).
        """
        async with self.store.transaction() as connection:
            if rows and (await connection.execute(_INSERT_FIRST, rows[0])).rowcount:
                rows = rows[1:]
            whole = len(rows) - len(rows) % _AT_ONCE
            chunks = (rows[start : start + _AT_ONCE] for start in range(0, whole, _AT_ONCE))
            await connection.executemany(_INSERT_MANY, ([*chain.from_iterable(chunk)] for chunk in chunks))
            await connection.executemany(_INSERT, rows[whole:])
            if late:
                await connection.executemany(_UPDATE, late)
            if tally:
                await connection.executemany(_COUNT, tally)
            if emergency_callers:
                await connection.executemany(_EMERGENCY_CALLER, emergency_callers)
                gone = emergency_callers[-1][1] - _KEPT_S
                await connection.execute("delete from call_for_help where at < ?", (gone,))

    async def find(self, decision: str) -> Decision | None:
        """The decision with this id, also where it waits on file for its place here, as after a kill."""
        wanted = decision.strip().lower()
        found = await self._read(sql("select {columns} from decision where id = ?", columns=_COLUMNS), (wanted,))
        if found:
            return found[0]
        waiting = await asyncio.to_thread(spooled, self.store.path, wanted)
        return read_row(waiting) if waiting is not None and len(waiting) == WIDTH else None

    async def beginning(self, digits: str, limit: int) -> list[Decision]:
        """The newest decisions whose ids begin with these digits to base 16."""
        query = sql(
            "select {columns} from decision where id >= ? and id < ? order by id desc limit ?", columns=_COLUMNS
        )
        return await self._read(query, (digits, f"{digits}g", limit))

    async def newer(self, decision: str, limit: int) -> list[Decision]:
        """The newest decisions behind this id, newest first."""
        query = sql("select {columns} from decision where id > ? order by id desc limit ?", columns=_COLUMNS)
        return await self._read(query, (decision, limit))

    async def by_ids(self, ids: Sequence[str]) -> list[Decision]:
        """The decisions with these ids, newest first."""
        query = sql(
            "select {columns} from decision where id in (select value from json_each(?)) order by seq desc",
            columns=_COLUMNS,
        )
        return await self._read(query, (json.dumps(list(ids)),))

    async def by_call_id(self, call_id: str, key: bytes) -> Decision | None:
        """The newest decision about the call with this Call-ID, as peers write it or as it is shown."""
        query = sql(
            "select {columns} from decision where call_id = ? or call_key = ? order by seq desc limit 1",
            columns=_COLUMNS,
        )
        found = await self._read(query, (call_id, call_key(key, call_id)))
        return found[0] if found else None

    async def recent(
        self,
        limit: int = 50,
        *,
        action: str = "",
        caller: str = "",
        trunk: str = "",
        rule: str = "",
        called_key: str = "",
        since: float | None = None,
        observed: str = "",
    ) -> list[Decision]:
        """The newest decisions that fit every filter given, newest first; ``called_key`` is a pseudonym.

        ``observed`` is a rule that held and did not act, or * for any.
        """
        conditions, values = wanted(
            {"action": action, "caller": caller, "trunk": trunk, "rule": rule, "called_key": called_key}
        )
        if since is not None:
            conditions.append(sql("at >= ?"))
            values.append(since)
        if observed:
            conditions.append(_OBSERVED)
            values.append(observed)
        query = sql(
            "select {columns} from decision where {conditions} order by seq desc limit ?",
            columns=_COLUMNS,
            conditions=every(conditions),
        )
        return await self._read(query, (*values, limit))

    async def callers_since(self, since: float, *, most: int = 1_000_000) -> dict[str, int]:
        """How often each caller got through untouched since then; of the newest ``most`` calls only."""
        query = (
            "select caller, count(*) from "
            "(select caller, action from decision where at >= ? order by seq desc limit ?) "
            "where action = 'forward' and caller <> '' group by caller"
        )
        async with self.store.connection.execute(query, (since, most)) as cursor:
            return {row[0]: row[1] for row in await cursor.fetchall()}

    async def contacts(self, since: float, most: int) -> list[tuple[Any, ...]]:
        """The newest calls since then: when, caller, pseudonym of the called number, whether it rang."""
        query = "select at, caller, called_key, rang from decision where at >= ? order by seq desc limit ?"
        return [tuple(row) for row in await self.store.connection.execute_fetchall(query, (since, most))]

    async def emergency_callers(self, since: float) -> list[tuple[str, float]]:
        """Who made an emergency call since then: (pseudonym, seconds since the epoch), the oldest first."""
        query = "select number_key, at from call_for_help where at > ? order by at"
        async with self.store.connection.execute(query, (since,)) as cursor:
            return [(row[0], row[1]) for row in await cursor.fetchall()]

    async def calls_for_help_no_later(self, now: float) -> None:
        """Emergency calls of before the clock was put back count as of now, and not again at each start."""
        async with self.store.transaction() as connection:
            await connection.execute("update call_for_help set at = ? where at > ?", (now, now))

    async def emergency_call_of(self, number_key: str, since: float, until: float) -> float | None:
        """When the subscriber of this pseudonym made his last emergency call, if it was in that time."""
        query = "select at from call_for_help where number_key = ? and at > ? and at <= ?"
        async with self.store.connection.execute(query, (number_key, since, until)) as cursor:
            found = await cursor.fetchone()
            return float(found[0]) if found else None

    async def most_hit(self, name: str = "", limit: int = 20) -> list[HitCount]:
        """The entries of a list, or of all, that covered most calls."""
        query = (
            "select list, entry, hits, last from hit_count "
            "where ? in ('', list) order by hits desc, list, entry limit ?"
        )
        async with self.store.connection.execute(query, (name, limit)) as cursor:
            return [HitCount(*row) for row in await cursor.fetchall()]

    async def hits_of(self, name: str, entries: Sequence[str]) -> dict[str, HitCount]:
        """What is counted of these entries of a list; those never hit are missing."""
        query = (
            "select list, entry, hits, last from hit_count where list = ? and entry in (select value from json_each(?))"
        )
        async with self.store.connection.execute(query, (name, json.dumps(entries))) as cursor:
            return {row[1]: HitCount(*row) for row in await cursor.fetchall()}

    async def hit_sums(self) -> dict[str, HitCount]:
        """For each list how many of its entries were ever hit, how often, and when last."""
        query = "select list, cast(count(*) as text), sum(hits), max(last) from hit_count group by list"
        async with self.store.connection.execute(query) as cursor:
            return {row[0]: HitCount(*row) for row in await cursor.fetchall()}

    async def close(self) -> None:
        """Nothing is open any more."""
        await self.store.close()

    async def _read(self, query: str, values: tuple[object, ...]) -> list[Decision]:
        async with self.store.connection.execute(query, values) as cursor:
            return [read_row(found) for found in await cursor.fetchall()]


def read_row(found: Any) -> Decision:
    """The decision that a row tells of."""
    values = list(found)
    values[11], values[12] = Action(values[11]), Step(values[12])
    values[17] = read_fired(values[17])
    values[18] = json.loads(values[18])
    values[22] = None if values[22] is None else bool(values[22])
    return Decision(*values)


def decisions_path(database: Path) -> Path:
    """Decisions lie beside the lists: their commits must neither wait for an import nor empty the cache."""
    return database_path(database, "decisions")

"""What each rule did, by day: counted as records are, and kept when these have gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from rules.records.searching import PIECE
from rules.records.would_change import USUAL, Thresholds, would_change
from rules.storage.statements import sql
from rules.storage.store import Connection, Store

KEPT_DAYS: Final = 90
_MOST_UNCOUNTED: Final = 100_000  # records of the last minutes that are counted while somebody waits

# Lists mark calls by suspicion as rules do: whoever reads leaves their names out. A rule acts where nothing that goes
# before all rules decided.
_DID = sql(
    "select day_of(at) as day, rule.value ->> 0 as name, count(*) as matched, sum(not rule.value ->> 7 "
    "and step not in ('emergency', 'emergency callback', 'subscriber allow list', 'allow list', 'sealed', "
    "'subscriber block list', 'block list') and not (step = 'ladder' and action <> 'tag')) as acted, "
    "sum(rule.value ->> 7) as observed, sum(case when rule.value ->> 7 "
    "then would_change(rule.value ->> 0, action, step, fired, trunk) else 0 end) as would_change, "
    "sum(exists (select 1 from json_each(fired) other "
    "where other.value ->> 1 in ('allow list', 'subscriber allow list'))) as allowed, max(at) as last "
    "from decision, json_each(decision.fired) rule where seq > ? and seq <= ? and fired <> '[]' "
    "and rule.value ->> 1 in ('deciding rule', 'suspicion') group by 1, 2"
)
_COUNT = sql(
    "insert into rule_day {did} on conflict (day, rule) do update set matched = matched + excluded.matched, "
    "acted = acted + excluded.acted, observed = observed + excluded.observed, "
    "would_change = would_change + excluded.would_change, allowed = allowed + excluded.allowed, "
    "last = max(last, excluded.last)",
    did=_DID,
)


class RuleDay(NamedTuple):
    """What one rule did on one day."""

    day: int  # yyyymmdd in the operator's zone
    rule: str
    matched: int
    acted: int
    observed: int
    would_change: int
    allowed: int
    last: float


async def teach_days(connection: Connection, zone: ZoneInfo, thresholds: Thresholds) -> None:
    """Let its statements ask for the day of a time, and whether a rule that watched would have changed a call."""

    def day_of(at: float) -> int:
        return _day(zone, at // 900 * 900)  # a quarter of an hour lies in one day everywhere

    def changes(rule: str, action: str, step: str, fired: str, trunk: str) -> bool:
        return would_change(rule, action, step, fired, trunk, thresholds)

    await connection.create_function("day_of", 1, day_of, deterministic=True)
    await connection.create_function("would_change", 5, changes, deterministic=True)


async def count_rules(connection: Connection, start: int, last: int) -> None:
    """Count what rules did in the records behind `start` up to `last`; the days must be taught."""
    await connection.execute(_COUNT, (start, last))


async def forget_rules(connection: Connection, now: float, zone: ZoneInfo) -> None:
    """Days that are too long ago."""
    before = datetime.fromtimestamp(now, zone) - timedelta(days=KEPT_DAYS)
    await connection.execute("delete from rule_day where day < ?", (int(f"{before:%Y%m%d}"),))


async def rule_days(
    store: Store, zone: ZoneInfo, *, thresholds: Thresholds = USUAL, since: int = 0, rule: str = ""
) -> list[RuleDay]:
    """What rules did from one day (yyyymmdd) on, the last minutes included; newest days first."""
    connection = store.connection
    await teach_days(connection, zone, thresholds)
    counted = await connection.execute_fetchall(
        "select day, rule, matched, acted, observed, would_change, allowed, last from rule_day where day >= ?", (since,)
    )
    kept = list(await connection.execute_fetchall("select counted from kept"))
    start = int(kept[0][0])
    newest = await connection.execute_fetchall(_DID, (start, start + _MOST_UNCOUNTED))
    days = _summed(RuleDay(*row) for row in (*counted, *newest))
    return sorted(
        (one for one in days if one.day >= since and rule in ("", one.rule)), key=lambda one: (-one.day, one.rule)
    )


async def callers_of(store: Store, newest: int = PIECE) -> dict[str, int]:
    """For how many different callers each rule or list held, among so many of the newest records."""
    rows = await store.connection.execute_fetchall(
        "select value ->> 0, count(distinct caller) from decision, json_each(fired) "
        "where seq > (select max(seq) from decision) - ? and fired <> '[]' group by 1",
        (newest,),
    )
    return {row[0]: row[1] for row in rows}


def totals(days: Iterable[RuleDay]) -> dict[str, RuleDay]:
    """All days of each rule together, by its name; `day` is the first of them."""
    found: dict[str, RuleDay] = {}
    for one in days:
        found[one.rule] = _and(found[one.rule], one) if one.rule in found else one
    return found


def _summed(days: Iterable[RuleDay]) -> Iterable[RuleDay]:
    found: dict[tuple[int, str], RuleDay] = {}
    for one in days:
        known = found.get((one.day, one.rule))
        found[one.day, one.rule] = one if known is None else _and(known, one)
    return found.values()


def _and(one: RuleDay, other: RuleDay) -> RuleDay:
    return RuleDay(
        min(one.day, other.day),
        one.rule,
        one.matched + other.matched,
        one.acted + other.acted,
        one.observed + other.observed,
        one.would_change + other.would_change,
        one.allowed + other.allowed,
        max(one.last, other.last),
    )


@lru_cache(maxsize=1_000)
def _day(zone: ZoneInfo, at: float) -> int:
    local = datetime.fromtimestamp(at, zone)
    return local.year * 10_000 + local.month * 100 + local.day

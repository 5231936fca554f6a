"""What our lists say, as other operators are told it: numbers, and of the rest only what cannot name anybody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rules.lists.origins import COLUMNS, Entry, entry_of
from rules.numbering.intervals import decode
from rules.sharing.entries import LONGEST_LIFE_DAYS, Reader, Rubbish, SharedEntry, day_of, days_after
from rules.sharing.taking import SOURCE
from rules.sharing.versions import Key, State
from rules.storage.statements import sql
from rules.storage.store import Store

_EXACT: Final = sql(
    "select e.code, {columns} from exact e join list l on l.id = e.list join origin o on o.id = e.origin "
    "where l.name = ? and l.configured and not l.shared",
    columns=COLUMNS,
)
_WIDE: Final = sql(
    "select w.text, {columns} from wide w join list l on l.id = w.list join origin o on o.id = w.origin "
    "where l.name = ? and l.configured and not l.shared",
    columns=COLUMNS,
)


class Own:
    """Reads what is ours at a moment. ``given``: what others were told before, so that little changes."""

    def __init__(self, operator: str, days: int, given: Mapping[Key, SharedEntry], now: float) -> None:
        self._operator, self._days, self._given, self._now = operator, days, given, now
        self._today = day_of(now)
        self._reader = Reader(now)
        self.left_out = 0  # what no operator would take: an emergency number, half a country

    async def state(self, store: Store, lists: Mapping[str, str]) -> State:
        """The entries of these lists (name -> reason); of a number on several the strongest counts."""
        found: State = {}
        for name in sorted(lists):
            for query in (_EXACT, _WIDE):
                async with store.connection.execute(query, (name,)) as cursor:
                    async for what, *columns in cursor:
                        text = decode(what) if isinstance(what, int) else what
                        self._add(found, entry_of(name, text, *columns), lists[name])
        return found

    def _add(self, found: State, entry: Entry, reason: str) -> None:
        if entry.off(self._now) or entry.origin.source.startswith(SOURCE):
            return  # what others gave us is not ours, whichever list somebody put it on
        one = self._told(entry, reason)
        if one.expires <= self._today:
            return
        try:
            self._reader.entry(one._replace(version=1)._asdict(), 1)
        except Rubbish:
            self.left_out += 1
            return
        other = found.get(one.key)
        if other is None or _RANK[one.strength] < _RANK[other.strength]:
            found[one.key] = one

    def _told(self, entry: Entry, reason: str) -> SharedEntry:
        seen = day_of(entry.created)
        known = self._given.get((self._operator, entry.text))
        end = entry.origin.expires
        if end is not None:
            expires = min(day_of(end), days_after(self._today, LONGEST_LIFE_DAYS - 1))
        elif known is not None and known.expires > days_after(self._today, self._days // 2):
            expires = known.expires  # told already, for long enough
        else:
            expires = days_after(self._today, self._days)
        first = min(known.first, seen) if known is not None else seen
        return SharedEntry(entry.text, reason, _strength(entry), first, seen, expires, self._operator, 0, 0)


_RANK: Final = {"verified": 0, "documented": 1, "stated": 2, "bare": 3}


def _strength(entry: Entry) -> str:
    """How strong what stands behind it is: a person verified a case, there is evidence, a reason, or nothing."""
    if entry.origin.source.startswith("seal "):
        return "verified"
    if entry.origin.evidence:
        return "documented"
    return "stated" if entry.origin.reason else "bare"


def ended_by_itself(one: SharedEntry, today: str) -> bool:
    """Did it merely come to its end? Then nobody has to be told."""
    return one.expires <= today


def passed_on(entries: Mapping[Key, SharedEntry], ours: str, most_hops: int) -> State:
    """What partners gave, as theirs, one hop farther; never what is ours."""
    return {
        key: one._replace(hop=one.hop + 1)
        for key, one in entries.items()
        if one.origin != ours and one.hop + 1 <= most_hops
    }

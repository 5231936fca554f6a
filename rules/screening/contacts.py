"""Who was rung by whom, and since when a number calls here, where some rule asks: by pseudonyms, within bounds.

It is soft state. After a start it is filled again from the records that are kept, so it reaches as far back as they do.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2s
from typing import Any, Final

from rules.judging.own_facts import DAY_S, SEEN_DAYS, read_contact
from rules.model import Call, Outcome
from rules.records.privacy import pseudonym

_OPEN: Final = 100_000  # calls whose end is awaited
Facts = dict[str, float | str | bool]


class Contacts:
    """What one process knows; every method takes a microsecond or two."""

    def __init__(self, key: bytes, most: int) -> None:
        self.most = most  # pairs, and callers
        self.any = False  # does some rule ask?
        self.restored = False
        self._key = key
        self._asked: list[tuple[str, int]] = []
        self._seen_asked = False
        self._last: dict[int, float] = {}  # by pair, the one that had a call last at the end
        self._seen: dict[int, tuple[float, float]] = {}  # by caller: first and last call
        self._open: dict[str, tuple[int, float]] = {}  # by decision: pair and time

    def __len__(self) -> int:
        return len(self._last) + len(self._seen)

    def ask(self, names: Iterable[str]) -> None:
        """Find these out from now on; where nobody asks any more all is forgotten."""
        found = [(name, seconds) for name in sorted(names) if (seconds := read_contact(name)) is not None]
        self._asked, self._seen_asked = found, SEEN_DAYS in names
        self.any = bool(found) or self._seen_asked
        if not self.any:
            self._last.clear()
            self._seen.clear()
            self._open.clear()
            self.restored = False

    def measure(self, call: Call, decision: str) -> None:
        """Enter what is known of the two, and remember that they met if the call rings."""
        caller = call.caller.canonical
        if not caller:
            return
        facts: Facts = dict(call.facts or {})
        if self._seen_asked:
            who = self._of(caller, "")
            first, _ = self._seen.pop(who, (call.at, call.at))
            facts[SEEN_DAYS] = max(0.0, round((call.at - first) / DAY_S, 2))
            self._seen[who] = (first, call.at)
            if len(self._seen) > self.most:
                del self._seen[next(iter(self._seen))]
        if self._asked and call.called.canonical:
            pair = self._of(caller, pseudonym(self._key, call.called.canonical))
            last = self._last.get(pair)
            for name, seconds in self._asked:
                facts[name] = last is not None and call.at - last < seconds
            if len(self._open) < _OPEN:
                self._open[decision] = (pair, call.at)
        call.facts = facts

    @property
    def pairs_asked(self) -> bool:
        """Does some rule ask who was rung by whom?"""
        return bool(self._asked)

    def called(self, numbers: Iterable[str], called: str, at: float) -> None:
        """A subscriber with these numbers calls this one himself: calls of that one to him are none of a stranger."""
        if self._asked:
            for number in numbers:
                self._meet(self._of(called, pseudonym(self._key, number)), at)

    def ended(self, decision: str, outcome: Outcome) -> None:
        """A call is over, or answered: did it ring?"""
        found = self._open.pop(decision, None)
        if found is not None and outcome.rang:
            self._meet(*found)

    def _meet(self, pair: int, at: float) -> None:
        self._last.pop(pair, None)
        self._last[pair] = at
        if len(self._last) > self.most:
            del self._last[next(iter(self._last))]

    def restore(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Calls of the records, the newest first: when, caller, pseudonym of the called number, whether it rang."""
        self.restored = True
        for at, caller, called_key, rang in rows:
            if not caller:
                continue
            who = self._of(caller, "")
            if self._seen_asked and (who in self._seen or len(self._seen) < self.most):
                first, last = self._seen.get(who, (at, at))
                self._seen[who] = (min(first, at), max(last, at))
            if rang and called_key and len(self._last) < self.most:
                self._last.setdefault(self._of(caller, called_key), at)

    def _of(self, caller: str, called_key: str) -> int:
        digest = blake2s(f"{caller} {called_key}".encode(), digest_size=8, key=self._key[:32], person=b"contact")
        return int.from_bytes(digest.digest(), "big")

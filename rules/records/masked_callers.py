"""What rules can say of a caller of whom the mask alone is known: whether it lies in digits that the mask hides."""

from __future__ import annotations

from typing import NoReturn, SupportsIndex

from rules.judging.engine import CompiledRule
from rules.judging.facts import Facts
from rules.judging.index import Key
from rules.records.privacy import mask
from rules.records.redacted_numbers import RedactedNumber, Undecided, leaves

_CALLER = ("caller.exact", "caller.starts_with")
_CALLED = "called.exact"  # a whole number is another one than what the record keeps of it


class MaskedNumber(RedactedNumber):
    """A number as it is shown, ``+86138******01``; asked for a digit that is hidden, it does not know."""

    __slots__ = ()

    def __len__(self) -> int:  # type: ignore[override]  # how many digits it has is shown
        return str.__len__(self)

    def __hash__(self) -> NoReturn:
        raise Undecided

    def __eq__(self, other: object) -> bool:
        if other == "":
            return False
        raise Undecided

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __getitem__(self, part: SupportsIndex | slice) -> str:
        found = str.__getitem__(self, part)
        if "*" in found:
            raise Undecided
        return found

    def __lt__(self, other: str) -> bool:
        return self._beside(other) < 0

    def __le__(self, other: str) -> bool:
        return self._beside(other) <= 0

    def __gt__(self, other: str) -> bool:
        return self._beside(other) > 0

    def __ge__(self, other: str) -> bool:
        return self._beside(other) >= 0

    def _beside(self, other: str) -> int:
        """Where the digits that are shown stand beside those of another number."""
        shown = self.known.partition("*")[0]
        theirs = other[: len(shown)]
        if shown == theirs:
            raise Undecided
        return 1 if shown > theirs else -1


def hide_caller(facts: Facts) -> None:
    """Leave of the caller what everybody sees; the lists that he stands on stay."""
    caller = facts.call.caller
    if caller.canonical:
        facts.call.caller = caller._replace(canonical=MaskedNumber(mask(caller.canonical)), raw="")


def asks_hidden(rule: CompiledRule, facts: Facts) -> bool:
    """Does it depend on hidden digits of this call whether the rule holds?

    Of those of the called number; and of the caller's, once he is hidden in these facts.
    """
    caller, called = facts.call.caller.canonical, facts.call.called.canonical
    for leaf in leaves((*rule.asks, *rule.stops)):
        if leaf.keys and all(key.about in _CALLER for key in leaf.keys):
            if not any(_fits(key, caller) for key in leaf.keys):
                continue
        elif any(key.about == _CALLED and _begins(key.value, called) for key in leaf.keys):
            return True
        try:
            leaf.holds(facts)
        except Undecided:
            return True
    return False


def _fits(key: Key, caller: str) -> bool:
    """Could a number that is shown like this be, or begin, so?"""
    if not isinstance(caller, MaskedNumber):
        return True
    shown, value = caller.known, key.value
    if len(value) > len(shown) or (key.about == _CALLER[0] and len(value) < len(shown)):
        return False
    return all(digit in ("*", theirs) for digit, theirs in zip(shown, value, strict=False))


def _begins(value: str, called: str) -> bool:
    return value.startswith(called.known) if isinstance(called, RedactedNumber) else True

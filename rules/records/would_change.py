"""Would a rule that only watched have changed a call? Told from the record alone: from what else fired on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

from rules.model import Action, Step

_RANK: Final = {str(step): rank for rank, step in enumerate(Step)}
_RULES: Final = str(Step.RULES)
_ALLOWING: Final = frozenset((str(Step.SUBSCRIBER_ALLOW), str(Step.OPERATOR_ALLOW)))
_UNASKED: Final = frozenset((str(Step.EMERGENCY), str(Step.CALLBACK), str(Step.FAIL_OPEN)))
_FORWARD, _TAG, _REJECT, _DIVERT = (str(one) for one in (Action.FORWARD, Action.TAG, Action.REJECT, Action.DIVERT))
_DECIDES: Final = {_FORWARD: 0, _REJECT: 1, _DIVERT: 2}  # of the rules that decide, which goes first


class Thresholds(NamedTuple):
    """The suspicion from which calls are tagged and rejected, and where trunks have their own."""

    tag: int = 5
    reject: int = 10
    by_trunk: Mapping[str, tuple[int, int]] = {}
    rejecting: str = _REJECT  # what comes of a rejection by suspicion: a divert, where a destination hears it

    def of(self, trunk: str) -> tuple[int, int]:
        """Of one trunk."""
        return self.by_trunk.get(trunk, (self.tag, self.reject))


USUAL: Final = Thresholds()


def would_change(rule: str, action: str, step: str, fired: str, trunk: str, thresholds: Thresholds) -> bool:
    """Would the call have gone another way, had this rule acted too? By thresholds as they are now.

    An emergency call passes whatever holds, and so does one that nothing was asked about.
    """
    if step in _UNASKED:
        return False
    found = _read(fired)
    acting = [one for one in found if not one[7]]
    too = [one for one in found if one[7] and one[0] == rule]
    without, into = (_outcome(held, trunk, thresholds) for held in (acting, [*acting, *too]))
    if without != action:  # by other thresholds, or by what stands in no record: only what nothing goes before is sure
        return into != action and action in (_FORWARD, _TAG) and step not in _ALLOWING
    return into != action


@lru_cache(maxsize=64)
def _read(fired: str) -> tuple[list[Any], ...]:
    """Several rules may have watched one call."""
    return tuple(json.loads(fired))


def _outcome(fired: list[Any], trunk: str, thresholds: Thresholds) -> str:
    """What the engine makes of what fired (rules/judging/engine.py), as far as that is a question of these."""
    best: tuple[int, int] = (len(_RANK), 0)
    decided, marked, points = "", False, 0
    for _, step, effect, _, _, _, weighs, _ in fired:
        points += weighs
        if effect == _TAG:
            marked = True
        elif effect in _DECIDES and step != str(Step.DEFAULT):
            order = (_RANK[step], _DECIDES[effect] if step == _RULES else 0)
            if order < best:
                best, decided = order, effect
    if decided and best[0] != _RANK[_RULES]:
        return str(decided)
    if decided:
        return _TAG if marked and decided == _FORWARD else str(decided)
    tag_at, reject_at = thresholds.of(trunk)
    if points >= reject_at:
        return thresholds.rejecting
    return _TAG if marked or points >= tag_at else _FORWARD

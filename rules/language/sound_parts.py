"""A rule file with faults, as far as it can be read, so that what is wrong elsewhere is told in the same breath.

Only the part that cannot be read is left out, or something that asks nothing stands in its place; places stay as they
are. Of a rule that lacks a part nobody can say whom it catches: its examples prove nothing then.
"""

from __future__ import annotations

import copy
import re
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from rules.language.faults import Location
from rules.language.grammar import RuleFile

_ROUNDS: Final = 12  # what is left out may leave nothing around it
_LISTS: Final = frozenset(("any", "all", "unless"))  # of conditions
_EXAMPLES: Final = frozenset(("catches", "spares"))
_UNREAD_WHEN: Final = {"anonymous": True}
_UNREAD_EXAMPLE: Final = {"from": "anonymous"}
_UNREAD_RULE: Final[dict[str, Any]] = {"because": "unread", "when": _UNREAD_WHEN, "then": "forward"}
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Sound(NamedTuple):
    """What is left of a file, and what of it is not what was written."""

    content: RuleFile
    altered: frozenset[Location] = frozenset()  # rules and named conditions that lack a condition: ("rules", 2)
    unread: frozenset[Location] = frozenset()  # examples: ("rules", 2, "catches", 0); and rules that lack anything


def sound_parts(data: Any, error: ValidationError, *, unread: str) -> Sound | None:
    """All that can be read; None when nobody can say. `unread` begins the names of rules whose own is none."""
    if not isinstance(data, dict):
        return None
    left = _Left(copy.deepcopy(data), unread)
    for _ in range(_ROUNDS):
        for entry in error.errors(include_url=False):
            left.leave_out(entry["loc"], missing=entry["type"] == "missing")
        try:
            return Sound(RuleFile.model_validate(left.data), frozenset(left.altered), frozenset(left.unread))
        except ValidationError as again:
            error = again
    for entry in error.errors(include_url=False):
        left.give_up(entry["loc"])
    try:
        return Sound(RuleFile.model_validate(left.data), frozenset(left.altered), frozenset(left.unread))
    except ValidationError:
        return None


class _Left:
    """The data, of which one part after another is left out."""

    def __init__(self, data: dict[Any, Any], name: str) -> None:
        self.data = data
        self._name = name
        self.altered: set[Location] = set()
        self.unread: set[Location] = set()

    def leave_out(self, loc: Location, *, missing: bool) -> None:
        """One part that is wrong, or in which something is missing."""
        path = self._path(loc)
        if len(path) < 2:
            self._leave_out_on_top(path)
        elif path[0] == "rules":
            self.unread.add(path[:2])
            self._leave_out_of_rule(path, str(loc[-1]) if missing else "")
        elif path[0] == "conditions":
            self._leave_out_of_condition(path)
        else:
            self.data.pop(path[0], None)

    def give_up(self, loc: Location) -> None:
        """The whole rule or condition: leaving out did not help."""
        path = self._path(loc)
        if len(path) > 1 and path[0] == "rules":
            self._stand_in(int(path[1]))
        elif len(path) > 1 and path[0] == "conditions":
            self.data["conditions"][path[1]] = _UNREAD_WHEN
        elif path:
            self.data.pop(path[0], None)

    def _path(self, loc: Location) -> Location:
        """The parts of `loc` that the data have; others are names of choices, or what is missing."""
        here: Any = self.data
        path: list[int | str] = []
        for part in loc:
            in_list = isinstance(here, list) and isinstance(part, int) and part < len(here)
            if not in_list and not (isinstance(here, dict) and part in here):
                continue
            here = here[part]
            path.append(part)
        return tuple(path)

    def _leave_out_on_top(self, path: Location) -> None:
        if path:
            self.data.pop(path[0], None)

    def _leave_out_of_rule(self, path: Location, lacks: str) -> None:
        position = int(path[1])
        rule = self.data["rules"][position]
        if not isinstance(rule, dict):
            self._stand_in(position)
        elif len(path) == 2:  # something is missing in the rule, or it is none
            if lacks in ("when", "then", "because", "rule"):
                rule[lacks] = _UNREAD_RULE.get(lacks, f"{self._name}-{position}")
            else:
                self._stand_in(position)
            self.altered.add(path)
        elif path[2] in _EXAMPLES and len(path) > 3:
            rule[path[2]][path[3]] = _UNREAD_EXAMPLE
            self.unread.add(path[:4])
        elif path[2] == "rule":
            rule["rule"] = f"{self._name}-{position}"
        elif path[2] == "then":
            rule["then"] = "forward"
        elif path[2] in ("when", "unless"):
            self.altered.add(path[:2])
            self._leave_out_condition(path)
        else:
            rule.pop(path[2])

    def _leave_out_of_condition(self, path: Location) -> None:
        self.altered.add(path[:2])
        if len(path) == 2:
            self.data["conditions"][path[1]] = _UNREAD_WHEN
        else:
            self._leave_out_condition(path)

    def _leave_out_condition(self, path: Location) -> None:
        """The smallest part around the place: an item of a list of conditions, or a key with all its values."""
        end = len(path)
        while isinstance(path[end - 1], int) and path[end - 2] not in _LISTS:
            end -= 1
        above: Any = self.data
        for part in path[: end - 1]:
            above = above[part]
        if isinstance(path[end - 1], int) or (end < 4 and path[end - 1] == "when"):
            above[path[end - 1]] = _UNREAD_WHEN
        else:
            above.pop(path[end - 1], None)

    def _stand_in(self, position: int) -> None:
        """In place of a rule of which nothing can be read."""
        rule = self.data["rules"][position]
        name = rule.get("rule") if isinstance(rule, dict) else None
        sound = isinstance(name, str) and _NAME.fullmatch(name) is not None
        named = name if sound else f"{self._name}-{position}"
        self.data["rules"][position] = {**_UNREAD_RULE, "rule": named, "catches": [_UNREAD_EXAMPLE]}
        self.altered.add(("rules", position))
        self.unread |= {("rules", position), ("rules", position, "catches", 0)}

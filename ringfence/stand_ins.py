"""A ringfence.yaml with faults, as far as it can be read, so that all of them are named at once."""

from __future__ import annotations

import copy
import re
from collections.abc import Collection
from typing import Any, Final

from pydantic import ValidationError

from ringfence.node_settings import Configuration
from rules.language.source import Document, Fault

UNREAD: Final = "unread-"  # begins the name of what stands in for one that cannot be read
_ROUNDS: Final = 4  # what stands in for something may lack something itself
_ADDRESSES: Final = frozenset(("address", "advertise", "addresses", "send_to", "aliases", "metrics"))
_LACKS: Final = re.compile(r"\bno (trunk|pbx|profile|destination|list|listener)\b|`tls\.certificates` names none")
_SECTIONS: Final = {  # where it would be
    "trunk": "trunks", "pbx": "pbxes", "profile": "profiles", "destination": "destinations", "list": "lists",
    "listener": "listen", None: "tls",
}  # fmt: skip
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "listen": ("address",),
    "pbxes": ("name", "addresses"),
    "trunks": ("name", "send_to"),
}


class StandIns:
    """Puts something sound in place of each part that cannot be read."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._used = 0
        self.unread: set[str] = set()  # sections of which an entry or a name could not be read

    def read(self, error: ValidationError) -> Configuration | None:
        """What is left of the document; None when nobody can say."""
        data = copy.deepcopy(self._document.data)
        if not isinstance(data, dict):
            return None
        for _ in range(_ROUNDS):
            for entry in error.errors(include_url=False):
                self._replace(data, entry["loc"], entry["type"])
            try:
                return Configuration.model_validate(data)
            except ValidationError as again:
                error = again
        return None

    def _replace(self, data: dict[Any, Any], loc: tuple[int | str, ...], kind: str) -> None:
        above: Any = None
        here: Any = data
        path: list[int | str] = []
        for part in loc:
            below = here.get(part) if isinstance(here, dict) else None
            if isinstance(here, list) and isinstance(part, int) and part < len(here):
                below = here[part]
            if below is None and not (isinstance(here, dict) and part in here):
                continue  # the name of a choice inside the model, or what is missing
            above, here = here, below
            path.append(part)
        if path and (len(path) < 3 or path[-1] in ("name", "transport") or path[0] == "tls"):
            self.unread.add(str(path[0]))
        if kind == "missing" and isinstance(here, dict):
            here[loc[-1]] = self._stand_in(loc)
        elif above is not None and len(path) == 2 and path[0] == "lists":
            above[path[-1]] = {"kind": "plain"}
        elif above is not None and path[0] == "lists" and path[-1] == "kind":
            above["kind"] = "plain"
        elif isinstance(above, dict) and path[-1] in ("name", "listen", "pbxes", "trunks", *_ADDRESSES):
            above[path[-1]] = self._stand_in(tuple(path))
        elif isinstance(above, list) and len(path) > 1 and path[-2] in _ADDRESSES:
            above[int(path[-1])] = self._address()
        elif isinstance(above, dict):
            above.pop(path[-1], None)
        elif isinstance(above, list):
            above[int(path[-1])] = self._part(str(path[0])) if path[0] in _KEYS else "baseline"

    def _stand_in(self, loc: tuple[int | str, ...]) -> Any:
        last = str(loc[-1])
        if last in _KEYS:
            return [self._part(last)]
        if last in ("addresses", "send_to", "aliases"):
            return [self._address()]
        if last in _ADDRESSES:
            return self._address()
        self._used += 1
        return "plain" if last == "kind" else f"{UNREAD}{self._used}"

    def _part(self, section: str) -> dict[str, Any]:
        return {key: self._stand_in((section, key)) for key in _KEYS[section]}

    def _address(self) -> str:
        self._used += 1
        return f"127.255.{self._used // 250}.{self._used % 250 + 1}"


def beyond(first: list[Fault], further: list[Fault], document: Document, unread: Collection[str] = ()) -> list[Fault]:
    """Faults found behind stand-ins that no fault before them explains.

    `unread`: of these sections something could not be read, so that nobody can say that anything is lacking there.
    """
    lines = {fault.line for fault in first if fault.file == document.file}
    names = any(" name" in fault.what for fault in first)
    found = [
        fault
        for fault in further
        if not fault.warning
        and not (fault.file == document.file and fault.line in lines)
        and UNREAD not in fault.what
        and not (names and " is named " in fault.what)
        and not _may_be_unread(fault, unread)
    ]
    return sorted(
        {*first, *found}, key=lambda fault: (fault.file != document.file, fault.file, fault.line, fault.column)
    )


def _may_be_unread(fault: Fault, unread: Collection[str]) -> bool:
    """Is something said to be lacking that may stand in what could not be read?"""
    lacks = _LACKS.search(fault.what)
    return lacks is not None and _SECTIONS[lacks.group(1)] in unread

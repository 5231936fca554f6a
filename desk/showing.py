"""What anybody is shown of what the desk knows: numbers masked as on the pages, names and reasons without numbers.

One number in full is asked for by `desk.unmasking`; what was granted there is shown ``clear``.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar, cast

from desk.disclosure import without_numbers
from rules.audit.chain import Deed
from rules.records.privacy import mask

T = TypeVar("T")
_NUMBERS = frozenset({"number", "numbers", "accused", "caller", "callers", "entry"})
# What people wrote: reporters name a business or an office by a number, officers write some into a reason.
_WRITTEN = frozenset({"business", "branch", "office", "offices", "bank", "owner", "holder", "title", "names", "like"})
_WRITTEN |= {"name", "about", "subject", "reason", "why", "on_top", "handed_to", "their_reference", "their_answer"}
_WRITTEN |= {"asked", "asked_of", "answer", "answers", "sealed", "target", "error", "trunk"}
_NAMED = frozenset({"ladder", "owner", "leak", "office"})  # are told by a name, or a number
_OF_NETWORKS = frozenset({"account", "key"})  # of which it is said from where somebody came
_PLAIN = re.compile(r"[A-Za-z\s,.;:/'\"!?+|=]*")  # in which neither a number nor a mail address can be written
# What is no number however many digits it has: a reference, the id of a decision, a pseudonym or hash.
_NO_NUMBER = re.compile(r"(\b[CA]-(?=[\d-]*[A-Z])[0-9A-Z]{5}-[0-9A-Z]{5}\b|\b(?=\d*[a-f])[0-9a-f]{20,64}\b)")


def masked(text: str) -> str:
    """A number as everybody may see it; what covers many, a prefix or a range, stays as it is written."""
    return text if "*" in text or ".." in text else mask(text)


@lru_cache(maxsize=20_000)  # the names of offices and businesses come again and again
def worded(text: str, home: str = "") -> str:
    """What people wrote, or we about them, without numbers; references stay."""
    if _PLAIN.fullmatch(text):
        return text
    apart = _NO_NUMBER.split(text)
    return "".join(part if place % 2 else without_numbers(part, home) for place, part in enumerate(apart))


def as_shown(value: T, home: str = "", *, clear: bool = False) -> T:
    """The same value as anybody may see it. ``clear``: its numbers in full, which was asked for and is on record.

    Fields are told by their names, in named tuples and dictionaries however deep; ``home`` as in `without_numbers`.
    """
    return cast(T, _shown(value, home, clear))


def as_named(name: str, known: Iterable[str], home: str) -> str:
    """Which of the known names is meant by one that may be told as it is shown: without the number written into it."""
    names = list(known)
    if name in names or "*" not in name:
        return name
    shown = [one for one in names if worded(one, home) == name]
    return shown[0] if len(shown) == 1 else name


def deed_shown(deed: Deed, home: str = "") -> Deed:
    """An entry of the audit as people read it: a step of the ladder names a number, reasons and details may."""
    deed = deed._replace(
        reason=worded(deed.reason, home), before=_kept(deed.before, home), after=_kept(deed.after, home)
    )
    if deed.subject in _NAMED:
        deed = deed._replace(subject_id=worded(deed.subject_id, home))
    return deed._replace(detail=worded(deed.detail, home)) if deed.subject not in _OF_NETWORKS else deed


def _kept(text: str, home: str) -> str:
    """What stood there before and after, where it is JSON of what people wrote."""
    try:
        said = json.loads(text) if text[:1] == "{" else None
    except ValueError:
        return text
    if not isinstance(said, dict):
        return text
    told = {name: worded(one, home) if isinstance(one, str) else one for name, one in said.items()}
    return json.dumps(told, ensure_ascii=False)


def _shown(value: Any, home: str, clear: bool) -> Any:
    if hasattr(value, "_replace"):
        return value._replace(**_fields(value._asdict(), home, clear))
    if isinstance(value, dict):
        return _fields(value, home, clear)
    if isinstance(value, list | tuple):
        return type(value)(_shown(one, home, clear) for one in value)
    return value


def _fields(parts: dict[str, Any], home: str, clear: bool) -> dict[str, Any]:
    of_number = parts.get("kind") == "number"  # who stands on the ladder: a number, or an owner by his name
    named = {name: "number" if of_number and name == "name" else name for name in parts}
    return {name: _field(named[name], value, home, clear) for name, value in parts.items()}


def _field(name: str, value: Any, home: str, clear: bool) -> Any:
    if name in _NUMBERS:
        return value if clear else _each(value, masked, home, clear)
    if name in _WRITTEN:
        return _each(value, lambda text: worded(text, home), home, clear)
    return _shown(value, home, clear)


def _each(value: Any, hide: Callable[[str], str], home: str, clear: bool) -> Any:
    """The text, each of several, or those that something is counted under."""
    if isinstance(value, str):
        return value if isinstance(value, Enum) else hide(value)
    if isinstance(value, list | tuple) and not hasattr(value, "_replace"):
        return type(value)(_each(one, hide, home, clear) for one in value)
    if isinstance(value, dict) and all(isinstance(one, int) for one in value.values()):
        found: Counter[str] = Counter()
        for key, count in value.items():
            found[hide(key)] += count
        return dict(found)
    return _shown(value, home, clear)

"""A sentence in English that knows its words and what fills them, so that a page says it in another language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Self


class Worded(str):
    """A text for everybody who reads English; ``words`` with its places, and what fills them, for everybody else."""

    __slots__ = ("filled", "words")

    words: str  # as a catalogue has them, with %(name)s for a place
    filled: Mapping[str, object]  # of which one may be such a text itself

    def __new__(cls, words: str, filled: Mapping[str, object] = MappingProxyType({})) -> Self:
        """The text, in English."""
        one = super().__new__(cls, words % filled if filled else words)
        one.words, one.filled = words, filled
        return one


def worded(words: str, /, **filled: object) -> Worded:
    """A sentence with its places filled; catalogues are made from the calls of this function."""
    return Worded(words, filled)


def joined(between: str, parts: Sequence[str]) -> str:
    """Parts with something between them, which may be such a text as they are."""
    if len(parts) < 2:
        return parts[0] if parts else ""
    filled: dict[str, object] = {f"part{at}": part for at, part in enumerate(parts)}
    filled["between"] = between
    return Worded("%(between)s".join(f"%(part{at})s" for at in range(len(parts))), filled)


def translated(text: object, say: Callable[[str], str]) -> object:
    """The text in other words; what is no such text stays what it is."""
    if not isinstance(text, Worded):
        return text
    said = say(text.words) if text.words else ""  # a catalogue has its own head under nothing
    return said % {name: translated(value, say) for name, value in text.filled.items()} if text.filled else said


def changed(text: str, change: Callable[[str], str]) -> str:
    """The text with what fills its places changed, to hide or shorten it; any other text changed as it is."""
    if not isinstance(text, Worded):
        return change(text)
    filled = {name: changed(value, change) if isinstance(value, str) else value for name, value in text.filled.items()}
    return Worded(text.words, filled)

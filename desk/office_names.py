"""What the spellings of an office have in common: case, width, blanks, signs; and, with less certainty, suffixes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from desk.spellings import folded

BETWEEN = " / "  # a bank and its branch
_LINKS = re.compile(r"(?<!\w)(?:the|of|at|in)(?!\w)", re.IGNORECASE)
_WORDS = re.compile(r"\w+")
_ALONE = frozenset({"co", "sub"})  # suffixes as words of their own only
_FEWEST = 2  # signs that remain
# The longest of several that end alike stands first, and "bank" is none: it is the name.
_SUFFIXES = (
    *("股份有限公司", "有限责任公司", "有限公司", "分公司", "集团", "公司"),
    *("营业厅", "营业部", "营业所", "服务厅", "服务中心", "客服中心", "分理处", "储蓄所", "旗舰店", "专卖店", "门店"),
    *("支行", "分行", "分部", "分店", "网点", "柜台", "店", "厅"),
    *("subbranch", "branch", "office", "outlet", "store", "shop", "counter"),
    *("companylimited", "coltd", "limited", "ltd", "inc", "corp", "plc", "gmbh", "company", "group"),
)


class Named(NamedTuple):
    """An office with every name that it is known by."""

    id: int
    names: tuple[str, ...]
    bank: tuple[str, ...]  # the names of the bank that it belongs to; empty: of none


class Key(NamedTuple):
    """By what an office is found."""

    key: str
    exact: bool


def exact_key(name: str) -> str:
    """The name without case, width, blanks and signs; a name of signs alone stays as it is."""
    plain = folded(_LINKS.sub(" ", unicodedata.normalize("NFKC", name)))
    letters = "".join(sign for sign in plain if unicodedata.category(sign)[0] in "LNM")
    return letters or folded(name) or name


def loose_key(name: str) -> str:
    """The same without what such names and their words end on: Chaoyang sub-branch Co., Ltd."""
    plain = unicodedata.normalize("NFKC", name).casefold().replace("sub-branch", "branch")
    words = [_shortened(exact_key(word)) for word in _WORDS.findall(_LINKS.sub(" ", plain))]
    return _shortened("".join(word for word in words if word not in _SUFFIXES and word not in _ALONE)) or exact_key(
        name
    )


def _shortened(key: str) -> str:
    for _ in range(3):
        shorter = next((key.removesuffix(one) for one in _SUFFIXES if key.endswith(one)), key)
        if shorter == key or len(shorter) < _FEWEST:
            break
        key = shorter
    return key


def keys_of(office: Named) -> Iterator[Key]:
    """All keys of an office.

    A branch is found by its bank's name and its own, in either order; by its own alone only where it is no bank's:
    every bank has a branch at the station. Names that a person gave it (all but the first) count alone.
    """
    own, *others = office.names
    for name in ([own] if not office.bank else []) + others:
        yield Key(exact_key(name), True)
        yield Key(loose_key(name), False)
    for bank in office.bank:
        for name in office.names:
            for first, second in ((bank, name), (name, bank)):
                yield Key(exact_key(first) + exact_key(second), True)
                yield Key(loose_key(f"{first} {second}"), False)
                yield Key(loose_key(first) + loose_key(second), False)


def key_table(offices: Iterable[Named]) -> dict[Key, int | None]:
    """Which office each key means; None where it could be several."""
    found: dict[Key, int | None] = {}
    for office in offices:
        for key in keys_of(office):
            if found.setdefault(key, office.id) != office.id:
                found[key] = None
    return found

"""Versions of what an operator gives: the difference between two, a version out of a difference, and its digest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Final, NamedTuple

from rules.sharing.entries import SharedEntry, Withdrawal

Key = tuple[str, str]  # origin, number
State = dict[Key, SharedEntry]
_GOES: Final = "-"  # what a line of a difference begins with that takes an entry out


class Gap(ValueError):
    """A difference that does not fit to what it is applied to."""


class Difference(NamedTuple):
    """What makes one version of another."""

    comes: tuple[SharedEntry, ...]  # new, or changed
    goes: tuple[Key, ...]


class Index(NamedTuple):
    """Which version there is, and by which files one comes to it."""

    version: int
    entries: int
    digest: str
    full: str
    deltas: dict[int, tuple[int, str]]  # from -> to, name


def state_of(entries: Iterable[SharedEntry]) -> State:
    """Entries by their keys; ValueError where one stands twice."""
    found: State = {}
    for one in entries:
        if one.key in found:
            raise Gap(f"an entry of {one.origin} stands there twice")
        found[one.key] = one
    return found


def difference(old: Mapping[Key, SharedEntry], new: Mapping[Key, SharedEntry]) -> Difference:
    """What makes the new version of the old one, in the order of its keys."""
    comes = tuple(new[key] for key in sorted(new) if old.get(key) != new[key])
    return Difference(comes, tuple(sorted(key for key in old if key not in new)))


def applied(old: Mapping[Key, SharedEntry], change: Difference) -> State:
    """The version that comes of it; Gap where something goes that was not there."""
    found = dict(old)
    for key in change.goes:
        if found.pop(key, None) is None:
            raise Gap(f"an entry of {key[0]} goes, and was not there")
    for one in change.comes:
        found[one.key] = one
    return found


def lines_of(state: Mapping[Key, SharedEntry]) -> Iterator[str]:
    """A whole version as a file has it."""
    return (state[key].line for key in sorted(state))


def lines_of_difference(change: Difference) -> list[str]:
    """A difference as a file has it."""
    return [*(f"{_GOES}{origin} {number}" for origin, number in change.goes), *(one.line for one in change.comes)]


def split_difference(lines: Iterable[str]) -> tuple[list[Key], list[str]]:
    """What goes, and the lines of what comes."""
    goes: list[Key] = []
    comes: list[str] = []
    for line in lines:
        if line.startswith(_GOES):
            origin, _, number = line[1:].partition(" ")
            goes.append((origin, number))
        else:
            comes.append(line)
    return goes, comes


def digest_of(lines: Iterable[str]) -> str:
    """By which both sides know that they hold the same version, whichever way it came."""
    found = sha256()
    for line in lines:
        found.update(line.encode())
        found.update(b"\n")
    return found.hexdigest()


Withdrawn = dict[Key, int]  # up to which version of the origin it is withdrawn


def withdrawn_for(sender: str, feeds: Mapping[str, Iterable[Withdrawal]]) -> Withdrawn:
    """What counts no more of what this operator sent; ``feeds``: what each operator whom we hear withdrew.

    An origin takes back what he said whoever passed it on. Of what others said a messenger takes back only what he
    passed on himself: else he could silence them.
    """
    found: Withdrawn = {}
    for name, feed in feeds.items():
        for one in feed:
            if name in (sender, one.origin):
                found[one.key] = max(found.get(one.key, 0), one.version)
    return found


def stands(one: SharedEntry, withdrawn: Mapping[Key, int]) -> bool:
    """Does it stand in spite of withdrawals? Whatever the order they came in."""
    return one.version > withdrawn.get(one.key, 0)

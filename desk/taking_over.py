"""How far words are that are taken over to a new key."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TakingOver:
    """What a page shows of it."""

    words: int = 0  # there are
    left: int = 0  # of these are under an old key, or were not looked at yet
    unread: int = 0  # under a key that is not there
    over: bool = False  # nothing is under an old key

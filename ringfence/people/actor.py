"""Who acts: one type for everybody who does or looks at something, through whichever door."""

from __future__ import annotations

from typing import Literal, NamedTuple

from ringfence.people.rights import Right, Role

Door = Literal["command line", "api", "page"]


class Actor(NamedTuple):
    """An account at work, or whoever runs a command while there is none."""

    name: str  # under which everything is recorded
    roles: frozenset[Role]
    rights: frozenset[Right]
    by: Door
    display_name: str = ""
    language: str = ""  # en, zh, or nothing: what the browser asks for

    @property
    def role(self) -> str:
        """In which roles he acts, as the record has it."""
        return ", ".join(sorted(self.roles))


def everybody(login: str, by: Door) -> Actor:
    """Who acts while there is no account: everything is open to whoever may read the files."""
    return Actor(login, frozenset(), frozenset(Right), by)

"""The second person: what one proposes another confirms. Who that may be is known above; here is how it is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

_how: ContextVar[str] = ContextVar("how it is confirmed", default="")
_on: ContextVar[Mapping[str, object] | None] = ContextVar("on what it was proposed", default=None)


class Second(Protocol):
    """Whoever asks before something is done that takes two persons."""

    async def wanted(self) -> bool:
        """Does it take two persons here?"""

    async def ask(self, kind: str, about: str, arguments: Mapping[str, object], *, actor: str, reason: str = "") -> str:
        """How it is confirmed, for the record; raises where somebody else has to confirm it first."""


class _NoSecond:
    """One person is enough: there is no account."""

    async def wanted(self) -> bool:
        return False

    async def ask(self, kind: str, about: str, arguments: Mapping[str, object], *, actor: str, reason: str = "") -> str:
        return ""


NO_SECOND: Second = _NoSecond()


@contextmanager
def confirmed(how: str, on: Mapping[str, object] | None = None) -> Iterator[None]:
    """Whatever takes two persons in the block has been confirmed, ``on`` what was told when it was proposed."""
    token, ground = _how.set(how), _on.set(on)
    try:
        yield
    finally:
        _how.reset(token)
        _on.reset(ground)


def confirmed_on() -> Mapping[str, object]:
    """What was told when what is being done was proposed; empty: nothing was, or it was not proposed."""
    return _on.get() or {}


def let_pass(how: str) -> None:
    """The same until whatever runs has ended: a command of somebody whom nobody can confirm."""
    _how.set(how)


def how_confirmed() -> str:
    """How what is being done was confirmed; empty: it was not."""
    return _how.get()

"""By which door somebody came who does something, and in which role: what he does is entered with both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Door(NamedTuple):
    """How somebody acts; nothing: it is the service itself."""

    name: str = ""  # command line, api, page
    role: str = ""


_here: ContextVar[Door] = ContextVar("door", default=Door())  # noqa: B039 - a NamedTuple of texts never changes


@contextmanager
def through(name: str, role: str = "") -> Iterator[None]:
    """Whatever is entered within the block was done through this door, in this role."""
    token = _here.set(Door(name, role))
    try:
        yield
    finally:
        _here.reset(token)


def here() -> Door:
    """The one through which what is done now is done."""
    return _here.get()

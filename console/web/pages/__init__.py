"""The pages, each found by its file: whatever here has a `router` is served under its own name."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import NamedTuple

from fastapi import APIRouter

from console.web.frame import Page


class Served(NamedTuple):
    """A file of this folder."""

    name: str  # as it stands in addresses
    router: APIRouter
    page: Page | None  # None: it is in no navigation


@cache
def served() -> tuple[Served, ...]:
    """All files of this folder."""
    found = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        pages = import_module(f"{__name__}.{module.name}")
        found.append(Served(module.name.replace("_", "-"), pages.router, getattr(pages, "PAGE", None)))
    return tuple(found)

"""Looks of commands that open no desk: they stand in the audit, and where that cannot be written, it is said."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import typer

from ringfence.login import login_name


def note_search(file: Path, number: str, by: str) -> None:
    """Somebody looks this canonical number up."""
    from desk.looks import note_lookup

    configuration = _configuration(file)
    _noted(note_lookup(file.parent, configuration, number, actor=login_name(), by=by))


def note_unmasking(file: Path, by: str, decision: str = "") -> None:
    """Somebody is shown callers in full."""
    from desk.looks import note_unmasked

    configuration = _configuration(file)
    _noted(note_unmasked(file.parent, configuration, decision, actor=login_name(), by=by))


def _configuration(file: Path) -> Any:
    from ringfence.configuration import load_configuration

    return load_configuration(file)


def _noted(note: Coroutine[Any, Any, None]) -> None:
    from rules.storage.store import DatabaseError, StoreError

    try:
        asyncio.run(note)
    except (StoreError, DatabaseError) as error:
        typer.echo(f"this look is not in the audit: {error}", err=True)

"""Hangs the commands of lists that have files of their own into the command line."""

from __future__ import annotations

import typer

import console.import_commands  # noqa: F401 - adds its commands to lists_app


def register(app: typer.Typer) -> None:
    """Give the application its further groups."""

"""`ringfence plugins`: which are loaded, from where, how slow, and what went wrong with them."""

from __future__ import annotations

from typing import Any

import typer

from console.cli.answers import Answer, clear_errors, table
from console.cli.door import entered
from console.cli.options import AsJson, ConfigurationFile


def plugins(context: typer.Context, config: ConfigurationFile = None, json: AsJson = False) -> None:
    """Show each plug-in: from which package, how often it was asked, how slow, what it failed by, whether it rests."""
    from ringfence.control import NoNodeError, ask, control_of, naming_faults
    from ringfence.plug_ins import rows

    door = entered(context, config)
    running = True
    with clear_errors(), naming_faults(door.file):
        try:
            found = ask(control_of(door.file), "plugins", acting=door.acting)
        except NoNodeError:
            found, running = rows({}), False
    for row in found:
        row["state"] = _state(row, running=running)
    none = "No plug-in is installed here; docs/plugins.md says what one is."
    columns = ("name", "group", "package", "version", "asked", "failed", "p50_ms", "p99_ms", "state")
    behind = "" if running else "No node runs here: these are installed, and would be loaded."
    given: Answer = table(columns, found, "UTC", none=none, behind=behind)
    given.give("UTC", json=json)


def _state(row: dict[str, Any], *, running: bool) -> str:
    if not row["loaded"]:
        return "not loaded: restart the node" if running else "installed"
    if not row["installed"]:
        return "loaded, and uninstalled since"
    if row["rests_s"]:
        return f"rests {row['rests_s']:g} s: {row['last_error']}"
    return row["last_error"] or "loaded"

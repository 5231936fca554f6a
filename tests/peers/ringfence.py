"""The product as its users run it: a process with a ringfence.yaml of its own, and its command line beside it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from console.cli.commands import app
from tests.peers.lanes import Lane
from tests.peers.loopback import Endpoint, listening, parse_endpoint
from tests.peers.process import Peer, whole_lines

COMMAND_S = 300
LISTS = {"blocked": {"kind": "block"}, "suspects": {"kind": "suspect"}, "friends": {"kind": "allow"}}


def settings(listen: Iterable[Endpoint], lanes: Iterable[Lane], **more: Any) -> dict[str, Any]:
    """A whole ringfence.yaml for these listeners and lanes; `more` replaces or adds top-level keys."""
    pairs = [lane.settings() for lane in lanes]
    return {
        "listen": [{"address": str(endpoint)} for endpoint in listen],
        "pbxes": [pbx for pbx, _ in pairs],
        "trunks": [trunk for _, trunk in pairs],
        "lists": LISTS,
        "use": [],
        "storage": {"database": "ringfence.db", "key_file": "ringfence.keys"},
        "logging": {"file": "calls.jsonl"},
        **more,
    }


class Ringfence(Peer):
    """`ringfence serve` on the given settings, once it listens."""

    def __init__(
        self, folder: Path, configuration: Mapping[str, Any], *, numbers: Mapping[str, list[str]] | None = None
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.file = folder / "ringfence.yaml"
        self.file.write_text(json.dumps(configuration, indent=1, ensure_ascii=False))  # JSON is YAML too
        for name, listed in (numbers or {}).items():
            self.command("lists", "add", name, *listed, "--country", "CN")
        super().__init__(
            [sys.executable, "-W", "error", "-m", "ringfence", "serve", "--config", self.file],
            output=folder / "service.log",
            environment={"PYTHONFAULTHANDLER": "1"},
        )
        for listener in configuration["listen"]:
            endpoint = parse_endpoint(listener["address"])
            self.ready(partial(listening, endpoint, listener.get("transport", "udp")), f"listening on {endpoint}")

    def command(self, *words: str) -> str:
        """What a command prints on this configuration, run here and not in a process that has to start first.

        In a thread, since the test may stand in an event loop and the command begins one of its own.
        """
        line = ["--config", str(self.file), *words]
        with ThreadPoolExecutor(1) as aside:
            run = aside.submit(CliRunner().invoke, app, line).result(COMMAND_S)
        assert run.exit_code == 0, f"ringfence {' '.join(words)}: {run.exit_code}\n{run.output}{run.exception!r}"
        return run.stdout

    def calls(self) -> list[dict[str, Any]]:
        """The log lines of judged calls so far."""
        log = self.folder / "calls.jsonl"
        return whole_lines(log.read_text()) if log.exists() else []

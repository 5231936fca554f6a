"""`ringfence trace`: the messages of one number or one call, as the running node receives and sends them."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Final
from zoneinfo import ZoneInfo

import typer

from console.cli.answers import counted, harmless
from ringfence.control import ControlError

EVERY_S: Final = 0.5
Ask = Callable[[str, dict[str, Any]], Any]
Show = Callable[[Mapping[str, Any]], None]


def follow(ask: Ask, wanted: dict[str, Any], show: Show, *, say: Callable[[str], None]) -> str:
    """Show each message until the trace ends, or somebody ends it by Ctrl-C; the end in words.

    Raises ControlError where the node does not trace.
    """
    begun = ask("trace", wanted)
    key, number = {"trace": begun["trace"]}, 0
    say(f"Tracing {begun['of']} for {begun['minutes']:g} minutes; Ctrl-C ends it.")
    try:
        for told in _answers(ask, key):
            number, lost = told["taken"], told["lost"]
            for message in told["messages"]:
                show(message)
            if told["over"]:
                return _ended(told["over"], number, lost)
    except (KeyboardInterrupt, BrokenPipeError):
        with suppress(ControlError):
            number = ask("trace-end", key)["taken"]
        return _ended("it was ended", number, 0)
    return ""  # never: the node says when it is over


def _answers(ask: Ask, key: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    while True:
        told = ask("trace-more", key)
        yield told
        if not told["messages"]:
            time.sleep(EVERY_S)


def _ended(why: str, number: int, lost: int) -> str:
    missing = f"; {counted(lost, 'message')} could not be kept and are missing" if lost else ""
    return f"{counted(number, 'message')}: {why}{missing}."


@contextmanager
def written_to(out: Path | None, zone: str, *, as_json: bool) -> Iterator[Show]:
    """What shows a message: in a file of ours alone, which must not be there yet, or on standard output."""
    if out is None:
        yield _on_output(zone, as_json=as_json)
        return
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            yield lambda message: _write(file, message, zone, as_json=as_json)
    except BaseException:
        if out.stat().st_size == 0:  # the node did not trace
            out.unlink()
        raise


def _on_output(zone: str, *, as_json: bool) -> Show:
    def show(message: Mapping[str, Any]) -> None:
        if as_json:
            typer.echo(_as_json(message, zone))
            return
        typer.echo(heading(message, zone))
        for line in octets_of(message).decode("utf-8", "replace").splitlines():
            typer.echo(harmless(line))
        typer.echo()
        sys.stdout.flush()

    return show


def _write(file: BinaryIO, message: Mapping[str, Any], zone: str, *, as_json: bool) -> None:
    if as_json:
        file.write(_as_json(message, zone).encode() + b"\n")
    else:
        file.write(heading(message, zone).encode() + b"\r\n" + octets_of(message) + b"\r\n\r\n")


def _as_json(message: Mapping[str, Any], zone: str) -> str:
    text = octets_of(message).decode("utf-8", "replace")
    return json.dumps({**message, "at": _time(message["at"], zone), "text": text}, ensure_ascii=False)


def octets_of(message: Mapping[str, Any]) -> bytes:
    """The message as it was on the wire, but for what is hidden."""
    text: str = message["text"]
    return text.encode("latin-1")


def heading(message: Mapping[str, Any], zone: str) -> str:
    """When, which way, and between whom."""
    way = "<-" if message["received"] else "->"
    who = f" ({message['peer']})" if message["peer"] else ""
    at = _time(message["at"], zone)
    return f"--- {at} {message['transport']} {message['here']} {way} {message['there']}{harmless(who)}"


def _time(at: float, zone: str) -> str:
    return datetime.fromtimestamp(at, ZoneInfo(zone)).isoformat(timespec="microseconds")

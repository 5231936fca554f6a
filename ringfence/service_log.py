"""What happens to the service, on standard error: JSON lines for machines, readable ones on a terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import structlog

from desk.reading import shown_text
from rules.records.numbers_in_text import without_numbers
from rules.records.outlet import Outlet

_LEVELS: Final = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class Level:
    """From which level on events are told; it may change while the service runs."""

    def __init__(self) -> None:
        self.least = logging.DEBUG

    def __call__(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Drop what is below it."""
        if _LEVELS.get(method, logging.ERROR) < self.least:
            raise structlog.DropEvent
        return event


_level: Final = Level()


def set_level(level: str) -> None:
    """Tell events of this level and those above, from now on."""
    _level.least = _LEVELS[level]


def masked(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A fault tells what it failed at, in which a number may stand."""
    if isinstance(told := event.get("exception"), str):
        event["exception"] = without_numbers(told)
    return event


def harmless(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever peers wrote steers no terminal."""
    if sys.stderr.isatty():
        for name, value in event.items():
            event[name] = shown_text(value) if name == "exception" else _on_one_line(value)
    return event


def _on_one_line(value: Any) -> Any:
    """Text that begins no line of its own either, which would look like one of ours."""
    if isinstance(value, str):
        return shown_text(value).replace("\n", "\\n")
    return [_on_one_line(each) for each in value] if isinstance(value, list | tuple) else value


def log_to_stderr(level: str) -> None:
    """Let events of this level and those above go there."""
    set_level(level)
    outlet = Outlet(sys.stderr.fileno(), patience_s=0, silent=True)
    structlog.configure(
        processors=[
            _level,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            masked,
            harmless,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        # Told from within the event loop: a reader of standard error who has stopped reading costs lines, not calls.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, outlet)),
        wrapper_class=structlog.make_filtering_bound_logger("debug"),
        cache_logger_on_first_use=True,
    )

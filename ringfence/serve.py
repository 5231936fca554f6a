"""`ringfence serve`: configuration, rules, keys and lists are opened, then the proxy runs until it is told to stop."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Callable, MutableMapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
import uvloop
from prometheus_client import start_http_server

import proxy.app
from desk.reading import shown_text
from proxy.app import IGNORED, build_core
from proxy.build import BUILD
from proxy.metrics import Metrics
from proxy.proxy_settings import HostPort
from proxy.server import Server
from ringfence.control import Control
from ringfence.installation import Installation
from ringfence.memory import LimitError, fit, keep_addresses_few, take_files, too_few_files
from ringfence.phone_reports import PhoneComplaints
from ringfence.rule_changes import RuleChanges, Start, starting_rules
from ringfence.storage import Room, Storage
from rules.records.outlet import Outlet
from rules.screening.screen import Screen
from rules.storage.database_files import begun_anew, missed


def serve(file: Path, *, watch: bool = False) -> None:
    """Run the proxy of this configuration until SIGTERM or SIGINT; raises RuleError when it can't be used."""
    for number in IGNORED:  # until the proxy says so in the log
        signal.signal(number, signal.SIG_IGN)
    keep_addresses_few()
    take_files()
    if few := too_few_files():
        raise LimitError(f"{few}; raise it with `ulimit -n` or LimitNOFILE")
    start = starting_rules(file)
    log_to_stderr(start.configuration.logging.level)
    if lowered := (fitting := fit(start.configuration)).words:
        structlog.get_logger("ringfence").warning("memory", lowered=lowered)
        start = start._replace(configuration=fitting.configuration)
    uvloop.run(run(start, file, watch=watch))


async def run(start: Start, file: Path, *, watch: bool = False) -> None:
    """Open what judging needs, run the proxy, and leave everything recorded on disk."""
    configuration = start.configuration
    async with Installation(file, configuration, start.document) as here:
        make_folders(here)
        for path in missed(here.database):
            structlog.get_logger("ringfence").error("database", fault=begun_anew(path))
        budget_ms = configuration.limits.judge_ms
        screen = await Screen.open(configuration, start.ruleset, here.base, budget_ms=budget_ms, tell=tell_trouble)
        try:
            phones = await PhoneComplaints.open(here, screen)
        except BaseException:
            await screen.close()  # an open database would keep the process alive
            raise
        await go_on(start, here, screen, phones, watch=watch)


async def go_on(start: Start, here: Installation, screen: Screen, phones: PhoneComplaints, *, watch: bool) -> None:
    """The rest of `run`, once all that calls need is open; it closes them."""
    log = structlog.get_logger("ringfence")
    configuration, ruleset = start.configuration, start.ruleset
    changes = RuleChanges(here.file, start, screen, watch=watch)
    control = Control(here.control)
    room = Room(files_of(here), configuration.storage.room_mib)
    storage = Storage(lambda: {**screen.without, "rules": changes.without, "complaints": phones.without}, room)

    def ready(server: Server) -> None:
        """The sockets are bound: say so, and keep the collector away from all that was made until now."""
        cleanup.callback(log.info, "stopped")  # what never served, does not stop either
        metrics = server.metrics
        metrics.registry.register(changes)
        metrics.registry.register(phones)
        metrics.registry.register(storage)
        if configuration.metrics is not None:
            cleanup.callback(publish(metrics, configuration.metrics))
        changes.begin()
        phones.begin()
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 100)  # a full collection stops the loop for 65 ms at 48,000 held calls
        log.info(
            "serving",
            listen=[str(listener.address) for listener in configuration.listen],
            metrics=str(configuration.metrics) if configuration.metrics else None,
            rules=ruleset.revision,
            revision=start.number,
            rules_from="the disk: nothing was live, so it is revision 1 now" if start.first else "what is live",
            configuration=str(here.file),
            build=BUILD,
        )
        if not configuration.logging.mask_numbers:
            log.warning("numbers stand unmasked in the call log", setting="logging.mask_numbers")

    for warning in start.warnings:
        log.warning("check", fault=str(warning))
    with ExitStack() as cleanup:
        try:
            await control.open()
            await proxy.app.run(
                *(build_core(configuration, configuration, screen.keys), screen),
                ready=ready,
                desk=phones,
                ailments=lambda: [*storage.ailments(), *([control.without] if control.without else [])],
            )
        finally:
            await control.close()
            await changes.close()
            await screen.close()
            await phones.close()


def files_of(here: Installation) -> list[Path]:
    """What a running proxy writes to; databases beside that of the lists share its disk."""
    log = here.configuration.logging.file
    return [here.database, here.key_file, *([here.base / log] if log is not None else [])]


def make_folders(here: Installation) -> None:
    """The folders of keys and databases; where they cannot be made, whoever opens a file in them says so."""
    for path in (here.database, here.key_file):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)


def tell_trouble(what: str, cause: str, times: int) -> None:
    """Something that is otherwise only counted goes wrong: said with its cause, seldom enough for a flood of it."""
    structlog.get_logger("ringfence").error(what, cause=cause, times=times)


def publish(metrics: Metrics, address: HostPort) -> Callable[[], None]:
    """Let Prometheus read the figures over HTTP, in a thread beside the loop; what is returned ends that."""
    server, thread = start_http_server(address.port, address.host, metrics.registry)

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end


def harmless(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Whatever peers wrote steers no terminal."""
    if sys.stderr.isatty():
        for name, value in event.items():
            if isinstance(value, str) and name != "exception":
                event[name] = shown_text(value)
    return event


def log_to_stderr(level: str) -> None:
    """Service events go to standard error: JSON lines for machines, readable ones on a terminal."""
    outlet = Outlet(sys.stderr.fileno(), patience_s=0, silent=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            harmless,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Told from within the event loop: a reader of standard error who has stopped reading costs lines, not calls.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, outlet)),
        cache_logger_on_first_use=True,
    )

"""`ringfence serve`: configuration, rules, keys and lists are opened, then the proxy runs until it is told to stop."""

from __future__ import annotations

import signal
from contextlib import suppress
from pathlib import Path

import structlog
import uvloop

from proxy.app import IGNORED
from ringfence import supervisor
from ringfence.cluster.sharing import Sharing, join_record
from ringfence.handed import Handed, handed_over
from ringfence.installation import Installation
from ringfence.keeper import become_keeper, is_kept
from ringfence.memory import LimitError, fitted, keep_addresses_few, take_files, too_few_files
from ringfence.node import Beside, Node
from ringfence.phone_reports import PhoneComplaints
from ringfence.rule_changes import Start, starting_rules
from ringfence.service_log import log_to_stderr
from rules.screening.screen import Screen
from rules.storage.database_files import begun_anew, keys_made_anew, missed


def serve(file: Path, *, watch: bool = False, beside: Beside | None = None) -> None:
    """Run the proxy of this configuration until SIGTERM or SIGINT; raises RuleError when it can't be used.

    `beside` answers those who ask about calls over HTTP.
    """
    for number in IGNORED:  # until the proxy says so in the log
        signal.signal(number, signal.SIG_IGN)
    keep_addresses_few()
    take_files()
    if few := too_few_files():
        raise LimitError(f"{few}; raise it with `ulimit -n` or LimitNOFILE")
    joined: list[Sharing] = []
    start = starting_rules(file, lambda here: joined.extend(_joined(here)))
    log_to_stderr(start.configuration.logging.level)
    configuration, lowered = fitted(start.configuration, start.ruleset.rates)
    for cause, said in lowered.items():
        structlog.get_logger("ringfence").warning(cause, lowered=said)
    start = start._replace(configuration=configuration)
    running = run(start, file, handed_over(), watch=watch, beside=beside, sharing=joined[0] if joined else None)
    if uvloop.run(running) and not (supervisor.is_there() or is_kept()):
        become_keeper()


def _joined(here: Installation) -> list[Sharing]:
    if here.configuration.storage.record is not None:
        log_to_stderr(here.configuration.logging.level)
    sharing = join_record(here)
    return [sharing] if sharing is not None else []


async def run(
    start: Start,
    file: Path,
    handed: Handed,
    *,
    watch: bool = False,
    beside: Beside | None = None,
    sharing: Sharing | None = None,
) -> bool:
    """Open what judging needs, run the proxy, and leave everything recorded on disk; has another process taken over?"""
    configuration = start.configuration
    async with Installation(file, configuration, start.document) as here:
        make_folders(here)
        for path in missed(here.database):
            structlog.get_logger("ringfence").error("database", fault=begun_anew(path))
        if (lost := here.lost_keys()) is not None:
            structlog.get_logger("ringfence").error("keys", fault=keys_made_anew(lost))
        budget_ms = configuration.limits.judge_ms
        screen = await Screen.open(configuration, start.ruleset, here.base, budget_ms=budget_ms, tell=tell_trouble)
        try:
            phones = await PhoneComplaints.open(here, screen)
        except BaseException:
            await screen.close()  # an open database would keep the process alive
            raise
        try:
            node = Node(start, here, screen, phones, watch=watch, handed=handed, beside=beside, sharing=sharing)
        except BaseException:
            await phones.close_all()
            await screen.close()
            raise
        await node.run()
        return node.has_successor


def make_folders(here: Installation) -> None:
    """The folders of keys and databases; where they cannot be made, whoever opens a file in them says so."""
    for path in (here.database, here.key_file):
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)


def tell_trouble(what: str, cause: str, times: int) -> None:
    """Something that is otherwise only counted goes wrong: said with its cause, seldom enough for a flood of it."""
    structlog.get_logger("ringfence").error(what, cause=cause, times=times)

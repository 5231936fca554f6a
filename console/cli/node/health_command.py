"""`ringfence health`: does every listener of the running node answer, and what should somebody see to?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from console.cli.answers import FAULTS, Answer, clear_errors, harmless
from console.cli.options import AsJson, ConfigurationFile, chosen

if TYPE_CHECKING:
    from proxy.proxy_settings import ListenerSettings
    from ringfence.installation import Installation


class _Seen(NamedTuple):
    """Who is to be asked, and what is to be remarked before anybody was."""

    listeners: list[ListenerSettings]
    remarks: list[str]


def health(
    context: typer.Context,
    config: ConfigurationFile = None,
    json: AsJson = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 also when there is something to remark.")] = False,
) -> None:
    """Ask the running proxy with a SIP OPTIONS on each listener; exit 0 if every one answers.

    The listeners are those that the node has, whatever the file says by now. What somebody should see to (calls that
    would be refused, a PBX that says nothing, a fault in the file) stands below, with --json on standard error.
    """
    from ringfence.health import ask

    with clear_errors():
        listeners, general = _look(chosen(context, config))
    answers = {listener.shown: ask(listener) for listener in listeners}
    lines, remarks = [], []
    for address, answer in answers.items():
        lines.append(f"{address}: {f'answers {answer.status}' if answer.status else 'no answer'}")
        lines += [harmless(f"  {remark}") for remark in answer.remarks]
        remarks += [harmless(f"{address}: {remark}") for remark in answer.remarks]
    lines += map(harmless, general)
    remarks += map(harmless, general)
    fine = all(answer.status and not (strict and remarks) for answer in answers.values())
    found = Answer({address: answer.status for address, answer in answers.items()}, "\n".join(lines))
    found._replace(status=0 if fine else FAULTS, why="\n".join(remarks) if json else "").give(json=json)


def _look(file: Path) -> _Seen:
    """A fault of the file is told and judges nobody: the node goes on by what it read before.

    Raises RuleError where neither the node nor the file says who is to be asked.
    """
    from ringfence.control import installation_of, listening
    from ringfence.installation import Installation
    from rules.language.source import RuleError

    running, remarks = listening(file), []
    try:
        here: Installation | None = Installation.open(file)
    except RuleError as error:
        here = installation_of(file)
        if not running and here is None:
            raise
        remarks = [f"the node goes on, and would not start by this file: {fault}" for fault in error.faults]
    return _Seen(running or (here.configuration.listen if here is not None else []), remarks + _kept_of(here))


def _kept_of(here: Installation | None) -> list[str]:
    """What is to be said of keys and people; that it can't be read is a remark as well."""
    from ringfence.people.faults import PeopleError
    from ringfence.people.nobody_left import alone_told
    from rules.storage.database_files import keys_gone
    from rules.storage.keys import KeyFileError
    from rules.storage.store import DatabaseError, StoreError

    if here is None:
        return []
    try:
        lost = here.lost_keys()
        alone = here.run(alone_told)
    except (PeopleError, KeyFileError, StoreError, DatabaseError, OSError) as error:
        return [f"what lies beside the node cannot be read: {error}"]
    return [*([keys_gone(lost)] if lost is not None else []), *([alone] if alone else [])]

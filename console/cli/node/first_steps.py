"""`ringfence init`: a first ringfence.yaml by asking, or from options alone; checked before it is there."""

from __future__ import annotations

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import typer

from console.cli.answers import FAULTS, USAGE, Answer, fail
from console.cli.workbench.check import check
from ringfence.first_configuration import (
    First,
    needs_advertise,
    outward_address,
    read,
    single,
    state_of,
    written,
    zones_of,
)

Answers = Mapping[str, Any]
_NEEDED: Final = ("country", "listen", "pbx")
_NEXT: Final = """\
Next:
  ringfence --config {file} serve    # run it; SIGTERM ends it
  ringfence --config {file} health   # does it answer?
Let the carrier and the PBX send their calls to {listen}; docs/operating.md says how a PBX is told."""


class _Question(NamedTuple):
    """One thing to decide."""

    kind: str  # as in ringfence.first_configuration.KINDS: the name of its option
    words: str
    usual: Callable[[Answers], str] = lambda _: ""  # what is offered, by what was answered before
    when: Callable[[Answers], object] = lambda _: True  # else it is not asked
    many: bool = False
    optional: bool = False


_QUESTIONS: Final = (
    _Question("country", "Whose numbers are these? (ISO country: CN, DE ...)"),
    _Question("listen", "Which address of this machine shall take calls?", lambda _: outward_address()),
    _Question(
        "advertise",
        "That is every interface: under which address do others reach it?",
        when=lambda found: needs_advertise(found["listen"]),
    ),
    _Question("pbx", "Where is the PBX? (several: in the order in which they are tried)", many=True),
    _Question(
        "carrier", "From which addresses or networks does the carrier call? (none: anybody)", many=True, optional=True
    ),
    _Question(
        "send_to",
        "Where do calls of the PBX go? (none: there are none)",
        lambda found: single(found["carrier"]),
        many=True,
        optional=True,
    ),
    _Question("feature_code", "What do subscribers dial to report a call? (such as *33; none: nothing)", optional=True),
    _Question("metrics", "Where shall Prometheus read? (none: nowhere)", lambda _: "127.0.0.1:9464", optional=True),
    _Question(
        "time_zone",
        "In which time zone are rules meant?",
        lambda found: next(iter(zones_of(found["country"])), "UTC"),
        when=lambda found: len(zones_of(found["country"])) != 1,
    ),
)


def write_first(file: Path, given: Answers, *, force: bool, ask: bool) -> Answer:
    """Decide, check, and only then put it in place."""
    if file.is_dir():
        file = file / "ringfence.yaml"
    if file.exists() and not force:
        fail(
            f"{file} is there already; name another file, or write over it with --force, which keeps the old one aside"
        )
    first = decided(given, state_of(file), ask=ask)
    told, refused = _checked(first, file)
    again = as_line(file, first)
    if refused:
        said = [*told, f"Nothing is written. To mend it, change and repeat:\n  {again}"]
        return Answer({"written": None, "faults": told}, faults=said, status=FAULTS)
    aside = _put(file, written(first))
    before = f"; what was there is {aside.name} now" if aside else ""
    lines = [f"{file} is written and checked{before}.", f"The same without questions:\n  {again}"]
    lines.append(_NEXT.format(file=shlex.quote(str(file)), listen=first.advertise or first.listen))
    return Answer({"written": str(file), "faults": told}, "\n".join(lines), told)


def on_a_terminal() -> bool:
    """Is somebody there who can be asked?"""
    return sys.stdin.isatty()


def decided(given: Answers, state: str, *, ask: bool) -> First:
    """Each answer: from its option, from somebody who is asked, or what is usual."""
    lacking = [option(name) for name in _NEEDED if not given[name]]
    if lacking and not ask:
        fail(f"nobody can be asked here: give {', '.join(lacking)}", USAGE)
    found: dict[str, Any] = {}
    for question in _QUESTIONS:
        value: Any = given[question.kind]
        if value:
            found[question.kind] = _taken(question, value)
        elif ask and question.when(found):
            found[question.kind] = _asked(question, question.usual(found))
        else:
            usual = question.usual(found) if question.kind in ("time_zone", "send_to") else ""
            found[question.kind] = _read_all(question, usual)
    for name, words in (
        ("international", "Does it write bare digits with their country code, without a plus?"),
        ("trusted", "Is its P-Asserted-Identity to be believed?"),
    ):
        found[name] = given[name] or (ask and bool(found["carrier"]) and typer.confirm(f"The carrier: {words}"))
    return First(**found, state=given["state"] or state)


def option(name: str) -> str:
    """An option as it is typed."""
    return f"--{name.replace('_', '-')}"


def as_line(file: Path, first: First) -> str:
    """The command that writes the same without asking."""
    words = ["ringfence", "init", str(file)]
    for name, value in first._asdict().items():
        if value is True:
            words.append(option(name))
        for one in value if isinstance(value, list) else [value] if isinstance(value, str) and value else []:
            words += [option(name), one]
    return shlex.join(words)


def _taken(question: _Question, value: str | Sequence[str]) -> Any:
    """What an option said; a mistake in it is wrong usage."""
    try:
        return _read_all(question, value if isinstance(value, str) else ",".join(value))
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option(question.kind)) from None


def _asked(question: _Question, usual: str) -> Any:
    """What somebody types, asked again until it can be read."""
    words = question.words
    while True:
        text = typer.prompt(words, default=usual if usual or question.optional else None, show_default=bool(usual))
        try:
            return _read_all(question, "" if question.optional and text.strip().lower() == "none" else text)
        except ValueError as error:
            typer.echo(f"  {error}", err=True)


def _read_all(question: _Question, text: str) -> Any:
    if question.many:
        return [read(question.kind, one) for one in text.replace(",", " ").split()]
    return read(question.kind, text) if text.strip() else ""


def _checked(first: First, file: Path) -> tuple[list[str], bool]:
    """What `ringfence check` says of it, under the name that it will have; and whether a proxy would refuse it."""
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_text(written(first._replace(state="var")), encoding="utf-8")
        found = check(trial, [])
    return [str(fault._replace(file=str(file))) for fault in found.faults], found.refused


def _put(file: Path, text: str) -> Path | None:
    """Write it as a whole; what was there before stays beside it, and is returned."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = None
    if file.exists():
        aside = file.with_name(f"{file.name}.until-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}")
        os.replace(file, aside)
    with file.open("x", encoding="utf-8") as made:
        made.write(text)
        made.flush()
        os.fsync(made.fileno())
    return aside

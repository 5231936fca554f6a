"""From ringfence.yaml to a rule set: the rule files that it names and the shipped packs that it uses, compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ringfence.ask import Reader
from ringfence.checks import known_profiles
from ringfence.configuration import read_configuration
from ringfence.node_settings import Configuration, rule_files
from rules.judging.calendars import NO_DAYS, read_calendar
from rules.judging.engine import RuleSet
from rules.judging.fact_sources import OURS, installed_givers
from rules.judging.plugins import METHODS, loaded_by_method
from rules.language.compile import Compiled, Known, compile_rules, read_files
from rules.language.rule_files import RuleFiles
from rules.language.rule_paths import find
from rules.language.source import Document, Fault, RuleError
from rules.model import ATTESTATION, Trunk
from rules.screening.revisions import Texts, texts_of


class Rulebook(NamedTuple):
    """A configuration with its rules."""

    configuration: Configuration
    ruleset: RuleSet
    warnings: list[Fault]
    files: list[Path]
    document: Document
    texts: Texts  # as they were read: what would be stored if they went live
    compiled: Compiled | None = None  # None: a stored revision


def trunks_of(configuration: Configuration) -> list[Trunk]:
    """The trunks as judging sees them."""
    usual = configuration.thresholds
    home = configuration.home
    return [trunk.facts(tag_at=usual.tag, reject_at=usual.reject, home=home) for trunk in configuration.trunks]


def compiled(
    configuration: Configuration,
    document: Document,
    files: Iterable[Path | Document] | RuleFiles,
    *,
    proving: bool = True,
) -> Compiled:
    """These rule files as this configuration compiles them; not `proving`: an example that fails is no fault."""
    try:
        read = Reader(configuration).read
    except (KeyError, ValueError):  # a configuration with faults, which are told
        read = None
    known = Known(
        profiles=known_profiles(configuration),
        destinations=configuration.destinations.keys(),
        facts=known_facts() if configuration.identity.authorities else known_facts().difference(ATTESTATION),
        labels=configuration.record_route,
        calendar=read_calendar(Path(document.file).parent / configuration.calendar)
        if configuration.calendar
        else NO_DAYS,
        read=read,
    )
    trunks = trunks_of(configuration)
    return compile_rules(files, configuration, trunks=trunks, known=known, configuration=document, proving=proving)


def known_facts() -> frozenset[str]:
    """The facts that somebody here measures: Ringfence itself, or a plug-in. RuleError: some plug-in can't be used."""
    for group in METHODS:
        loaded_by_method(group)
    return OURS | installed_givers().names


def load_rulebook(path: Path, files: list[Path] | None = None) -> Rulebook:
    """Configuration and rules of a ringfence.yaml, or these rule files in place of its own.

    Raises RuleError, whose faults name everything that is wrong.
    """
    configuration, document = read_configuration(path)
    if files is None:
        files = [file for pattern in configuration.rules for file in rule_files(path.parent, pattern)]
    sources = read_files(files, configuration, document)
    found = compiled(configuration, document, sources)
    if found.ruleset is None:
        raise RuleError(found.faults)
    texts = texts_of(sources, configuration.use, path.parent)
    warnings = [fault for fault in found.faults if fault.warning]
    warnings += patterns(configuration, document, path.parent)
    return Rulebook(configuration, found.ruleset, warnings, files, document, texts, found)


def patterns(configuration: Configuration, document: Document, base: Path) -> Iterator[Fault]:
    """What the patterns of ringfence.yaml match without reading it, or reach from elsewhere."""
    for key in ("rules", "tests"):
        for position, pattern in enumerate(getattr(configuration, key)):
            found = find(base, pattern)
            # Of rules it is a fault already; of tests, `ringfence test` says that there are none.
            if not found.files and not (base / pattern).parent.is_dir():
                where = f"it is looked for in {base.resolve()}"
                yield document.fault((key, position), f"no file matches {pattern!r}", where, warning=True)
            for what, hint in found.remarks:
                yield document.fault((key, position), what, hint, warning=True)

"""`ringfence play`: a rule file while it is written: faults, what its calls would get and why, at each save."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from console.cli.answers import counted
from console.cli.workbench.check import quoted
from console.cli.workbench.proof import told_shortly
from ringfence.configuration import read_configuration
from ringfence.node_settings import Configuration
from ringfence.rulebook import compiled
from rules.judging.explain import Sentence, explain
from rules.language.compile import Compiled, in_its_days, no_call
from rules.language.examples import NotJudged, example_hits, example_words
from rules.language.faults import Fault, RuleError, faults_of
from rules.language.grammar import Example
from rules.language.proof import prove
from rules.language.source import Document, read_document
from rules.language.spans import calls_of
from rules.model import Verdict

LOOK_S = 0.3  # between two looks at the file
GIVEN = "--call"  # what faults name as their file


class Played(NamedTuple):
    """What one call would get."""

    call: str  # in the words of examples
    verdict: Verdict
    trace: list[Sentence]

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        verdict = {"verdict": str(self.verdict.action), "rule": self.verdict.rule, "step": str(self.verdict.step)}
        return {"call": self.call, **verdict, "lines": [line._asdict() for line in self.trace]}


class Frame(NamedTuple):
    """What is shown of a file as it was saved."""

    faults: list[Fault]
    failed: list[str]  # examples that came out otherwise, in five lines each
    played: list[Played]
    sum: str
    traced: bool  # are the calls given, so that each is shown step by step?

    @property
    def good(self) -> bool:
        """Is nothing wrong with the file and its examples?"""
        return not self.failed and all(fault.warning for fault in self.faults)

    def as_text(self) -> str:
        """For people."""
        lines = [part for fault in self.faults for part in (str(fault), *quoted(fault))] + self.failed
        for one in self.played:
            by = one.verdict.rule or str(one.verdict.step)
            lines.append(f"{one.verdict.action} by {by}: {one.call}")
            if self.traced:
                width = max(len(line.step) for line in one.trace)
                lines += [f"  {'=>' if each.won else '  '} {each.step:{width}}  {each.text}" for each in one.trace]
        return "\n".join([*lines, self.sum])

    def as_data(self) -> dict[str, Any]:
        """For programs."""
        faults = [fault._asdict() for fault in self.faults]
        return {"good": self.good, "faults": faults, "calls": [one.as_data() for one in self.played], "sum": self.sum}


def frame(configuration: Path, file: Path, calls: list[str]) -> Frame:
    """What the file says as it stands, of the calls given, else of its own examples. Lists are what a call says."""
    try:
        settings, document = read_configuration(configuration)
        given = [read_call(text) for text in calls]
    except RuleError as error:
        return Frame(list(error.faults), [], [], "nothing was judged: first mend what is named above", bool(calls))
    found = compiled(settings, document, [file], proving=False)
    proof, faults = prove(found, settings)
    faults = [fault for fault in faults if not fault.warning or fault.file == str(file)]
    if proof is None:
        return Frame(faults, [], [], "nothing was judged: first mend what is named above", bool(calls))
    own = [item for item in found.built if item.file.document.file == str(file)]
    examples = [in_its_days(each, item.rule.valid) for item in own for each in (*item.rule.catches, *item.rule.spares)]
    played, unheard = [], []
    for example in given or examples:
        try:
            played.append(play(example, found, settings))
        except (NotJudged, RuleError) as error:
            unheard.append(Fault(GIVEN, 0, 0, f"{example_words(example)}: {error}"))
    failed = [line for failure in proof.failures for line in told_shortly(failure)]
    total = f"{counted(len(own), 'rule')}, {counted(len(examples), 'example')}: {len(proof.failures)} failed"
    return Frame([*faults, *unheard], failed, played, total, bool(calls))


def read_call(text: str) -> Example:
    """A call in the words of examples, `from: 95588, to: 13800138000`, with or without braces. Raises RuleError."""
    document: Document = read_document(text if text.lstrip().startswith("{") else f"{{{text}}}", GIVEN)
    try:
        return Example.model_validate(document.data)
    except ValidationError as error:
        raise RuleError(faults_of(error, document, Example)) from None


def play(example: Example, found: Compiled, settings: Configuration) -> Played:
    """What a call would get; of a range, its first. Raises NotJudged, RuleError."""
    ruleset, setting = found.ruleset, found.setting
    assert ruleset is not None  # or nothing was proved
    document = read_document("{}", GIVEN)
    wrong = [document.fault((), *what) for _, what in no_call(example, setting.clock.zone)]
    trunk = setting.trunk(example, setting.country)
    if (wrong := wrong + setting.faults(example, document, ())) or trunk is None:
        raise RuleError(wrong)
    first = next(calls_of(example))
    call = setting.call(first, trunk)
    hits, called_hits = example_hits(first, call, setting.kinds)
    for position, hit in enumerate(hits):
        if (policy := settings.lists.get(hit.list)) is not None:
            hits[position] = hit._replace(suspicion=policy.suspicion, shared=policy.shared)
    verdict = ruleset.judge(call, hits, called_hits)
    return Played(example_words(example), verdict, explain(call, verdict, ruleset, hits, called_hits))


def saves(file: Path, wait: Callable[[float], None] = time.sleep) -> Iterator[None]:
    """Now, and each time the file has been saved; while an editor puts it in place it may be gone."""
    seen, first = (0, 0, 0), True
    while True:
        now = seen
        with suppress(FileNotFoundError):
            status = file.stat()
            now = (status.st_mtime_ns, status.st_size, status.st_ino)
        if first or now != seen:
            seen, first = now, False
            yield
        wait(LOOK_S)

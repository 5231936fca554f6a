"""`ringfence test`: examples and test files are run; failures with their trace, and what no call ever showed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, NamedTuple

from console.cli.answers import counted
from console.cli.workbench.check import quoted
from ringfence.configuration import read_configuration
from ringfence.node_settings import Configuration, rule_files
from ringfence.rulebook import compiled
from rules.judging.explain import Sentence
from rules.language.faults import Fault, RuleError
from rules.language.proof import Failure, Gap, Proof, prove, shown_facts
from rules.language.sequences import SequenceFile, is_test_file, read_sequences
from rules.language.source import Document, load_document


class ProofReport(NamedTuple):
    """What `ringfence test` found."""

    faults: list[Fault]
    proof: Proof | None  # None: nothing could be run
    wanted: float = 0.0  # percent of what calls could show that they must show

    @property
    def good(self) -> bool:
        """Did everything come out as it should, and was enough shown?"""
        return self.proof is not None and not self.proof.failures and self.proof.coverage >= self.wanted

    def as_text(self, *, trace: bool = False) -> str:
        """Faults, failures in five lines each or with every step, gaps, then one line of sum."""
        lines = [part for fault in self.faults for part in (str(fault), *quoted(fault))]
        if self.proof is None:
            return "\n".join([*lines, "nothing was run: first mend what is named above"])
        for failure in self.proof.failures:
            lines += told(failure) if trace else told_shortly(failure)
        lines += covered(self.proof.gaps)
        if self.wanted:
            lines.append(self._coverage(self.proof))
        return "\n".join([*lines, summed(self.proof)])

    def _coverage(self, proof: Proof) -> str:
        shown = f"coverage {floored(proof.coverage)} %: calls show {proof.asked - len(proof.gaps):,} of {proof.asked:,}"
        return f"{shown}; {'at least' if proof.coverage >= self.wanted else 'too little, wanted are'} {self.wanted:g} %"

    def as_data(self) -> dict[str, Any]:
        """The same for programs."""
        data: dict[str, Any] = {"good": self.good, "faults": [fault._asdict() for fault in self.faults]}
        if self.proof is not None:
            data |= self.proof._asdict() | {"coverage": floored(self.proof.coverage)}
            data["failures"] = [
                {
                    **failure.fault._asdict(),
                    "facts": failure.facts,
                    "trace": [line._asdict() for line in failure.trace],
                }
                for failure in self.proof.failures
            ]
            data["gaps"] = [gap._asdict() for gap in self.proof.gaps]
        return data


def floored(percent: float) -> float:
    """Percent with one digit behind the point; 100 only when nothing is lacking."""
    return math.floor(percent * 10) / 10


def told_shortly(failure: Failure) -> list[str]:
    """A failure in five lines: the fault, its line with a mark below, who calls whom, and what made it come out so."""
    call, *steps = failure.trace
    lines = [str(failure.fault), *quoted(failure.fault), f"    {call.text}{_measured(failure)}"]
    decided = [f"{line.step}: {line.text}" for line in steps if line.won] or _turning(steps)
    return lines + [f"    {line}" for line in decided[:1]]


def _measured(failure: Failure) -> str:
    return f"; facts: {shown_facts(failure.facts)}" if failure.facts else ""


def _turning(steps: list[Sentence]) -> list[str]:
    """The condition because of which a rule does not hold, by its `when` or its `unless`; else all that hold."""
    stops = [
        f"{line.step}: {line.text}" for line in steps if line.text[:3] == ("no " if line.step == "when" else "yes")
    ]
    return stops or ["it holds: " + "; ".join(line.text[3:].strip() for line in steps if line.step == "when")]


def told(failure: Failure) -> list[str]:
    """A failure with the line that it is in, the facts, and the trace."""
    lines = [str(failure.fault), *quoted(failure.fault)]
    if failure.facts:
        lines.append(f"    facts: {shown_facts(failure.facts)}")
    width = max(len(line.step) for line in failure.trace)
    lines += [f"    {'=>' if line.won else '  '} {line.step:{width}}  {line.text}" for line in failure.trace]
    return lines


def covered(gaps: list[Gap]) -> list[str]:
    """What no call ever showed, one line each; of a rule that never matched nothing more is said."""
    silent = {gap.rule for gap in gaps if gap.what == "never matched"}
    lines = [
        f"  {gap.what}: rule {gap.rule} ({gap.place}){f': {gap.condition}' if gap.condition else ''}"
        for gap in gaps
        if gap.what == "never matched" or gap.rule not in silent
    ]
    return ["coverage:", *lines] if lines else []


def summed(proof: Proof) -> str:
    """Everything in one line."""
    words = ("never matched", "never true", "never false")
    never = {what: sum(gap.what == what for gap in proof.gaps) for what in words}
    tests = f"{counted(proof.tests, 'test')} with {counted(proof.calls, 'call')}" if proof.tests else "no tests"
    return (
        f"{counted(proof.rules, 'rule')}, {counted(proof.examples, 'example')}, {tests}: {len(proof.failures)} failed; "
        f"{counted(never['never matched'], 'rule')} never matched, "
        f"{counted(never['never true'], 'condition')} never true, {never['never false']} never false"
    )


def run_tests(file: Path, named: list[Path], wanted: float = 0.0) -> ProofReport:
    """Run the examples and tests of a configuration, or of these files: rules, tests, or both."""
    try:
        configuration, document = read_configuration(file)
        rules, tests = sorted_out(configuration, file.parent, named)
    except RuleError as error:
        return ProofReport(list(error.faults), None)
    proof, faults = prove(compiled(configuration, document, rules, proving=False), configuration, tests)
    return ProofReport(faults, proof, wanted)


def sorted_out(
    configuration: Configuration, base: Path, named: list[Path]
) -> tuple[list[Document | Path], list[tuple[Document, SequenceFile]]]:
    """The rule files and the test files; those of the configuration where none is named."""
    documents: list[Document] = []
    faults: list[Fault] = []
    for path in named or [file for pattern in configuration.tests for file in rule_files(base, pattern)]:
        try:
            documents.append(load_document(path))
        except RuleError as error:
            faults += error.faults
    tests = []
    for document in documents:
        if not named or is_test_file(document):
            try:
                tests.append((document, read_sequences(document)))
            except RuleError as error:
                faults += error.faults
    if faults:
        raise RuleError(faults)
    rules: list[Document | Path] = [Path(one.file) for one in documents if named and not is_test_file(one)]
    if not rules:
        rules = [file for pattern in configuration.rules for file in rule_files(base, pattern)]
    return rules, tests

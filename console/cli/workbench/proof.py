"""`ringfence test`: examples and test files are run; failures with their trace, and what no call ever showed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from console.cli.answers import counted
from console.cli.workbench.check import quoted
from ringfence.configuration import read_configuration
from ringfence.node_settings import Configuration, rule_files
from ringfence.rulebook import compiled
from rules.language.faults import Fault, RuleError
from rules.language.proof import Failure, Gap, Proof, prove, shown_facts
from rules.language.sequences import SequenceFile, is_test_file, read_sequences
from rules.language.source import Document, load_document


class ProofReport(NamedTuple):
    """What `ringfence test` found."""

    faults: list[Fault]
    proof: Proof | None  # None: nothing could be run

    @property
    def good(self) -> bool:
        """Did everything come out as it should?"""
        return self.proof is not None and not self.proof.failures

    def as_text(self) -> str:
        """Faults, failures, gaps, then one line of sum."""
        lines = [part for fault in self.faults for part in (str(fault), *quoted(fault))]
        if self.proof is None:
            return "\n".join([*lines, "nothing was run: first mend what is named above"])
        for failure in self.proof.failures:
            lines += told(failure)
        lines += covered(self.proof.gaps)
        return "\n".join([*lines, summed(self.proof)])

    def as_data(self) -> dict[str, Any]:
        """The same for programs."""
        data: dict[str, Any] = {"good": self.good, "faults": [fault._asdict() for fault in self.faults]}
        if self.proof is not None:
            data |= self.proof._asdict()
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


def run_tests(file: Path, named: list[Path]) -> ProofReport:
    """Run the examples and tests of a configuration, or of these files: rules, tests, or both."""
    try:
        configuration, document = read_configuration(file)
        rules, tests = sorted_out(configuration, file.parent, named)
    except RuleError as error:
        return ProofReport(list(error.faults), None)
    proof, faults = prove(compiled(configuration, document, rules, proving=False), configuration, tests)
    return ProofReport(faults, proof)


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

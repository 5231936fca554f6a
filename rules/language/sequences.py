"""Test files: calls in order, each with what must become of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from rules.language.editor_schema import for_editors
from rules.language.faults import RuleError, faults_of
from rules.language.grammar import Example, Part, RuleName, Some, Word
from rules.language.key_examples import with_examples
from rules.language.source import Document
from rules.language.values import read_span, read_version
from rules.numbering.countries import Country

Seconds = Annotated[int, BeforeValidator(read_span, json_schema_input_type=str)]


class SequenceCall(Example):
    """A call of a sequence: who calls whom and when, how it ends, and what is expected."""

    expect: Literal["forward", "tag", "reject", "divert"] | None = Field(
        None, description="The verdict that it must get; left out: any."
    )
    rule: RuleName | None = Field(None, description="The rule or list that must have decided.")
    fires: Some[RuleName] | None = Field(None, description="Rules and lists that must match, also those that observe.")
    times: Annotated[int, Field(ge=1, le=100_000)] = Field(1, description="So many such calls, one after the other.")
    every: Seconds = Field(60, description="How long after the call before it comes, if `at` does not say it: 30s, 1m.")
    lasts: Seconds | None = Field(
        None, description="It is answered, and ends so long after: 3s; left out: nobody answers."
    )


class CallSequence(Part):
    """Calls in order; counting begins anew with each sequence."""

    test: Word = Field(description="What it shows, in a few words.")
    calls: list[SequenceCall] = Field(min_length=1, description="In the order in which they come.")


class SequenceFile(Part):
    """A file of tests."""

    version: Annotated[int, BeforeValidator(read_version, json_schema_input_type=Literal[1])] = 1
    about: str = Field("", description="What the file is for.")
    country: Country | None = Field(None, description="Country of trunks that no call names.")
    tests: list[CallSequence] = Field(min_length=1, description="Sequences of calls.")


def is_test_file(document: Document) -> bool:
    """Does the document hold tests, rather than rules?"""
    return isinstance(document.data, dict) and "tests" in document.data


def read_sequences(document: Document) -> SequenceFile:
    """The tests of a document; RuleError names every fault."""
    try:
        return SequenceFile.model_validate(document.data)
    except ValidationError as error:
        raise RuleError(faults_of(error, document, SequenceFile)) from None


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a test file, for completion and hover in editors."""
    schema = SequenceFile.model_json_schema(by_alias=True, mode="validation")
    return with_examples(for_editors("Ringfence tests", schema, definitions=schema.pop("$defs")))


if __name__ == "__main__":  # python -m rules.language.sequences > config/schema/tests.json
    import json

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))

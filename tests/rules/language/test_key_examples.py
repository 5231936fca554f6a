"""Editors show a sentence and an example for each key, and the grammar takes what they show."""

import json
from typing import Any

import pytest

from rules.language import sequences
from rules.language.grammar import When, json_schema, read_then
from rules.language.key_examples import EXAMPLES, parts_of
from rules.language.source import read_document

PARTS = parts_of(json_schema())
ALL = [*parts_of(sequences.json_schema()).items(), *PARTS.items()]
KEYS = [(part, key, told) for part, one in ALL for key, told in one.get("properties", {}).items()]


def test_each_key_has_a_sentence_and_an_example():
    assert [f"{part}.{key}" for part, key, told in KEYS if not told.get("description")] == []
    lacking = [f"{part}.{key}" for part, key, told in KEYS if "examples" not in told]
    assert lacking == [], "write them into rules/language/key_examples.py"


def test_no_example_is_of_a_key_that_there_is_not():
    known = {key for _, key, _ in KEYS}
    assert [name for name in EXAMPLES if name.rpartition(".")[2] not in known] == []


@pytest.mark.parametrize("key", sorted(PARTS["When"]["properties"]))
def test_the_grammar_takes_the_example_of_a_condition(key: str):
    example: Any = EXAMPLES[key]
    assert When.model_validate(as_written({key: example}))


@pytest.mark.parametrize("key", ["reject", "divert", "tag", "suspicion", "list"])
def test_the_grammar_takes_the_example_of_what_is_done(key: str):
    assert read_then(as_written({key: EXAMPLES[key]}))


def as_written(value: Any) -> Any:
    """The value as a document has it: every scalar is text."""
    return read_document(json.dumps(value), "example.yaml").data

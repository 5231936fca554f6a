"""Shorthands say the same as the long form."""

import pytest
from pydantic import TypeAdapter, ValidationError

from rules.language.grammar import Some
from rules.language.shorthand import as_it_is, as_list, as_numbers, as_words


def test_one_value_is_a_list_of_one():
    assert as_list("a") == ["a"]
    assert as_list(["a"]) == ["a"]


def test_words_and_numbers_are_short_for_their_long_form():
    assert as_words("a") == {"is": "a"}
    assert as_numbers(["1"]) == {"exact": ["1"]}
    assert as_words({"missing": True}) == as_it_is({"missing": True})


def test_one_or_more_for_validation_and_for_editors():
    some = TypeAdapter(Some[int])
    assert some.validate_python("3") == some.validate_python([3]) == [3]
    with pytest.raises(ValidationError):
        some.validate_python([])
    several = {"type": "array", "items": {"type": "integer"}, "minItems": 1}
    assert some.json_schema() == {"anyOf": [{"type": "integer"}, several]}

"""Bodies that can be read in two ways, or not at all, are refused before anything looks at them."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.api.strict_json import NotJson, read_json

PLAIN = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4),
)


@given(VALUES)
def test_what_is_json_is_read_as_it_was_meant(value):
    assert read_json(json.dumps(value).encode()) == value
    assert read_json(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_anything_is_read_or_refused(body):
    with suppress(NotJson):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"a": 1, "a": 2}',
        b'{"a": NaN}',
        b"[-Infinity]",
        b'{"a": "\\ud800"}',
        b'{"\\udfff": 1}',
        b"1" * 5_000,
        b"[" * 33 + b"]" * 33,
        b'{"a":' * 100_000,
        b"[" * 250_000,
    ],
)
def test_refused(body):
    with pytest.raises(NotJson):
        read_json(body)


def test_brackets_in_texts_nest_nothing():
    assert read_json(json.dumps("[" * 99 + '\\"' + "{" * 99).encode())


def test_the_reason_says_where_and_repeats_nothing():
    with pytest.raises(NotJson, match="line 1, column 13") as caught:
        read_json(b'{"reporter":+8613800138000}')
    assert "138" not in str(caught.value)

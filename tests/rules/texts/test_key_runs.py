"""What looks like a key is not repeated; what people write is."""

import pytest

from rules.texts.key_runs import without_keys


@pytest.mark.parametrize(
    "text",
    ["token 8521 " + "a5" * 32, "Zm9vYmFyYmF6" * 4, "k: 0123456789ABCDEF0123456789ABCDEF"],
)
def test_a_key_is_starred_sign_by_sign(text):
    shown = without_keys(text)
    assert len(shown) == len(text)
    assert "*" * 32 in shown


@pytest.mark.parametrize(
    "text", ["+8613800138000", "1" * 60, "a-rule-with-a-name-that-is-longer-than-others-are", "short"]
)
def test_what_people_write_stays(text):
    assert without_keys(text) == text

"""What is kept of people, and what nobody reads without the key."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.faults import ComplaintError
from desk.secrecy import Secrecy, new_reference, read_reference
from rules.storage.keys import Keys

KEYS = Keys((("a", b"t" * 32),), b"p" * 32)


@given(st.text())
def test_any_text_comes_back(text):
    secrecy = Secrecy(KEYS)
    blob = secrecy.encrypt({"text": text}, "C-1")
    assert secrecy.decrypt(blob, "C-1") == ({"text": text} if text else {})


def test_numbers_that_look_alike_have_short_names_that_tell_nothing():
    secrecy, numbers = Secrecy(KEYS), [f"CN:950{last:05}" for last in range(500)]
    names = [secrecy.short_name(one) for one in numbers]
    assert len(set(names)) > 490
    assert secrecy.short_name(numbers[7]) == names[7]
    assert all(len(name) == 4 and name.isalpha() for name in names)
    other = Secrecy(Keys((("a", b"t" * 32),), b"q" * 32))
    assert other.short_name(numbers[7]) != names[7], "without the key nobody computes it"


def test_it_is_bound_to_its_complaint_and_to_the_key():
    blob = Secrecy(KEYS).encrypt({"text": "he knew my name"}, "C-1")
    assert b"name" not in blob
    with pytest.raises(ComplaintError):
        Secrecy(KEYS).decrypt(blob, "C-2")
    with pytest.raises(ComplaintError, match="another key"):
        Secrecy(KEYS._replace(pseudonym=b"q" * 32)).decrypt(blob, "C-1")


def test_texts_of_before_there_was_a_key_for_them_can_still_be_read():
    """And a new key comes first, while those before it still read."""
    older = Secrecy(KEYS).encrypt({"text": "old"}, "C-1")
    first = Secrecy(KEYS._replace(contents=(b"1" * 32,)))
    second = Secrecy(KEYS._replace(contents=(b"2" * 32, b"1" * 32)))
    middle, newest = first.encrypt({"text": "middle"}, "C-1"), second.encrypt({"text": "new"}, "C-1")
    assert [second.decrypt(blob, "C-1")["text"] for blob in (older, middle, newest)] == ["old", "middle", "new"]
    for blob in (middle, newest):
        with pytest.raises(ComplaintError, match="another key"):
            Secrecy(KEYS).decrypt(blob, "C-1")


def test_nothing_is_kept_as_nothing():
    assert Secrecy(KEYS).encrypt({"text": "", "contact": ""}, "C-1") is None
    assert Secrecy(KEYS).decrypt(None, "C-1") == {}


def test_a_reference_is_read_as_people_write_it():
    reference = new_reference("C")
    assert len({new_reference("C") for _ in range(1_000)}) == 1_000
    assert read_reference(f" {reference.lower().replace('0', 'o').replace('1', 'l')} ") == reference
    assert read_reference(reference.replace("-", "")) == reference

"""A sealed text tells nobody what it is, and opens only where and for what it was sealed."""

from rules.storage.sealed_texts import LONGEST, SealedTexts


def test_what_was_sealed_is_opened_there_and_nowhere_else():
    texts = SealedTexts(b"k" * 32, "places")
    sealed = texts.sealed("+8613712345678")
    assert "137" not in sealed
    assert sealed != texts.sealed("+8613712345678"), "nobody sees that two are the same"
    assert texts.opened(sealed) == "+8613712345678"
    for other in (SealedTexts(b"k" * 32, "addresses"), SealedTexts(b"o" * 32, "places")):
        assert other.opened(sealed) == ""


def test_nothing_stays_nothing_and_what_was_not_sealed_here_is_nothing():
    texts = SealedTexts(b"k" * 32, "places")
    assert (texts.sealed(""), texts.opened("")) == ("", "")
    for wrong in ("x", "é", "AAAA", "A" * (2 * LONGEST), texts.sealed("a")[:-3]):
        assert texts.opened(wrong) == ""

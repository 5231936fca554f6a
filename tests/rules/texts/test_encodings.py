"""What a file was saved in is told apart by its bytes."""

import pytest

from rules.texts.encodings import NotUtf8, decoded, encoding_of, readable

TEXT = "- rule: night\n  because: 夜间骚扰\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf_8_is_read_with_a_mark_and_without(encoding):
    assert decoded(TEXT.encode(encoding)) == TEXT
    assert decoded(b"") == ""


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("gb18030", "gb18030"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")],
)
def test_others_are_named_and_can_be_shown(encoding, found):
    raw = TEXT.encode(encoding)
    assert encoding_of(raw) == found
    assert "夜间骚扰" in readable(raw)
    with pytest.raises(NotUtf8):
        decoded(raw)


def test_a_head_may_end_within_a_sign():
    raw = TEXT.encode()
    assert encoding_of(raw[:-2], whole=False) == "utf-8-sig"


def test_latin_1_is_not_called_gb18030():
    raw = "- rule: büro\n  because: Störung früh\n".encode("latin-1")
    assert encoding_of(raw) == ""
    with pytest.raises(NotUtf8, match="this is not UTF-8"):
        decoded(raw)

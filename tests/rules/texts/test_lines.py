"""Lines of what is handed in: an endless one is refused, however it came, and memory stays as it was."""

import io
import itertools

import pytest

from rules.texts.lines import TooLongLine, lines_of


class Endless(io.TextIOBase):
    """What `yes | tr -d '\\n'` writes."""

    def __init__(self):
        self.given = 0

    def readline(self, size=-1):
        assert size > 0, "all of it was asked for"
        self.given += size
        return "y" * size


def test_lines_come_with_their_ends():
    assert [*lines_of(io.StringIO("a\r\n\nb"))] == ["a\r\n", "\n", "b"]
    assert not [*lines_of(io.StringIO(""))]


def test_an_endless_line_is_refused_after_a_piece_of_it():
    endless = Endless()
    with pytest.raises(TooLongLine, match="more than 1,000 characters") as refused:
        next(lines_of(endless, 1_000))
    assert (endless.given, refused.value.line) == (1_001, 1)


def test_the_line_is_named():
    text = io.StringIO("".join(itertools.chain(["a\n"] * 7, ["b" * 11])))
    with pytest.raises(TooLongLine) as refused:
        list(lines_of(text, 10))
    assert refused.value.line == 8

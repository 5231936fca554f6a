"""A page of A4 on which text is written, in a font that the file carries: it looks the same in Beijing and in print.

Whatever a letter is, something is written: what our font lacks is taken from one that readers of PDF know for Chinese,
and what no font has is a square.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

WIDTH, HEIGHT = A4
MARGIN = 44.0
REGULAR, STRONG = "NotoSansSC", "NotoSansSC-SemiBold"
_FILES = {REGULAR: "NotoSansSC-Regular.ttf", STRONG: "NotoSansSC-SemiBold.ttf"}
_ELSEWHERE = "STSong-Light"
_SQUARE = "\u25a1"
INK, SOFT, LINE, PALE, ACCENT, GOOD = "#1f1d1a", "#625d55", "#d8d2c7", "#eee9df", "#a8281e", "#29663c"


class Paper:
    """What is drawn on, from the top: y counts downwards."""

    def __init__(self, title: str, author: str, language: str) -> None:
        _load()
        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=A4, lang=language, invariant=True)
        self._canvas.setTitle(title)
        self._canvas.setAuthor(author)
        self._canvas.setCreator("Ringfence")

    def write(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 9.0,
        *,
        font: str = REGULAR,
        color: str = INK,
        end: bool = False,
    ) -> None:
        """A line of text that begins there, or ends there."""
        pieces = list(_pieces(text, font))
        if end:
            x -= sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in pieces)
        self._canvas.setFillColor(HexColor(color))
        for name, piece in pieces:
            self._canvas.setFont(name, size)
            self._canvas.drawString(x, HEIGHT - y, piece)
            x += pdfmetrics.stringWidth(piece, name, size)

    def box(self, x: float, y: float, width: float, height: float, color: str, round_: float = 0.0) -> None:
        """A filled box, from its upper left corner."""
        self._canvas.setFillColor(HexColor(color))
        self._canvas.roundRect(x, HEIGHT - y - height, width, height, round_, stroke=0, fill=1)

    def line(self, x: float, y: float, to_x: float, to_y: float, color: str = LINE, width: float = 0.6) -> None:
        """A line."""
        self._canvas.setStrokeColor(HexColor(color))
        self._canvas.setLineWidth(width)
        self._canvas.line(x, HEIGHT - y, to_x, HEIGHT - to_y)

    def dot(self, x: float, y: float, radius: float, color: str) -> None:
        """A filled circle."""
        self._canvas.setFillColor(HexColor(color))
        self._canvas.circle(x, HEIGHT - y, radius, stroke=0, fill=1)

    def next_page(self) -> None:
        """The page is done."""
        self._canvas.showPage()

    def done(self) -> bytes:
        """The file."""
        self._canvas.save()
        return self._file.getvalue()


def width_of(text: str, size: float, font: str = REGULAR) -> float:
    """How wide a line of text is."""
    _load()
    return sum(pdfmetrics.stringWidth(piece, name, size) for name, piece in _pieces(text, font))


def shortened(text: str, room: float, size: float, font: str = REGULAR) -> str:
    """As much of a text as there is room for."""
    if width_of(text, size, font) <= room:
        return text
    while text and width_of(text + "…", size, font) > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _pieces(text: str, font: str) -> Iterator[tuple[str, str]]:
    """The text by the font that each letter is taken from."""
    has = _letters(font)
    regular = _letters(REGULAR)

    def of(letter: str) -> tuple[str, bool]:
        if ord(letter) in has:
            return font, True
        if ord(letter) in regular:
            return REGULAR, True
        chinese = "\u3400" <= letter <= "\u9fff" or "\uf900" <= letter <= "\ufaff"
        return (_ELSEWHERE, True) if chinese else (REGULAR, False)

    for (name, known), letters in groupby(text, key=of):
        piece = "".join(letters)
        yield name, piece if known else _SQUARE * len(piece)


@cache
def _load() -> None:
    """Read once: a tenth of a second."""
    for name, file in _FILES.items():
        with resources.as_file(resources.files("desk").joinpath("fonts", file)) as path:
            pdfmetrics.registerFont(TTFont(name, str(path)))
    pdfmetrics.registerFont(UnicodeCIDFont(_ELSEWHERE))


@cache
def _letters(font: str) -> frozenset[int]:
    _load()
    loaded: Any = pdfmetrics.getFont(font)
    return frozenset(loaded.face.charToGlyph)

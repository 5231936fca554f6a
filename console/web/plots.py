"""Curves as SVG without a script: points become a line in a box, with figures at its edges."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import NamedTuple

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 720.0, 190.0, 46.0, 22.0, 10.0


class Mark(NamedTuple):
    """A point that is marked."""

    x: float
    y: float


class Plot(NamedTuple):
    """A curve in coordinates of its box."""

    line: str  # of a polyline
    area: str  # of a polygon
    grid: list[tuple[float, str]]  # y and its figure
    first: float  # the times at both ends
    last: float
    mark: Mark | None


def plot(points: Sequence[tuple[float, float]], marked: tuple[float, float] | None = None) -> Plot:
    """Time and value of each point, in order of time; the scale begins at nought."""
    first, last = points[0][0], max(points[-1][0], points[0][0] + 1.0)
    top = _nice(max([value for _, value in points] + [marked[1] if marked else 0.0, 1e-9]))

    def place(at: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT) * (at - first) / (last - first)
        return round(min(max(x, LEFT), WIDTH), 1), round(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / top, 1)

    places = [place(at, value) for at, value in points]
    floor_y = HEIGHT - BOTTOM
    line = " ".join(f"{x},{y}" for x, y in places)
    grid = [(place(first, top * part)[1], f"{top * part:,.4g}") for part in (0.0, 0.5, 1.0)]
    mark = Mark(*place(*marked)) if marked else None
    return Plot(line, f"{places[0][0]},{floor_y} {line} {places[-1][0]},{floor_y}", grid, first, last, mark)


def _nice(value: float) -> float:
    """The next larger figure that people like to read: 1, 2, 5 and so on."""
    size = 10.0 ** floor(log10(value))
    return next(step * size for step in (1.0, 2.0, 5.0, 10.0) if ceil(value / size * 1e6) <= step * 1e6)

"""A report as a printed document (PDF): figures, their course, lines and ranges ranked, and how long things took."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from desk.paper import (
    ACCENT,
    GOOD,
    HEIGHT,
    INK,
    LINE,
    MARGIN,
    PALE,
    REGULAR,
    SOFT,
    STRONG,
    WIDTH,
    Paper,
    shortened,
    width_of,
)
from desk.rates import Rate
from desk.report_words import TITLE, Language, about, name_of_line, say, spelled
from desk.reports import Complained, Handling, Report, Row

_RIGHT = WIDTH - MARGIN
_ROOM = _RIGHT - MARGIN
_BOTTOM = HEIGHT - 58.0
_ROW = 16.5
_MOST_LINES = 40
_CHART = 82.0
_BAR = 64.0  # of the longest line
_LEAST = 4  # periods of a course
_FEWEST = 5  # ranges
_HANDLED = 20 + 5 * _ROW
_DAY_H = 24.0


class Printed(NamedTuple):
    """A report with what stands around its lines."""

    report: Report
    course: Sequence[Complained]  # the period and those before it
    ranges: Sequence[Rate]  # ranked by what is certain
    house: str  # who hands it on
    made: str  # when, as it is written

    def as_pdf(self, language: Language) -> bytes:
        """The document, in one of the languages."""
        pages = _Layout(self, language, 0).drawn()[1]
        return _Layout(self, language, pages).drawn()[0]


class _Layout:
    """One after the other, from the top of the first page to the end of the last."""

    def __init__(self, printed: Printed, language: Language, pages: int) -> None:
        self._printed, self._report, self._language, self._pages = printed, printed.report, language, pages
        title = f"{say(language, TITLE)}, {spelled(language, printed.report.period)}"
        self._paper = Paper(title, printed.house, language)
        self._page, self._y = 1, 0.0

    def drawn(self) -> tuple[bytes, int]:
        """The file, and how many pages it has."""
        self._head()
        self._figures()
        self._course()
        self._lines()
        self._ranges()
        if not self._report.bank:
            self._handling()
        self._foot()
        return self._paper.done(), self._page

    def _say(self, text: str, **values: object) -> str:
        return say(self._language, text, **values)

    def _need(self, height: float) -> bool:
        """Begin a new page where there is too little room on this one."""
        if self._y + height <= _BOTTOM:
            return False
        self._foot()
        self._paper.next_page()
        self._page, self._y = self._page + 1, 52.0
        return True

    def _foot(self) -> None:
        paper = self._paper
        paper.line(MARGIN, HEIGHT - 42, _RIGHT, HEIGHT - 42)
        whole = f"{self._say(TITLE)} · {spelled(self._language, self._report.period)}"
        paper.write(MARGIN, HEIGHT - 28, shortened(whole, _ROOM - 90, 7.5), 7.5, color=SOFT)
        number = self._say("Page {page} of {pages}", page=self._page, pages=self._pages)
        paper.write(_RIGHT, HEIGHT - 28, number, 7.5, color=SOFT, end=True)

    def _head(self) -> None:
        paper, printed = self._paper, self._printed
        paper.box(MARGIN, 40, 34, 3.2, ACCENT)
        paper.write(MARGIN, 60, shortened(printed.house, _ROOM - 170, 9), 9, color=SOFT)
        paper.write(_RIGHT, 60, self._say("as of {moment}", moment=printed.made), 9, color=SOFT, end=True)
        size = 20.0
        while width_of(self._say(TITLE), size, STRONG) > _ROOM:
            size -= 0.5
        paper.write(MARGIN, 90, self._say(TITLE), size, font=STRONG)
        paper.write(MARGIN, 111, spelled(self._language, self._report.period), 12)
        paper.write(MARGIN, 127, shortened(about(self._language, self._report), _ROOM, 9.5), 9.5, color=SOFT)
        self._y = 143.0

    def _figures(self) -> None:
        total, handling = self._report.total, self._report.handling
        shown = [(f"{total.complaints:,}", self._say("Complaints"), "", INK)]
        for growth, earlier, label, none in (
            (total.growth, total.before, "on the period before", "none the period before"),
            (total.year_growth, total.year_ago, "on a year ago", "none a year ago"),
        ):
            figure, color = ("–", SOFT) if growth is None else _signed(growth)
            shown.append((figure, self._say(label), f"{earlier:,}" if earlier else self._say(none), color))
        shown.append((f"{total.reporters:,}", self._say("Reporters"), "", INK))
        if not self._report.bank:
            share = self._say("none was due")
            if handling.decided:
                punctual = round(100 * (1 - handling.decided_late / handling.decided))
                share = self._say("{share} % in time", share=punctual)
            shown.append((f"{handling.decided:,}", self._say("Cases decided"), share, INK))
        gap = 8.0
        width = (_ROOM - gap * (len(shown) - 1)) / len(shown)
        for place, (figure, label, below, color) in enumerate(shown):
            x = MARGIN + place * (width + gap)
            self._paper.box(x, self._y, width, 62, PALE, 4)
            size = 19.0
            while width_of(figure, size, STRONG) > width - 18:
                size -= 0.5
            self._paper.write(x + 9, self._y + 26, figure, size, font=STRONG, color=color)
            self._paper.write(x + 9, self._y + 41, shortened(label, width - 14, 8), 8)
            self._paper.write(x + 9, self._y + 53, shortened(below, width - 14, 7.5), 7.5, color=SOFT)
        self._y += 62 + 22

    def _heading(self, text: str, small: str = "") -> None:
        self._paper.write(MARGIN, self._y + 10, self._say(text), 11.5, font=STRONG)
        if small:
            x = MARGIN + width_of(self._say(text), 11.5, STRONG) + 8
            self._paper.write(x, self._y + 10, shortened(self._say(small), _RIGHT - x, 8), 8, color=SOFT)
        self._y += 20

    def _course(self) -> None:
        course = list(self._printed.course)
        if not any(one.complaints for one in course):
            return
        while len(course) > _LEAST and not course[0].complaints:
            del course[0]  # before anything was known
        self._need(_CHART + 56)
        self._heading("Complaints, period by period")
        most = max(one.complaints for one in course)
        step = _ROOM / len(course)
        width, base = min(step * 0.62, 46.0), self._y + _CHART
        for place, one in enumerate(course):
            x = MARGIN + place * step + (step - width) / 2
            height = (_CHART - 14) * one.complaints / most
            now = one.period == self._report.period
            if height:
                self._paper.box(x, base - height, width, height, ACCENT if now else "#c9c0b0", min(1.5, height / 2))
            figure = f"{one.complaints:,}" if len(course) <= 13 or now else ""
            size = 7.5 if len(course) > 8 else 8.0
            centre = x + width / 2
            self._centred(centre, base - height - 4, figure, size, STRONG if now else REGULAR, INK if now else SOFT)
            label = one.period[-2:].lstrip("0") if one.period.count("-") == 2 else one.period
            self._centred(centre, base + 11, label, 7.5, STRONG if now else REGULAR, INK if now else SOFT)
        self._paper.line(MARGIN, base, _RIGHT, base, LINE, 0.8)
        self._y = base + 30

    def _centred(self, x: float, y: float, text: str, size: float, font: str, color: str) -> None:
        self._paper.write(x - width_of(text, size, font) / 2, y, text, size, font=font, color=color)

    def _lines(self) -> None:
        rows = self._report.rows
        if self._report.dimension == "all" and rows:
            return  # the figures above are its only line
        if not rows:
            self._paper.write(MARGIN, self._y + 10, self._say("Nothing is known of this period."), 10)
            self._y += 30
            return
        self._need(5 * _ROW + 40)
        sums = any(row.sum_of for row in rows)
        note = "lines are ranked by complaints; sums of other lines are marked =" if sums else ""
        self._heading("Complaints", note)
        known = any(row.calls is not None for row in rows)
        self._heads(known)
        most = max((row.complaints for row in rows if not row.sum_of), default=1) or 1
        for row in rows[:_MOST_LINES]:
            if self._need(_ROW + 4):
                self._heads(known)
            name = name_of_line(self._language, self._report, row).removeprefix("CN:") + (" =" if row.sum_of else "")
            self._line(row, name, known, 0 if row.sum_of else row.complaints / most)
        self._need(_ROW * 2)
        self._paper.line(MARGIN, self._y, _RIGHT, self._y, INK, 0.7)
        self._line(self._report.total, self._say("All complaints" if self._of_some() else "Total"), known, 0, STRONG)
        if (more := len(rows) - _MOST_LINES) > 0:
            text = self._say("and {count} more lines, in the table for spreadsheets", count=more)
            self._paper.write(MARGIN, self._y + 10, text, 8, color=SOFT)
            self._y += 14
        self._y += 20

    def _of_some(self) -> bool:
        """Do these lines tell of fewer complaints than there were? Few name an office or a business."""
        return not self._report.bank and self._report.dimension in ("bank", "branch", "business")

    def _heads(self, known: bool) -> None:
        last = "per 10,000 calls" if known else "Sealed"
        heads = ("Complaints", "Reporters", "on the period before", "on a year ago", last)
        for text, x in zip(heads, _ENDS, strict=True):
            self._paper.write(x, self._y + 9, shortened(self._say(text), 84, 7.5), 7.5, color=SOFT, end=True)
        self._y += 14
        self._paper.line(MARGIN, self._y, _RIGHT, self._y, LINE, 0.8)

    def _line(self, row: Row, name: str, known: bool, share: float, font: str = REGULAR) -> None:
        paper, y = self._paper, self._y + 12.3
        paper.write(MARGIN, y, shortened(name, _ENDS[0] - _BAR - MARGIN - 50, 9, font), 9, font=font)
        if share > 0:
            paper.box(_ENDS[0] - 44 - _BAR, self._y + 5.5, max(_BAR * share, 0.8), 7, "#c9c0b0", 1)
        paper.write(_ENDS[0], y, f"{row.complaints:,}", 9, end=True, font=font)
        paper.write(_ENDS[1], y, f"{row.reporters:,}", 9, end=True, font=font)
        for x, growth in ((_ENDS[2], row.growth), (_ENDS[3], row.year_growth)):
            text, color = ("–", SOFT) if growth is None else _signed(growth)
            paper.write(x, y, text, 9, color=color, end=True, font=font)
        rate = "–" if row.per_10000 is None else f"{row.per_10000:,.2f}"
        paper.write(_ENDS[4], y, rate if known else f"{row.sealed:,}", 9, end=True, font=font)
        self._y += _ROW
        paper.line(MARGIN, self._y, _RIGHT, self._y, LINE, 0.35)

    def _ranges(self) -> None:
        after = 64 + _HANDLED
        ranges = self._printed.ranges[: max(int((_BOTTOM - self._y - after) / _ROW), _FEWEST)]  # on one page if it goes
        if not ranges:
            return
        self._need(64 + _ROW * len(ranges))
        self._heading("Ranges ranked by rate", "complaints per 10,000 calls that rang; the bar is certain by 95 %")
        widest = max(one.high for one in ranges)
        left, room = MARGIN + 190, _RIGHT - MARGIN - 190
        for place, one in enumerate(ranges, 1):
            self._need(_ROW)
            paper, middle = self._paper, self._y + _ROW / 2
            paper.write(MARGIN, middle + 3, f"{place}", 8, color=SOFT)
            paper.write(MARGIN + 18, middle + 3, shortened(one.row.key.removeprefix("CN:"), 90, 9), 9)
            paper.write(MARGIN + 172, middle + 3, f"{one.rate:,.2f}", 9, font=STRONG, end=True)
            paper.line(left, middle, _RIGHT, middle, LINE, 0.5)
            low, at, high = (left + room * value / widest for value in (one.low, one.rate, one.high))
            paper.box(low, middle - 3, max(high - low, 1.0), 6, "#dba9a3", 2)
            paper.dot(at, middle, 3.2, ACCENT)
            self._y += _ROW
        for place in range(5):
            value, x = widest * place / 4, left + room * place / 4
            text = f"{value:,.1f}" if widest < 100 else f"{value:,.0f}"
            end = place == 4
            self._paper.write(x if place != 4 else _RIGHT, self._y + 9, text, 7, color=SOFT, end=end)
        self._y += 30

    def _handling(self) -> None:
        self._need(_HANDLED)
        self._heading("How long it took")
        handling = self._report.handling
        for cells in _handled(handling, self._hours, self._say):
            self._paper.write(MARGIN, self._y + 12, cells[0], 9)
            for x, text in zip((MARGIN + 190, MARGIN + 304, MARGIN + 424, _RIGHT), cells[1:], strict=True):
                self._paper.write(x, self._y + 12, text, 9, end=True)
            self._y += _ROW
            self._paper.line(MARGIN, self._y, _RIGHT, self._y, LINE, 0.35)

    def _hours(self, hours: float | None) -> str:
        if hours is None:
            return "–"
        if hours < 2 * _DAY_H:
            return self._say("{hours} h", hours=f"{hours:,.1f}".removesuffix(".0"))
        return self._say("{days} days", days=f"{hours / _DAY_H:,.1f}".removesuffix(".0"))


# Where the figures of a line end.
_ENDS = (MARGIN + 256, MARGIN + 304, MARGIN + 384, MARGIN + 443, _RIGHT)


def _handled(
    handling: Handling, hours: Callable[[float | None], str], say_: Callable[..., str]
) -> list[tuple[str, str, str, str, str]]:
    median, within, late = say_("in the median"), say_("95 of 100 within"), say_("late")
    found = [
        (say_(name), f"{count:,}", f"{median} {hours(half)}", f"{within} {hours(most)}", f"{late} {over:,}")
        for name, count, half, most, over in (
            ("Cases decided", handling.decided, handling.decided_median, handling.decided_p95, handling.decided_late),
            (
                "Cases answered",
                handling.answered,
                handling.answered_median,
                handling.answered_p95,
                handling.answered_late,
            ),
        )
    ]
    found.append(
        (say_("Seals released"), f"{handling.released:,}", f"{median} {hours(handling.release_median)}", "", "")
    )
    appeals = handling.appeals_granted + handling.appeals_refused
    split = say_(
        "{granted} granted, {refused} turned down", granted=handling.appeals_granted, refused=handling.appeals_refused
    )
    found.append((say_("Appeals"), f"{appeals:,}", "", split, f"{late} {handling.appeals_late:,}"))
    found.append((say_("Deadlines missed and still open"), f"{handling.overdue:,}", "", "", ""))
    return found


def _signed(growth: float) -> tuple[str, str]:
    return f"{growth:+,.1f} %".replace("-", "−"), ACCENT if growth > 0 else GOOD if growth < 0 else SOFT

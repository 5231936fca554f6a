"""A report in print: on one page where it goes, figures and names of any length, in both languages."""

import io

import pytest
from pypdf import PdfReader

from desk.printed_report import Printed
from desk.rates import ranked
from desk.reports import Complained, Handling, Report, Row

HANDLING = Handling(34, 400.0, 700.5, 3, 12, 5.0, 47.0, 0, 2, 1, 30.0, 4, 5, 1)
LONG = "A bank whose name goes on and on, of a branch with a name that is longer still; 银行的名称非常非常长"


def row(key, complaints, **more):
    one = Row(key, 9_000, 8_000, complaints, complaints - 1, 28.5, 1, 2, 0, 0, 7, 90, 11.1, 0, None)
    return one._replace(**more)


def printed(dimension="class", rows=(), bank="", periods=8, period="2026Q3"):
    rows = list(rows) or [row("95/96", 100, sum_of="cn-95 + cn-96"), row("cn-95", 60), row("mobile", 30, growth=-3.0)]
    found = Report(period, dimension, rows, row("all", 1_234_567), HANDLING, bank)
    course = [Complained(f"20{26 - n // 4}Q{4 - n % 4}", n * 1_000) for n in range(periods - 1, 0, -1)]
    return Printed(
        found, [*course, Complained(period, 1_234_567)], ranked(rows), "North Telecom 北方电信", "2026-10-01 08:00"
    )


def pages(one, language):
    return [page.extract_text() for page in PdfReader(io.BytesIO(one.as_pdf(language))).pages]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ("Nuisance calls", "Third quarter of 2026: 1 July 2026", "1,234,567", "+11.1 %", "−3.0 %", "95 numbers",
                "91 % in time", "16.7 days", "4 granted, 5 turned down", "Page 1 of 1", "North Telecom")),
        ("zh", ("骚扰电话投诉及处理情况", "2026年第三季度", "1,234,567", "移动电话", "按时率 91%", "成立 4",
                "第 1 页，共 1 页", "北方电信")),
    ],
)  # fmt: skip
def test_a_quarter_is_one_page_with_all_that_is_asked_of_it(language, texts):
    (page,) = pages(printed(), language)
    assert [text for text in texts if text not in page] == []


def test_many_lines_with_long_names_go_on_with_their_heads_on_each_page():
    rows = [row(f"{LONG} {n}", 10_000_000 - n, calls=None, rang=None, per_10000=None) for n in range(60)]
    found = pages(printed("branch", rows), "en")
    assert len(found) == 2
    assert all("Complaints" in page for page in found)
    assert "and 20 more lines" in found[1]
    assert "All complaints" in found[1]


def test_a_bank_s_report_tells_nothing_of_the_whole_desk():
    (page,) = pages(printed("branch", [row("ABC Bank / 朝阳支行", 5, rang=None)], bank="ABC Bank"), "zh")
    assert "ABC Bank各网点" in page
    assert "已处理案件" not in page


@pytest.mark.parametrize(("periods", "period"), [(13, "2026-09"), (31, "2026-09-30"), (1, "2026Q3")])
def test_any_period_and_one_of_which_nothing_is_known(periods, period):
    assert len(pages(printed(periods=periods, period=period), "en")) == 1
    nothing = printed(period=period)
    nothing = nothing._replace(report=nothing.report._replace(rows=[]), course=[Complained(period, 0)], ranges=[])
    assert "Nothing is known" in pages(nothing, "en")[0]

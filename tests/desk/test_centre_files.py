"""Files of a complaint centre: every sound line filed once, every other line named."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.centre_files import BadLine, BrokenFile, Kind, TooLong, file_centre, kinds, read_rows, records
from desk.complaint_rows import listed
from desk.faults import ComplaintError

FILE = """\
\ufeff被举报号码,举报人,通话时间,类别,内容,营业厅
95012345,13800138000,2026/06/30 21:15,loan,半夜打来,朝阳
'+8613912345678,13800138001,,,,
110,13800138002,,,,

95012345,13800138003,yesterday,,,
95012345,13800138004,,rude,,
"""


async def test_sound_lines_are_filed_and_others_named(town):
    town_zone = town.desk.archive.zone
    for again in (False, True):
        found = await file_centre(town.desk.complaints, FILE.splitlines(True), source="12321.csv", zone=town_zone)
        assert (found.lines, found.filed, found.duplicates) == (5, 0 if again else 2, 2 if again else 0)
        assert [(bad.line, bad.field) for bad in found.bad] == [(4, "accused"), (6, "at"), (7, "category")]
    second, first = await listed(town.desk.archive.store.connection)
    assert (first.accused, first.call_day, first.category, first.branch) == ("CN:95012345", 20260630, "loan", "朝阳")
    assert (second.accused, second.source, second.channel) == ("+8613912345678", "12321.csv", "centre")


async def test_what_keeps_a_spreadsheet_from_reading_a_number_is_no_part_of_it(town):
    text = 'accused,reporter,called\n"=""+8613912345678""","=""13800138001""",\'95588\n'
    found = await file_centre(
        town.desk.complaints, text.splitlines(True), source="centre.csv", zone=town.desk.archive.zone
    )
    assert (found.filed, list(found.bad)) == (1, [])
    (one,) = await listed(town.desk.archive.store.connection)
    assert one.accused == "+8613912345678"


async def test_two_reporters_in_one_cell_are_named_by_their_line(town):
    lines = ["accused,reporter\n", "95012345,13800138000 13900139000\n", "95012345,13800138001、13800138002\n"]
    found = await file_centre(town.desk.complaints, lines, source="x", zone=town.desk.archive.zone)
    assert (found.filed, [(bad.line, bad.field) for bad in found.bad]) == (0, [(2, "reporter"), (3, "reporter")])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_remark_is_no_bad_line(delimiter):
    lines = [
        "# of the hotline, July\n",
        "#\n",
        "accused,reporter\n",
        "95012345,#4711\n",
        "# by Li\n",
        "#end\n",
        "1,2\n",
    ]
    found = list(read_rows([lines[0], *(line.replace(",", delimiter) for line in lines[1:])]))
    assert found == [(4, {"accused": "95012345", "reporter": "#4711"}), (7, {"accused": "1", "reporter": "2"})]


@pytest.mark.parametrize(
    ("text", "what"),
    [("", "it is empty"), ("a,b\n1,2\n", "no column 'accused'"), ("accused\n1\n", "no column 'reporter'")],
)
def test_what_is_no_such_file(text, what):
    with pytest.raises(ComplaintError, match=what):
        list(read_rows(text.splitlines(True)))


async def test_words_behind_a_separator_are_not_lost_and_columns_that_nobody_knows_are_named(town):
    lines = ["accused;reporter;Bemerkung;text\n", "95012345;13800138000;x;he rang; then he threatened me\n"]
    lines += ['95012345;13800138001;x;"he rang; then he threatened me"\n', "95012345;13800138002;x;he rang;;\n"]
    found = await file_centre(town.desk.complaints, lines, source="x", zone=town.desk.archive.zone)
    assert (found.lines, found.filed, found.left_out) == (3, 2, ["Bemerkung"])
    what = "it has 5 cells, and the first line names 4: put what holds a separator in quotation marks"
    assert found.bad == [BadLine(2, "line", what)]


async def test_one_long_field_costs_its_own_line_only(town):
    long = "x" * 200_000
    quoted = '"' + "a line of it\n" * 20_000 + '"'
    lines = ["accused,reporter,text\n", "95012345,13800138000,\n", f"95012345,13800138001,{long}\n"]
    lines += [f"95012345,13800138002,{quoted}\n".replace('"line"', '""line""'), f"95012345,{long},\n"]
    text = "".join(
        [*lines, "95012345,13800138003,\n", f"95012345,13800138004,{'y' * 5_000}\n", "95012345,13800138005,\n"]
    )
    found = await file_centre(town.desk.complaints, text.splitlines(True), source="x", zone=town.desk.archive.zone)
    assert (found.lines, found.filed) == (7, 3)
    assert [(bad.line, bad.field) for bad in found.bad] == [
        (3, "line"),
        (4, "line"),
        (20_005, "line"),
        (20_007, "text"),
    ]
    assert found.bad[0].reason == "a cell has over 131,072 characters"


async def test_what_stands_before_it_is_filed_and_reported(town):
    lines = ["accused,reporter\n", "95012345,13800138000\n", f'95012345,"{"x" * 200_000}\n', "95012345,13800138001\n"]
    found = await file_centre(town.desk.complaints, lines, source="x.csv", zone=town.desk.archive.zone)
    assert (found.lines, found.filed, found.bad[0].field) == (1, 1, "file")
    assert "nothing from there on was read" in found.bad[0].reason


async def test_a_quotation_mark_without_end_in_a_short_file_swallows_nothing_in_silence(town):
    text = 'accused,reporter,text\n95012345,13800138000,\n95012345,13800138001,"oh\n95012345,13800138002,\n'
    found = await file_centre(town.desk.complaints, text.splitlines(True), source="x", zone=town.desk.archive.zone)
    assert (found.filed, found.bad[0].line, found.bad[0].field) == (1, 3, "file")
    assert "line 3: a quotation mark is never closed" in found.bad[0].reason


def test_what_was_wrong_is_counted():
    bad = [BadLine(line, "accused", f"'95{line}' is no number (it reads as name)") for line in range(2, 9_602)]
    bad += [
        BadLine(7, "text", "5,000 characters; 4,000 at most"),
        BadLine(9, "text", "6,000 characters; 4,000 at most"),
    ]
    assert kinds(bad) == [
        Kind("accused", "... is no number (it reads as name)", 9_600, 2),
        Kind("text", "... characters; ... at most", 2, 7),
    ]


CELLS = st.lists(st.lists(st.text(st.sampled_from('ab,"\n x'), max_size=6), min_size=1, max_size=4), max_size=6)


@given(CELLS, st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_what_was_written_is_read_back(rows, quoting):
    out = io.StringIO()
    csv.writer(out, quoting=quoting, lineterminator="\n").writerows(rows)
    found = list(records(io.StringIO(out.getvalue(), newline="")))
    assert [row for _, row in found] == rows
    assert [line for line, _ in found] == sorted(line for line, _ in found)


@pytest.mark.parametrize(
    "cell", ["x" * 200_000, '"' + "x\n" * 100_000 + '"', '"' + 'x"",""\n' * 30_000 + '"', 'a"b' * 60_000]
)
def test_a_long_cell_costs_its_record_only(cell):
    found = [row for _, row in records(f'a,"b\nc"\nd,{cell},e\nf\n'.splitlines(True))]
    assert found[::2] == [["a", "b\nc"], ["f"]]
    assert isinstance(found[1], TooLong)


@pytest.mark.parametrize("text", ['a\nb,"c\nd\n', 'a\n"' + "x\n" * 100_000, 'a\n"b""\n'])
def test_a_quotation_mark_without_end_names_its_line(text):
    found = []
    with pytest.raises(BrokenFile) as broken:
        found += [row for _, row in records(text.splitlines(True))]
    assert broken.value.line == 2
